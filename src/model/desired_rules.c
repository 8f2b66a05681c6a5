/* The chains and rules of one direction: see desired.h for their order.
 * A scope is either all packets or the aggregates of one MTU and family; both get the same rules over maps of their own.
 * Pure; only desired.c calls. */
#include "model/desired_rules.h"

#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <string.h>

#define REG 1
#define REG_BEHIND_ADDR4 9 /* NFT_REG32_01 */
#define REG_BEHIND_ADDR6 2 /* NFT_REG32_04, as the kernel names it in dumps */
#define PRIORITY_RAW (-300)
#define PRIORITY_AFTER_SRCNAT 200 /* srcnat is 100 */
#define TCP_OFFSET_BYTE 12
#define TCP_OFFSET_MASK 0xf0
#define TCP_OFFSET_TIMESTAMPS 0x80 /* 8 words: 20 bytes and 12 of the timestamp option */

struct scope {
	enum direction dir;
	enum counter_role role; /* ROLE_ALL, ROLE_BIG4, ROLE_BIG6 */
	size_t mtu;             /* index; of ROLE_BIG* */
	const char *suffix;     /* of sets and chains: "in", "out_b1500", "in_b1500v6" */
};

static struct ruleset_rule *new_rule(struct desired_build *b, struct ruleset_chain *c)
{
	return vec_push(b->arena, &c->rules);
}

static struct rule_expr *put(
	struct desired_build *b, struct ruleset_rule *r, enum rule_op op, uint32_t reg, uint32_t key)
{
	struct rule_expr *e = vec_push(b->arena, &r->exprs);

	e->op = op;
	e->reg = reg;
	e->key = key;
	return e;
}

static void put_named(struct desired_build *b, struct ruleset_rule *r, enum rule_op op, uint32_t key, const char *name)
{
	put(b, r, op, op == OP_VERDICT || op == OP_COUNTER ? 0 : REG, key)->name = name;
}

static void put_cmp(struct desired_build *b, struct ruleset_rule *r, uint32_t op, const void *data, uint32_t len)
{
	struct rule_expr *e = put(b, r, OP_CMP, REG, op);

	e->len = len;
	memcpy(e->data, data, len);
}

static void put_meta_is(struct desired_build *b, struct ruleset_rule *r, uint32_t key, uint8_t value)
{
	put(b, r, OP_META, REG, key);
	put_cmp(b, r, NFT_CMP_EQ, &value, 1);
}

static void put_payload(
	struct desired_build *b, struct ruleset_rule *r, uint32_t reg, uint32_t base, uint32_t offset, uint32_t len)
{
	struct rule_expr *e = put(b, r, OP_PAYLOAD, reg, base);

	e->offset = offset;
	e->len = len;
}

static void put_device(struct desired_build *b, struct ruleset_rule *r, enum direction d)
{
	put(b, r, OP_META, REG, d == DIR_IN ? NFT_META_IIFNAME : NFT_META_OIFNAME);
}

static void put_family(struct desired_build *b, struct ruleset_rule *r, uint8_t family)
{
	put_meta_is(b, r, NFT_META_NFPROTO, family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
}

/* Our address of the packet: the destination of what comes in, the source of what goes out. */
static void put_address(struct desired_build *b, struct ruleset_rule *r, enum direction d, uint8_t family)
{
	if (family == 4)
		put_payload(b, r, REG, NFT_PAYLOAD_NETWORK_HEADER, d == DIR_IN ? 16 : 12, 4);
	else
		put_payload(b, r, REG, NFT_PAYLOAD_NETWORK_HEADER, d == DIR_IN ? 24 : 8, 16);
}

static void put_port(struct desired_build *b, struct ruleset_rule *r, enum direction d, uint32_t reg)
{
	put_payload(b, r, reg, NFT_PAYLOAD_TRANSPORT_HEADER, d == DIR_IN ? 2 : 0, 2);
}

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
	const char *map = named(b, stem, s);
	struct ruleset_set *set;

	if (listed && b->all_total) {
		put_named(b, r, OP_COUNTER, 0, counter);
		return;
	}
	set = desired_set(b, map, KEY_IFNAME, false, DATA_COUNTER);
	for (size_t i = 0; i < b->watch->devices.n; i++)
		if (b->watch->devices.at[i].total)
			desired_device(b, set, b->watch->devices.at[i].name, counter);
	put_device(b, r, s->dir);
	put_named(b, r, OP_COUNTER_MAP, 0, map);
}

static void rule_total(struct desired_build *b, struct ruleset_chain *c, const struct scope *s)
{
	put_total(b, new_rule(b, c), s, "total", object(b, s, b->config->entries.n + 1), b->leave_first);
}

static void rule_timestamps(struct desired_build *b, struct ruleset_chain *c, const struct scope *s)
{
	static const uint8_t least = TCP_OFFSET_TIMESTAMPS;
	struct ruleset_rule *r = new_rule(b, c);
	struct rule_expr *e;

	put_meta_is(b, r, NFT_META_L4PROTO, IPPROTO_TCP);
	put_payload(b, r, REG, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_OFFSET_BYTE, 1);
	e = put(b, r, OP_BITWISE, REG, 0);
	e->len = 1;
	e->data[0] = TCP_OFFSET_MASK;
	put_cmp(b, r, NFT_CMP_GTE, &least, 1);
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

static void rule_interfaces(struct desired_build *b, struct ruleset_chain *c, const struct scope *s)
{
	const char *map = named(b, "if", s);
	struct ruleset_set *set = NULL;
	struct ruleset_rule *r;

	for (size_t i = 0; i < b->config->entries.n; i++) {
		const struct entry *e = &b->config->entries.at[i];

		if (e->kind != ENTRY_INTERFACE)
			continue;
		if (b->leave_first && counts_every_device(b, e)) {
			put_named(b, new_rule(b, c), OP_COUNTER, 0, object(b, s, i));
			continue;
		}
		if (!set)
			set = desired_set(b, map, KEY_IFNAME, false, DATA_COUNTER);
		for (size_t d = 0; d < e->devices.n; d++)
			desired_device(b, set, e->devices.at[d], object(b, s, i));
		for (size_t d = 0; d < b->watch->devices.n && !e->devices.n; d++)
			desired_device(b, set, b->watch->devices.at[d].name, object(b, s, i));
	}
	if (!set)
		return;
	r = new_rule(b, c);
	put_device(b, r, s->dir);
	put_named(b, r, OP_COUNTER_MAP, 0, map);
}

/* One device is compared within the rule, several are looked up. */
static void rule_elsewhere(struct desired_build *b, struct ruleset_chain *c, const struct scope *s)
{
	struct ruleset_rule *r = new_rule(b, c);
	uint8_t name[SET_KEY_MAX];

	put_device(b, r, s->dir);
	if (b->watch->devices.n == 1) {
		desired_device_key(name, b->watch->devices.at[0].name);
		put_cmp(b, r, NFT_CMP_NEQ, name, set_key_type(KEY_IFNAME)->len);
	} else {
		put_named(b, r, OP_LOOKUP, NFT_LOOKUP_F_INV, "dev");
	}
	put_named(b, r, OP_VERDICT, (uint32_t)NFT_RETURN, NULL);
}

static const struct {
	uint8_t bit, number;
	const char *name;
} PROTOCOLS[] = { { PROTO_TCP, IPPROTO_TCP, "tcp" }, { PROTO_UDP, IPPROTO_UDP, "udp" },
	{ PROTO_SCTP, IPPROTO_SCTP, "sctp" } };
#define N_PROTOCOLS (sizeof PROTOCOLS / sizeof PROTOCOLS[0])

static bool counts(const struct scope *s, uint8_t protocol)
{
	return s->role == ROLE_ALL || protocol == PROTO_TCP;
}

static bool family_in(const struct scope *s, uint8_t family)
{
	return s->role == ROLE_ALL || (s->role == ROLE_BIG4) == (family == 4);
}

/* [address] with ports, one protocol and family: one rule over address . port. */
static void rule_address_ports(
	struct desired_build *b, struct ruleset_chain *c, const struct scope *s, uint8_t family, size_t proto)
{
	const char *map = named(b, arena_printf(b->arena, "a%u%s", family, PROTOCOLS[proto].name), s);
	struct ruleset_set *set = NULL;
	struct ruleset_rule *r;

	for (size_t i = 0; i < b->config->entries.n; i++) {
		const struct entry *e = &b->config->entries.at[i];

		if (e->kind != ENTRY_ADDRESS || !e->ports.n || !(e->protocols & PROTOCOLS[proto].bit))
			continue;
		for (size_t j = 0; j < e->addresses.n; j++) {
			if (e->addresses.at[j].family != family)
				continue;
			if (!set)
				set = desired_set(b, map, family == 4 ? KEY_ADDR4_SERVICE : KEY_ADDR6_SERVICE, false,
					DATA_COUNTER);
			desired_address_ports(b, set, e, &e->addresses.at[j], object(b, s, i));
		}
	}
	if (!set)
		return;
	r = new_rule(b, c);
	/* nft, loading its own listing, puts the family first: so a restored table equals ours. */
	put_family(b, r, family);
	put_meta_is(b, r, NFT_META_L4PROTO, PROTOCOLS[proto].number);
	put_address(b, r, s->dir, family);
	put_port(b, r, s->dir, family == 4 ? REG_BEHIND_ADDR4 : REG_BEHIND_ADDR6);
	put_named(b, r, OP_COUNTER_MAP, 0, map);
}

/* [address] without ports: single addresses by hash, prefixes by interval. */
static void rule_addresses(
	struct desired_build *b, struct ruleset_chain *c, const struct scope *s, uint8_t family, bool interval)
{
	const char *map = named(b, arena_printf(b->arena, "a%u%s", family, interval ? "r" : ""), s);
	struct ruleset_set *set = NULL;
	struct ruleset_rule *r;

	for (size_t i = 0; i < b->config->entries.n; i++) {
		const struct entry *e = &b->config->entries.at[i];

		if (e->kind != ENTRY_ADDRESS || e->ports.n)
			continue;
		for (size_t j = 0; j < e->addresses.n; j++) {
			const struct prefix *p = &e->addresses.at[j];

			if (p->family != family || (p->len < (family == 4 ? 32 : 128)) != interval)
				continue;
			if (!set)
				set = desired_set(b, map, family == 4 ? KEY_ADDR4 : KEY_ADDR6, interval, DATA_COUNTER);
			desired_prefix(b, set, p, object(b, s, i));
		}
	}
	if (!set)
		return;
	r = new_rule(b, c);
	put_family(b, r, family);
	put_address(b, r, s->dir, family);
	put_named(b, r, OP_COUNTER_MAP, 0, map);
}

static void put_address_type(struct desired_build *b, struct ruleset_rule *r, enum direction d)
{
	put(b, r, OP_FIB, REG, d == DIR_IN ? NFTA_FIB_F_DADDR : NFTA_FIB_F_SADDR)->offset = NFT_FIB_RESULT_ADDRTYPE;
}

/* What is no address of ours leaves for the chain of rules_remote(): ours, which is most, goes straight on. */
static void rule_local(struct desired_build *b, struct ruleset_chain *c, const struct scope *s, const char *remote)
{
	static const uint32_t local = RTN_LOCAL;
	struct ruleset_rule *r = new_rule(b, c);

	put_address_type(b, r, s->dir);
	put_cmp(b, r, NFT_CMP_NEQ, &local, sizeof local);
	put_named(b, r, OP_VERDICT, (uint32_t)NFT_GOTO, remote);
}

static const char *own_set(struct desired_build *b, const struct scope *s, uint8_t family)
{
	const char *name = family == 4 ? "own4" : "own6";

	return family_in(s, family) && ruleset_set(&b->out->ruleset, name) ? name : NULL;
}

/* What is for everybody is neither ours nor forwarded; what NAT outside gives us is ours; the rest is forwarded. */
static void rules_remote(struct desired_build *b, struct ruleset_chain *c, const struct scope *s, const char *ports)
{
	struct ruleset_rule *r = new_rule(b, c);

	put_address_type(b, r, s->dir);
	put_named(b, r, OP_LOOKUP, 0, "everybody");
	put_named(b, r, OP_VERDICT, (uint32_t)NFT_RETURN, NULL);
	for (uint8_t family = 4; family <= 6; family += 2) {
		if (!own_set(b, s, family))
			continue;
		r = new_rule(b, c);
		put_family(b, r, family);
		put_address(b, r, s->dir, family);
		put_named(b, r, OP_LOOKUP, 0, own_set(b, s, family));
		put_named(b, r, OP_VERDICT, (uint32_t)NFT_GOTO, ports);
	}
	put_total(b, new_rule(b, c), s, "fwd", object(b, s, b->config->entries.n), true);
}

static void rule_ports(
	struct desired_build *b, struct ruleset_chain *c, const struct scope *s, size_t proto, bool interval)
{
	const char *map = named(b, arena_printf(b->arena, "%s%s", PROTOCOLS[proto].name, interval ? "r" : ""), s);
	struct ruleset_set *set = NULL;
	struct ruleset_rule *r;

	for (size_t i = 0; i < b->config->entries.n; i++) {
		const struct entry *e = &b->config->entries.at[i];

		if (e->kind != ENTRY_PORT || !(e->protocols & PROTOCOLS[proto].bit))
			continue;
		for (size_t j = 0; j < e->ports.n; j++) {
			const struct port_range *p = &e->ports.at[j];

			if ((p->hi - p->lo >= DESIRED_SHORT_RANGE) != interval)
				continue;
			if (!set)
				set = desired_set(b, map, KEY_SERVICE, interval, DATA_COUNTER);
			desired_ports(b, set, p, object(b, s, i));
		}
	}
	if (!set)
		return;
	r = new_rule(b, c);
	put_meta_is(b, r, NFT_META_L4PROTO, PROTOCOLS[proto].number);
	put_port(b, r, s->dir, REG);
	put_named(b, r, OP_COUNTER_MAP, 0, map);
}

static void rules_ports(struct desired_build *b, struct ruleset_chain *c, const struct scope *s)
{
	for (size_t p = 0; p < N_PROTOCOLS; p++) {
		if (!counts(s, PROTOCOLS[p].bit))
			continue;
		rule_ports(b, c, s, p, false);
		rule_ports(b, c, s, p, true);
	}
}

static void put_longer(struct desired_build *b, struct ruleset_rule *r, uint32_t mtu)
{
	uint32_t number = htonl(mtu);

	put(b, r, OP_META, REG, NFT_META_LEN);
	put(b, r, OP_HTON, REG, 0);
	put_cmp(b, r, NFT_CMP_GT, &number, sizeof number);
}

static struct ruleset_chain *new_chain(struct desired_build *b, const char *name)
{
	struct ruleset_chain *c = vec_push(b->arena, &b->out->ruleset.chains);

	c->name = name;
	return c;
}

/* Behind the device. Chains are filled as values and put in place afterwards: the list moves while it grows. */
static void scope_chains(struct desired_build *b, const struct scope *s, struct ruleset_chain *main)
{
	struct ruleset_chain remote = { .name = named(b, "remote", s) }, ports = { .name = named(b, "ports", s) };

	for (uint8_t family = 4; family <= 6; family += 2) {
		if (!family_in(s, family))
			continue;
		rule_addresses(b, main, s, family, false);
		rule_addresses(b, main, s, family, true);
		for (size_t p = 0; p < N_PROTOCOLS; p++)
			if (counts(s, PROTOCOLS[p].bit))
				rule_address_ports(b, main, s, family, p);
	}
	rule_local(b, main, s, remote.name);
	rules_remote(b, &remote, s, ports.name);
	if (own_set(b, s, 4) || own_set(b, s, 6)) {
		rules_ports(b, &ports, s);
		put_named(b, new_rule(b, main), OP_VERDICT, (uint32_t)NFT_GOTO, ports.name);
		*new_chain(b, ports.name) = ports;
	} else {
		rules_ports(b, main, s);
	}
	*new_chain(b, remote.name) = remote;
	*new_chain(b, main->name) = *main;
}

/* Aggregates of one MTU and family: the rule that finds them, and their chains. */
static void big_scope(
	struct desired_build *b, struct ruleset_chain *big, enum direction d, enum counter_role role, size_t mtu)
{
	struct scope s = { d, role, mtu,
		arena_printf(b->arena, "%s_b%u%s", d == DIR_IN ? "in" : "out", b->mtus[mtu],
			role == ROLE_BIG6 ? "v6" : "") };
	struct ruleset_chain main = { .name = s.suffix };
	struct ruleset_rule *r = new_rule(b, big);

	if (b->n_mtus > 1)
		put_longer(b, r, b->mtus[mtu]);
	put_family(b, r, role == ROLE_BIG4 ? 4 : 6);
	if (!b->one_mtu) {
		put_device(b, r, d);
		put_named(b, r, OP_LOOKUP, 0, arena_printf(b->arena, "mtu%u", b->mtus[mtu]));
	}
	put_named(b, r, OP_VERDICT, (uint32_t)NFT_GOTO, s.suffix);
	rule_total(b, &main, &s);
	rule_timestamps(b, &main, &s);
	rule_interfaces(b, &main, &s);
	if (!b->leave_first)
		rule_elsewhere(b, &main, &s);
	scope_chains(b, &s, &main);
}

/* Aggregates: TCP longer than the MTU of its device. All other packets pay for one rule, and UDP for half of it. */
static void rule_big(struct desired_build *b, struct ruleset_chain *c, const struct scope *s)
{
	struct ruleset_chain big = { .name = named(b, "big", s) };
	struct ruleset_rule *r;
	uint32_t least = UINT32_MAX;

	for (size_t m = 0; m < b->n_mtus; m++) {
		least = b->mtus[m] < least ? b->mtus[m] : least;
		big_scope(b, &big, s->dir, ROLE_BIG4, m);
		big_scope(b, &big, s->dir, ROLE_BIG6, m);
	}
	if (!b->n_mtus)
		return;
	*new_chain(b, big.name) = big;
	r = new_rule(b, c);
	put_meta_is(b, r, NFT_META_L4PROTO, IPPROTO_TCP);
	put_longer(b, r, least);
	put_named(b, r, OP_VERDICT, (uint32_t)NFT_JUMP, big.name);
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
		rule_elsewhere(b, &main, &s);
	rule_total(b, &main, &s);
	rule_interfaces(b, &main, &s);
	rule_big(b, &main, &s);
	if (!b->leave_first)
		rule_elsewhere(b, &main, &s);
	scope_chains(b, &s, &main);
}
