/* Where a name stands in a list, for names that come mostly in the list's own order, as those of a dump do: the next ones are
 * looked at first, and a map is made only when somebody comes out of order.
 * Anybody may call. */
#ifndef UTIL_PLACES_H
#define UTIL_PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "util/hash.h"

struct places {
	struct arena *arena;
	const char *const *first; /* the name of the first element; the others' lie `stride` bytes apart */
	size_t stride, n;
	const char *stranger; /* a name that comes and is in no list; NULL none */
	size_t next;
	bool mapped;
	struct hash_map map;
};

/* first, and what it belongs to, must stay where it is. With n = 0 it may be NULL. */
void places_init(struct places *p, struct arena *a, const char *const *first, size_t stride, size_t n);
const char *places_name(const struct places *p, size_t i);
/* False: it is not in the list. */
bool places_find(struct places *p, const char *name, size_t *ret_place);

#endif
