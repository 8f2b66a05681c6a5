/* Sums, histories, cycles, events: see store.h and query.h.
 * A row that was begun before the question's stretch or ends after it gives its share by time; the bucket that runs now ends
 * at the last sample, so asking for it up to now gives all of it.
 * run/ and cmd/, through store.h. */
#include "store/query.h"

#include <stdlib.h>

#include "store/hours.h"
#include "store/sums.h"

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

/* Of the bucket that begins at start: where its figures end. */
static int64_t end_of(const struct query *w, enum bucket which, int64_t start)
{
	int64_t end = calendar_next(w->zone, which, start);

	if (start < w->sampled && w->sampled < end)
		end = w->sampled;
	return end > start ? end : start + 1;
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

static void add_row(void *arg, int64_t start, const struct slice_row *row)
{
	struct query *w = arg;

	(void)start;
	sums_add(&w->sums, row);
}

struct part {
	struct query *w;
	int64_t end, from, to;
};

static void add_part(void *arg, int64_t start, const struct slice_row *row)
{
	const struct part *x = arg;

	sums_add_part(&x->w->sums, row, start, x->end, x->from, x->to);
}

/* [from, to) inside the hour that begins at start: from the spans if they know all of it, else in proportion. */
static int add_part_of_hour(struct query *w, int64_t start, int64_t from, int64_t to, struct err *err)
{
	struct part part = { .w = w, .end = end_of(w, BUCKET_HOUR, start), .from = from, .to = to };
	struct stretch x = { .sums = &w->sums, .from = from, .to = to, .known = INT64_MAX };

	if (from >= to)
		return 0;
	if (query_spans(w->s, start, to, see_span, &x, err))
		return -1;
	if (x.known <= from)
		return query_spans(w->s, from, to, add_span, &x, err);
	return hours_walk(w->s, start, start + 1, add_part, &part, err);
}

static int64_t at_or_after(const struct query *w, enum bucket which, int64_t t)
{
	int64_t start = calendar_floor(w->zone, which, t);

	return start < t ? calendar_next(w->zone, which, t) : start;
}

static int add_hours(struct query *w, int64_t from, int64_t to, struct err *err)
{
	int64_t lo, hi;

	if (from >= to)
		return 0;
	lo = at_or_after(w, BUCKET_HOUR, from);
	hi = calendar_floor(w->zone, BUCKET_HOUR, to);
	if (hi < lo) /* inside one hour */
		return add_part_of_hour(w, hi, from, to, err);
	if (from < lo && add_part_of_hour(w, calendar_floor(w->zone, BUCKET_HOUR, from), from, lo, err))
		return -1;
	if (hours_walk(w->s, lo, hi, add_row, w, err))
		return -1;
	return add_part_of_hour(w, hi, hi, to, err);
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
		struct slice_reader r = slice_read(sqlite3_column_blob(q, 1), (size_t)sqlite3_column_bytes(q, 1));
		int64_t start = sqlite3_column_int64(q, 0), end = end_of(w, BUCKET_DAY, start);
		struct slice_row row;

		while (slice_next(&r, &row))
			sums_add_part(&w->sums, &row, start, end, from, to);
		if (r.bad)
			return db_damaged(w->s, err, "the figures of a day make no sense");
	}
	return rc;
}

/* -- sums ------------------------------------------------------------------------------------------------------------ */

/* Days where hours are gone and in the middle of a long stretch, hours else. */
static int add_range(struct query *w, int64_t from, int64_t to, struct err *err)
{
	int64_t hours, lo, hi;

	if (hours_first(w->s, &hours, err))
		return -1;
	if (from < hours) {
		lo = hours == INT64_MAX ? to : at_or_after(w, BUCKET_DAY, hours);
		if (lo > to)
			lo = to;
		if (add_days(w, from, lo, err))
			return -1;
		from = lo;
	}
	if (to - from <= BY_DAYS_S)
		return add_hours(w, from, to, err);
	lo = at_or_after(w, BUCKET_DAY, from);
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
