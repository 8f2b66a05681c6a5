/* Statements that are due: days of a machine whose clock was ahead and behind, by hand; then random lives against what must be true of any:
 * each day that was over is stated, and once, unless a wrong clock had stated it before it was.
 * make check-unit runs it. */
#include "model/due.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/str.h"
#include "util/vec.h"

#define DAY INT64_C(86400)
#define FIRST INT64_C(1798761600) /* 2027-01-01, which is day 0 */
#define FAR 26300                 /* days: 2099 */
#define LONG_AGO (-9862)          /* 2000-01-01 */

static const struct due_cut days = { .zone = "UTC", .by = BUCKET_DAY };

/* What the database keeps of a machine between its runs. */
struct machine {
	struct arena a;
	const char *clock;
	int64_t sampled, until;
	struct due_list told; /* all statements, as they were made */
};

static void run(struct machine *m, const struct due_cut *cut, int64_t now)
{
	struct due_clock k, next;
	struct due_list due = { 0 };

	due_read(m->clock, &k);
	due_step(&k, m->sampled, now, &next);
	due_periods(&k, cut, m->until, &m->a, &due);
	for (size_t i = 0; i < due.n; i++) {
		if (due.at[i].told)
			*vec_push(&m->a, &m->told) = due.at[i];
		m->until = due.at[i].until;
	}
	m->clock = due_text(&m->a, &next);
	m->sampled = now;
}

static void days_of_runs(void **state)
{
	/* Runs are hundredths of a day, from day 0 on; "1..4": each day between them too, at that time of the day. */
	static const struct {
		const char *what, *runs, *stated;
		bool forgotten; /* nothing is remembered at the end */
	} cases[] = {
		{ "each day at its end", "950 1000 1050 1150", "9 10", true },
		{ "a fortnight without power", "950 2350", "9-22", true },
		{ "longer than anybody waits", "950 20050", "100-199", false },
		{ "behind for a run, to 2000", "950 1050 -986195 1060 1150", "9 10", true },
		{ "behind for a run, by weeks", "950 1050 -1095 1060 1150", "9 10", true },
		{ "behind for days: they are others now", "950..1950 605..805 1970 2050", "9-18 6-8 19", true },
		{ "behind for days, which ends when days were not yet over", "950..1950 605..805 2270",
			"9-18 6-8 19-21", true },
		{ "ahead for a run: what follows is stated when it is over", "950 5050 960 1050 1150", "9-49 9 10",
			false },
		{ "... and that it is forgotten when it was caught up with", "950 5050 960..5060 6550", "9-49 9-64",
			true },
		{ "... and not again what had nothing new", "950 5050 960..1260 1550 1650", "9-49 9-12 15", false },
		{ "ahead in 2099 for a run", "950 2630050 960..1950 3350 3450", "26200-26299 9-33", false },
		{ "ahead in 2099 over midnight", "999 2630050 1001 1150", "26200-26299 9-10", false },
		{ "ahead in 2099, and off", "950 2630050 1650 1750", "26200-26299 9-16", false },
		{ "ahead in 2099, and the battery is empty", "950 2630050 -986195 960..1360 2850", "26200-26299 9-27",
			false },
		{ "ahead in 2099 twice", "950 2630050 960..1960 2640050 1970..2970 4550",
			"26200-26299 9-18 26300-26399 19-44", false },
		{ "ahead twice, ever more", "950 2050 960 4050 970 1050 1150 2250", "9-19 20-39 9-11", false },
		{ "ahead by half a year: days that it stated are not stated again", "950 15050 960..1950 3350",
			"50-149 9-32", false },
		{ "ahead and behind in turns", "950 2630050 960 -986195 970 2630050 980 -986195 990..1290 2750",
			"26200-26299 9-26", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct machine m = { .until = -1 };
		cleanup_str struct str got = STR_CEILING(65536);
		cleanup_str struct str want = STR_CEILING(65536);
		char *p;

		for (const char *text = cases[i].runs; *text; text = p + (*p == ' ')) {
			int64_t from = strtoll(text, &p, 10), to = from;

			if (strncmp(p, "..", 2) == 0)
				to = strtoll(p + 2, &p, 10);
			for (; from <= to; from += 100)
				run(&m, &days, FIRST + from * DAY / 100);
		}
		for (const char *text = cases[i].stated; *text; text = p + (*p == ' ')) {
			long long from = strtoll(text, &p, 10), to = from;

			if (*p == '-')
				to = strtoll(p + 1, &p, 10);
			for (; from <= to; from++)
				str_putf(&want, " %lld", from);
		}
		for (size_t k = 0; k < m.told.n; k++) {
			assert_int_equal(m.told.at[k].until - m.told.at[k].from, DAY);
			str_putf(&got, " %lld", (long long)((m.told.at[k].from - FIRST) / DAY));
		}
		if (strcmp(got.p, want.p) != 0 || !m.clock != cases[i].forgotten)
			fail_msg("%s:\n%s\nnot%s\nremembered: %s", cases[i].what, got.p, want.p,
				m.clock ? m.clock : "nothing");
		arena_free(&m.a);
	}
}

/* Months whose beginning a wrong clock has stated are stated when they are over. */
static void months(void **state)
{
	static const struct due_cut cut = { .zone = "UTC", .by = BUCKET_MONTH };
	struct machine m = { .until = -1 };

	(void)state;
	run(&m, &cut, FIRST + 9 * DAY);
	run(&m, &cut, FIRST + 50 * DAY);
	assert_int_equal(m.told.n, 1);
	run(&m, &cut, FIRST + 10 * DAY);
	run(&m, &cut, FIRST + 25 * DAY);
	run(&m, &cut, FIRST + 40 * DAY);
	assert_int_equal(m.told.n, 2);
	assert_int_equal(m.told.at[1].from, FIRST);
	run(&m, &cut, FIRST + 60 * DAY);
	assert_int_equal(m.told.n, 3);
	assert_null(m.clock);
	arena_free(&m.a);
}

/* -- random lives ------------------------------------------------------------------------------------------------------ */

#define LIFE 400 /* days */

struct life {
	struct machine m;
	uint64_t seed;
	int64_t now;            /* the right time */
	unsigned touched[LIFE]; /* by wrong clocks: how often */
	bool stale[LIFE];       /* nobody states it any more */
};

static uint64_t pick(struct life *l, uint64_t n)
{
	l->seed = l->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (l->seed >> 33) % n;
}

static void wrong(struct life *l, int64_t offset)
{
	int64_t at = l->now + offset;

	for (uint64_t runs = 1 + pick(l, 4); runs; runs--) {
		const int64_t least = at < l->now ? at : l->now, most = at < l->now ? l->now : at;

		run(&l->m, &days, at);
		for (int64_t d = 0; d < LIFE; d++)
			l->touched[d] += FIRST + (d + 1) * DAY > least - DAY && FIRST + d * DAY < most + DAY;
		at += (int64_t)(1 + pick(l, 2 * DAY));
	}
}

static void right(struct life *l, int64_t later)
{
	for (int64_t d = 0; d < LIFE;
		d++) /* the first run after its end comes too late, or a run before states what is later than it */
		if (FIRST + (d + 1) * DAY > l->now && FIRST + d * DAY < l->now + later - DUE_STALE_S)
			l->stale[d] = true;
	l->now += later;
	run(&l->m, &days, l->now);
}

static void live(struct life *l)
{
	static const int64_t offsets[] = { 3, 40, 150, FAR, -3, -20, -150, LONG_AGO };

	l->now = FIRST + (int64_t)pick(l, DAY);
	run(&l->m, &days, l->now);
	while (l->now < FIRST + (LIFE - 130) * DAY) {
		uint64_t what = pick(l, 60);

		if (what < 3)
			wrong(l, offsets[pick(l, sizeof offsets / sizeof *offsets)] * DAY + (int64_t)pick(l, DAY));
		right(l,
			what == 3          ? 120 * DAY
				: what < 6 ? (int64_t)(2 * DAY + (int64_t)pick(l, 20 * DAY))
					   : (int64_t)(1 + pick(l, 2 * DAY)));
	}
}

static void any_life(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 2000; seed++) {
		struct life l = { .m = { .until = -1 }, .seed = seed };
		unsigned told[LIFE] = { 0 };

		live(&l);
		for (size_t i = 0; i < l.m.told.n; i++) {
			const int64_t d = (l.m.told.at[i].from - FIRST) / DAY;

			if (l.m.told.at[i].from >= FIRST && d < LIFE)
				told[d]++;
		}
		for (int64_t d = 0; FIRST + (d + 1) * DAY <= l.now; d++)
			if ((!told[d] && !l.stale[d]) || told[d] > 1 + l.touched[d])
				fail_msg("seed %llu: day %lld is stated %u times", (unsigned long long)seed,
					(long long)d, told[d]);
		assert_true(!l.m.clock || strlen(l.m.clock) < 300);
		arena_free(&l.m.a);
	}
}

static void text(void **state)
{
	static const char *const odd[] = { NULL, "", "x", "-5", "99999999999999999999", "5 9 7", "5 7", "5 7 9x",
		"5 7 -9" };
	struct arena a = { 0 };
	struct due_clock k;
	const char *as = "700 1 30 40 60";

	(void)state;
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		due_read(odd[i], &k);
		assert_true(k.n <= 1 && k.since >= 0 && k.since <= 5);
	}
	due_read(as, &k);
	assert_string_equal(due_text(&a, &k), as);
	due_read("0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20", &k);
	assert_string_equal(due_text(&a, &k), "0 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20");
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_of_runs),
		cmocka_unit_test(months),
		cmocka_unit_test(any_life),
		cmocka_unit_test(text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
