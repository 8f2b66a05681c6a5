/* What must change in quotas, limits, timed elements, classes and verdicts: each is added, altered and removed, and never altered
 * in place; what is about to end by itself is left alone.
 * Cases by table, then random tables.
 * make check-unit runs it. */
#include "diff_help.h"

#define SECOND 1000
#define MINUTE 60000

static struct rule_expr *put(
	struct arena *a, struct ruleset *r, size_t at, enum rule_op op, const char *name, uint32_t key)
{
	struct ruleset_rule *rule = &r->chains.at[0].rules.at[at];
	struct rule_expr *e = vec_push(a, &rule->exprs);

	*e = (struct rule_expr){ .op = op, .reg = 1, .name = name, .key = key };
	return e;
}

static struct ruleset_object *sized(
	struct arena *a, struct ruleset *r, const char *name, enum object_kind kind, uint64_t limit, uint32_t burst)
{
	struct ruleset_object *o;

	object(a, r, name, kind);
	o = &r->objects.at[r->objects.n - 1];
	o->limit = limit;
	o->burst = burst;
	return o;
}

static struct ruleset_set *timed(
	struct arena *a, struct ruleset *r, const char *name, bool interval, enum set_data data)
{
	struct ruleset_set *s = set(a, r, name, KEY_SERVICE, interval, data);

	s->timed = true;
	return s;
}

enum { QUOTAS, LIMITS, HOLDS, GATE, CLASSES };
enum { Q_WEB, Q_DNS, L_WEB, L_DNS, COUNTER };

static struct ruleset base(struct arena *a)
{
	struct ruleset r = { .present = true, .comment = "" };
	struct ruleset_chain *c = vec_push(a, &r.chains);

	c->name = "rules";
	for (size_t i = 0; i < 5; i++)
		vec_push(a, &r.chains.at[0].rules);
	c = vec_push(a, &r.chains);
	c->name = "now";
	put(a, &r, 0, OP_QUOTA_MAP, "quotas", 0);
	put(a, &r, 0, OP_VERDICT, NULL, 0);
	put(a, &r, 1, OP_LIMIT_MAP, "limits", 0);
	put(a, &r, 2, OP_LIMIT_MAP, "holds", 0);
	put(a, &r, 3, OP_VMAP, "gate", 0);
	put(a, &r, 4, OP_DATA_MAP, "classes", 0);
	put(a, &r, 4, OP_META_SET, NULL, 0);
	elem(a, set(a, &r, "quotas", KEY_SERVICE, false, DATA_QUOTA), 53, 53, "q_dns");
	elem(a, &r.sets.at[QUOTAS], 80, 80, "q_web");
	elem(a, &r.sets.at[QUOTAS], 443, 443, "q_web");
	elem(a, timed(a, &r, "limits", false, DATA_LIMIT), 53, 53, "l_dns")->deadline = MINUTE;
	elem(a, &r.sets.at[LIMITS], 80, 80, "l_web");
	elem(a, timed(a, &r, "holds", true, DATA_LIMIT), 1000, 2000, "l_web")->deadline = MINUTE;
	elem(a, &r.sets.at[HOLDS], 3000, 4000, "l_dns");
	elem(a, timed(a, &r, "gate", false, DATA_VERDICT), 80, 80, "now")->deadline = MINUTE;
	r.sets.at[GATE].elems.at[0].verdict = (uint32_t)NFT_GOTO;
	elem(a, &r.sets.at[GATE], 81, 81, NULL);
	elem(a, set(a, &r, "classes", KEY_SERVICE, false, DATA_CLASS), 80, 80, NULL)->verdict = 0x70660001;
	sized(a, &r, "q_web", OBJECT_QUOTA, 1000000000, 0);
	sized(a, &r, "q_dns", OBJECT_QUOTA, 5000, 0);
	sized(a, &r, "l_web", OBJECT_LIMIT, 2500000, 65536);
	sized(a, &r, "l_dns", OBJECT_LIMIT, 1000, 65536);
	/* of another kind: another object */
	object(a, &r, "q_web", OBJECT_COUNTER);
	return r;
}

#define EDIT(name) static void name(struct arena *a, struct ruleset *r)
#define ELEM(s, n) (&r->sets.at[s].elems.at[n])
#define UNUSED (void)a

EDIT(quota_limit)
{
	UNUSED;
	r->objects.at[Q_WEB].limit++;
}
EDIT(quota_used)
{
	UNUSED;
	r->objects.at[Q_WEB].bytes = 999;
}
EDIT(quota_odd)
{
	UNUSED;
	r->objects.at[Q_WEB].odd = true;
}
EDIT(quota_more)
{
	elem(a, &r->sets.at[QUOTAS], 22, 22, "q_ssh");
	sized(a, r, "q_ssh", OBJECT_QUOTA, 7, 0);
}
EDIT(quota_other)
{
	UNUSED;
	ELEM(QUOTAS, 2)->name = "q_dns";
}
EDIT(limit_rate)
{
	UNUSED;
	r->objects.at[L_WEB].limit++;
}
EDIT(limit_burst)
{
	UNUSED;
	r->objects.at[L_WEB].burst++;
}
EDIT(limit_odd)
{
	UNUSED;
	r->objects.at[L_WEB].odd = true;
}
EDIT(limit_more)
{
	sized(a, r, "l_ssh", OBJECT_LIMIT, 7, 65536);
}
EDIT(limit_of_a_quotas_name)
{
	sized(a, r, "q_web", OBJECT_LIMIT, 7, 65536);
}
/* one element more than is listed names it */
EDIT(limit_held)
{
	UNUSED;
	r->objects.at[L_WEB].limit++;
	r->objects.at[L_WEB].use = 3;
}
EDIT(limit_used_as_seen)
{
	UNUSED;
	r->objects.at[L_WEB].limit++;
	r->objects.at[L_WEB].use = 2;
}
EDIT(set_not_timed)
{
	UNUSED;
	r->sets.at[LIMITS].timed = false;
	ELEM(LIMITS, 0)->deadline = 0;
}
EDIT(verdicts_not_timed)
{
	UNUSED;
	r->sets.at[GATE].timed = false;
	ELEM(GATE, 0)->deadline = 0;
}
EDIT(set_of_counters)
{
	UNUSED;
	r->sets.at[QUOTAS].data = DATA_COUNTER;
	r->sets.at[QUOTAS].elems.n = 0;
}
EDIT(class_other)
{
	UNUSED;
	ELEM(CLASSES, 0)->verdict++;
}
EDIT(verdict_accept)
{
	UNUSED;
	ELEM(GATE, 1)->verdict = 1;
}
EDIT(chain_more)
{
	struct ruleset_chain *c = vec_push(a, &r->chains);

	c->name = "next";
}
EDIT(deadline_near)
{
	UNUSED;
	ELEM(LIMITS, 0)->deadline += DIFF_DEADLINE_MS;
	ELEM(HOLDS, 0)->deadline -= DIFF_DEADLINE_MS;
}
/* The same ends, counted from another moment. */
EDIT(deadline_counted_later)
{
	UNUSED;
	r->now_ms += 10 * SECOND;
	ELEM(LIMITS, 0)->deadline -= 10 * SECOND;
	ELEM(HOLDS, 0)->deadline -= 10 * SECOND;
	ELEM(GATE, 0)->deadline -= 10 * SECOND;
}
EDIT(deadline_off_by_its_moment)
{
	UNUSED;
	r->now_ms += DIFF_DEADLINE_MS + 1;
	ELEM(HOLDS, 0)->deadline -= SECOND;
	ELEM(GATE, 0)->deadline -= SECOND;
}
EDIT(deadline_off)
{
	UNUSED;
	ELEM(LIMITS, 0)->deadline += DIFF_DEADLINE_MS + 1;
}
EDIT(deadline_off_of_a_range)
{
	UNUSED;
	ELEM(HOLDS, 0)->deadline -= DIFF_DEADLINE_MS + 1;
}
EDIT(deadline_none)
{
	UNUSED;
	ELEM(LIMITS, 0)->deadline = 0;
}
EDIT(deadline_none_of_a_range)
{
	UNUSED;
	ELEM(HOLDS, 0)->deadline = 0;
}
EDIT(soon_more)
{
	elem(a, &r->sets.at[LIMITS], 22, 22, "l_web")->deadline = DIFF_DEADLINE_MS - 1;
	elem(a, &r->sets.at[HOLDS], 2001, 2999, "l_web")->deadline = 1;
}
EDIT(soon_is_late)
{
	elem(a, &r->sets.at[LIMITS], 22, 22, "l_web")->deadline = DIFF_DEADLINE_MS;
}
EDIT(soon_object)
{
	elem(a, &r->sets.at[LIMITS], 22, 22, "l_ssh")->deadline = SECOND;
	limit_more(a, r);
}
EDIT(soon_limit_rate)
{
	elem(a, &r->sets.at[LIMITS], 22, 22, "l_web")->deadline = SECOND;
	limit_rate(a, r);
}
EDIT(soon_chain)
{
	chain_more(a, r);
	elem(a, &r->sets.at[GATE], 90, 90, "next")->deadline = SECOND;
	ELEM(GATE, 2)->verdict = (uint32_t)NFT_GOTO;
}
EDIT(soon_of_another)
{
	UNUSED;
	ELEM(LIMITS, 1)->deadline = SECOND;
	ELEM(HOLDS, 1)->deadline = SECOND;
}
EDIT(soon_across)
{
	UNUSED;
	*ELEM(HOLDS, 1) = *ELEM(HOLDS, 0);
	ELEM(HOLDS, 1)->from[0] = 3500 >> 8;
	ELEM(HOLDS, 1)->from[1] = 3500 & 0xff;
	ELEM(HOLDS, 1)->to[0] = 5000 >> 8;
	ELEM(HOLDS, 1)->to[1] = 5000 & 0xff;
	ELEM(HOLDS, 1)->deadline = SECOND;
}

#define L_WEB_ELEMS(sign) sign "elem limits 80:l_web, " sign "elem holds 1000-2000:l_web"
#define Q_WEB_ANEW \
	"-elem quotas 80:q_web, -elem quotas 443:q_web, -object q_web, +object q_web, +elem quotas 80:q_web, +elem quotas 443:q_web"
#define L_WEB_ANEW L_WEB_ELEMS("-") ", -object l_web, +object l_web, " L_WEB_ELEMS("+")
#define RULES "+rule rules, +rule rules, +rule rules, +rule rules, +rule rules"

static const struct {
	const char *name;
	void (*edit)(struct arena *a, struct ruleset *r);
	const char *mend; /* the kernel's table was edited so */
	const char *make; /* the wanted one; NULL: no configuration wants it */
} edits[] = {
	{ "a quota's limit is what the end of a run sees to", quota_limit, "", "" },
	{ "what is used of a quota", quota_used, "", "" },
	{ "a quota with other flags", quota_odd, Q_WEB_ANEW, NULL },
	{ "a quota more", quota_more, "-elem quotas 22:q_ssh, -object q_ssh", "+object q_ssh, +elem quotas 22:q_ssh" },
	{ "another quota of an element", quota_other, "-elem quotas 443:q_dns, +elem quotas 443:q_web",
		"-elem quotas 443:q_web, +elem quotas 443:q_dns" },
	{ "a limit's rate", limit_rate, L_WEB_ANEW, L_WEB_ANEW },
	{ "a limit's burst", limit_burst, L_WEB_ANEW, L_WEB_ANEW },
	{ "a limit with other flags", limit_odd, L_WEB_ANEW, NULL },
	{ "a limit more", limit_more, "-object l_ssh", "+object l_ssh" },
	{ "a limit of a quota's name", limit_of_a_quotas_name, "-object q_web", "+object q_web" },
	{ "a limit that an expired element holds", limit_held,
		"empty limits, empty holds, -object l_web, +object l_web, +elem limits 53:l_dns, +elem limits 80:l_web, "
		"+elem holds 1000-2000:l_web, +elem holds 3000-4000:l_dns",
		NULL },
	{ "a limit held by what is listed", limit_used_as_seen, L_WEB_ANEW, NULL },
	{ "a set without deadlines", set_not_timed,
		"flush rules, empty limits, -set limits, +set limits, +elem limits 53:l_dns, +elem limits 80:l_web, " RULES,
		"flush rules, empty limits, -set limits, +set limits, +elem limits 53:l_dns, +elem limits 80:l_web, " RULES },
	{ "verdicts without deadlines", verdicts_not_timed,
		"flush rules, empty gate, -set gate, +set gate, +elem gate 80:now, +elem gate 81, " RULES,
		"flush rules, empty gate, -set gate, +set gate, +elem gate 80:now, +elem gate 81, " RULES },
	{ "a map of counters", set_of_counters,
		"flush rules, -set quotas, +set quotas, +elem quotas 53:q_dns, +elem quotas 80:q_web, +elem quotas 443:q_web, " RULES,
		NULL },
	{ "another class", class_other, "-elem classes 80, +elem classes 80", "-elem classes 80, +elem classes 80" },
	{ "accept, not drop", verdict_accept, "-elem gate 81, +elem gate 81", "-elem gate 81, +elem gate 81" },
	{ "a chain that goes, and what an expired element may hold", chain_more,
		"empty gate, -chain next, +elem gate 80:now, +elem gate 81", "+chain next" },
	{ "deadlines that are right", deadline_near, "", "" },
	{ "deadlines counted from another moment", deadline_counted_later, "", "" },
	{ "a deadline counted from another moment", deadline_off_by_its_moment,
		"-elem limits 53:l_dns, +elem limits 53:l_dns", "-elem limits 53:l_dns, +elem limits 53:l_dns" },
	{ "a deadline", deadline_off, "-elem limits 53:l_dns, +elem limits 53:l_dns",
		"-elem limits 53:l_dns, +elem limits 53:l_dns" },
	{ "a range's deadline", deadline_off_of_a_range, "-elem holds 1000-2000:l_web, +elem holds 1000-2000:l_web",
		"-elem holds 1000-2000:l_web, +elem holds 1000-2000:l_web" },
	{ "no deadline", deadline_none, "-elem limits 53:l_dns, +elem limits 53:l_dns",
		"-elem limits 53:l_dns, +elem limits 53:l_dns" },
	{ "no deadline of a range", deadline_none_of_a_range,
		"-elem holds 1000-2000:l_web, +elem holds 1000-2000:l_web",
		"-elem holds 1000-2000:l_web, +elem holds 1000-2000:l_web" },
	{ "elements that end soon", soon_more, "", "" },
	{ "an element that does not end soon enough", soon_is_late, "-elem limits 22:l_web", "+elem limits 22:l_web" },
	{ "an element that ends soon, its limit is not wanted", soon_object, "-elem limits 22:l_ssh, -object l_ssh",
		"+object l_ssh" },
	{ "an element that ends soon, its limit is made anew", soon_limit_rate, "-elem limits 22:l_web, " L_WEB_ANEW,
		L_WEB_ANEW },
	{ "an element that ends soon, its chain is not wanted", soon_chain,
		"empty gate, -chain next, +elem gate 80:now, +elem gate 81", "+chain next" },
	{ "an element that ends soon and should not", soon_of_another,
		"-elem limits 80:l_web, -elem holds 3000-4000:l_dns, +elem limits 80:l_web, +elem holds 3000-4000:l_dns",
		"-elem limits 80:l_web, -elem holds 3000-4000:l_dns" },
	{ "a range that ends soon, on wanted ground", soon_across,
		"-elem holds 3500-5000:l_web, +elem holds 3000-4000:l_dns", "-elem holds 3000-4000:l_dns" },
};

static void each_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
		cleanup_arena struct arena a = { 0 };
		struct ruleset plain = base(&a), edited = base(&a);

		edits[i].edit(&a, &edited);
		one_way(&a, edits[i].name, &plain, &edited, edits[i].mend, 1);
		plain = base(&a);
		edited = base(&a);
		edits[i].edit(&a, &edited);
		if (edits[i].make)
			one_way(&a, edits[i].name, &edited, &plain, edits[i].make, 1);
	}
}

static void whole(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct ruleset x = base(&a), y = base(&a), empty = { .present = true, .comment = "" };

	(void)state;
	one_way(&a, "the same", &x, &y, "", 1);
	one_way(&a, "all of it goes", &empty, &x,
		"flush rules, empty quotas, empty limits, empty holds, empty gate, -set quotas, -set limits, -set holds, -set gate, "
		"-set classes, -chain rules, -chain now, -object q_web, -object q_dns, -object l_web, -object l_dns, retired q_web",
		1);
}

static uint64_t left_of(uint64_t limit, uint64_t used)
{
	return used < limit ? limit - used : 0;
}

/* What is left of a quota. */
static void quota_left(void **state)
{
	static const struct {
		uint64_t limit, want, have; /* used */
		bool right;
	} cases[] = {
		{ 1000000000, 0, 0, true },
		{ 1000000000, 0, 1000000, true },           /* 0.1 % of what is left */
		{ 1000000000, 0, 1000001, false },          /* and a byte */
		{ 1000000000, 1000000, 1000, true },        /* the other way */
		{ 1000000000, 1000001, 1, false },          /* of less left */
		{ 1000000000, 999000000, 999065536, true }, /* 64 KiB */
		{ 1000000000, 999000000, 999065537, false },
		{ 1000000, 999000, 998000, true }, /* 0.1 % of the whole, where that is less */
		{ 1000000, 999000, 997999, false },
		{ 1000000000, 1000000000, 1000000000, true }, /* used up */
		{ 1000000000, 2000000000, 1000000000, true }, /* and more: the kernel shows no more */
		{ 1000000000, 1000000000, 999999999, false }, /* used up is exact */
		{ 1000000000, 999999999, 1000000000, false }, /* also what it is not */
		{ 1000000000, 999934464, 999999999, true },   /* 64 KiB left to have, a byte there */
		{ 1000000000, 999934463, 999999999, true },
		{ 1000000000, 999934462, 999999999, false },
		{ 0, 0, 0, true },
		{ 1000, 0, 1000, false },
		{ 1000, 0, 1, true },
		{ 1000, 0, 2, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_arena struct arena a = { 0 };
		struct ruleset want = base(&a), have = base(&a);
		const bool anew = cases[i].have >= cases[i].limit;
		struct diff d;

		want.objects.at[Q_WEB].limit = have.objects.at[Q_WEB].limit = cases[i].limit;
		want.objects.at[Q_WEB].bytes = cases[i].want;
		have.objects.at[Q_WEB].bytes = cases[i].have;
		diff_rulesets(&a, &want, &have, NULL, QUOTA_LEFT, &d);
		/* of what is used up the kernel hides what it dropped on top */
		if (strcmp(changes_text(&a, &d), cases[i].right ? "" : anew ? Q_WEB_ANEW : "=object q_web") != 0)
			fail_msg("case %zu: %s", i, changes_text(&a, &d));
		if (!cases[i].right && !anew)
			assert_int_equal(d.changes.of[CHANGE_OBJECT_SET].at[0].object->limit,
				cases[i].have + left_of(cases[i].limit, cases[i].want));
		diff_rulesets(&a, &want, &have, NULL, QUOTA_THERE, &d);
		assert_int_equal(d.changes.n, 0);
	}
}

/* -- random tables -- */

static void random_elems(struct arena *a, struct ruleset_set *s, uint64_t *seed)
{
	static const uint64_t deadlines[] = { 0, 0, 1, 1999, 2000, 60000, 61000, 70000 };
	static const char *const names[] = { "a", "b", "c" };

	for (uint32_t port = 1 + (uint32_t)(next_random(seed) % 3); port < 60;) {
		uint32_t to = s->interval ? port + (uint32_t)(next_random(seed) % 12) : port;

		elem(a, s, (uint16_t)port, (uint16_t)to, names[next_random(seed) % 3])->deadline =
			deadlines[next_random(seed) % 8];
		port = to + 1 + (uint32_t)(next_random(seed) % 3 ? 0 : next_random(seed) % 9);
	}
}

static struct ruleset random_table(struct arena *a, uint64_t *seed)
{
	struct ruleset r = { .present = true, .comment = "" };

	random_elems(a, timed(a, &r, "limits", false, DATA_LIMIT), seed);
	random_elems(a, timed(a, &r, "holds", true, DATA_LIMIT), seed);
	random_elems(a, timed(a, &r, "quotas", true, DATA_QUOTA), seed);
	for (const char *const *name = (const char *const[]){ "a", "b", "c", NULL }; *name; name++) {
		sized(a, &r, *name, OBJECT_LIMIT, 1 + next_random(seed) % 2, 65536);
		sized(a, &r, *name, OBJECT_QUOTA, 1 + next_random(seed) % 2, 0);
	}
	return r;
}

/* Is the port held by the right object until the right moment? Ends that are near may be missing or there. */
static bool held(const struct ruleset_set *s, uint16_t port, const struct ruleset_elem *by)
{
	uint8_t key[SET_KEY_MAX] = { (uint8_t)(port >> 8), (uint8_t)port };

	for (size_t i = 0; i < s->elems.n; i++) {
		const struct ruleset_elem *e = &s->elems.at[i];

		if (memcmp(e->from, key, SET_KEY_MAX) <= 0 && memcmp(e->to, key, SET_KEY_MAX) >= 0)
			return strcmp(e->name, by->name) == 0 && !e->deadline == !by->deadline &&
				e->deadline <= by->deadline + 2000 && by->deadline <= e->deadline + 2000;
	}
	return false;
}

static bool in_force(const struct ruleset_set *want, const struct ruleset_set *have)
{
	for (size_t i = 0; i < want->elems.n; i++) {
		const struct ruleset_elem *e = &want->elems.at[i];

		if (e->deadline && e->deadline < 2000)
			continue;
		for (uint16_t port = e->from[1]; port <= e->to[1]; port++)
			if (!held(have, port, e))
				return false;
	}
	return true;
}

static void random_edits(void **state)
{
	uint64_t seed = 0xa4093822299f31d0U;

	(void)state;
	for (int round = 0; round < 5000; round++) {
		cleanup_arena struct arena a = { 0 };
		struct ruleset have = random_table(&a, &seed), want = random_table(&a, &seed);
		struct ruleset after = ruleset_copy(&a, &have);
		struct diff d;
		const char *refused;

		diff_rulesets(&a, &want, &have, NULL, QUOTA_LEFT, &d);
		refused = apply_changes(&a, &after, &d);
		if (refused)
			fail_msg("round %d: %s: %s", round, refused, changes_text(&a, &d));
		for (size_t i = 0; i < want.sets.n; i++)
			if (!in_force(&want.sets.at[i], &after.sets.at[i]))
				fail_msg("round %d: %s is %s, want %s", round, want.sets.at[i].name,
					set_text(&a, &after.sets.at[i]), set_text(&a, &want.sets.at[i]));
		for (size_t i = 0; i < d.changes.of[CHANGE_ELEM_ADD].n; i++) {
			uint64_t deadline = d.changes.of[CHANGE_ELEM_ADD].at[i].elem->deadline;

			assert_true(deadline == 0 || deadline >= 2000);
		}
		diff_rulesets(&a, &want, &after, NULL, QUOTA_LEFT, &d);
		if (d.changes.n)
			fail_msg("round %d: afterwards %s", round, changes_text(&a, &d));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(each_field),
		cmocka_unit_test(quota_left),
		cmocka_unit_test(random_edits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
