/* What must change in the kernel's table: see diff.h.
 * Chains, rules and objects; sets and their elements are in diff_sets.c.
 * Pure; run/ calls. */
#include "model/diff.h"

#include <string.h>

#include "model/diff_internal.h"
#include "util/saturate.h"

struct change *diff_change(struct differ *d, enum change_kind kind, const char *name)
{
	struct change *c = vec_push(d->arena, &d->out->changes.of[kind]);

	c->kind = kind;
	c->name = name;
	d->out->changes.n++;
	return c;
}

bool diff_same_text(const char *x, const char *y)
{
	return x == y || (x && y && strcmp(x, y) == 0);
}

static bool expr_equal(const struct rule_expr *x, const struct rule_expr *y)
{
	return x->op == y->op && x->op != OP_FOREIGN && x->reg == y->reg && x->key == y->key &&
		x->offset == y->offset && x->len == y->len && memcmp(x->data, y->data, sizeof x->data) == 0 &&
		diff_same_text(x->name, y->name);
}

bool rule_equal(const struct ruleset_rule *x, const struct ruleset_rule *y)
{
	if (x->exprs.n != y->exprs.n)
		return false;
	for (size_t i = 0; i < x->exprs.n; i++)
		if (!expr_equal(&x->exprs.at[i], &y->exprs.at[i]))
			return false;
	return true;
}

static bool chain_equal(const struct ruleset_chain *x, const struct ruleset_chain *y)
{
	if (x->rules.n != y->rules.n)
		return false;
	for (size_t i = 0; i < x->rules.n; i++)
		if (!rule_equal(&x->rules.at[i], &y->rules.at[i]))
			return false;
	return true;
}

static bool chain_shape_equal(const struct ruleset_chain *x, const struct ruleset_chain *y)
{
	return !x->odd && !y->odd && x->base == y->base &&
		(!x->base ||
			(x->hook == y->hook && x->priority == y->priority && diff_same_text(x->device, y->device)));
}

/* How often the chain holds each rule that we want in it. */
static void count_copies(struct differ *d, const struct ruleset_chain *want, const struct ruleset_chain *have)
{
	for (size_t i = 0; i < want->rules.n; i++) {
		unsigned int n = 0;

		for (size_t j = 0; j < have->rules.n; j++)
			n += rule_equal(&want->rules.at[i], &have->rules.at[j]);
		if (n > d->out->copies)
			d->out->copies = n;
	}
}

static void add_rules(struct differ *d, const struct ruleset_chain *c)
{
	for (size_t i = 0; i < c->rules.n; i++) {
		struct change *x = diff_change(d, CHANGE_RULE_ADD, c->name);

		x->chain = c;
		x->rule = &c->rules.at[i];
	}
}

static void add_chain(struct differ *d, const struct ruleset_chain *c)
{
	diff_change(d, CHANGE_CHAIN_ADD, c->name)->chain = c;
	add_rules(d, c);
}

static void drop_chain(struct differ *d, const struct ruleset_chain *c)
{
	if (c->rules.n)
		diff_change(d, CHANGE_CHAIN_FLUSH, c->name);
	diff_change(d, CHANGE_CHAIN_DEL, c->name);
}

/* A set that must be made anew takes the rules that name it with it. */
static bool names_any(const struct ruleset_chain *c, const bool *remade, const struct ruleset *want)
{
	for (size_t i = 0; i < c->rules.n; i++)
		for (size_t j = 0; j < c->rules.at[i].exprs.n; j++) {
			const struct rule_expr *e = &c->rules.at[i].exprs.at[j];

			if (!expr_names_set(e))
				continue;
			for (size_t s = 0; s < want->sets.n; s++)
				if (remade[s] && strcmp(want->sets.at[s].name, e->name) == 0)
					return true;
		}
	return false;
}

static void diff_chains(struct differ *d, const bool *remade)
{
	for (size_t i = 0; i < d->want->chains.n; i++) {
		const struct ruleset_chain *w = &d->want->chains.at[i], *h = ruleset_chain(d->have, w->name);

		if (!h) {
			add_chain(d, w);
			continue;
		}
		count_copies(d, w, h);
		if (!chain_shape_equal(w, h)) {
			drop_chain(d, h);
			add_chain(d, w);
		} else if (!chain_equal(w, h) || names_any(h, remade, d->want)) {
			if (h->rules.n)
				diff_change(d, CHANGE_CHAIN_FLUSH, h->name);
			add_rules(d, w);
		}
	}
	for (size_t i = 0; i < d->have->chains.n; i++)
		if (!ruleset_chain(d->want, d->have->chains.at[i].name))
			drop_chain(d, &d->have->chains.at[i]);
}

static uint64_t left(const struct ruleset_object *o)
{
	return o->bytes < o->limit ? o->limit - o->bytes : 0;
}

bool diff_quota_right(uint64_t quota, uint64_t w, uint64_t h)
{
	uint64_t off = w > h ? w - h : h - w, slack = quota / 1000;

	if (slack > DIFF_QUOTA_BYTES)
		slack = DIFF_QUOTA_BYTES;

	/* a quota that lets nothing pass is not near to one that does */
	if (w == 0 || h == 0)
		return w == h;
	return off <= (w / 1000 > slack ? w / 1000 : slack);
}

static bool object_right(const struct ruleset_object *want, const struct ruleset_object *have, enum quota_check quotas)
{
	switch (have->kind) {
	case OBJECT_COUNTER:
		return true;
	case OBJECT_QUOTA:
		return !have->odd && (quotas == QUOTA_THERE || diff_quota_right(want->limit, left(want), left(have)));
	case OBJECT_LIMIT:
		return !have->odd && want->limit == have->limit && want->burst == have->burst;
	case OBJECT_OTHER:
	case OBJECT_KINDS:
		break;
	}
	return false;
}

/* With another limit, what is left is right: whatever else passes until then is used in both. */
static bool set_in_place(struct differ *d, const struct ruleset_object *want, const struct ruleset_object *have)
{
	struct ruleset_object *o;

	if (have->kind != OBJECT_QUOTA || have->odd || have->bytes >= have->limit)
		return false;
	o = arena_new(d->arena, struct ruleset_object);
	*o = *want;
	o->bytes = have->bytes;
	o->limit = saturate_add(have->bytes, left(want));
	if (o->limit > INT64_MAX)
		o->limit = INT64_MAX; /* the kernel takes no more */
	diff_change(d, CHANGE_OBJECT_SET, o->name)->object = o;
	return true;
}

/* Two objects of one name are two if their kinds differ. */
static void index_objects(struct arena *a, const struct ruleset *r, struct hash_map ret_index[OBJECT_KINDS])
{
	for (enum object_kind k = 0; k < OBJECT_KINDS; k++)
		hash_map_init(&ret_index[k], a, k == OBJECT_COUNTER ? r->objects.n : 0);
	for (size_t i = 0; i < r->objects.n; i++)
		hash_map_add(&ret_index[r->objects.at[i].kind], r->objects.at[i].name, (uint32_t)i);
}

static void diff_objects(struct differ *d, const char *keep, enum quota_check quotas)
{
	struct hash_map want[OBJECT_KINDS], have[OBJECT_KINDS];

	index_objects(d->arena, d->want, want);
	index_objects(d->arena, d->have, have);
	for (enum object_kind k = 0; k < OBJECT_KINDS; k++)
		hash_map_init(&d->going[k], d->arena, 0);
	for (size_t i = 0; i < d->have->objects.n; i++) {
		const struct ruleset_object *o = &d->have->objects.at[i];
		const uint32_t *at = hash_map_get(&want[o->kind], o->name);

		if (at &&
			(object_right(&d->want->objects.at[*at], o, quotas) ||
				set_in_place(d, &d->want->objects.at[*at], o)))
			continue;
		if (o->kind != OBJECT_COUNTER) {
			diff_change(d, CHANGE_OBJECT_DEL, o->name)->object = o;
			hash_map_add(&d->going[o->kind], o->name, (uint32_t)i);
		} else if (!diff_same_text(o->name, keep)) {
			*vec_push(d->arena, &d->out->retired) = o;
		}
	}
	for (size_t i = 0; i < d->want->objects.n; i++) {
		const struct ruleset_object *o = &d->want->objects.at[i];

		if (!hash_map_get(&have[o->kind], o->name) || hash_map_get(&d->going[o->kind], o->name))
			diff_change(d, CHANGE_OBJECT_ADD, o->name)->object = o;
	}
}

/* An element that has expired is not listed any more, but holds what it leads to until the kernel's broom comes by: in maps of
 * intervals for many seconds (kernel-facts.md section 10). Emptying the map frees it at once. */
static void find_sweeps(struct differ *d)
{
	const struct change_list *c = &d->out->changes;
	uint32_t *seen = arena_array(d->arena, d->have->objects.n + 1, sizeof *seen);

	for (size_t i = 0; i < d->have->sets.n; i++) {
		const struct ruleset_set *h = &d->have->sets.at[i];
		enum object_kind kind = diff_object_of(h->data);

		for (size_t j = 0; kind != OBJECT_KINDS && d->going[kind].n && j < h->elems.n; j++) {
			const char *name = h->elems.at[j].name;
			const uint32_t *at = name ? hash_map_get(&d->going[kind], name) : NULL;

			if (at)
				seen[*at]++;
		}
	}
	for (size_t i = 0; i < c->of[CHANGE_OBJECT_DEL].n; i++) {
		const struct ruleset_object *o = c->of[CHANGE_OBJECT_DEL].at[i].object;

		if (o->use > seen[o - d->have->objects.at])
			d->sweep[o->kind == OBJECT_QUOTA ? DATA_QUOTA : DATA_LIMIT] = true;
	}
	for (size_t i = 0; i < d->have->chains.n; i++)
		if (!ruleset_chain(d->want, d->have->chains.at[i].name))
			d->sweep[DATA_VERDICT] = true;
}

/* What is wrong goes while nothing passes it, then the table wakes. */
static void wake_later(struct diff *d)
{
	struct change_list *c = &d->changes;

	if (c->of[CHANGE_TABLE_FLAGS].n == 0 || (c->of[CHANGE_CHAIN_DEL].n == 0 && c->of[CHANGE_CHAIN_ADD].n == 0))
		return;
	c->n -= c->of[CHANGE_TABLE_FLAGS].n;
	c->of[CHANGE_TABLE_FLAGS].n = 0;
	d->partial = true;
}

void diff_rulesets(struct arena *a, struct ruleset *want, struct ruleset *have, const char *keep,
	enum quota_check quotas, struct diff *ret_diff)
{
	struct differ d = { .arena = a, .want = want, .have = have, .out = ret_diff };

	*ret_diff = (struct diff){ .changes.family = want->family, .copies = 1 };
	if (!have->present)
		diff_change(&d, CHANGE_TABLE_ADD, RULESET_TABLE);
	else if (have->flags != 0)
		diff_change(&d, CHANGE_TABLE_FLAGS, RULESET_TABLE);
	for (size_t i = 0; i < have->flowtables.n; i++)
		diff_change(&d, CHANGE_FLOWTABLE_DEL, have->flowtables.at[i]);
	diff_objects(&d, keep, quotas);
	find_sweeps(&d);
	diff_chains(&d, diff_sets(&d));
	wake_later(ret_diff);
}

bool diff_whole(struct arena *a, struct ruleset *want, struct ruleset *have, struct diff *ret_diff)
{
	struct ruleset none = { .family = want->family };
	struct diff d;

	*ret_diff = (struct diff){ .changes.family = want->family, .copies = 1 };
	if (!want->present)
		return have->present;
	if (have->present) {
		diff_rulesets(a, want, have, NULL, QUOTA_LEFT, &d);
		if (d.changes.n == 0 && d.retired.n == 0 && diff_same_text(want->comment, have->comment))
			return false;
	}
	diff_rulesets(a, want, &none, NULL, QUOTA_LEFT, ret_diff);
	return true;
}
