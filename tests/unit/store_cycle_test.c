/* Cycles, and where the bytes of a long span go: outages over reset days, other rules, clocks that jump, boots, zones.
 * Expected figures are worked out by hand in the tables.
 * make check-unit runs it. */
#include "store_help.h"

struct cycle_want {
	int64_t start, end;
	uint64_t in;
	bool closed;
};

static void result_by(struct fixture *f, const struct cycle_rule *rule, uint64_t hash, int64_t id, int64_t from,
	int64_t now, uint64_t in)
{
	struct result_entry e = {
		.entry = id, .delta = bytes(in, 0), .from = from, .zone = "UTC", .cycle = rule, .cycle_rule = hash
	};
	struct result r = result_at(now);

	r.entries.at = &e;
	r.entries.n = 1;
	OK(f, store_result(f->s, &r, &f->err));
}

static void check_cycles(struct fixture *f, const struct cycle_want *want, size_t n_want)
{
	struct store_cycle *rows;
	size_t n;

	OK(f, store_cycles(f->s, &f->arena, 0, CALENDAR_MAX, &rows, &n, &f->err));
	for (size_t i = 0; i < n && i < n_want; i++)
		if (rows[i].start != want[i].start || rows[i].end != want[i].end || rows[i].closed != want[i].closed ||
			rows[i].figures.bytes[DIR_IN] != want[i].in)
			fail_msg("cycle %zu: %lld to %lld, %llu bytes, closed %d", i, (long long)rows[i].start,
				(long long)rows[i].end, (unsigned long long)rows[i].figures.bytes[DIR_IN],
				rows[i].closed);
	assert_int_equal(n, n_want);
}
#define CYCLES(f, ...) \
	do { \
		const struct cycle_want want_[] = { __VA_ARGS__ }; \
		check_cycles((f), want_, sizeof want_ / sizeof *want_); \
	} while (0)

static void a_day_ends(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);

	result_by(f, &daily, 1, id, T0, T0 + 23 * HOUR, 1000);
	result_by(f, &daily, 1, id, T0 + 23 * HOUR, T0 + 25 * HOUR, 300); /* half of it in each day */
	CYCLES(f, { T0, T0 + DAY, 1150, true }, { T0 + DAY, T0 + 2 * DAY, 150, false });
	/* Exactly at the boundary: the old day is over, and has all of it. */
	result_by(f, &daily, 1, id, T0 + 25 * HOUR, T0 + 2 * DAY, 50);
	CYCLES(f, { T0, T0 + DAY, 1150, true }, { T0 + DAY, T0 + 2 * DAY, 200, true },
		{ T0 + 2 * DAY, T0 + 3 * DAY, 0, false });
}

static void born_before_a_boundary(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0 + DAY - 60);

	result_by(f, &daily, 1, id, T0 + DAY - 60, T0 + DAY + 60, 200);
	CYCLES(f, { T0, T0 + DAY, 100, true }, { T0 + DAY, T0 + 2 * DAY, 100, false });
}

static void cycles_that_an_outage_skips(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);
	struct result_entry e = {
		.entry = id, .delta = bytes(600, 0), .from = T0 + HOUR, .cycle = &daily, .cycle_rule = 1, .zone = "UTC"
	};
	struct result r = result_at(T0 + 5 * DAY + 6 * HOUR);

	result_by(f, &daily, 1, id, T0, T0 + HOUR, 70);
	/* Off from day 0 to day 5 06:00 minus 6 hours: all was counted today. The days between are not stored. */
	r.up_from = T0 + 5 * DAY;
	r.entries.at = &e;
	r.entries.n = 1;
	OK(f, store_result(f->s, &r, &f->err));
	CYCLES(f, { T0, T0 + DAY, 70, true }, { T0 + 5 * DAY, T0 + 6 * DAY, 600, false });
	/* On, but without a run for three days: each day has its share, the one in between too. */
	result_by(f, &daily, 1, id, T0 + 5 * DAY + 12 * HOUR, T0 + 7 * DAY + 12 * HOUR, 400);
	CYCLES(f, { T0, T0 + DAY, 70, true }, { T0 + 5 * DAY, T0 + 6 * DAY, 700, true },
		{ T0 + 6 * DAY, T0 + 7 * DAY, 200, true }, { T0 + 7 * DAY, T0 + 8 * DAY, 100, false });
}

static void an_idle_cycle_is_closed_too(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);

	result_by(f, &daily, 1, id, T0, T0 + HOUR, 0);
	result_by(f, &daily, 1, id, T0 + HOUR, T0 + DAY + HOUR, 0);
	CYCLES(f, { T0, T0 + DAY, 0, true }, { T0 + DAY, T0 + 2 * DAY, 0, false });
}

static void another_rule(void **state)
{
	static const struct cycle_rule weekly = {
		.unit = CYCLE_WEEK, .reset_day = 1, .reset_month = 1, .timezone = "UTC"
	};
	const int64_t monday = T0 + 4 * DAY;
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0 - 40 * DAY);

	result_by(f, &monthly, 1, id, T0 - 40 * DAY, T0 - 40 * DAY + HOUR, 5);
	result_by(f, &monthly, 1, id, T0, T0 + HOUR, 1000);
	result_by(f, &monthly, 1, id, monday + HOUR, monday + 2 * HOUR, 200);
	/* The week since Monday has 200 of the hours and what comes with the run that sees the new rule. */
	result_by(f, &weekly, 2, id, monday + 2 * HOUR, monday + 3 * HOUR, 30);
	CYCLES(f, { T0 - 61 * DAY, T0 - 31 * DAY, 5, true }, { monday, monday + 7 * DAY, 230, false });
	/* Back again: the month, from the hours. */
	result_by(f, &monthly, 1, id, monday + 3 * HOUR, monday + 4 * HOUR, 4);
	CYCLES(f, { T0 - 61 * DAY, T0 - 31 * DAY, 5, true }, { T0, T0 + 31 * DAY, 1234, false });
}

static void another_rule_after_the_end(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);

	result_by(f, &daily, 1, id, T0, T0 + HOUR, 10);
	result_by(f, &monthly, 2, id, T0 + DAY - HOUR, T0 + DAY + HOUR, 20);
	/* The day ended with what is its own; the month has all since T0. */
	CYCLES(f, { T0, T0 + DAY, 20, true }, { T0, T0 + 31 * DAY, 30, false });
}

/* Raw figures are not in the hours: the entry's ratio stands in. */
static void another_rule_estimates_raw(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0 - 40 * DAY);

	result_by(f, &monthly, 1, id, T0 - 40 * DAY, T0 - 40 * DAY + HOUR, 1000000);
	result_by(f, &monthly, 1, id, T0, T0 + HOUR, 1000000);
	result_by(f, &daily, 2, id, T0 + HOUR, T0 + 2 * HOUR, 1000000);
	reopen(f, STORE_READ);
	assert_int_equal(f->l.entries.at[0].sums->cycle.bytes[DIR_IN], 2000000);
	assert_int_equal(f->l.entries.at[0].sums->cycle.raw_bytes[DIR_IN], 1900000);
}

/* Not while its whole life is in the new cycle: then that has what was counted. */
static void another_rule_in_the_first_cycle(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0 + HOUR);

	result_by(f, &daily, 1, id, T0 + HOUR, T0 + 2 * HOUR, 19);
	result_by(f, &daily, 1, id, T0 + 2 * HOUR, T0 + 3 * HOUR, 777);
	result_by(f, &monthly, 2, id, T0 + 3 * HOUR, T0 + 4 * HOUR, 1000);
	reopen(f, STORE_READ);
	assert_memory_equal(&f->l.entries.at[0].sums->cycle, &f->l.entries.at[0].sums->total, sizeof(struct figures));
}

static void the_clock_goes_back(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);
	struct store_row *rows;
	size_t n;

	result_by(f, &daily, 1, id, T0, T0 + HOUR, 10);
	result_by(f, &daily, 1, id, T0 + 60 * DAY, T0 + 60 * DAY + HOUR, 200); /* a dead clock */
	CYCLES(f, { T0, T0 + DAY, 10, true }, { T0 + 60 * DAY, T0 + 61 * DAY, 200, false });
	/* Mended: today goes on with what it had; the day in the future keeps what it was given. */
	result_by(f, &daily, 1, id, T0 + 60 * DAY + HOUR, T0 + 2 * HOUR, 3);
	CYCLES(f, { T0, T0 + DAY, 13, false }, { T0 + 60 * DAY, T0 + 61 * DAY, 200, true });
	OK(f, store_history(f->s, &f->arena, BUCKET_HOUR, "UTC", 0, CALENDAR_MAX, NULL, 0, &rows, &n, &f->err));
	assert_int_equal(n, 3);
	assert_int_equal(rows[1].start, T0 + 2 * HOUR);
	assert_int_equal(rows[1].figures.bytes[DIR_IN], 3);
	/* And when that day comes, it goes on too. */
	result_by(f, &daily, 1, id, T0 + 60 * DAY, T0 + 60 * DAY + 30, 7);
	CYCLES(f, { T0, T0 + DAY, 13, true }, { T0 + 60 * DAY, T0 + 61 * DAY, 207, false });
}

static void retired_entries(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);

	result_by(f, &daily, 1, id, T0, T0 + HOUR, 10);
	result_by(f, NULL, 0, id, T0 + HOUR, T0 + 2 * HOUR, 5); /* its last bytes */
	CYCLES(f, { T0, T0 + DAY, 15, false });
	result_by(f, NULL, 0, id, T0 + HOUR, T0 + 2 * DAY, 0);
	CYCLES(f, { T0, T0 + DAY, 15, false });
	/* It returns after its cycle's end. */
	result_by(f, &daily, 1, id, T0 + 9 * DAY, T0 + 9 * DAY + 5, 1);
	CYCLES(f, { T0, T0 + DAY, 15, true }, { T0 + 9 * DAY, T0 + 10 * DAY, 1, false });
}

static void never(void **state)
{
	static const struct cycle_rule rule = {
		.unit = CYCLE_NEVER, .reset_day = 1, .reset_month = 1, .timezone = "UTC"
	};
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);

	result_by(f, &rule, 1, id, T0, T0 + HOUR, 10);
	result_by(f, &rule, 1, id, T0 + HOUR, T0 + 4000 * DAY, 10);
	CYCLES(f, { CALENDAR_MIN, CALENDAR_MAX, 20, false });
}

/* -- spans over hours ------------------------------------------------------------------------------------------------- */

static void hours_of(struct fixture *f, const uint64_t *want, size_t n_want, int64_t first)
{
	struct store_row *rows;
	size_t n;

	OK(f, store_history(f->s, &f->arena, BUCKET_HOUR, "UTC", 0, CALENDAR_MAX, NULL, 0, &rows, &n, &f->err));
	assert_int_equal(n, n_want);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(rows[i].start, first + (int64_t)i * HOUR);
		assert_int_equal(rows[i].figures.bytes[DIR_IN], want[i]);
		assert_int_equal(rows[i].estimated, n > 1);
	}
}

static void split_over_hours(void **state)
{
	static const uint64_t want[] = { 100, 200, 100 };
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);

	result_by(f, &daily, 1, id, T0 + HOUR / 2, T0 + 2 * HOUR + HOUR / 2, 400);
	hours_of(f, want, 3, T0);
}

static void only_uptime_counts(void **state)
{
	static const uint64_t want[] = { 100, 300 };
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);
	struct result_entry e = {
		.entry = id, .delta = bytes(400, 0), .from = T0, .cycle = &daily, .cycle_rule = 1, .zone = "UTC"
	};
	struct result r = result_at(T0 + 9 * HOUR + 45 * 60);

	r.up_from = T0 + 9 * HOUR - 15 * 60;
	r.entries.at = &e;
	r.entries.n = 1;
	OK(f, store_result(f->s, &r, &f->err));
	hours_of(f, want, 2, T0 + 8 * HOUR);
}

static void no_time_at_all(void **state)
{
	static const uint64_t want[] = { 7 };
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);

	result_by(f, &daily, 1, id, T0 + DAY, T0 + HOUR, 7); /* began in the future: now */
	hours_of(f, want, 1, T0 + HOUR);
	reopen(f, STORE_READ);
	assert_int_equal(f->l.entries.at[0].sums->rate_to, 0);
}

/* -- another zone ------------------------------------------------------------------------------------------------------ */

static void days_of(struct fixture *f, const char *zone, int64_t first, uint64_t a, uint64_t b, uint64_t c)
{
	const uint64_t want[] = { a, b, c };
	struct store_row *rows;
	size_t n;

	OK(f, store_history(f->s, &f->arena, BUCKET_DAY, zone, 0, CALENDAR_MAX, NULL, 0, &rows, &n, &f->err));
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(rows[i].start, first + (int64_t)i * DAY);
		assert_int_equal(rows[i].figures.bytes[DIR_IN], want[i]);
	}
}

static void another_zone(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);
	struct result r = result_at(T0 + 50 * HOUR);

	sample(f, id, T0, T0 + HOUR, bytes(1000, 0));
	sample(f, id, T0 + 20 * HOUR, T0 + 21 * HOUR, bytes(200, 0)); /* the next day in Shanghai */
	sample(f, id, T0 + 30 * HOUR, T0 + 31 * HOUR, bytes(30, 0));
	sample(f, id, T0 + 48 * HOUR, T0 + 49 * HOUR, bytes(4, 0));
	days_of(f, "UTC", T0, 1200, 30, 4);
	r.zone = "Asia/Shanghai";
	OK(f, store_result(f->s, &r, &f->err));
	days_of(f, "Asia/Shanghai", T0 - 8 * HOUR, 1000, 230, 4);
	r.zone = "UTC";
	OK(f, store_result(f->s, &r, &f->err));
	days_of(f, "UTC", T0, 1200, 30, 4);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up_store, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_day_ends),
		CASE(born_before_a_boundary),
		CASE(cycles_that_an_outage_skips),
		CASE(an_idle_cycle_is_closed_too),
		CASE(another_rule),
		CASE(another_rule_after_the_end),
		CASE(another_rule_estimates_raw),
		CASE(another_rule_in_the_first_cycle),
		CASE(the_clock_goes_back),
		CASE(retired_entries),
		CASE(never),
		CASE(split_over_hours),
		CASE(only_uptime_counts),
		CASE(no_time_at_all),
		CASE(another_zone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
