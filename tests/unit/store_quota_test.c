/* The cycles of [quota]s, whose figures are those of their members: made in mid-cycle, changed, taken out, brought back.
 * The oracle is a list of all that moved.
 * make check-unit runs it. */
#include "store/keep.h"
#include "store_help.h"

#define MEMBERS 4
#define MOVES 900
#define QUOTAS 3

static const struct cycle_rule quota_rules[] = {
	{ .unit = CYCLE_MONTH, .reset_day = 17, .reset_month = 1, .reset_hour = 8, .timezone = "Asia/Shanghai" },
	{ .unit = CYCLE_DAY, .reset_day = 1, .reset_month = 1, .timezone = "UTC" },
	{ .unit = CYCLE_WEEK, .reset_day = 3, .reset_month = 1, .timezone = "UTC" },
	{ .unit = CYCLE_NEVER, .reset_day = 1, .reset_month = 1, .timezone = "UTC" },
};

struct move {
	int64_t time;
	int member;
	struct figures figures;
};

struct quota_world {
	uint64_t random;
	int64_t now, ids[MEMBERS], quotas[QUOTAS];
	int rule[QUOTAS], member_rule[MEMBERS];
	unsigned members[QUOTAS]; /* bits; 0: not in the configuration */
	unsigned left[QUOTAS];    /* the members it had when it was taken out */
	struct move moves[MOVES * MEMBERS];
	size_t n;
};

static uint64_t roll(struct quota_world *w, uint64_t below)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random % below;
}

static void retire(struct fixture *f, int64_t *id)
{
	struct intent in = { .now = T0 };

	in.retire_entries.at = id;
	in.retire_entries.n = 1;
	OK(f, store_intent(f->s, &f->l, &in, &f->err));
}

static uint64_t quota_hash(const struct quota_world *w, int q)
{
	return (uint64_t)w->members[q] << 8 | (uint64_t)(w->rule[q] + 1);
}

/* One run: each member moved something within one hour, so that hours know exactly what any cycle has. */
static void run_quotas(struct fixture *f, struct quota_world *w)
{
	struct result_entry entries[QUOTAS + MEMBERS] = { 0 };
	int64_t members[QUOTAS][MEMBERS], from;
	struct result r = result_at(0);

	w->now += roll(w, 8) ? 60 : (int64_t)roll(w, 5 * (uint64_t)DAY);
	from = w->now;
	w->now = w->now - w->now % HOUR + HOUR;
	if (roll(w, 2) && w->now - from > 2)
		w->now = from + 1 + (int64_t)roll(w, (uint64_t)(w->now - from) - 1);
	r.now = w->now;
	r.entries.at = entries;
	for (int i = 0; i < MEMBERS; i++) {
		struct result_entry *e = &entries[QUOTAS + i];

		if (roll(w, 10) == 0)
			w->member_rule[i] = (int)roll(w, 4);
		*e = (struct result_entry){ .entry = w->ids[i],
			.from = from,
			.zone = "UTC",
			.cycle = &quota_rules[w->member_rule[i]],
			.cycle_rule = (uint64_t)w->member_rule[i] + 1 };
		if (roll(w, 3))
			e->delta = bytes(roll(w, 1000000), roll(w, 1000000));
		w->moves[w->n++] = (struct move){ from, i, e->delta };
	}
	for (int q = 0; q < QUOTAS; q++) {
		struct result_entry *e = &entries[q];

		if (!w->members[q])
			continue;
		*e = (struct result_entry){ w->quotas[q], .from = from, .zone = quota_rules[w->rule[q]].timezone,
			.cycle = &quota_rules[w->rule[q]], .cycle_rule = quota_hash(w, q), .members = members[q] };
		for (int i = 0; i < MEMBERS; i++)
			if (w->members[q] >> i & 1) {
				members[q][e->n_members++] = w->ids[i];
				figures_add(&e->delta, &entries[QUOTAS + i].delta);
			}
	}
	r.entries.n = QUOTAS + MEMBERS; /* an entry without traffic or cycle costs nothing, as one that is not there */
	OK(f, store_result(f->s, &r, &f->err));
}

static void check_quotas(struct fixture *f, const struct quota_world *w)
{
	for (int q = 0; q < QUOTAS; q++) {
		struct figures want = { 0 };
		struct cycle_span c;
		struct usage u;

		if (!w->members[q])
			continue;
		c = calendar_cycle(&quota_rules[w->rule[q]], w->now);
		for (size_t i = 0; i < w->n; i++)
			if (w->moves[i].time >= c.start && w->moves[i].time < c.end &&
				w->members[q] >> w->moves[i].member & 1)
				figures_add(&want, &w->moves[i].figures);
		OK(f, store_usage(f->s, w->quotas[q], &u, &f->err));
		assert_int_equal(u.cycle.start, c.start);
		assert_int_equal(u.cycle.end, c.end);
		for (int d = 0; d < DIRS; d++)
			if (u.figures.bytes[d] != want.bytes[d] || u.figures.packets[d] != want.packets[d])
				fail_msg("quota %d, direction %d, run %zu: %llu bytes, not %llu", q, d, w->n / MEMBERS,
					(unsigned long long)u.figures.bytes[d], (unsigned long long)want.bytes[d]);
	}
}

/* Into the configuration, out of it, other members, another rule. */
static void change_quota(struct fixture *f, struct quota_world *w, int q)
{
	static const char *const names[QUOTAS] = { "q0", "q1", "q2" };

	if (!w->members[q]) {
		w->quotas[q] = add_entry(f, ENTRY_QUOTA, names[q], w->now);
		w->members[q] = w->left[q];
		if (w->left[q] && roll(w, 2))
			return;
		w->rule[q] = (int)roll(w, 4);
		w->members[q] = 1 + (unsigned)roll(w, (1 << MEMBERS) - 1);
	} else if (roll(w, 4) == 0) {
		retire(f, &w->quotas[q]);
		w->left[q] = w->members[q];
		w->members[q] = 0;
	} else if (roll(w, 2)) {
		w->rule[q] = (int)roll(w, 4);
	} else {
		w->members[q] = 1 + (unsigned)roll(w, (1 << MEMBERS) - 1);
	}
}

static void random_quotas(void **state)
{
	static const char *const names[MEMBERS] = { "a", "b", "c", "d" };
	static struct quota_world w;

	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct fixture *f;
		struct name_list faults;
		void *s = NULL;

		print_message("# seed %llu\n", (unsigned long long)seed);
		assert_int_equal(set_up_store(&s), 0);
		f = s;
		w = (struct quota_world){ .random = seed * 0x9e3779b97f4a7c15, .now = T0 };
		for (int i = 0; i < MEMBERS; i++)
			w.ids[i] = add_entry(f, ENTRY_PORT, names[i], i < 2 ? T0 : T0 - 90 * DAY);
		for (int i = 0; i < MOVES / 3; i++) {
			if (roll(&w, 6) == 0)
				change_quota(f, &w, (int)roll(&w, QUOTAS));
			run_quotas(f, &w);
			check_quotas(f, &w);
		}
		OK(f, store_check(f->s, &f->arena, &faults, &f->err));
		assert_int_equal(faults.n, 0);
		tear_down(&s);
	}
}

static void check_usage(struct fixture *f, int64_t entry, int64_t start, int64_t end, uint64_t in, uint64_t total)
{
	struct usage u;

	OK(f, store_usage(f->s, entry, &u, &f->err));
	assert_int_equal(u.cycle.start, start);
	assert_int_equal(u.cycle.end, end);
	assert_int_equal(u.figures.bytes[DIR_IN], in);
	assert_int_equal(u.total.bytes[DIR_IN], total);
}

/* Born in mid-cycle with a member that is older and one that is not; raw figures and total too. */
static void a_quota_in_mid_cycle(void **state)
{
	struct fixture *f = fixture(state);
	int64_t old = add_entry(f, ENTRY_PORT, "old", T0 - 40 * DAY),
		young = add_entry(f, ENTRY_PORT, "young", T0 + DAY), id;
	int64_t members[2] = { old, young };
	struct result_entry e[3] = {
		{ .from = T0 + 2 * DAY,
			.zone = "UTC",
			.cycle = &monthly,
			.cycle_rule = 77,
			.members = members,
			.n_members = 2 },
		{ old, .delta = bytes(1, 0), .from = T0 + 2 * DAY, .zone = "UTC", .cycle = &monthly, .cycle_rule = 1 },
		{ young, .delta = bytes(2, 0), .from = T0 + 2 * DAY, .zone = "UTC", .cycle = &monthly,
			.cycle_rule = 1 },
	};
	struct result r = result_at(T0 + 2 * DAY + 60);
	struct store_row *rows;
	struct usage u;
	size_t n;

	sample(f, old, T0 - 40 * DAY, T0 - 39 * DAY, bytes(1000000, 0));
	sample(f, old, T0, T0 + HOUR, bytes(2000000, 0));
	sample(f, young, T0 + DAY, T0 + DAY + HOUR, bytes(777, 0));
	id = add_entry(f, ENTRY_QUOTA, "plan", T0 + 2 * DAY);
	e[0].entry = id;
	e[0].delta = bytes(3, 0);
	r.entries.at = e;
	r.entries.n = 3;
	OK(f, store_result(f->s, &r, &f->err));
	check_usage(f, id, T0, T0 + 31 * DAY, 2000780, 2000780);
	OK(f, store_usage(f->s, id, &u, &f->err));
	assert_in_range(u.figures.raw_bytes[DIR_IN], 1900000 + 740, 1900000 + 743);
	OK(f, store_history(f->s, &f->arena, BUCKET_MINUTE, "UTC", 0, CALENDAR_MAX, &id, 1, &rows, &n, &f->err));
	assert_int_equal(n, 0);
	for (int by = BUCKET_HOUR; by <= BUCKET_DAY; by++) {
		OK(f,
			store_history(
				f->s, &f->arena, (enum bucket)by, "UTC", 0, CALENDAR_MAX, &id, 1, &rows, &n, &f->err));
		assert_int_equal(n, 0);
	}
	/* The next run adds the delta; the cycle ends by its own rule. */
	r.now = T0 + 31 * DAY + HOUR;
	for (int i = 0; i < 3; i++)
		e[i].from = r.now - 2 * HOUR;
	OK(f, store_result(f->s, &r, &f->err));
	check_usage(f, id, T0 + 31 * DAY, T0 + 59 * DAY, 2, 2000783);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up_store, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_quota_in_mid_cycle),
		cmocka_unit_test(random_quotas),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
