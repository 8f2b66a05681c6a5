/* Opening, making and judging a database: see store.h.
 * A file may be anything: what is not ours is refused before a byte of it is changed, and what is ours runs no code of its own
 * (no triggers, no views, no functions of the schema).
 * store/ alone, through store.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "store/db.h"
#include "store/files.h"
#include "store/schema.h"

/* Pages in the WAL that make closing fold it into the file and empty it. Small, since every process that finds nobody else
 * connected reads the whole WAL once; not at each close, since folding costs two more syncs. Not at a commit either, where SQLite
 * would leave the WAL as long as it is: the next process would read it all, add to it and fold it all again. */
#define FOLD_PAGES 256
#define FOLD_PAGES_AT_COMMIT 8192
#define WAL_KEEP_BYTES (4 << 20)

static int configure(struct store *s, struct err *err)
{
	static const struct {
		int option, value;
	} options[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
		{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
		{ SQLITE_DBCONFIG_ENABLE_FKEY, 1 },
		{ SQLITE_DBCONFIG_DQS_DML, 0 },
		{ SQLITE_DBCONFIG_DQS_DDL, 0 },
		{ SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 },
	};
	int on = 1;

	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, DB_BLOB_MAX);
	sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (sqlite3_db_config(s->db, options[i].option, options[i].value, NULL) != SQLITE_OK)
			return db_fail(s, err, NULL);
	/* Who may only read cannot make a -wal and -shm, so nobody deletes them. */
	if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_PERSIST_WAL, &on) != SQLITE_OK)
		return db_fail(s, err, NULL);
	/* All is read and written in the order of its rows: few pages are looked at again. */
	return db_run(s, "PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL; PRAGMA cache_size = 30", err);
}

static int wrong_version(const struct store *s, int64_t version, struct err *err)
{
	if (version > SCHEMA_VERSION)
		return err_set(err, ERR_FAIL,
			"%s: a newer portflow made this database (schema %lld, this program knows %d): install that version, or put"
			" an older backup back with `portflow db restore`",
			s->name, (long long)version, SCHEMA_VERSION);
	return err_set(
		err, ERR_FAIL, "%s: schema %lld is no version of portflow's database", s->name, (long long)version);
}

/* What the file says it is. ret_version 0: it is empty. */
static int identify(struct store *s, int64_t *ret_version, struct err *err)
{
	int64_t application = 0, version = 0, objects = 0, code = 0;

	if (db_pragma(s, "PRAGMA application_id", &application, err) ||
		db_pragma(s, "PRAGMA user_version", &version, err) ||
		db_pragma(s, "SELECT count(*) FROM sqlite_schema", &objects, err) ||
		db_pragma(s, "SELECT count(*) FROM sqlite_schema WHERE type NOT IN ('table', 'index')", &code, err))
		return -1;
	if (application == 0 && version == 0 && objects == 0) {
		*ret_version = 0;
		return 0;
	}
	if (application != SCHEMA_APPLICATION)
		return err_set(err, ERR_FAIL,
			"%s: this SQLite file is not portflow's (application id 0x%08llx): name another file", s->name,
			(unsigned long long)application & 0xffffffff);
	if (version < 1 || version > SCHEMA_VERSION)
		return wrong_version(s, version, err);
	if (code)
		return err_set(err, ERR_FAIL,
			"%s: the database has views or triggers, which portflow never makes: somebody altered it; put a backup back"
			" with `portflow db restore`",
			s->name);
	*ret_version = version;
	return 0;
}

static int uuid_make(char uuid[UUID_TEXT], struct err *err)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char b[16];
	size_t n = 0;

	if (getrandom(b, sizeof b, 0) != sizeof b)
		return err_sys(err, ERR_FAIL, errno, "getrandom");
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40); /* RFC 9562: version 4, variant 10 */
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			uuid[n++] = '-';
		uuid[n++] = hex[b[i] >> 4];
		uuid[n++] = hex[b[i] & 15];
	}
	uuid[n] = '\0';
	return 0;
}

static int make_state(struct store *s, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	char uuid[UUID_TEXT];

	if (uuid_make(uuid, err) || db_stmt(s, STMT_STATE_MAKE, &q, err))
		return -1;
	db_bind_text(q, 1, uuid);
	return db_exec(s, q, err);
}

static int tell_migrated(struct store *s, int64_t version, const char *kept, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;

	if (asprintf(&s->migrated,
		    "the database was of an older portflow (schema %lld) and is of this one now (schema %d); as it was, it is kept as %s",
		    (long long)version, SCHEMA_VERSION, kept) < 0)
		arena_oom();
	if (db_stmt(s, STMT_EVENT_MIGRATED, &q, err))
		return -1;
	db_bind_text(q, 1, s->migrated);
	return db_exec(s, q, err);
}

/* Brings an empty or older database to our version, in one transaction. kept: NULL, or the copy of the older one. */
static int migrate(struct store *s, const char *kept, struct err *err)
{
	cleanup_tx struct store *tx = NULL;
	char pragma[64];
	int64_t version = 0;

	if (db_begin(s, &tx, err) || identify(s, &version, err))
		return -1;
	if (version == SCHEMA_VERSION) /* another process was faster */
		return 0;
	for (int v = (int)version + 1; v <= SCHEMA_VERSION; v++)
		if (db_run(s, schema_text(v), err))
			return -1;
	snprintf(pragma, sizeof pragma, "PRAGMA application_id = %d; PRAGMA user_version = %d", SCHEMA_APPLICATION,
		SCHEMA_VERSION);
	if (db_run(s, pragma, err) || (version == 0 && make_state(s, err)) ||
		(kept && tell_migrated(s, version, kept, err)))
		return -1;
	return db_commit(&tx, err);
}

/* A kill in between leaves the older database, usable by the older program, and a copy that the next try takes for its own. */
static int migrate_old(struct store *s, int64_t version, struct err *err)
{
	cleanup_arena struct arena a = { 0 };
	const char *kept;
	bool made;

	if (db_keep_old(s, version, &a, &kept, &made, err))
		return err_wrap(err, "keeping a copy of the database of the older portflow");
	if (migrate(s, kept, err) == 0)
		return 0;
	if (made)
		unlink(kept);
	free(s->migrated);
	s->migrated = NULL;
	return err_wrap(err, "bringing the database of an older portflow up to date");
}

static int use_wal(struct store *s, struct err *err)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(s->db, "PRAGMA journal_mode = WAL", -1, &q, NULL);
	const unsigned char *mode = NULL;

	if (rc == SQLITE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW)
		mode = sqlite3_column_text(q, 0);
	if (rc != SQLITE_ROW)
		db_fail(s, err, NULL);
	else if (!mode || strcmp((const char *)mode, "wal") != 0)
		rc = err_set(err, ERR_FAIL,
			"%s: this file system has no shared memory, which SQLite's WAL needs: name a local folder with `database =`",
			s->name);
	sqlite3_finalize(q);
	return rc == SQLITE_ROW ? 0 : -1;
}

static int after_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct store *s = arg;

	s->wal_pages = pages;
	if (pages >= FOLD_PAGES_AT_COMMIT)
		sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	return SQLITE_OK;
}

int db_fold(struct store *s, struct err *err)
{
	return sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK
		? 0
		: db_fail(s, err, "folding the WAL into the file");
}

/* Not a byte of the WAL has a lock (those are in -shm), so closing it lets go none of SQLite's. */
int db_sync(struct store *s, struct err *err)
{
	int fd = open(sqlite3_filename_wal(sqlite3_db_filename(s->db, "main")), O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 || fdatasync(fd) != 0 ? err_sys(err, ERR_FAIL, errno, "%s: its -wal cannot be synced", s->name)
					      : 0;

	if (fd >= 0)
		close(fd);
	return rc;
}

static int not_there_yet(const struct store *s, struct err *err)
{
	return s->copy ? err_set(err, ERR_FAIL, "%s: there is nothing in it", s->name) : files_missing(s->name, err);
}

static int prepare(struct store *s, enum store_mode mode, struct err *err)
{
	char pragma[64];
	int64_t version = 0;

	if (configure(s, err) || identify(s, &version, err))
		return -1;
	if (mode == STORE_READ || (mode == STORE_WRITE && version == 0)) {
		if (version == 0)
			return not_there_yet(s, err);
		if (version < SCHEMA_VERSION)
			return err_set(err, ERR_FAIL,
				"%s: the database is of an older portflow (schema %lld): `portflow sample` brings it up to date",
				s->name, (long long)version);
		return 0;
	}
	snprintf(pragma, sizeof pragma, "PRAGMA journal_size_limit = %d", WAL_KEEP_BYTES);
	sqlite3_wal_hook(s->db, after_commit, s);
	if (use_wal(s, err) || db_run(s, pragma, err))
		return -1;
	if (version == SCHEMA_VERSION || s->as_is)
		return 0;
	return version && !s->copy ? migrate_old(s, version, err) : migrate(s, NULL, err);
}

/* The file cannot be opened though it is there: say which of the usual reasons it is. */
static int open_fail(struct store *s, int rc, enum store_mode mode, struct err *err)
{
	const int sys_errno = s->db ? sqlite3_system_errno(s->db) : 0;

	/* The primary code differs with what SQLite tried first: to make -shm, or the WAL's folder entry. */
	if (mode == STORE_READ && ((rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_READONLY) &&
		access(s->name, R_OK) == 0)
		return err_set(err, ERR_PERM,
			"%s: its files -wal and -shm are missing or not readable: `portflow sample`, run by root, makes them",
			s->name);
	return db_fail_code(rc, sys_errno, s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc), s->name, err);
}

static int open_file(struct store *s, const char *path, enum store_mode mode, struct err *err)
{
	const int access_flag = mode == STORE_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	int rc = sqlite3_open_v2(path, &s->db, access_flag | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

	if (rc != SQLITE_OK)
		return open_fail(s, rc, mode, err);
	if (prepare(s, mode, err) == 0)
		return 0;
	rc = sqlite3_extended_errcode(s->db);
	return (rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_READONLY ? open_fail(s, rc, mode, err) : -1;
}

static struct store *store_new(const char *name)
{
	struct store *s = calloc(1, sizeof *s);

	if (!s || !(s->name = strdup(name)))
		arena_oom();
	return s;
}

static int open_as(struct store *s, const char *path, enum store_mode mode, struct store **ret_store, struct err *err)
{
	if (open_file(s, path, mode, err)) {
		store_close(s);
		return -1;
	}
	*ret_store = s;
	return 0;
}

int store_open(const char *path, enum store_mode mode, struct store **ret_store, struct err *err)
{
	if (mode == STORE_CREATE ? files_make(path, err)
				 : files_check(path, mode == STORE_READ ? R_OK : R_OK | W_OK, err))
		return -1;
	return open_as(store_new(path), path, mode, ret_store, err);
}

int db_open_copy(const char *path, const char *name, struct store **ret_store, struct err *err)
{
	struct store *s = store_new(name);

	s->copy = true;
	return open_as(s, path, STORE_WRITE, ret_store, err);
}

int db_open_as_is(const char *path, struct store **ret_store, struct err *err)
{
	struct store *s;

	if (files_check(path, R_OK | W_OK, err))
		return -1;
	s = store_new(path);
	s->as_is = true;
	return open_as(s, path, STORE_WRITE, ret_store, err);
}

const char *store_migrated(const struct store *s)
{
	return s->migrated;
}

int db_memory(struct store **ret_store, struct err *err)
{
	struct store *s = store_new("memory");

	if (sqlite3_open(":memory:", &s->db) != SQLITE_OK) {
		db_fail(s, err, NULL);
		store_close(s);
		return -1;
	}
	*ret_store = s;
	return 0;
}

void store_close(struct store *s)
{
	struct err ignored;

	if (!s)
		return;
	for (int i = 0; i < STMT_COUNT; i++)
		sqlite3_finalize(s->stmt[i]);
	if (s->wal_pages >= FOLD_PAGES) {
		/* All that was committed is safe in the WAL: where a reader is in the way, or the disk full, a later run does it. */
		sqlite3_busy_timeout(s->db, 0);
		db_fold(s, &ignored);
	}
	sqlite3_close(s->db);
	free(s->migrated);
	free(s->name);
	free(s);
}

void store_cleanup(struct store **s)
{
	store_close(*s);
}
