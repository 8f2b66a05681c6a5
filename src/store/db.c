/* Statements, transactions, error texts: see db.h.
 * Binding cannot fail but for want of memory, and a statement with a missing value fails its constraint, so only steps are
 * checked.
 * store/ alone. */
#include "store/db.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const sql[STMT_COUNT] = {
#define STMT(name, text) [STMT_##name] = text,
#include "store/stmt.def"
#undef STMT
};

static int fail_io(int sys_errno, const char *detail, const char *path, struct err *err)
{
	if (sys_errno == ENOSPC || sys_errno == EDQUOT)
		return db_fail_code(SQLITE_FULL, sys_errno, detail, path, err);
	if (sys_errno)
		return err_sys(err, ERR_FAIL, sys_errno, "%s: %s", path, detail);
	return err_set(err, ERR_FAIL, "%s: %s", path, detail);
}

int db_fail_code(int rc, int sys_errno, const char *detail, const char *path, struct err *err)
{
	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		arena_oom();
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(err, ERR_BUSY, "%s: another process keeps the database locked; try again", path);
	case SQLITE_FULL:
		return err_set(err, ERR_FAIL,
			"%s: no space left for the database; nothing in it was changed: make room and run again", path);
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return err_set(err, ERR_FAIL,
			"%s: the database is damaged (%s): see `portflow db check`; `portflow db restore BACKUP` puts a backup in its"
			" place and keeps the damaged file aside",
			path, detail);
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_READONLY:
		return err_set(err, ERR_PERM, "%s: not permitted to write the database", path);
	case SQLITE_CANTOPEN:
		if (sys_errno == EACCES || sys_errno == EPERM || sys_errno == EROFS)
			return err_sys(err, ERR_PERM, sys_errno, "%s: the database cannot be opened", path);
		break;
	}
	return fail_io(sys_errno, detail, path, err);
}

int db_damaged(const struct store *s, struct err *err, const char *what)
{
	if (s->copy)
		return err_set(err, ERR_FAIL, "%s: damaged, or no database: %s", s->name, what);
	return db_fail_code(SQLITE_CORRUPT, 0, what, s->name, err);
}

int db_fail(struct store *s, struct err *err, const char *what)
{
	const int rc = sqlite3_extended_errcode(s->db);

	if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB)
		db_damaged(s, err, sqlite3_errmsg(s->db));
	else
		db_fail_code(rc, sqlite3_system_errno(s->db), sqlite3_errmsg(s->db), s->name, err);
	if (what)
		err_wrap(err, "%s", what);
	return -1;
}

int db_stmt(struct store *s, enum stmt which, sqlite3_stmt **ret_stmt, struct err *err)
{
	if (!s->stmt[which] &&
		sqlite3_prepare_v3(s->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT, &s->stmt[which], NULL) !=
			SQLITE_OK)
		return db_fail(s, err, NULL);
	*ret_stmt = s->stmt[which];
	return 0;
}

void db_stmt_reset(sqlite3_stmt **q)
{
	if (!*q)
		return;
	sqlite3_reset(*q);
	sqlite3_clear_bindings(*q);
}

int db_step(struct store *s, sqlite3_stmt *q, struct err *err)
{
	int rc = sqlite3_step(q);

	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : db_fail(s, err, NULL);
}

int db_exec(struct store *s, sqlite3_stmt *q, struct err *err)
{
	int rc;

	while ((rc = sqlite3_step(q)) == SQLITE_ROW)
		;
	if (rc != SQLITE_DONE)
		return db_fail(s, err, NULL);
	sqlite3_reset(q);
	return 0;
}

int db_run(struct store *s, const char *text, struct err *err)
{
	return sqlite3_exec(s->db, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_fail(s, err, NULL);
}

int db_pragma(struct store *s, const char *text, int64_t *ret_value, struct err *err)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(s->db, text, -1, &q, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	if (rc == SQLITE_ROW)
		*ret_value = sqlite3_column_int64(q, 0);
	else
		db_fail(s, err, NULL);
	sqlite3_finalize(q);
	return rc == SQLITE_ROW ? 0 : -1;
}

void db_bind_int(sqlite3_stmt *q, int at, int64_t v)
{
	sqlite3_bind_int64(q, at, v);
}

void db_bind_bits(sqlite3_stmt *q, int at, uint64_t v)
{
	int64_t bits;

	memcpy(&bits, &v, sizeof bits);
	sqlite3_bind_int64(q, at, bits);
}

void db_bind_text(sqlite3_stmt *q, int at, const char *v)
{
	if (v)
		sqlite3_bind_text(q, at, v, -1, SQLITE_STATIC);
}

void db_bind_blob(sqlite3_stmt *q, int at, const void *v, size_t len)
{
	sqlite3_bind_blob64(q, at, len ? v : "", len, SQLITE_STATIC);
}

uint64_t db_bits(sqlite3_stmt *q, int at)
{
	int64_t v = sqlite3_column_int64(q, at);
	uint64_t bits;

	memcpy(&bits, &v, sizeof bits);
	return bits;
}

const char *db_text(sqlite3_stmt *q, int at, struct arena *a)
{
	const unsigned char *p = sqlite3_column_text(q, at);

	return arena_strndup(a, p ? (const char *)p : "", p ? (size_t)sqlite3_column_bytes(q, at) : 0);
}

void db_text_into(sqlite3_stmt *q, int at, char *buf, size_t size)
{
	const unsigned char *p = sqlite3_column_text(q, at);

	snprintf(buf, size, "%s", p ? (const char *)p : "");
}

static int begin(struct store *s, enum stmt which, struct store **ret_tx, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;

	if (db_stmt(s, which, &q, err) || db_exec(s, q, err))
		return -1;
	*ret_tx = s;
	return 0;
}

int db_begin(struct store *s, struct store **ret_tx, struct err *err)
{
	return begin(s, STMT_BEGIN, ret_tx, err);
}

int db_begin_read(struct store *s, struct store **ret_tx, struct err *err)
{
	/* store_freeze has begun one, which stays open */
	if (!sqlite3_get_autocommit(s->db)) {
		*ret_tx = NULL;
		return 0;
	}
	return begin(s, STMT_BEGIN_READ, ret_tx, err);
}

int store_freeze(struct store *s, struct err *err)
{
	struct store *until_close;

	return begin(s, STMT_BEGIN_READ, &until_close, err);
}

int db_commit(struct store **tx, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	struct store *s = *tx;

	/* reading within a frozen store */
	if (!s)
		return 0;
	if (db_stmt(s, STMT_COMMIT, &q, err) || db_exec(s, q, err))
		return -1;
	*tx = NULL;
	return 0;
}

/* Statements still open are no obstacle: a rollback ends their reads. A failure to roll back leaves it to closing. */
void db_rollback(struct store **tx)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	struct err ignored;
	struct store *s = *tx;

	if (!s)
		return;
	if (!sqlite3_get_autocommit(s->db) && db_stmt(s, STMT_ROLLBACK, &q, &ignored) == 0)
		db_exec(s, q, &ignored);
}
