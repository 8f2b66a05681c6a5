/* What should be left of a quota by now: see carry.h.
 * Differences of figures of one object, and one comparison.
 * Pure; run/ calls. */
#include "model/carry.h"

#include "model/diff.h"

static uint64_t since(uint64_t then, uint64_t now)
{
	return now >= then ? now - then : now;
}

static uint64_t less(uint64_t from, uint64_t what)
{
	return from > what ? from - what : 0;
}

struct carry carry_seen(uint64_t before, uint64_t after, uint64_t now)
{
	struct carry c = { since(after, now), since(before, now) };

	if (c.most < c.least)
		c.most = c.least;
	return c;
}

uint64_t carry_left(uint64_t quota, uint64_t left, uint64_t have_left, struct carry seen)
{
	const uint64_t lo = less(left, seen.most), hi = less(left, seen.least);
	const uint64_t nearest = have_left < lo ? lo : have_left > hi ? hi : have_left;

	return diff_quota_right(quota, nearest, have_left) ? nearest : lo;
}
