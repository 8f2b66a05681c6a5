/* What should be left of a quota while packets pass: by tables, and by runs in which anything passes at any moment.
 * A byte too much here is a byte over somebody's quota.
 * make check-unit runs it. */
#include "model/carry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/diff.h"

static void seen(void **state)
{
	static const struct {
		uint64_t before, after, now, least, most;
	} cases[] = {
		{ 5, 5, 5, 0, 0 },
		{ 5, 7, 7, 0, 2 },
		{ 5, 7, 10, 3, 5 },
		{ 10, 0, 3, 3, 3 },  /* emptied while the counters were read */
		{ 10, 12, 3, 3, 3 }, /* ... and after it */
		{ 10, 0, 30, 30, 30 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct carry c = carry_seen(cases[i].before, cases[i].after, cases[i].now);

		if (c.least != cases[i].least || c.most != cases[i].most)
			fail_msg("case %zu: %llu to %llu", i, (unsigned long long)c.least, (unsigned long long)c.most);
	}
}

static void left(void **state)
{
	static const struct {
		const char *name;
		uint64_t left, have, least, most, result;
	} cases[] = {
		{ "as it should be", 900, 900, 0, 0, 900 },
		{ "within what is not known", 900, 850, 0, 100, 850 },
		{ "at its ends", 900, 800, 0, 100, 800 },
		{ "a thousandth beyond", 900, 799, 0, 100, 800 },
		{ "too little there", 900, 700, 0, 100, 800 },
		{ "too much there: the least that is right", 900, 1000, 20, 100, 800 },
		{ "nearly too much", 900, 881, 20, 100, 880 },
		{ "more passed than was left", 900, 0, 950, 1000, 0 },
		{ "perhaps more", 900, 500, 0, 1000, 500 },
		{ "the kernel lets nothing pass, and should", 900, 0, 100, 200, 700 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t got = carry_left(
			1000, cases[i].left, cases[i].have, (struct carry){ cases[i].least, cases[i].most });

		if (got != cases[i].result)
			fail_msg("%s: %llu", cases[i].name, (unsigned long long)got);
	}
}

/* Packets pass between all that a run does. What is set never lets more pass than the quota, and what is left alone is off by no more than
 * the kernel may be and what passed while the counters were read. */
static void runs(void **state)
{
	const uint64_t quota = 1000000;
	uint64_t seed = 1;
	size_t alone = 0;

	(void)state;
	for (int n = 0; n < 100000; n++) {
		uint64_t at[4], used = 0, have, want; /* before, counters, after, the commit */

		for (int i = 0; i < 4; i++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			used += (seed >> 33) % (seed >> 60 ? 1000 : 200000);
			at[i] = used;
		}
		have = quota + seed % 5000 - 2500 - used;
		want = carry_left(quota, quota - at[1], have, carry_seen(at[0], at[2], used));
		if (diff_quota_right(quota, want, have)) {
			alone++;
			assert_true(used + have <= quota + quota / 1000 + at[2] - at[1]);
			assert_true(used + have >= quota - quota / 1000 - (at[1] - at[0]));
		} else {
			assert_int_equal(used + want, quota - (at[1] - at[0]));
		}
	}
	assert_in_range(alone, 1000, 99000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seen),
		cmocka_unit_test(left),
		cmocka_unit_test(runs),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
