/* A growing array in an arena: see vec.h.
 * Grown where it stands if it is the last thing in the arena. Else the old copy stays in the arena until the run ends: doubling
 * keeps that below the size of the result, and vec_reserve() away.
 * Anybody may call. */
#include "util/vec.h"

#include <stdint.h>
#include <string.h>

void vec_reserve_(struct arena *a, void **at, size_t n, size_t *cap, size_t want, size_t size)
{
	void *p;

	if (want <= *cap)
		return;
	if (*cap && want <= SIZE_MAX / size && arena_extend(a, *at, *cap * size, (want - *cap) * size)) {
		*cap = want;
		return;
	}
	p = arena_array(a, want, size);
	if (n)
		memcpy(p, *at, n * size);
	*at = p;
	*cap = want;
}

void *vec_push_(struct arena *a, void **at, size_t *n, size_t *cap, size_t size)
{
	if (*n == *cap)
		vec_reserve_(a, at, *n, cap, *cap ? 2 * *cap : 8, size);
	return (char *)*at + (*n)++ * size;
}
