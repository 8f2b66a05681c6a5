/* SQLite with our manners: statements from stmt.def prepared once and reset by a cleanup attribute, transactions that roll back
 * unless committed, result codes turned into errors that name the cure.
 * store/ alone; the contract for the others is store.h. */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <sqlite3.h>

#include "store/store.h"
#include "util/str.h"

enum stmt {
#define STMT(name, sql) STMT_##name,
#include "store/stmt.def"
#undef STMT
	STMT_COUNT
};

/* How long a statement waits for another process. */
#define BUSY_MS 5000

struct store {
	sqlite3 *db;
	char *name;          /* what messages call it: its path */
	bool copy;           /* of a backup, being judged: `name` is the backup's */
	bool as_is;          /* whatever version it is of */
	char *migrated;      /* what store_migrated says */
	int wal_pages;       /* after the last commit of this process */
	struct arena *arena; /* of the ledger, given to store_load */
	sqlite3_stmt *stmt[STMT_COUNT];
};

/* The largest value of a column that we write or believe. */
#define DB_BLOB_MAX (256 << 20)

/* store_open for the copy of a backup that is called `name`. */
int db_open_copy(const char *path, const char *name, struct store **ret_store, struct err *err);
/* store_open for writing, that leaves an older version what it is. */
int db_open_as_is(const char *path, struct store **ret_store, struct err *err);
/* Puts a copy of the database, which is of that version, beside it: its name in a. ret_made: it was not there before. */
int db_keep_old(
	struct store *s, int64_t version, struct arena *a, const char **ret_name, bool *ret_made, struct err *err);
/* An empty database in memory, for comparing. */
int db_memory(struct store **ret_store, struct err *err);

/* Sets err from the connection's last error and returns -1. what: "writing the result", or NULL. */
int db_fail(struct store *s, struct err *err, const char *what);
/* The same for a code and a file without a usable connection. */
int db_fail_code(int rc, int sys_errno, const char *detail, const char *path, struct err *err);
/* The file is SQLite's but what it holds is not what we write. Returns -1. */
int db_damaged(const struct store *s, struct err *err, const char *what);

/* A statement ready to be bound: cleanup_stmt sqlite3_stmt *q = NULL; if (db_stmt(s, STMT_X, &q, err)) ... */
int db_stmt(struct store *s, enum stmt which, sqlite3_stmt **ret_stmt, struct err *err);
void db_stmt_reset(sqlite3_stmt **q);
#define cleanup_stmt __attribute__((cleanup(db_stmt_reset)))

/* 1: a row, 0: done, -1: error. */
int db_step(struct store *s, sqlite3_stmt *q, struct err *err);
/* Steps to the end and resets, so that a loop may bind anew; 0 or -1. */
int db_exec(struct store *s, sqlite3_stmt *q, struct err *err);
/* SQL without values, for pragmas and the schema. */
int db_run(struct store *s, const char *sql, struct err *err);
/* The number that a pragma answers. */
int db_pragma(struct store *s, const char *sql, int64_t *ret_value, struct err *err);

/* What was committed is on the disk, whatever `synchronous` was. */
int db_sync(struct store *s, struct err *err);
/* Writes all of the WAL into the file and empties it. */
int db_fold(struct store *s, struct err *err);

/* Parameters from 1. Text and blobs are not copied: they live until the statement is reset. NULL text binds NULL. */
void db_bind_int(sqlite3_stmt *q, int at, int64_t v);
void db_bind_bits(sqlite3_stmt *q, int at, uint64_t v);
void db_bind_text(sqlite3_stmt *q, int at, const char *v);
void db_bind_blob(sqlite3_stmt *q, int at, const void *v, size_t len);

/* Columns from 0. Text: never NULL, copied into a. */
uint64_t db_bits(sqlite3_stmt *q, int at);
const char *db_text(sqlite3_stmt *q, int at, struct arena *a);
/* Copies with a NUL; a longer text is cut. */
void db_text_into(sqlite3_stmt *q, int at, char *buf, size_t size);

/* cleanup_tx struct store *tx = NULL; if (db_begin(s, &tx, err)) ...; return db_commit(&tx, err); */
int db_begin(struct store *s, struct store **ret_tx, struct err *err);
int db_begin_read(struct store *s, struct store **ret_tx, struct err *err);
int db_commit(struct store **tx, struct err *err);
void db_rollback(struct store **tx);
#define cleanup_tx __attribute__((cleanup(db_rollback)))

#endif
