/* A growing array in an arena: `VEC_OF(struct port_range) ports;` inside a struct, `vec_push(arena, &x->ports)`
 * returns the address of a new zeroed element. Addresses move when it grows: keep indexes, not pointers.
 * Anybody may call. */
#ifndef UTIL_VEC_H
#define UTIL_VEC_H

#include "util/arena.h"

#define VEC_OF(type) \
	struct { \
		type *at; \
		size_t n, cap; \
	}

/* Grows to hold one more and returns its address; never NULL. */
void *vec_push_(struct arena *a, void **at, size_t *n, size_t *cap, size_t size) __attribute__((returns_nonnull));

/* Makes room for `want` elements in all, so that as many are there without another copy. */
void vec_reserve_(struct arena *a, void **at, size_t n, size_t *cap, size_t want, size_t size);

/* A list may hold pointers: NOLINTNEXTLINE(bugprone-sizeof-expression) */
#define vec_push(a, v) ((__typeof__((v)->at))vec_push_((a), (void **)&(v)->at, &(v)->n, &(v)->cap, sizeof *(v)->at))
/* NOLINTNEXTLINE(bugprone-sizeof-expression) */
#define vec_reserve(a, v, want) vec_reserve_((a), (void **)&(v)->at, (v)->n, &(v)->cap, (want), sizeof *(v)->at)

#endif
