/* The figures of one entry as its row has them.
 * Inside the caller's transaction.
 * store/ alone. */
#ifndef STORE_ENTRY_ROW_H
#define STORE_ENTRY_ROW_H

#include "store/db.h"

struct entry_row {
	int64_t id, created;
	struct figures total, older;
	int64_t cycle_start, cycle_end; /* equal: none yet */
	struct figures cycle;
	uint64_t cycle_rule;
	int64_t rate_from, rate_to;
	struct figures rate;
};

int entry_row_get(struct store *s, int64_t id, struct entry_row *ret_row, struct err *err);
int entry_row_set(struct store *s, const struct entry_row *row, struct err *err);

/* Takes a closed cycle out of the table: its figures, or none if it is not there. */
int cycle_take(
	struct store *s, int64_t entry, int64_t start, int64_t end, struct figures *ret_figures, struct err *err);
int cycle_put(
	struct store *s, int64_t entry, int64_t start, int64_t end, const struct figures *figures, struct err *err);

#endif
