/* What holds for an entry, by hand; then all combinations of what may hold against the naive minimum.
 * Two entries and two quotas that overlap are enough for every way in which one may hold another.
 * make check-unit runs it. */
#include "model/standing.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MBIT UINT64_C(1000000)
#define SOON INT64_C(1000)
#define LATER INT64_C(2000)

/* Two entries; "own" is in both quotas, "other" in the second. */
struct scene {
	struct entry entries[2], quotas[2];
	size_t first[1], second[2];
	struct decided decided[4];
	struct config c;
};

static void scene(struct scene *x)
{
	*x = (struct scene){ .entries = { { .name = "own" }, { .name = "other" } },
		.quotas = { { .kind = ENTRY_QUOTA, .name = "first" }, { .kind = ENTRY_QUOTA, .name = "second" } },
		.second = { 0, 1 } };
	x->quotas[0].member_at = (struct index_list){ x->first, 1, 1 };
	x->quotas[1].member_at = (struct index_list){ x->second, 2, 2 };
	x->c.entries.at = x->entries;
	x->c.entries.n = 2;
	x->c.quotas.at = x->quotas;
	x->c.quotas.n = 2;
}

static void limit(struct scene *x, enum direction d, uint64_t bps)
{
	x->entries[0].limit[d] = (struct rate){ true, bps };
}

static void burst(struct scene *x, uint64_t bps, int64_t until)
{
	x->entries[0].burst.limit = (struct rate){ true, bps };
	x->decided[0].burst_until = until;
}

/* which: 0, 1 the entries, 2, 3 the quotas. bps 0: blocks. */
static void quota(struct scene *x, size_t which, uint64_t bps, int64_t end)
{
	struct entry *e = which < 2 ? &x->entries[which] : &x->quotas[which - 2];

	e->quota_action = (struct quota_act){ bps ? ACTION_THROTTLE : ACTION_BLOCK, bps };
	x->decided[which].quota = bps ? QUOTA_THROTTLED : QUOTA_BLOCKED;
	x->decided[which].cycle_end = end;
}

static void expect(const char *what, const struct scene *x, enum direction d, const struct entry *by, uint64_t bps,
	enum standing_why why, int64_t until)
{
	cleanup_arena struct arena a = { 0 };
	const struct standing_rate *is = &standings(&a, &x->c, x->decided)[0].of[d];

	if (is->by != by || is->why != why || (by && (is->bps != bps || is->until != until)))
		fail_msg("%s: %s, %" PRIu64 ", why %d, until %" PRId64, what, is->by ? is->by->name : "free", is->bps,
			(int)is->why, is->until);
}

static void by_hand(void **state)
{
	struct scene x;

	(void)state;
	scene(&x);
	expect("nothing", &x, DIR_IN, NULL, 0, STANDING_FREE, 0);
	x.decided[0].quota = x.decided[2].quota = QUOTA_WARNED;
	expect("warned", &x, DIR_OUT, NULL, 0, STANDING_FREE, 0);
	limit(&x, DIR_OUT, 20 * MBIT);
	expect("one direction", &x, DIR_IN, NULL, 0, STANDING_FREE, 0);
	expect("and the other", &x, DIR_OUT, &x.entries[0], 20 * MBIT, STANDING_CONFIGURED, CALENDAR_MAX);
	burst(&x, 30 * MBIT, SOON);
	expect("a burst's hold above the limit", &x, DIR_OUT, &x.entries[0], 20 * MBIT, STANDING_CONFIGURED,
		CALENDAR_MAX);
	expect("where there is none", &x, DIR_IN, &x.entries[0], 30 * MBIT, STANDING_BURST, SOON);
	quota(&x, 3, 10 * MBIT, LATER);
	expect("a shared quota", &x, DIR_OUT, &x.quotas[1], 10 * MBIT, STANDING_QUOTA, LATER);
	quota(&x, 0, 10 * MBIT, SOON);
	expect("of two throttles that which lasts", &x, DIR_IN, &x.quotas[1], 10 * MBIT, STANDING_QUOTA, LATER);
	quota(&x, 2, 5 * MBIT, SOON);
	expect("the lowest throttle", &x, DIR_IN, &x.quotas[0], 5 * MBIT, STANDING_QUOTA, SOON);
	quota(&x, 1, 0, LATER);
	expect("the other entry's block", &x, DIR_IN, &x.quotas[0], 5 * MBIT, STANDING_QUOTA, SOON);
	quota(&x, 0, 0, SOON);
	expect("a block", &x, DIR_OUT, &x.entries[0], 0, STANDING_QUOTA, SOON);
	quota(&x, 3, 0, CALENDAR_MAX);
	expect("a block that never ends", &x, DIR_OUT, &x.quotas[1], 0, STANDING_QUOTA, CALENDAR_MAX);
	x.decided[0].expired = true;
	expect("expired", &x, DIR_OUT, &x.entries[0], 0, STANDING_EXPIRED, CALENDAR_MAX);
}

static void which_direction(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct scene x;
	struct standing *s;

	(void)state;
	scene(&x);
	limit(&x, DIR_IN, MBIT);
	limit(&x, DIR_OUT, 2 * MBIT);
	s = standings(&a, &x.c, x.decided);
	assert_int_equal(standing_main(s), DIR_IN);
	limit(&x, DIR_IN, 3 * MBIT);
	s = standings(&a, &x.c, x.decided);
	assert_int_equal(standing_main(s), DIR_OUT);
	burst(&x, 5 * MBIT / 2, SOON);
	s = standings(&a, &x.c, x.decided);
	assert_int_equal(standing_main(s), DIR_IN);
	assert_int_equal(s->of[DIR_IN].why, STANDING_BURST);
	assert_false(standing_blocked(s));
	x.decided[0].expired = true;
	assert_true(standing_blocked(standings(&a, &x.c, x.decided)));
	assert_string_equal(standing_word(STANDING_EXPIRED), "expired");
	assert_null(standing_word(STANDING_FREE));
}

/* Each of what may hold, present or not. */
static void lowest(void **state)
{
	(void)state;
	for (unsigned mask = 0; mask < 64; mask++) {
		cleanup_arena struct arena a = { 0 };
		struct scene x;
		uint64_t least = UINT64_MAX;
		const struct standing *s;

		scene(&x);
		if (mask & 1) {
			limit(&x, DIR_IN, 6 * MBIT);
			limit(&x, DIR_OUT, 6 * MBIT);
			least = 6 * MBIT;
		}
		if (mask & 2) {
			burst(&x, 5 * MBIT, SOON);
			least = 5 * MBIT;
		}
		for (unsigned q = 0; q < 4; q++)
			if (mask & 4U << q && q != 1) {
				quota(&x, q, (4 - q) * MBIT, SOON);
				least = (4 - q) * MBIT < least ? (4 - q) * MBIT : least;
			}
		if (mask & 8) {
			x.decided[0].expired = true;
			least = 0;
		}
		s = standings(&a, &x.c, x.decided);
		for (enum direction d = 0; d < DIRS; d++) {
			assert_int_equal(s->of[d].by != NULL, mask != 0);
			if (mask)
				assert_int_equal(s->of[d].bps, least);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),
		cmocka_unit_test(which_direction),
		cmocka_unit_test(lowest),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
