/* What must change: for each field of each struct of a table what its addition, its change and its removal bring about, and that
 * the list, applied, leaves nothing to be done.
 * The rows are a table; ranges are tried at random as well, against a map of all ports.
 * make check-unit runs it. */
#include "ruleset_help.h"

#include <arpa/inet.h>

static struct rule_expr *put(struct arena *a, struct ruleset_rule *r, enum rule_op op, const char *name)
{
	struct rule_expr *e = vec_push(a, &r->exprs);

	e->op = op;
	e->reg = 1;
	e->name = name;
	return e;
}

static struct ruleset_elem *elem(struct arena *a, struct ruleset_set *s, uint16_t from, uint16_t to, const char *name)
{
	struct ruleset_elem *e = vec_push(a, &s->elems);

	*e = (struct ruleset_elem){ .name = name };
	memcpy(e->from, &(uint16_t){ htons(from) }, 2);
	memcpy(e->to, &(uint16_t){ htons(to) }, 2);
	s->sorted = false;
	return e;
}

static struct ruleset_set *set(
	struct arena *a, struct ruleset *r, const char *name, enum set_key key, bool interval, enum set_data data)
{
	struct ruleset_set *s = vec_push(a, &r->sets);

	s->name = name;
	s->key = key;
	s->interval = interval;
	s->data = data;
	return s;
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

static void object(struct arena *a, struct ruleset *r, const char *name, enum object_kind kind)
{
	struct ruleset_object *o = vec_push(a, &r->objects);

	o->name = name;
	o->kind = kind;
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
EDIT(elem_deadline)
{
	UNUSED;
	r->sets.at[0].elems.at[1].deadline = 5000;
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
	{ "a set that leads to a chain that uses it", set_to_chain,
		"flush side, -elem more 22:side, -set more, -chain side",
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
		"flush in, -set verdicts, +set verdicts, +elem verdicts 2:ports, +elem verdicts 3, +rule in, +rule in",
		NULL, 1 },
	{ "an element more", elem_more, "-elem hash 22:web", "+elem hash 22:web", 1 },
	{ "no elements", elems_gone, "+elem hash 80:web, +elem hash 443:web", "-elem hash 80:web, -elem hash 443:web",
		1 },
	{ "another key", elem_key, "-elem hash 22:web, +elem hash 443:web", "-elem hash 443:web, +elem hash 22:web",
		1 },
	{ "another counter", elem_name, "-elem hash 443:dns, +elem hash 443:web",
		"-elem hash 443:web, +elem hash 443:dns", 1 },
	{ "an end", elem_deadline, "-elem hash 443:web, +elem hash 443:web", "-elem hash 443:web, +elem hash 443:web",
		1 },
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
		"flags portflow, flush in, flush one, flush two, flush side, -elem ranges 1000-2000:dns, -elem more 22:side, -set hash, -set more, "
		"-chain in, -chain one, -chain two, -chain side, -flowtable ft, -object q, +chain in, +set hash, +elem hash 80:web, "
		"+elem hash 443:web, +elem ranges 1000-2000:web, +rule in, +rule in, retired more",
		NULL, 2 },
};

static void one_way(struct arena *a, const char *name, struct ruleset *want, struct ruleset *have, const char *expected,
	unsigned int copies)
{
	struct ruleset after = ruleset_copy(a, have);
	struct diff d;
	const char *got, *refused;
	size_t listed = 0;

	diff_rulesets(a, want, have, "canary", &d);
	got = changes_text(a, &d);
	if (strcmp(got, expected) != 0)
		fail_msg("%s:\n got %s\nwant %s", name, got, expected);
	for (enum change_kind k = 0; k < CHANGE_KINDS; k++)
		listed += d.changes.of[k].n;
	if (listed != d.changes.n)
		fail_msg("%s: %zu changes, says %zu", name, listed, d.changes.n);
	if (d.copies != copies)
		fail_msg("%s: copies %u", name, d.copies);
	refused = apply_changes(a, &after, &d);
	if (refused)
		fail_msg("%s: %s", name, refused);
	diff_rulesets(a, want, &after, "canary", &d);
	if (d.changes.n)
		fail_msg("%s: afterwards %s", name, changes_text(a, &d));
}

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
		"flush in, flush ports, -elem verdicts 2:ports, -elem verdicts 3, -set hash, -set ranges, -set verdicts, -chain in, -chain ports, retired web, retired dns",
		1);
}

/* -- ranges -- */

struct range {
	uint16_t from, to;
	const char *name;
};

static struct ruleset with_ranges(struct arena *a, const struct range *at, size_t n)
{
	struct ruleset r = { .present = true, .comment = "" };

	set(a, &r, "r", KEY_SERVICE, true, DATA_COUNTER);
	for (size_t i = 0; i < n && at[i].name; i++)
		elem(a, &r.sets.at[0], at[i].from, at[i].to, at[i].name);
	object(a, &r, "a", OBJECT_COUNTER);
	object(a, &r, "b", OBJECT_COUNTER);
	object(a, &r, "c", OBJECT_COUNTER);
	return r;
}

#define PIECES 4

static void ranges(void **state)
{
	static const struct {
		const char *name;
		struct range have[PIECES], want[PIECES];
		const char *expected;
	} cases[] = {
		{ "the same", { { 10, 20, "a" } }, { { 10, 20, "a" } }, "" },
		{ "grows upward", { { 10, 20, "a" } }, { { 10, 30, "a" } }, "+elem r 21-30:a" },
		{ "grows downward", { { 10, 20, "a" } }, { { 5, 20, "a" } }, "+elem r 5-9:a" },
		{ "grows both ways", { { 10, 20, "a" } }, { { 5, 30, "a" } }, "+elem r 5-9:a, +elem r 21-30:a" },
		{ "grows by one", { { 10, 20, "a" } }, { { 10, 21, "a" } }, "+elem r 21:a" },
		{ "grows to the last port", { { 10, 20, "a" } }, { { 10, 65535, "a" } }, "+elem r 21-65535:a" },
		{ "grew in pieces before", { { 10, 20, "a" }, { 21, 30, "a" } }, { { 10, 30, "a" } }, "" },
		{ "grew in pieces, up to the last port", { { 10, 20, "a" }, { 21, 65535, "a" } },
			{ { 10, 65535, "a" } }, "" },
		{ "shrinks", { { 10, 30, "a" } }, { { 10, 20, "a" } }, "-elem r 10-30:a, +elem r 10-20:a" },
		{ "shrinks by a piece of its own", { { 10, 20, "a" }, { 21, 30, "a" } }, { { 10, 20, "a" } },
			"-elem r 21-30:a" },
		{ "splits", { { 10, 30, "a" } }, { { 10, 15, "a" }, { 20, 30, "a" } },
			"-elem r 10-30:a, +elem r 10-15:a, +elem r 20-30:a" },
		{ "merges", { { 10, 15, "a" }, { 20, 30, "a" } }, { { 10, 30, "a" } }, "+elem r 16-19:a" },
		{ "merges three", { { 10, 11, "a" }, { 20, 21, "a" }, { 30, 31, "a" } }, { { 5, 40, "a" } },
			"+elem r 5-9:a, +elem r 12-19:a, +elem r 22-29:a, +elem r 32-40:a" },
		{ "goes", { { 10, 20, "a" }, { 30, 40, "b" } }, { { 30, 40, "b" } }, "-elem r 10-20:a" },
		{ "comes below", { { 30, 40, "b" } }, { { 10, 20, "a" }, { 30, 40, "b" } }, "+elem r 10-20:a" },
		{ "another counter", { { 10, 20, "a" } }, { { 10, 20, "b" } }, "-elem r 10-20:a, +elem r 10-20:b" },
		{ "another counter in the middle", { { 10, 30, "a" } },
			{ { 10, 15, "a" }, { 16, 20, "b" }, { 21, 30, "a" } },
			"-elem r 10-30:a, +elem r 10-15:a, +elem r 16-20:b, +elem r 21-30:a" },
		{ "neighbours stay", { { 10, 20, "a" }, { 21, 30, "b" } }, { { 10, 20, "a" }, { 21, 40, "b" } },
			"+elem r 31-40:b" },
		{ "the border moves", { { 10, 20, "a" }, { 21, 30, "b" } }, { { 10, 25, "a" }, { 26, 30, "b" } },
			"-elem r 21-30:b, +elem r 21-25:a, +elem r 26-30:b" },
		{ "neighbours swap", { { 10, 20, "a" }, { 21, 30, "b" } }, { { 10, 20, "b" }, { 21, 30, "a" } },
			"-elem r 10-20:a, -elem r 21-30:b, +elem r 10-20:b, +elem r 21-30:a" },
		{ "moves up by one", { { 10, 20, "a" } }, { { 11, 21, "a" } }, "-elem r 10-20:a, +elem r 11-21:a" },
		{ "the last port", { { 65535, 65535, "a" } }, { { 65535, 65535, "a" } }, "" },
		{ "up to the last port", { { 65000, 65535, "a" } }, { { 60000, 65535, "a" } },
			"+elem r 60000-64999:a" },
		{ "no longer to the last port", { { 65000, 65535, "a" } }, { { 65000, 65534, "a" } },
			"-elem r 65000-65535:a, +elem r 65000-65534:a" },
		{ "every port", { { 0 } }, { { 0, 65535, "a" } }, "+elem r 0-65535:a" },
		{ "every port, from pieces at the ends", { { 0, 0, "a" }, { 65535, 65535, "a" } },
			{ { 0, 65535, "a" } }, "+elem r 1-65534:a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_arena struct arena a = { 0 };
		struct ruleset have = with_ranges(&a, cases[i].have, PIECES),
			       want = with_ranges(&a, cases[i].want, PIECES);

		one_way(&a, cases[i].name, &want, &have, cases[i].expected, 1);
	}
}

static struct ruleset_elem *prefix(struct arena *a, struct ruleset_set *s, const char *from, const char *to)
{
	struct ruleset_elem *e = vec_push(a, &s->elems);

	inet_pton(AF_INET6, from, e->from);
	inet_pton(AF_INET6, to, e->to);
	e->name = "a";
	return e;
}

/* Steps carry over all sixteen bytes. */
static void prefixes(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct ruleset have = { .present = true, .comment = "" }, want = have;
	struct ruleset_set *h = set(&a, &have, "r", KEY_ADDR6, true, DATA_COUNTER);
	struct ruleset_set *w = set(&a, &want, "r", KEY_ADDR6, true, DATA_COUNTER);

	(void)state;
	object(&a, &have, "a", OBJECT_COUNTER);
	object(&a, &want, "a", OBJECT_COUNTER);
	prefix(&a, h, "2001:db8:1::", "2001:db8:1:ffff:ffff:ffff:ffff:ffff");
	prefix(&a, h, "ffff::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	prefix(&a, w, "2001:db8::", "2001:db8:3:ffff:ffff:ffff:ffff:ffff");
	prefix(&a, w, "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	one_way(&a, "prefixes", &want, &have,
		"+elem r 20010db8000000000000000000000000-20010db80000ffffffffffffffffffff:a, "
		"+elem r 20010db8000200000000000000000000-20010db80003ffffffffffffffffffff:a, "
		"+elem r ff000000000000000000000000000000-fffeffffffffffffffffffffffffffff:a",
		1);
}

#define PORTS 65536

/* Ranges without overlap, from a few ports upward; now and then up to the last one. */
static struct ruleset random_ranges(struct arena *a, uint64_t *seed, const char **map)
{
	static const char *const names[] = { "a", "b", "c" };
	struct ruleset r = with_ranges(a, NULL, 0);
	uint32_t span = next_random(seed) % 3 ? 40 : PORTS, port = (uint32_t)(next_random(seed) % 4);
	uint32_t top = next_random(seed) % 2 ? PORTS - span : 0;

	memset(map, 0, PORTS * sizeof *map);
	for (port += top; port < top + span;) {
		uint32_t len = (uint32_t)(1 + next_random(seed) % (span / 8)), to = port + len - 1;
		const char *name = names[next_random(seed) % 3];

		if (to >= top + span - 1)
			to = top + span - 1;
		elem(a, &r.sets.at[0], (uint16_t)port, (uint16_t)to, name);
		for (uint32_t p = port; p <= to; p++)
			map[p] = name;
		port = to + 1 + (uint32_t)(next_random(seed) % 3 ? 0 : next_random(seed) % (span / 8));
	}
	return r;
}

static void cover(const struct ruleset_set *s, const char **map)
{
	memset(map, 0, PORTS * sizeof *map);
	for (size_t i = 0; i < s->elems.n; i++) {
		const struct ruleset_elem *e = &s->elems.at[i];

		for (uint32_t p = (uint32_t)e->from[0] << 8 | e->from[1]; p <= ((uint32_t)e->to[0] << 8 | e->to[1]);
			p++) {
			if (map[p])
				fail_msg("port %u twice", p);
			map[p] = e->name;
		}
	}
}

/* Would this element be right where it stands? Then nobody may touch it. */
static bool right(const struct ruleset_elem *e, const char *const *want)
{
	for (uint32_t p = (uint32_t)e->from[0] << 8 | e->from[1]; p <= ((uint32_t)e->to[0] << 8 | e->to[1]); p++)
		if (!want[p] || strcmp(want[p], e->name) != 0)
			return false;
	return true;
}

static bool deleted(const struct diff *d, const struct ruleset_elem *e)
{
	for (size_t i = 0; i < d->changes.of[CHANGE_ELEM_DEL].n; i++)
		if (memcmp(d->changes.of[CHANGE_ELEM_DEL].at[i].elem->from, e->from, SET_KEY_MAX) == 0)
			return true;
	return false;
}

static void random_edits(void **state)
{
	static const char *want_map[PORTS], *have_map[PORTS], *got[PORTS];
	uint64_t seed = 0x13198a2e03707344U;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		cleanup_arena struct arena a = { 0 };
		struct ruleset have = random_ranges(&a, &seed, have_map), want = random_ranges(&a, &seed, want_map);
		struct ruleset after = ruleset_copy(&a, &have);
		struct diff d;
		const char *refused;

		diff_rulesets(&a, &want, &have, NULL, &d);
		refused = apply_changes(&a, &after, &d);
		if (refused)
			fail_msg("round %d: %s: %s", round, refused, changes_text(&a, &d));
		cover(&after.sets.at[0], got);
		for (uint32_t p = 0; p < PORTS; p++)
			if ((got[p] != NULL) != (want_map[p] != NULL) || (got[p] && strcmp(got[p], want_map[p]) != 0))
				fail_msg("round %d, port %u: %s", round, p, changes_text(&a, &d));
		/* Wanted ranges that touch may belong to one counter; then a kept range lies in one of them, not across. */
		for (size_t i = 0; i < have.sets.at[0].elems.n; i++) {
			const struct ruleset_elem *e = &have.sets.at[0].elems.at[i];

			if (!right(e, want_map) && !deleted(&d, e))
				fail_msg(
					"round %d: a wrong range stays: %s", round, elem_text(&a, &have.sets.at[0], e));
			for (size_t j = 0; j < want.sets.at[0].elems.n; j++) {
				const struct ruleset_elem *w = &want.sets.at[0].elems.at[j];

				if (memcmp(w->from, e->from, 2) <= 0 && memcmp(e->to, w->to, 2) <= 0 &&
					strcmp(w->name, e->name) == 0 && deleted(&d, e))
					fail_msg("round %d: %s was right", round, elem_text(&a, &have.sets.at[0], e));
			}
		}
		diff_rulesets(&a, &want, &after, NULL, &d);
		if (d.changes.n)
			fail_msg("round %d: afterwards %s", round, changes_text(&a, &d));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing),
		cmocka_unit_test(each_field),
		cmocka_unit_test(ranges),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(random_edits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
