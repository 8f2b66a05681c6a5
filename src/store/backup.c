/* Copies, and putting one back: see keep.h.
 * A copy is made beside its place and renamed over it, so that what is there is always a whole one.
 * cmd/, through keep.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/due.h"
#include "model/trial.h"
#include "store/db.h"
#include "store/files.h"
#include "store/keep.h"
#include "store/query.h"

/* -- backup ---------------------------------------------------------------------------------------------------------- */

static int copy_pages(struct store *s, sqlite3 *dest, const char *path, struct err *err)
{
	sqlite3_backup *b = sqlite3_backup_init(dest, "main", s->db, "main");
	int rc;

	if (b) {
		sqlite3_backup_step(b, -1);
		rc = sqlite3_backup_finish(b);
	} else {
		rc = sqlite3_extended_errcode(dest);
	}
	/* One file that says all: no -wal is looked for beside it. */
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(dest, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : db_fail_code(rc, sqlite3_system_errno(dest), sqlite3_errmsg(dest), path, err);
}

/* Into an empty file. */
static int copy_into(struct store *s, const char *path, struct err *err)
{
	sqlite3 *dest = NULL;
	int rc = sqlite3_open_v2(
		path, &dest, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

	if (rc != SQLITE_OK)
		db_fail_code(rc, dest ? sqlite3_system_errno(dest) : 0, sqlite3_errstr(rc), path, err);
	else
		rc = copy_pages(s, dest, path, err);
	sqlite3_close(dest);
	return rc == SQLITE_OK ? 0 : -1;
}

int store_backup(struct store *s, const char *dest, struct err *err)
{
	cleanup_arena struct arena a = { 0 };
	char *temp;
	int rc;

	if (files_same(dest, s->name))
		return err_set(err, ERR_FAIL, "%s: that is the database itself", dest);
	temp = files_temp(&a, dest, err);
	if (!temp)
		return -1;
	rc = copy_into(s, temp, err);
	if (rc == 0)
		rc = files_rename(temp, dest, err);
	if (rc)
		unlink(temp);
	return rc;
}

/* A copy that is there already may be the only one of its moment: it is never replaced; one that says the same is enough. */
static int keep_copy(struct store *s, const char *temp, const char *first, struct arena *a, const char **ret_name,
	bool *ret_made, struct err *err)
{
	const char *name = first;

	if (copy_into(s, temp, err) || files_own_like(temp, s->name, err))
		return -1;
	*ret_made = true;
	for (int i = 2; *ret_made && access(name, F_OK) == 0; i++)
		if (files_equal(temp, name))
			*ret_made = false;
		else
			name = arena_printf(a, "%s.%d", first, i);
	*ret_name = name;
	if (*ret_made)
		return files_rename(temp, name, err);
	unlink(temp);
	return 0;
}

int db_keep_old(
	struct store *s, int64_t version, struct arena *a, const char **ret_name, bool *ret_made, struct err *err)
{
	const char *first = arena_printf(a, "%s.before-%lld", s->name, (long long)version);
	char *temp = files_temp(a, first, err);

	if (!temp)
		return -1;
	if (keep_copy(s, temp, first, a, ret_name, ret_made, err) == 0)
		return 0;
	unlink(temp);
	return -1;
}

static int pour(int fd, FILE *out, struct err *err)
{
	char buf[65536];
	ssize_t n;

	while ((n = read(fd, buf, sizeof buf)) > 0)
		if (fwrite(buf, 1, (size_t)n, out) != (size_t)n)
			return err_sys(err, ERR_FAIL, errno, "standard output");
	return n < 0 ? err_sys(err, ERR_FAIL, errno, "reading the copy") : 0;
}

int store_backup_to(struct store *s, FILE *out, struct err *err)
{
	cleanup_arena struct arena a = { 0 };
	char *temp = files_temp(&a, "/var/tmp/portflow-backup", err);
	int fd, rc;

	if (!temp)
		return -1;
	rc = copy_into(s, temp, err);
	fd = rc ? -1 : open(temp, O_RDONLY | O_CLOEXEC);
	if (rc == 0)
		rc = fd < 0 ? err_sys(err, ERR_FAIL, errno, "%s", temp) : pour(fd, out, err);
	if (fd >= 0)
		close(fd);
	unlink(temp);
	return rc;
}

/* -- restore --------------------------------------------------------------------------------------------------------- */

static int mark_restored(struct store *s, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;

	/* a trial of the day of the backup is none of today's */
	return db_stmt(s, STMT_STATE_RESTORED, &q, err) || db_exec(s, q, err) ||
			store_meta_set(s, TRIAL_FACT, NULL, err) || store_meta_set(s, TRIAL_FACT_BEFORE, NULL, err)
		? -1
		: db_fold(s, err);
}

/* What a database of before still had to tell is told already, or stale. */
static int park_outbox(struct store *s, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;

	if (db_stmt(s, STMT_OUTBOX_PARK_ALL, &q, err))
		return -1;
	db_bind_text(q, 1, "it waited in a database that was restored");
	return db_exec(s, q, err);
}

static bool same_line(struct store *s, struct store *old, struct arena *a, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	cleanup_stmt sqlite3_stmt *p = NULL;

	return db_stmt(s, STMT_STATE_UUID, &q, err) == 0 && db_stmt(old, STMT_STATE_UUID, &p, err) == 0 &&
		db_step(s, q, err) > 0 && db_step(old, p, err) > 0 && strcmp(db_text(q, 0, a), db_text(p, 0, a)) == 0;
}

/* One of when the clock was ahead: the next run sets it back, to where statements were made up to by the one that it replaces. */
static int carry_clock(struct store *s, struct store *old, struct arena *a, struct err *err)
{
	struct due_clock clock, other;
	int64_t sampled, ahead;
	const char *is, *was, *zone;
	struct err unheard = { 0 };

	if (query_base(old, a, &sampled, &zone, &unheard) || store_meta_get(old, a, DUE_FACT, &was, &unheard))
		return 0;
	if (query_base(s, a, &ahead, &zone, err) || store_meta_get(s, a, DUE_FACT, &is, err))
		return -1;
	if (ahead - sampled < DUE_BACK_S)
		return 0;
	due_read(is, &clock);
	due_read(was, &other);
	due_take(&clock, &other, sampled);
	return store_meta_set(s, DUE_FACT, due_text(a, &clock), err);
}

/* A statement that was sent is sent, whatever a database of before knows of it. One that cannot be read tells nothing, nor does another
 * machine's: what that one did not send is still to be sent. */
static int carry_stated(struct store *s, const char *path, struct arena *a, struct err *err)
{
	cleanup_store struct store *old = NULL;
	cleanup_stmt sqlite3_stmt *told = NULL;
	struct err unheard = { 0 };
	int rc = 0;

	if (store_open(path, STORE_READ, &old, &unheard) || !same_line(s, old, a, &unheard) ||
		db_stmt(old, STMT_STATEMENT_TOLD, &told, &unheard))
		return 0;
	while (rc == 0 && db_step(old, told, &unheard) > 0) {
		cleanup_stmt sqlite3_stmt *q = NULL;

		if (db_stmt(s, STMT_STATEMENT_CARRY, &q, err))
			return -1;
		for (int i = 0; i < 3; i++)
			db_bind_text(q, i + 1, db_text(told, i, a));
		db_bind_int(q, 4, sqlite3_column_int64(told, 3));
		rc = db_exec(s, q, err);
	}
	return rc ? rc : carry_clock(s, old, a, err);
}

/* Is the copy a whole database of ours? Then it becomes one of this version, marked. path: of the one whose place it takes. */
static int judge(const char *copy, const char *from, const char *path, struct err *err)
{
	cleanup_store struct store *s = NULL;
	cleanup_arena struct arena a = { 0 };
	struct name_list faults = { 0 };

	if (db_open_copy(copy, from, &s, err) || store_check(s, &a, &faults, err))
		return -1;
	if (faults.n)
		return err_set(err, ERR_FAIL, "%s: damaged: %s", from, faults.at[0]);
	return park_outbox(s, err) || carry_stated(s, path, &a, err) ? -1 : mark_restored(s, err);
}

/* What is in the WAL goes into the file, if it still can. */
static void settle(const char *path)
{
	cleanup_store struct store *s = NULL;
	struct err ignored;

	if (db_open_as_is(path, &s, &ignored) == 0)
		db_fold(s, &ignored);
}

/* The old file gets a second name; a WAL that could not be folded goes with it, for SQLite would read it into the new file. */
static int keep_aside(const char *path, const char *aside, struct arena *a, struct err *err)
{
	char *wal = arena_printf(a, "%s-wal", path), *aside_wal = arena_printf(a, "%s-wal", aside);
	struct stat st;

	settle(path);
	if (stat(wal, &st) == 0 && st.st_size > 0 && rename(wal, aside_wal) != 0)
		return err_sys(err, ERR_FAIL, errno, "%s: it cannot be kept aside", wal);
	if (link(path, aside) != 0 && rename(path, aside) != 0)
		return err_sys(err, ERR_FAIL, errno, "%s: it cannot be kept aside as %s", path, aside);
	unlink(wal);
	unlink(arena_printf(a, "%s-shm", path));
	return 0;
}

static const char *aside_name(const char *path, int64_t now, struct arena *a)
{
	const struct calendar_time t = calendar_local("UTC", now);
	const char *first = arena_printf(a, "%s.before-%04d%02d%02d-%02d%02d%02dZ", path, t.date.year, t.date.month,
		t.date.day, t.hour, t.minute, t.second);

	const char *name = first;

	for (int i = 2; access(name, F_OK) == 0; i++)
		name = arena_printf(a, "%s.%d", first, i);
	return name;
}

static int replace(
	const char *path, const char *copy, int64_t now, struct arena *a, const char **ret_aside, struct err *err)
{
	const char *aside = access(path, F_OK) == 0 ? aside_name(path, now, a) : NULL;

	if (files_own_like(copy, path, err) || (aside && keep_aside(path, aside, a, err)) ||
		files_rename(copy, path, err))
		return -1;
	*ret_aside = aside;
	settle(path); /* makes -wal and -shm, which those who may only read cannot */
	return 0;
}

int store_restore(
	const char *path, const char *from, int64_t now, struct arena *a, const char **ret_aside, struct err *err)
{
	const char *copy;
	int rc;

	if (files_same(path, from))
		return err_set(err, ERR_FAIL, "%s: that is the database itself", from);
	if (files_make_folder(path, err) || !(copy = files_temp(a, path, err)))
		return -1;
	rc = files_copy(from, copy, a, err) || judge(copy, from, path, err) ? -1 : 0;
	if (rc == 0)
		rc = replace(path, copy, now, a, ret_aside, err);
	if (rc)
		unlink(copy);
	unlink(arena_printf(a, "%s-wal", copy));
	unlink(arena_printf(a, "%s-shm", copy));
	return rc;
}

/* -- vacuum ---------------------------------------------------------------------------------------------------------- */

static int file_size(const struct store *s, uint64_t *ret_size, struct err *err)
{
	struct stat st;

	if (stat(sqlite3_db_filename(s->db, "main"), &st) != 0)
		return err_sys(err, ERR_FAIL, errno, "%s", s->name);
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

int store_vacuum(struct store *s, uint64_t *ret_before, uint64_t *ret_after, struct err *err)
{
	uint64_t before = 0, after = 0;
	int rc;

	if (db_fold(s, err) || file_size(s, &before, err))
		return -1;
	sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 1); /* VACUUM attaches the file it builds */
	rc = db_run(s, "VACUUM", err);
	sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
	if (rc || db_fold(s, err) || file_size(s, &after, err))
		return -1;
	*ret_before = before;
	*ret_after = after;
	return 0;
}
