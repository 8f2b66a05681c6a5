/* What holds an entry as the kernel has it: see held.h.
 * The same recipes that make the rules are looked for in the table, then an entry's keys in the maps that those rules look into.
 * Pure; who looks calls. */
#include "model/held.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "model/diff.h"
#include "model/held_internal.h"
#include "util/saturate.h"

#define NEAR_S (DIFF_DEADLINE_MS / 1000) /* a deadline is right within it */

static size_t live_at(size_t recipe, size_t match, enum direction d, size_t slot)
{
	return ((recipe * matches_n + match) * DIRS + d) * QUOTA_SLOTS + slot;
}

static size_t map_at(enum layer_id l, size_t match, enum direction d, size_t slot)
{
	return ((l * matches_n + match) * DIRS + d) * QUOTA_SLOTS + slot;
}

/* -- rules and maps that are there ------------------------------------------------------------------------------------- */

const struct ruleset_set *held_set(
	struct ruleset *r, const char *name, enum set_key key, bool interval, bool timed, enum set_data data)
{
	struct ruleset_set *s = ruleset_set(r, name);

	if (!s || s->odd || s->key != key || s->interval != interval || s->timed != timed || s->data != data)
		return NULL;
	ruleset_sort(s);
	return s;
}

static void find_maps(struct look *k)
{
	k->maps = arena_array(k->arena, map_at(LAYERS, 0, DIR_IN, 0), sizeof *k->maps);
	for (size_t m = 0; m < matches_n; m++)
		for (enum layer_id l = NONE + 1; l < LAYERS && k->x.used[m]; l++)
			for (enum direction d = 0; d < DIRS && layer_concerns(l, &matches[m]); d++)
				for (size_t slot = 0; slot < (layers[l].slots ? QUOTA_SLOTS : 1); slot++)
					k->maps[map_at(l, m, d, slot)] = held_set(k->in->table,
						layer_map(&k->x, &layers[l], &matches[m], d, slot), matches[m].key,
						matches[m].interval, layers[l].timed, layers[l].data);
}

static bool all_packets(const struct ruleset_rule *r)
{
	return r->exprs.n == 0 || r->exprs.at[0].op == OP_VERDICT;
}

/* One of somebody's that takes all packets hides those behind it. */
static bool rule_in(const struct ruleset_chain *c, const struct ruleset_rule *want)
{
	for (size_t i = 0; c && i < c->rules.n && !all_packets(&c->rules.at[i]); i++)
		if (rule_equal(want, &c->rules.at[i]))
			return true;
	return false;
}

static bool leads_to(const struct ruleset_chain *c, const char *chain)
{
	for (size_t i = 0; i < c->rules.n; i++)
		for (size_t k = 0; k < c->rules.at[i].exprs.n; k++) {
			const struct rule_expr *e = &c->rules.at[i].exprs.at[k];

			if (e->op == OP_VERDICT && e->name && strcmp(e->name, chain) == 0)
				return true;
		}
	return false;
}

/* The base chain, where the kernel sends packets to it, and the one behind. */
static void find_chains(const struct look *k, const struct part *p, const struct ruleset_chain **ret_chain,
	const struct ruleset_chain **ret_mine)
{
	const struct ruleset_chain *c = ruleset_chain(k->in->table, p->chain);
	const uint32_t hook = p->dir == DIR_IN ? NF_INET_PRE_ROUTING : NF_INET_POST_ROUTING;

	if (k->in->table->flags || (c && (!c->base || c->odd || c->hook != hook || c->priority != p->priority)))
		c = NULL;
	*ret_chain = c;
	*ret_mine = c && leads_to(c, p->mine) ? ruleset_chain(k->in->table, p->mine) : NULL;
}

static bool maps_there(const struct look *k, const struct recipe *r, size_t match, enum direction d, size_t slot)
{
	for (size_t i = 0; i < RECIPE_STEPS && r->step[i].layer; i++)
		if (!k->maps[map_at(r->step[i].layer, match, d, slot)])
			return false;
	return true;
}

/* Packets of our own addresses meet only the chain behind, if there is one. */
static bool rule_lives(struct look *k, size_t recipe, size_t match, enum direction d, size_t slot)
{
	const struct part *p = enforce_part(recipes[recipe].stage, d);
	const struct ruleset_chain *chain, *mine;
	struct ruleset_rule want = { 0 };

	if (!p || !k->x.used[match] || !maps_there(k, &recipes[recipe], match, d, slot))
		return false;
	find_chains(k, p, &chain, &mine);
	recipe_fill(&k->x, &want, &recipes[recipe], &matches[match], d, slot);
	if (matches[match].kind == ENTRY_PORT)
		return rule_in(mine, &want);
	return rule_in(chain, &want) && (matches[match].kind != ENTRY_ADDRESS || !mine || rule_in(mine, &want));
}

static void find_rules(struct look *k)
{
	k->live = arena_array(k->arena, live_at(recipes_n, 0, DIR_IN, 0), sizeof *k->live);
	for (size_t r = 0; r < recipes_n; r++)
		for (size_t m = 0; m < matches_n; m++)
			for (enum direction d = 0; d < DIRS; d++)
				for (size_t slot = 0; slot < (recipes[r].slots ? QUOTA_SLOTS : 1); slot++)
					k->live[live_at(r, m, d, slot)] = rule_lives(k, r, m, d, slot);
}

/* -- an entry's keys in a map -------------------------------------------------------------------------------------------- */

static void note_elem(struct reading *r, const struct ruleset_elem *e)
{
	r->none = false;
	if (r->name && e->name && strcmp(r->name, e->name) != 0)
		r->mixed = true;
	r->mixed |= r->verdict && r->verdict != e->verdict;
	r->name = e->name;
	r->verdict = e->verdict;
	if (e->deadline && (!r->ms || e->deadline < r->ms))
		r->ms = e->deadline;
}

static size_t first_from(const struct ruleset_set *s, const uint8_t *key)
{
	size_t lo = 0, hi = s->elems.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (memcmp(s->elems.at[mid].to, key, SET_KEY_MAX) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void held_read_key(const struct ruleset_set *s, const struct ruleset_elem *key, struct reading *r)
{
	size_t len = set_key_type(s->key)->len;
	uint8_t next[SET_KEY_MAX];

	memcpy(next, key->from, sizeof next);
	for (size_t i = first_from(s, next); i < s->elems.n; i++) {
		const struct ruleset_elem *e = &s->elems.at[i];

		if (memcmp(e->from, key->to, SET_KEY_MAX) > 0)
			break;
		note_elem(r, e);
		if (memcmp(e->from, next, SET_KEY_MAX) > 0)
			break;
		if (memcmp(e->to, key->to, SET_KEY_MAX) >= 0)
			return;
		ruleset_step_key(e->to, len, 1, next);
	}
	r->all = false;
}

struct reading held_read(const struct look *k, const struct entry *e, enum layer_id l, enum direction d, size_t slot)
{
	struct reading r = { .all = true, .none = true };
	bool any = false;

	for (size_t m = 0; m < matches_n; m++) {
		const struct ruleset_set *s;

		if (!match_has(&matches[m], e) || !layer_concerns(l, &matches[m]))
			continue;
		s = k->maps[map_at(l, m, d, slot)];
		any |= k->keys[m].elems.n > 0;
		for (size_t i = 0; i < k->keys[m].elems.n; i++)
			held_read_key(s, &k->keys[m].elems.at[i], &r);
	}
	r.all &= any;
	return r;
}

bool held_rules_live(const struct look *k, const struct entry *e, size_t recipe, enum direction d, size_t slot)
{
	for (size_t m = 0; m < matches_n; m++)
		if (match_has(&matches[m], e) && layer_concerns(recipes[recipe].step[0].layer, &matches[m]) &&
			!k->live[live_at(recipe, m, d, slot)])
			return false;
	return true;
}

/* -- what it means --------------------------------------------------------------------------------------------------------- */

/* Where several limits take parts of its packets none of them is the entry's. */
static bool rate_of(const struct look *k, const struct reading *r, uint64_t *ret_bps)
{
	const uint32_t *at = r->name && !r->mixed ? hash_map_get(&k->limits, r->name) : NULL;

	if (!at || k->in->table->objects.at[*at].odd)
		return false;
	*ret_bps = saturate_mul(k->in->table->objects.at[*at].limit, 8);
	return true;
}

uint64_t held_asked(uint64_t bps, const struct rate *r)
{
	return r->present && bps / 8 == r->bps / 8 ? r->bps : bps;
}

static int64_t moment(const struct look *k, uint64_t ms, int64_t decided)
{
	const int64_t then = ms ? (k->in->table->now_ms + (int64_t)ms) / 1000 : CALENDAR_MAX;

	return decided >= then - NEAR_S && decided <= then + NEAR_S ? decided : then;
}

static bool has_object(struct look *k, const struct entry *q, const char *object, enum direction d)
{
	const char *names[] = { enforce_quota_object(k->arena, q, d, false), enforce_quota_object(k->arena, q, d, true),
		enforce_limit_object(&k->x, 't', q, d) };

	for (size_t n = 0; n < sizeof names / sizeof *names; n++)
		if (names[n] && strcmp(names[n], object) == 0)
			return true;
	return false;
}

/* Whose is it, of the quotas over an entry? By the name of its object; a block without one is all those that are decided to block. NULL: none's. */
static const struct entry *quota_of(struct look *k, const struct cover *c, const char *object, enum direction d,
	struct held *h, size_t *ret_subject)
{
	const struct entry *first = NULL;

	for (size_t i = 0; i < c->n; i++) {
		const struct entry *q = enforce_subject(&k->x, c->at[i]);

		if (object ? !has_object(k, q, object, d) : k->in->decided[c->at[i]].quota != QUOTA_BLOCKED)
			continue;
		*vec_push(k->arena, &h->quotas) = c->at[i];
		if (!first) {
			first = q;
			*ret_subject = c->at[i];
		}
	}
	return first;
}

static enum standing_why why_of(enum layer_id first)
{
	switch (first) {
	case POLICE:
		return STANDING_CONFIGURED;
	case BURST:
		return STANDING_BURST;
	case EXPIRE:
		return STANDING_EXPIRED;
	case NONE:
	case GUARD: /* the class that it stands before is what holds */
	case CLASS:
	case LAYERS:
		return STANDING_FREE;
	case BLOCK:
	case ALIVE:
	case HOLD:
	case TCUR:
	case TNOW:
	case TNEXT:
	case TLIM:
	case BCUR:
	case BNOW:
	case BNEXT:
		break;
	}
	return STANDING_QUOTA;
}

/* What the steps of a recipe say of an entry. */
struct effect {
	uint64_t bps;
	uint64_t ms;        /* until it ends by itself; 0: it does not */
	const char *object; /* of a quota or limit; NULL: none */
	bool cycle;         /* ms is not told: it is the next cycle's, or a set without times */
};

static bool step_holds(struct look *k, const struct entry *e, const struct recipe *r, size_t i, enum direction d,
	size_t slot, struct effect *io)
{
	const struct layer *l = &layers[r->step[i].layer];
	const struct reading x = held_read(k, e, r->step[i].layer, d, slot);

	if (r->step[i].absent) {
		io->cycle = true;
		return x.none;
	}
	if (!x.all)
		return false;
	if (l->timed)
		io->ms = x.ms;
	if (l->data == DATA_QUOTA && (x.mixed || !x.name || !hash_map_get(k->in->used_up, x.name)))
		return false;
	if (l->data == DATA_QUOTA || r->step[0].layer == HOLD)
		io->object = x.name;
	return l->data != DATA_LIMIT || rate_of(k, &x, &io->bps);
}

static struct standing_rate rate_by(
	struct look *k, size_t entry, enum direction d, const struct recipe *r, const struct effect *is, struct held *h)
{
	const struct entry *e = enforce_subject(&k->x, entry);
	struct standing_rate s = { e, is->bps, CALENDAR_MAX, why_of(r->step[0].layer) };
	size_t subject = entry;

	switch (s.why) {
	case STANDING_FREE:
	case STANDING_EXPIRED:
		break;
	case STANDING_CONFIGURED:
		s.bps = held_asked(s.bps, &e->limit[d]);
		break;
	case STANDING_BURST:
		s.bps = held_asked(s.bps, &e->burst.limit);
		s.until = moment(k, is->ms, k->in->decided[entry].burst_until);
		break;
	case STANDING_QUOTA:
		s.by = quota_of(k, is->bps ? &k->x.throttle[entry] : &k->x.block[entry], is->object, d, h, &subject);
		s.until = is->cycle ? k->in->decided[subject].cycle_end
				    : moment(k, is->ms, k->in->decided[subject].cycle_end);
		if (!s.by)
			s.by = e;
		else if (s.bps && s.bps / 8 == s.by->quota_action.bps / 8)
			s.bps = s.by->quota_action.bps;
		break;
	}
	return s;
}

static void hold_recipe(struct look *k, size_t entry, size_t recipe, enum direction d, size_t slot, struct held *h)
{
	const struct recipe *r = &recipes[recipe];
	const struct entry *e = enforce_subject(&k->x, entry);
	struct effect is = { 0 };
	struct standing_rate s;

	if (r->stage == LAYERS_CLASSES || why_of(r->step[0].layer) == STANDING_FREE ||
		!held_rules_live(k, e, recipe, d, slot))
		return;
	for (size_t i = 0; i < RECIPE_STEPS && r->step[i].layer; i++)
		if (!step_holds(k, e, r, i, d, slot, &is))
			return;
	s = rate_by(k, entry, d, r, &is, h);
	if (s.why == STANDING_CONFIGURED)
		h->limit_bps[d] = s.bps;
	standing_hold(&h->standing, d, s);
}

static void hold_entry(struct look *k, size_t entry, struct held *h)
{
	const struct entry *e = enforce_subject(&k->x, entry);

	for (size_t m = 0; m < matches_n; m++) {
		k->keys[m] = (struct ruleset_set){ .key = matches[m].key, .interval = matches[m].interval };
		if (match_has(&matches[m], e))
			match_fill(&k->build, &k->keys[m], &matches[m], e, NULL);
	}
	for (enum direction d = 0; d < DIRS; d++) {
		for (size_t r = 0; r < recipes_n; r++)
			for (size_t slot = 0; slot < (recipes[r].slots ? QUOTA_SLOTS : 1); slot++)
				hold_recipe(k, entry, r, d, slot, h);
		held_shaped(k, entry, d, h);
	}
}

/* Most machines only count. */
static bool holds_anything(const struct look *k)
{
	bool any = !k->in->ingress && limit_may_shape_in(k->in->config);

	for (size_t i = 0; i < live_at(recipes_n, 0, DIR_IN, 0) && !any; i++)
		any = k->live[i];
	for (size_t i = 0; i < matches_n && !any; i++)
		any = k->in_maps[i] != NULL;
	for (size_t i = 0; i < k->in->out->n && !any; i++)
		any = k->in->out->at[i].root == SHAPE_ROOT_OURS;
	return any;
}

struct held *held_by_kernel(struct arena *a, const struct held_input *in)
{
	struct look k = { .in = in,
		.arena = a,
		.build = { .arena = a, .config = in->config, .watch = in->watch, .enforcement = in->enforcement } };
	struct held *all = arena_array(a, in->config->entries.n + 1, sizeof *all);
	bool holds;

	k.build.out = &k.scratch;
	k.x = (struct enforce){ .b = &k.build, .n = in->config->entries.n };
	k.keys = arena_array(a, matches_n, sizeof *k.keys);
	enforce_find(&k.x);
	find_maps(&k);
	find_rules(&k);
	held_find_ingress(&k);
	holds = holds_anything(&k);
	hash_map_init(&k.limits, a, in->table->objects.n);
	for (size_t i = 0; i < in->table->objects.n; i++)
		if (in->table->objects.at[i].kind == OBJECT_LIMIT)
			hash_map_add(&k.limits, in->table->objects.at[i].name, (uint32_t)i);
	for (size_t i = 0; i < in->config->entries.n && holds; i++)
		hold_entry(&k, i, &all[i]);
	return all;
}
