/* The outbox: see outbox.h.
 * What is put together into a letter stays together: its rows are always changed as one.
 * run/ and cmd/ call. */
#include "store/outbox.h"

#include "store/db.h"

/* A wait further ahead than this comes from a clock that was set back since. */
#define WAIT_MAX_S 86400

static int read_rows(
	struct store *s, struct arena *a, sqlite3_stmt *q, bool notices, struct outbox_rows *ret, struct err *err)
{
	int rc;

	while ((rc = db_step(s, q, err)) > 0) {
		struct outbox_row *r = vec_push(a, ret);

		r->id = sqlite3_column_int64(q, 0);
		r->letter = sqlite3_column_int64(q, 1);
		r->created = sqlite3_column_int64(q, 2);
		r->tries = sqlite3_column_int64(q, 3);
		r->next = sqlite3_column_int64(q, 4);
		r->parked = sqlite3_column_int(q, 5);
		r->target = db_text(q, 6, a);
		r->recipient = db_text(q, 7, a);
		r->why = db_text(q, 8, a);
		if (!notices)
			continue;
		r->notice_len = (size_t)sqlite3_column_bytes(q, 9);
		r->notice = arena_strndup(a, sqlite3_column_blob(q, 9), r->notice_len);
		r->kind = db_text(q, 10, a);
		r->text = db_text(q, 11, a);
	}
	return rc;
}

static int gather(struct store *s, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;

	if (db_stmt(s, STMT_OUTBOX_GATHER, &q, err))
		return -1;
	db_bind_int(q, 1, OUTBOX_LETTER_ROWS);
	return db_exec(s, q, err);
}

static int lease(struct store *s, const char *lease, int64_t now, size_t letters, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;

	if (db_stmt(s, STMT_OUTBOX_LEASE, &q, err))
		return -1;
	db_bind_text(q, 1, lease);
	db_bind_int(q, 2, now);
	db_bind_int(q, 3, now - OUTBOX_LEASE_S);
	db_bind_int(q, 4, now + WAIT_MAX_S);
	db_bind_int(q, 5, (int64_t)letters);
	return db_exec(s, q, err);
}

static int waiting(struct store *s, bool *ret, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (db_stmt(s, STMT_OUTBOX_ANY, &q, err))
		return -1;
	rc = db_step(s, q, err);
	*ret = rc > 0;
	return rc < 0 ? -1 : 0;
}

static int take(struct store *s, struct arena *a, const char *whose, int64_t now, size_t letters,
	struct outbox_rows *ret, struct err *err)
{
	cleanup_tx struct store *tx = NULL;
	cleanup_stmt sqlite3_stmt *q = NULL;

	if (db_begin(s, &tx, err) || gather(s, err) || lease(s, whose, now, letters, err) ||
		db_stmt(s, STMT_OUTBOX_LEASED, &q, err))
		return -1;
	db_bind_text(q, 1, whose);
	if (read_rows(s, a, q, true, ret, err))
		return -1;
	db_stmt_reset(&q);
	return db_commit(&tx, err);
}

int store_outbox_take(struct store *s, struct arena *a, const char *whose, int64_t now, size_t letters,
	struct outbox_rows *ret, struct err *err)
{
	struct outbox_rows rows = { 0 };
	bool any;

	*ret = rows;
	if (waiting(s, &any, err) || (any && take(s, a, whose, now, letters, &rows, err)))
		return err_wrap(err, "taking what waits in the outbox");
	*ret = rows;
	return 0;
}

static int renew(struct store *s, const char *whose, int64_t now, size_t *ret_letters, struct err *err)
{
	cleanup_tx struct store *tx = NULL;
	cleanup_stmt sqlite3_stmt *renew = NULL;
	cleanup_stmt sqlite3_stmt *held = NULL;

	if (db_begin(s, &tx, err) || db_stmt(s, STMT_OUTBOX_RENEW, &renew, err) ||
		db_stmt(s, STMT_OUTBOX_HELD, &held, err))
		return -1;
	db_bind_text(renew, 1, whose);
	db_bind_int(renew, 2, now);
	db_bind_text(held, 1, whose);
	if (db_exec(s, renew, err) || db_step(s, held, err) < 0)
		return -1;
	*ret_letters = (size_t)sqlite3_column_int64(held, 0);
	db_stmt_reset(&held);
	return db_commit(&tx, err);
}

int store_outbox_renew(struct store *s, const char *whose, int64_t now, size_t *ret_letters, struct err *err)
{
	return renew(s, whose, now, ret_letters, err) ? err_wrap(err, "keeping what is to be delivered") : 0;
}

static int settle_one(struct store *s, const char *whose, const struct outbox_result *r, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;

	static const enum stmt steps[] = {
		[OUTBOX_DELIVERED] = STMT_OUTBOX_DONE,
		[OUTBOX_LATER] = STMT_OUTBOX_TRIED,
		[OUTBOX_PARKED] = STMT_OUTBOX_TRIED,
		[OUTBOX_UNTRIED] = STMT_OUTBOX_RELEASE,
	};

	if (db_stmt(s, steps[r->end], &q, err))
		return -1;
	db_bind_text(q, 1, whose);
	db_bind_int(q, 2, r->letter);
	if (r->end == OUTBOX_LATER || r->end == OUTBOX_PARKED) {
		db_bind_int(q, 3, r->end == OUTBOX_LATER ? r->next : 0);
		db_bind_int(q, 4, r->end == OUTBOX_PARKED);
		db_bind_text(q, 5, r->why);
	} else if (r->end == OUTBOX_UNTRIED) {
		db_bind_text(q, 3, r->why);
		db_bind_int(q, 4, r->next);
	}
	return db_exec(s, q, err);
}

static int settle(struct store *s, const char *whose, const struct outbox_result *results, size_t n, struct err *err)
{
	cleanup_tx struct store *tx = NULL;

	if (db_begin(s, &tx, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (settle_one(s, whose, &results[i], err))
			return -1;
	return db_commit(&tx, err);
}

int store_outbox_settle(
	struct store *s, const char *whose, const struct outbox_result *results, size_t n, struct err *err)
{
	return settle(s, whose, results, n, err) ? err_wrap(err, "writing what was delivered") : 0;
}

int store_outbox_settle_now(
	struct store *s, const char *whose, const struct outbox_result *results, size_t n, struct err *err)
{
	int rc;

	sqlite3_busy_timeout(s->db, 0);
	rc = store_outbox_settle(s, whose, results, n, err);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	return rc;
}

int store_outbox_list(struct store *s, struct arena *a, struct outbox_rows *ret, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	struct outbox_rows rows = { 0 };

	if (db_stmt(s, STMT_OUTBOX_LIST, &q, err) || read_rows(s, a, q, false, &rows, err))
		return err_wrap(err, "reading the outbox");
	*ret = rows;
	return 0;
}

static int change(struct store *s, enum stmt step, const struct outbox_choice *which, size_t *ret_n, struct err *err)
{
	cleanup_tx struct store *tx = NULL;
	cleanup_stmt sqlite3_stmt *q = NULL;

	if (db_begin(s, &tx, err) || db_stmt(s, step, &q, err))
		return -1;
	if (which->id) {
		db_bind_int(q, 1, which->id);
	} else if (which->target) {
		db_bind_text(q, 1, which->target);
		db_bind_text(q, 2, which->recipient);
	}
	if (db_exec(s, q, err))
		return -1;
	*ret_n = (size_t)sqlite3_changes(s->db);
	return db_commit(&tx, err);
}

int store_outbox_drop(struct store *s, const struct outbox_choice *which, size_t *ret_n, struct err *err)
{
	return change(s, which->id ? STMT_OUTBOX_DROP : STMT_OUTBOX_DROP_OF, which, ret_n, err)
		? err_wrap(err, "dropping a message")
		: 0;
}

int store_outbox_hurry(struct store *s, const struct outbox_choice *which, size_t *ret_n, struct err *err)
{
	const enum stmt step = which->id ? STMT_OUTBOX_AGAIN : which->target ? STMT_OUTBOX_AGAIN_OF : STMT_OUTBOX_HURRY;

	return change(s, step, which, ret_n, err) ? err_wrap(err, "hurrying messages") : 0;
}

int store_outbox_count(struct store *s, size_t *ret_waiting, size_t *ret_parked, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (db_stmt(s, STMT_OUTBOX_COUNT, &q, err))
		return -1;
	rc = db_step(s, q, err);
	if (rc < 0)
		return -1;
	*ret_waiting = (size_t)sqlite3_column_int64(q, 0);
	*ret_parked = (size_t)sqlite3_column_int64(q, 1);
	return 0;
}

int store_outbox_stuck(
	struct store *s, struct arena *a, int64_t before, size_t *ret_n, const char **ret_why, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;

	if (db_stmt(s, STMT_OUTBOX_STUCK, &q, err))
		return -1;
	db_bind_int(q, 1, before);
	if (db_step(s, q, err) < 0)
		return -1;
	*ret_n = (size_t)sqlite3_column_int64(q, 0);
	*ret_why = db_text(q, 1, a);
	return 0;
}

int store_outbox_stated(
	struct store *s, struct arena *a, struct outbox_stated **ret_rows, size_t *ret_n, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	VEC_OF(struct outbox_stated) rows = { 0 };
	int rc;

	if (db_stmt(s, STMT_STATEMENT_LIST, &q, err))
		return -1;
	while ((rc = db_step(s, q, err)) > 0) {
		struct outbox_stated *r = vec_push(a, &rows);

		r->target = db_text(q, 0, a);
		r->recipient = db_text(q, 1, a);
		r->period = db_text(q, 2, a);
		r->until = sqlite3_column_int64(q, 3);
	}
	*ret_rows = rows.at;
	*ret_n = rows.n;
	return rc;
}
