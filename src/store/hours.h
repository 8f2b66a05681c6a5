/* The hours, whichever of two tables they lie in: those of running days as rows of `hour`, those of days that are over packed
 * in `hours`. What is added to a packed day unpacks it first.
 * Inside the caller's transaction.
 * store/ alone. */
#ifndef STORE_HOURS_H
#define STORE_HOURS_H

#include "store/db.h"
#include "store/slice.h"

/* Calls each for every row of the hours that begin in [from, to), in no order. */
typedef void hours_fn(void *arg, int64_t start, const struct slice_row *row);
int hours_walk(struct store *s, int64_t from, int64_t to, hours_fn *each, void *arg, struct err *err);
/* The start of the first hour that is stored; INT64_MAX if none is. */
int hours_first(struct store *s, int64_t *ret_start, struct err *err);

/* Makes the hour at `start` a row of `hour`, if it is anything. */
int hours_unpack(struct store *s, int64_t start, struct err *err);
/* Packs the hours before `now`'s day. */
int hours_pack(struct store *s, const char *zone, int64_t now, struct err *err);
/* Forgets hours before `before`; of a packed day all or nothing. */
int hours_expire(struct store *s, int64_t before, struct err *err);

#endif
