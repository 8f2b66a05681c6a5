/* Splitting: sums are exact, shares follow time, gaps get nothing.
 * Cases by table, then random spans whose parts are compared with a share computed in wider arithmetic.
 * make check-unit runs it. */
#include "model/split.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PIECES 8

static void table(void **state)
{
	static const struct {
		const char *name;
		int64_t from, to, up_from;
		size_t n_cuts;
		int64_t cuts[PIECES];
		uint64_t bytes;
		size_t n;
		struct {
			int64_t start, end;
			uint64_t bytes;
			bool estimated;
		} want[PIECES];
	} cases[] = {
		{ "no cut", 100, 200, 0, 0, { 0 }, 7, 1, { { 100, 200, 7, false } } },
		{ "cuts outside and on the ends", 100, 200, 0, 4, { 50, 100, 200, 300 }, 7, 1,
			{ { 100, 200, 7, false } } },
		{ "the middle", 100, 200, 0, 1, { 150 }, 10, 2, { { 100, 150, 5, true }, { 150, 200, 5, true } } },
		{ "the same cut twice", 100, 200, 0, 2, { 150, 150 }, 10, 2,
			{ { 100, 150, 5, true }, { 150, 200, 5, true } } },
		{ "a remainder", 0, 3, 0, 2, { 1, 2 }, 5, 3,
			{ { 0, 1, 1, true }, { 1, 2, 2, true }, { 2, 3, 2, true } } },
		{ "one byte", 0, 4, 0, 1, { 1 }, 1, 2, { { 0, 1, 0, true }, { 1, 4, 1, true } } },
		{ "nothing moved", 0, 4, 0, 1, { 2 }, 0, 2, { { 0, 2, 0, true }, { 2, 4, 0, true } } },
		{ "boot in the last piece", 0, 100, 60, 2, { 25, 50 }, 9, 3,
			{ { 0, 25, 0, false }, { 25, 50, 0, false }, { 50, 100, 9, false } } },
		{ "boot on a cut", 0, 100, 50, 1, { 50 }, 9, 2, { { 0, 50, 0, false }, { 50, 100, 9, false } } },
		{ "boot in the middle", 0, 100, 40, 1, { 50 }, 12, 2, { { 0, 50, 2, true }, { 50, 100, 10, true } } },
		{ "boot before the span", 10, 20, 5, 1, { 15 }, 8, 2, { { 10, 15, 4, true }, { 15, 20, 4, true } } },
		{ "boot after the span: a clock was set", 0, 100, 100, 1, { 50 }, 8, 2,
			{ { 0, 50, 4, true }, { 50, 100, 4, true } } },
		{ "no time", 100, 100, 0, 1, { 100 }, 8, 1, { { 100, 100, 8, false } } },
		{ "time went back", 200, 100, 0, 1, { 150 }, 8, 1, { { 100, 100, 8, false } } },
		{ "the largest figure", 0, 4, 0, 1, { 1 }, UINT64_MAX, 2,
			{ { 0, 1, UINT64_MAX / 4, true }, { 1, 4, UINT64_MAX - UINT64_MAX / 4, true } } },
		{ "all of time", INT64_MIN, INT64_MAX, INT64_MIN, 1, { 0 }, 1000, 2,
			{ { INT64_MIN, 0, 500, true }, { 0, INT64_MAX, 500, true } } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct figures f = { .bytes = { [DIR_OUT] = cases[i].bytes } };
		struct piece got[PIECES + 1];
		size_t n = split_span(
			&f, cases[i].from, cases[i].to, cases[i].up_from, cases[i].cuts, cases[i].n_cuts, got);

		if (n != cases[i].n)
			fail_msg("%s: %zu pieces, not %zu", cases[i].name, n, cases[i].n);
		for (size_t k = 0; k < n; k++) {
			if (got[k].start != cases[i].want[k].start || got[k].end != cases[i].want[k].end ||
				got[k].estimated != cases[i].want[k].estimated)
				fail_msg("%s: piece %zu is [%" PRId64 ", %" PRId64 ")%s", cases[i].name, k,
					got[k].start, got[k].end, got[k].estimated ? " estimated" : "");
			if (got[k].figures.bytes[DIR_OUT] != cases[i].want[k].bytes || got[k].figures.bytes[DIR_IN])
				fail_msg("%s: piece %zu has %" PRIu64, cases[i].name, k, got[k].figures.bytes[DIR_OUT]);
		}
	}
}

/* xorshift: the same numbers in every run. */
static uint64_t next_random(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

static uint64_t below(uint64_t *s, uint64_t n)
{
	return next_random(s) % n;
}

static void random_figures(uint64_t *s, uint64_t v[8])
{
	for (int i = 0; i < 8; i++)
		v[i] = next_random(s) >> below(s, 64);
}

static void check_pieces(const struct figures *f, const struct piece *p, size_t n, int64_t from, int64_t to, int64_t up)
{
	struct figures sum = { 0 };

	assert_true(p[0].start == from && p[n - 1].end == to);
	for (size_t k = 0; k < n; k++) {
		uint64_t part = (uint64_t)((p[k].end > up ? p[k].end : up) - (p[k].start > up ? p[k].start : up));
		__extension__ unsigned __int128 exact = (unsigned __int128)f->bytes[DIR_IN] * part /
			(uint64_t)(to - up);
		uint64_t got = p[k].figures.bytes[DIR_IN], want = (uint64_t)exact;

		assert_true(p[k].start < p[k].end);
		assert_true(!k || p[k].start == p[k - 1].end);
		if (got < want || got > want + 1)
			fail_msg("piece %zu of %zu: %" PRIu64 ", its share is %" PRIu64, k, n, got, want);
		figures_add(&sum, &p[k].figures);
	}
	assert_memory_equal(&sum, f, sizeof sum);
}

static void random_spans(void **state)
{
	uint64_t seed = 20260131, v[8];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct piece pieces[33];
		int64_t cuts[32], from = (int64_t)below(&seed, 4000000000), up, to;
		size_t n_cuts = below(&seed, 33), n;
		struct figures f;

		to = from + 1 + (int64_t)below(&seed, 1 + (1ULL << below(&seed, 32)));
		up = below(&seed, 2) ? from : from + (int64_t)below(&seed, (uint64_t)(to - from));
		for (size_t i = 0; i < n_cuts; i++)
			cuts[i] = (i ? cuts[i - 1] : from - 5) + (int64_t)below(&seed, 2 + (uint64_t)(to - from) / 8);
		random_figures(&seed, v);
		memcpy(&f, v, sizeof f);
		n = split_span(&f, from, to, up, cuts, n_cuts, pieces);
		assert_true(n >= 1 && n <= n_cuts + 1);
		check_pieces(&f, pieces, n, from, to, up);
	}
}

static void sums(void **state)
{
	struct figures a = { .bytes = { 1, UINT64_MAX }, .raw_packets = { 3, 4 } };
	const struct figures b = {
		.bytes = { 2, 1 }, .packets = { 5, 6 }, .raw_bytes = { 7, 8 }, .raw_packets = { 1, 1 }
	};
	const struct figures want = {
		.bytes = { 3, UINT64_MAX }, .packets = { 5, 6 }, .raw_bytes = { 7, 8 }, .raw_packets = { 4, 5 }
	};

	(void)state;
	figures_add(&a, &b);
	assert_memory_equal(&a, &want, sizeof a);
}

static void zero(void **state)
{
	struct figures f;

	(void)state;
	memset(&f, 0, sizeof f);
	assert_true(figures_zero(&f));
	for (size_t i = 0; i < sizeof f / sizeof(uint64_t); i++) {
		uint64_t v[sizeof f / sizeof(uint64_t)] = { 0 };

		v[i] = 1;
		memcpy(&f, v, sizeof f);
		assert_false(figures_zero(&f));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(random_spans),
		cmocka_unit_test(sums),
		cmocka_unit_test(zero),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
