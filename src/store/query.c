/* Sums, histories, cycles, events: see store.h and query.h.
 * A row that was begun before the question's stretch or ends after it gives its share by time; the bucket that runs now ends
 * at the last sample, so asking for it up to now gives all of it.
 * run/ and cmd/, through store.h. */
#include "store/query.h"

#include <stdlib.h>

#include "store/slice.h"
#include "store/sums.h"

#define HOUR_S ((int64_t)3600)
#define DAY_S ((int64_t)86400)
/* Sums over more than this take whole days from the days. */
#define BY_DAYS_S (3 * DAY_S)

struct query {
	struct store *s;
	struct arena *a;
	const char *zone; /* the stored buckets' */
	int64_t sampled;
	struct sums sums;
};

int query_base(struct store *s, struct arena *a, int64_t *ret_sampled, const char **ret_zone, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (db_stmt(s, STMT_STATE_BASE, &q, err) || (rc = db_step(s, q, err)) < 0)
		return -1;
	if (rc == 0)
		return db_damaged(s, err, "its one row of state is missing");
	*ret_sampled = sqlite3_column_int64(q, 0);
	*ret_zone = db_text(q, 1, a);
	return 0;
}

/* -- parts of buckets ------------------------------------------------------------------------------------------------ */

struct bucket_row {
	int64_t start, end;
	struct slice_reader slice;
};

static struct bucket_row bucket_row(const struct query *w, sqlite3_stmt *q, enum bucket which)
{
	struct bucket_row b = { .start = sqlite3_column_int64(q, 0) };

	b.slice = slice_read(sqlite3_column_blob(q, 1), (size_t)sqlite3_column_bytes(q, 1));
	b.end = calendar_next(w->zone, which, b.start);
	if (b.start < w->sampled && w->sampled < b.end)
		b.end = w->sampled;
	if (b.end <= b.start)
		b.end = b.start + 1;
	return b;
}

static int add_bucket(struct query *w, struct bucket_row *b, int64_t from, int64_t to, struct err *err)
{
	struct slice_row row;

	while (slice_next(&b->slice, &row))
		sums_add_part(&w->sums, &row, b->start, b->end, from, to);
	return b->slice.bad ? db_damaged(w->s, err, "the figures of a bucket make no sense") : 0;
}

int query_spans(struct store *s, int64_t from, int64_t to, query_span_fn *each, void *arg, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (db_stmt(s, STMT_SPAN_SINCE, &q, err))
		return -1;
	db_bind_int(q, 1, from - 1);
	while ((rc = db_step(s, q, err)) > 0) {
		struct span_reader spans = span_read(sqlite3_column_blob(q, 1), (size_t)sqlite3_column_bytes(q, 1));
		int64_t end = sqlite3_column_int64(q, 0);
		struct slice_reader slice = { 0 };
		uint64_t before;

		while (span_next(&spans, &before, &slice)) {
			int64_t start = before < (uint64_t)CALENDAR_MAX ? end - (int64_t)before : end - CALENDAR_MAX;

			if (start < to)
				each(arg, start, end, &slice);
			spans.bad |= slice.bad;
		}
		if (spans.bad)
			return db_damaged(s, err, "the figures of a span make no sense");
	}
	return rc;
}

struct stretch {
	struct sums *sums;
	int64_t from, to;
	int64_t known; /* the first moment that spans know */
};

static void see_span(void *arg, int64_t start, int64_t end, struct slice_reader *slice)
{
	struct stretch *x = arg;

	(void)end;
	(void)slice;
	if (start < x->known)
		x->known = start;
}

static void add_span(void *arg, int64_t start, int64_t end, struct slice_reader *slice)
{
	const struct stretch *x = arg;
	struct slice_row row;

	while (slice_next(slice, &row))
		sums_add_part(x->sums, &row, start, end, x->from, x->to);
}

/* Part of an hour: from the spans if they know all of it, else in proportion. */
static int add_part_of_hour(struct query *w, struct bucket_row *b, int64_t from, int64_t to, struct err *err)
{
	struct stretch x = {
		.sums = &w->sums,
		.from = from > b->start ? from : b->start,
		.to = to < b->end ? to : b->end,
		.known = INT64_MAX,
	};

	if (x.from >= x.to)
		return 0;
	if (query_spans(w->s, b->start, x.to, see_span, &x, err))
		return -1;
	if (x.known <= x.from)
		return query_spans(w->s, x.from, x.to, add_span, &x, err);
	return add_bucket(w, b, x.from, x.to, err);
}

static int add_hours(struct query *w, int64_t from, int64_t to, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	struct slice_row row;
	int rc;

	if (from >= to)
		return 0;
	if (db_stmt(w->s, STMT_HOUR_RANGE, &q, err))
		return -1;
	db_bind_int(q, 1, from - HOUR_S);
	db_bind_int(q, 2, to);
	while ((rc = db_step(w->s, q, err)) > 0) {
		int64_t start = sqlite3_column_int64(q, 0);
		struct slice_reader slice;

		if (start < from || start > to - HOUR_S) {
			struct bucket_row b = bucket_row(w, q, BUCKET_HOUR);

			if (add_part_of_hour(w, &b, from, to, err))
				return -1;
			continue;
		}
		slice = slice_read(sqlite3_column_blob(q, 1), (size_t)sqlite3_column_bytes(q, 1));
		while (slice_next(&slice, &row))
			sums_add(&w->sums, &row);
		if (slice.bad)
			return db_damaged(w->s, err, "the figures of an hour make no sense");
	}
	return rc;
}

static int add_days(struct query *w, int64_t from, int64_t to, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (from >= to)
		return 0;
	if (db_stmt(w->s, STMT_DAY_RANGE, &q, err))
		return -1;
	db_bind_int(q, 1, from - 2 * DAY_S);
	db_bind_int(q, 2, to);
	while ((rc = db_step(w->s, q, err)) > 0) {
		struct bucket_row b = bucket_row(w, q, BUCKET_DAY);

		if (add_bucket(w, &b, from, to, err))
			return -1;
	}
	return rc;
}

/* -- sums ------------------------------------------------------------------------------------------------------------ */

static int first_hour(struct query *w, int64_t *ret_start, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (db_stmt(w->s, STMT_HOUR_FIRST, &q, err) || (rc = db_step(w->s, q, err)) < 0)
		return -1;
	*ret_start = rc == 0 || sqlite3_column_type(q, 0) == SQLITE_NULL ? INT64_MAX : sqlite3_column_int64(q, 0);
	return 0;
}

static int64_t day_at_or_after(const struct query *w, int64_t t)
{
	int64_t day = calendar_floor(w->zone, BUCKET_DAY, t);

	return day < t ? calendar_next(w->zone, BUCKET_DAY, t) : day;
}

/* Days where hours are gone and in the middle of a long stretch, hours else. */
static int add_range(struct query *w, int64_t from, int64_t to, struct err *err)
{
	int64_t hours, lo, hi;

	if (first_hour(w, &hours, err))
		return -1;
	if (from < hours) {
		lo = hours == INT64_MAX ? to : day_at_or_after(w, hours);
		if (lo > to)
			lo = to;
		if (add_days(w, from, lo, err))
			return -1;
		from = lo;
	}
	if (to - from <= BY_DAYS_S)
		return add_hours(w, from, to, err);
	lo = day_at_or_after(w, from);
	hi = calendar_floor(w->zone, BUCKET_DAY, to);
	if (add_hours(w, from, lo, err) || add_days(w, lo, hi, err))
		return -1;
	return add_hours(w, hi, to, err);
}

static int64_t clamp_time(int64_t t)
{
	return t < CALENDAR_MIN ? CALENDAR_MIN : t > CALENDAR_MAX ? CALENDAR_MAX : t;
}

int query_sums(struct store *s, struct arena *a, int64_t from, int64_t to, struct store_sum **ret_rows, size_t *ret_n,
	struct err *err)
{
	struct query w = { .s = s, .a = a };
	struct store_sum *rows;

	sums_init(&w.sums, a, NULL, 0);
	if (query_base(s, a, &w.sampled, &w.zone, err) || add_range(&w, clamp_time(from), clamp_time(to), err))
		return -1;
	sums_sort(&w.sums);
	rows = arena_array(a, w.sums.rows.n + 1, sizeof *rows);
	for (size_t i = 0; i < w.sums.rows.n; i++) {
		rows[i].entry = w.sums.rows.at[i].entry;
		slice_row_to(&w.sums.rows.at[i], &rows[i].figures);
	}
	*ret_rows = rows;
	*ret_n = w.sums.rows.n;
	return 0;
}

int store_sums(struct store *s, struct arena *a, int64_t from, int64_t to, struct store_sum **ret_rows, size_t *ret_n,
	struct err *err)
{
	cleanup_tx struct store *tx = NULL;

	return db_begin_read(s, &tx, err) ? -1 : query_sums(s, a, from, to, ret_rows, ret_n, err);
}
