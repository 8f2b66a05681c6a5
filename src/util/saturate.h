/* Sums and products of figures that stop at the largest number instead of starting again at 0: a figure that is too large must
 * never look small.
 * Anybody may call. */
#ifndef UTIL_SATURATE_H
#define UTIL_SATURATE_H

#include <stdint.h>

static inline uint64_t saturate_add(uint64_t a, uint64_t b)
{
	uint64_t r;

	return __builtin_add_overflow(a, b, &r) ? UINT64_MAX : r;
}

static inline uint64_t saturate_mul(uint64_t a, uint64_t b)
{
	uint64_t r;

	return __builtin_mul_overflow(a, b, &r) ? UINT64_MAX : r;
}

#endif
