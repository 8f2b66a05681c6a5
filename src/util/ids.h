/* Where an id stands in a list that ascends by it, as what the store reads does: rows of the ledger, sums, policies.
 * A search by halves; no map is made.
 * Anybody may call. */
#ifndef UTIL_IDS_H
#define UTIL_IDS_H

#include <stddef.h>
#include <stdint.h>

/* first: the id of the first element; the others' lie `stride` bytes apart. SIZE_MAX: it is not in the list. */
size_t ids_place(const int64_t *first, size_t stride, size_t n, int64_t id);

/* ... in the n elements at `at`, which may be NULL where n is 0. */
#define IDS_PLACE(at, n, field, id) ((n) ? ids_place(&(at)->field, sizeof *(at), (n), (id)) : SIZE_MAX)

#endif
