/* Every reset day of every cycle from 1970 to 2100, in a zone with DST on each hemisphere, against the brute-force calendar.
 * The other zones, and what else the calendar answers, are calendar_test.c's.
 * make check-unit runs it. */
#include "model/calendar.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "calendar_oracle.h"

/* Every reset day of every cycle, at the hours where clocks change and at others in turn. Where the offset changes all are looked at,
 * of the rest one in `every`. */
static void check_resets(
	const struct oracle *o, struct cycle_rule r, int64_t from_days, size_t every, int64_t starts[DAYS])
{
	size_t n = oracle_starts(o, &r, from_days, starts);
	char what[64];

	snprintf(what, sizeof what, "unit %d, %u-%u at %u, %u days", r.unit, r.reset_month, r.reset_day, r.reset_hour,
		r.span_days);
	assert_true(n > 60);
	for (size_t k = 0, near = 0; k + 1 < n; k++) {
		if (k % every && !near_change(o, starts[k], &near))
			continue;
		check_cycle(&r, what, starts[k], starts[k], starts[k + 1]);
		check_cycle(&r, what, starts[k + 1] - 1, starts[k], starts[k + 1]);
	}
}

static void all_reset_days(void **state)
{
	static const char *const both[] = { "Europe/Berlin", "Australia/Sydney" };
	static const uint8_t hours[] = { 0, 2, 3, 23 };
	struct oracle *o = malloc(sizeof *o);
	int64_t *starts = malloc(DAYS * sizeof *starts);

	(void)state;
	assert_true(o && starts);
	for (size_t z = 0; z < sizeof both / sizeof *both; z++) {
		struct cycle_rule r = { .timezone = both[z] };

		oracle_fill(o, both[z], DAYS);
		for (size_t h = 0; h < sizeof hours / sizeof *hours; h++) {
			r.reset_hour = hours[h];
			for (r.unit = CYCLE_MONTH, r.reset_day = 1; r.reset_day <= 31; r.reset_day++)
				check_resets(o, r, 0, 4, starts);
			for (r.unit = CYCLE_WEEK, r.reset_day = 1; r.reset_day <= 7; r.reset_day++)
				check_resets(o, r, 0, 16, starts);
		}
		for (r.unit = CYCLE_DAY, r.reset_hour = 0; r.reset_hour < 24; r.reset_hour++)
			check_resets(o, r, 0, 256, starts);
		for (r.unit = CYCLE_YEAR, r.reset_month = 1; r.reset_month <= 12; r.reset_month++)
			for (r.reset_day = 1; r.reset_day <= month_length(2000, r.reset_month); r.reset_day++) {
				r.reset_hour = r.reset_day % 24;
				check_resets(o, r, 0, 1, starts);
			}
		r.unit = CYCLE_SPAN;
		r.from = (struct civil_date){ 2026, 1, 15 };
		for (r.span_days = 1; r.span_days <= 400; r.span_days += 1 + r.span_days / 8) {
			r.reset_hour = (uint8_t)(r.span_days % 24);
			check_resets(o, r, 20468, 64, starts);
		}
	}
	free(o);
	free(starts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_reset_days),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
