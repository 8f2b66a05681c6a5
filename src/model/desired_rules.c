/* The chains and rules of one direction: see desired.h for their order.
 * A scope is either all packets or the aggregates of one MTU and family; both get the same rules over maps of their own.
 * Pure; only desired.c calls. */
#include "model/desired_match.h"
#include "model/desired_put.h"

#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <string.h>

#define REG 1
#define PRIORITY_RAW (-300)
#define PRIORITY_AFTER_SRCNAT 200 /* srcnat is 100 */

struct scope {
	enum direction dir;
	enum counter_role role; /* ROLE_ALL, ROLE_BIG4, ROLE_BIG6 */
	size_t mtu;             /* index; of ROLE_BIG* */
	const char *suffix;     /* of sets and chains: "in", "out_b1500", "in_b1500v6" */
};

static const char *named(struct desired_build *b, const char *stem, const struct scope *s)
{
	return arena_printf(b->arena, "%s_%s", stem, s->suffix);
}

static const char *object(const struct desired_build *b, const struct scope *s, size_t entity)
{
	return b->object[desired_slot(b, entity, s->dir, s->role, s->mtu)];
}

/* The total's own devices: by a map, unless they are all that come this far. */
static void put_total(struct desired_build *b, struct ruleset_rule *r, const struct scope *s, const char *stem,
	const char *counter, bool listed)
{
	const struct ruleset_elem value = { .name = counter };
	const char *map = named(b, stem, s);
	struct ruleset_set *set;

	if (listed && b->all_total) {
		rule_put_named(b, r, OP_COUNTER, 0, counter);
		return;
	}
	set = desired_set(b, map, KEY_IFNAME, false, DATA_COUNTER);
	for (size_t i = 0; i < b->watch->devices.n; i++)
		if (b->watch->devices.at[i].total)
			desired_device(b, set, b->watch->devices.at[i].name, &value);
	rule_put_device(b, r, s->dir);
	rule_put_named(b, r, OP_COUNTER_MAP, 0, map);
}

static void rule_total(struct desired_build *b, struct ruleset_chain *c, const struct scope *s)
{
	put_total(b, rule_new(b, c), s, "total", object(b, s, b->config->entries.n + 1), b->leave_first);
}

static void rule_timestamps(struct desired_build *b, struct ruleset_chain *c, const struct scope *s)
{
	struct ruleset_rule *r = rule_new(b, c);

	rule_put_stamped(b, r);
	put_total(b, r, s, "ts", b->ts[s->dir][s->role == ROLE_BIG6], b->leave_first);
}

static bool counts_every_device(const struct desired_build *b, const struct entry *e)
{
	for (size_t i = 0; i < b->watch->devices.n && e->devices.n; i++) {
		bool found = false;

		for (size_t d = 0; d < e->devices.n; d++)
			found |= strcmp(e->devices.at[d], b->watch->devices.at[i].name) == 0;
		if (!found)
			return false;
	}
	return true;
}

/* matches[0], but for entries that everything counts for which comes this far. */
static void rule_interfaces(struct desired_build *b, struct ruleset_chain *c, const struct scope *s)
{
	const char *map = named(b, "if", s);
	struct ruleset_set *set = NULL;
	struct ruleset_rule *r;

	for (size_t i = 0; i < b->config->entries.n; i++) {
		const struct entry *e = &b->config->entries.at[i];
		const struct ruleset_elem value = { .name = object(b, s, i) };

		if (e->kind != ENTRY_INTERFACE)
			continue;
		if (b->leave_first && counts_every_device(b, e)) {
			rule_put_named(b, rule_new(b, c), OP_COUNTER, 0, object(b, s, i));
			continue;
		}
		if (!set)
			set = desired_set(b, map, KEY_IFNAME, false, DATA_COUNTER);
		match_fill(b, set, &matches[0], e, &value);
	}
	if (!set)
		return;
	r = rule_new(b, c);
	rule_put_device(b, r, s->dir);
	rule_put_named(b, r, OP_COUNTER_MAP, 0, map);
}

static bool counts(const struct scope *s, uint8_t protocol)
{
	return s->role == ROLE_ALL || protocol == PROTO_TCP;
}

static bool family_in(const struct scope *s, uint8_t family)
{
	return s->role == ROLE_ALL || (s->role == ROLE_BIG4) == (family == 4);
}

/* What the matches of one kind find counts for their entries. A map that no entry fills has no rule. */
static void rule_match(struct desired_build *b, struct ruleset_chain *c, const struct scope *s, const struct match *m)
{
	struct ruleset_set *set = NULL;
	struct ruleset_rule *r;

	if ((m->protocol && !counts(s, m->protocol->bit)) || (m->family && !family_in(s, m->family)))
		return;
	for (size_t i = 0; i < b->config->entries.n; i++) {
		const struct entry *e = &b->config->entries.at[i];
		const struct ruleset_elem value = { .name = object(b, s, i) };

		if (!match_has(m, e))
			continue;
		if (!set)
			set = desired_set(b, named(b, m->stem, s), m->key, m->interval, DATA_COUNTER);
		match_fill(b, set, m, e, &value);
	}
	if (!set)
		return;
	r = rule_new(b, c);
	match_put_guard(b, r, m);
	match_put_key(b, r, m, s->dir);
	rule_put_named(b, r, OP_COUNTER_MAP, 0, named(b, m->stem, s));
}

static void rule_matches(struct desired_build *b, struct ruleset_chain *c, const struct scope *s, enum entry_kind kind)
{
	for (size_t i = 0; i < matches_n; i++)
		if (matches[i].kind == kind)
			rule_match(b, c, s, &matches[i]);
}

/* What is no address of ours leaves for the chain of rules_remote(): ours, which is most, goes straight on. */
static void rule_local(struct desired_build *b, struct ruleset_chain *c, const struct scope *s, const char *remote)
{
	static const uint32_t local = RTN_LOCAL;
	struct ruleset_rule *r = rule_new(b, c);

	rule_put_address_type(b, r, s->dir);
	rule_put_cmp(b, r, NFT_CMP_NEQ, &local, sizeof local);
	rule_put_verdict(b, r, (uint32_t)NFT_GOTO, remote);
}

static const char *own_set(struct desired_build *b, const struct scope *s, uint8_t family)
{
	return family_in(s, family) ? desired_own(b, family) : NULL;
}

/* Datagrams for the anycast address of a prefix of ours (IPv6, where this machine forwards) reach our ports. TCP does not. */
static bool takes_anycast(const struct desired_build *b, const struct scope *s)
{
	for (size_t i = 0; i < b->config->entries.n; i++)
		if (b->config->entries.at[i].kind == ENTRY_PORT)
			return s->dir == DIR_IN && s->role == ROLE_ALL;
	return false;
}

static void rule_anycast(struct desired_build *b, struct ruleset_chain *c, const struct scope *s, const char *ports)
{
	static const uint32_t anycast = RTN_ANYCAST;
	struct ruleset_rule *r = rule_new(b, c);

	rule_put_address_type(b, r, s->dir);
	rule_put_cmp(b, r, NFT_CMP_EQ, &anycast, sizeof anycast);
	rule_put_verdict(b, r, (uint32_t)NFT_GOTO, ports);
}

/* What is for everybody is neither ours nor forwarded; what NAT outside gives us is ours; the rest is forwarded. */
static void rules_remote(struct desired_build *b, struct ruleset_chain *c, const struct scope *s, const char *ports)
{
	struct ruleset_rule *r;

	if (takes_anycast(b, s))
		rule_anycast(b, c, s, ports);
	r = rule_new(b, c);
	rule_put_address_type(b, r, s->dir);
	rule_put_named(b, r, OP_LOOKUP, 0, "everybody");
	rule_put_verdict(b, r, (uint32_t)NFT_RETURN, NULL);
	for (uint8_t family = 4; family <= 6; family += 2) {
		if (!own_set(b, s, family))
			continue;
		r = rule_new(b, c);
		rule_put_family(b, r, family);
		rule_put_address(b, r, s->dir, family);
		rule_put_named(b, r, OP_LOOKUP, 0, own_set(b, s, family));
		rule_put_verdict(b, r, (uint32_t)NFT_GOTO, ports);
	}
	put_total(b, rule_new(b, c), s, "fwd", object(b, s, b->config->entries.n), true);
}

void desired_big(struct desired_build *b, struct ruleset_rule *r, enum direction d, uint8_t family, size_t mtu)
{
	if (b->n_mtus > 1)
		rule_put_longer(b, r, b->mtus[mtu]);
	rule_put_family(b, r, family);
	if (!b->one_mtu) {
		rule_put_device(b, r, d);
		rule_put_named(b, r, OP_LOOKUP, 0, arena_printf(b->arena, "mtu%u", b->mtus[mtu]));
	}
}

bool desired_big_any(struct desired_build *b, struct ruleset_chain *c, const char *chain)
{
	struct ruleset_rule *r;
	uint32_t least = UINT32_MAX;

	for (size_t m = 0; m < b->n_mtus; m++)
		least = b->mtus[m] < least ? b->mtus[m] : least;
	if (!b->n_mtus)
		return false;
	r = rule_new(b, c);
	rule_put_meta_is(b, r, NFT_META_L4PROTO, IPPROTO_TCP);
	rule_put_longer(b, r, least);
	rule_put_verdict(b, r, (uint32_t)NFT_JUMP, chain);
	return true;
}

/* Behind the device. */
static void scope_chains(struct desired_build *b, const struct scope *s, struct ruleset_chain *main)
{
	struct ruleset_chain remote = { .name = named(b, "remote", s) }, ports = { .name = named(b, "ports", s) };

	rule_matches(b, main, s, ENTRY_ADDRESS);
	rule_local(b, main, s, remote.name);
	rules_remote(b, &remote, s, ports.name);
	if (own_set(b, s, 4) || own_set(b, s, 6) || takes_anycast(b, s)) {
		rule_matches(b, &ports, s, ENTRY_PORT);
		rule_put_verdict(b, rule_new(b, main), (uint32_t)NFT_GOTO, ports.name);
		*desired_chain(b, ports.name) = ports;
	} else {
		rule_matches(b, main, s, ENTRY_PORT);
	}
	*desired_chain(b, remote.name) = remote;
	*desired_chain(b, main->name) = *main;
}

/* Aggregates of one MTU and family: the rule that finds them, and their chains. */
static void big_scope(
	struct desired_build *b, struct ruleset_chain *big, enum direction d, enum counter_role role, size_t mtu)
{
	struct scope s = { d, role, mtu,
		arena_printf(b->arena, "%s_b%u%s", d == DIR_IN ? "in" : "out", b->mtus[mtu],
			role == ROLE_BIG6 ? "v6" : "") };
	struct ruleset_chain main = { .name = s.suffix };
	struct ruleset_rule *r = rule_new(b, big);

	desired_big(b, r, d, role == ROLE_BIG4 ? 4 : 6, mtu);
	rule_put_verdict(b, r, (uint32_t)NFT_GOTO, s.suffix);
	rule_total(b, &main, &s);
	rule_timestamps(b, &main, &s);
	rule_interfaces(b, &main, &s);
	if (!b->leave_first)
		rule_elsewhere(b, &main, d);
	scope_chains(b, &s, &main);
}

/* Aggregates: TCP longer than the MTU of its device. All other packets pay for one rule, and UDP for half of it. */
static void rule_big(struct desired_build *b, struct ruleset_chain *c, const struct scope *s)
{
	struct ruleset_chain big = { .name = named(b, "big", s) };

	for (size_t m = 0; m < b->n_mtus; m++) {
		big_scope(b, &big, s->dir, ROLE_BIG4, m);
		big_scope(b, &big, s->dir, ROLE_BIG6, m);
	}
	if (desired_big_any(b, c, big.name))
		*desired_chain(b, big.name) = big;
}

/* The total goes before what it holds: who reads in between finds it no smaller. */
void desired_direction(struct desired_build *b, enum direction d)
{
	struct scope s = { d, ROLE_ALL, 0, d == DIR_IN ? "in" : "out" };
	/* nft 0.9.8 (Debian 11) cannot load a chain called "in" or "out". */
	struct ruleset_chain main = { .name = d == DIR_IN ? "count_in" : "count_out",
		.base = true,
		.hook = d == DIR_IN ? NF_INET_PRE_ROUTING : NF_INET_POST_ROUTING,
		.priority = d == DIR_IN ? PRIORITY_RAW : PRIORITY_AFTER_SRCNAT };

	if (b->leave_first)
		rule_elsewhere(b, &main, d);
	rule_total(b, &main, &s);
	rule_interfaces(b, &main, &s);
	rule_big(b, &main, &s);
	if (!b->leave_first)
		rule_elsewhere(b, &main, d);
	scope_chains(b, &s, &main);
}
