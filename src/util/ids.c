/* Where an id stands in a list: see ids.h.
 * By halves, with no memory of its own.
 * Anybody may call. */
#include "util/ids.h"

static int64_t id_at(const int64_t *first, size_t stride, size_t i)
{
	return *(const int64_t *)(const void *)((const char *)first + i * stride);
}

size_t ids_place(const int64_t *first, size_t stride, size_t n, int64_t id)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		const size_t mid = lo + (hi - lo) / 2;

		if (id_at(first, stride, mid) < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && id_at(first, stride, lo) == id ? lo : SIZE_MAX;
}
