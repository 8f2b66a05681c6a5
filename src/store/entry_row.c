/* Reading and writing the figures of an entry and its closed cycles: see entry_row.h.
 * By row number: the fastest look-up that SQLite has.
 * store/ alone. */
#include "store/entry_row.h"

#include "store/slice.h"

static bool get_figures(sqlite3_stmt *q, int at, struct figures *f)
{
	return figures_get(sqlite3_column_blob(q, at), (size_t)sqlite3_column_bytes(q, at), f);
}

int entry_row_get(struct store *s, int64_t id, struct entry_row *ret_row, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	struct entry_row row = { .id = id };
	int rc;

	if (db_stmt(s, STMT_ENTRY_GET, &q, err))
		return -1;
	db_bind_int(q, 1, id);
	rc = db_step(s, q, err);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return err_set(err, ERR_FAIL, "%s: no entry has number %lld", s->name, (long long)id);
	row.created = sqlite3_column_int64(q, 0);
	row.cycle_start = sqlite3_column_int64(q, 3);
	row.cycle_end = sqlite3_column_int64(q, 4);
	row.cycle_rule = db_bits(q, 6);
	row.rate_from = sqlite3_column_int64(q, 7);
	row.rate_to = sqlite3_column_int64(q, 8);
	if (!get_figures(q, 1, &row.total) || !get_figures(q, 2, &row.older) || !get_figures(q, 5, &row.cycle) ||
		!get_figures(q, 9, &row.rate))
		return db_damaged(s, err, "a row of entry makes no sense");
	*ret_row = row;
	return 0;
}

int entry_row_set(struct store *s, const struct entry_row *row, struct err *err)
{
	static const int at[4] = { 2, 3, 6, 10 };
	const struct figures *figures[4] = { &row->total, &row->older, &row->cycle, &row->rate };
	char bytes[4][FIGURES_MAX];
	cleanup_stmt sqlite3_stmt *q = NULL;

	if (db_stmt(s, STMT_ENTRY_SET, &q, err))
		return -1;
	for (int i = 0; i < 4; i++)
		db_bind_blob(q, at[i], bytes[i], figures_pack(figures[i], bytes[i]));
	db_bind_int(q, 1, row->id);
	db_bind_int(q, 4, row->cycle_start);
	db_bind_int(q, 5, row->cycle_end);
	db_bind_bits(q, 7, row->cycle_rule);
	db_bind_int(q, 8, row->rate_from);
	db_bind_int(q, 9, row->rate_to);
	db_bind_int(q, 11, row->created);
	return db_exec(s, q, err);
}

int cycle_take(struct store *s, int64_t entry, int64_t start, int64_t end, struct figures *ret_figures, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	struct figures f = { 0 };
	int rc;

	if (db_stmt(s, STMT_CYCLE_TAKE, &q, err))
		return -1;
	db_bind_int(q, 1, entry);
	db_bind_int(q, 2, start);
	db_bind_int(q, 3, end);
	rc = db_step(s, q, err);
	if (rc < 0)
		return -1;
	if (rc > 0 && !get_figures(q, 0, &f))
		return db_damaged(s, err, "a row of cycle makes no sense");
	*ret_figures = f;
	return rc > 0 ? db_exec(s, q, err) : 0;
}

int cycle_put(
	struct store *s, int64_t entry, int64_t start, int64_t end, const struct figures *figures, struct err *err)
{
	char blob[FIGURES_MAX];
	cleanup_stmt sqlite3_stmt *q = NULL;

	if (db_stmt(s, STMT_CYCLE_PUT, &q, err))
		return -1;
	db_bind_int(q, 1, entry);
	db_bind_int(q, 2, start);
	db_bind_int(q, 3, end);
	db_bind_blob(q, 4, blob, figures_pack(figures, blob));
	return db_exec(s, q, err);
}
