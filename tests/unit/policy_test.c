/* What is left of a quota in raw bytes, what is billed of it, and when an entry expires: cases by hand, then any figures against
 * what must hold whatever they are.
 * make check-unit runs it. */
#include "model/policy.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/saturate.h"

#define GB UINT64_C(1000000000)
#define TEN_MB UINT64_C(10000000)

static void used_and_limit(void **state)
{
	static const struct {
		enum billing mode;
		uint64_t in, out, quota, extra;
		int64_t correction;
		uint64_t used, limit;
	} cases[] = {
		{ BILLING_BOTH, 300, 200, 1000, 0, 0, 500, 1000 },
		{ BILLING_OUT, 300, 200, 1000, 500, 10, 210, 1500 },
		{ BILLING_IN, 300, 200, 1000, 0, -100, 200, 1000 },
		{ BILLING_MAX, 300, 200, 1000, 0, 7, 307, 1000 },
		{ BILLING_RELAY, 300, 200, 1000, 0, -1, 999, 1000 },
		{ BILLING_BOTH, 300, 200, 1000, 0, -500, 0, 1000 },
		{ BILLING_BOTH, 300, 200, 1000, 0, -501, 0, 1000 },
		{ BILLING_BOTH, 300, 200, 1000, 0, INT64_MIN, 0, 1000 },
		{ BILLING_BOTH, UINT64_MAX, 1, UINT64_MAX, 1, 1, UINT64_MAX, UINT64_MAX },
		{ BILLING_OUT, 0, UINT64_MAX - 1, 0, 0, INT64_MAX, UINT64_MAX, 0 },
		{ BILLING_OUT, 0, UINT64_MAX, 0, 0, INT64_MIN, UINT64_MAX - (UINT64_C(1) << 63), 0 },
		{ BILLING_OUT, 0, 0, 0, UINT64_MAX, 0, 0, UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct entry e = { .billing = cases[i].mode, .quota = { .present = true, .bytes = cases[i].quota } };
		struct usage u = { .figures.bytes = { cases[i].in, cases[i].out },
			.adjustment = { cases[i].extra, cases[i].correction } };

		if (policy_used(&e, &u) != cases[i].used || policy_limit(&e, &u) != cases[i].limit)
			fail_msg("case %zu: %" PRIu64 " of %" PRIu64 ", not %" PRIu64 " of %" PRIu64, i,
				policy_used(&e, &u), policy_limit(&e, &u), cases[i].used, cases[i].limit);
	}
}

static void words(void **state)
{
	static const struct {
		enum billing mode;
		bool in, out;
	} bills[] = { { BILLING_OUT, false, true }, { BILLING_IN, true, false }, { BILLING_BOTH, true, true },
		{ BILLING_MAX, true, true }, { BILLING_RELAY, true, true } };
	struct entry e = { .quota.present = false, .quota_action.kind = ACTION_BLOCK };

	(void)state;
	for (size_t i = 0; i < sizeof bills / sizeof *bills; i++) {
		assert_int_equal(policy_bills(bills[i].mode, DIR_IN), bills[i].in);
		assert_int_equal(policy_bills(bills[i].mode, DIR_OUT), bills[i].out);
	}
	assert_false(policy_has(&e) || policy_quota_acts(&e));
	e.quota.present = true;
	assert_true(policy_has(&e) && policy_quota_acts(&e));
	e.quota_action.kind = ACTION_THROTTLE;
	assert_true(policy_quota_acts(&e));
	e.quota_action.kind = ACTION_ALERT;
	assert_true(policy_has(&e) && !policy_quota_acts(&e));
	e = (struct entry){ .expires.present = true };
	assert_true(policy_has(&e) && !policy_quota_acts(&e));
	e = (struct entry){ .burst.rate.present = true };
	assert_true(policy_has(&e) && !policy_quota_acts(&e));
	e = (struct entry){ .limit[DIR_IN].present = true };
	assert_false(policy_has(&e));
}

/* ---- raw bytes ---- */

/* In x, y: bytes of the wire in and out; then the raw ones. */
struct bytes_case {
	const char *name;
	enum billing mode;
	enum quota_action action;
	uint32_t overhead;
	uint64_t quota, extra;
	int64_t correction;
	uint64_t cycle[4], total[4];
	uint64_t left[DIRS], full[DIRS];
};

static const struct bytes_case bytes_cases[] = {
	{ "nothing moved", BILLING_BOTH, ACTION_BLOCK, 0, GB, 0, 0, { 0 }, { 0 }, { GB }, { GB } },
	{ "an alert is not the kernel's", BILLING_BOTH, ACTION_ALERT, 0, GB, 0, 0, { TEN_MB }, { 0 }, { 0 }, { 0 } },
	{ "no link layer", BILLING_BOTH, ACTION_BLOCK, 0, GB, 0, 0, { TEN_MB, TEN_MB, 20000, 20000 },
		{ GB, GB, 20000, 20000 }, { GB - 2 * TEN_MB }, { GB } },
	{ "nothing moved, and a link layer", BILLING_BOTH, ACTION_BLOCK, 100, GB, 0, 0, { 0 }, { 0 }, { 937500000 },
		{ 937500000 } },
	{ "the cycle's share, 9 of 10", BILLING_BOTH, ACTION_BLOCK, 100, GB, 0, 0, { TEN_MB, TEN_MB, 0, 20000 },
		{ GB, GB, 5000000, 5000000 }, { 882000000 }, { 900000000 } },
	{ "a throttle as well", BILLING_BOTH, ACTION_THROTTLE, 100, GB, 0, 0, { TEN_MB, TEN_MB, 0, 20000 }, { 0 },
		{ 882000000 }, { 900000000 } },
	{ "a young cycle has the share of all time", BILLING_BOTH, ACTION_BLOCK, 100, GB, 0, 0, { 500, 500, 0, 0 },
		{ GB, GB, 0, 5000000 }, { 749999250 }, { 750000000 } },
	{ "just not enough", BILLING_OUT, ACTION_BLOCK, 100, GB, 0, 0, { 0, 1048575, 0, 1000 }, { 0, 1048575, 0, 1000 },
		{ 936516960 }, { 937500000 } },
	{ "just enough", BILLING_OUT, ACTION_BLOCK, 128, GB, 0, 0, { 0, 1048576, 0, 4096 }, { 0 },
		{ (GB - 1048576) / 2 }, { GB / 2 } },
	{ "only what is billed counts for the share", BILLING_OUT, ACTION_BLOCK, 100, GB, 0, 0,
		{ GB, TEN_MB, 0, 50000 }, { 0 }, { 495000000 }, { 500000000 } },
	{ "in", BILLING_IN, ACTION_BLOCK, 100, GB, 0, 0, { TEN_MB, GB, 50000, 0 }, { 0 }, { 495000000 },
		{ 500000000 } },
	{ "no bytes of IP are no share", BILLING_BOTH, ACTION_BLOCK, 100, GB, 0, 0, { TEN_MB, 0, 100000, 0 },
		{ GB, 0, 5000000, 0 }, { 495000000 }, { 500000000 } },
	{ "nowhere", BILLING_BOTH, ACTION_BLOCK, 100, GB, 0, 0, { TEN_MB, 0, 100000, 0 }, { GB, 0, 10000000, 0 },
		{ 928125000 }, { 937500000 } },
	{ "counted with a smaller overhead", BILLING_BOTH, ACTION_BLOCK, 100, GB, 0, 0, { TEN_MB, 0, 200000, 0 }, { 0 },
		{ 928125000 }, { 937500000 } },
	{ "a relay is billed twice", BILLING_RELAY, ACTION_BLOCK, 100, GB, 0, 0, { TEN_MB, TEN_MB, 0, 20000 }, { 0 },
		{ 432000000 }, { 450000000 } },
	{ "extra is this cycle's", BILLING_BOTH, ACTION_BLOCK, 0, GB, GB, 0, { TEN_MB, 0, 0, 0 }, { 0 },
		{ 2 * GB - TEN_MB }, { GB } },
	{ "corrected", BILLING_BOTH, ACTION_BLOCK, 0, GB, 0, 500000000, { TEN_MB, 0, 0, 0 }, { 0 }, { 490000000 },
		{ GB } },
	{ "used up", BILLING_BOTH, ACTION_BLOCK, 0, TEN_MB, 0, 0, { TEN_MB, 0, 0, 0 }, { 0 }, { 0 }, { TEN_MB } },
	{ "and more", BILLING_BOTH, ACTION_BLOCK, 0, TEN_MB, 0, 0, { TEN_MB, 1, 0, 0 }, { 0 }, { 0 }, { TEN_MB } },
	{ "max: by direction", BILLING_MAX, ACTION_BLOCK, 100, GB, 0, 0, { TEN_MB, 2 * TEN_MB, 50000, 0 }, { 0 },
		{ 495000000, 980000000 }, { 500000000, GB } },
	{ "max: a quiet direction has the share of all time", BILLING_MAX, ACTION_BLOCK, 100, GB, 0, -1000000,
		{ TEN_MB, 0, 50000, 0 }, { 0, GB, 0, 7500000 }, { 495500000, 250000000 }, { 500000000, 250000000 } },
	{ "max: one used up", BILLING_MAX, ACTION_THROTTLE, 0, TEN_MB, 0, 0, { TEN_MB, 4000000, 0, 0 }, { 0 },
		{ 0, 6000000 }, { TEN_MB, TEN_MB } },
	{ "as large as can be", BILLING_BOTH, ACTION_BLOCK, 1, UINT64_MAX, UINT64_MAX, 0,
		{ UINT64_C(1) << 62, UINT64_C(1) << 62, UINT64_C(1) << 62, 0 }, { 0 }, { INT64_MAX / 2 },
		{ INT64_MAX } },
	{ "figures at their end", BILLING_RELAY, ACTION_BLOCK, 0, UINT64_MAX, 0, 0,
		{ UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX }, { 0 }, { 0 }, { UINT64_MAX / 2 } },
};

static struct figures figures_of(const uint64_t x[4])
{
	return (struct figures){ .bytes = { x[0], x[1] }, .packets = { x[2], x[3] } };
}

static void bytes_by_hand(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bytes_cases / sizeof *bytes_cases; i++) {
		const struct bytes_case *c = &bytes_cases[i];
		struct entry e = { .billing = c->mode,
			.link_overhead = c->overhead,
			.quota = { .present = true, .bytes = c->quota },
			.quota_action.kind = c->action };
		struct usage u = { .figures = figures_of(c->cycle),
			.total = figures_of(c->total),
			.adjustment = { c->extra, c->correction } };
		struct policy p = { .left = { 77, 77 }, .full = { 77, 77 } };

		policy_bytes(&e, &u, &p);
		if (memcmp(p.left, c->left, sizeof p.left) != 0 || memcmp(p.full, c->full, sizeof p.full) != 0)
			fail_msg("%s: left %" PRIu64 ", %" PRIu64 "; full %" PRIu64 ", %" PRIu64, c->name, p.left[0],
				p.left[1], p.full[0], p.full[1]);
	}
}

/* What the kernel's object is made with: the limit with what was given, the next cycle's without; a relay's halved. */
static void limits_of_objects(void **state)
{
	static const struct {
		enum billing mode;
		enum quota_action action;
		uint64_t limit, quota;
	} cases[] = {
		{ BILLING_BOTH, ACTION_BLOCK, 1500, 1000 },
		{ BILLING_OUT, ACTION_THROTTLE, 1500, 1000 },
		{ BILLING_MAX, ACTION_BLOCK, 1500, 1000 },
		{ BILLING_RELAY, ACTION_BLOCK, 750, 500 },
		{ BILLING_BOTH, ACTION_ALERT, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct entry e = { .billing = cases[i].mode,
			.quota = { .present = true, .bytes = 1000 },
			.quota_action.kind = cases[i].action };
		struct usage u = { .adjustment.extra = 500 };
		struct policy p = { .limit = 77, .quota = 77 };

		policy_bytes(&e, &u, &p);
		if (p.limit != cases[i].limit || p.quota != cases[i].quota)
			fail_msg("case %zu: %" PRIu64 ", %" PRIu64, i, p.limit, p.quota);
	}
}

/* ---- what holds before anything is counted ---- */

#define NOW INT64_C(1795604400)   /* 2026-11-25 11:00 UTC */
#define START INT64_C(1793491200) /* 2026-11-01 */
#define END INT64_C(1796083200)   /* 2026-12-01 */
#define NEXT INT64_C(1798761600)  /* 2027-01-01 */

static void at_a_moment(void **state)
{
	static const struct {
		const char *name;
		int64_t now;
		struct policy_state was;
		struct cycle_span usage; /* of which 900 of 1000 bytes are used, 100 were given */
		uint64_t used;
		enum quota_state quota;
		uint32_t told;
		int64_t cycle_start, cycle_end, burst_until;
		uint64_t left;
	} cases[] = {
		{ "within the cycle", NOW, { START, END, 80, QUOTA_WARNED, 0, 0, 0 }, { START, END }, 900, QUOTA_WARNED,
			80, START, END, 0, 200 },
		{ "used up", NOW, { START, END, 100, QUOTA_BLOCKED, 0, 0, 0 }, { START, END }, 1100, QUOTA_BLOCKED, 100,
			START, END, 0, 0 },
		{ "lowered below what is used", NOW, { START, END, 0, QUOTA_OK, 0, 0, 0 }, { START, END }, 2000,
			QUOTA_BLOCKED, 0, START, END, 0, 0 },
		{ "raised above it", NOW, { START, END, 0, QUOTA_BLOCKED, 0, 0, 0 }, { START, END }, 500, QUOTA_OK, 0,
			START, END, 0, 600 },
		{ "the cycle's last second", END - 1, { START, END, 100, QUOTA_BLOCKED, 0, 0, 0 }, { START, END }, 1100,
			QUOTA_BLOCKED, 100, START, END, 0, 0 },
		{ "a new cycle", END, { START, END, 100, QUOTA_BLOCKED, 0, 0, 0 }, { START, END }, 1100, QUOTA_OK, 0,
			END, NEXT, 0, 1000 },
		{ "a new cycle that another run saw", END + 60, { END, NEXT, 0, QUOTA_OK, 0, 0, 0 }, { END, NEXT }, 300,
			QUOTA_OK, 0, END, NEXT, 0, 800 },
		{ "another rule, and the cycle before is not over", NOW,
			{ START + 1, END + 1, 80, QUOTA_BLOCKED, 0, 0, 0 }, { START + 1, END + 1 }, 1100, QUOTA_BLOCKED,
			80, START, END, 0, 0 },
		{ "a hold", NOW, { START, END, 0, QUOTA_OK, 0, 0, NOW + 60 }, { START, END }, 0, QUOTA_OK, 0, START,
			END, NOW + 60, 1100 },
		{ "a hold that is over", NOW, { START, END, 0, QUOTA_OK, 0, 0, NOW }, { START, END }, 0, QUOTA_OK, 0,
			START, END, 0, 1100 },
		{ "a hold of a clock that was set back", NOW, { START, END, 0, QUOTA_OK, 0, 0, END }, { START, END }, 0,
			QUOTA_OK, 0, START, END, NOW + 600, 1100 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct entry e = { .billing = BILLING_OUT,
			.cycle = { .unit = CYCLE_MONTH, .reset_day = 1, .timezone = "UTC" },
			.quota = { .present = true, .bytes = 1000 },
			.quota_action.kind = ACTION_BLOCK,
			.burst = { { true, 1000 }, { true, 1000 }, 60, 600 } };
		struct usage u = {
			.cycle = cases[i].usage, .figures.bytes[DIR_OUT] = cases[i].used, .adjustment.extra = 100
		};
		struct policy p;

		policy_at(&e, &cases[i].was, &u, cases[i].now, &p);
		if (p.state.quota != cases[i].quota || p.state.told != cases[i].told ||
			p.state.cycle_start != cases[i].cycle_start || p.state.cycle_end != cases[i].cycle_end ||
			p.state.burst_until != cases[i].burst_until || p.left[0] != cases[i].left)
			fail_msg("%s: quota %d, told %" PRIu32 ", %" PRId64 " to %" PRId64 ", held until %" PRId64
				 ", %" PRIu64 " left",
				cases[i].name, (int)p.state.quota, p.state.told, p.state.cycle_start, p.state.cycle_end,
				p.state.burst_until, p.left[0]);
	}
}

static void slack(void **state)
{
	static const struct {
		uint64_t limit, slack;
	} cases[] = { { 0, 0 }, { 1000, 500 }, { 3000, 1500 }, { 24000, 1500 }, { 24016, 1501 }, { 160000, 10000 },
		{ 1048576, 65536 }, { 1048592, 65536 }, { UINT64_MAX, 65536 } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(policy_slack(cases[i].limit), cases[i].slack);
}

static uint64_t seed = 4;

/* A number of any size. */
static uint64_t any(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed >> (seed * UINT64_C(0x9e3779b97f4a7c15) >> 58);
}

static uint64_t below(uint64_t limit, uint64_t used)
{
	return limit > used ? limit - used : 0;
}

static void bytes_of_any_figures(void **state)
{
	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct entry e = { .billing = (enum billing)(any() % 5),
			.link_overhead = any() % 2 ? (uint32_t)(any() % 257) : 0,
			.quota = { .present = true, .bytes = any() },
			.quota_action.kind = ACTION_BLOCK };
		struct usage u = { .figures = { .bytes = { any(), any() }, .packets = { any(), any() } },
			.total = { .bytes = { any(), any() }, .packets = { any(), any() } },
			.adjustment = { any(), (int64_t)any() } };
		struct policy p = { 0 }, more = { 0 };
		uint64_t limit = policy_limit(&e, &u), left = below(limit, policy_used(&e, &u));

		policy_bytes(&e, &u, &p);
		for (int d = 0; d < DIRS; d++) {
			/* with max the other direction may have more left */
			if (p.left[d] > (e.billing == BILLING_MAX ? limit : left) || p.full[d] > e.quota.bytes ||
				(e.billing != BILLING_MAX && d && (p.left[d] || p.full[d])))
				fail_msg("try %d: %" PRIu64 " is left of %" PRIu64 ", full %" PRIu64, i, p.left[d],
					left, p.full[d]);
		}
		/* what one adds opens, and never the next cycle */
		u.adjustment.extra = saturate_add(u.adjustment.extra, any());
		policy_bytes(&e, &u, &more);
		assert_true(more.left[0] >= p.left[0] && more.left[1] >= p.left[1]);
		assert_true(memcmp(more.full, p.full, sizeof p.full) == 0);
		/* of what is used up the last bytes are not left, nor is anything else taken */
		more.state.quota = QUOTA_BLOCKED;
		policy_bytes(&e, &u, &more);
		p = (struct policy){ 0 };
		policy_bytes(&e, &u, &p);
		for (int d = 0; d < DIRS; d++)
			assert_true(more.left[d] == (p.left[d] <= policy_slack(p.limit) ? 0 : p.left[d]));
		/* in an unused cycle without extra all of it is left */
		u.figures = (struct figures){ 0 };
		u.adjustment = (struct adjustment){ 0 };
		policy_bytes(&e, &u, &p);
		assert_true(memcmp(p.left, p.full, sizeof p.full) == 0);
	}
}

/* ---- expiry ---- */

static void expiries(void **state)
{
	static const struct {
		const char *zone;
		struct expiry expires;
		const char *want;
	} cases[] = {
		{ "UTC", { .present = false, .date = { 2027, 3, 1 } }, NULL },
		{ "UTC", { .present = true, .date = { 2027, 3, 1 } }, "2027-03-02T00:00:00+00:00" },
		{ "Asia/Shanghai", { .present = true, .date = { 2027, 2, 28 } }, "2027-03-01T00:00:00+08:00" },
		{ "Asia/Shanghai", { .present = true, .date = { 2028, 2, 28 } }, "2028-02-29T00:00:00+08:00" },
		{ "UTC", { .present = true, .date = { 2026, 12, 31 } }, "2027-01-01T00:00:00+00:00" },
		{ "Asia/Shanghai", { .present = true, .timed = true, .date = { 2027, 3, 1 }, .hour = 8, .minute = 30 },
			"2027-03-01T08:30:00+08:00" },
		{ "UTC", { .present = true, .timed = true, .date = { 2027, 3, 1 } }, "2027-03-01T00:00:00+00:00" },
		/* a time that DST skips; a day that begins at 01:00; a day that there is not */
		{ "America/New_York",
			{ .present = true, .timed = true, .date = { 2026, 3, 8 }, .hour = 2, .minute = 30 },
			"2026-03-08T03:00:00-04:00" },
		{ "America/Sao_Paulo", { .present = true, .date = { 2018, 11, 3 } }, "2018-11-04T01:00:00-02:00" },
		{ "Pacific/Apia", { .present = true, .date = { 2011, 12, 29 } }, "2011-12-31T00:00:00+14:00" },
		/* long ago is not never */
		{ "UTC", { .present = true, .timed = true, .date = { 1970, 1, 1 } }, "1970-01-01T00:00:01+00:00" },
		{ "UTC", { .present = true, .date = { 1, 1, 1 } }, "1970-01-01T00:00:01+00:00" },
		{ "UTC", { .present = true, .date = { 9999, 12, 31 } }, "2200-01-01T00:00:00+00:00" },
	};
	char got[CALENDAR_RFC3339];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct entry e = { .cycle.timezone = cases[i].zone, .expires = cases[i].expires };
		int64_t t = policy_expiry(&e);

		if (!cases[i].want)
			assert_int_equal(t, 0);
		else if (strcmp(calendar_rfc3339(cases[i].zone, t, got), cases[i].want) != 0)
			fail_msg("case %zu: %s, not %s", i, got, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(used_and_limit),
		cmocka_unit_test(words),
		cmocka_unit_test(bytes_by_hand),
		cmocka_unit_test(limits_of_objects),
		cmocka_unit_test(at_a_moment),
		cmocka_unit_test(slack),
		cmocka_unit_test(bytes_of_any_figures),
		cmocka_unit_test(expiries),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
