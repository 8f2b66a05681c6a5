/* What must change in the kernel's table: see diff.h.
 * Chains and sets are compared one by one, elements by one merge over two sorted arrays.
 * Pure; run/ calls. */
#include "model/diff.h"

#include <stdlib.h>
#include <string.h>

#include "util/hash.h"

struct differ {
	struct arena *arena;
	struct ruleset *want, *have;
	struct diff *out;
};

static struct change *change(struct differ *d, enum change_kind kind, const char *name)
{
	struct change *c = vec_push(d->arena, &d->out->changes.of[kind]);

	c->kind = kind;
	c->name = name;
	d->out->changes.n++;
	return c;
}

static bool same_text(const char *x, const char *y)
{
	return x == y || (x && y && strcmp(x, y) == 0);
}

static bool expr_equal(const struct rule_expr *x, const struct rule_expr *y)
{
	return x->op == y->op && x->op != OP_FOREIGN && x->reg == y->reg && x->key == y->key &&
		x->offset == y->offset && x->len == y->len && memcmp(x->data, y->data, sizeof x->data) == 0 &&
		same_text(x->name, y->name);
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
		(!x->base || (x->hook == y->hook && x->priority == y->priority));
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
		struct change *x = change(d, CHANGE_RULE_ADD, c->name);

		x->chain = c;
		x->rule = &c->rules.at[i];
	}
}

static void add_chain(struct differ *d, const struct ruleset_chain *c)
{
	change(d, CHANGE_CHAIN_ADD, c->name)->chain = c;
	add_rules(d, c);
}

static void drop_chain(struct differ *d, const struct ruleset_chain *c)
{
	if (c->rules.n)
		change(d, CHANGE_CHAIN_FLUSH, c->name);
	change(d, CHANGE_CHAIN_DEL, c->name);
}

/* A set that must be made anew takes the rules that name it with it. */
static bool names_any(const struct ruleset_chain *c, const bool *remade, const struct ruleset *want)
{
	for (size_t i = 0; i < c->rules.n; i++)
		for (size_t j = 0; j < c->rules.at[i].exprs.n; j++) {
			const struct rule_expr *e = &c->rules.at[i].exprs.at[j];

			if (e->op != OP_LOOKUP && e->op != OP_VMAP && e->op != OP_COUNTER_MAP)
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
				change(d, CHANGE_CHAIN_FLUSH, h->name);
			add_rules(d, w);
		}
	}
	for (size_t i = 0; i < d->have->chains.n; i++)
		if (!ruleset_chain(d->want, d->have->chains.at[i].name))
			drop_chain(d, &d->have->chains.at[i]);
}

static int by_from(const void *x, const void *y)
{
	const struct ruleset_elem *a = x, *b = y;

	return memcmp(a->from, b->from, SET_KEY_MAX);
}

static void sort_elems(struct ruleset_set *s)
{
	if (s->sorted)
		return;
	if (s->elems.n > 1) /* none: there is no array */
		qsort(s->elems.at, s->elems.n, sizeof *s->elems.at, by_from);
	s->sorted = true;
}

static void elem_change(
	struct differ *d, enum change_kind kind, const struct ruleset_set *set, const struct ruleset_elem *e)
{
	struct change *c = change(d, kind, set->name);

	c->set = set;
	c->elem = e;
}

static bool elem_data_equal(const struct ruleset_elem *x, const struct ruleset_elem *y)
{
	return same_text(x->name, y->name) && x->verdict == y->verdict && !x->deadline == !y->deadline;
}

static void diff_elems(struct differ *d, const struct ruleset_set *w, const struct ruleset_set *h)
{
	size_t i = 0, j = 0;

	while (i < w->elems.n || j < h->elems.n) {
		const struct ruleset_elem *x = i < w->elems.n ? &w->elems.at[i] : NULL;
		const struct ruleset_elem *y = j < h->elems.n ? &h->elems.at[j] : NULL;
		int order = !x ? 1 : !y ? -1 : memcmp(x->from, y->from, SET_KEY_MAX);

		if (order < 0) {
			elem_change(d, CHANGE_ELEM_ADD, w, x);
		} else if (order > 0) {
			elem_change(d, CHANGE_ELEM_DEL, h, y);
		} else if (!elem_data_equal(x, y)) {
			elem_change(d, CHANGE_ELEM_DEL, h, y);
			elem_change(d, CHANGE_ELEM_ADD, w, x);
		}
		i += order <= 0;
		j += order >= 0;
	}
}

/* key + step (1 or -1) over the first len bytes, as one big-endian number. */
static void step_key(const uint8_t from[SET_KEY_MAX], size_t len, int step, uint8_t ret_key[SET_KEY_MAX])
{
	memcpy(ret_key, from, SET_KEY_MAX);
	for (size_t i = len; i-- > 0;) {
		ret_key[i] = (uint8_t)(ret_key[i] + step);
		if (ret_key[i] != (step > 0 ? 0 : 0xff))
			return;
	}
}

static int compare(const uint8_t *x, const uint8_t *y)
{
	return memcmp(x, y, SET_KEY_MAX);
}

/* The range that wholly holds this one and leads to the same object; NULL if none. */
static const struct ruleset_elem *cover(const struct ruleset_set *s, const struct ruleset_elem *e)
{
	size_t lo = 0, hi = s->elems.n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (compare(s->elems.at[mid].from, e->from) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == 0)
		return NULL;
	return compare(s->elems.at[lo - 1].to, e->to) >= 0 && elem_data_equal(&s->elems.at[lo - 1], e)
		? &s->elems.at[lo - 1]
		: NULL;
}

static void add_piece(struct differ *d, const struct ruleset_set *w, const struct ruleset_elem *x, const uint8_t *from,
	const uint8_t *to)
{
	struct ruleset_elem *e = arena_new(d->arena, struct ruleset_elem);

	*e = *x;
	memcpy(e->from, from, SET_KEY_MAX);
	memcpy(e->to, to, SET_KEY_MAX);
	elem_change(d, CHANGE_ELEM_ADD, w, e);
}

/* What the kernel has and is wholly inside a wanted range of the same object stays; the holes between are added. */
static void diff_intervals(struct differ *d, const struct ruleset_set *w, const struct ruleset_set *h)
{
	size_t len = set_key_type(w->key)->len, j = 0;

	for (size_t i = 0; i < h->elems.n; i++)
		if (!cover(w, &h->elems.at[i]))
			elem_change(d, CHANGE_ELEM_DEL, h, &h->elems.at[i]);
	for (size_t i = 0; i < w->elems.n; i++) {
		const struct ruleset_elem *x = &w->elems.at[i];
		uint8_t next[SET_KEY_MAX], end[SET_KEY_MAX];
		bool whole = false;

		memcpy(next, x->from, sizeof next);
		for (; j < h->elems.n && compare(h->elems.at[j].from, x->to) <= 0; j++) {
			const struct ruleset_elem *y = &h->elems.at[j];

			if (compare(y->from, next) < 0 || cover(w, y) != x)
				continue;
			if (compare(y->from, next) > 0) {
				step_key(y->from, len, -1, end);
				add_piece(d, w, x, next, end);
			}
			whole = compare(y->to, x->to) == 0;
			step_key(y->to, len, 1, next);
		}
		if (!whole)
			add_piece(d, w, x, next, x->to);
	}
}

static bool set_shape_equal(const struct ruleset_set *x, const struct ruleset_set *y)
{
	return !y->odd && x->key == y->key && x->interval == y->interval && x->data == y->data;
}

/* Kernels before 6.4 let go of a chain only when the element goes, not with its set: the chain could not go in this batch. */
static void drop_set(struct differ *d, const struct ruleset_set *h)
{
	for (size_t i = 0; i < h->elems.n && h->data == DATA_VERDICT; i++)
		elem_change(d, CHANGE_ELEM_DEL, h, &h->elems.at[i]);
	change(d, CHANGE_SET_DEL, h->name);
}

/* Which wanted sets must be made anew. */
static bool *diff_sets(struct differ *d)
{
	bool *remade = arena_array(d->arena, d->want->sets.n + 1, sizeof *remade);

	for (size_t i = 0; i < d->want->sets.n; i++) {
		struct ruleset_set *w = &d->want->sets.at[i], *h = ruleset_set(d->have, w->name);

		sort_elems(w);
		if (h && set_shape_equal(w, h)) {
			sort_elems(h);
			if (w->interval)
				diff_intervals(d, w, h);
			else
				diff_elems(d, w, h);
			continue;
		}
		remade[i] = h != NULL;
		if (h)
			drop_set(d, h);
		change(d, CHANGE_SET_ADD, w->name)->set = w;
		for (size_t j = 0; j < w->elems.n; j++)
			elem_change(d, CHANGE_ELEM_ADD, w, &w->elems.at[j]);
	}
	for (size_t i = 0; i < d->have->sets.n; i++)
		if (!ruleset_set(d->want, d->have->sets.at[i].name))
			drop_set(d, &d->have->sets.at[i]);
	return remade;
}

static void diff_objects(struct differ *d, const char *keep)
{
	struct hash_map want, have;

	hash_map_init(&want, d->arena, d->want->objects.n);
	hash_map_init(&have, d->arena, d->have->objects.n);
	for (size_t i = 0; i < d->want->objects.n; i++)
		hash_map_add(&want, d->want->objects.at[i].name, 1);
	for (size_t i = 0; i < d->have->objects.n; i++) {
		const struct ruleset_object *o = &d->have->objects.at[i];

		if (o->kind != OBJECT_COUNTER)
			change(d, CHANGE_OBJECT_DEL, o->name)->object = o;
		else if (hash_map_get(&want, o->name))
			hash_map_add(&have, o->name, 1);
		else if (!same_text(o->name, keep))
			*vec_push(d->arena, &d->out->retired) = o;
	}
	for (size_t i = 0; i < d->want->objects.n; i++)
		if (!hash_map_get(&have, d->want->objects.at[i].name))
			change(d, CHANGE_OBJECT_ADD, d->want->objects.at[i].name)->object = &d->want->objects.at[i];
}

void diff_rulesets(struct arena *a, struct ruleset *want, struct ruleset *have, const char *keep, struct diff *ret_diff)
{
	struct differ d = { a, want, have, ret_diff };

	*ret_diff = (struct diff){ .copies = 1 };
	if (!have->present)
		change(&d, CHANGE_TABLE_ADD, RULESET_TABLE);
	else if (have->flags != 0)
		change(&d, CHANGE_TABLE_FLAGS, RULESET_TABLE);
	for (size_t i = 0; i < have->flowtables.n; i++)
		change(&d, CHANGE_FLOWTABLE_DEL, have->flowtables.at[i]);
	diff_objects(&d, keep);
	diff_chains(&d, diff_sets(&d));
}
