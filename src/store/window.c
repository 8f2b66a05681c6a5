/* What moved in the last minutes, and how much of that time is known: see store_window and store_interval in store.h.
 * A span says what moved between two runs, not when: one that is longer than the window says nothing about the window.
 * run/, through store.h. */
#include <stdlib.h>

#include "store/query.h"
#include "store/sums.h"

struct window {
	struct arena *a;
	int64_t from, to;
	struct sums sums;
	VEC_OF(struct cycle_span) unknown;
};

static void not_known(struct window *w, int64_t start, int64_t end)
{
	start = start < w->from ? w->from : start;
	end = end > w->to ? w->to : end;
	if (start < end)
		*vec_push(w->a, &w->unknown) = (struct cycle_span){ start, end };
}

static void see_span(void *arg, int64_t start, int64_t end, struct slice_reader *slice)
{
	struct window *w = arg;
	struct slice_row row;

	if (end - start > w->to - w->from) {
		not_known(w, start, end);
		return;
	}
	while (slice_next(slice, &row))
		sums_add_part(&w->sums, &row, start, end, w->from, w->to);
}

static int by_start(const void *a, const void *b)
{
	const struct cycle_span *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static uint64_t known(struct window *w)
{
	int64_t seen = w->from, lost = 0;

	if (w->unknown.n)
		qsort(w->unknown.at, w->unknown.n, sizeof *w->unknown.at, by_start);
	for (size_t i = 0; i < w->unknown.n; i++) {
		int64_t start = w->unknown.at[i].start > seen ? w->unknown.at[i].start : seen;

		if (w->unknown.at[i].end <= start)
			continue;
		lost += w->unknown.at[i].end - start;
		seen = w->unknown.at[i].end;
	}
	return (uint64_t)(w->to - w->from - lost);
}

int store_window(struct store *s, struct arena *a, int64_t from, int64_t to, int64_t up_from,
	struct store_sum **ret_rows, size_t *ret_n, uint64_t *ret_known_s, struct err *err)
{
	struct window w = { .a = a, .from = from, .to = to < from ? from : to };
	struct store_sum *rows;

	sums_init(&w.sums, a, NULL, 0);
	if (query_spans(s, w.from, w.to, see_span, &w, err))
		return -1;
	not_known(&w, w.from, up_from);
	sums_sort(&w.sums);
	rows = arena_array(a, w.sums.rows.n + 1, sizeof *rows);
	for (size_t i = 0; i < w.sums.rows.n; i++) {
		rows[i].entry = w.sums.rows.at[i].entry;
		slice_row_to(&w.sums.rows.at[i], &rows[i].figures);
	}
	*ret_rows = rows;
	*ret_n = w.sums.rows.n;
	*ret_known_s = known(&w);
	return 0;
}

static int by_length(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int store_interval(struct store *s, int64_t *ret_seconds, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int64_t length[STORE_INTERVALS];
	size_t n = 0;
	int rc;

	if (db_stmt(s, STMT_SPAN_LAST, &q, err))
		return -1;
	db_bind_int(q, 1, STORE_INTERVALS);
	while (n < STORE_INTERVALS && (rc = db_step(s, q, err)) != 0) {
		struct slice_reader slice = { 0 };
		uint64_t before, longest = 0;

		if (rc < 0)
			return -1;
		/* a part that is shorter is of an entry that is younger than the run before */
		for (struct span_reader parts =
				span_read(sqlite3_column_blob(q, 1), (size_t)sqlite3_column_bytes(q, 1));
			span_next(&parts, &before, &slice);)
			longest = before > longest && before < (uint64_t)CALENDAR_MAX ? before : longest;
		length[n++] = (int64_t)longest;
	}
	qsort(length, n, sizeof *length, by_length);
	*ret_seconds = n < STORE_INTERVALS_LEAST ? 0 : length[n / 2];
	return 0;
}
