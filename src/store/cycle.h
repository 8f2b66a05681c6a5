/* The running cycle of an entry: its figures, its end, the next one.
 * Inside the caller's transaction; memory in the caller's arena.
 * store/ alone. */
#ifndef STORE_CYCLE_H
#define STORE_CYCLE_H

#include "store/entry_row.h"
#include "store/query.h"

struct cycle_cache_row {
	struct cycle_span span;
	struct store_sum *sums; /* ascending by entry */
	size_t n;
};

/* What many entries of one result share. */
struct cycle_work {
	struct store *s;
	struct arena *a;
	int64_t now;
	uint64_t rule; /* the last rule asked and the cycle that holds `now` by it */
	struct cycle_span span;
	bool spans;
	VEC_OF(struct cycle_cache_row) sums; /* of cycles computed anew: before this result, for [quota]s with it */
};

/* Is there a boundary in (from, now], or another rule: must the calendar be asked? */
bool cycle_turns(const struct entry_row *row, const struct result_entry *e, int64_t from, int64_t now);
/* Adds to cuts[n] the moments in (from, now) at which cycles of the rule begin; at most max in all; returns the new n, ascending. */
size_t cycle_cuts(const struct cycle_rule *rule, int64_t from, int64_t now, int64_t *cuts, size_t n, size_t max);
/* Books the pieces of a result to the cycles they belong to, closes what is over, leaves the cycle that holds now running.
 * row->total holds them already. A [quota] comes after its members, when these and their hours are written and `sums` is empty. */
int cycle_book(struct cycle_work *w, struct entry_row *row, const struct result_entry *e, const struct piece *pieces,
	size_t n, struct err *err);

#endif
