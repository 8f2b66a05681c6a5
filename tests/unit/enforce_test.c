/* What the wanted table holds of limits, quotas, blocks, expiry and bursts: its objects with their figures, its timed elements with
 * their deadlines, in which slot each quota stands, by cases whose answers are written out.
 * Beside enforce_packets_test.c, which asks what is dropped. make check-unit runs it. */
#include "desired_help.h"

#include "model/desired_enforce.h"
#include "model/policy.h"

#define NOW ((int64_t)1795600000) /* 2026-11-25 */
#define HOUR 3600
#define DAYS INT64_C(86400)

/* Of one subject, by its name; a subject of no case has nothing used and a cycle that ends in a day. */
struct state {
	const char *subject;
	enum quota_state quota;
	int64_t cycle_end, burst_until; /* seconds from NOW; cycle_end 0: a day; CALENDAR_MAX: never */
	uint64_t left[DIRS], full[DIRS], limit, quota_bytes;
};

static const struct entry *subject_at(const struct config *c, size_t i)
{
	return i < c->entries.n ? &c->entries.at[i] : &c->quotas.at[i - c->entries.n];
}

static struct desired built(struct arena *a, const char *text, const struct state *states)
{
	const struct config *c = config_of(a, text);
	struct watch w = watch_of(a, "eth0:1500");
	struct policy *p = arena_array(a, c->entries.n + c->quotas.n + 1, sizeof *p);
	struct enforcement e = { .policies = p, .now_ms = NOW * 1000 };
	struct desired d;

	for (size_t i = 0; i < c->entries.n + c->quotas.n; i++) {
		p[i].state.cycle_start = NOW - DAYS;
		p[i].state.cycle_end = NOW + DAYS;
		for (const struct state *s = states; s->subject; s++) {
			if (strcmp(s->subject, subject_at(c, i)->name) != 0)
				continue;
			p[i].state.quota = s->quota;
			if (s->cycle_end)
				p[i].state.cycle_end = s->cycle_end == CALENDAR_MAX ? CALENDAR_MAX : NOW + s->cycle_end;
			p[i].state.burst_until = s->burst_until ? NOW + s->burst_until : 0;
			memcpy(p[i].left, s->left, sizeof p[i].left);
			memcpy(p[i].full, s->full, sizeof p[i].full);
			p[i].limit = s->limit;
			p[i].quota = s->quota_bytes;
		}
	}
	desired_build(a, c, &w, &e, &d);
	return d;
}

/* "80:l_web.in@3600 443": port, object, seconds until it goes by itself; "no such set". In the order of the keys as they were added. */
static const char *elements(struct arena *a, const struct desired *d, const char *name)
{
	const struct ruleset_set *s = ruleset_set(&d->ruleset, name);
	const char *text = "";

	if (!s)
		return "no such set";
	for (size_t i = 0; i < s->elems.n; i++) {
		const struct ruleset_elem *e = &s->elems.at[i];

		text = arena_printf(a, "%s%s%d%s%s", text, *text ? " " : "", e->from[0] << 8 | e->from[1],
			e->name ? ":" : "", e->name ? e->name : "");
		if (e->deadline)
			text = arena_printf(a, "%s@%g", text, (double)e->deadline / 1000);
	}
	return text;
}

/* "l_web.in 1000000/65536" or "q_web 100/1000" (used/limit), those of one kind in their order. */
static const char *objects(struct arena *a, const struct desired *d, enum object_kind kind)
{
	const char *text = "";

	for (size_t i = 0; i < d->ruleset.objects.n; i++) {
		const struct ruleset_object *o = &d->ruleset.objects.at[i];

		if (o->kind == kind)
			text = arena_printf(a, "%s%s%s %llu/%llu", text, *text ? ", " : "", o->name,
				(unsigned long long)(kind == OBJECT_LIMIT ? o->limit : o->bytes),
				(unsigned long long)(kind == OBJECT_LIMIT ? o->burst : o->limit));
	}
	return text;
}

static void expect(struct arena *a, const struct desired *d, const char *const (*pairs)[2])
{
	for (; (*pairs)[0]; pairs++) {
		const char *got = elements(a, d, (*pairs)[0]);

		if (strcmp(got, (*pairs)[1]) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", (*pairs)[0], got, (*pairs)[1]);
	}
}
#define EXPECT(a, d, ...) expect(a, d, (const char *const[][2]){ __VA_ARGS__, { NULL, NULL } })
#define UDP "\nprotocols = udp\n"

static void limits(void **state)
{
	static const struct state held[] = { { .subject = "burst", .burst_until = HOUR }, { 0 } };
	cleanup_arena struct arena a = { 0 };
	struct desired d = built(&a,
		"[port both]\nports = 80" UDP "limit = 8mbit\n[port in]\nports = 81" UDP
		"limit_in = 1gbit\n"
		"[port out]\nports = 82" UDP
		"limit_out = 8kbit\n"
		"[port burst]\nports = 83" UDP
		"burst_rate = 1mbit\nburst_limit = 100gbit\n"
		"[port calm]\nports = 84" UDP "burst_rate = 1mbit\nburst_limit = 16kbit\n",
		held);

	(void)state;
	assert_string_equal(objects(&a, &d, OBJECT_LIMIT),
		"l_both.in 1000000/65536, l_both.out 1000000/65536, l_in.in 125000000/65536, l_out.out 1000/65536, "
		"b_burst.in 12500000000/65536, b_burst.out 12500000000/65536, b_calm.in 2000/65536, b_calm.out 2000/65536");
	EXPECT(&a, &d, { "police_udp_in", "80:l_both.in 81:l_in.in" },
		{ "police_udp_out", "80:l_both.out 82:l_out.out" }, { "burst_udp_in", "83:b_burst.in@3600" },
		{ "burst_udp_out", "83:b_burst.out@3600" }, { "police_tcp_in", "no such set" },
		{ "block_udp", "no such set" });
}

/* What an entry can never match has no set: of an address without ports none that knows ports. */
static void no_set_too_many(void **state)
{
	static const struct state none[] = { { 0 } };
	cleanup_arena struct arena a = { 0 };
	struct desired d = built(&a, "[address a]\naddresses = 10.0.0.1\nlimit = 8mbit\n", none);

	(void)state;
	assert_non_null(ruleset_set(&d.ruleset, "police_a4_in"));
	for (size_t i = 0; i < d.ruleset.sets.n; i++)
		if (strncmp(d.ruleset.sets.at[i].name, "police_", strlen("police_")) == 0)
			assert_int_equal(strncmp(d.ruleset.sets.at[i].name, "police_a4_", strlen("police_a4_")), 0);
}

/* Blocks, then limits, then quotas that throttle, then those that block, whatever kind of entry has them: what one drops, those behind it
 * do not use up. Of quotas those of ports come before those of addresses and of devices. */
static int stage_of(const struct ruleset_rule *r)
{
	static const struct {
		const char *map;
		int stage;
	} stages[] = { { "block_", 0 }, { "expire_", 0 }, { "police_", 1 }, { "burst_", 1 }, { "hold_", 1 },
		{ "tcur", 2 }, { "bcur", 3 } };

	for (size_t i = 0; i < r->exprs.n; i++)
		for (size_t k = 0; r->exprs.at[i].name && k < sizeof stages / sizeof *stages; k++)
			if (strncmp(r->exprs.at[i].name, stages[k].map, strlen(stages[k].map)) == 0)
				return stages[k].stage;
	return -1; /* of no layer */
}

/* Of a rule that looks into a quota's map: 0 of a port, 1 of an address, 2 of a device. */
static int kind_of(const struct ruleset_rule *r)
{
	for (size_t i = 0; i < r->exprs.n; i++) {
		const char *map = r->exprs.at[i].name ? strchr(r->exprs.at[i].name, '_') : NULL;

		if (map)
			return map[1] == 'i' ? 2 : map[1] == 'a' ? 1 : 0;
	}
	return -1;
}

static void order_of_stages(void **state)
{
	static const struct state none[] = { { 0 } };
	static const char *const chains[] = { "enforce_in", "mine_in", "enforce_out", "mine_out" };
	static const char *const sections[] = { "port a]\nports = 80", "port b]\nports = 81",
		"address c]\naddresses = 10.0.0.1", "address d]\naddresses = 10.0.0.2", "interface e]" };
	cleanup_arena struct arena a = { 0 };
	const char *text = "";
	struct desired d;

	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
		text = arena_printf(&a,
			"%s[%s\nlimit = 8mbit\nburst_rate = 1mbit\nburst_limit = 1mbit\nquota = 1GB\nquota_action = %s\n"
			"[quota q%zu]\nentries = %c\nbilling = out\nquota = 1GB\nquota_action = throttle 2mbit\n",
			text, sections[i], i % 2 ? "throttle 1mbit" : "block", i, (char)('a' + (int)i));
	d = built(&a, text, none);
	(void)state;
	for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) {
		const struct ruleset_chain *c = ruleset_chain(&d.ruleset, chains[i]);
		int last = -1, kind = -1, seen = 0;

		assert_non_null(c);
		for (size_t r = 0; r < c->rules.n; r++) {
			int stage = stage_of(&c->rules.at[r]);

			if (stage < 0)
				continue;
			if (stage < last)
				fail_msg(
					"%s: a rule of stage %d stands behind one of stage %d", chains[i], stage, last);
			if (stage > last)
				kind = -1;
			if (stage >= 2 && kind_of(&c->rules.at[r]) < kind)
				fail_msg("%s: a quota of kind %d stands behind one of kind %d", chains[i],
					kind_of(&c->rules.at[r]), kind);
			kind = kind_of(&c->rules.at[r]);
			seen |= 1 << stage;
			last = stage;
		}
		assert_int_equal(seen, 15);
	}
}

/* A protection, an expiry or a quota over others alone is enough to need the chains. */
static void one_thing_alone(void **state)
{
	static const struct state none[] = { { 0 } };
	static const char *const texts[] = { "[port a]\nports = 80\nlimit_in = 8mbit\n",
		"[port a]\nports = 80\nlimit_out = 8mbit\n", "[port a]\nports = 80\nexpires = 2027-01-01\n",
		"[port a]\nports = 80\nburst_rate = 1mbit\nburst_limit = 1mbit\n",
		"[port a]\nports = 80\nquota = 1GB\nquota_action = block\n",
		"[port a]\nports = 80\n[quota q]\nentries = a\nquota = 1GB\nquota_action = throttle 1mbit\n" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		cleanup_arena struct arena a = { 0 };
		struct desired d = built(&a, texts[i], none);

		if (!ruleset_chain(&d.ruleset, "enforce_in") || !ruleset_chain(&d.ruleset, "enforce_out"))
			fail_msg("no chain that enforces: %s", texts[i]);
	}
}

static void chains(void **state)
{
	static const struct state none[] = { { 0 } };
	cleanup_arena struct arena a = { 0 };
	struct desired d = built(&a, "[port a]\nports = 80\nlimit = 8mbit\n", none);
	const struct ruleset_chain *in = ruleset_chain(&d.ruleset, "enforce_in"),
				   *out = ruleset_chain(&d.ruleset, "enforce_out");

	(void)state;
	assert_true(in->base && out->base);
	assert_int_equal(in->priority, -310);
	assert_int_equal(out->priority, 190);
	assert_false(ruleset_chain(&d.ruleset, "mine_in")->base);
}

static void expiry(void **state)
{
	static const struct state none[] = { { 0 } };
	cleanup_arena struct arena a = { 0 };
	struct desired d = built(&a,
		"[portflow]\ntimezone = UTC\n[port over]\nports = 80" UDP
		"expires = 2026-11-24\n"
		"[port soon]\nports = 81" UDP "expires = 2026-11-25\n[port never]\nports = 82\n",
		none);

	(void)state;
	/* NOW is 2026-11-25 09:46:40 */
	EXPECT(&a, &d, { "expire_udp", "80 81" }, { "alive_udp", "81@51200" });
}

#define BLOCK "quota = 1GB\nquota_action = block\n"
#define THROTTLE "quota = 1GB\nquota_action = throttle "

/* The latest end of the quotas that block an entry; one without an end blocks for ever, wherever it stands. */
static void blocks(void **state)
{
	static const char text[] = "[port a]\nports = 80" UDP BLOCK "[port b]\nports = 81" UDP
				   "[port c]\nports = 82" UDP "[quota first]\nentries = a, b\n" BLOCK
				   "[quota last]\nentries = a, b\n" BLOCK;
	static const struct {
		struct state states[4];
		const char *block;
	} cases[] = {
		{ { { 0 } }, "" },
		{ { { .subject = "a", .quota = QUOTA_BLOCKED, .cycle_end = HOUR } }, "80@3600" },
		{ { { .subject = "a", .quota = QUOTA_THROTTLED, .cycle_end = HOUR } }, "" },
		{ { { .subject = "a", .quota = QUOTA_BLOCKED, .cycle_end = -HOUR } }, "" },
		{ { { .subject = "a", .quota = QUOTA_BLOCKED, .cycle_end = CALENDAR_MAX } }, "80" },
		{ { { .subject = "first", .quota = QUOTA_BLOCKED, .cycle_end = HOUR } }, "80@3600 81@3600" },
		{ { { .subject = "first", .quota = QUOTA_BLOCKED, .cycle_end = 2 * HOUR },
			  { .subject = "last", .quota = QUOTA_BLOCKED, .cycle_end = HOUR } },
			"80@7200 81@7200" },
		{ { { .subject = "first", .quota = QUOTA_BLOCKED, .cycle_end = HOUR },
			  { .subject = "last", .quota = QUOTA_BLOCKED, .cycle_end = 2 * HOUR } },
			"80@7200 81@7200" },
		{ { { .subject = "first", .quota = QUOTA_BLOCKED, .cycle_end = CALENDAR_MAX },
			  { .subject = "last", .quota = QUOTA_BLOCKED, .cycle_end = HOUR } },
			"80 81" },
		{ { { .subject = "first", .quota = QUOTA_BLOCKED, .cycle_end = HOUR },
			  { .subject = "last", .quota = QUOTA_BLOCKED, .cycle_end = CALENDAR_MAX } },
			"80 81" },
		{ { { .subject = "first", .quota = QUOTA_BLOCKED, .cycle_end = -HOUR },
			  { .subject = "last", .quota = QUOTA_BLOCKED, .cycle_end = HOUR },
			  { .subject = "a", .quota = QUOTA_OK, .cycle_end = 2 * HOUR } },
			"80@3600 81@3600" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_arena struct arena a = { 0 };
		struct desired d = built(&a, text, cases[i].states);
		const char *got = elements(&a, &d, "block_udp");

		if (strcmp(got, cases[i].block) != 0)
			fail_msg("case %zu: \"%s\", not \"%s\"", i, got, cases[i].block);
	}
}

/* Of what a quota does not bill, the lowest throttle holds, until that quota's cycle ends. */
static void holds(void **state)
{
	static const char text[] = "[port a]\nports = 80" UDP "billing = out\n" THROTTLE
				   "2mbit\n"
				   "[quota low]\nentries = a\nbilling = out\n" THROTTLE
				   "1mbit\n"
				   "[quota in]\nentries = a\nbilling = in\n" THROTTLE "500kbit\n";
	static const struct {
		struct state states[4];
		const char *in, *out;
	} cases[] = {
		{ { { 0 } }, "", "" },
		{ { { .subject = "a", .quota = QUOTA_THROTTLED, .cycle_end = HOUR } }, "80:t_a.in@3600", "" },
		{ { { .subject = "a", .quota = QUOTA_THROTTLED, .cycle_end = CALENDAR_MAX } }, "80:t_a.in", "" },
		{ { { .subject = "a", .quota = QUOTA_THROTTLED, .cycle_end = -HOUR } }, "", "" },
		{ { { .subject = "a", .quota = QUOTA_BLOCKED, .cycle_end = HOUR } }, "", "" },
		{ { { .subject = "a", .quota = QUOTA_THROTTLED, .cycle_end = HOUR },
			  { .subject = "low", .quota = QUOTA_THROTTLED, .cycle_end = 2 * HOUR } },
			"80:t_low.in@7200", "" },
		{ { { .subject = "in", .quota = QUOTA_THROTTLED, .cycle_end = HOUR },
			  { .subject = "low", .quota = QUOTA_THROTTLED, .cycle_end = 2 * HOUR } },
			"80:t_low.in@7200", "80:t_in.out@3600" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_arena struct arena a = { 0 };
		struct desired d = built(&a, text, cases[i].states);
		const char *in = elements(&a, &d, "hold_udp_in"), *out = elements(&a, &d, "hold_udp_out");

		if (strcmp(in, cases[i].in) != 0 || strcmp(out, cases[i].out) != 0)
			fail_msg("case %zu: \"%s\" and \"%s\"", i, in, out);
	}
}

/* Each billing mode has its objects: what is used of the running cycle, nothing but what the scale takes of the next. */
static void quota_figures(void **state)
{
	static const struct {
		const char *billing, *objects;
	} cases[] = {
		{ "both", "q_a 600/1000, q_a.next 100/900" },
		{ "in", "q_a 600/1000, q_a.next 100/900" },
		{ "out", "q_a 600/1000, q_a.next 100/900" },
		{ "relay", "q_a 600/1000, q_a.next 100/900" },
		{ "max", "q_a.in 600/1000, q_a.in.next 100/900, q_a.out 300/1000, q_a.out.next 200/900" },
	};
	struct state states[] = {
		{ .subject = "a", .left = { 400, 700 }, .full = { 800, 700 }, .limit = 1000, .quota_bytes = 900 }, { 0 }
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_arena struct arena a = { 0 };
		struct desired d = built(&a,
			arena_printf(&a, "[port a]\nports = 80" UDP BLOCK "billing = %s\n", cases[i].billing), states);

		assert_string_equal(objects(&a, &d, OBJECT_QUOTA), cases[i].objects);
		EXPECT(&a, &d, { "bcur1_udp", "80@86400" });
	}
	{
		cleanup_arena struct arena a = { 0 };
		struct desired d;

		states[0].left[0] = 0;
		d = built(&a, "[port a]\nports = 80" UDP BLOCK "quota_cycle = never\n", states);
		assert_string_equal(objects(&a, &d, OBJECT_QUOTA), "q_a 1000/1000");
		EXPECT(&a, &d, { "bnow1_udp_in", "80:q_a" }, { "bnext1_udp_in", "no such set" });
	}
	{
		cleanup_arena struct arena a = { 0 };
		struct desired d;

		states[0].left[0] = 1000;
		states[0].cycle_end = CALENDAR_MAX;
		d = built(&a, "[port a]\nports = 80" UDP THROTTLE "8mbit\n", states);
		assert_string_equal(objects(&a, &d, OBJECT_QUOTA), "q_a 0/1000, q_a.next 100/900");
		assert_string_equal(objects(&a, &d, OBJECT_LIMIT), "t_a.in 1000000/65536, t_a.out 1000000/65536");
		EXPECT(&a, &d, { "tcur1_udp", "80" }, { "tnow1_udp_in", "80:q_a" }, { "tnext1_udp_in", "80:q_a.next" },
			{ "tlim1_udp_in", "80:t_a.in" }, { "tlim1_udp_out", "80:t_a.out" });
		states[0].cycle_end = -HOUR;
		d = built(&a, "[port a]\nports = 80" UDP THROTTLE "8mbit\n", states);
		EXPECT(&a, &d, { "tcur1_udp", "" }, { "tnext1_udp_in", "80:q_a.next" });
	}
}

/* Which of four quotas stands first: that of the shortest cycle, of the smallest among these. */
static void slots(void **state)
{
	static const struct {
		const char *cycle[4], *size[4], *slots;
	} cases[] = {
		{ { "month", "week", "day", "year" }, { "1GB", "2GB", "3GB", "4GB" }, "q2 q1 q0 q3" },
		{ { "never", "year", "month", "week" }, { "1GB", "1GB", "1GB", "1GB" }, "q3 q2 q1 q0" },
		{ { "30d from 2026-01-01", "month", "8d from 2026-01-01", "week" }, { "1GB", "1GB", "1GB", "1GB" },
			"q3 q2 q0 q1" },
		{ { "day", "day", "day", "day" }, { "4GB", "2GB", "3GB", "1GB" }, "q3 q1 q2 q0" },
		{ { "2d from 2026-01-01", "day", "400d from 2026-01-01", "year" }, { "1GB", "9GB", "1GB", "1GB" },
			"q1 q0 q3 q2" },
	};
	static const struct state none[] = { { 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_arena struct arena a = { 0 };
		const char *text = "[port a]\nports = 80" UDP, *got = "";
		struct desired d;

		for (int q = 0; q < 4; q++)
			text = arena_printf(&a,
				"%s[quota q%d]\nentries = a\nquota = %s\nquota_cycle = %s\nquota_action = block\n",
				text, q, cases[i].size[q], cases[i].cycle[q]);
		d = built(&a, text, none);
		for (int slot = 1; slot <= 4; slot++)
			got = arena_printf(&a, "%s%s%s", got, *got ? " " : "",
				elements(&a, &d, arena_printf(&a, "bnow%d_udp_in", slot)) + strlen("80:q_"));
		if (strcmp(got, cases[i].slots) != 0)
			fail_msg("case %zu: %s, not %s", i, got, cases[i].slots);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits),
		cmocka_unit_test(no_set_too_many),
		cmocka_unit_test(order_of_stages),
		cmocka_unit_test(one_thing_alone),
		cmocka_unit_test(chains),
		cmocka_unit_test(expiry),
		cmocka_unit_test(blocks),
		cmocka_unit_test(holds),
		cmocka_unit_test(quota_figures),
		cmocka_unit_test(slots),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
