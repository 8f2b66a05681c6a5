/* Opening: what is made, what is refused, what a crash, a reader or somebody's file does.
 * Hostile files are made by SQLite itself, from outside.
 * make check-unit runs it. */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "store_help.h"

static void makes_folder_and_file(void **state)
{
	struct fixture *f = fixture(state);
	char folder[128], path[160];
	struct stat st;

	snprintf(folder, sizeof folder, "%s/made", f->folder);
	snprintf(path, sizeof path, "%s/p.db", folder);
	umask(077);
	OK(f, store_open(path, STORE_CREATE, &f->s, &f->err));
	OK(f, store_meta_set(f->s, "x", "y", &f->err));
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700); /* 0750 under this umask */
	for (int i = 0; i < 3; i++) {
		static const char *const ends[] = { "", "-wal", "-shm" };
		char name[192];

		snprintf(name, sizeof name, "%s%s", path, ends[i]);
		assert_int_equal(stat(name, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0640);
	}
	store_close(f->s);
	f->s = NULL;
	/* Closing leaves -wal and -shm, for those who may only read. */
	for (int i = 2; i >= 0; i--) {
		static const char *const ends[] = { "", "-wal", "-shm" };
		char name[192];

		snprintf(name, sizeof name, "%s%s", path, ends[i]);
		assert_int_equal(unlink(name), 0);
	}
	umask(022);
	assert_int_equal(rmdir(folder), 0);
}

static void takes_the_folders_owner(void **state)
{
	struct fixture *f = fixture(state);
	struct stat st;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(f->folder, 1234, 2345), 0);
	OK(f, store_open(f->path, STORE_CREATE, &f->s, &f->err));
	for (int i = 0; i < 2; i++) {
		char name[128];

		snprintf(name, sizeof name, "%s%s", f->path, i ? "-wal" : "");
		assert_int_equal(stat(name, &st), 0);
		assert_int_equal(st.st_uid, 1234);
		assert_int_equal(st.st_gid, 2345);
	}
}

static void not_there(void **state)
{
	struct fixture *f = fixture(state);
	int fd;

	FAILS(f, store_open(f->path, STORE_READ, &f->s, &f->err), ERR_FAIL, "no database yet: `portflow apply`");
	FAILS(f, store_open(f->path, STORE_WRITE, &f->s, &f->err), ERR_FAIL, "no database yet");
	/* What a kill right after the file was made leaves. */
	fd = open(f->path, O_CREAT | O_WRONLY, 0640);
	assert_true(fd >= 0);
	close(fd);
	FAILS(f, store_open(f->path, STORE_READ, &f->s, &f->err), ERR_FAIL, "no database yet");
	FAILS(f, store_open(f->path, STORE_WRITE, &f->s, &f->err), ERR_FAIL, "no database yet");
	OK(f, store_open(f->path, STORE_CREATE, &f->s, &f->err));
	reopen(f, STORE_READ);
}

static void not_a_file(void **state)
{
	struct fixture *f = fixture(state);

	FAILS(f, store_open(f->folder, STORE_CREATE, &f->s, &f->err), ERR_FAIL, "regular file");
	FAILS(f, store_open("/dev/null", STORE_READ, &f->s, &f->err), ERR_FAIL, "regular file");
	FAILS(f, store_open("/nowhere/at/all/p.db", STORE_CREATE, &f->s, &f->err), ERR_FAIL, "/nowhere/at/all");
	assert_int_equal(mkfifo(f->path, 0600), 0);
	FAILS(f, store_open(f->path, STORE_CREATE, &f->s, &f->err), ERR_FAIL, "regular file");
}

static void refused(void **state)
{
	static const struct {
		const char *what, *sql, *words;
	} cases[] = {
		{ "another program's", "CREATE TABLE t (x)", "not portflow's" },
		{ "another application", "CREATE TABLE t (x); PRAGMA application_id = 77", "0x0000004d" },
		{ "a newer one", "CREATE TABLE t (x); PRAGMA application_id = 0x50464c57; PRAGMA user_version = 99",
			"schema 99" },
		{ "a version that never was",
			"CREATE TABLE t (x); PRAGMA application_id = 0x50464c57; PRAGMA user_version = -3",
			"no version" },
		{ "a view", "CREATE VIEW v AS SELECT 1; PRAGMA application_id = 0x50464c57; PRAGMA user_version = 1",
			"views or triggers" },
		{ "a trigger",
			"CREATE TABLE t (x); CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM t; END;"
			"PRAGMA application_id = 0x50464c57; PRAGMA user_version = 1",
			"views or triggers" },
	};
	struct fixture *f = fixture(state);

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("# %s\n", cases[i].what);
		outside(f->path, cases[i].sql);
		for (int mode = STORE_READ; mode <= STORE_CREATE; mode++)
			FAILS(f, store_open(f->path, (enum store_mode)mode, &f->s, &f->err), ERR_FAIL, cases[i].words);
		/* Not a byte of it was changed: it is no WAL database now. */
		assert_int_not_equal(ask(f->path, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
		unlink(f->path);
	}
}

/* Right numbers outside, other tables or rows inside. */
static void hostile(void **state)
{
	static const struct {
		const char *what, *sql, *words;
	} cases[] = {
		{ "no state", "DELETE FROM state", "state is missing" },
		{ "no such kind", "UPDATE entry SET kind = 77", "row of entry" },
		{ "a name with an escape", "UPDATE entry SET name = 'a' || char(27) || '[2J'", "row of entry" },
		{ "a name without end", "UPDATE entry SET name = replace(hex(zeroblob(5000)), '0', 'a')",
			"row of entry" },
		{ "no figures", "UPDATE entry SET total = x''", "row of entry" },
		{ "figures cut short", "UPDATE entry SET cycle = x'ffffff'", "row of entry" },
		{ "no such role", "INSERT INTO counter (entry, dir, role, mtu, object) VALUES (1, 0, 99, 0, 'x')",
			"row of counter" },
		{ "no such direction", "INSERT INTO counter (entry, dir, role, mtu, object) VALUES (1, -1, 0, 0, 'x')",
			"row of counter" },
		{ "a vast MTU", "INSERT INTO counter (entry, dir, role, mtu, object) VALUES (1, 0, 0, 5000000000, 'x')",
			"row of counter" },
		{ "a blank in an object",
			"INSERT INTO counter (entry, dir, role, mtu, object) VALUES (1, 0, 0, 0, 'x y')",
			"row of counter" },
		{ "a table gone", "DROP TABLE epoch", "no such table" },
		{ "a column gone", "ALTER TABLE state DROP COLUMN devices", "no such column" },
	};
	struct fixture *f = fixture(state);
	struct arena a = { 0 };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("# %s\n", cases[i].what);
		OK(f, store_open(f->path, STORE_CREATE, &f->s, &f->err));
		OK(f, store_load(f->s, &f->arena, &f->l, &f->err));
		add_entry(f, ENTRY_PORT, "web", T0);
		store_close(f->s);
		f->s = NULL;
		outside(f->path, cases[i].sql);
		OK(f, store_open(f->path, STORE_WRITE, &f->s, &f->err));
		FAILS(f, store_load(f->s, &a, &f->l, &f->err), ERR_FAIL, cases[i].words);
		store_close(f->s);
		f->s = NULL;
		unlink(f->path);
	}
	arena_free(&a);
}

static void damaged(void **state)
{
	struct fixture *f = fixture(state);
	int fd;

	fd = open(f->path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "This is no database, whatever it is called.", 43), 43);
	close(fd);
	FAILS(f, store_open(f->path, STORE_CREATE, &f->s, &f->err), ERR_FAIL, "portflow db restore");
	unlink(f->path);
	OK(f, store_open(f->path, STORE_CREATE, &f->s, &f->err));
	store_close(f->s);
	f->s = NULL;
	outside(f->path, "PRAGMA wal_checkpoint(TRUNCATE)");
	assert_int_equal(truncate(f->path, 6000), 0);
	FAILS(f, store_open(f->path, STORE_WRITE, &f->s, &f->err), ERR_FAIL, "portflow db restore");
}

static void not_permitted(void **state)
{
	struct fixture *f = fixture(state);
	pid_t pid;
	int status;

	if (geteuid() != 0)
		skip();
	OK(f, store_open(f->path, STORE_CREATE, &f->s, &f->err));
	assert_int_equal(chmod(f->folder, 0755), 0);
	pid = fork();
	if (pid == 0) {
		struct store *s = NULL;
		struct err err = { 0 };

		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(10);
		if (store_open(f->path, STORE_READ, &s, &err) == 0 || err.kind != ERR_PERM ||
			!strstr(err.text, "group portflow"))
			_exit(1);
		if (store_open(f->path, STORE_CREATE, &s, &err) == 0 || err.kind != ERR_PERM)
			_exit(2);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* A member of the group: may read the three files, and write nowhere. */
static int as_member(const struct fixture *f)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		struct store *s = NULL;
		struct err err = { 0 };
		struct arena a = { 0 };
		struct ledger l;

		if (setgid(4711) != 0 || setuid(4711) != 0)
			_exit(10);
		if (store_open(f->path, STORE_READ, &s, &err) != 0)
			_exit(err.kind == ERR_PERM && strstr(err.text, "-shm") ? 1 : 11);
		if (store_load(s, &a, &l, &err) != 0)
			_exit(12);
		store_close(s);
		_exit(l.entries.n == 1 ? 0 : 13);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void group_members_read(void **state)
{
	struct fixture *f = fixture(state);
	char name[128];

	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(f->folder, 0, 4711) | chmod(f->folder, 0750), 0);
	OK(f, store_open(f->path, STORE_CREATE, &f->s, &f->err));
	OK(f, store_load(f->s, &f->arena, &f->l, &f->err));
	add_entry(f, ENTRY_PORT, "web", T0);
	assert_int_equal(as_member(f), 0); /* beside the writer */
	store_close(f->s);
	f->s = NULL;
	assert_int_equal(as_member(f), 0); /* and after it */
	snprintf(name, sizeof name, "%s-shm", f->path);
	unlink(name);
	snprintf(name, sizeof name, "%s-wal", f->path);
	unlink(name);
	assert_int_equal(as_member(f), 1);
}

static void readers_cannot_write(void **state)
{
	struct fixture *f = fixture(state);

	reopen(f, STORE_READ);
	FAILS(f, store_meta_set(f->s, "x", "y", &f->err), ERR_PERM, "not permitted to write");
}

/* -- crashes ------------------------------------------------------------------------------------------------------------ */

static void copy(const char *from, const char *to)
{
	char buf[65536];
	FILE *in = fopen(from, "r"), *out = fopen(to, "w");
	size_t n;

	assert_true(in && out);
	while ((n = fread(buf, 1, sizeof buf, in)) > 0)
		assert_int_equal(fwrite(buf, 1, n, out), n);
	fclose(in);
	fclose(out);
}

/* What a power cut leaves: file and WAL as they are on the disk at that moment. */
static void crash_copy(const struct fixture *f, char path[160])
{
	char from[160], to[192];

	snprintf(path, 160, "%s.copy", f->path);
	copy(f->path, path);
	snprintf(from, sizeof from, "%s-wal", f->path);
	snprintf(to, sizeof to, "%s-wal", path);
	copy(from, to);
}

static void crash_between_and_inside(void **state)
{
	struct fixture *f = fixture(state);
	char path[160], wal[192];
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);
	struct store *s;
	struct ledger l;
	struct stat st;

	sample(f, id, T0, T0 + 60, bytes(100, 0));
	crash_copy(f, path);
	OK(f, store_open(path, STORE_WRITE, &s, &f->err));
	OK(f, store_load(s, &f->arena, &l, &f->err));
	assert_int_equal(l.entries.at[0].sums->total.bytes[DIR_IN], 100);
	store_close(s);
	/* The second result is in the WAL, but its end did not reach the disk: all of it is gone, none of the first is. */
	crash_copy(f, path);
	snprintf(wal, sizeof wal, "%s-wal", path);
	assert_int_equal(stat(wal, &st), 0);
	sample(f, id, T0 + 60, T0 + 120, bytes(1000, 0));
	crash_copy(f, path);
	for (off_t cut = st.st_size; cut < st.st_size + 9000; cut += 1111) {
		crash_copy(f, path);
		assert_int_equal(truncate(wal, cut), 0);
		OK(f, store_open(path, STORE_WRITE, &s, &f->err));
		OK(f, store_load(s, &f->arena, &l, &f->err));
		assert_int_equal(l.entries.at[0].sums->total.bytes[DIR_IN], 100);
		assert_int_equal(l.sampled, T0 + 60);
		store_close(s);
	}
}

/* -- others at the same time -------------------------------------------------------------------------------------------- */

static void readers_do_not_block(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);
	sqlite3 *reader;
	struct store *s;
	struct ledger l;

	sample(f, id, T0, T0 + 60, bytes(100, 0));
	/* One that holds on to what it saw. */
	assert_int_equal(sqlite3_open(f->path, &reader), SQLITE_OK);
	assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT * FROM state", NULL, NULL, NULL), SQLITE_OK);
	for (int i = 0; i < 400; i++)
		sample(f, id, T0 + 60 + i, T0 + 61 + i, bytes(1, 0));
	OK(f, store_open(f->path, STORE_READ, &s, &f->err));
	OK(f, store_load(s, &f->arena, &l, &f->err));
	assert_int_equal(l.entries.at[0].sums->total.bytes[DIR_IN], 500);
	store_close(s);
	sqlite3_close(reader);
	reopen(f, STORE_READ);
	assert_int_equal(f->l.entries.at[0].sums->total.bytes[DIR_IN], 500);
}

static void a_second_writer_waits_then_gives_up(void **state)
{
	struct fixture *f = fixture(state);
	struct result r = result_at(T0);
	sqlite3 *other;

	r.clear_reset = true;
	assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	FAILS(f, store_result(f->s, &r, &f->err), ERR_BUSY, "keeps the database locked");
	sqlite3_close(other);
	OK(f, store_result(f->s, &r, &f->err));
}

/* No room: a limit on the size of files stands in for the disk. Nothing of the result is there, and the next one works. */
static void no_room(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);
	struct rlimit before, limit;
	struct result r = result_at(T0 + 60);
	char *text = calloc(1, 1 << 20);

	memset(text, 'x', (1 << 20) - 1);
	sample(f, id, T0, T0 + 30, bytes(100, 0));
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 512 << 10;
	setrlimit(RLIMIT_FSIZE, &limit);
	r.applied = text;
	f->err = (struct err){ 0 };
	assert_int_equal(store_result(f->s, &r, &f->err), -1);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(f->err.kind, ERR_FAIL);
	reopen(f, STORE_WRITE);
	assert_int_equal(f->l.sampled, T0 + 30);
	OK(f, store_result(f->s, &r, &f->err));
	free(text);
}

#define EMPTY(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up_store, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EMPTY(makes_folder_and_file),
		EMPTY(takes_the_folders_owner),
		EMPTY(not_there),
		EMPTY(not_a_file),
		EMPTY(refused),
		EMPTY(hostile),
		EMPTY(damaged),
		EMPTY(not_permitted),
		EMPTY(group_members_read),
		CASE(readers_cannot_write),
		CASE(crash_between_and_inside),
		CASE(readers_do_not_block),
		CASE(a_second_writer_waits_then_gives_up),
		CASE(no_room),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
