/* What is decided from run to run: policies, adjustments, usage, the judge inside the result, the burst window.
 * Where it is cheap a naive oracle adds up every second.
 * make check-unit runs it. */
#include "store_help.h"

#include "store/keep.h"

static const struct policy_state warned = {
	.cycle_start = T0,
	.cycle_end = T0 + 31 * DAY,
	.told = 80,
	.quota = QUOTA_WARNED,
	.expires = T0 + 9 * DAY,
	.expiry_told = EXPIRY_TOLD_3D,
	.burst_until = T0 + HOUR,
};

static void put_policy(struct fixture *f, int64_t now, int64_t entry, struct policy_state p)
{
	struct ledger_policy row = { .entry = entry, .state = p };
	struct result r = result_at(now);

	r.policies.at = &row;
	r.policies.n = 1;
	OK(f, store_result(f->s, &r, &f->err));
}

static void same_policy(const struct policy_state *have, const struct policy_state *want)
{
	assert_int_equal(have->cycle_start, want->cycle_start);
	assert_int_equal(have->cycle_end, want->cycle_end);
	assert_int_equal(have->told, want->told);
	assert_int_equal(have->quota, want->quota);
	assert_int_equal(have->expires, want->expires);
	assert_int_equal(have->expiry_told, want->expiry_told);
	assert_int_equal(have->burst_until, want->burst_until);
}

static void policies(void **state)
{
	struct fixture *f = fixture(state);
	int64_t a = add_entry(f, ENTRY_PORT, "a", T0), b = add_entry(f, ENTRY_QUOTA, "b", T0);
	struct policy_state other = { .told = UINT32_MAX, .quota = QUOTA_BLOCKED, .expiry_told = EXPIRY_TOLD_OVER };
	struct ledger l;

	put_policy(f, T0, b, other);
	put_policy(f, T0, a, warned);
	reopen(f, STORE_WRITE);
	assert_int_equal(f->l.policies.n, 2);
	assert_int_equal(f->l.policies.at[0].entry, a);
	same_policy(&f->l.policies.at[0].state, &warned);
	assert_int_equal(f->l.policies.at[1].entry, b);
	same_policy(&f->l.policies.at[1].state, &other);
	OK(f, store_load_counters(f->s, &f->arena, &l, &f->err));
	assert_int_equal(l.policies.n, 2);
	put_policy(f, T0, a, other);
	put_policy(f, T0, b, (struct policy_state){ 0 });
	reopen(f, STORE_READ);
	assert_int_equal(f->l.policies.n, 1);
	same_policy(&f->l.policies.at[0].state, &other);
}

static void hostile_policies(void **state)
{
	static const char *const bad[] = { "told = -1", "told = 5000000000", "quota = 4", "quota = -1",
		"expiry_told = 4", "expiry_told = -1" };
	struct fixture *f = fixture(state);
	int64_t a = add_entry(f, ENTRY_PORT, "a", T0);

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char sql[100];

		put_policy(f, T0, a, warned);
		snprintf(sql, sizeof sql, "UPDATE policy SET %s", bad[i]);
		outside(f->path, sql);
		FAILS(f, store_load(f->s, &f->arena, &f->l, &f->err), ERR_FAIL, "row of policy");
	}
}

static void known_state(void **state)
{
	struct fixture *f = fixture(state);
	struct result r = result_at(T0);

	r.known = true;
	r.known_until = T0 + 77;
	r.known_clock = T0 - 1000;
	OK(f, store_result(f->s, &r, &f->err));
	reopen(f, STORE_READ);
	assert_true(f->l.known);
	assert_int_equal(f->l.known_until, T0 + 77);
	assert_int_equal(f->l.known_clock, T0 - 1000);
}

/* -- adjustments and usage -------------------------------------------------------------------------------------------- */

static const struct cycle_span january = { T0, T0 + 31 * DAY };

static void check_usage(struct fixture *f, int64_t entry, struct cycle_span cycle, uint64_t in, uint64_t total,
	uint64_t extra, int64_t correction)
{
	struct usage u;

	OK(f, store_usage(f->s, entry, &u, &f->err));
	assert_int_equal(u.cycle.start, cycle.start);
	assert_int_equal(u.cycle.end, cycle.end);
	assert_int_equal(u.figures.bytes[DIR_IN], in);
	assert_int_equal(u.total.bytes[DIR_IN], total);
	assert_int_equal(u.adjustment.extra, extra);
	assert_int_equal(u.adjustment.correction, correction);
}

static void adjust(struct fixture *f, int64_t entry, struct cycle_span cycle, uint64_t extra, int64_t correction)
{
	struct adjustment a = { .extra = extra, .correction = correction };

	OK(f, store_adjust(f->s, entry, &cycle, &a, "root", T0 + 5, &f->err));
}

static void adjustments(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "a", T0 - DAY);
	struct usage u;

	check_usage(f, id, (struct cycle_span){ 0 }, 0, 0, 0, 0);
	FAILS(f, store_usage(f->s, id + 1, &u, &f->err), ERR_FAIL, "no entry has number");
	sample(f, id, T0 - DAY, T0 - HOUR, bytes(7, 0));
	sample(f, id, T0, T0 + HOUR, bytes(1000, 0));
	adjust(f, id, (struct cycle_span){ T0 - 31 * DAY, T0 }, 3, 3); /* another cycle */
	check_usage(f, id, january, 1000, 1007, 0, 0);
	adjust(f, id, january, 50, -20);
	check_usage(f, id, january, 1000, 1007, 50, -20);
	adjust(f, id, january, UINT64_MAX, INT64_MIN);
	check_usage(f, id, january, 1000, 1007, INT64_MAX, INT64_MIN);
	assert_int_equal(ask(f->path, "SELECT count(*) FROM adjustment WHERE who = 'root' AND time = 1767225605"), 2);
	adjust(f, id, january, 0, 0);
	check_usage(f, id, january, 1000, 1007, 0, 0);
	assert_int_equal(ask(f->path, "SELECT count(*) FROM adjustment"), 1);
	/* An entry that is not there. */
	FAILS(f, store_adjust(f->s, id + 1, &january, &(struct adjustment){ 1, 1 }, "root", T0, &f->err), ERR_FAIL,
		"changed by hand");
}

static void by_rule(struct fixture *f, const struct cycle_rule *rule, uint64_t hash, int64_t id, int64_t from,
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

/* Another reset day, and the old one again: the old figure with the old adjustment. */
static void another_rule_and_back(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "a", T0 - 40 * DAY);

	by_rule(f, &monthly, 1, id, T0, T0 + HOUR, 1000);
	adjust(f, id, january, 50, 0);
	by_rule(f, &daily, 2, id, T0 + DAY, T0 + DAY + HOUR, 10);
	check_usage(f, id, (struct cycle_span){ T0 + DAY, T0 + 2 * DAY }, 10, 1010, 0, 0);
	adjust(f, id, (struct cycle_span){ T0 + DAY, T0 + 2 * DAY }, 0, 9);
	check_usage(f, id, (struct cycle_span){ T0 + DAY, T0 + 2 * DAY }, 10, 1010, 0, 9);
	by_rule(f, &monthly, 1, id, T0 + DAY + HOUR, T0 + DAY + 2 * HOUR, 0);
	check_usage(f, id, january, 1010, 1010, 50, 0);
}

static void closed_cycles(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "a", T0);
	struct figures figures;
	bool found;

	by_rule(f, &daily, 1, id, T0, T0 + HOUR, 70);
	OK(f, store_closed_cycle(f->s, id, T0, T0 + DAY, &figures, &found, &f->err));
	assert_false(found);
	assert_true(figures_zero(&figures));
	by_rule(f, &daily, 1, id, T0 + DAY, T0 + DAY + HOUR, 5);
	OK(f, store_closed_cycle(f->s, id, T0, T0 + DAY, &figures, &found, &f->err));
	assert_true(found);
	assert_int_equal(figures.bytes[DIR_IN], 70);
	outside(f->path, "UPDATE cycle SET figures = x'00'");
	FAILS(f, store_closed_cycle(f->s, id, T0, T0 + DAY, &figures, &found, &f->err), ERR_FAIL, "row of cycle");
}

/* -- the judge -------------------------------------------------------------------------------------------------------- */

struct judge {
	struct fixture *f;
	struct result *r;
	int64_t entry;
	int calls;
	struct usage usage;
	struct store_sum *rows;
	size_t n;
	uint64_t known_s;
	bool refuse;
};

static int judge(void *arg, struct err *err)
{
	struct judge *j = arg;

	j->calls++;
	if (j->refuse)
		return err_set(err, ERR_FAIL, "no verdict");
	if (store_usage(j->f->s, j->entry, &j->usage, err) ||
		store_window(j->f->s, &j->f->arena, j->r->now - HOUR, j->r->now, 0, &j->rows, &j->n, &j->known_s, err))
		return -1;
	*vec_push(&j->f->arena, &j->r->events) =
		(struct result_event){ .entry = j->entry, .kind = "quota_threshold", .text = "80 % used" };
	*vec_push(&j->f->arena, &j->r->policies) = (struct ledger_policy){ j->entry, warned };
	return 0;
}

static void judged(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "a", T0);
	struct result_entry e = {
		.entry = id, .delta = bytes(800, 0), .from = T0, .zone = "UTC", .cycle = &monthly, .cycle_rule = 1
	};
	struct result r = result_at(T0 + 60);
	struct judge j = { .f = f, .r = &r, .entry = id, .refuse = true };

	r.judge = judge;
	r.judge_arg = &j;
	r.entries.at = &e;
	r.entries.n = r.entries.cap = 1;
	FAILS(f, store_result(f->s, &r, &f->err), ERR_FAIL, "no verdict");
	reopen(f, STORE_WRITE);
	assert_int_equal(f->l.entries.at[0].sums->total.bytes[DIR_IN], 0);
	j.refuse = false;
	OK(f, store_result(f->s, &r, &f->err));
	assert_int_equal(j.calls, 2);
	assert_int_equal(j.usage.figures.bytes[DIR_IN], 800);
	assert_int_equal(j.usage.cycle.start, T0);
	assert_int_equal(j.n, 1);
	assert_int_equal(j.rows[0].figures.bytes[DIR_IN], 800);
	assert_int_equal(j.known_s, HOUR);
	reopen(f, STORE_READ);
	assert_int_equal(f->l.policies.n, 1);
	same_policy(&f->l.policies.at[0].state, &warned);
	assert_int_equal(ask(f->path, "SELECT count(*) FROM event WHERE kind = 'quota_threshold'"), 1);
}

/* A run in which nothing moved is not waited for; what is decided in it is written all the same. */
static void judged_in_a_quiet_run(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "a", T0);
	struct result r = result_at(T0 + 60);
	struct judge j = { .f = f, .r = &r, .entry = id };

	r.judge = judge;
	r.judge_arg = &j;
	OK(f, store_result(f->s, &r, &f->err));
	assert_int_equal(j.calls, 1);
	reopen(f, STORE_READ);
	assert_int_equal(f->l.policies.n, 1);
}

/* -- the burst window ------------------------------------------------------------------------------------------------- */

static uint64_t window(struct fixture *f, int64_t from, int64_t to, int64_t up_from, uint64_t *ret_known)
{
	struct store_sum *rows;
	size_t n;

	OK(f, store_window(f->s, &f->arena, from, to, up_from, &rows, &n, ret_known, &f->err));
	return n ? rows[0].figures.bytes[DIR_IN] : 0;
}

static void windows(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "a", T0);
	uint64_t known;

	sample(f, id, T0, T0 + 60, bytes(600, 0));
	sample(f, id, T0 + 60, T0 + 120, bytes(1200, 0));
	/* Nothing moved for three minutes: no span, and known all the same. */
	sample(f, id, T0 + 120, T0 + 300, bytes(0, 0));
	sample(f, id, T0 + 300, T0 + 360, bytes(60, 0));
	assert_int_equal(window(f, T0, T0 + 360, 0, &known), 1860);
	assert_int_equal(known, 360);
	assert_int_equal(window(f, T0 + 90, T0 + 360, 0, &known), 660);
	assert_int_equal(known, 270);
	assert_int_equal(window(f, T0 + 90, T0 + 360, T0 + 300, &known), 660);
	assert_int_equal(known, 60);
	assert_int_equal(window(f, T0 + 90, T0 + 360, T0 + 400, &known), 660);
	assert_int_equal(known, 0);
	/* Shorter than the spans: they say nothing. */
	assert_int_equal(window(f, T0 + 90, T0 + 110, 0, &known), 0);
	assert_int_equal(known, 0);
	assert_int_equal(window(f, T0 + 330, T0 + 380, 0, &known), 0);
	assert_int_equal(known, 20);
	assert_int_equal(window(f, T0 + 30, T0 + 30, 0, &known), 0);
	assert_int_equal(known, 0);
	assert_int_equal(window(f, T0 + 30, T0, 0, &known), 0);
	assert_int_equal(known, 0);
	/* A long one in the middle. */
	sample(f, id, T0 + 360, T0 + 960, bytes(6000, 0));
	sample(f, id, T0 + 960, T0 + 1020, bytes(10, 0));
	assert_int_equal(window(f, T0 + 720, T0 + 1020, 0, &known), 10);
	assert_int_equal(known, 60);
	assert_int_equal(window(f, T0 + 420, T0 + 1020, 0, &known), 5410);
	assert_int_equal(known, 600);
}

struct seconds {
	uint64_t random;
	int64_t start[300], end[300];
	uint64_t in[300];
	int n;
};

static uint64_t roll(struct seconds *w, uint64_t below)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random % below;
}

/* Bytes are multiples of their seconds, so that shares are exact; each second is asked by itself. */
static void check_window(struct fixture *f, struct seconds *w, int64_t now)
{
	int64_t to = now - (int64_t)roll(w, 100), from = to - (int64_t)roll(w, 2000);
	int64_t up_from = roll(w, 4) ? 0 : from + (int64_t)roll(w, 500);
	uint64_t want = 0, want_known = 0, known, have = window(f, from, to, up_from, &known);

	for (int64_t t = from; t < to; t++) {
		bool lost = t < up_from;

		for (int i = 0; i < w->n; i++) {
			if (w->start[i] > t || t >= w->end[i] || w->in[i] == 0)
				continue;
			if (w->end[i] - w->start[i] > to - from)
				lost = true;
			else
				want += w->in[i] / (uint64_t)(w->end[i] - w->start[i]);
		}
		want_known += !lost;
	}
	if (have != want || known != want_known)
		fail_msg("window %lld to %lld: %llu bytes, %llu known, not %llu, %llu", (long long)from, (long long)to,
			(unsigned long long)have, (unsigned long long)known, (unsigned long long)want,
			(unsigned long long)want_known);
}

static void random_windows(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "a", T0), now = T0;

	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct seconds w = { .random = seed * 0x9e3779b97f4a7c15 };

		print_message("# seed %llu\n", (unsigned long long)seed);
		while (w.n < 300) {
			int64_t length = 1 + (int64_t)roll(&w, roll(&w, 10) ? 90 : 3000);

			w.start[w.n] = now;
			w.end[w.n] = now + length;
			w.in[w.n] = roll(&w, 3) ? (uint64_t)length * roll(&w, 1000) : 0;
			sample(f, id, now, now + length, bytes(w.in[w.n], 0));
			now += length;
			w.n++;
			check_window(f, &w, now);
		}
		now += DAY;
	}
}

static void retire(struct fixture *f, int64_t *id)
{
	struct intent in = { .now = T0 };

	in.retire_entries.at = id;
	in.retire_entries.n = 1;
	OK(f, store_intent(f->s, &f->l, &in, &f->err));
}

/* -- names ------------------------------------------------------------------------------------------------------------ */

static void forgetting(void **state)
{
	struct fixture *f = fixture(state);
	int64_t a = add_entry(f, ENTRY_QUOTA, "a", T0), b = add_entry(f, ENTRY_PORT, "b", T0);

	adjust(f, a, january, 1, 1);
	adjust(f, b, january, 2, 2);
	put_policy(f, T0, a, warned);
	put_policy(f, T0, b, warned);
	retire(f, &a);
	OK(f, store_forget(f->s, "a", &f->err));
	reopen(f, STORE_WRITE);
	assert_int_equal(f->l.policies.n, 1);
	assert_int_equal(f->l.policies.at[0].entry, b);
	assert_int_equal(ask(f->path, "SELECT extra FROM adjustment"), 2);
}

static void renaming(void **state)
{
	struct fixture *f = fixture(state);
	int64_t a = add_entry(f, ENTRY_PORT, "a", T0), b = add_entry(f, ENTRY_PORT, "b", T0);
	const struct cycle_span february = { T0 + 31 * DAY, T0 + 59 * DAY };
	struct policy_state fresh = warned, merged = warned;

	sample(f, a, T0, T0 + HOUR, bytes(10, 0));
	sample(f, b, T0, T0 + HOUR, bytes(5, 0));
	adjust(f, a, january, 100, -7);
	adjust(f, a, february, UINT64_MAX, INT64_MAX);
	adjust(f, b, february, 1, INT64_MAX);
	adjust(f, b, january, 20, 3);
	fresh.told = 0;
	fresh.quota = QUOTA_OK;
	fresh.expiry_told = EXPIRY_UNTOLD;
	merged.burst_until = fresh.burst_until = warned.burst_until + 5;
	put_policy(f, T0, a, warned);
	put_policy(f, T0, b, fresh);
	OK(f, store_rename(f->s, "a", "b", &f->err));
	reopen(f, STORE_WRITE);
	assert_int_equal(f->l.policies.n, 1);
	assert_int_equal(f->l.policies.at[0].entry, b);
	same_policy(&f->l.policies.at[0].state, &merged);
	check_usage(f, b, january, 15, 15, 120, -4);
	assert_int_equal(ask(f->path,
				 "SELECT count(*) FROM adjustment WHERE start <> 1767225600 AND"
				 " extra = 9223372036854775807 AND correction = 9223372036854775807"),
		1);
	/* Another cycle, another day: what the name that stays has. */
	fresh.cycle_end++;
	fresh.expires++;
	fresh.burst_until = 0;
	put_policy(f, T0, b, fresh);
	a = add_entry(f, ENTRY_PORT, "a", T0);
	put_policy(f, T0, a, warned);
	OK(f, store_rename(f->s, "a", "b", &f->err));
	reopen(f, STORE_WRITE);
	fresh.burst_until = warned.burst_until;
	same_policy(&f->l.policies.at[0].state, &fresh);
	/* Nobody has the new name. */
	OK(f, store_rename(f->s, "b", "c", &f->err));
	reopen(f, STORE_WRITE);
	same_policy(&f->l.policies.at[0].state, &fresh);
	check_usage(f, b, january, 15, 15, 120, -4);
	add_entry(f, ENTRY_QUOTA, "plan", T0);
	OK(f, store_rename(f->s, "plan", "contract", &f->err));
}

static void checking(void **state)
{
	struct fixture *f = fixture(state);
	int64_t a = add_entry(f, ENTRY_PORT, "a", T0);
	struct name_list faults;

	adjust(f, a, january, 1, 1);
	put_policy(f, T0, a, warned);
	OK(f, store_check(f->s, &f->arena, &faults, &f->err));
	assert_int_equal(faults.n, 0);
	outside(f->path, "UPDATE adjustment SET until = start");
	OK(f, store_check(f->s, &f->arena, &faults, &f->err));
	assert_int_equal(faults.n, 1);
	assert_string_equal(faults.at[0], "a row of adjustment is of no cycle");
	outside(f->path, "DELETE FROM adjustment; PRAGMA foreign_keys = OFF; UPDATE policy SET entry = 99");
	OK(f, store_check(f->s, &f->arena, &faults, &f->err));
	assert_int_equal(faults.n, 1);
	assert_non_null(strstr(faults.at[0], "rows of policy"));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up_store, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(policies),
		CASE(hostile_policies),
		CASE(known_state),
		CASE(adjustments),
		CASE(another_rule_and_back),
		CASE(closed_cycles),
		CASE(judged),
		CASE(judged_in_a_quiet_run),
		CASE(windows),
		CASE(random_windows),
		CASE(forgetting),
		CASE(renaming),
		CASE(checking),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
