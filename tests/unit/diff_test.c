/* What must change: for each field of each struct of a table what its addition, its change and its removal bring about, and that
 * the list, applied, leaves nothing to be done.
 * The rows are a table; ranges have a test of their own.
 * make check-unit runs it. */
#include "diff_help.h"

static struct rule_expr *put(struct arena *a, struct ruleset_rule *r, enum rule_op op, const char *name)
{
	struct rule_expr *e = vec_push(a, &r->exprs);

	e->op = op;
	e->reg = 1;
	e->name = name;
	return e;
}

static struct ruleset_chain *chain(struct arena *a, struct ruleset *r, const char *name)
{
	struct ruleset_chain *c = vec_push(a, &r->chains);

	c->name = name;
	return c;
}

/* vec_push takes its list several times: no call inside. */
static struct ruleset_rule *rule(struct arena *a, struct ruleset_chain *c)
{
	return vec_push(a, &c->rules);
}

/* Two chains, a set of each kind, two counters. Chain "in": [payload, counter by "hash"], [fib, vmap]; "ports": [cmp, jump]. */
static struct ruleset base(struct arena *a)
{
	struct ruleset r = { .present = true, .comment = "" };
	struct ruleset_chain *c = chain(a, &r, "in");
	struct ruleset_rule *x = vec_push(a, &c->rules);
	struct rule_expr *e;

	c->base = true;
	c->priority = -300;
	e = put(a, x, OP_PAYLOAD, NULL);
	e->key = 2;
	e->offset = 2;
	e->len = 2;
	put(a, x, OP_COUNTER_MAP, "hash");
	x = vec_push(a, &c->rules);
	put(a, x, OP_FIB, NULL)->key = 8;
	put(a, x, OP_VMAP, "verdicts");
	c = chain(a, &r, "ports");
	x = vec_push(a, &c->rules);
	e = put(a, x, OP_CMP, NULL);
	e->len = 1;
	e->data[0] = 6;
	put(a, x, OP_COUNTER_MAP, "ranges");
	elem(a, set(a, &r, "hash", KEY_SERVICE, false, DATA_COUNTER), 80, 80, "web");
	elem(a, &r.sets.at[0], 443, 443, "web");
	elem(a, set(a, &r, "ranges", KEY_SERVICE, true, DATA_COUNTER), 1000, 2000, "web");
	elem(a, set(a, &r, "verdicts", KEY_SERVICE, false, DATA_VERDICT), 2, 2, "ports")->verdict = (uint32_t)NFT_GOTO;
	elem(a, &r.sets.at[2], 3, 3, NULL)->verdict = (uint32_t)NFT_RETURN;
	object(a, &r, "web", OBJECT_COUNTER);
	object(a, &r, "dns", OBJECT_COUNTER);
	return r;
}

/* -- one edit a function -- */
#define EDIT(name) static void name(struct arena *a, struct ruleset *r)
#define RULE(c, n) (&r->chains.at[c].rules.at[n])
#define EXPR(c, n, k) (&RULE(c, n)->exprs.at[k])
#define UNUSED (void)a

EDIT(no_table)
{
	UNUSED;
	*r = (struct ruleset){ .comment = "" };
}
EDIT(other_comment)
{
	UNUSED;
	r->comment = "another";
	r->handle = 9;
}
EDIT(dormant)
{
	UNUSED;
	r->flags = 1;
}
EDIT(flowtable)
{
	*vec_push(a, &r->flowtables) = "ft";
}
EDIT(chain_more)
{
	put(a, rule(a, chain(a, r, "more")), OP_VERDICT, NULL)->key = (uint32_t)NFT_RETURN;
}
EDIT(chain_more_empty)
{
	chain(a, r, "more");
}
EDIT(chains_that_jump)
{
	struct ruleset_chain *one = chain(a, r, "one");

	put(a, rule(a, one), OP_VERDICT, "two")->key = (uint32_t)NFT_JUMP;
	put(a, rule(a, chain(a, r, "two")), OP_VERDICT, NULL)->key = (uint32_t)NFT_RETURN;
}
EDIT(chain_not_base)
{
	UNUSED;
	r->chains.at[0].base = false;
}
EDIT(chain_hook)
{
	UNUSED;
	r->chains.at[0].hook = 4;
}
EDIT(chain_priority)
{
	UNUSED;
	r->chains.at[0].priority = 0;
}
EDIT(chain_odd)
{
	UNUSED;
	r->chains.at[0].odd = true;
}
EDIT(rule_gone)
{
	UNUSED;
	r->chains.at[0].rules.n = 1;
}
EDIT(rules_gone)
{
	UNUSED;
	r->chains.at[0].rules.n = 0;
}
EDIT(rule_twice)
{
	*vec_push(a, &r->chains.at[0].rules) = r->chains.at[0].rules.at[0];
}
EDIT(rules_swapped)
{
	struct ruleset_rule first = *RULE(0, 0);

	UNUSED;
	*RULE(0, 0) = *RULE(0, 1);
	*RULE(0, 1) = first;
}
EDIT(rule_handle)
{
	UNUSED;
	RULE(0, 0)->handle = 77;
}
EDIT(rule_foreign)
{
	put(a, vec_push(a, &r->chains.at[1].rules), OP_FOREIGN, NULL);
}
EDIT(expr_more)
{
	put(a, RULE(1, 0), OP_META, NULL);
}
EDIT(expr_gone)
{
	UNUSED;
	RULE(1, 0)->exprs.n = 1;
}
EDIT(expr_foreign)
{
	UNUSED;
	*EXPR(1, 0, 0) = (struct rule_expr){ .op = OP_FOREIGN };
}
EDIT(expr_op)
{
	UNUSED;
	EXPR(1, 0, 0)->op = OP_BITWISE;
}
EDIT(expr_reg)
{
	UNUSED;
	EXPR(1, 0, 0)->reg = 2;
}
EDIT(expr_key)
{
	UNUSED;
	EXPR(1, 0, 0)->key = 1;
}
EDIT(expr_offset)
{
	UNUSED;
	EXPR(1, 0, 0)->offset = 4;
}
EDIT(expr_len)
{
	UNUSED;
	EXPR(1, 0, 0)->len = 2;
}
EDIT(expr_data)
{
	UNUSED;
	EXPR(1, 0, 0)->data[0] = 17;
}
EDIT(expr_data_end)
{
	UNUSED;
	EXPR(1, 0, 0)->data[15] = 1;
}
EDIT(expr_name)
{
	UNUSED;
	EXPR(1, 0, 1)->name = "hash";
}
EDIT(set_more)
{
	elem(a, set(a, r, "more", KEY_SERVICE, false, DATA_COUNTER), 22, 22, "web");
}
EDIT(set_used)
{
	set_more(a, r);
	put(a, vec_push(a, &r->chains.at[1].rules), OP_COUNTER_MAP, "more");
}
EDIT(set_to_chain)
{
	elem(a, set(a, r, "more", KEY_SERVICE, false, DATA_VERDICT), 22, 22, "side")->verdict = (uint32_t)NFT_GOTO;
	put(a, rule(a, chain(a, r, "side")), OP_VMAP, "more");
}
EDIT(set_key)
{
	UNUSED;
	r->sets.at[0].key = KEY_IFNAME;
}
EDIT(set_interval)
{
	UNUSED;
	r->sets.at[0].interval = true;
}
EDIT(set_data)
{
	UNUSED;
	r->sets.at[0].data = DATA_NONE;
	r->sets.at[0].elems.at[0].name = r->sets.at[0].elems.at[1].name = NULL;
}
EDIT(set_odd)
{
	UNUSED;
	r->sets.at[0].odd = true;
	r->sets.at[0].elems.n = 0;
}
EDIT(verdicts_odd)
{
	UNUSED;
	r->sets.at[2].odd = true;
	r->sets.at[2].elems.n = 0;
}
EDIT(elem_more)
{
	elem(a, &r->sets.at[0], 22, 22, "web");
}
EDIT(elems_gone)
{
	UNUSED;
	r->sets.at[0].elems.n = 0;
}
EDIT(elem_key)
{
	elem(a, &r->sets.at[0], 22, 22, "web");
	r->sets.at[0].elems.at[1] = r->sets.at[0].elems.at[2];
	r->sets.at[0].elems.n = 2;
}
EDIT(elem_name)
{
	UNUSED;
	r->sets.at[0].elems.at[1].name = "dns";
}
EDIT(set_timed)
{
	UNUSED;
	r->sets.at[0].timed = true;
}
EDIT(elem_verdict)
{
	UNUSED;
	r->sets.at[2].elems.at[0].verdict = (uint32_t)NFT_JUMP;
}
EDIT(elem_verdict_chain)
{
	UNUSED;
	r->sets.at[2].elems.at[0].verdict = (uint32_t)NFT_RETURN;
	r->sets.at[2].elems.at[0].name = NULL;
}
EDIT(elems_unsorted)
{
	struct ruleset_elem first = r->sets.at[0].elems.at[0];

	UNUSED;
	r->sets.at[0].elems.at[0] = r->sets.at[0].elems.at[1];
	r->sets.at[0].elems.at[1] = first;
}
EDIT(range_name)
{
	UNUSED;
	r->sets.at[1].elems.at[0].name = "dns";
}
EDIT(range_more)
{
	elem(a, &r->sets.at[1], 3000, 4000, "dns");
}
EDIT(object_gone)
{
	UNUSED;
	r->objects.n = 1;
}
EDIT(object_more)
{
	object(a, r, "more", OBJECT_COUNTER);
}
EDIT(canary)
{
	object(a, r, "canary", OBJECT_COUNTER);
}
EDIT(object_values)
{
	UNUSED;
	r->objects.at[0].packets = r->objects.at[0].bytes = r->objects.at[0].handle = 5;
}
EDIT(quota)
{
	object(a, r, "q", OBJECT_QUOTA);
}
EDIT(quota_of_that_name)
{
	UNUSED;
	r->objects.at[1].kind = OBJECT_QUOTA;
}
EDIT(limit)
{
	object(a, r, "l", OBJECT_LIMIT);
}
EDIT(other)
{
	object(a, r, "x", OBJECT_OTHER);
}
EDIT(all_at_once)
{
	dormant(a, r);
	flowtable(a, r);
	chains_that_jump(a, r);
	set_to_chain(a, r);
	chain_priority(a, r);
	rule_twice(a, r);
	set_odd(a, r);
	range_name(a, r);
	quota(a, r);
	object_more(a, r);
}

static const struct {
	const char *name;
	void (*edit)(struct arena *a, struct ruleset *r);
	const char *mend; /* the kernel's table was edited so */
	const char *make; /* the wanted one; NULL: no configuration wants it */
	unsigned int copies;
} edits[] = {
	{ "the table is gone", no_table,
		"+table portflow, +chain in, +chain ports, +object web, +object dns, +set hash, +set ranges, +set verdicts, "
		"+elem hash 80:web, +elem hash 443:web, +elem ranges 1000-2000:web, +elem verdicts 2:ports, +elem verdicts 3, "
		"+rule in, +rule in, +rule ports",
		NULL, 1 },
	{ "another comment and handle: not of this list", other_comment, "", "", 1 },
	{ "dormant", dormant, "flags portflow", NULL, 1 },
	{ "a flowtable", flowtable, "-flowtable ft", NULL, 1 },
	{ "a chain more", chain_more, "flush more, -chain more", "+chain more, +rule more", 1 },
	{ "an empty chain more", chain_more_empty, "-chain more", "+chain more", 1 },
	{ "chains that jump", chains_that_jump, "flush one, flush two, -chain one, -chain two",
		"+chain one, +chain two, +rule one, +rule two", 1 },
	{ "no hook", chain_not_base, "flush in, -chain in, +chain in, +rule in, +rule in",
		"flush in, -chain in, +chain in, +rule in, +rule in", 1 },
	{ "hook", chain_hook, "flush in, -chain in, +chain in, +rule in, +rule in",
		"flush in, -chain in, +chain in, +rule in, +rule in", 1 },
	{ "priority", chain_priority, "flush in, -chain in, +chain in, +rule in, +rule in",
		"flush in, -chain in, +chain in, +rule in, +rule in", 1 },
	{ "odd chain", chain_odd, "flush in, -chain in, +chain in, +rule in, +rule in", NULL, 1 },
	{ "a rule less", rule_gone, "flush in, +rule in, +rule in", "flush in, +rule in", 1 },
	{ "no rules", rules_gone, "+rule in, +rule in", "flush in", 1 },
	{ "a rule twice", rule_twice, "flush in, +rule in, +rule in", NULL, 2 },
	{ "rules swapped", rules_swapped, "flush in, +rule in, +rule in", "flush in, +rule in, +rule in", 1 },
	{ "handles of rules", rule_handle, "", "", 1 },
	{ "a foreign rule", rule_foreign, "flush ports, +rule ports", NULL, 1 },
	{ "an expression more", expr_more, "flush ports, +rule ports", "flush ports, +rule ports", 1 },
	{ "an expression less", expr_gone, "flush ports, +rule ports", "flush ports, +rule ports", 1 },
	{ "a foreign expression", expr_foreign, "flush ports, +rule ports", NULL, 1 },
	{ "op", expr_op, "flush ports, +rule ports", "flush ports, +rule ports", 1 },
	{ "register", expr_reg, "flush ports, +rule ports", "flush ports, +rule ports", 1 },
	{ "key", expr_key, "flush ports, +rule ports", "flush ports, +rule ports", 1 },
	{ "offset", expr_offset, "flush ports, +rule ports", "flush ports, +rule ports", 1 },
	{ "length", expr_len, "flush ports, +rule ports", "flush ports, +rule ports", 1 },
	{ "data", expr_data, "flush ports, +rule ports", "flush ports, +rule ports", 1 },
	{ "the last byte of data", expr_data_end, "flush ports, +rule ports", "flush ports, +rule ports", 1 },
	{ "name", expr_name, "flush ports, +rule ports", "flush ports, +rule ports", 1 },
	{ "a set more", set_more, "-set more", "+set more, +elem more 22:web", 1 },
	{ "a set more, used", set_used, "flush ports, -set more, +rule ports",
		"flush ports, +set more, +elem more 22:web, +rule ports, +rule ports", 1 },
	{ "a set that leads to a chain that uses it", set_to_chain, "flush side, empty more, -set more, -chain side",
		"+chain side, +set more, +elem more 22:side, +rule side", 1 },
	{ "key of a set", set_key,
		"flush in, -set hash, +set hash, +elem hash 80:web, +elem hash 443:web, +rule in, +rule in", NULL, 1 },
	{ "interval", set_interval,
		"flush in, -set hash, +set hash, +elem hash 80:web, +elem hash 443:web, +rule in, +rule in",
		"flush in, -set hash, +set hash, +elem hash 80:web, +elem hash 443:web, +rule in, +rule in", 1 },
	{ "what a set leads to", set_data,
		"flush in, -set hash, +set hash, +elem hash 80:web, +elem hash 443:web, +rule in, +rule in",
		"flush in, -set hash, +set hash, +elem hash 80, +elem hash 443, +rule in, +rule in", 1 },
	{ "odd set", set_odd,
		"flush in, -set hash, +set hash, +elem hash 80:web, +elem hash 443:web, +rule in, +rule in", NULL, 1 },
	{ "odd map of verdicts", verdicts_odd,
		"flush in, empty verdicts, -set verdicts, +set verdicts, +elem verdicts 2:ports, +elem verdicts 3, +rule in, +rule in",
		NULL, 1 },
	{ "an element more", elem_more, "-elem hash 22:web", "+elem hash 22:web", 1 },
	{ "no elements", elems_gone, "+elem hash 80:web, +elem hash 443:web", "-elem hash 80:web, -elem hash 443:web",
		1 },
	{ "another key", elem_key, "-elem hash 22:web, +elem hash 443:web", "-elem hash 443:web, +elem hash 22:web",
		1 },
	{ "another counter", elem_name, "-elem hash 443:dns, +elem hash 443:web",
		"-elem hash 443:web, +elem hash 443:dns", 1 },
	{ "elements may end", set_timed,
		"flush in, -set hash, +set hash, +elem hash 80:web, +elem hash 443:web, +rule in, +rule in",
		"flush in, -set hash, +set hash, +elem hash 80:web, +elem hash 443:web, +rule in, +rule in", 1 },
	{ "another verdict", elem_verdict, "-elem verdicts 2:ports, +elem verdicts 2:ports",
		"-elem verdicts 2:ports, +elem verdicts 2:ports", 1 },
	{ "a verdict without a chain", elem_verdict_chain, "-elem verdicts 2, +elem verdicts 2:ports",
		"-elem verdicts 2:ports, +elem verdicts 2", 1 },
	{ "the order of elements", elems_unsorted, "", "", 1 },
	{ "another counter of a range", range_name, "-elem ranges 1000-2000:dns, +elem ranges 1000-2000:web",
		"-elem ranges 1000-2000:web, +elem ranges 1000-2000:dns", 1 },
	{ "a range more", range_more, "-elem ranges 3000-4000:dns", "+elem ranges 3000-4000:dns", 1 },
	{ "a counter less", object_gone, "+object dns", "retired dns", 1 },
	{ "a counter more", object_more, "retired more", "+object more", 1 },
	{ "the canary stays", canary, "", NULL, 1 },
	{ "values and handles", object_values, "", "", 1 },
	{ "a quota", quota, "-object q", NULL, 1 },
	{ "a quota of a counter's name", quota_of_that_name, "-object dns, +object dns", NULL, 1 },
	{ "a limit", limit, "-object l", NULL, 1 },
	{ "another object", other, "-object x", NULL, 1 },
	{ "everything at once", all_at_once,
		"flush in, flush one, flush two, flush side, -elem ranges 1000-2000:dns, empty more, -set hash, -set more, "
		"-chain in, -chain one, -chain two, -chain side, -flowtable ft, -object q, +chain in, +set hash, +elem hash 80:web, "
		"+elem hash 443:web, +elem ranges 1000-2000:web, +rule in, +rule in, retired more",
		NULL, 2 },
};

static void each_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
		cleanup_arena struct arena a = { 0 };
		struct ruleset plain = base(&a), edited = base(&a);

		edits[i].edit(&a, &edited);
		one_way(&a, edits[i].name, &plain, &edited, edits[i].mend, edits[i].copies);
		plain = base(&a);
		edited = base(&a);
		edits[i].edit(&a, &edited);
		if (edits[i].make)
			one_way(&a, edits[i].name, &edited, &plain, edits[i].make, 1);
	}
}

static void nothing(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct ruleset x = base(&a), y = base(&a), empty = { .present = true, .comment = "" }, empty_too = empty;

	(void)state;
	one_way(&a, "the same", &x, &y, "", 1);
	one_way(&a, "empty tables", &empty, &empty_too, "", 1);
	one_way(&a, "all of it goes", &empty, &y,
		"flush in, flush ports, empty verdicts, -set hash, -set ranges, -set verdicts, -chain in, -chain ports, retired web, retired dns",
		1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing),
		cmocka_unit_test(each_field),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
