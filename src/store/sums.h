/* Figures added up by entry.
 * Memory in an arena; clearing keeps it for the next bucket.
 * store/ alone. */
#ifndef STORE_SUMS_H
#define STORE_SUMS_H

#include "store/slice.h"

struct sums {
	struct arena *arena;
	struct slice_rows rows; /* in no order until sums_sort */
	uint32_t *slots;        /* index into rows + 1 by hash of the entry; 0 free */
	size_t n_slots;
	const int64_t *only; /* ascending: entries that count; NULL: all */
	size_t n_only;
};

void sums_init(struct sums *m, struct arena *a, const int64_t *only, size_t n_only);
bool sums_want(const struct sums *m, int64_t entry);
void sums_add(struct sums *m, const struct slice_row *row);
/* Adds slice_row_part. */
void sums_add_part(struct sums *m, const struct slice_row *row, int64_t start, int64_t end, int64_t lo, int64_t hi);
/* Ascending by entry. Nothing may be added afterwards before sums_clear. */
void sums_sort(struct sums *m);
void sums_clear(struct sums *m);

#endif
