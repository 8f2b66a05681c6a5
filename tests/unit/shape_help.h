/* Trees of classes at random, for the tests of the plan and of the kernel.
 * The same numbers in every run; what is wanted and what is there share most minors, so that all kinds of steps occur.
 * tests/unit/shape*_test.c include. */
#ifndef SHAPE_HELP_H
#define SHAPE_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/shape_plan.h"

/* xorshift64* */
static inline uint64_t dice(uint64_t *seed, uint64_t sides)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return (*seed * 0x2545f4914f6cdd1dU >> 11) % sides;
}

/* 8 kbit to 100 gbit, all magnitudes alike. */
static inline uint64_t random_bps(uint64_t *seed)
{
	uint64_t bps = 8000;

	for (uint64_t n = dice(seed, 8); n > 0; n--)
		bps *= 10;
	return bps > 10000000000U ? 100000000000U - dice(seed, 1000) : bps + dice(seed, bps);
}

static inline struct shape_device random_want(struct arena *a, uint64_t *seed, int ifindex, bool codel)
{
	VEC_OF(struct shape_limit) limits = { 0 };
	struct shape_wish w = { .ifindex = ifindex, .major = SHAPE_OUT, .codel = codel };
	struct shape_device d;

	w.name = arena_printf(a, "d%d", ifindex);
	w.mtu = dice(seed, 3) ? 1500 : (uint32_t)(1280 + dice(seed, 64000));
	w.takeover = dice(seed, 2);
	w.total.present = dice(seed, 2);
	w.total.bps = random_bps(seed);
	for (uint32_t minor = 1; minor < 12; minor++)
		if (dice(seed, 3) == 0)
			*vec_push(a, &limits) = (struct shape_limit){ minor, random_bps(seed) };
	if (dice(seed, 6) == 0)
		limits.n = w.total.present = 0;
	w.limits = limits.at;
	w.n = limits.n;
	shape_want(a, &w, &d);
	return d;
}

static inline struct shape_device want_of(
	struct arena *a, uint32_t mtu, bool codel, uint64_t total, const struct shape_limit *l, size_t n)
{
	const struct shape_wish w = { .ifindex = 2,
		.name = "eth0",
		.mtu = mtu,
		.major = SHAPE_OUT,
		.codel = codel,
		.total = { total != 0, total },
		.limits = l,
		.n = n };
	struct shape_device d;

	shape_want(a, &w, &d);
	return d;
}

static inline bool same_tree(const struct shape_device *x, const struct shape_device *y)
{
	if (x->root != y->root || x->classes.n != y->classes.n)
		return false;
	if (x->root == SHAPE_ROOT_OURS &&
		(x->rest != y->rest || x->direct_packets != y->direct_packets || x->odd != y->odd))
		return false;
	for (size_t i = 0; i < x->classes.n; i++)
		if (!shape_class_equal(&x->classes.at[i], &y->classes.at[i]) ||
			!shape_leaf_equal(&x->classes.at[i].leaf, &y->classes.at[i].leaf))
			return false;
	return true;
}

#endif
