/* Limits that wait in queues: which class a packet of an entry comes to, and how fast that is. See held_internal.h.
 * A class counts where the rules that name it live, on every device that should have it.
 * Pure; held.c calls. */
#include <string.h>

#include "model/desired_ingress.h"
#include "model/held_internal.h"
#include "util/saturate.h"

static bool of_device(const struct held_input *in, const struct entry *e, const char *name)
{
	for (size_t i = 0; i < in->watch->devices.n && (!e || e->devices.n == 0); i++)
		if (strcmp(in->watch->devices.at[i].name, name) == 0)
			return true;
	for (size_t i = 0; e && i < e->devices.n; i++)
		if (strcmp(e->devices.at[i], name) == 0)
			return true;
	return false;
}

/* The highest rate of that class in the trees of those devices of e (NULL: of all that are watched) that should have one; 0: it is missing
 * in one of them. */
static uint64_t class_bps(
	const struct held_input *in, const struct shape_device_list *trees, uint32_t minor, const struct entry *e)
{
	const struct shape_device_list *want = in->out_wanted->n ? in->out_wanted : trees;
	uint64_t most = 0;

	for (size_t i = 0; i < want->n; i++) {
		const struct shape_device *d = shape_device(trees, want->at[i].ifindex);
		const struct shape_class *c;

		if (want->at[i].root != SHAPE_ROOT_OURS || !of_device(in, e, want->at[i].name))
			continue;
		c = d && d->root == SHAPE_ROOT_OURS ? shape_class(d, minor) : NULL;
		if (!c)
			return 0;
		most = c->ceil_bytes > most ? c->ceil_bytes : most;
	}
	return saturate_mul(most, 8);
}

/* The class above all, while what nobody names has one below it. */
static uint64_t total_bps(const struct held_input *in, const struct shape_device_list *trees, const struct entry *e)
{
	const uint64_t bps = class_bps(in, trees, SHAPE_INNER, e);

	return bps >= 8 * SHAPE_OPEN_BYTES || !class_bps(in, trees, SHAPE_REST, e) ? 0 : bps;
}

static uint64_t shaped_out(const struct look *k, const struct entry *e)
{
	size_t recipe = 0;
	struct reading r;

	if (e->kind == ENTRY_INTERFACE)
		return total_bps(k->in, k->in->out, e);
	while (recipes[recipe].stage != LAYERS_CLASSES)
		recipe++;
	if (!held_rules_live(k, e, recipe, DIR_OUT, 0))
		return 0;
	r = held_read(k, e, CLASS, DIR_OUT, 0);
	if (!r.all || r.mixed || r.verdict >> 16 != SHAPE_OUT)
		return 0;
	return class_bps(k->in, k->in->out, r.verdict & SHAPE_REST, NULL);
}

static bool sends_to_ifb(const struct look *k, const struct ruleset_rule *r, const char *map)
{
	bool named = false, here = false;

	for (size_t i = 0; i < r->exprs.n; i++) {
		const struct rule_expr *e = &r->exprs.at[i];

		named |= e->op == OP_DATA_MAP && e->name && strcmp(e->name, map) == 0;
		here |= e->op == OP_DATA && e->len == sizeof k->in->ifb &&
			memcmp(e->data, &k->in->ifb, sizeof k->in->ifb) == 0;
		if (e->op == OP_FWD)
			return named && here;
	}
	return false;
}

/* Every device that is to have a chain there has one. */
static bool ingress_hooked(const struct held_input *in)
{
	for (size_t i = 0; i < in->ingress_wanted->chains.n; i++) {
		const struct ruleset_chain *w = &in->ingress_wanted->chains.at[i];
		bool found = !w->base;

		for (size_t k = 0; k < in->ingress->chains.n && !found; k++) {
			const struct ruleset_chain *h = &in->ingress->chains.at[k];

			found = h->base && !h->odd && h->hook == w->hook && h->rules.n &&
				strcmp(h->device, w->device) == 0;
		}
		if (!found)
			return false;
	}
	return in->ingress->present && in->ingress->flags == 0;
}

void held_find_ingress(struct look *k)
{
	struct ruleset *t = k->in->ingress;

	k->in_maps = arena_array(k->arena, matches_n, sizeof *k->in_maps);
	if (!t || !k->in->ifb || !ingress_hooked(k->in))
		return;
	for (size_t m = 0; m < matches_n; m++) {
		const char *name = ingress_map(k->arena, &matches[m]);
		bool used = false;

		for (size_t i = 0; i < t->chains.n; i++)
			for (size_t r = 0; r < t->chains.at[i].rules.n; r++)
				used |= sends_to_ifb(k, &t->chains.at[i].rules.at[r], name);
		if (used)
			k->in_maps[m] = held_set(t, name, matches[m].key, matches[m].interval, false, DATA_CLASS);
	}
}

static uint64_t shaped_in(const struct look *k, const struct entry *e, size_t entry)
{
	struct reading r = { .all = true, .none = true };
	const struct shape_class *c;

	if (!k->in->ingress)
		return enforce_way(&k->x, entry, DIR_IN).shaped ? e->limit[DIR_IN].bps : 0;
	for (size_t m = 0; m < matches_n; m++) {
		if (!match_has(&matches[m], e))
			continue;
		if (!k->in_maps[m])
			return 0;
		for (size_t i = 0; i < k->keys[m].elems.n; i++)
			held_read_key(k->in_maps[m], &k->keys[m].elems.at[i], &r);
	}
	if (!r.all || r.none || r.mixed || r.verdict >> 16 != SHAPE_IN || k->in->in->n == 0)
		return 0;
	c = k->in->in->at[0].root == SHAPE_ROOT_OURS ? shape_class(&k->in->in->at[0], r.verdict & SHAPE_REST) : NULL;
	return c ? saturate_mul(c->ceil_bytes, 8) : 0;
}

void held_shaped(struct look *k, size_t entry, enum direction d, struct held *h)
{
	const struct entry *e = enforce_subject(&k->x, entry);
	uint64_t bps = d == DIR_OUT ? shaped_out(k, e) : shaped_in(k, e, entry);

	if (!bps)
		return;
	/* of several whole interfaces the smallest limit is the class's: it is right for all of them where it is as wanted */
	if (e->kind == ENTRY_INTERFACE && e->limit[d].present && bps <= e->limit[d].bps &&
		bps == total_bps(k->in, k->in->out_wanted, e))
		bps = e->limit[d].bps;
	bps = held_asked(bps, &e->limit[d]);
	if (!h->limit_bps[d] || bps <= h->limit_bps[d]) {
		h->limit_bps[d] = bps;
		h->shaped[d] = true;
	}
	standing_hold(&h->standing, d, (struct standing_rate){ e, bps, CALENDAR_MAX, STANDING_CONFIGURED });
}
