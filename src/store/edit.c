/* Moving and deleting the history of an entry: see keep.h.
 * Figures of all entries share rows, so each row that holds the entry is written anew. What is packed is unpacked for that and
 * packed again.
 * cmd/, through keep.h. */
#include <string.h>

#include "store/entry_row.h"
#include "store/hours.h"
#include "store/keep.h"
#include "store/policies.h"
#include "store/query.h"
#include "store/slice.h"

struct edit {
	struct store *s;
	struct arena *a;
	int64_t from, to; /* entries; to 0: forget */
};

/* Writes the slice with the entry moved; false and nothing written if it is not in it. */
static bool edit_slice(const struct edit *e, struct slice_reader in, struct str *out)
{
	struct slice_row row, moved = { 0 };
	struct slice_rows rows = { 0 };

	while (slice_next(&in, &row)) {
		if (row.entry == e->from)
			moved = row;
		else
			slice_rows_add(e->a, &rows, &row);
	}
	if (!moved.entry || in.bad)
		return false;
	if (e->to) {
		size_t at = 0;

		while (at < rows.n && rows.at[at].entry < e->to)
			at++;
		moved.entry = e->to;
		if (at < rows.n && rows.at[at].entry == e->to) {
			slice_row_add(&rows.at[at], &moved);
		} else {
			slice_rows_add(e->a, &rows, &moved);
			memmove(&rows.at[at + 1], &rows.at[at], (rows.n - 1 - at) * sizeof *rows.at);
			rows.at[at] = moved;
		}
	}
	slice_put(out, rows.at, rows.n);
	return true;
}

static bool edit_span(const struct edit *e, struct span_reader in, struct str *out)
{
	struct slice_reader slice = { 0 };
	bool changed = false;
	uint64_t before;

	while (span_next(&in, &before, &slice)) {
		cleanup_str struct str one = STR_CEILING(DB_BLOB_MAX);
		bool edited = edit_slice(e, slice, &one);

		changed |= edited;
		if (edited)
			span_put_slice(out, before, one.p, one.len);
		else
			span_put_slice(out, before, slice.p, (size_t)(slice.end - slice.p));
	}
	return changed && !in.bad;
}

/* One row of a table of (key, blob): list reads all of them, put replaces one. */
static int edit_row(const struct edit *e, bool spans, enum stmt put, int64_t key, sqlite3_stmt *row, struct err *err)
{
	cleanup_str struct str out = STR_CEILING(DB_BLOB_MAX);
	cleanup_stmt sqlite3_stmt *q = NULL;
	const void *blob = sqlite3_column_blob(row, 1);
	size_t len = (size_t)sqlite3_column_bytes(row, 1);

	if (spans ? !edit_span(e, span_read(blob, len), &out) : !edit_slice(e, slice_read(blob, len), &out))
		return 0;
	if (db_stmt(e->s, put, &q, err))
		return -1;
	db_bind_int(q, 1, key);
	db_bind_blob(q, 2, out.p, out.len);
	return db_exec(e->s, q, err);
}

/* Row by row in the order of keys, each read by a statement of its own, since a table must not change under a walk. */
static int edit_table(const struct edit *e, bool spans, enum stmt next, enum stmt put, struct err *err)
{
	int64_t key = INT64_MIN;
	int rc;

	do {
		cleanup_arena struct arena a = { 0 };
		cleanup_stmt sqlite3_stmt *q = NULL;
		struct edit one = { .s = e->s, .a = &a, .from = e->from, .to = e->to };

		if (db_stmt(e->s, next, &q, err))
			return -1;
		db_bind_int(q, 1, key);
		rc = db_step(e->s, q, err);
		if (rc <= 0)
			return rc;
		key = sqlite3_column_int64(q, 0);
		if (edit_row(&one, spans, put, key, q, err))
			return -1;
	} while (key++ < INT64_MAX);
	return 0;
}

static int unpack_all(struct store *s, struct err *err)
{
	for (;;) {
		cleanup_stmt sqlite3_stmt *q = NULL;
		int64_t first;
		int rc;

		if (db_stmt(s, STMT_HOURS_NEXT, &q, err))
			return -1;
		db_bind_int(q, 1, INT64_MIN);
		rc = db_step(s, q, err);
		if (rc <= 0)
			return rc;
		first = sqlite3_column_int64(q, 0);
		db_stmt_reset(&q);
		if (hours_unpack(s, first, err))
			return -1;
	}
}

static int edit_figures(struct store *s, int64_t from, int64_t to, struct err *err)
{
	cleanup_arena struct arena a = { 0 };
	struct edit e = { .s = s, .from = from, .to = to };
	const char *zone;
	int64_t sampled;

	if (query_base(s, &a, &sampled, &zone, err) || unpack_all(s, err) ||
		edit_table(&e, true, STMT_SPAN_NEXT, STMT_SPAN_PUT, err) ||
		edit_table(&e, false, STMT_HOUR_NEXT, STMT_HOUR_PUT, err) ||
		edit_table(&e, false, STMT_DAY_NEXT, STMT_DAY_PUT, err))
		return -1;
	return hours_pack(s, zone, sampled, err);
}

/* -- names ----------------------------------------------------------------------------------------------------------- */

struct named {
	int64_t id;
	int64_t kind;
	bool retired;
};

static int entry_named(struct store *s, const char *name, struct named *ret, bool *ret_found, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (db_stmt(s, STMT_ENTRY_NAMED, &q, err))
		return -1;
	db_bind_text(q, 1, name);
	rc = db_step(s, q, err);
	if (rc < 0)
		return -1;
	*ret_found = rc > 0;
	if (rc == 0)
		return 0;
	*ret = (struct named){ sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1), sqlite3_column_int(q, 2) };
	return 0;
}

static int must_be_named(struct store *s, const char *name, struct named *ret, struct err *err)
{
	bool found = false;

	if (entry_named(s, name, ret, &found, err))
		return -1;
	if (!found)
		return err_set(err, ERR_FAIL,
			"%s: the database knows no entry of this name (`portflow report` lists them)", name);
	if (ret->kind == ENTRY_FORWARDED || ret->kind == ENTRY_TOTAL)
		return err_set(err, ERR_FAIL, "%s: this one is portflow's own and always there", name);
	return 0;
}

static int run_ids(struct store *s, enum stmt which, int64_t a, int64_t b, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;

	if (db_stmt(s, which, &q, err))
		return -1;
	db_bind_int(q, 1, a);
	if (sqlite3_bind_parameter_count(q) > 1)
		db_bind_int(q, 2, b);
	return db_exec(s, q, err);
}

static int set_name(struct store *s, int64_t id, const char *name, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;

	if (db_stmt(s, STMT_ENTRY_RENAME, &q, err))
		return -1;
	db_bind_int(q, 1, id);
	db_bind_text(q, 2, name);
	return db_exec(s, q, err);
}

/* -- rename ---------------------------------------------------------------------------------------------------------- */

static int add_closed(
	struct store *s, int64_t entry, int64_t start, int64_t end, const struct figures *f, struct err *err)
{
	struct figures sum;

	if (cycle_take(s, entry, start, end, &sum, err))
		return -1;
	figures_add(&sum, f);
	return cycle_put(s, entry, start, end, &sum, err);
}

static int move_closed(struct store *s, int64_t from, int64_t to, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (db_stmt(s, STMT_CYCLE_OF, &q, err))
		return -1;
	db_bind_int(q, 1, from);
	while ((rc = db_step(s, q, err)) > 0) {
		struct figures f;

		if (!figures_get(sqlite3_column_blob(q, 2), (size_t)sqlite3_column_bytes(q, 2), &f))
			return db_damaged(s, err, "a row of cycle makes no sense");
		if (add_closed(s, to, sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1), &f, err))
			return -1;
	}
	return rc < 0 ? -1 : run_ids(s, STMT_CYCLE_DROP, from, 0, err);
}

static int merge_running(struct store *s, const struct entry_row *from, struct entry_row *to, struct err *err)
{
	if (from->cycle_start == from->cycle_end)
		return 0;
	if (to->cycle_start == to->cycle_end) {
		to->cycle_start = from->cycle_start;
		to->cycle_end = from->cycle_end;
		to->cycle = from->cycle;
		to->cycle_rule = from->cycle_rule;
		return 0;
	}
	if (from->cycle_start == to->cycle_start && from->cycle_end == to->cycle_end) {
		figures_add(&to->cycle, &from->cycle);
		return 0;
	}
	if (from->cycle_end <= to->cycle_start)
		return add_closed(s, to->id, from->cycle_start, from->cycle_end, &from->cycle, err);
	/* Cut by other rules: the next run computes it anew from the hours, as for any change of the rule. */
	to->cycle_rule = ~to->cycle_rule;
	return 0;
}

static int merge_entries(struct store *s, int64_t from_id, int64_t to_id, struct err *err)
{
	struct entry_row from, to;

	if (entry_row_get(s, from_id, &from, err) || entry_row_get(s, to_id, &to, err) ||
		move_closed(s, from_id, to_id, err) || merge_running(s, &from, &to, err))
		return -1;
	figures_add(&to.total, &from.total);
	figures_add(&to.older, &from.older);
	if (from.created < to.created)
		to.created = from.created;
	if (entry_row_set(s, &to, err) || edit_figures(s, from_id, to_id, err) ||
		policies_merge(s, from_id, to_id, err) || run_ids(s, STMT_COUNTER_MOVE, from_id, to_id, err) ||
		run_ids(s, STMT_EVENT_MOVE, from_id, to_id, err))
		return -1;
	return run_ids(s, STMT_ENTRY_DROP, from_id, 0, err);
}

int store_rename(struct store *s, const char *from, const char *to, struct err *err)
{
	cleanup_tx struct store *tx = NULL;
	cleanup_stmt sqlite3_stmt *unknown = NULL;
	struct named old = { 0 }, have = { 0 };
	bool found = false;

	if (strcmp(from, to) == 0)
		return err_set(err, ERR_FAIL, "%s: that is the name it has", from);
	if (db_begin(s, &tx, err) || must_be_named(s, from, &old, err) || entry_named(s, to, &have, &found, err))
		return -1;
	if (found && have.kind != old.kind)
		return err_set(err, ERR_FAIL, "%s is an entry of another kind: history stays in its kind", to);
	if (found ? merge_entries(s, old.id, have.id, err) : set_name(s, old.id, to, err))
		return -1;
	/* The kernel's objects have the old name: the next run must look. */
	if (db_stmt(s, STMT_STATE_UNKNOWN, &unknown, err) || db_exec(s, unknown, err))
		return -1;
	return db_commit(&tx, err);
}

/* -- forget ---------------------------------------------------------------------------------------------------------- */

static int must_be_gone(struct store *s, const char *name, const struct named *e, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;

	if (!e->retired)
		return err_set(err, ERR_FAIL,
			"%s is still counted: take its section out of the configuration, run `portflow apply`, then forget it",
			name);
	if (db_stmt(s, STMT_COUNTER_OF, &q, err))
		return -1;
	db_bind_int(q, 1, e->id);
	if (db_step(s, q, err) < 0)
		return -1;
	if (sqlite3_column_int64(q, 0))
		return err_set(err, ERR_FAIL,
			"%s still has counters in the kernel: run `portflow apply`, then forget it", name);
	return 0;
}

static int forget(struct store *s, const char *name, struct err *err)
{
	cleanup_tx struct store *tx = NULL;
	struct named e = { 0 };

	if (db_begin(s, &tx, err) || must_be_named(s, name, &e, err) || must_be_gone(s, name, &e, err) ||
		edit_figures(s, e.id, 0, err) || run_ids(s, STMT_CYCLE_DROP, e.id, 0, err) ||
		run_ids(s, STMT_EVENT_DROP, e.id, 0, err) || run_ids(s, STMT_ENTRY_DROP, e.id, 0, err))
		return -1;
	return db_commit(&tx, err);
}

int store_forget(struct store *s, const char *name, struct err *err)
{
	if (db_run(s, "PRAGMA secure_delete = ON", err) || forget(s, name, err))
		return -1;
	/* Older pages of the entry may still stand in the WAL. */
	return db_fold(s, err);
}
