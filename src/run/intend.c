/* What the database must know before the kernel is changed: new entries and counters, retired ones, the mark of a new table, a
 * new canary. Written in one transaction, and only when there is something to write.
 * run/ only. */
#include <string.h>

#include "run/facts.h"
#include "run/pass.h"
#include "util/hash.h"

struct intending {
	struct pass *p;
	struct arena *arena;
	struct intent intent;
	struct hash_map entries;  /* "KIND NAME" -> index into ledger.entries */
	struct hash_map counters; /* object -> index into ledger.counters */
	struct hash_map kernel;   /* objects that will be there after the batch without being made by it */
	int64_t *ids;             /* by entity: row, or -index - 1 of a new one */
};

static const char *entry_key(struct arena *a, enum entry_kind kind, const char *name)
{
	return arena_printf(a, "%d %s", (int)kind, name);
}

static void index_ledger(struct intending *x)
{
	const struct ledger *l = &x->p->ledger;

	hash_map_init(&x->entries, x->arena, l->entries.n);
	for (size_t i = 0; i < l->entries.n; i++)
		hash_map_add(
			&x->entries, entry_key(x->arena, l->entries.at[i].kind, l->entries.at[i].name), (uint32_t)i);
	hash_map_init(&x->counters, x->arena, l->counters.n);
	for (size_t i = 0; i < l->counters.n; i++)
		hash_map_add(&x->counters, l->counters.at[i].object, (uint32_t)i);
	hash_map_init(&x->kernel, x->arena, x->p->have.objects.n);
	for (size_t i = 0; i < x->p->have.objects.n && !x->p->rebuild; i++)
		if (x->p->have.objects.at[i].kind == OBJECT_COUNTER)
			hash_map_add(&x->kernel, x->p->have.objects.at[i].name, (uint32_t)i);
}

static void want_entry(struct intending *x, size_t entity, enum entry_kind kind, const char *name, bool *live)
{
	const uint32_t *at = hash_map_get(&x->entries, entry_key(x->arena, kind, name));
	struct ledger_entry *e;

	if (at) {
		live[*at] = true;
		x->ids[entity] = x->p->ledger.entries.at[*at].id;
		if (!x->p->ledger.entries.at[*at].retired)
			return;
	}
	e = vec_push(x->arena, &x->intent.new_entries);
	e->kind = kind;
	e->name = name;
	/* one that comes back keeps its row, and so the baselines of what the kernel still has of it */
	if (!at)
		x->ids[entity] = -(int64_t)x->intent.new_entries.n;
}

static void intend_entries(struct intending *x)
{
	const struct ledger *l = &x->p->ledger;
	size_t n = x->p->config->entries.n;
	bool *live = arena_array(x->arena, l->entries.n + 1, sizeof *live);

	x->ids = arena_array(x->arena, n + 2 + x->p->config->quotas.n, sizeof *x->ids);
	for (size_t i = 0; i < n; i++)
		want_entry(x, i, x->p->config->entries.at[i].kind, x->p->config->entries.at[i].name, live);
	want_entry(x, n, ENTRY_FORWARDED, "forwarded", live);
	want_entry(x, n + 1, ENTRY_TOTAL, "total", live);
	for (size_t i = 0; i < x->p->config->quotas.n; i++)
		want_entry(x, n + 2 + i, ENTRY_QUOTA, x->p->config->quotas.at[i].name, live);
	for (size_t i = 0; i < l->entries.n; i++)
		if (!live[i] && !l->entries.at[i].retired)
			*vec_push(x->arena, &x->intent.retire_entries) = l->entries.at[i].id;
}

static void want_counter(struct intending *x, const struct desired_counter *d, bool *wanted)
{
	const struct ledger *l = &x->p->ledger;
	const uint32_t *at = hash_map_get(&x->counters, d->object);
	bool made_anew = !x->p->rebuild && !hash_map_get(&x->kernel, d->object);
	struct ledger_counter *c;

	if (at)
		wanted[*at] = true;
	if (at && !made_anew && l->counters.at[*at].entry == x->ids[d->entity]) {
		if (l->counters.at[*at].retired)
			*vec_push(x->arena, &x->intent.revive_counters) = l->counters.at[*at].id;
		return;
	}
	c = vec_push(x->arena, &x->intent.new_counters);
	*c = (struct ledger_counter){ .entry = x->ids[d->entity],
		.dir = d->dir,
		.role = d->role,
		.mtu = d->mtu,
		.object = d->object,
		.pending = true };
}

static void intend_counters(struct intending *x)
{
	const struct ledger *l = &x->p->ledger;
	bool *wanted = arena_array(x->arena, l->counters.n + 1, sizeof *wanted);

	for (size_t i = 0; i < x->p->want.counters.n; i++)
		want_counter(x, &x->p->want.counters.at[i], wanted);
	x->p->gone.n = 0;
	for (size_t i = 0; i < l->counters.n; i++) {
		const struct ledger_counter *c = &l->counters.at[i];

		if (wanted[i])
			continue;
		if (!hash_map_get(&x->kernel, c->object))
			*vec_push(x->arena, &x->p->gone) = c->id;
		else if (!c->retired)
			*vec_push(x->arena, &x->intent.retire_counters) = c->id;
	}
}

/* A number that somebody has who does not need it now is given to who does. */
static void free_classes(struct intending *x)
{
	const struct ledger *l = &x->p->ledger;
	const struct config *c = x->p->config;
	bool *taken = arena_array(x->arena, UINT16_MAX + 1, sizeof *taken);
	bool *ours = arena_array(x->arena, l->entries.n + 1, sizeof *ours);

	for (size_t i = 0; i < c->entries.n; i++) {
		const struct entry *e = &c->entries.at[i];
		const uint32_t *at = hash_map_get(&x->entries, entry_key(x->arena, e->kind, e->name));

		taken[x->p->minors[i] & UINT16_MAX] = true;
		if (at && x->p->minors[i])
			ours[*at] = true;
	}
	for (size_t i = 0; i < l->entries.n; i++)
		if (l->entries.at[i].class && !ours[i] && taken[l->entries.at[i].class & UINT16_MAX])
			*vec_push(x->arena, &x->intent.classes) = (struct ledger_class){ l->entries.at[i].id, 0 };
}

static void intend_classes(struct intending *x)
{
	const struct config *c = x->p->config;

	free_classes(x);
	for (size_t i = 0; i < c->entries.n; i++) {
		const struct entry *e = &c->entries.at[i];
		const uint32_t *at = hash_map_get(&x->entries, entry_key(x->arena, e->kind, e->name));

		if (x->p->minors[i] && (!at || x->p->ledger.entries.at[*at].class != x->p->minors[i]))
			*vec_push(x->arena, &x->intent.classes) = (struct ledger_class){ x->ids[i], x->p->minors[i] };
	}
}

static bool empty(const struct intent *i)
{
	return !i->new_entries.n && !i->new_counters.n && !i->retire_entries.n && !i->retire_counters.n &&
		!i->revive_counters.n && !i->classes.n && !i->pending_nonce && !i->canary;
}

int pass_intend(struct pass *p, struct err *err)
{
	struct intending x = { .p = p, .arena = &p->app->arena, .intent = { .now = p->app->now } };

	if (p->known)
		return 0;
	index_ledger(&x);
	intend_entries(&x);
	intend_counters(&x);
	intend_classes(&x);
	if (p->rebuild) {
		if (facts_nonce(p->nonce, err) < 0)
			return -1;
		x.intent.pending_nonce = p->nonce;
	}
	if (p->arm) {
		if (facts_nonce(p->canary, err) < 0)
			return -1;
		x.intent.canary = p->canary;
		x.intent.reset_seen = p->reset;
	}
	return empty(&x.intent) ? 0 : store_intent(p->store, &p->ledger, &x.intent, err);
}
