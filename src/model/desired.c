/* From the configuration to the table that we want: see desired.h.
 * Names of objects, sets and chains are made here and in desired_rules.c alone.
 * Pure; run/ and the tests call. */
#include "model/desired.h"

#include <linux/rtnetlink.h>
#include <string.h>

#include "model/desired_rules.h"
#include "util/hash.h"

static const char *const DIR_TEXT[DIRS] = { "in", "out" };

const char *desired_object(struct arena *a, enum entry_kind kind, const char *name, enum direction dir,
	enum counter_role role, uint32_t mtu)
{
	/* A bare NAME can make a listing that nft cannot load again (kernel-facts.md section 1): hence the prefixes. */
	static const char *const prefix[ENTRY_KINDS] = { "p_", "a_", "i_", "", "" };
	const char *base = kind == ENTRY_FORWARDED ? "forwarded" : kind == ENTRY_TOTAL ? "total" : name;

	if (role == ROLE_TS4 || role == ROLE_TS6)
		return arena_printf(a, "%s.%s", role == ROLE_TS4 ? "ts4" : "ts6", DIR_TEXT[dir]);
	if (role == ROLE_ALL)
		return arena_printf(a, "%s%s.%s", prefix[kind], base, DIR_TEXT[dir]);
	return arena_printf(a, "%s%s.%s.b%u%s", prefix[kind], base, DIR_TEXT[dir], mtu, role == ROLE_BIG6 ? "v6" : "");
}

static bool has_family(const struct entry *e, uint8_t family)
{
	if (e->kind != ENTRY_ADDRESS)
		return true;
	for (size_t i = 0; i < e->addresses.n; i++)
		if (e->addresses.at[i].family == family)
			return true;
	return false;
}

static bool has_tcp(const struct entry *e)
{
	return e->ports.n == 0 || (e->protocols & PROTO_TCP);
}

/* NULL for forwarded and total, which have everything. */
static const struct entry *entity_entry(const struct config *c, size_t entity)
{
	return entity < c->entries.n ? &c->entries.at[entity] : NULL;
}

static const char *add_counter(
	struct desired_build *b, size_t entity, enum direction dir, enum counter_role role, uint32_t mtu)
{
	const struct entry *e = entity_entry(b->config, entity);
	enum entry_kind kind = e ? e->kind : entity == b->config->entries.n ? ENTRY_FORWARDED : ENTRY_TOTAL;
	struct desired_counter *c = vec_push(b->arena, &b->out->counters);
	struct ruleset_object *o = vec_push(b->arena, &b->out->ruleset.objects);

	*c = (struct desired_counter){ entity, dir, role, mtu,
		desired_object(b->arena, kind, e ? e->name : NULL, dir, role, mtu) };
	o->name = c->object;
	o->kind = OBJECT_COUNTER;
	return c->object;
}

static void add_big(struct desired_build *b, size_t entity, enum direction dir, enum counter_role role)
{
	const struct entry *e = entity_entry(b->config, entity);

	if (e && (!has_tcp(e) || !has_family(e, role == ROLE_BIG4 ? 4 : 6)))
		return;
	for (size_t m = 0; m < b->n_mtus; m++)
		b->object[desired_slot(b, entity, dir, role, m)] = add_counter(b, entity, dir, role, b->mtus[m]);
}

/* Total's come last: a dump lists objects in the order of their birth, and total must not be smaller than what it holds. */
static void build_counters(struct desired_build *b)
{
	for (size_t i = 0; i < b->config->entries.n + 2; i++)
		for (enum direction d = 0; d < DIRS; d++) {
			b->object[desired_slot(b, i, d, ROLE_ALL, 0)] = add_counter(b, i, d, ROLE_ALL, 0);
			add_big(b, i, d, ROLE_BIG4);
			add_big(b, i, d, ROLE_BIG6);
		}
	for (enum direction d = 0; d < DIRS && b->n_mtus; d++) {
		b->ts[d][0] = add_counter(b, b->config->entries.n + 1, d, ROLE_TS4, 0);
		b->ts[d][1] = add_counter(b, b->config->entries.n + 1, d, ROLE_TS6, 0);
	}
}

static void note_mtu(struct desired_build *b, const struct watched *w)
{
	if (!w->present || w->mtu == 0)
		return;
	for (size_t i = 0; i < b->n_mtus; i++)
		if (b->mtus[i] == w->mtu)
			return;
	b->mtus[b->n_mtus++] = w->mtu;
}

static void find_mtus(struct desired_build *b)
{
	const struct watch *w = b->watch;

	b->mtus = arena_array(b->arena, w->devices.n + w->others.n + 1, sizeof *b->mtus);
	for (size_t i = 0; i < w->devices.n; i++)
		note_mtu(b, &w->devices.at[i]);
	for (size_t i = 0; i < w->others.n; i++)
		note_mtu(b, &w->others.at[i]);
}

static void find_shortcuts(struct desired_build *b)
{
	const struct watch *w = b->watch;

	b->leave_first = w->others.n == 0;
	for (size_t i = 0; i < b->config->entries.n; i++) {
		const struct name_list *l = &b->config->entries.at[i].devices;

		for (size_t d = 0; d < l->n && b->leave_first; d++)
			b->leave_first = watch_find(w, l->at[d]) != NULL;
	}
	b->all_total = true;
	b->one_mtu = b->leave_first && b->n_mtus == 1;
	for (size_t i = 0; i < w->devices.n; i++) {
		b->all_total = b->all_total && w->devices.at[i].total;
		b->one_mtu = b->one_mtu && w->devices.at[i].present && w->devices.at[i].mtu == b->mtus[0];
	}
}

static void build_device_sets(struct desired_build *b)
{
	const struct watch *w = b->watch;
	struct ruleset_set *dev = w->devices.n == 1 ? NULL : desired_set(b, "dev", KEY_IFNAME, false, DATA_NONE);

	for (size_t i = 0; i < w->devices.n && dev; i++)
		desired_device(b, dev, w->devices.at[i].name, NULL);
	for (size_t m = 0; m < b->n_mtus && !b->one_mtu; m++) {
		struct ruleset_set *s = desired_set(
			b, arena_printf(b->arena, "mtu%u", b->mtus[m]), KEY_IFNAME, false, DATA_NONE);

		for (size_t i = 0; i < w->devices.n; i++)
			if (w->devices.at[i].present && w->devices.at[i].mtu == b->mtus[m])
				desired_device(b, s, w->devices.at[i].name, NULL);
		for (size_t i = 0; i < w->others.n; i++)
			if (w->others.at[i].present && w->others.at[i].mtu == b->mtus[m])
				desired_device(b, s, w->others.at[i].name, NULL);
	}
}

/* The sets that both directions share: listed devices, devices of an MTU, address types of nobody's own, prefixes that NAT outside
 * gives us. A set that no rule needs is not made. */
static void build_shared_sets(struct desired_build *b)
{
	static const uint32_t everybody[] = { RTN_UNSPEC, RTN_BROADCAST, RTN_ANYCAST, RTN_MULTICAST };
	struct ruleset_set *types;

	build_device_sets(b);
	types = desired_set(b, "everybody", KEY_ADDRTYPE, false, DATA_NONE);
	for (size_t i = 0; i < sizeof everybody / sizeof *everybody; i++) {
		struct ruleset_elem *e = vec_push(b->arena, &types->elems);

		memcpy(e->from, &everybody[i], sizeof everybody[i]);
		memcpy(e->to, &everybody[i], sizeof everybody[i]);
	}
	desired_own_sets(b);
}

void desired_own_sets(struct desired_build *b)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct ruleset_set *s = NULL;

		for (size_t i = 0; i < b->config->settings.own.n; i++) {
			const struct prefix *p = &b->config->settings.own.at[i];

			if (p->family != family)
				continue;
			if (!s)
				s = desired_set(b, family == 4 ? "own4" : "own6", family == 4 ? KEY_ADDR4 : KEY_ADDR6,
					true, DATA_NONE);
			desired_prefix(b, s, p, NULL);
		}
	}
}

struct ruleset_set *desired_set(
	struct desired_build *b, const char *name, enum set_key key, bool interval, enum set_data data)
{
	struct ruleset_set *s = ruleset_set(&b->out->ruleset, name);

	if (s)
		return s;
	s = vec_push(b->arena, &b->out->ruleset.sets);
	s->name = name;
	s->key = key;
	s->interval = interval;
	s->data = data;
	return s;
}

size_t desired_slot(
	const struct desired_build *b, size_t entity, enum direction dir, enum counter_role role, size_t mtu)
{
	size_t in_role = role == ROLE_ALL ? 0 : role == ROLE_BIG4 ? 1 + mtu : 1 + b->n_mtus + mtu;

	return (entity * DIRS + dir) * (1 + 2 * b->n_mtus) + in_role;
}

struct ruleset_chain *desired_chain(struct desired_build *b, const char *name)
{
	struct ruleset_chain *c = vec_push(b->arena, &b->out->ruleset.chains);

	c->name = name;
	return c;
}

const char *desired_own(const struct desired_build *b, uint8_t family)
{
	const char *name = family == 4 ? "own4" : "own6";

	return ruleset_set(&b->out->ruleset, name) ? name : NULL;
}

void desired_build(struct arena *a, const struct config *c, const struct watch *w,
	const struct enforcement *enforcement, struct desired *ret_desired)
{
	struct desired_build b = {
		.arena = a, .config = c, .watch = w, .enforcement = enforcement, .out = ret_desired
	};

	*ret_desired = (struct desired){ 0 };
	ret_desired->ruleset.present = true;
	if (enforcement)
		ret_desired->ruleset.now_ms = enforcement->now_ms;
	find_mtus(&b);
	find_shortcuts(&b);
	b.object = arena_array(a, (c->entries.n + 2) * DIRS * (1 + 2 * b.n_mtus), sizeof *b.object);
	build_counters(&b);
	build_shared_sets(&b);
	for (enum direction d = 0; d < DIRS; d++)
		desired_direction(&b, d);
	if (enforcement)
		desired_enforce(&b);
}
