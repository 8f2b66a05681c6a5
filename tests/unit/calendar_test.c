/* The calendar: known moments by table, then all of 1970 to 2100 in many zones against the brute-force oracle of calendar_oracle.h.
 * Days far from a change of offset are checked by sample; every reset day is calendar_resets_test.c's.
 * make check-unit runs it. */
#include "model/calendar.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "calendar_oracle.h"

static const struct {
	const char *name;
	int64_t days;
} zones[] = {
	{ "UTC", DAYS }, { "Asia/Shanghai", DAYS }, { "America/New_York", DAYS }, { "Europe/Berlin", DAYS_2039 },
	{ "Asia/Kolkata", DAYS_2039 },      /* +05:30 */
	{ "Asia/Kathmandu", DAYS },         /* +05:30 to +05:45 in 1986 */
	{ "Asia/Pyongyang", DAYS_2039 },    /* half an hour there and back */
	{ "Australia/Lord_Howe", DAYS },    /* DST is half an hour */
	{ "Pacific/Chatham", DAYS },        /* +12:45, changes at 02:45 */
	{ "Pacific/Apia", DAYS_2039 },      /* no 2011-12-30 */
	{ "Pacific/Kwajalein", DAYS_2039 }, /* no 1993-08-21 */
	{ "America/St_Johns", DAYS_2039 },  /* changed at 00:01, went back over midnight */
	{ "America/Sao_Paulo", DAYS_2039 }, /* no midnight on some days */
	{ "America/Santiago", DAYS },       /* the southern summer, at midnight */
	{ "Antarctica/Troll", DAYS_2039 },  /* DST is two hours */
	{ "Africa/Casablanca", DAYS },      /* four changes a year */
	{ "Africa/Monrovia", DAYS_2039 },   /* -00:44:30 until 1972 */
};

/* ---- against the oracle ---- */

static const struct {
	const char *name;
	struct cycle_rule rule;
	int64_t from_days;
} rules[] = {
	{ "day", { .unit = CYCLE_DAY }, 0 },
	{ "day at 02", { .unit = CYCLE_DAY, .reset_hour = 2 }, 0 },
	{ "day at 23", { .unit = CYCLE_DAY, .reset_hour = 23 }, 0 },
	{ "week on Monday", { .unit = CYCLE_WEEK, .reset_day = 1 }, 0 },
	{ "week on Sunday at 02", { .unit = CYCLE_WEEK, .reset_day = 7, .reset_hour = 2 }, 0 },
	{ "week on Friday", { .unit = CYCLE_WEEK, .reset_day = 5 }, 0 },
	{ "month", { .unit = CYCLE_MONTH, .reset_day = 1 }, 0 },
	{ "month on 17 at 08", { .unit = CYCLE_MONTH, .reset_day = 17, .reset_hour = 8 }, 0 },
	{ "month on 29", { .unit = CYCLE_MONTH, .reset_day = 29 }, 0 },
	{ "month on 30 at 02", { .unit = CYCLE_MONTH, .reset_day = 30, .reset_hour = 2 }, 0 },
	{ "month on 31 at 23", { .unit = CYCLE_MONTH, .reset_day = 31, .reset_hour = 23 }, 0 },
	{ "year", { .unit = CYCLE_YEAR, .reset_day = 1, .reset_month = 1 }, 0 },
	{ "year on 02-29", { .unit = CYCLE_YEAR, .reset_day = 29, .reset_month = 2, .reset_hour = 5 }, 0 },
	{ "year on 10-31", { .unit = CYCLE_YEAR, .reset_day = 31, .reset_month = 10, .reset_hour = 1 }, 0 },
	{ "30d from 2026-01-15", { .unit = CYCLE_SPAN, .span_days = 30, .from = { 2026, 1, 15 }, .reset_hour = 8 },
		20468 },
	{ "1d from 2000-02-29", { .unit = CYCLE_SPAN, .span_days = 1, .from = { 2000, 2, 29 } }, 11016 },
	{ "365d from 1969-07-20", { .unit = CYCLE_SPAN, .span_days = 365, .from = { 1969, 7, 20 } }, -165 },
};

static void check_rules(const struct oracle *o, int64_t starts[DAYS])
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		struct cycle_rule r = rules[i].rule;
		struct cycle_span first;
		size_t n;

		r.timezone = o->zone;
		n = oracle_starts(o, &r, rules[i].from_days, starts);
		assert_true(n > 60);
		for (size_t k = 0, near = 0; k + 1 < n; k++) {
			assert_true(starts[k] < starts[k + 1]);
			if (n > DAYS_2039 / 2 && k % 32 && !near_change(o, starts[k], &near))
				continue;
			check_cycle(&r, rules[i].name, starts[k], starts[k], starts[k + 1]);
			check_cycle(&r, rules[i].name, starts[k + 1] - 1, starts[k], starts[k + 1]);
			if (k % 4 == 0)
				check_cycle(&r, rules[i].name, starts[k] + (starts[k + 1] - starts[k]) / 3, starts[k],
					starts[k + 1]);
		}
		first = calendar_cycle(&r, CALENDAR_MIN);
		assert_true(first.start == CALENDAR_MIN && first.end > CALENDAR_MIN &&
			first.end <= starts[starts[0] == CALENDAR_MIN]);
	}
}

static void check_days(const struct oracle *o, int64_t starts[DAYS])
{
	static const struct {
		enum bucket bucket;
		struct cycle_rule rule;
	} same[] = {
		{ BUCKET_DAY, { .unit = CYCLE_DAY } },
		{ BUCKET_WEEK, { .unit = CYCLE_WEEK, .reset_day = 1 } },
		{ BUCKET_MONTH, { .unit = CYCLE_MONTH, .reset_day = 1 } },
		{ BUCKET_YEAR, { .unit = CYCLE_YEAR, .reset_day = 1, .reset_month = 1 } },
	};

	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		size_t n = oracle_starts(o, &same[i].rule, 0, starts);

		for (size_t k = 0; k + 1 < n; k += 1 + n / 5000) {
			int64_t t = starts[k] + (starts[k + 1] - starts[k]) / 2;

			if (calendar_floor(o->zone, same[i].bucket, t) != starts[k])
				fail_at(o->zone, "floor", t, calendar_floor(o->zone, same[i].bucket, t), starts[k]);
			if (calendar_next(o->zone, same[i].bucket, t) != starts[k + 1])
				fail_at(o->zone, "next", t, calendar_next(o->zone, same[i].bucket, t), starts[k + 1]);
		}
	}
}

static void check_moments(const struct oracle *o)
{
	struct odometer date = { 0, 1970, 1, 1, 4 };

	for (; date.days < o->days; odometer_tick(&date)) {
		struct civil_date d = { date.year, (uint8_t)date.month, (uint8_t)date.day };
		int hour = (int)(date.days % 24);
		int64_t want = o->first[date.days * 24 + hour], got = calendar_moment(o->zone, d, hour, 0);
		struct calendar_time l;

		if (want >= CALENDAR_MIN && got != want)
			fail_at(o->zone, "moment", want, got, want);
		if (want < CALENDAR_MIN)
			continue;
		l = calendar_local(o->zone, want);
		assert_true(l.offset_s == wall(want) - want);
		if (l.hour != hour) /* skipped: the first moment after the gap */
			assert_true(wall(want) > date.days * DAY_S + hour * 3600);
		else if (wall(want) == date.days * DAY_S + hour * 3600)
			assert_true(l.date.year == d.year && l.date.month == d.month && l.date.day == d.day &&
				l.weekday == date.weekday && l.minute == 0 && l.second == 0);
	}
}

/* Is there a border at t by the rule of the header: the wall shows a full unit, or jumps by a part of one? */
static bool border(int64_t t, int64_t unit)
{
	return wall(t) % unit == 0 || (wall(t) - wall(t - 1) - 1) % unit != 0;
}

static void check_clock(const struct oracle *o, enum bucket b, int64_t unit, int64_t from, int64_t to)
{
	int64_t start = calendar_floor(o->zone, b, from), end;

	for (; start < to; start = end) {
		end = calendar_next(o->zone, b, start);
		if (end <= start || end - start > unit)
			fail_at(o->zone, "next", start, end, start + unit);
		if ((start != CALENDAR_MIN && !border(start, unit)) || !border(end, unit))
			fail_at(o->zone, "a border", start, end, start + unit);
		assert_true((wall(end - 1) - wall(start) - (end - 1 - start)) % unit == 0);
		for (int64_t t = start; t < end; t += 1 + (end - start) / 3)
			if (calendar_floor(o->zone, b, t) != start || calendar_next(o->zone, b, t) != end)
				fail_at(o->zone, "floor", t, calendar_floor(o->zone, b, t), start);
		assert_true(calendar_floor(o->zone, b, end - 1) == start && calendar_next(o->zone, b, end - 1) == end);
	}
}

static void check_clocks(const struct oracle *o)
{
	for (size_t i = 0; i < o->n_changes; i++) {
		int64_t t = o->change[i];

		if (t < CALENDAR_MIN)
			continue;
		check_clock(o, BUCKET_HOUR, 3600, t - 5 * 3600, t + 5 * 3600);
		check_clock(o, BUCKET_MINUTE, 60, t - 150, t + 150);
	}
	check_clock(o, BUCKET_HOUR, 3600, CALENDAR_MIN, 10 * DAY_S);
	for (int64_t t = 0; t < o->days * DAY_S; t += 11 * DAY_S + 12345)
		check_clock(o, BUCKET_HOUR, 3600, t, t + 1);
}

static void against_the_oracle(void **state)
{
	struct oracle *o = malloc(sizeof *o);
	int64_t *starts = malloc(DAYS * sizeof *starts);

	(void)state;
	assert_true(o && starts);
	for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
		oracle_fill(o, zones[i].name, zones[i].days);
		check_moments(o);
		check_rules(o, starts);
		check_days(o, starts);
		check_clocks(o);
	}
	free(o);
	free(starts);
}

/* ---- known answers ---- */

static int64_t at(const char *zone, int year, int month, int day, int hour, int minute)
{
	return calendar_moment(zone, (struct civil_date){ year, (uint8_t)month, (uint8_t)day }, hour, minute);
}

static void moments(void **state)
{
	static const struct {
		const char *zone;
		int year, month, day, hour, minute;
		const char *want;
	} cases[] = {
		{ "UTC", 1970, 1, 1, 0, 0, "1970-01-01T00:00:00+00:00" },
		{ "Asia/Shanghai", 2026, 11, 25, 10, 0, "2026-11-25T10:00:00+08:00" },
		{ "America/New_York", 2026, 3, 8, 1, 59, "2026-03-08T01:59:00-05:00" },
		{ "America/New_York", 2026, 3, 8, 2, 0, "2026-03-08T03:00:00-04:00" },
		{ "America/New_York", 2026, 3, 8, 2, 30, "2026-03-08T03:00:00-04:00" },
		{ "America/New_York", 2026, 3, 8, 3, 1, "2026-03-08T03:01:00-04:00" },
		{ "America/New_York", 2026, 11, 1, 1, 30, "2026-11-01T01:30:00-04:00" }, /* the first of two */
		{ "America/New_York", 2026, 11, 1, 2, 0, "2026-11-01T02:00:00-05:00" },
		{ "Australia/Sydney", 2026, 10, 4, 2, 30, "2026-10-04T03:00:00+11:00" },
		{ "Australia/Sydney", 2026, 4, 5, 2, 30, "2026-04-05T02:30:00+11:00" },
		{ "Australia/Lord_Howe", 2026, 10, 4, 2, 15, "2026-10-04T02:30:00+11:00" },
		{ "Australia/Lord_Howe", 2026, 4, 5, 1, 45, "2026-04-05T01:45:00+11:00" },
		{ "Asia/Kathmandu", 2026, 1, 1, 0, 0, "2026-01-01T00:00:00+05:45" },
		{ "Pacific/Apia", 2011, 12, 30, 0, 0, "2011-12-31T00:00:00+14:00" },
		{ "Pacific/Apia", 2011, 12, 30, 23, 59, "2011-12-31T00:00:00+14:00" },
		{ "America/Sao_Paulo", 2018, 11, 4, 0, 0, "2018-11-04T01:00:00-02:00" },
		{ "Africa/Monrovia", 1970, 1, 1, 0, 0, "1969-12-31T23:59:30-00:45" }, /* -00:44:30 */
		{ "Africa/Monrovia", 1971, 6, 1, 0, 0, "1971-05-31T23:59:30-00:45" },
		{ "Europe/Berlin", 2150, 7, 1, 0, 0, "2150-07-01T00:00:00+02:00" },
		{ "Asia/Tokyo", 1960, 1, 1, 0, 0, "1970-01-01T09:00:00+09:00" },
		{ "UTC", 2400, 1, 1, 0, 0, "2200-01-01T00:00:00+00:00" },
		{ "No/Such", 2026, 1, 1, 0, 0, "2026-01-01T00:00:00+00:00" },
	};
	char got[CALENDAR_RFC3339], minute[CALENDAR_MINUTE];

	(void)state;
	assert_string_equal(calendar_minute("Asia/Shanghai", 1795604459, minute), "2026-11-25 19:00");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t t = at(
			cases[i].zone, cases[i].year, cases[i].month, cases[i].day, cases[i].hour, cases[i].minute);

		if (strcmp(calendar_rfc3339(cases[i].zone, t, got), cases[i].want) != 0)
			fail_msg("case %zu, %s: %s, not %s", i, cases[i].zone, got, cases[i].want);
	}
}

static void hours_of_a_day(void **state)
{
	static const struct {
		const char *zone;
		int year, month, day;
		unsigned hours;
		int64_t seconds;
	} cases[] = {
		{ "Europe/Berlin", 2026, 3, 29, 23, 23 * 3600 },
		{ "Europe/Berlin", 2026, 10, 25, 25, 25 * 3600 },
		{ "Europe/Berlin", 2026, 10, 26, 24, 24 * 3600 },
		{ "Australia/Sydney", 2026, 10, 4, 23, 23 * 3600 },
		{ "Australia/Sydney", 2026, 4, 5, 25, 25 * 3600 },
		{ "Australia/Lord_Howe", 2026, 4, 5, 25, 88200 }, /* one of them half an hour */
		{ "Australia/Lord_Howe", 2026, 10, 4, 24, 84600 },
		{ "Pacific/Chatham", 2026, 4, 5, 25, 25 * 3600 },
		{ "Asia/Kolkata", 2026, 4, 5, 24, 24 * 3600 },
		{ "America/Sao_Paulo", 2018, 11, 4, 23, 23 * 3600 }, /* begins at 01:00 */
		{ "America/Sao_Paulo", 2018, 2, 17, 25, 25 * 3600 }, /* 23:00 twice */
		{ "Pacific/Apia", 2011, 12, 29, 24, 24 * 3600 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t start = at(cases[i].zone, cases[i].year, cases[i].month, cases[i].day, 0, 0);
		int64_t end = calendar_next(cases[i].zone, BUCKET_DAY, start);
		unsigned hours = 0;

		for (int64_t t = start; t < end; t = calendar_next(cases[i].zone, BUCKET_HOUR, t))
			hours++;
		if (hours != cases[i].hours || end - start != cases[i].seconds)
			fail_msg("case %zu, %s: %u hours, %" PRId64 " s", i, cases[i].zone, hours, end - start);
	}
}

static void edges(void **state)
{
	static const int64_t times[] = { INT64_MIN, -1, 0, 1, CALENDAR_MAX - 1, CALENDAR_MAX, CALENDAR_MAX + 1,
		INT64_MAX };
	static const struct cycle_rule odd[] = {
		{ .unit = CYCLE_SPAN, .span_days = UINT32_MAX, .from = { 9999, 12, 31 }, .timezone = "Asia/Tokyo" },
		{ .unit = CYCLE_SPAN, .span_days = 100000, .from = { 1, 1, 1 }, .timezone = "America/New_York" },
		{ .unit = CYCLE_SPAN, .span_days = 1, .from = { 2100, 1, 1 }, .timezone = "" },
		{ .unit = CYCLE_NEVER, .timezone = "UTC" },
		{ .unit = CYCLE_YEAR,
			.reset_day = 31,
			.reset_month = 12,
			.reset_hour = 23,
			.timezone = "Pacific/Kiritimati" },
	};
	struct cycle_span s;

	(void)state;
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		int64_t inside = times[i] < CALENDAR_MIN ? CALENDAR_MIN
			: times[i] < CALENDAR_MAX        ? times[i]
							 : CALENDAR_MAX - 1;

		for (int b = BUCKET_MINUTE; b <= BUCKET_YEAR; b++) {
			int64_t start = calendar_floor("America/New_York", (enum bucket)b, times[i]);
			int64_t end = calendar_next("America/New_York", (enum bucket)b, times[i]);

			assert_true(CALENDAR_MIN <= start && start <= inside && inside < end && end <= CALENDAR_MAX);
		}
		for (size_t k = 0; k < sizeof odd / sizeof *odd; k++) {
			s = calendar_cycle(&odd[k], times[i]);
			assert_true(CALENDAR_MIN <= s.start && s.start <= inside && inside < s.end &&
				s.end <= CALENDAR_MAX);
		}
	}
	s = calendar_cycle(&odd[3], 1772000000);
	assert_true(s.start == CALENDAR_MIN && s.end == CALENDAR_MAX);
}

static void zone_names(void **state)
{
	static const struct {
		const char *zone;
		bool want;
	} cases[] = {
		{ "", true }, /* the machine's own */
		{ "UTC", true },
		{ "Etc/UTC", true },
		{ "Etc/GMT+8", true },
		{ "Asia/Shanghai", true },
		{ "America/Argentina/Buenos_Aires", true },
		{ "America/Port-au-Prince", true },
		{ "Asia/Shanghia", false },
		{ "asia/shanghai", false },
		{ "Asia", false },
		{ "Asia/", false },
		{ "Asia//Shanghai", false },
		{ "Asia/Shanghai ", false },
		{ " Asia/Shanghai", false },
		{ "Asia/Shanghai\n", false },
		{ "../../etc/passwd", false },
		{ "Asia/../UTC", false },
		{ "./UTC", false },
		{ "/usr/share/zoneinfo/UTC", false },
		{ "/etc/localtime", false },
		{ ":UTC", false },
		{ "UTC0", false },
		{ "UTC+8", false },
		{ "CST-8", false },
		{ "EST5EDT,M3.2.0,M11.1.0", false },
		{ "<+08>-8", false },
		{ "right/UTC", false },
		{ "posix/UTC", false },
		{ "localtime", false },
		{ "zone.tab", false },
		{ "tzdata.zi", false },
		{ "Shanghai", false },
		{ "\xe4\xb8\x8a\xe6\xb5\xb7", false },
		{ "Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (calendar_zone_known(cases[i].zone) != cases[i].want)
			fail_msg("\"%s\" is said to be %s", cases[i].zone, cases[i].want ? "unknown" : "known");
}

/* Switching zones back and forth, a bad one between, leaves no trace. */
static void zones_in_turn(void **state)
{
	static const char *const turn[] = { "Asia/Tokyo", "America/New_York", "No/Such", "", "Asia/Tokyo", "UTC",
		"Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "Asia/Tokyo", "../UTC" };
	static const int32_t want[] = { 32400, -18000, 0, -1, 32400, 0, 0, 32400, 0 };

	(void)state;
	for (size_t i = 0; i < sizeof turn / sizeof *turn; i++)
		if (want[i] != -1)
			assert_int_equal(calendar_local(turn[i], 1768000000).offset_s, want[i]);
		else
			calendar_local(turn[i], 1768000000);
	assert_false(calendar_zone_known("No/Such"));
	assert_false(calendar_zone_known("No/Such"));
}

static void dates(void **state)
{
	static const struct {
		struct civil_date date;
		bool want;
	} cases[] = {
		{ { 2026, 2, 28 }, true },
		{ { 2026, 2, 29 }, false },
		{ { 2024, 2, 29 }, true },
		{ { 1900, 2, 29 }, false },
		{ { 2000, 2, 29 }, true },
		{ { 2026, 4, 30 }, true },
		{ { 2026, 4, 31 }, false },
		{ { 2026, 12, 31 }, true },
		{ { 2026, 0, 1 }, false },
		{ { 2026, 13, 1 }, false },
		{ { 2026, 1, 0 }, false },
		{ { 2026, 1, 32 }, false },
		{ { 0, 1, 1 }, false },
		{ { 1, 1, 1 }, true },
		{ { 9999, 12, 31 }, true },
		{ { 10000, 1, 1 }, false },
		{ { -4, 1, 1 }, false },
	};
	struct odometer o = { -719162, 1, 1, 1, 1 };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (calendar_valid(cases[i].date) != cases[i].want)
			fail_msg("%d-%u-%u", cases[i].date.year, cases[i].date.month, cases[i].date.day);
	for (; o.year < 2500; odometer_tick(&o)) {
		struct civil_date d = { o.year, (uint8_t)o.month, (uint8_t)o.day };
		struct civil_date back = calendar_from_days(o.days);

		if (calendar_days(d) != o.days || back.year != d.year || back.month != d.month || back.day != d.day)
			fail_msg("%d-%d-%d is day %" PRId64 ", not %" PRId64, o.year, o.month, o.day, calendar_days(d),
				o.days);
	}
	assert_int_equal(
		calendar_days((struct civil_date){ -4, 12, 31 }) + 1, calendar_days((struct civil_date){ -3, 1, 1 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates),
		cmocka_unit_test(zone_names),
		cmocka_unit_test(zones_in_turn),
		cmocka_unit_test(moments),
		cmocka_unit_test(hours_of_a_day),
		cmocka_unit_test(edges),
		cmocka_unit_test(against_the_oracle),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
