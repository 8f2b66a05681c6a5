/* Conservation: whatever samples, outages, boots, clocks and retention do, hours, days and cycles hold what was counted.
 * Random runs from fixed seeds; a failure names the seed.
 * make check-unit runs it. */
#include "store_help.h"

#define ENTRIES 5
#define STEPS 300

struct world {
	uint64_t random;
	int64_t now, up_from, last[ENTRIES];
	int64_t ids[ENTRIES];
	const char *zone;
	struct figures total[ENTRIES];
	struct retention minutes, hours;
	bool clock_jumps;
};

static const struct cycle_rule rules[] = {
	{ .unit = CYCLE_MONTH, .reset_day = 17, .reset_month = 1, .reset_hour = 8, .timezone = "Asia/Shanghai" },
	{ .unit = CYCLE_DAY, .reset_day = 1, .reset_month = 1, .timezone = "Europe/Berlin" },
	{ .unit = CYCLE_WEEK, .reset_day = 3, .reset_month = 1, .timezone = "UTC" },
	{ .unit = CYCLE_SPAN,
		.span_days = 5,
		.from = { 2026, 1, 3 },
		.reset_day = 1,
		.reset_month = 1,
		.timezone = "UTC" },
	{ .unit = CYCLE_NEVER, .reset_day = 1, .reset_month = 1, .timezone = "UTC" },
};

static uint64_t roll(struct world *w, uint64_t below)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random % below;
}

static struct figures random_figures(struct world *w)
{
	struct figures f = bytes(roll(w, (uint64_t)1 << roll(w, 40)), roll(w, (uint64_t)1 << roll(w, 40)));

	f.packets[DIR_OUT] += roll(w, 3);
	return f;
}

static void pass_time(struct world *w)
{
	switch (roll(w, 20)) {
	case 0: /* an outage, then a boot */
		w->now += (int64_t)roll(w, 40 * (uint64_t)DAY);
		w->up_from = w->now - (int64_t)roll(w, 3600);
		break;
	case 1: /* the timer was off, the machine on */
		w->now += (int64_t)roll(w, 5 * (uint64_t)DAY);
		break;
	case 2: /* again in the same second */
		break;
	case 3: /* the clock went back */
		if (w->clock_jumps)
			w->now -= (int64_t)roll(w, 3 * (uint64_t)DAY);
		break;
	case 4: /* exactly at a full hour */
		w->now += HOUR - w->now % HOUR;
		break;
	default:
		w->now += 1 + (int64_t)roll(w, 2 * (uint64_t)HOUR);
	}
}

static void one_result(struct fixture *f, struct world *w)
{
	struct result_entry entries[ENTRIES] = { 0 };
	struct result r = result_at(w->now);

	r.up_from = w->up_from;
	r.zone = w->zone;
	r.keep_minutes = w->minutes;
	r.keep_hours = w->hours;
	for (int i = 0; i < ENTRIES; i++) {
		struct result_entry *e = &entries[ENTRIES - 1 - i];

		e->entry = w->ids[i];
		e->from = w->last[i];
		e->cycle = &rules[i];
		e->cycle_rule = (uint64_t)i + 1;
		if (roll(w, 4) == 0)
			continue;
		e->delta = random_figures(w);
		figures_add(&w->total[i], &e->delta);
		w->last[i] = w->now;
	}
	r.entries.at = entries;
	r.entries.n = ENTRIES;
	OK(f, store_result(f->s, &r, &f->err));
}

static void same(const char *what, int64_t entry, const struct figures *have, const struct figures *want, bool raw)
{
	for (int d = 0; d < DIRS; d++) {
		if (have->bytes[d] != want->bytes[d] || have->packets[d] != want->packets[d])
			fail_msg("%s of entry %lld, direction %d: %llu bytes, %llu packets, not %llu, %llu", what,
				(long long)entry, d, (unsigned long long)have->bytes[d],
				(unsigned long long)have->packets[d], (unsigned long long)want->bytes[d],
				(unsigned long long)want->packets[d]);
		if (raw && (have->raw_bytes[d] != want->raw_bytes[d] || have->raw_packets[d] != want->raw_packets[d]))
			fail_msg("%s of entry %lld, direction %d: raw", what, (long long)entry, d);
	}
}

static void check_history(struct fixture *f, struct world *w, const char *what, enum bucket by)
{
	struct figures sum[ENTRIES] = { 0 };
	struct store_row *rows;
	size_t n;

	OK(f, store_history(f->s, &f->arena, by, w->zone, 0, CALENDAR_MAX, NULL, 0, &rows, &n, &f->err));
	for (size_t i = 0; i < n; i++) {
		if (i &&
			(rows[i].start < rows[i - 1].start ||
				(rows[i].start == rows[i - 1].start && rows[i].entry <= rows[i - 1].entry)))
			fail_msg("%s: out of order at row %zu", what, i);
		if (calendar_floor(w->zone, by, rows[i].start) != rows[i].start)
			fail_msg("%s: %lld is no start", what, (long long)rows[i].start);
		figures_add(&sum[rows[i].entry - w->ids[0]], &rows[i].figures);
	}
	for (int i = 0; i < ENTRIES; i++)
		same(what, w->ids[i], &sum[i], &w->total[i], false);
}

static void check_cycles(struct fixture *f, struct world *w)
{
	struct figures sum[ENTRIES] = { 0 };
	struct store_cycle *rows;
	size_t n;

	OK(f, store_cycles(f->s, &f->arena, 0, CALENDAR_MAX, &rows, &n, &f->err));
	for (size_t i = 0; i < n; i++) {
		int64_t k = rows[i].entry - w->ids[0];
		struct cycle_span c = calendar_cycle(&rules[k], rows[i].start);

		if (c.start != rows[i].start || c.end != rows[i].end)
			fail_msg("cycle %lld of entry %lld has other ends", (long long)rows[i].start, (long long)k);
		if (!rows[i].closed && (w->now < c.start || w->now >= c.end))
			fail_msg("the running cycle of entry %lld does not hold now", (long long)k);
		figures_add(&sum[k], &rows[i].figures);
	}
	for (int i = 0; i < ENTRIES; i++)
		same("cycles", w->ids[i], &sum[i], &w->total[i], true);
}

static void check_sums(struct fixture *f, struct world *w, int64_t from, int64_t to, const struct figures want[ENTRIES])
{
	struct figures have[ENTRIES] = { 0 };
	struct store_sum *rows;
	size_t n;

	OK(f, store_sums(f->s, &f->arena, from, to, &rows, &n, &f->err));
	for (size_t i = 0; i < n; i++) {
		assert_false(i && rows[i].entry <= rows[i - 1].entry);
		have[rows[i].entry - w->ids[0]] = rows[i].figures;
	}
	for (int i = 0; i < ENTRIES; i++)
		same("sums", w->ids[i], &have[i], &want[i], false);
}

/* Sums between full hours are the hours between them, whatever mixture of hours and days answers. */
static void check_random_sums(struct fixture *f, struct world *w)
{
	struct figures want[ENTRIES] = { 0 };
	int64_t from = calendar_floor(w->zone, BUCKET_HOUR, T0 + (int64_t)roll(w, 9000) * HOUR);
	int64_t to = calendar_floor(w->zone, BUCKET_HOUR, from + (int64_t)roll(w, 400) * HOUR);
	struct store_row *rows;
	size_t n;

	OK(f, store_history(f->s, &f->arena, BUCKET_HOUR, w->zone, from, to, NULL, 0, &rows, &n, &f->err));
	for (size_t i = 0; i < n; i++)
		figures_add(&want[rows[i].entry - w->ids[0]], &rows[i].figures);
	check_sums(f, w, from, to, want);
}

static void run_world(struct fixture *f, struct world *w, uint64_t seed)
{
	static const char *const names[ENTRIES] = { "a", "b", "c", "d", "e" };

	print_message("# seed %llu\n", (unsigned long long)seed);
	w->random = seed * 0x9e3779b97f4a7c15 + 1;
	w->now = T0;
	w->up_from = T0 - HOUR;
	for (int i = 0; i < ENTRIES; i++) {
		w->last[i] = w->now;
		w->ids[i] = add_entry(f, ENTRY_PORT, names[i], w->now);
	}
	for (int i = 0; i < STEPS; i++) {
		pass_time(w);
		one_result(f, w);
	}
	reopen(f, STORE_READ);
	for (int i = 0; i < ENTRIES; i++)
		same("total", w->ids[i], &f->l.entries.at[i].sums->total, &w->total[i], true);
	check_history(f, w, "days", BUCKET_DAY);
	check_history(f, w, "weeks", BUCKET_WEEK);
	check_history(f, w, "months", BUCKET_MONTH);
	check_history(f, w, "years", BUCKET_YEAR);
	check_cycles(f, w);
	check_sums(f, w, 0, CALENDAR_MAX, w->total);
}

static void everything_kept(void **state)
{
	static const char *const zones[] = { "UTC", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu" };

	(void)state;
	for (uint64_t seed = 1; seed <= 8; seed++) {
		struct world w = {
			.zone = zones[seed % 4], .minutes = KEEP_ALL, .hours = KEEP_ALL, .clock_jumps = seed > 4
		};
		struct fixture *f;
		void *s = NULL;

		assert_int_equal(set_up_store(&s), 0);
		f = s;
		run_world(f, &w, seed);
		check_history(f, &w, "minutes", BUCKET_MINUTE);
		check_history(f, &w, "hours", BUCKET_HOUR);
		for (int i = 0; i < 50; i++)
			check_random_sums(f, &w);
		tear_down(&s);
	}
}

static void little_kept(void **state)
{
	(void)state;
	for (uint64_t seed = 21; seed <= 24; seed++) {
		struct world w = {
			.zone = "America/New_York",
			.minutes = { .seconds = 2 * DAY },
			.hours = { .seconds = (uint64_t)(seed % 2 ? 10 * DAY : HOUR) },
		};
		struct fixture *f;
		void *s = NULL;

		assert_int_equal(set_up_store(&s), 0);
		f = s;
		run_world(f, &w, seed);
		tear_down(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_kept),
		cmocka_unit_test(little_kept),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
