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

static void by_device(struct desired_build *b, struct ruleset_chain *c, const struct scope *s, const char *map)
{
	struct ruleset_rule *r = new_rule(b, c);

	put_device(b, r, s->dir);
	put_named(b, r, OP_COUNTER_MAP, 0, map);
}

/* A map from the devices of the total to one counter. */
static void total_map(struct desired_build *b, const char *map, const char *counter)
{
	struct ruleset_set *set = desired_set(b, map, KEY_IFNAME, false, DATA_COUNTER);

	for (size_t i = 0; i < b->watch->devices.n; i++)
		if (b->watch->devices.at[i].total)
			desired_device(b, set, b->watch->devices.at[i].name, counter);
}

static void rule_total(struct desired_build *b, struct ruleset_chain *c, const struct scope *s)
{
	const char *map = named(b, "total", s);

	total_map(b, map, object(b, s, b->config->entries.n + 1));
	by_device(b, c, s, map);
}

static void rule_timestamps(struct desired_build *b, struct ruleset_chain *c, const struct scope *s)
{
	static const uint8_t least = TCP_OFFSET_TIMESTAMPS;
	const char *map = named(b, "ts", s);
	struct ruleset_rule *r = new_rule(b, c);
	struct rule_expr *e;

	total_map(b, map, b->ts[s->dir][s->role == ROLE_BIG6]);
	put_meta_is(b, r, NFT_META_L4PROTO, IPPROTO_TCP);
	put_payload(b, r, REG, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_OFFSET_BYTE, 1);
	e = put(b, r, OP_BITWISE, REG, 0);
	e->len = 1;
	e->data[0] = TCP_OFFSET_MASK;
	put_cmp(b, r, NFT_CMP_GTE, &least, 1);
	put_device(b, r, s->dir);
	put_named(b, r, OP_COUNTER_MAP, 0, map);
}

static void rule_interfaces(struct desired_build *b, struct ruleset_chain *c, const struct scope *s)
{
	const char *map = named(b, "if", s);
	struct ruleset_set *set = NULL;

	for (size_t i = 0; i < b->config->entries.n; i++) {
		const struct entry *e = &b->config->entries.at[i];

		if (e->kind != ENTRY_INTERFACE)
			continue;
		if (!set)
			set = desired_set(b, map, KEY_IFNAME, false, DATA_COUNTER);
		for (size_t d = 0; d < e->devices.n; d++)
			desired_device(b, set, e->devices.at[d], object(b, s, i));
		for (size_t d = 0; d < b->watch->devices.n && !e->devices.n; d++)
			desired_device(b, set, b->watch->devices.at[d].name, object(b, s, i));
	}
	if (set)
		by_device(b, c, s, map);
}

static void rule_elsewhere(struct desired_build *b, struct ruleset_chain *c, const struct scope *s)
{
	struct ruleset_rule *r = new_rule(b, c);

	put_device(b, r, s->dir);
	put_named(b, r, OP_LOOKUP, NFT_LOOKUP_F_INV, "dev");
	put_named(b, r, OP_VERDICT, (uint32_t)NFT_RETURN, NULL);
}

static void put_service(uint8_t *at, uint16_t port)
{
	at[0] = (uint8_t)(port >> 8);
	at[1] = (uint8_t)port;
}

static uint64_t prefix_size(const struct prefix *p)
{
	int bits = (p->family == 4 ? 32 : 128) - p->len;

	return bits > 16 ? UINT64_MAX : (uint64_t)1 << bits;
}

/* Every address of the prefix with every port: the configuration was checked to keep this small. */
static void expand(struct desired_build *b, struct ruleset_set *set, const struct entry *e, const struct prefix *p,
	const char *counter)
{
	size_t len = p->family == 4 ? 4 : 16;

	for (uint64_t host = 0; host < prefix_size(p); host++)
		for (size_t i = 0; i < e->ports.n; i++)
			for (uint32_t port = e->ports.at[i].lo; port <= e->ports.at[i].hi; port++) {
				struct ruleset_elem *x = vec_push(b->arena, &set->elems);

				memcpy(x->from, p->addr, len);
				x->from[len - 1] |= (uint8_t)host;
				x->from[len - 2] |= (uint8_t)(host >> 8);
				put_service(x->from + len, (uint16_t)port);
				memcpy(x->to, x->from, sizeof x->to);
				x->name = counter;
			}
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
			expand(b, set, e, &e->addresses.at[j], object(b, s, i));
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

static void add_local(struct desired_build *b, const char *map, uint32_t type, uint32_t verdict, const char *chain)
{
	struct ruleset_set *set = desired_set(b, map, KEY_ADDRTYPE, false, DATA_VERDICT);
	struct ruleset_elem *e = vec_push(b->arena, &set->elems);

	memcpy(e->from, &type, sizeof type);
	memcpy(e->to, &type, sizeof type);
	e->verdict = verdict;
	e->name = chain;
}

/* Ours goes to the port entries; what is for everybody is neither ours nor forwarded; the rest falls through. */
static void rule_local(struct desired_build *b, struct ruleset_chain *c, const struct scope *s, const char *ports)
{
	const char *map = named(b, "local", s);
	struct ruleset_rule *r = new_rule(b, c);

	add_local(b, map, RTN_LOCAL, (uint32_t)NFT_GOTO, ports);
	add_local(b, map, RTN_UNSPEC, (uint32_t)NFT_RETURN, NULL);
	add_local(b, map, RTN_BROADCAST, (uint32_t)NFT_RETURN, NULL);
	add_local(b, map, RTN_ANYCAST, (uint32_t)NFT_RETURN, NULL);
	add_local(b, map, RTN_MULTICAST, (uint32_t)NFT_RETURN, NULL);
	put(b, r, OP_FIB, REG, s->dir == DIR_IN ? NFTA_FIB_F_DADDR : NFTA_FIB_F_SADDR)->offset =
		NFT_FIB_RESULT_ADDRTYPE;
	put_named(b, r, OP_VMAP, 0, map);
	for (uint8_t family = 4; family <= 6; family += 2) {
		const char *own = family == 4 ? "own4" : "own6";

		if (!family_in(s, family) || !ruleset_set(&b->out->ruleset, own))
			continue;
		r = new_rule(b, c);
		put_family(b, r, family);
		put_address(b, r, s->dir, family);
		put_named(b, r, OP_LOOKUP, 0, own);
		put_named(b, r, OP_VERDICT, (uint32_t)NFT_GOTO, ports);
	}
}

static void rule_forwarded(struct desired_build *b, struct ruleset_chain *c, const struct scope *s)
{
	const char *map = named(b, "fwd", s);

	total_map(b, map, object(b, s, b->config->entries.n));
	by_device(b, c, s, map);
}

static void add_ports(struct desired_build *b, struct ruleset_set *set, const struct port_range *p, const char *counter)
{
	uint32_t step = set->interval ? (uint32_t)(p->hi - p->lo) : 0;

	for (uint32_t port = p->lo; port <= p->hi; port += step + 1) {
		struct ruleset_elem *e = vec_push(b->arena, &set->elems);

		put_service(e->from, (uint16_t)port);
		put_service(e->to, (uint16_t)(port + step));
		e->name = counter;
	}
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
			add_ports(b, set, p, object(b, s, i));
		}
	}
	if (!set)
		return;
	r = new_rule(b, c);
	put_meta_is(b, r, NFT_META_L4PROTO, PROTOCOLS[proto].number);
	put_port(b, r, s->dir, REG);
	put_named(b, r, OP_COUNTER_MAP, 0, map);
}

/* An aggregate: TCP longer than its device's MTU. Cheap tests first, so that small packets pay next to nothing. */
static void rule_big(struct desired_build *b, struct ruleset_chain *c, const struct scope *s)
{
	struct ruleset_rule *r = new_rule(b, c);
	uint32_t mtu = htonl(b->mtus[s->mtu]);

	put_meta_is(b, r, NFT_META_L4PROTO, IPPROTO_TCP);
	put(b, r, OP_META, REG, NFT_META_LEN);
	put(b, r, OP_HTON, REG, 0);
	put_cmp(b, r, NFT_CMP_GT, &mtu, sizeof mtu);
	put_meta_is(b, r, NFT_META_NFPROTO, s->role == ROLE_BIG4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
	put_device(b, r, s->dir);
	put_named(b, r, OP_LOOKUP, 0, arena_printf(b->arena, "mtu%u", b->mtus[s->mtu]));
	put_named(b, r, OP_VERDICT, (uint32_t)NFT_JUMP, s->suffix);
}

static struct ruleset_chain *new_chain(struct desired_build *b, const char *name)
{
	struct ruleset_chain *c = vec_push(b->arena, &b->out->ruleset.chains);

	c->name = name;
	return c;
}

/* Chains are filled as values and put in place afterwards: the list moves while it grows. */
static void scope_chains(struct desired_build *b, const struct scope *s, struct ruleset_chain *main)
{
	const char *ports = named(b, "ports", s);
	struct ruleset_chain ports_chain = { .name = ports };

	rule_elsewhere(b, main, s);
	for (uint8_t family = 4; family <= 6; family += 2) {
		if (!family_in(s, family))
			continue;
		rule_addresses(b, main, s, family, false);
		rule_addresses(b, main, s, family, true);
		for (size_t p = 0; p < N_PROTOCOLS; p++)
			if (counts(s, PROTOCOLS[p].bit))
				rule_address_ports(b, main, s, family, p);
	}
	rule_local(b, main, s, ports);
	rule_forwarded(b, main, s);
	for (size_t p = 0; p < N_PROTOCOLS; p++) {
		if (!counts(s, PROTOCOLS[p].bit))
			continue;
		rule_ports(b, &ports_chain, s, p, false);
		rule_ports(b, &ports_chain, s, p, true);
	}
	*new_chain(b, ports) = ports_chain;
	*new_chain(b, main->name) = *main;
}

static void big_scope(
	struct desired_build *b, struct ruleset_chain *all, enum direction d, enum counter_role role, size_t mtu)
{
	struct scope s = { d, role, mtu,
		arena_printf(b->arena, "%s_b%u%s", d == DIR_IN ? "in" : "out", b->mtus[mtu],
			role == ROLE_BIG6 ? "v6" : "") };
	struct ruleset_chain main = { .name = s.suffix };

	rule_big(b, all, &s);
	rule_total(b, &main, &s);
	rule_timestamps(b, &main, &s);
	rule_interfaces(b, &main, &s);
	scope_chains(b, &s, &main);
}

void desired_direction(struct desired_build *b, enum direction d)
{
	struct scope s = { d, ROLE_ALL, 0, d == DIR_IN ? "in" : "out" };
	/* nft 0.9.8 (Debian 11) cannot load a chain called "in" or "out". */
	struct ruleset_chain main = { .name = d == DIR_IN ? "count_in" : "count_out",
		.base = true,
		.hook = d == DIR_IN ? NF_INET_PRE_ROUTING : NF_INET_POST_ROUTING,
		.priority = d == DIR_IN ? PRIORITY_RAW : PRIORITY_AFTER_SRCNAT };

	rule_total(b, &main, &s);
	rule_interfaces(b, &main, &s);
	for (size_t m = 0; m < b->n_mtus; m++) {
		big_scope(b, &main, d, ROLE_BIG4, m);
		big_scope(b, &main, d, ROLE_BIG6, m);
	}
	scope_chains(b, &s, &main);
}
