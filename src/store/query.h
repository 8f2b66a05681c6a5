/* Reading figures: what store.h's queries stand on, for use inside a transaction that is already open.
 * Memory in the caller's arena.
 * store/ alone. */
#ifndef STORE_QUERY_H
#define STORE_QUERY_H

#include "store/db.h"
#include "store/slice.h"

/* store_sums without a transaction of its own. */
int query_sums(struct store *s, struct arena *a, int64_t from, int64_t to, struct store_sum **ret_rows, size_t *ret_n,
	struct err *err);
/* When the last result was stored, and the zone its hours and days are cut in. */
int query_base(struct store *s, struct arena *a, int64_t *ret_sampled, const char **ret_zone, struct err *err);
/* Calls each for every part of a span that ends at or after `from` and begins before `to`, in the order of their ends. */
typedef void query_span_fn(void *arg, int64_t start, int64_t end, struct slice_reader *slice);
int query_spans(struct store *s, int64_t from, int64_t to, query_span_fn *each, void *arg, struct err *err);

#endif
