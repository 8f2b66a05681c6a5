/* Histories, cycles, events: see store.h.
 * Weeks, months and years are days added up, so five years of a hundred entries are two thousand rows to read.
 * run/ and cmd/, through store.h. */
#include <stdlib.h>
#include <string.h>

#include "store/hours.h"
#include "store/query.h"
#include "store/sums.h"

#define DAY_S ((int64_t)86400)
/* Minutes of one span; a longer one is shown in its last ones. Spans are kept for two days where nobody asks for more. */
#define MINUTES_MAX ((size_t)44640)

struct history {
	struct store *s;
	struct arena *a;
	enum bucket by;
	const char *zone;
	int64_t from, to;
	int64_t start, end; /* the bucket in sums */
	struct sums sums;
	int64_t *minutes; /* scratch for one span */
	VEC_OF(struct store_row) rows;
};

static void flush(struct history *h)
{
	sums_sort(&h->sums);
	for (size_t i = 0; i < h->sums.rows.n; i++) {
		struct store_row *row = vec_push(h->a, &h->rows);

		row->start = h->start;
		row->entry = h->sums.rows.at[i].entry;
		row->estimated = h->sums.rows.at[i].estimated;
		slice_row_to(&h->sums.rows.at[i], &row->figures);
	}
	sums_clear(&h->sums);
}

/* Makes the bucket of t the one that is added to. t never falls. */
static void enter(struct history *h, int64_t t)
{
	if (h->start <= t && t < h->end)
		return;
	flush(h);
	h->start = calendar_floor(h->zone, h->by, t);
	h->end = calendar_next(h->zone, h->by, t);
}

/* Days that have a part in [from, to). */
static int history_days(struct history *h, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (db_stmt(h->s, STMT_DAY_RANGE, &q, err))
		return -1;
	db_bind_int(q, 1, calendar_floor(h->zone, BUCKET_DAY, h->from));
	db_bind_int(q, 2, h->to);
	while ((rc = db_step(h->s, q, err)) > 0) {
		struct slice_reader r = slice_read(sqlite3_column_blob(q, 1), (size_t)sqlite3_column_bytes(q, 1));
		struct slice_row row;

		/* Its middle, so that a day of a zone that was changed since counts for the one it has most of. */
		enter(h, sqlite3_column_int64(q, 0) + DAY_S / 2);
		while (slice_next(&r, &row))
			sums_add(&h->sums, &row);
		if (r.bad)
			return db_damaged(h->s, err, "the figures of a day make no sense");
	}
	flush(h);
	return rc;
}

/* -- hours and minutes: rows in no order, sorted at the end ------------------------------------------------------------ */

static void add_row(struct history *h, int64_t start, const struct slice_row *row)
{
	struct store_row *to;

	if (slice_row_zero(row))
		return;
	to = vec_push(h->a, &h->rows);
	to->start = start;
	to->entry = row->entry;
	to->estimated = row->estimated;
	slice_row_to(row, &to->figures);
}

static int by_start(const void *a, const void *b)
{
	const struct store_row *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->entry < y->entry ? -1 : x->entry > y->entry;
}

/* Several spans may have a share in one minute. */
static void sort_rows(struct history *h)
{
	size_t kept = 0;

	if (h->rows.n == 0)
		return;
	qsort(h->rows.at, h->rows.n, sizeof *h->rows.at, by_start);
	for (size_t i = 1; i < h->rows.n; i++) {
		if (by_start(&h->rows.at[kept], &h->rows.at[i]) == 0) {
			figures_add(&h->rows.at[kept].figures, &h->rows.at[i].figures);
			h->rows.at[kept].estimated |= h->rows.at[i].estimated;
		} else {
			h->rows.at[++kept] = h->rows.at[i];
		}
	}
	h->rows.n = kept + 1;
}

static void add_hour(void *arg, int64_t start, const struct slice_row *row)
{
	struct history *h = arg;

	if (!sums_want(&h->sums, row->entry))
		return;
	/* An hour of a zone whose hours begin elsewhere goes to the one that holds its start. */
	if (start < h->start || start >= h->end) {
		h->start = calendar_floor(h->zone, BUCKET_HOUR, start);
		h->end = calendar_next(h->zone, BUCKET_HOUR, start);
	}
	add_row(h, h->start, row);
}

static int history_hours(struct history *h, struct err *err)
{
	if (hours_walk(h->s, calendar_floor(h->zone, BUCKET_HOUR, h->from), h->to, add_hour, h, err))
		return -1;
	sort_rows(h);
	return 0;
}

/* The boundaries of the minutes that [start, end] touches and that were asked for; returns how many minutes. */
static size_t list_minutes(const struct history *h, int64_t start, int64_t end)
{
	int64_t t = start > h->from ? start : h->from;
	size_t n = 0;

	if (end - t > (int64_t)(MINUTES_MAX - 1) * 60)
		t = end - (int64_t)(MINUTES_MAX - 1) * 60;
	for (t = calendar_floor(h->zone, BUCKET_MINUTE, t); t <= end && t < h->to && n < MINUTES_MAX; n++) {
		h->minutes[n] = t;
		t = calendar_next(h->zone, BUCKET_MINUTE, t);
	}
	h->minutes[n] = t;
	return n;
}

static void add_minutes(void *arg, int64_t start, int64_t end, struct slice_reader *slice)
{
	struct history *h = arg;
	size_t n = list_minutes(h, start, end);
	struct slice_row row;

	while (slice_next(slice, &row))
		for (size_t i = 0; sums_want(&h->sums, row.entry) && i < n; i++) {
			struct slice_row part = slice_row_part(&row, start, end, h->minutes[i], h->minutes[i + 1]);

			add_row(h, h->minutes[i], &part);
		}
}

static int history_minutes(struct history *h, struct err *err)
{
	h->minutes = arena_array(h->a, MINUTES_MAX + 1, sizeof *h->minutes);
	if (query_spans(h->s, h->from, h->to, add_minutes, h, err))
		return -1;
	sort_rows(h);
	return 0;
}

/* -- the doors ------------------------------------------------------------------------------------------------------- */

static int64_t clamp_time(int64_t t)
{
	return t < CALENDAR_MIN ? CALENDAR_MIN : t > CALENDAR_MAX ? CALENDAR_MAX : t;
}

static int compare_ids(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int store_history(struct store *s, struct arena *a, enum bucket by, const char *zone, int64_t from, int64_t to,
	const int64_t *entries, size_t n_entries, struct store_row **ret_rows, size_t *ret_n, struct err *err)
{
	cleanup_tx struct store *tx = NULL;
	struct history h = { .s = s, .a = a, .by = by, .zone = zone, .from = clamp_time(from), .to = clamp_time(to) };
	int64_t *only = NULL;
	int rc;

	if (entries) {
		only = arena_array(a, n_entries + 1, sizeof *only);
		memcpy(only, entries, n_entries * sizeof *only);
		qsort(only, n_entries, sizeof *only, compare_ids);
	}
	sums_init(&h.sums, a, only, n_entries);
	if (db_begin_read(s, &tx, err))
		return -1;
	if (by == BUCKET_MINUTE)
		rc = history_minutes(&h, err);
	else
		rc = by == BUCKET_HOUR ? history_hours(&h, err) : history_days(&h, err);
	if (rc)
		return -1;
	*ret_rows = h.rows.at;
	*ret_n = h.rows.n;
	return 0;
}

int store_cycles(struct store *s, struct arena *a, int64_t from, int64_t to, struct store_cycle **ret_rows,
	size_t *ret_n, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	VEC_OF(struct store_cycle) rows = { 0 };
	int rc;

	if (db_stmt(s, STMT_CYCLE_RANGE, &q, err))
		return -1;
	db_bind_int(q, 1, from);
	db_bind_int(q, 2, to);
	while ((rc = db_step(s, q, err)) > 0) {
		struct store_cycle *c = vec_push(a, &rows);

		c->entry = sqlite3_column_int64(q, 0);
		c->start = sqlite3_column_int64(q, 1);
		c->end = sqlite3_column_int64(q, 2);
		c->closed = sqlite3_column_int(q, 4);
		if (!figures_get(sqlite3_column_blob(q, 3), (size_t)sqlite3_column_bytes(q, 3), &c->figures))
			return db_damaged(s, err, "a row of cycle makes no sense");
	}
	if (rc < 0)
		return -1;
	*ret_rows = rows.at;
	*ret_n = rows.n;
	return 0;
}

int store_events(
	struct store *s, struct arena *a, int64_t since, struct store_event **ret_rows, size_t *ret_n, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	VEC_OF(struct store_event) rows = { 0 };
	int rc;

	if (db_stmt(s, STMT_EVENT_SINCE, &q, err))
		return -1;
	db_bind_int(q, 1, since);
	while ((rc = db_step(s, q, err)) > 0) {
		struct store_event *e = vec_push(a, &rows);

		e->id = sqlite3_column_int64(q, 0);
		e->time = sqlite3_column_int64(q, 1);
		e->entry = sqlite3_column_int64(q, 2);
		e->kind = db_text(q, 3, a);
		e->text = db_text(q, 4, a);
	}
	if (rc < 0)
		return -1;
	*ret_rows = rows.at;
	*ret_n = rows.n;
	return 0;
}
