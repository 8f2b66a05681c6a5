/* Sums and histories over parts of hours and days, from whatever retention left; retention itself.
 * Expected figures are worked out by hand.
 * make check-unit runs it. */
#include "store_help.h"

static uint64_t sum(struct fixture *f, int64_t from, int64_t to)
{
	struct store_sum *rows;
	size_t n;

	OK(f, store_sums(f->s, &f->arena, from, to, &rows, &n, &f->err));
	return n ? rows[0].figures.bytes[DIR_IN] : 0;
}

static size_t rows_by(struct fixture *f, enum bucket by, int64_t from, int64_t to, struct store_row **ret)
{
	size_t n;

	OK(f, store_history(f->s, &f->arena, by, "UTC", from, to, NULL, 0, ret, &n, &f->err));
	return n;
}

static void expire(struct fixture *f, int64_t now, uint64_t minutes, uint64_t hours, uint64_t days)
{
	struct result r = result_at(now);

	r.keep_minutes = (struct retention){ .seconds = minutes };
	r.keep_hours = (struct retention){ .seconds = hours };
	r.keep_days = (struct retention){ .seconds = days };
	OK(f, store_result(f->s, &r, &f->err));
}

/* An hour whose bytes all moved in its second quarter. */
static void part_of_an_hour(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);

	sample(f, id, T0, T0 + 900, bytes(4, 0));
	sample(f, id, T0 + 900, T0 + 1800, bytes(4000, 0));
	sample(f, id, T0 + 1800, T0 + 5400, bytes(40, 0)); /* half of it in the next hour */
	assert_int_equal(sum(f, T0, T0 + HOUR), 4024);
	assert_int_equal(sum(f, T0 + 900, T0 + 1800), 4000);
	assert_int_equal(sum(f, T0 + 900, T0 + 1350), 2000);
	assert_int_equal(sum(f, T0 + 1350, T0 + 2700), 2010);
	assert_int_equal(sum(f, T0 + 2700, T0 + 4500), 20);
	assert_int_equal(sum(f, T0 + 900, T0 + 5400), 4040);
	assert_int_equal(sum(f, T0 + 5400, T0 + 9000), 0);
	assert_int_equal(sum(f, T0 + 1800, T0 + 1800), 0);
	assert_int_equal(sum(f, T0 + 1800, T0), 0);
	/* The minutes gone: in proportion to the hour. */
	expire(f, T0 + 2 * HOUR, 1, (uint64_t)DAY, (uint64_t)DAY);
	assert_int_equal(sum(f, T0, T0 + HOUR), 4024);
	assert_int_equal(sum(f, T0 + 900, T0 + 1800), 1006);
	assert_int_equal(sum(f, T0 + 2700, T0 + 4500), 1006 + 5);
}

/* The bucket that runs ends at the last sample: asking up to now gives all of it, whatever now is. */
static void the_running_hour(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);

	sample(f, id, T0 + DAY, T0 + DAY + 600, bytes(1000, 0));
	expire(f, T0 + DAY + 900, 1, (uint64_t)DAY, (uint64_t)DAY);
	assert_int_equal(sum(f, T0 + DAY, T0 + DAY + 900), 1000);
	assert_int_equal(sum(f, T0 + DAY, T0 + DAY + 1000), 1000);
	assert_int_equal(sum(f, T0 + DAY, T0 + DAY + 450), 500);
	/* Days, hours gone. */
	expire(f, T0 + DAY + 2 * HOUR, 1, 1, (uint64_t)(40 * DAY));
	assert_int_equal(sum(f, T0 + DAY, T0 + DAY + 2 * HOUR), 1000);
	assert_int_equal(sum(f, T0 + DAY, T0 + DAY + HOUR), 500);
}

static void minutes(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);
	struct store_row *rows;

	sample(f, id, T0 + 30, T0 + 150, bytes(120, 0)); /* 30, 60, 30 */
	sample(f, id, T0 + 150, T0 + 180, bytes(5, 0));
	assert_int_equal(rows_by(f, BUCKET_MINUTE, T0, T0 + HOUR, &rows), 3);
	assert_int_equal(rows[0].start, T0);
	assert_int_equal(rows[0].figures.bytes[DIR_IN], 30);
	assert_int_equal(rows[1].figures.bytes[DIR_IN], 60);
	assert_int_equal(rows[2].figures.bytes[DIR_IN], 35);
	assert_true(rows[0].estimated);
	assert_int_equal(rows_by(f, BUCKET_MINUTE, T0 + 60, T0 + 120, &rows), 1);
	assert_int_equal(rows[0].figures.bytes[DIR_IN], 60);
}

/* Measured from a moment in the future, and over a boot: the finest history agrees with the hours. */
static void odd_beginnings(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);
	struct result_entry e = {
		.entry = id, .delta = bytes(100, 0), .from = T0, .cycle = &monthly, .cycle_rule = 1, .zone = "UTC"
	};
	struct result r = result_at(T0 + 3 * HOUR);
	struct store_row *rows;

	sample(f, id, T0 + DAY, T0 + HOUR, bytes(7, 0));
	assert_int_equal(rows_by(f, BUCKET_MINUTE, 0, CALENDAR_MAX, &rows), 1);
	assert_int_equal(rows[0].start, T0 + HOUR);
	r.up_from = T0 + 3 * HOUR - 60;
	r.entries.at = &e;
	r.entries.n = 1;
	OK(f, store_result(f->s, &r, &f->err));
	assert_int_equal(rows_by(f, BUCKET_MINUTE, T0 + 2 * HOUR, T0 + 3 * HOUR, &rows), 1);
	assert_int_equal(rows[0].start, T0 + 3 * HOUR - 60);
	assert_int_equal(rows[0].figures.bytes[DIR_IN], 100);
	reopen(f, STORE_READ);
	assert_int_equal(f->l.entries.at[0].sums->rate_from, T0 + 3 * HOUR - 60);
}

static void entries_asked_for(void **state)
{
	struct fixture *f = fixture(state);
	int64_t ids[3], want[2];
	struct store_row *rows;
	size_t n;

	ids[0] = add_entry(f, ENTRY_PORT, "a", T0);
	ids[1] = add_entry(f, ENTRY_PORT, "b", T0);
	ids[2] = add_entry(f, ENTRY_PORT, "c", T0);
	for (int i = 0; i < 3; i++)
		sample(f, ids[i], T0, T0 + 60, bytes((uint64_t)i + 1, 0));
	want[0] = ids[2];
	want[1] = ids[0];
	for (int by = BUCKET_MINUTE; by <= BUCKET_YEAR; by++) {
		OK(f,
			store_history(
				f->s, &f->arena, (enum bucket)by, "UTC", 0, CALENDAR_MAX, want, 2, &rows, &n, &f->err));
		assert_int_equal(n, 2);
		assert_int_equal(rows[0].entry, ids[0]);
		assert_int_equal(rows[1].entry, ids[2]);
		assert_int_equal(rows[1].figures.bytes[DIR_IN], 3);
	}
	OK(f, store_history(f->s, &f->arena, BUCKET_DAY, "UTC", 0, CALENDAR_MAX, want, 0, &rows, &n, &f->err));
	assert_int_equal(n, 0);
}

static void retention(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);
	struct store_row *rows;

	for (int64_t day = 0; day < 20; day++)
		sample(f, id, T0 + day * DAY, T0 + day * DAY + 60, bytes(1, 0));
	expire(f, T0 + 19 * DAY + HOUR, (uint64_t)(2 * DAY), (uint64_t)(5 * DAY), (uint64_t)(10 * DAY));
	assert_int_equal(rows_by(f, BUCKET_MINUTE, 0, CALENDAR_MAX, &rows), 2);
	assert_int_equal(rows_by(f, BUCKET_HOUR, 0, CALENDAR_MAX, &rows), 5);
	assert_int_equal(rows_by(f, BUCKET_DAY, 0, CALENDAR_MAX, &rows), 10);
	assert_int_equal(sum(f, 0, CALENDAR_MAX), 10);
	/* What is kept of minutes is kept of hours and days too. */
	expire(f, T0 + 19 * DAY + HOUR, (uint64_t)(2 * DAY), 1, 1);
	assert_int_equal(rows_by(f, BUCKET_HOUR, 0, CALENDAR_MAX, &rows), 2);
	assert_int_equal(rows_by(f, BUCKET_DAY, 0, CALENDAR_MAX, &rows), 2);
}

static void a_clock_in_the_future_for_one_run(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);
	struct store_row *rows;

	for (int64_t day = 0; day < 5; day++)
		sample(f, id, T0 + day * DAY, T0 + day * DAY + 60, bytes(1, 0));
	expire(f, T0 + 3000 * DAY, (uint64_t)(10 * DAY), (uint64_t)(10 * DAY), (uint64_t)(10 * DAY));
	expire(f, T0 + 5 * DAY, (uint64_t)(10 * DAY), (uint64_t)(10 * DAY), (uint64_t)(10 * DAY));
	assert_int_equal(rows_by(f, BUCKET_MINUTE, 0, CALENDAR_MAX, &rows), 5);
	assert_int_equal(rows_by(f, BUCKET_HOUR, 0, CALENDAR_MAX, &rows), 5);
	assert_int_equal(rows_by(f, BUCKET_DAY, 0, CALENDAR_MAX, &rows), 5);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up_store, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(part_of_an_hour),
		CASE(the_running_hour),
		CASE(minutes),
		CASE(odd_beginnings),
		CASE(entries_asked_for),
		CASE(retention),
		CASE(a_clock_in_the_future_for_one_run),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
