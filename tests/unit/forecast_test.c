/* The forecast by hand: when it is too early, what the last days make of it in each billing mode, and the most that the link carries.
 * Rates are whole GB a day, so that each figure can be checked in the head.
 * make check-unit runs it. */
#include "model/forecast.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define GB UINT64_C(1000000000)
#define DAY INT64_C(86400)
#define START INT64_C(1764547200) /* 2025-12-01 00:00 UTC */
#define END (START + 30 * DAY)

struct asked {
	const char *name;
	int64_t now, since; /* days behind START; since: counting began */
	enum billing billing;
	uint64_t in, out;           /* GB of the cycle */
	uint64_t last_in, last_out; /* GB of the window */
	int64_t correction;         /* GB */
	uint64_t link_mbit;
	bool told;
	uint64_t gb;
};

static const struct asked asked[] = {
	{ "a quarter of the last week's pace to come", 15, -60, BILLING_BOTH, 30, 0, 7, 7, 0, 0, true, 60 },
	{ "out alone", 15, -60, BILLING_OUT, 30, 10, 7, 14, 0, 0, true, 40 },
	{ "in alone", 15, -60, BILLING_IN, 30, 10, 7, 14, 0, 0, true, 45 },
	{ "the larger one changes sides", 15, -60, BILLING_MAX, 30, 29, 0, 7, 0, 0, true, 44 },
	{ "relay", 15, -60, BILLING_RELAY, 10, 10, 7, 0, 0, 0, true, 70 },
	{ "corrected by hand", 15, -60, BILLING_BOTH, 30, 0, 7, 7, -20, 0, true, 40 },
	{ "nothing lately", 15, -60, BILLING_BOTH, 30, 1, 0, 0, 0, 0, true, 31 },
	{ "counting since two days", 20, 18, BILLING_OUT, 0, 6, 0, 6, 0, 0, true, 36 },
	{ "less than a tenth of the cycle", 2, -60, BILLING_OUT, 0, 6, 0, 6, 0, 0, false, 0 },
	{ "a tenth of it", 3, -60, BILLING_OUT, 0, 7, 0, 7, 0, 0, true, 34 },
	{ "counting since less than a day", 20, 20, BILLING_OUT, 0, 6, 0, 6, 0, 0, false, 0 },
	{ "counting since a day", 20, 19, BILLING_OUT, 0, 6, 0, 6, 0, 0, true, 66 },
	{ "what a link of 8 mbit carries in ten days", 20, -60, BILLING_OUT, 0, 6, 0, 7000, 0, 8, true, 6 + 864 },
	{ "a link that is not known", 20, -60, BILLING_OUT, 0, 6, 0, 7000, 0, 0, true, 10006 },
	{ "before the cycle", -1, -60, BILLING_OUT, 0, 6, 0, 7, 0, 0, false, 0 },
	{ "behind it", 30, -60, BILLING_OUT, 0, 6, 0, 7, 0, 0, false, 0 },
};

static void by_hand(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		const struct asked *x = &asked[i];
		const struct entry e = { .billing = x->billing, .quota = { .present = true, .bytes = 100 * GB } };
		const struct usage u = { .cycle = { START, END },
			.figures.bytes = { x->in * GB, x->out * GB },
			.adjustment.correction = x->correction * (int64_t)GB };
		const struct forecast_input in = { .subject = &e,
			.usage = &u,
			.now = START + x->now * DAY,
			.since = START + x->since * DAY,
			.lately.bytes = { x->last_in * GB, x->last_out * GB },
			.link_bps = x->link_mbit * 1000000 };
		uint64_t bytes = 0;
		const bool told = forecast(&in, &bytes);

		if (told != x->told || (told && bytes != x->gb * GB))
			fail_msg("%s: %s %" PRIu64, x->name, told ? "told" : "not told", bytes);
	}
}

static void without_end(void **state)
{
	const struct entry e = { .billing = BILLING_OUT };
	struct usage u = { .cycle = { CALENDAR_MIN, CALENDAR_MAX } };
	struct forecast_input in = { .subject = &e, .usage = &u, .now = START, .since = 0 };
	uint64_t bytes;

	(void)state;
	assert_false(forecast(&in, &bytes));
	u.cycle = (struct cycle_span){ START - 5 * DAY, START + 5 * DAY };
	in.lately.bytes[DIR_OUT] = UINT64_MAX;
	assert_true(forecast(&in, &bytes));
	assert_true(bytes > UINT64_MAX / 2); /* five sevenths of it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),
		cmocka_unit_test(without_end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
