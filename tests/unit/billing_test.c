/* Billing modes: figures and names by table.
 * The worked example of the manual is among them: a relay moved 300 in and 200 out.
 * make check-unit runs it. */
#include "model/billing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void figures(void **state)
{
	static const struct {
		enum billing mode;
		uint64_t in, out, want;
	} cases[] = {
		{ BILLING_OUT, 300, 200, 200 },
		{ BILLING_IN, 300, 200, 300 },
		{ BILLING_BOTH, 300, 200, 500 },
		{ BILLING_MAX, 300, 200, 300 },
		{ BILLING_MAX, 200, 300, 300 },
		{ BILLING_RELAY, 300, 200, 1000 },
		{ BILLING_BOTH, 0, 0, 0 },
		{ BILLING_BOTH, UINT64_MAX - 1, 1, UINT64_MAX },
		{ BILLING_BOTH, UINT64_MAX, 1, UINT64_MAX },
		{ BILLING_RELAY, UINT64_MAX / 2, 0, UINT64_MAX - 1 },
		{ BILLING_RELAY, UINT64_MAX / 2, 1, UINT64_MAX },
		{ BILLING_RELAY, UINT64_MAX, UINT64_MAX, UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t got = billing_figure(cases[i].mode, cases[i].in, cases[i].out);

		if (got != cases[i].want)
			fail_msg("case %zu, %s: %lu, not %lu", i, billing_name(cases[i].mode), got, cases[i].want);
	}
}

static void names(void **state)
{
	static const char *const wrong[] = { "", "o", "outs", "OUT", "double", "relay " };
	enum billing mode;

	(void)state;
	assert_int_equal(billing_count, BILLING_RELAY + 1);
	for (size_t i = 0; i < billing_count; i++) {
		const char *name = billing_name((enum billing)i);

		assert_true(billing_parse(name, strlen(name), &mode));
		assert_int_equal(mode, i);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		mode = BILLING_MAX;
		if (billing_parse(wrong[i], strlen(wrong[i]), &mode) || mode != BILLING_MAX)
			fail_msg("\"%s\" is no mode", wrong[i]);
	}
	assert_true(billing_parse("max, out", 3, &mode));
	assert_int_equal(mode, BILLING_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures),
		cmocka_unit_test(names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
