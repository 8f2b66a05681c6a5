/* Spans, hours and days: see rollup.h.
 * A bucket is one row with all its entries, so a sample of a thousand entries rewrites one row of an hour and one of a day.
 * store/ alone. */
#include "store/rollup.h"

#include <stdlib.h>

#include "store/hours.h"
#include "store/query.h"

#define DAY_S ((int64_t)86400)

static int by_bucket(const void *a, const void *b)
{
	const struct addition *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->row.entry < y->row.entry ? -1 : x->row.entry > y->row.entry;
}

void rollup_sort(struct additions *adds)
{
	size_t kept = 0, sorted = 1;

	while (sorted < adds->n && by_bucket(&adds->at[sorted - 1], &adds->at[sorted]) < 0)
		sorted++;
	if (sorted >= adds->n)
		return;
	qsort(adds->at, adds->n, sizeof *adds->at, by_bucket);
	for (size_t i = 1; i < adds->n; i++) {
		if (by_bucket(&adds->at[kept], &adds->at[i]) == 0)
			slice_row_add(&adds->at[kept].row, &adds->at[i].row);
		else
			adds->at[++kept] = adds->at[i];
	}
	adds->n = kept + 1;
}

/* Appends the old row, if there is one, and the additions, both ascending by entry, as one. */
static int merge(
	struct store *s, sqlite3_stmt *old, const struct addition *adds, size_t n, struct str *slice, struct err *err)
{
	struct slice_reader r = { 0 };
	struct slice_row row;
	int64_t before = 0;
	size_t i = 0;

	if (old)
		r = slice_read(sqlite3_column_blob(old, 0), (size_t)sqlite3_column_bytes(old, 0));
	while (slice_next(&r, &row)) {
		for (; i < n && adds[i].row.entry < row.entry; before = adds[i++].row.entry)
			slice_append(slice, before, &adds[i].row);
		if (i < n && adds[i].row.entry == row.entry)
			slice_row_add(&row, &adds[i++].row);
		slice_append(slice, before, &row);
		before = row.entry;
	}
	if (r.bad)
		return db_damaged(s, err, "the figures of a bucket make no sense");
	for (; i < n; before = adds[i++].row.entry)
		slice_append(slice, before, &adds[i].row);
	return 0;
}

static int add_bucket(struct store *s, enum bucket which, const struct addition *adds, size_t n, struct err *err)
{
	cleanup_str struct str slice = STR_CEILING(DB_BLOB_MAX);
	cleanup_stmt sqlite3_stmt *get = NULL;
	cleanup_stmt sqlite3_stmt *put = NULL;
	int rc;

	if (db_stmt(s, which == BUCKET_HOUR ? STMT_HOUR_GET : STMT_DAY_GET, &get, err) ||
		db_stmt(s, which == BUCKET_HOUR ? STMT_HOUR_PUT : STMT_DAY_PUT, &put, err))
		return -1;
	db_bind_int(get, 1, adds[0].start);
	rc = db_step(s, get, err);
	if (rc < 0 || merge(s, rc ? get : NULL, adds, n, &slice, err))
		return -1;
	if (slice.full)
		return err_set(err, ERR_FAIL, "%s: too many entries for one hour", s->name);
	db_bind_int(put, 1, adds[0].start);
	db_bind_blob(put, 2, slice.p, slice.len);
	return db_exec(s, put, err);
}

/* Additions from the first one on that have its start. */
static size_t together(const struct additions *adds, size_t first)
{
	size_t n = 1;

	while (first + n < adds->n && adds->at[first + n].start == adds->at[first].start)
		n++;
	return n;
}

int rollup_add(struct store *s, enum bucket which, const struct additions *adds, struct err *err)
{
	for (size_t i = 0, n; i < adds->n; i += n) {
		n = together(adds, i);
		if ((which == BUCKET_HOUR && hours_unpack(s, adds->at[i].start, err)) ||
			add_bucket(s, which, &adds->at[i], n, err))
			return -1;
	}
	return 0;
}

static int add_span(struct store *s, int64_t until, const struct addition *adds, size_t n, struct err *err)
{
	cleanup_str struct str slice = STR_CEILING(DB_BLOB_MAX), slices = STR_CEILING(DB_BLOB_MAX);
	cleanup_stmt sqlite3_stmt *get = NULL;
	cleanup_stmt sqlite3_stmt *put = NULL;
	int rc;

	if (db_stmt(s, STMT_SPAN_GET, &get, err) || db_stmt(s, STMT_SPAN_PUT, &put, err))
		return -1;
	db_bind_int(get, 1, until);
	rc = db_step(s, get, err);
	if (rc < 0 || merge(s, NULL, adds, n, &slice, err))
		return -1;
	if (rc > 0)
		str_put(&slices, sqlite3_column_blob(get, 0), (size_t)sqlite3_column_bytes(get, 0));
	span_put_slice(&slices, (uint64_t)(until - adds[0].start), slice.p, slice.len);
	if (slice.full || slices.full)
		return err_set(err, ERR_FAIL, "%s: too many entries for one sample", s->name);
	db_bind_int(put, 1, until);
	db_bind_blob(put, 2, slices.p, slices.len);
	return db_exec(s, put, err);
}

int rollup_spans(struct store *s, int64_t until, const struct additions *adds, struct err *err)
{
	for (size_t i = 0, n; i < adds->n; i += n) {
		n = together(adds, i);
		if (add_span(s, until, &adds->at[i], n, err))
			return -1;
	}
	return 0;
}

static struct retention longer(struct retention a, struct retention b)
{
	return a.forever || (!b.forever && a.seconds > b.seconds) ? a : b;
}

static bool ends(struct retention keep)
{
	return !keep.forever && keep.seconds < (uint64_t)CALENDAR_MAX;
}

static int expire(struct store *s, enum stmt which, int64_t now, struct retention keep, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;

	if (!ends(keep))
		return 0;
	if (db_stmt(s, which, &q, err))
		return -1;
	db_bind_int(q, 1, now - (int64_t)keep.seconds);
	return db_exec(s, q, err);
}

int rollup_expire(struct store *s, struct arena *a, const struct result *r, struct err *err)
{
	const struct retention hours = longer(r->keep_hours, r->keep_minutes);
	const struct retention days = longer(r->keep_days, hours);
	const char *zone;
	int64_t now;

	if (query_base(s, a, &now, &zone, err))
		return -1;
	/* A clock that stands in the far future for one run must not empty the history. */
	now = r->now - now > DAY_S ? now + DAY_S : r->now;
	if (expire(s, STMT_SPAN_EXPIRE, now, r->keep_minutes, err) || expire(s, STMT_DAY_EXPIRE, now, days, err))
		return -1;
	return ends(hours) ? hours_expire(s, now - (int64_t)hours.seconds, err) : 0;
}
