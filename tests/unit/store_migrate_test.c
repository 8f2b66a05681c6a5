/* A database of an older portflow becomes one of this: no figure changes, the old one is kept, and whatever goes wrong leaves it.
 * The old ones are tests/golden/store/version-N.sql; the first is compared table by table as the old schema has them.
 * make check-unit runs it. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "store/db.h"
#include "store/keep.h"
#include "store/schema.h"
#include "store_help.h"

#define OLD "tests/golden/store/version-1.sql"

static char *read_file(const char *path)
{
	FILE *in = fopen(path, "r");
	char *text = calloc(1, 1 << 20);

	if (!in)
		fail_msg("%s is missing", path);
	assert_non_null(text);
	assert_in_range(fread(text, 1, (1 << 20) - 1, in), 1, (1 << 20) - 2);
	fclose(in);
	return text;
}

static void make_of(const char *file, const char *path)
{
	char *sql = read_file(file);

	outside(path, "PRAGMA journal_mode = WAL");
	outside(path, sql);
	assert_int_equal(chmod(path, 0640), 0);
	free(sql);
}

static void make_old(const char *path)
{
	make_of(OLD, path);
}

static void add_rows(sqlite3 *db, const char *sql, struct str *out)
{
	sqlite3_stmt *q;

	if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	while (sqlite3_step(q) == SQLITE_ROW)
		str_putf(out, "%s\n", (const char *)sqlite3_column_text(q, 0));
	sqlite3_finalize(q);
}

/* Every row of the columns that schema 1 has. */
static char *contents(const char *path)
{
	static const char *const selects[] = {
		"SELECT quote(uuid)||quote(created)||quote(sampled)||quote(canary)||quote(reset_seen)||quote(known_boot)"
		"||quote(known_netns)||quote(known_generation)||quote(known_hash)||quote(devices)||quote(zone) FROM state",
		"SELECT quote(key)||quote(value) FROM meta ORDER BY key",
		"SELECT quote(pending)||quote(nonce)||quote(boot_id)||quote(netns)||quote(table_handle) FROM epoch",
		"SELECT quote(id)||quote(kind)||quote(name)||quote(created)||quote(retired)||quote(total)||quote(older)"
		"||quote(cycle_start)||quote(cycle_end)||quote(cycle)||quote(cycle_rule)||quote(rate_from)||quote(rate_to)"
		"||quote(rate) FROM entry ORDER BY id",
		"SELECT quote(id)||quote(entry)||quote(dir)||quote(role)||quote(mtu)||quote(object)||quote(retired) FROM counter"
		" ORDER BY id",
		"SELECT quote(counter)||quote(handle)||quote(packets)||quote(bytes) FROM baseline ORDER BY counter",
		"SELECT quote(until)||quote(slices) FROM span ORDER BY until",
		"SELECT quote(start)||quote(slice) FROM hour ORDER BY start",
		"SELECT quote(start)||quote(last)||quote(pack) FROM hours ORDER BY start",
		"SELECT quote(start)||quote(slice) FROM day ORDER BY start",
		"SELECT quote(entry)||quote(start)||quote(until)||quote(figures) FROM cycle ORDER BY 1",
		"SELECT quote(id)||quote(time)||quote(entry)||quote(kind)||quote(text) FROM event WHERE kind <>"
		" 'database_migrated' ORDER BY id",
	};
	struct str out = STR_CEILING(1 << 20);
	sqlite3 *db;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	for (size_t i = 0; i < sizeof selects / sizeof *selects; i++)
		add_rows(db, selects[i], &out);
	sqlite3_close(db);
	assert_false(out.full);
	return out.p;
}

static void same_contents(const char *path, const char *want)
{
	char *have = contents(path);

	if (strcmp(have, want) != 0)
		fail_msg("%s holds something else", path);
	free(have);
}

/* The names of the files in the folder but the database and its own. */
static const char *others(struct fixture *f)
{
	struct str out = STR_CEILING(1 << 16);
	struct dirent **names;
	int n = scandir(f->folder, &names, NULL, alphasort);
	const char *text;

	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;

		if (name[0] != '.' && strcmp(name, "portflow.db") != 0 && strcmp(name, "portflow.db-wal") != 0 &&
			strcmp(name, "portflow.db-shm") != 0)
			str_putf(&out, "%s ", name);
		free(names[i]);
	}
	free(names);
	text = arena_strdup(&f->arena, out.p ? out.p : "");
	str_free(&out);
	return text;
}

static int sweep(void **state)
{
	struct fixture *f = *state;
	struct dirent **names;
	int n;

	store_close(f->s);
	f->s = NULL;
	n = scandir(f->folder, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char path[400];

		snprintf(path, sizeof path, "%s/%s", f->folder, names[i]->d_name);
		unlink(path);
		free(names[i]);
	}
	free(names);
	return tear_down(state);
}

static void whole(struct fixture *f)
{
	struct name_list faults;

	OK(f, store_check(f->s, &f->arena, &faults, &f->err));
	if (faults.n)
		fail_msg("%s", faults.at[0]);
}

static void no_figure_changes(void **state)
{
	struct fixture *f = fixture(state);
	struct store_event *events;
	struct stat db, kept;
	char *before, aside[120];
	size_t n;

	make_old(f->path);
	before = contents(f->path);
	if (geteuid() == 0)
		assert_int_equal(chown(f->path, 1234, 2345), 0);
	FAILS(f, store_open(f->path, STORE_READ, &f->s, &f->err), ERR_FAIL,
		"older portflow (schema 1): `portflow sample`");
	OK(f, store_open(f->path, STORE_CREATE, &f->s, &f->err));
	assert_non_null(strstr(store_migrated(f->s), "portflow.db.before-1"));
	OK(f, store_load(f->s, &f->arena, &f->l, &f->err));
	assert_int_equal(f->l.entries.n, 5);
	assert_int_equal(f->l.policies.n, 0);
	assert_int_equal(f->l.known_until, 0);
	whole(f);
	OK(f, store_events(f->s, &f->arena, 0, &events, &n, &f->err));
	assert_string_equal(events[n - 1].kind, "database_migrated");
	assert_string_equal(events[n - 1].text, store_migrated(f->s));
	same_contents(f->path, before);
	assert_int_equal(ask(f->path, "PRAGMA user_version"), SCHEMA_VERSION);
	assert_string_equal(others(f), "portflow.db.before-1 ");
	/* The copy is the old one, for the old program. */
	snprintf(aside, sizeof aside, "%s.before-1", f->path);
	assert_int_equal(stat(f->path, &db) | stat(aside, &kept), 0);
	assert_int_equal(kept.st_mode, db.st_mode);
	assert_int_equal(kept.st_uid, db.st_uid);
	assert_int_equal(kept.st_gid, db.st_gid);
	assert_int_equal(ask(aside, "PRAGMA user_version"), 1);
	same_contents(aside, before);
	free(before);
	/* Once. */
	reopen(f, STORE_WRITE);
	assert_null(store_migrated(f->s));
	assert_int_equal(ask(f->path, "SELECT count(*) FROM event WHERE kind = 'database_migrated'"), 1);
	/* And it goes on. */
	sample(f, f->l.entries.at[0].id, f->l.sampled, f->l.sampled + 60, bytes(5, 5));
	whole(f);
}

/* What was decided and given by hand is still there, and nobody has a class yet. */
static void from_schema_2(void **state)
{
	static const char rows[] =
		"SELECT quote(entry)||quote(cycle_start)||quote(cycle_end)||quote(told)||quote(quota)||"
		"quote(expires)||quote(expiry_told)||quote(burst_until) FROM policy UNION ALL "
		"SELECT quote(entry)||quote(start)||quote(until)||quote(extra)||quote(correction) FROM adjustment";
	struct fixture *f = fixture(state);
	struct str policies = STR_CEILING(1 << 16), then = STR_CEILING(1 << 16);
	char *before;
	sqlite3 *db;

	make_of("tests/golden/store/version-2.sql", f->path);
	before = contents(f->path);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	add_rows(db, rows, &policies);
	sqlite3_close(db);
	OK(f, store_open(f->path, STORE_CREATE, &f->s, &f->err));
	assert_non_null(strstr(store_migrated(f->s), "portflow.db.before-2"));
	OK(f, store_load(f->s, &f->arena, &f->l, &f->err));
	assert_true(f->l.entries.n > 3 && f->l.policies.n > 1);
	for (size_t i = 0; i < f->l.entries.n; i++)
		assert_int_equal(f->l.entries.at[i].class, 0);
	whole(f);
	same_contents(f->path, before);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	add_rows(db, rows, &then);
	sqlite3_close(db);
	assert_string_equal(policies.p, then.p);
	str_free(&policies);
	str_free(&then);
	free(before);
}

static void copies_are_not_replaced(void **state)
{
	struct fixture *f = fixture(state);
	char aside[120];

	make_old(f->path);
	snprintf(aside, sizeof aside, "%s.before-1", f->path);
	outside(aside, "CREATE TABLE precious (x)");
	OK(f, store_open(f->path, STORE_WRITE, &f->s, &f->err));
	assert_non_null(strstr(store_migrated(f->s), "portflow.db.before-1.2"));
	assert_string_equal(others(f), "portflow.db.before-1 portflow.db.before-1.2 ");
	assert_int_equal(ask(aside, "SELECT count(*) FROM precious"), 0);
}

/* A kill between the copy and the commit: the next try finds its copy. */
static void killed_after_the_copy(void **state)
{
	struct fixture *f = fixture(state);
	const char *first, *again;
	bool made;

	make_old(f->path);
	OK(f, db_open_as_is(f->path, &f->s, &f->err));
	OK(f, db_keep_old(f->s, 1, &f->arena, &first, &made, &f->err));
	assert_true(made);
	OK(f, db_keep_old(f->s, 1, &f->arena, &again, &made, &f->err));
	assert_false(made);
	assert_string_equal(first, again);
	reopen(f, STORE_WRITE);
	assert_string_equal(others(f), "portflow.db.before-1 ");
}

static void copy(const char *from, const char *to, off_t most)
{
	char *cp = malloc((size_t)most);
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0640);
	ssize_t n;

	assert_true(cp && in >= 0 && out >= 0);
	n = read(in, cp, (size_t)most);
	assert_int_equal(write(out, cp, (size_t)n), n);
	close(in);
	close(out);
	free(cp);
}

/* And one at any moment of it: the WAL ends somewhere. What is there is the old one or the new one. */
static void killed_half_way(void **state)
{
	struct fixture *f = fixture(state);
	char wal[120], path[120], path_wal[140], *before;
	struct stat st;
	int old = 0;

	make_old(f->path);
	before = contents(f->path);
	OK(f, store_open(f->path, STORE_WRITE, &f->s, &f->err));
	snprintf(wal, sizeof wal, "%s-wal", f->path);
	snprintf(path, sizeof path, "%s/x.db", f->folder);
	snprintf(path_wal, sizeof path_wal, "%s-wal", path);
	assert_int_equal(stat(wal, &st), 0);
	assert_in_range(st.st_size, 4096, 1 << 20);
	for (off_t cut = 0; cut <= st.st_size;
		cut += cut + 2222 > st.st_size && cut < st.st_size ? st.st_size - cut : 2222) {
		struct store *s;

		copy(f->path, path, 1 << 20);
		copy(wal, path_wal, cut ? cut : 1);
		old += ask(path, "PRAGMA user_version") == 1;
		same_contents(path, before);
		OK(f, store_open(path, STORE_WRITE, &s, &f->err));
		store_close(s);
		same_contents(path, before);
		assert_int_equal(ask(path, "PRAGMA user_version"), SCHEMA_VERSION);
	}
	assert_in_range(old, 2, 1000);
	free(before);
}

static void a_failure_changes_nothing(void **state)
{
	struct fixture *f = fixture(state);
	struct rlimit limit, was;
	char *before;

	make_old(f->path);
	before = contents(f->path);
	/* No room for the copy. */
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	limit = was;
	limit.rlim_cur = 40960; /* the -shm has 32768 */
	setrlimit(RLIMIT_FSIZE, &limit);
	FAILS(f, store_open(f->path, STORE_WRITE, &f->s, &f->err), ERR_FAIL, "keeping a copy of the database");
	setrlimit(RLIMIT_FSIZE, &was);
	assert_string_equal(others(f), "");
	same_contents(f->path, before);
	/* The migration itself. */
	outside(f->path, "CREATE TABLE policy (x)");
	FAILS(f, store_open(f->path, STORE_WRITE, &f->s, &f->err), ERR_FAIL, "up to date");
	assert_string_equal(others(f), "");
	assert_int_equal(ask(f->path, "PRAGMA user_version"), 1);
	outside(f->path, "DROP TABLE policy");
	OK(f, store_open(f->path, STORE_WRITE, &f->s, &f->err));
	same_contents(f->path, before);
	free(before);
}

static void an_old_backup_is_restored(void **state)
{
	struct fixture *f = fixture(state);
	char backup[120], *before;
	const char *aside = NULL;

	snprintf(backup, sizeof backup, "%s/backup.db", f->folder);
	make_old(backup);
	before = contents(backup);
	OK(f, store_restore(f->path, backup, T0, &f->arena, &aside, &f->err));
	assert_null(aside);
	reopen(f, STORE_WRITE);
	assert_null(store_migrated(f->s));
	assert_true(f->l.restored);
	whole(f);
	same_contents(f->path, before);
	assert_int_equal(ask(f->path, "SELECT count(*) FROM event WHERE kind = 'database_migrated'"), 0);
	assert_int_equal(ask(backup, "PRAGMA user_version"), 1);
	store_close(f->s);
	f->s = NULL;
	/* Over an old database: that one is put aside as it is. */
	for (int i = 0; i < 3; i++) {
		static const char *const ends[] = { "", "-wal", "-shm" };
		char path[120];

		snprintf(path, sizeof path, "%s%s", f->path, ends[i]);
		unlink(path);
	}
	make_old(f->path);
	OK(f, store_restore(f->path, backup, T0, &f->arena, &aside, &f->err));
	assert_int_equal(ask(aside, "PRAGMA user_version"), 1);
	same_contents(aside, before);
	assert_null(strstr(others(f), "before-1 "));
	free(before);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, sweep)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(no_figure_changes),
		CASE(from_schema_2),
		CASE(copies_are_not_replaced),
		CASE(killed_after_the_copy),
		CASE(killed_half_way),
		CASE(a_failure_changes_nothing),
		CASE(an_old_backup_is_restored),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
