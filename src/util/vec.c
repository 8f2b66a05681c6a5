/* A growing array in an arena: see vec.h.
 * The old copy stays in the arena until the run ends; doubling keeps that below the size of the result.
 * Anybody may call. */
#include "util/vec.h"

#include <string.h>

void *vec_push_(struct arena *a, void **at, size_t *n, size_t *cap, size_t size)
{
	if (*n == *cap) {
		size_t more = *cap ? 2 * *cap : 8;
		void *p = arena_array(a, more, size);

		if (*n)
			memcpy(p, *at, *n * size);
		*at = p;
		*cap = more;
	}
	return (char *)*at + (*n)++ * size;
}
