/* Ledger, intent, result: what goes in comes out, in this process and after it.
 * Each case opens the file anew, so that what is compared was on the disk.
 * make check-unit runs it. */
#include "store_help.h"

static struct ledger_entry *entry(struct fixture *f, int64_t id)
{
	for (size_t i = 0; i < f->l.entries.n; i++)
		if (f->l.entries.at[i].id == id)
			return &f->l.entries.at[i];
	fail_msg("no entry %lld", (long long)id);
	return NULL;
}

static struct ledger_counter *counter(struct fixture *f, const char *object)
{
	for (size_t i = 0; i < f->l.counters.n; i++)
		if (strcmp(f->l.counters.at[i].object, object) == 0)
			return &f->l.counters.at[i];
	return NULL;
}

static void fresh(void **state)
{
	struct fixture *f = fixture(state);
	char uuid[UUID_TEXT];

	assert_int_equal(strlen(f->l.uuid), 36);
	assert_true(f->l.created > T0 - DAY);
	assert_int_equal(f->l.sampled, 0);
	assert_false(f->l.bound.present || f->l.pending.present || f->l.known || f->l.restored || f->l.reset_seen);
	assert_string_equal(f->l.devices, "");
	assert_null(f->l.node);
	assert_int_equal(f->l.entries.n + f->l.counters.n, 0);
	memcpy(uuid, f->l.uuid, sizeof uuid);
	reopen(f, STORE_READ);
	assert_string_equal(f->l.uuid, uuid);
}

/* The whole of an intent, seen in the ledger at hand and in the one read anew. */
static void check_intent(struct fixture *f)
{
	assert_int_equal(f->l.entries.n, 2);
	assert_string_equal(f->l.entries.at[0].name, "web");
	assert_int_equal(f->l.entries.at[0].kind, ENTRY_PORT);
	assert_int_equal(f->l.entries.at[0].created, T0);
	assert_string_equal(f->l.entries.at[1].name, "total");
	assert_int_equal(f->l.counters.n, 2);
	assert_int_equal(counter(f, "p_web.in")->entry, f->l.entries.at[0].id);
	assert_int_equal(counter(f, "p_web.in.b1500")->mtu, 1500);
	assert_int_equal(counter(f, "p_web.in.b1500")->role, ROLE_BIG6);
	assert_int_equal(counter(f, "p_web.in.b1500")->dir, DIR_OUT);
	assert_true(counter(f, "p_web.in")->pending);
	assert_true(f->l.pending.present);
	assert_false(f->l.pending.bound);
	assert_string_equal(f->l.pending.nonce, "0123456789abcdef");
	assert_string_equal(f->l.canary, "fedcba9876543210");
	assert_true(f->l.reset_seen);
}

static void intent(void **state)
{
	struct fixture *f = fixture(state);
	struct ledger_entry entries[] = { { .kind = ENTRY_PORT, .name = "web" },
		{ .kind = ENTRY_TOTAL, .name = "total" } };
	struct ledger_counter counters[] = {
		{ .entry = -1, .dir = DIR_IN, .role = ROLE_ALL, .object = "p_web.in" },
		{ .entry = -1, .dir = DIR_OUT, .role = ROLE_BIG6, .mtu = 1500, .object = "p_web.in.b1500" },
	};
	struct intent in = {
		.now = T0, .pending_nonce = "0123456789abcdef", .canary = "fedcba9876543210", .reset_seen = true
	};

	in.new_entries.at = entries;
	in.new_entries.n = 2;
	in.new_counters.at = counters;
	in.new_counters.n = 2;
	OK(f, store_intent(f->s, &f->l, &in, &f->err));
	check_intent(f);
	reopen(f, STORE_WRITE);
	check_intent(f);
	/* Doing it again (the kernel was never touched) changes no entry and replaces the counters. */
	OK(f, store_intent(f->s, &f->l, &in, &f->err));
	check_intent(f);
	reopen(f, STORE_WRITE);
	check_intent(f);
}

static void bad_intent(void **state)
{
	struct fixture *f = fixture(state);
	struct ledger_counter c = { .entry = -1, .object = "p_x.in" };
	struct ledger_entry e = { .kind = ENTRY_PORT, .name = "" };
	struct intent in = { .now = T0 };

	in.new_counters.at = &c;
	in.new_counters.n = 1;
	FAILS(f, store_intent(f->s, &f->l, &in, &f->err), ERR_FAIL, "p_x.in");
	in = (struct intent){ .now = T0 };
	in.new_entries.at = &e;
	in.new_entries.n = 1;
	FAILS(f, store_intent(f->s, &f->l, &in, &f->err), ERR_FAIL, "no name");
	/* The failed transaction is gone, the store still works. */
	assert_int_equal(add_entry(f, ENTRY_PORT, "web", T0), 1);
}

static void retire_and_return(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0), other = add_entry(f, ENTRY_ADDRESS, "web", T0), c;
	struct ledger_counter counters[] = { { .entry = id, .object = "p_web.in" },
		{ .entry = id, .object = "p_web.out" } };
	struct ledger_entry again = { .kind = ENTRY_PORT, .name = "web" };
	struct intent in = { .now = T0 };

	assert_int_not_equal(id, other);
	in.new_counters.at = counters;
	in.new_counters.n = 2;
	OK(f, store_intent(f->s, &f->l, &in, &f->err));
	c = counter(f, "p_web.in")->id;
	in = (struct intent){ .now = T0 };
	in.retire_entries.at = &id;
	in.retire_entries.n = 1;
	in.retire_counters.at = &c;
	in.retire_counters.n = 1;
	OK(f, store_intent(f->s, &f->l, &in, &f->err));
	for (int i = 0; i < 2; i++) {
		assert_true(entry(f, id)->retired && !entry(f, other)->retired);
		assert_true(counter(f, "p_web.in")->retired && !counter(f, "p_web.out")->retired);
		reopen(f, STORE_WRITE);
	}
	in = (struct intent){ .now = T0 + 5 };
	in.new_entries.at = &again;
	in.new_entries.n = 1;
	in.revive_counters.at = &c;
	in.revive_counters.n = 1;
	OK(f, store_intent(f->s, &f->l, &in, &f->err));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(f->l.entries.n, 2);
		assert_false(entry(f, id)->retired || counter(f, "p_web.in")->retired);
		assert_int_equal(entry(f, id)->created, T0);
		reopen(f, STORE_WRITE);
	}
	OK(f, store_settled(f->s, &c, 1, 7, false, &f->err));
	reopen(f, STORE_WRITE);
	assert_false(f->l.known);
	OK(f, store_settled(f->s, NULL, 0, 7, true, &f->err));
	reopen(f, STORE_READ);
	assert_true(f->l.known && f->l.known_generation == 7);
	assert_null(counter(f, "p_web.in"));
	assert_non_null(counter(f, "p_web.out"));
}

static void result_state(void **state)
{
	struct fixture *f = fixture(state);
	struct intent in = { .now = T0, .pending_nonce = "0123456789abcdef", .canary = "aa", .reset_seen = true };
	struct result r = result_at(T0 + 60);
	struct result_event event = { .entry = 0, .kind = "table_rebuilt", .text = "The table was gone." };
	struct store_event *events;
	const char *text;
	size_t n;

	OK(f, store_intent(f->s, &f->l, &in, &f->err));
	r.bind = (struct epoch){ .present = true,
		.bound = true,
		.nonce = "0123456789abcdef",
		.boot_id = "b",
		.netns = UINT64_MAX,
		.table_handle = 7 };
	r.clear_reset = true;
	r.known = true;
	snprintf(r.known_boot, sizeof r.known_boot, "b");
	r.known_netns = UINT64_MAX;
	r.known_generation = 9;
	r.known_hash = 0x8000000000000001;
	r.devices = "eth0 eth1";
	r.node = "hk1";
	r.applied = "[portflow]\n";
	r.events.at = &event;
	r.events.n = 1;
	OK(f, store_result(f->s, &r, &f->err));
	reopen(f, STORE_WRITE);
	assert_int_equal(f->l.sampled, T0 + 60);
	assert_true(f->l.bound.present && f->l.bound.bound && !f->l.pending.present && !f->l.reset_seen && f->l.known);
	assert_true(f->l.bound.netns == UINT64_MAX && f->l.bound.table_handle == 7 && f->l.known_netns == UINT64_MAX);
	assert_true(f->l.known_hash == 0x8000000000000001 && f->l.known_generation == 9);
	assert_string_equal(f->l.devices, "eth0 eth1");
	assert_string_equal(f->l.node, "hk1");
	OK(f, store_meta_get(f->s, &f->arena, "applied.text", &text, &f->err));
	assert_string_equal(text, "[portflow]\n");
	OK(f, store_events(f->s, &f->arena, 0, &events, &n, &f->err));
	assert_int_equal(n, 1);
	assert_string_equal(events[0].kind, "table_rebuilt");
	assert_int_equal(events[0].time, T0 + 60);
	/* An intent is about to change the kernel: a run that dies after it leaves none that is known. */
	OK(f, store_intent(f->s, &f->l, &(struct intent){ .now = T0 + 90 }, &f->err));
	reopen(f, STORE_WRITE);
	assert_false(f->l.known);
	OK(f, store_result(f->s, &r, &f->err));
	reopen(f, STORE_WRITE);
	assert_true(f->l.known);
	/* Nothing given: nothing changes but the known state, which is forgotten. */
	r = result_at(T0 + 120);
	OK(f, store_result(f->s, &r, &f->err));
	reopen(f, STORE_READ);
	assert_true(f->l.bound.present && !f->l.known);
	assert_string_equal(f->l.devices, "eth0 eth1");
	assert_string_equal(f->l.node, "hk1");
	OK(f, store_events(f->s, &f->arena, T0 + 61, &events, &n, &f->err));
	assert_int_equal(n, 0);
}

static void facts(void **state)
{
	struct fixture *f = fixture(state);
	const struct fact two[] = { { "a", "1" }, { "b", "2" } },
			  gone[] = { { "a", NULL }, { "b", "3" }, { "c", NULL } };
	const struct result_event event = { .kind = "told", .text = "Told." };
	struct store_event *events;
	const char *text;
	size_t n;

	OK(f, store_meta_put(f->s, two, 2, T0, &event, &f->err));
	reopen(f, STORE_WRITE);
	OK(f, store_meta_get(f->s, &f->arena, "a", &text, &f->err));
	assert_string_equal(text, "1");
	OK(f, store_events(f->s, &f->arena, 0, &events, &n, &f->err));
	assert_int_equal(n, 1);
	assert_int_equal(events[0].time, T0);
	assert_string_equal(events[0].kind, "told");
	OK(f, store_meta_put(f->s, gone, 3, T0 + 1, NULL, &f->err));
	reopen(f, STORE_READ);
	OK(f, store_meta_get(f->s, &f->arena, "a", &text, &f->err));
	assert_null(text);
	OK(f, store_meta_get(f->s, &f->arena, "b", &text, &f->err));
	assert_string_equal(text, "3");
	OK(f, store_events(f->s, &f->arena, 0, &events, &n, &f->err));
	assert_int_equal(n, 1);
	/* All or nothing. */
	reopen(f, STORE_WRITE);
	outside(f->path, "ALTER TABLE event RENAME TO gone");
	FAILS(f, store_meta_put(f->s, two, 2, T0, &event, &f->err), ERR_FAIL, "event");
	OK(f, store_meta_get(f->s, &f->arena, "a", &text, &f->err));
	assert_null(text);
}

static void baselines(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);
	struct ledger_counter c = { .entry = id, .object = "p_web.in" };
	struct intent in = { .now = T0 };
	struct result r = result_at(T0 + 60);

	in.new_counters.at = &c;
	in.new_counters.n = 1;
	OK(f, store_intent(f->s, &f->l, &in, &f->err));
	for (uint64_t i = 1; i < 3; i++) {
		struct baseline b = { counter(f, "p_web.in")->id, 12 * i, i, UINT64_MAX - i };

		r.baselines.at = &b;
		r.baselines.n = 1;
		OK(f, store_result(f->s, &r, &f->err));
		reopen(f, STORE_WRITE);
		assert_false(counter(f, "p_web.in")->pending);
		assert_true(counter(f, "p_web.in")->handle == 12 * i && counter(f, "p_web.in")->packets == i &&
			counter(f, "p_web.in")->bytes == UINT64_MAX - i);
	}
	/* A new table: the object is pending again, and its old baseline is gone. */
	OK(f, store_intent(f->s, &f->l, &in, &f->err));
	reopen(f, STORE_READ);
	assert_int_equal(f->l.counters.n, 1);
	assert_true(counter(f, "p_web.in")->pending);
}

/* What a run loads: all but the sums. */
static void without_sums(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);
	struct ledger l;

	sample(f, id, T0, T0 + 60, bytes(1000, 500));
	reopen(f, STORE_READ);
	OK(f, store_load_counters(f->s, &f->arena, &l, &f->err));
	assert_int_equal(l.entries.n, f->l.entries.n);
	for (size_t i = 0; i < l.entries.n; i++) {
		assert_null(l.entries.at[i].sums);
		assert_non_null(f->l.entries.at[i].sums);
		assert_int_equal(l.entries.at[i].id, f->l.entries.at[i].id);
		assert_int_equal(l.entries.at[i].kind, f->l.entries.at[i].kind);
		assert_string_equal(l.entries.at[i].name, f->l.entries.at[i].name);
		assert_int_equal(l.entries.at[i].created, f->l.entries.at[i].created);
	}
	assert_int_equal(l.sampled, T0 + 60);
	assert_string_equal(l.uuid, f->l.uuid);
}

static void totals(void **state)
{
	struct fixture *f = fixture(state);
	int64_t id = add_entry(f, ENTRY_PORT, "web", T0);
	struct figures one = bytes(1000000, 500000), none = { 0 };
	struct result_entry e = {
		.entry = id, .older = &one, .from = T0 + 180, .zone = "UTC", .cycle = &monthly, .cycle_rule = 1
	};
	struct result r = result_at(T0 + 240);

	sample(f, id, T0, T0 + 60, one);
	sample(f, id, T0 + 60, T0 + 120, one);
	sample(f, id, T0 + 120, T0 + 180, none);
	r.entries.at = &e;
	r.entries.n = 1;
	OK(f, store_result(f->s, &r, &f->err));
	reopen(f, STORE_READ);
	assert_int_equal(entry(f, id)->sums->total.bytes[DIR_IN], 2000000);
	assert_int_equal(entry(f, id)->sums->total.packets[DIR_OUT], 1000);
	assert_int_equal(entry(f, id)->sums->total.raw_bytes[DIR_IN], 1900000);
	assert_memory_equal(&entry(f, id)->sums->cycle, &entry(f, id)->sums->total, sizeof(struct figures));
	assert_memory_equal(&entry(f, id)->sums->older, &one, sizeof one);
	assert_memory_equal(&entry(f, id)->sums->rate, &one, sizeof one);
	assert_int_equal(entry(f, id)->sums->rate_from, T0 + 60);
	assert_int_equal(entry(f, id)->sums->rate_to, T0 + 120);
	assert_int_equal(entry(f, id)->sums->cycle_start, T0);
	assert_int_equal(entry(f, id)->sums->cycle_end, T0 + 31 * DAY);
}

static void unknown_entry(void **state)
{
	struct fixture *f = fixture(state);
	struct result_entry e = { .entry = 5, .delta = bytes(1, 1), .from = T0 };
	struct result r = result_at(T0);

	r.entries.at = &e;
	r.entries.n = 1;
	FAILS(f, store_result(f->s, &r, &f->err), ERR_FAIL, "no entry has number 5");
	reopen(f, STORE_READ);
	assert_int_equal(f->l.sampled, 0);
}

static void meta(void **state)
{
	struct fixture *f = fixture(state);
	const char *v = "x";

	OK(f, store_meta_get(f->s, &f->arena, "down", &v, &f->err));
	assert_null(v);
	OK(f, store_meta_set(f->s, "down", "yes", &f->err));
	OK(f, store_meta_set(f->s, "down", "", &f->err));
	reopen(f, STORE_WRITE);
	OK(f, store_meta_get(f->s, &f->arena, "down", &v, &f->err));
	assert_string_equal(v, "");
	OK(f, store_meta_set(f->s, "down", NULL, &f->err));
	OK(f, store_meta_get(f->s, &f->arena, "down", &v, &f->err));
	assert_null(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(fresh, set_up_store, tear_down),
		cmocka_unit_test_setup_teardown(intent, set_up_store, tear_down),
		cmocka_unit_test_setup_teardown(bad_intent, set_up_store, tear_down),
		cmocka_unit_test_setup_teardown(retire_and_return, set_up_store, tear_down),
		cmocka_unit_test_setup_teardown(result_state, set_up_store, tear_down),
		cmocka_unit_test_setup_teardown(facts, set_up_store, tear_down),
		cmocka_unit_test_setup_teardown(baselines, set_up_store, tear_down),
		cmocka_unit_test_setup_teardown(without_sums, set_up_store, tear_down),
		cmocka_unit_test_setup_teardown(totals, set_up_store, tear_down),
		cmocka_unit_test_setup_teardown(unknown_entry, set_up_store, tear_down),
		cmocka_unit_test_setup_teardown(meta, set_up_store, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
