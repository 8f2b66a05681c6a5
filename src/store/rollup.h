/* Buckets of figures: adding to hours and days, writing spans, letting go what is too old.
 * Inside the caller's transaction; memory in the caller's arena.
 * store/ alone. */
#ifndef STORE_ROLLUP_H
#define STORE_ROLLUP_H

#include "store/db.h"
#include "store/slice.h"

/* Figures of one entry for the bucket that begins at start. */
struct addition {
	int64_t start;
	struct slice_row row;
};
struct additions {
	struct addition *at;
	size_t n, cap;
};

/* Sorts adds, and sums what has the same bucket and entry. */
void rollup_sort(struct additions *adds);
/* Adds to the rows of hour (BUCKET_HOUR) or day (BUCKET_DAY). adds: sorted. */
int rollup_add(struct store *s, enum bucket which, const struct additions *adds, struct err *err);
/* Cuts the days anew if they are not days of `zone`. */
int rollup_rezone(struct store *s, const char *zone, int64_t now, struct err *err);
/* Writes what was measured until `until`, from the additions' starts on, as parts of the span that ends then. adds: sorted. */
int rollup_spans(struct store *s, int64_t until, const struct additions *adds, struct err *err);
/* Lets go what is older than the result wants kept. Finer figures go before coarser ones: what is longest kept of minutes,
 * hours and days is kept of the coarser ones too. */
int rollup_expire(struct store *s, struct arena *a, const struct result *r, struct err *err);

#endif
