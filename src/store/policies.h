/* What is decided from one run to the next, as rows.
 * Inside the caller's transaction.
 * store/ alone. */
#ifndef STORE_POLICIES_H
#define STORE_POLICIES_H

#include "store/db.h"

int policies_load(struct store *s, struct arena *a, struct ledger *l, struct err *err);
/* Those of the result. */
int policies_put(struct store *s, const struct result *r, struct err *err);
/* Both tables: what `from` has goes to `to`; what both have becomes one. */
int policies_merge(struct store *s, int64_t from, int64_t to, struct err *err);

#endif
