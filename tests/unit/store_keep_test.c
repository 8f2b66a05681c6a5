/* Check, backup, restore, vacuum, rename, forget: on a history of some months, against what the database said before.
 * Damage is done byte by byte from outside.
 * make check-unit runs it. */
#include <dirent.h>
#include <fcntl.h>

#include "store/keep.h"
#include "store_help.h"
#include "util/str.h"

static int64_t web, mail;

/* Two entries over 100 days: hours of closed days are packed, months are closed. */
static int set_up_history(void **state)
{
	struct fixture *f;

	if (set_up_store(state))
		return -1;
	f = *state;
	web = add_entry(f, ENTRY_PORT, "web", T0);
	mail = add_entry(f, ENTRY_PORT, "mail", T0);
	for (int64_t t = T0; t < T0 + 100 * DAY; t += 5 * HOUR) {
		sample(f, web, t, t + HOUR, bytes(1000 + (uint64_t)(t % 77), 10));
		sample(f, mail, t, t + HOUR, bytes(7, 70000));
	}
	return 0;
}

static int tear_down_all(void **state)
{
	struct fixture *f = *state;
	DIR *d;
	struct dirent *e;

	store_close(f->s);
	f->s = NULL;
	d = opendir(f->folder);
	while (d && (e = readdir(d))) {
		char path[400];

		snprintf(path, sizeof path, "%s/%s", f->folder, e->d_name);
		if (e->d_name[0] != '.')
			unlink(path);
	}
	closedir(d);
	return tear_down(state);
}

static uint64_t day_sum(struct fixture *f, int64_t entry, enum bucket by)
{
	struct store_row *rows;
	uint64_t sum = 0;
	size_t n;

	OK(f, store_history(f->s, &f->arena, by, "UTC", 0, CALENDAR_MAX, &entry, 1, &rows, &n, &f->err));
	for (size_t i = 0; i < n; i++)
		sum += rows[i].figures.bytes[DIR_IN] + rows[i].figures.bytes[DIR_OUT];
	return sum;
}

static uint64_t cycle_sum(struct fixture *f, int64_t entry)
{
	struct store_cycle *rows;
	uint64_t sum = 0;
	size_t n;

	OK(f, store_cycles(f->s, &f->arena, 0, CALENDAR_MAX, &rows, &n, &f->err));
	for (size_t i = 0; i < n; i++)
		if (rows[i].entry == entry)
			sum += rows[i].figures.bytes[DIR_IN] + rows[i].figures.bytes[DIR_OUT];
	return sum;
}

static void everywhere(struct fixture *f, int64_t entry, uint64_t want)
{
	assert_int_equal(day_sum(f, entry, BUCKET_MINUTE), want);
	assert_int_equal(day_sum(f, entry, BUCKET_HOUR), want);
	assert_int_equal(day_sum(f, entry, BUCKET_DAY), want);
	assert_int_equal(cycle_sum(f, entry), want);
}

static size_t faults(struct fixture *f, const char *words)
{
	struct name_list list = { 0 };

	OK(f, store_check(f->s, &f->arena, &list, &f->err));
	if (list.n && (!words || !strstr(list.at[0], words)))
		fail_msg("%s", list.at[0]);
	return list.n;
}

static void whole(void **state)
{
	struct fixture *f = fixture(state);

	assert_int_equal(faults(f, NULL), 0);
	reopen(f, STORE_READ);
	assert_int_equal(faults(f, NULL), 0);
	assert_true(ask(f->path, "SELECT count(*) > 90 FROM hours"));
}

static void faults_are_found(void **state)
{
	static const struct {
		const char *sql, *words;
	} cases[] = {
		{ "CREATE TABLE more (x)", "tables" },
		{ "UPDATE hours SET pack = x'00ff' WHERE start = (SELECT max(start) FROM hours)", "hours " },
		{ "UPDATE day SET slice = x'ff' WHERE start = (SELECT min(start) FROM day)", "day " },
		{ "UPDATE span SET slices = x'010203' WHERE until = (SELECT min(until) FROM span)", "span " },
		{ "UPDATE cycle SET figures = x'00'", "cycle" },
		{ "UPDATE entry SET total = x'00'", "row of entry" },
		{ "PRAGMA foreign_keys = OFF; DELETE FROM entry WHERE name = 'mail'", "not there" },
	};
	struct fixture *f = fixture(state);
	char spare[160];

	store_close(f->s);
	f->s = NULL;
	outside(f->path, "PRAGMA wal_checkpoint(TRUNCATE)");
	snprintf(spare, sizeof spare, "%s/spare", f->folder);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("# %s\n", cases[i].sql);
		OK(f, store_open(f->path, STORE_READ, &f->s, &f->err));
		OK(f, store_backup(f->s, spare, &f->err));
		store_close(f->s);
		f->s = NULL;
		outside(spare, cases[i].sql);
		OK(f, store_open(spare, STORE_READ, &f->s, &f->err));
		assert_int_not_equal(faults(f, cases[i].words), 0);
		store_close(f->s);
		f->s = NULL;
	}
}

static void backup(void **state)
{
	struct fixture *f = fixture(state);
	uint64_t want = day_sum(f, web, BUCKET_DAY);
	char dest[160];
	struct stat st;

	snprintf(dest, sizeof dest, "%s/backup.db", f->folder);
	OK(f, store_backup(f->s, dest, &f->err));
	OK(f, store_backup(f->s, dest, &f->err)); /* over the last one */
	assert_int_equal(stat(dest, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	FAILS(f, store_backup(f->s, f->path, &f->err), ERR_FAIL, "the database itself");
	FAILS(f, store_backup(f->s, f->folder, &f->err), ERR_FAIL, "not a regular file");
	FAILS(f, store_backup(f->s, "/nowhere/b.db", &f->err), ERR_FAIL, "/nowhere/b.db");
	store_close(f->s);
	f->s = NULL;
	snprintf(f->path, sizeof f->path, "%s/backup.db", f->folder);
	reopen(f, STORE_READ);
	everywhere(f, web, want);
}

static void restore(void **state)
{
	struct fixture *f = fixture(state);
	uint64_t want = day_sum(f, web, BUCKET_DAY), more;
	char dest[160], live[96];
	const char *aside = NULL;
	struct stat st;

	snprintf(dest, sizeof dest, "%s/backup.db", f->folder);
	OK(f, store_backup(f->s, dest, &f->err));
	sample(f, web, T0 + 101 * DAY, T0 + 101 * DAY + 60, bytes(5000, 0));
	more = day_sum(f, web, BUCKET_DAY);
	assert_int_equal(more, want + 5000);
	store_close(f->s);
	f->s = NULL;
	if (geteuid() == 0)
		assert_int_equal(chown(f->path, 1234, 2345), 0);
	assert_int_equal(chmod(f->path, 0660), 0);
	OK(f, store_restore(f->path, dest, T0, &f->arena, &aside, &f->err));
	assert_non_null(strstr(aside, ".before-20260101-000000Z"));
	reopen(f, STORE_READ);
	assert_true(f->l.restored);
	everywhere(f, web, want);
	assert_int_equal(faults(f, NULL), 0);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	if (geteuid() == 0)
		assert_int_equal(st.st_uid * 10000 + st.st_gid, 1234 * 10000 + 2345);
	/* What was there is all there, what was in its WAL too. */
	memcpy(live, f->path, sizeof live);
	store_close(f->s);
	f->s = NULL;
	snprintf(f->path, sizeof f->path, "%s", aside);
	reopen(f, STORE_WRITE);
	everywhere(f, web, more);
	memcpy(f->path, live, sizeof live);
	/* Twice in one second: the first one aside is not touched. */
	OK(f, store_restore(f->path, dest, T0, &f->arena, &aside, &f->err));
	assert_non_null(strstr(aside, "Z.2"));
}

/* Into a folder that is not there, on a new machine. */
static void restore_to_nothing(void **state)
{
	struct fixture *f = fixture(state);
	uint64_t want = day_sum(f, web, BUCKET_DAY);
	const char *aside = "x";
	char dest[160];

	snprintf(dest, sizeof dest, "%s/backup.db", f->folder);
	OK(f, store_backup(f->s, dest, &f->err));
	store_close(f->s);
	f->s = NULL;
	snprintf(f->path, sizeof f->path, "%s/new.db", f->folder);
	OK(f, store_restore(f->path, dest, T0, &f->arena, &aside, &f->err));
	assert_null(aside);
	reopen(f, STORE_READ);
	everywhere(f, web, want);
}

static void restore_refuses(void **state)
{
	struct fixture *f = fixture(state);
	uint64_t want = day_sum(f, web, BUCKET_DAY);
	const char *aside;
	char dest[160];
	int fd;

	snprintf(dest, sizeof dest, "%s/backup.db", f->folder);
	FAILS(f, store_restore(f->path, dest, T0, &f->arena, &aside, &f->err), ERR_FAIL, "No such file");
	FAILS(f, store_restore(f->path, f->path, T0, &f->arena, &aside, &f->err), ERR_FAIL, "the database itself");
	FAILS(f, store_restore(f->path, "/dev/zero", T0, &f->arena, &aside, &f->err), ERR_FAIL, "not a regular file");
	FAILS(f, store_restore(f->path, f->folder, T0, &f->arena, &aside, &f->err), ERR_FAIL, "not a regular file");
	fd = open(dest, O_CREAT | O_WRONLY, 0600);
	close(fd);
	FAILS(f, store_restore(f->path, dest, T0, &f->arena, &aside, &f->err), ERR_FAIL, "nothing in it");
	outside(dest, "CREATE TABLE t (x)");
	FAILS(f, store_restore(f->path, dest, T0, &f->arena, &aside, &f->err), ERR_FAIL, "not portflow's");
	OK(f, store_backup(f->s, dest, &f->err));
	outside(dest, "PRAGMA user_version = 42");
	FAILS(f, store_restore(f->path, dest, T0, &f->arena, &aside, &f->err), ERR_FAIL, "schema 42");
	OK(f, store_backup(f->s, dest, &f->err));
	outside(dest, "UPDATE day SET slice = x'ff'");
	FAILS(f, store_restore(f->path, dest, T0, &f->arena, &aside, &f->err), ERR_FAIL, "backup.db: damaged");
	OK(f, store_backup(f->s, dest, &f->err));
	assert_int_equal(truncate(dest, 20000), 0);
	FAILS(f, store_restore(f->path, dest, T0, &f->arena, &aside, &f->err), ERR_FAIL, "backup.db: damaged");
	reopen(f, STORE_READ);
	assert_false(f->l.restored);
	everywhere(f, web, want);
}

/* The old one cannot even be opened: it goes aside with its WAL, which SQLite would else read into the new file. */
static void restore_over_a_broken_one(void **state)
{
	struct fixture *f = fixture(state);
	uint64_t want = day_sum(f, web, BUCKET_DAY);
	char dest[160], wal[160];
	const char *aside;
	int fd;

	snprintf(dest, sizeof dest, "%s/backup.db", f->folder);
	OK(f, store_backup(f->s, dest, &f->err));
	reopen(f, STORE_WRITE);
	for (int64_t i = 0; i < 9; i++)
		sample(f, web, T0 + 101 * DAY + i * 60, T0 + 101 * DAY + i * 60 + 60, bytes(5000, 0));
	/* As a failing disk does it, under a process that dies. */
	fd = open(f->path, O_WRONLY);
	assert_int_equal(pwrite(fd, "garbage garbage garbage", 23, 0), 23);
	close(fd);
	snprintf(wal, sizeof wal, "%s-wal", f->path);
	fd = open(wal, O_WRONLY);
	assert_int_equal(pwrite(fd, "garbage", 7, 40), 7); /* its first frame */
	close(fd);
	store_close(f->s);
	f->s = NULL;
	FAILS(f, store_open(f->path, STORE_WRITE, &f->s, &f->err), ERR_FAIL, "damaged");
	OK(f, store_restore(f->path, dest, T0, &f->arena, &aside, &f->err));
	assert_int_equal(access(wal, F_OK), 0); /* for those who may only read */
	reopen(f, STORE_READ);
	everywhere(f, web, want);
	assert_int_equal(access(aside, F_OK), 0);
	snprintf(wal, sizeof wal, "%s-wal", aside);
	assert_int_equal(access(wal, F_OK), 0);
}

static size_t files_in(const struct fixture *f)
{
	DIR *d = opendir(f->folder);
	size_t n = 0;

	while (d && readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void leaves_nothing_behind(void **state)
{
	struct fixture *f = fixture(state);
	const char *aside;
	char dest[160];

	snprintf(dest, sizeof dest, "%s/backup.db", f->folder);
	assert_int_equal(files_in(f), 3);
	OK(f, store_backup(f->s, dest, &f->err));
	assert_int_equal(files_in(f), 4);
	outside(dest, "UPDATE day SET slice = x'ff'");
	FAILS(f, store_restore(f->path, dest, T0, &f->arena, &aside, &f->err), ERR_FAIL, "damaged");
	assert_int_equal(files_in(f), 4);
	OK(f, store_backup(f->s, dest, &f->err));
	store_close(f->s);
	f->s = NULL;
	OK(f, store_restore(f->path, dest, T0, &f->arena, &aside, &f->err));
	assert_int_equal(files_in(f), 5); /* with the one aside */
}

static void vacuum(void **state)
{
	struct fixture *f = fixture(state);
	uint64_t want = day_sum(f, web, BUCKET_DAY), before, after;
	struct result r = result_at(T0 + 101 * DAY);

	OK(f, store_vacuum(f->s, &before, &after, &f->err));
	r.keep_minutes = r.keep_hours = (struct retention){ .seconds = 1 };
	OK(f, store_result(f->s, &r, &f->err));
	OK(f, store_vacuum(f->s, &before, &after, &f->err));
	assert_true(after < before);
	assert_int_equal(day_sum(f, web, BUCKET_HOUR), 0);
	assert_int_equal(day_sum(f, web, BUCKET_DAY), want);
	assert_int_equal(faults(f, NULL), 0);
	assert_int_equal(ask(f->path, "SELECT freelist_count FROM pragma_freelist_count"), 0);
}

static void retire(struct fixture *f, int64_t id)
{
	struct intent in = { .now = T0 + 101 * DAY };

	in.retire_entries.at = &id;
	in.retire_entries.n = 1;
	OK(f, store_intent(f->s, &f->l, &in, &f->err));
}

static void rename_free(void **state)
{
	struct fixture *f = fixture(state);
	uint64_t want = day_sum(f, web, BUCKET_DAY);

	OK(f, store_rename(f->s, "web", "www", &f->err));
	reopen(f, STORE_WRITE);
	assert_string_equal(f->l.entries.at[0].name, "www");
	everywhere(f, web, want);
	FAILS(f, store_rename(f->s, "web", "x", &f->err), ERR_FAIL, "no entry of this name");
	FAILS(f, store_rename(f->s, "www", "www", &f->err), ERR_FAIL, "the name it has");
	add_entry(f, ENTRY_ADDRESS, "addr", T0);
	FAILS(f, store_rename(f->s, "www", "addr", &f->err), ERR_FAIL, "another kind");
	add_entry(f, ENTRY_TOTAL, "total", T0);
	FAILS(f, store_rename(f->s, "total", "t", &f->err), ERR_FAIL, "portflow's own");
}

/* The section was renamed and a run came before the command: both have figures, in the same buckets too. */
static void rename_into_one(void **state)
{
	struct fixture *f = fixture(state);
	uint64_t want = day_sum(f, web, BUCKET_DAY) + day_sum(f, mail, BUCKET_DAY);
	struct ledger_counter c = { .entry = web, .object = "p_web.in" };
	struct intent in = { .now = T0 };
	struct figures total;

	in.new_counters.at = &c;
	in.new_counters.n = 1;
	OK(f, store_intent(f->s, &f->l, &in, &f->err));
	reopen(f, STORE_WRITE);
	total = f->l.entries.at[0].sums->total;
	figures_add(&total, &f->l.entries.at[1].sums->total);
	retire(f, web);
	OK(f, store_rename(f->s, "web", "mail", &f->err));
	reopen(f, STORE_WRITE);
	assert_int_equal(f->l.entries.n, 1);
	assert_memory_equal(&f->l.entries.at[0].sums->total, &total, sizeof total);
	assert_int_equal(f->l.counters.at[0].entry, mail);
	everywhere(f, mail, want);
	everywhere(f, web, 0);
	assert_int_equal(faults(f, NULL), 0);
	assert_true(ask(f->path, "SELECT count(*) > 90 FROM hours")); /* packed again */
}

static void forget(void **state)
{
	struct fixture *f = fixture(state);
	uint64_t want = day_sum(f, mail, BUCKET_DAY);
	struct result r = result_at(T0 + 101 * DAY);
	struct result_event event = { .entry = web, .kind = "x", .text = "PRIVATE-TEXT-OF-WEB" };
	struct ledger_counter c = { .entry = web, .object = "p_web.in" };
	struct intent in = { .now = T0 };
	int64_t id;
	struct str bytes_left = STR_CEILING((size_t)64 << 20);
	FILE *file;
	int ch;

	r.events.at = &event;
	r.events.n = 1;
	OK(f, store_result(f->s, &r, &f->err));
	FAILS(f, store_forget(f->s, "web", &f->err), ERR_FAIL, "still counted");
	in.new_counters.at = &c;
	in.new_counters.n = 1;
	OK(f, store_intent(f->s, &f->l, &in, &f->err));
	id = f->l.counters.at[0].id;
	retire(f, web);
	FAILS(f, store_forget(f->s, "web", &f->err), ERR_FAIL, "still has counters");
	OK(f, store_settled(f->s, &id, 1, 1, true, &f->err));
	OK(f, store_forget(f->s, "web", &f->err));
	everywhere(f, web, 0);
	everywhere(f, mail, want);
	assert_int_equal(faults(f, NULL), 0);
	assert_int_equal(ask(f->path, "SELECT count(*) FROM event WHERE entry <> 0"), 0);
	file = fopen(f->path, "r");
	while ((ch = fgetc(file)) != EOF)
		str_putc(&bytes_left, (char)(ch ? ch : ' '));
	fclose(file);
	assert_null(strstr(bytes_left.p, "PRIVATE-TEXT"));
	str_free(&bytes_left);
	FAILS(f, store_forget(f->s, "web", &f->err), ERR_FAIL, "no entry of this name");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up_history, tear_down_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(whole),
		CASE(faults_are_found),
		CASE(backup),
		CASE(restore),
		CASE(restore_over_a_broken_one),
		CASE(restore_to_nothing),
		CASE(restore_refuses),
		CASE(leaves_nothing_behind),
		CASE(vacuum),
		CASE(rename_free),
		CASE(rename_into_one),
		CASE(forget),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
