/* The layers of what is enforced, as rows of a table: what an entry has in a layer's maps, and which maps make a rule.
 * One walk over matches, rows and entries makes all rules, maps and elements.
 * Pure; desired_enforce.c calls. */
#include "model/desired_layers.h"

#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "model/desired_enforce.h"
#include "model/desired_put.h"

static const char *const DIR_TEXT[DIRS] = { "in", "out" };

const struct entry *enforce_subject(const struct enforce *x, size_t subject)
{
	const struct config *c = x->b->config;

	return subject < x->n ? &c->entries.at[subject] : &c->quotas.at[subject - x->n];
}

const struct policy *enforce_policy(const struct enforce *x, size_t subject)
{
	return &x->b->enforcement->policies[subject];
}

struct limit_way enforce_way(const struct enforce *x, size_t entry, enum direction d)
{
	const struct limit_way *ways = x->b->enforcement->ways;

	return ways ? ways[limit_way_at(entry, d)]
		    : (struct limit_way){ .policed = enforce_subject(x, entry)->limit[d].present };
}

bool enforce_guards(const struct enforce *x, size_t entry, enum direction d)
{
	struct limit_way way = enforce_way(x, entry, d);

	return way.shaped && !way.policed;
}

/* Milliseconds until a moment; 0: it has passed. */
static uint64_t ms_until(const struct enforce *x, int64_t moment)
{
	int64_t ms = moment * 1000 - x->b->enforcement->now_ms;

	return ms > 0 ? (uint64_t)ms : 0;
}

static bool cycle_runs(const struct enforce *x, size_t subject)
{
	const struct policy_state *s = &enforce_policy(x, subject)->state;

	return s->cycle_end >= CALENDAR_MAX || ms_until(x, s->cycle_end) > 0;
}

/* For an element that lasts as long as the running cycle. */
static uint64_t cycle_ms(const struct enforce *x, size_t subject)
{
	int64_t end = enforce_policy(x, subject)->state.cycle_end;

	return end >= CALENDAR_MAX ? 0 : ms_until(x, end);
}

/* -- names of objects ------------------------------------------------------------------------------------------------ */

const char *enforce_limit_object(const struct enforce *x, char kind, const struct entry *e, enum direction d)
{
	return arena_printf(x->b->arena, "%c_%s.%s", kind, e->name, DIR_TEXT[d]);
}

const char *enforce_quota_object(struct arena *a, const struct entry *subject, enum direction d, bool next)
{
	if (!policy_bills(subject->billing, d))
		return NULL;
	return arena_printf(a, "q_%s%s%s%s", subject->name, subject->billing == BILLING_MAX ? "." : "",
		subject->billing == BILLING_MAX ? DIR_TEXT[d] : "", next ? ".next" : "");
}

/* -- layers: what an entry has in a map ------------------------------------------------------------------------------ */

static enum has value_block(struct enforce *x, size_t entry, enum direction d, size_t slot, struct ruleset_elem *value)
{
	const struct cover *c = &x->block[entry];
	bool blocked = false, for_ever = false;
	uint64_t ms = 0;

	(void)d;
	(void)slot;
	if (!value)
		return c->n ? HAS_NOTNOW : HAS_NEVER;
	for (size_t i = 0; i < c->n; i++) {
		uint64_t until;

		if (enforce_policy(x, c->at[i])->state.quota != QUOTA_BLOCKED || !cycle_runs(x, c->at[i]))
			continue;
		blocked = true;
		until = cycle_ms(x, c->at[i]);
		for_ever |= until == 0;
		ms = until > ms ? until : ms;
	}
	value->deadline = for_ever ? 0 : ms;
	return blocked ? HAS_NOW : c->n ? HAS_NOTNOW : HAS_NEVER;
}

static enum has value_expire(struct enforce *x, size_t entry, enum direction d, size_t slot, struct ruleset_elem *value)
{
	(void)d;
	(void)slot;
	(void)value;
	return enforce_subject(x, entry)->expires.present ? HAS_NOW : HAS_NEVER;
}

static enum has value_alive(struct enforce *x, size_t entry, enum direction d, size_t slot, struct ruleset_elem *value)
{
	const struct entry *e = enforce_subject(x, entry);

	(void)d;
	(void)slot;
	if (!e->expires.present || !value)
		return e->expires.present ? HAS_NOTNOW : HAS_NEVER;
	value->deadline = ms_until(x, policy_expiry(e));
	return value->deadline ? HAS_NOW : HAS_NOTNOW;
}

static enum has value_police(struct enforce *x, size_t entry, enum direction d, size_t slot, struct ruleset_elem *value)
{
	(void)slot;
	if (!enforce_way(x, entry, d).policed)
		return HAS_NEVER;
	if (value)
		value->name = enforce_limit_object(x, 'l', enforce_subject(x, entry), d);
	return HAS_NOW;
}

static enum has value_guard(struct enforce *x, size_t entry, enum direction d, size_t slot, struct ruleset_elem *value)
{
	(void)slot;
	if (!enforce_guards(x, entry, d))
		return HAS_NEVER;
	if (value)
		value->name = enforce_limit_object(x, 'g', enforce_subject(x, entry), d);
	return HAS_NOW;
}

static enum has value_class(struct enforce *x, size_t entry, enum direction d, size_t slot, struct ruleset_elem *value)
{
	(void)slot;
	if (d != DIR_OUT || !enforce_way(x, entry, d).classed)
		return HAS_NEVER;
	if (value)
		value->verdict = SHAPE_OUT << 16 | x->b->enforcement->minors[entry];
	return HAS_NOW;
}

static enum has value_burst(struct enforce *x, size_t entry, enum direction d, size_t slot, struct ruleset_elem *value)
{
	const struct entry *e = enforce_subject(x, entry);

	(void)slot;
	if (!e->burst.rate.present || !value)
		return e->burst.rate.present ? HAS_NOTNOW : HAS_NEVER;
	value->name = enforce_limit_object(x, 'b', e, d);
	value->deadline = ms_until(x, enforce_policy(x, entry)->state.burst_until);
	return value->deadline ? HAS_NOW : HAS_NOTNOW;
}

/* The kernel sees a quota run out in the directions that it bills, and throttles these; the other one waits for a run. */
static enum has value_hold(struct enforce *x, size_t entry, enum direction d, size_t slot, struct ruleset_elem *value)
{
	const struct cover *c = &x->throttle[entry];
	enum has has = HAS_NEVER;
	uint64_t lowest = 0;

	(void)slot;
	for (size_t i = 0; i < c->n; i++) {
		const struct entry *q = enforce_subject(x, c->at[i]);

		if (policy_bills(q->billing, d))
			continue;
		if (has == HAS_NEVER)
			has = HAS_NOTNOW;
		if (!value || enforce_policy(x, c->at[i])->state.quota != QUOTA_THROTTLED || !cycle_runs(x, c->at[i]) ||
			(has == HAS_NOW && q->quota_action.bps >= lowest))
			continue;
		has = HAS_NOW;
		lowest = q->quota_action.bps;
		value->name = enforce_limit_object(x, 't', q, d);
		value->deadline = cycle_ms(x, c->at[i]);
	}
	return has;
}

static enum has value_cycle(struct enforce *x, const struct cover *c, size_t slot, struct ruleset_elem *value)
{
	if (slot >= c->n || !value)
		return slot < c->n ? HAS_NOTNOW : HAS_NEVER;
	value->deadline = cycle_ms(x, c->at[slot]);
	return cycle_runs(x, c->at[slot]) ? HAS_NOW : HAS_NOTNOW;
}

static enum has value_quota(
	struct enforce *x, const struct cover *c, enum direction d, size_t slot, bool next, struct ruleset_elem *value)
{
	const struct entry *q = slot < c->n ? enforce_subject(x, c->at[slot]) : NULL;

	if (!q || !policy_bills(q->billing, d) || (next && q->cycle.unit == CYCLE_NEVER))
		return HAS_NEVER;
	if (value)
		value->name = enforce_quota_object(x->b->arena, q, d, next);
	return HAS_NOW;
}

static enum has value_tcur(struct enforce *x, size_t entry, enum direction d, size_t slot, struct ruleset_elem *value)
{
	(void)d;
	return value_cycle(x, &x->throttle[entry], slot, value);
}

static enum has value_tnow(struct enforce *x, size_t entry, enum direction d, size_t slot, struct ruleset_elem *value)
{
	return value_quota(x, &x->throttle[entry], d, slot, false, value);
}

static enum has value_tnext(struct enforce *x, size_t entry, enum direction d, size_t slot, struct ruleset_elem *value)
{
	return value_quota(x, &x->throttle[entry], d, slot, true, value);
}

static enum has value_tlim(struct enforce *x, size_t entry, enum direction d, size_t slot, struct ruleset_elem *value)
{
	const struct cover *c = &x->throttle[entry];

	if (slot >= c->n || !value)
		return slot < c->n ? HAS_NOTNOW : HAS_NEVER;
	value->name = enforce_limit_object(x, 't', enforce_subject(x, c->at[slot]), d);
	return HAS_NOW;
}

static enum has value_bcur(struct enforce *x, size_t entry, enum direction d, size_t slot, struct ruleset_elem *value)
{
	(void)d;
	return value_cycle(x, &x->block[entry], slot, value);
}

static enum has value_bnow(struct enforce *x, size_t entry, enum direction d, size_t slot, struct ruleset_elem *value)
{
	return value_quota(x, &x->block[entry], d, slot, false, value);
}

static enum has value_bnext(struct enforce *x, size_t entry, enum direction d, size_t slot, struct ruleset_elem *value)
{
	return value_quota(x, &x->block[entry], d, slot, true, value);
}

const struct layer layers[LAYERS] = {
	[BLOCK] = { "block", DATA_NONE, true, false, false, value_block },
	[EXPIRE] = { "expire", DATA_NONE, false, false, false, value_expire },
	[ALIVE] = { "alive", DATA_NONE, true, false, false, value_alive },
	[POLICE] = { "police", DATA_LIMIT, false, true, false, value_police },
	[GUARD] = { "guard", DATA_LIMIT, false, true, false, value_guard },
	[BURST] = { "burst", DATA_LIMIT, true, true, false, value_burst },
	[HOLD] = { "hold", DATA_LIMIT, true, true, false, value_hold },
	[TCUR] = { "tcur", DATA_NONE, true, false, true, value_tcur },
	[TNOW] = { "tnow", DATA_QUOTA, false, true, true, value_tnow },
	[TNEXT] = { "tnext", DATA_QUOTA, false, true, true, value_tnext },
	[TLIM] = { "tlim", DATA_LIMIT, false, true, true, value_tlim },
	[BCUR] = { "bcur", DATA_NONE, true, false, true, value_bcur },
	[BNOW] = { "bnow", DATA_QUOTA, false, true, true, value_bnow },
	[BNEXT] = { "bnext", DATA_QUOTA, false, true, true, value_bnext },
	[CLASS] = { "class", DATA_CLASS, false, true, false, value_class },
};

const struct recipe recipes[] = {
	{ 0, false, { { BLOCK, false } } },
	{ 0, false, { { EXPIRE, false }, { ALIVE, true } } },
	{ 1, false, { { POLICE, false } } },
	{ 1, false, { { GUARD, false } } },
	{ 1, false, { { BURST, false } } },
	{ 1, false, { { HOLD, false } } },
	{ 2, true, { { TCUR, false }, { TNOW, false }, { TLIM, false } } },
	{ 2, true, { { TCUR, true }, { TNEXT, false }, { TLIM, false } } },
	{ 3, true, { { BCUR, false }, { BNOW, false } } },
	{ 3, true, { { BCUR, true }, { BNEXT, false } } },
	{ LAYERS_CLASSES, false, { { CLASS, false } } },
};
const size_t recipes_n = sizeof recipes / sizeof *recipes;

/* -- maps and rules -------------------------------------------------------------------------------------------------- */

static size_t possible_at(enum layer_id l, size_t match, enum direction d, size_t slot)
{
	return ((match * LAYERS + l) * DIRS + d) * QUOTA_SLOTS + slot;
}

/* A guard is for everything but TCP, which sends no faster than its packets arrive. */
bool layer_concerns(enum layer_id l, const struct match *m)
{
	return l != GUARD || !m->protocol || m->protocol->bit != PROTO_TCP;
}

void layers_find(struct enforce *x)
{
	x->used = arena_array(x->b->arena, matches_n, sizeof *x->used);
	x->possible = arena_array(x->b->arena, possible_at(NONE, matches_n, DIR_IN, 0), sizeof *x->possible);
	for (size_t i = 0; i < x->n; i++)
		for (size_t m = 0; m < matches_n; m++) {
			if (!match_has(&matches[m], &x->b->config->entries.at[i]))
				continue;
			x->used[m] = true;
			for (enum layer_id l = NONE + 1; l < LAYERS; l++)
				for (enum direction d = 0; d < DIRS; d++)
					for (size_t slot = 0; slot < (layers[l].slots ? QUOTA_SLOTS : 1); slot++)
						x->possible[possible_at(l, m, d, slot)] |= layer_concerns(
												   l, &matches[m]) &&
							layers[l].value(x, i, d, slot, NULL) != HAS_NEVER;
		}
}

const char *layer_map(struct enforce *x, const struct layer *l, const struct match *m, enum direction d, size_t slot)
{
	const char *number = l->slots ? arena_printf(x->b->arena, "%zu", slot + 1) : "";

	return arena_printf(x->b->arena, "%s%s_%s%s%s", l->name, number, m->stem, l->directed ? "_" : "",
		l->directed ? DIR_TEXT[d] : "");
}

/* Made and filled at its first use. */
static void use_layer(struct enforce *x, const struct layer *l, const struct match *m, enum direction d, size_t slot)
{
	const char *name = layer_map(x, l, m, d, slot);
	struct ruleset_set *set = ruleset_set(&x->b->out->ruleset, name);

	if (set)
		return;
	set = desired_set(x->b, name, m->key, m->interval, l->data);
	set->timed = l->timed;
	for (size_t i = 0; i < x->n; i++) {
		const struct entry *e = &x->b->config->entries.at[i];
		struct ruleset_elem value = { 0 };

		if (match_has(m, e) && l->value(x, i, d, slot, &value) == HAS_NOW)
			match_fill(x->b, set, m, e, &value);
	}
}

static void put_step(struct enforce *x, struct ruleset_rule *r, const struct layer *l, bool absent, const char *map)
{
	enum rule_op op = l->data == DATA_LIMIT ? OP_LIMIT_MAP
		: l->data == DATA_QUOTA         ? OP_QUOTA_MAP
		: l->data == DATA_CLASS         ? OP_DATA_MAP
						: OP_LOOKUP;

	rule_put_named(x->b, r, op, absent ? NFT_LOOKUP_F_INV : 0, map);
}

static void put_guard(struct enforce *x, struct ruleset_rule *r, const struct recipe *recipe, const struct match *m)
{
	match_put_guard(x->b, r, m);
	if (recipe->step[0].layer == GUARD && !m->protocol)
		rule_put_meta_is_not(x->b, r, NFT_META_L4PROTO, IPPROTO_TCP);
}

static void put_effect(struct enforce *x, struct ruleset_rule *r, const struct recipe *recipe)
{
	if (recipe->stage == LAYERS_CLASSES)
		rule_put_priority(x->b, r);
	else
		rule_put_verdict(x->b, r, NF_DROP, NULL);
}

static bool possible(const struct enforce *x, const struct recipe *recipe, size_t match, enum direction d, size_t slot)
{
	for (size_t i = 0; i < RECIPE_STEPS && recipe->step[i].layer; i++)
		if (!x->possible[possible_at(recipe->step[i].layer, match, d, slot)])
			return false;
	return true;
}

void recipe_fill(struct enforce *x, struct ruleset_rule *r, const struct recipe *recipe, const struct match *m,
	enum direction d, size_t slot)
{
	put_guard(x, r, recipe, m);
	for (size_t i = 0; i < RECIPE_STEPS && recipe->step[i].layer; i++) {
		const struct layer *l = &layers[recipe->step[i].layer];

		match_put_key(x->b, r, m, d);
		put_step(x, r, l, recipe->step[i].absent, layer_map(x, l, m, d, slot));
	}
	put_effect(x, r, recipe);
}

static void recipe_rule(struct enforce *x, struct ruleset_chain *c, const struct recipe *recipe, size_t match,
	enum direction d, size_t slot)
{
	if (!possible(x, recipe, match, d, slot))
		return;
	for (size_t i = 0; i < RECIPE_STEPS && recipe->step[i].layer; i++)
		use_layer(x, &layers[recipe->step[i].layer], &matches[match], d, slot);
	recipe_fill(x, rule_new(x->b, c), recipe, &matches[match], d, slot);
}

/* Ports before addresses before devices: a flood of what its own small quota drops must not use up the plan of the whole machine. */
static bool of_quotas(int stage)
{
	return stage == 2 || stage == 3;
}

void layers_rules(struct enforce *x, struct ruleset_chain *c, unsigned int kinds, int stage, enum direction d,
	bool (*wanted)(const struct recipe *r, const struct match *m))
{
	for (size_t n = 0; n < matches_n; n++) {
		size_t i = of_quotas(stage) ? matches_n - 1 - n : n;

		if (!x->used[i] || !(kinds & 1U << matches[i].kind))
			continue;
		for (size_t k = 0; k < recipes_n; k++)
			for (size_t slot = 0; recipes[k].stage == stage && slot < (recipes[k].slots ? QUOTA_SLOTS : 1);
				slot++)
				if (!wanted || wanted(&recipes[k], &matches[i]))
					recipe_rule(x, c, &recipes[k], i, d, slot);
	}
}

bool layers_any(const struct enforce *x, unsigned int kinds, int first, int last, enum direction d)
{
	for (size_t m = 0; m < matches_n; m++)
		for (size_t k = 0; (kinds & 1U << matches[m].kind) && k < recipes_n; k++)
			for (size_t slot = 0; slot < QUOTA_SLOTS; slot++)
				if (recipes[k].stage >= first && recipes[k].stage <= last &&
					possible(x, &recipes[k], m, d, slot))
					return true;
	return false;
}
