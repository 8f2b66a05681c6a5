/* Sums and products of figures that stop at the largest number instead of starting again at 0: a figure that is too large must
 * never look small. What is between is computed in 128 bit, so that nothing is rounded twice.
 * Anybody may call. */
#ifndef UTIL_SATURATE_H
#define UTIL_SATURATE_H

#include <stdbool.h>
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

__extension__ typedef unsigned __int128 saturate_wide;

/* v * over / under, rounded down; under > 0. */
static inline uint64_t saturate_scale(uint64_t v, uint64_t over, uint64_t under)
{
	saturate_wide r = (saturate_wide)v * over / under;

	return r > UINT64_MAX ? UINT64_MAX : (uint64_t)r;
}

/* a * b < c * d, exactly. */
static inline bool product_less(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	return (saturate_wide)a * b < (saturate_wide)c * d;
}

#endif
