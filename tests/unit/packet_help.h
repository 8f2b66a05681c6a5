/* A small interpreter of wanted rules, random packets, and what the configuration says of them, for the tests that run packets through
 * tables. The other side walks over the entries and knows nothing of maps.
 * Tests of model/desired include. */
#ifndef PACKET_HELP_H
#define PACKET_HELP_H

#include "desired_help.h"

#include "model/diff.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>

struct packet {
	enum direction dir;
	const char *device;
	uint8_t family, protocol; /* 4, 6; IPPROTO_* */
	uint8_t address[16];      /* ours */
	uint8_t peer[16];         /* the other end's */
	uint32_t user;            /* of its socket; 0: it has none */
	uint16_t port, remote;    /* ours, and the other end's */
	uint32_t length, type;    /* RTN_* of the address */
	uint16_t tag;             /* of the frame: ETH_P_8021Q, ETH_P_8021AD; 0 none */
	bool timestamps;
};

/* What OP_UPDATE left in sets, for the packets after it. */
struct noted {
	const char *set;
	uint8_t key[SET_KEY_MAX];
};
struct notes {
	VEC_OF(struct noted) of;
};

/* How many packets came to each expression that counts them. */
struct turns {
	const struct rule_expr *at[128];
	uint32_t seen[128];
};

struct run {
	struct arena *arena;
	const struct ruleset *r;
	const struct packet *p;
	uint8_t regs[64];
	VEC_OF(const char *) hits; /* objects that it used */
	struct notes *notes;       /* NULL: no rule may write */
	int depth;
	uint32_t turn;                    /* so many packets came to the rule before this one */
	struct turns *turns;              /* ... as each rule has seen itself; NULL: turn, for all */
	uint64_t later_ms;                /* after the table was made: elements with a nearer deadline are gone */
	bool (*over)(const char *object); /* is this quota or limit used up? */
	uint32_t priority;                /* as META_SET left it */
	int device;                       /* the packet was sent on to it; 0 not */
	bool dropped, accepted;
};

static inline uint8_t *reg(struct run *x, uint32_t n)
{
	return &x->regs[n < 8 ? 16 * (n - 1) : 4 * (n - 8)];
}

/* false: the packet has no such thing. */
static inline bool load(struct run *x, const struct rule_expr *e)
{
	const struct packet *p = x->p;
	uint8_t *to = reg(x, e->reg);

	memset(to, 0, e->op == OP_META && (e->key == NFT_META_IIFNAME || e->key == NFT_META_OIFNAME) ? 16 : 4);
	if (e->op == OP_FIB) {
		assert_int_equal(e->key, p->dir == DIR_IN ? NFTA_FIB_F_DADDR : NFTA_FIB_F_SADDR);
		assert_int_equal(e->offset, NFT_FIB_RESULT_ADDRTYPE);
		memcpy(to, &p->type, 4);
	} else if (e->op == OP_META) {
		if (e->key == NFT_META_L4PROTO)
			*to = p->protocol;
		else if (e->key == NFT_META_NFPROTO)
			*to = p->family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
		else if (e->key == NFT_META_LEN)
			memcpy(to, &p->length, 4);
		else if (e->key == NFT_META_PROTOCOL)
			memcpy(to, p->family == 4 ? "\x08\x00" : "\x86\xdd", 2);
		else if (e->key == NFT_META_IIFTYPE)
			*to = 1;
		else if (e->key == NFT_META_SKUID && !p->user)
			return false;
		else if (e->key == NFT_META_SKUID)
			memcpy(to, &p->user, 4);
		else if (e->key == (p->dir == DIR_IN ? NFT_META_IIFNAME : NFT_META_OIFNAME))
			memcpy(to, p->device, strlen(p->device));
		else
			fail_msg("meta %u", e->key);
	} else if (e->key == NFT_PAYLOAD_LL_HEADER) {
		assert_int_equal(e->offset, 12);
		to[0] = (uint8_t)(p->tag ? p->tag >> 8 : p->family == 4 ? 0x08 : 0x86);
		to[1] = (uint8_t)(p->tag ? p->tag : p->family == 4 ? 0 : 0xdd);
	} else if (e->key == NFT_PAYLOAD_NETWORK_HEADER) {
		assert_int_equal(e->len, p->family == 4 ? 4 : 16);
		if (e->offset == (p->family == 4 ? (p->dir == DIR_IN ? 16 : 12) : (p->dir == DIR_IN ? 24 : 8)))
			memcpy(to, p->address, e->len);
		else if (e->offset == (p->family == 4 ? (p->dir == DIR_IN ? 12 : 16) : (p->dir == DIR_IN ? 8 : 24)))
			memcpy(to, p->peer, e->len);
		else
			fail_msg("offset %u", e->offset);
	} else if (e->len == 1) { /* the header length of TCP */
		assert_int_equal(p->protocol, IPPROTO_TCP);
		assert_int_equal(e->offset, 12);
		*to = p->timestamps ? 0x8f : 0x5f;
	} else {
		uint16_t port = (e->offset == 2) == (p->dir == DIR_IN) ? p->port : p->remote;

		assert_int_equal(e->len, 2);
		assert_true(e->offset == 0 || e->offset == 2);
		to[0] = (uint8_t)(port >> 8);
		to[1] = (uint8_t)port;
	}
	return true;
}

static inline bool noted(struct run *x, const char *set, const uint8_t *key)
{
	for (size_t i = 0; x->notes && i < x->notes->of.n; i++)
		if (strcmp(x->notes->of.at[i].set, set) == 0 && memcmp(x->notes->of.at[i].key, key, SET_KEY_MAX) == 0)
			return true;
	return false;
}

static inline void note(struct run *x, const struct rule_expr *e)
{
	const struct ruleset_set *s = ruleset_set((struct ruleset *)(uintptr_t)x->r, e->name);
	struct noted n = { .set = e->name };

	assert_true(s && s->dynamic && x->notes);
	memcpy(n.key, reg(x, e->reg), set_key_type(s->key)->len);
	if (!noted(x, e->name, n.key))
		*vec_push(x->arena, &x->notes->of) = n;
}

static inline bool among_noted(struct run *x, const struct rule_expr *e)
{
	const struct ruleset_set *s = ruleset_set((struct ruleset *)(uintptr_t)x->r, e->name);
	uint8_t key[SET_KEY_MAX] = { 0 };

	if (!s || !s->dynamic)
		return false;
	memcpy(key, reg(x, e->reg), set_key_type(s->key)->len);
	return noted(x, e->name, key);
}

static inline const struct ruleset_elem *look_up(struct run *x, const struct rule_expr *e)
{
	struct ruleset_set *s = ruleset_set((struct ruleset *)(uintptr_t)x->r, e->name);
	uint8_t key[SET_KEY_MAX] = { 0 };

	assert_non_null(s);
	memcpy(key, reg(x, e->reg), set_key_type(s->key)->len);
	for (size_t i = 0; i < s->elems.n; i++)
		if (memcmp(s->elems.at[i].from, key, SET_KEY_MAX) <= 0 &&
			memcmp(s->elems.at[i].to, key, SET_KEY_MAX) >= 0 &&
			(!s->elems.at[i].deadline || s->elems.at[i].deadline > x->later_ms))
			return &s->elems.at[i];
	return NULL;
}

static inline bool compare(struct run *x, const struct rule_expr *e)
{
	int order = memcmp(reg(x, e->reg), e->data, e->len);

	switch (e->key) {
	case NFT_CMP_EQ:
		return order == 0;
	case NFT_CMP_NEQ:
		return order != 0;
	case NFT_CMP_GT:
		return order > 0;
	case NFT_CMP_GTE:
		return order >= 0;
	case NFT_CMP_LTE:
		return order <= 0;
	default:
		fail_msg("cmp %u", e->key);
		return false;
	}
}

static inline bool run_chain(struct run *x, const char *name);

/* false: the packet leaves the chain. */
static inline bool verdict(struct run *x, uint32_t code, const char *chain)
{
	if (code == (uint32_t)NFT_JUMP) {
		run_chain(x, chain);
		return !x->dropped && !x->accepted && !x->device;
	}
	if (code == NF_DROP)
		x->dropped = true;
	else if (code == NF_ACCEPT)
		x->accepted = true;
	else if (code == (uint32_t)NFT_GOTO)
		run_chain(x, chain);
	else
		assert_int_equal(code, (uint32_t)NFT_RETURN);
	return false;
}

static inline uint32_t turn_of(struct run *x, const struct rule_expr *e)
{
	size_t i = 0;

	if (!x->turns)
		return x->turn;
	while (i < 128 && x->turns->at[i] && x->turns->at[i] != e)
		i++;
	assert_in_range(i, 0, 127);
	x->turns->at[i] = e;
	return x->turns->seen[i]++;
}

static inline bool run_rule(struct run *x, const struct ruleset_rule *rule)
{
	for (size_t i = 0; i < rule->exprs.n; i++) {
		const struct rule_expr *e = &rule->exprs.at[i];
		const struct ruleset_elem *found;
		uint32_t number;

		switch (e->op) {
		case OP_META:
		case OP_PAYLOAD:
		case OP_FIB:
			if (!load(x, e))
				return true;
			break;
		case OP_NUMGEN:
			assert_int_equal(e->key, NFT_NG_INCREMENTAL);
			number = turn_of(x, e) % e->offset;
			memcpy(reg(x, e->reg), &number, 4);
			break;
		case OP_UPDATE:
			note(x, e);
			break;
		case OP_HTON:
			memcpy(&number, reg(x, e->reg), 4);
			number = htonl(number);
			memcpy(reg(x, e->reg), &number, 4);
			break;
		case OP_BITWISE:
			for (size_t k = 0; k < e->len; k++)
				reg(x, e->reg)[k] &= e->data[k];
			break;
		case OP_CMP:
			if (!compare(x, e))
				return true;
			break;
		case OP_LOOKUP:
			if ((look_up(x, e) != NULL || among_noted(x, e)) == (e->key == NFT_LOOKUP_F_INV))
				return true;
			break;
		case OP_VMAP:
			found = look_up(x, e);
			return found ? verdict(x, found->verdict, found->name) : true;
		case OP_COUNTER_MAP:
			found = look_up(x, e);
			if (!found)
				return true;
			*vec_push(x->arena, &x->hits) = found->name;
			break;
		case OP_COUNTER:
			*vec_push(x->arena, &x->hits) = e->name;
			break;
		case OP_VERDICT:
			return verdict(x, e->key, e->name);
		case OP_QUOTA_MAP:
		case OP_LIMIT_MAP:
			found = look_up(x, e);
			if (!found)
				return true;
			*vec_push(x->arena, &x->hits) = found->name;
			if (!x->over(found->name))
				return true;
			break;
		case OP_DATA_MAP:
			found = look_up(x, e);
			if (!found)
				return true;
			memcpy(reg(x, e->reg), &found->verdict, RULESET_CLASS_LEN);
			break;
		case OP_META_SET:
			assert_int_equal(e->key, NFT_META_PRIORITY);
			memcpy(&x->priority, reg(x, e->reg), sizeof x->priority);
			break;
		case OP_DATA:
			memcpy(reg(x, e->reg), e->data, e->len);
			break;
		case OP_FWD:
			memcpy(&x->device, reg(x, e->reg), sizeof x->device);
			return false;
		case OP_TPROXY:
			fail_msg("no packet may come here");
			break;
		case OP_FOREIGN:
			fail_msg("an expression that no rule of ours has");
		}
	}
	return true;
}

static inline bool run_chain(struct run *x, const char *name)
{
	const struct ruleset_chain *c = ruleset_chain(x->r, name);

	assert_non_null(c);
	assert_true(++x->depth < 8);
	for (size_t i = 0; i < c->rules.n; i++)
		if (!run_rule(x, &c->rules.at[i]))
			break;
	x->depth--;
	return true;
}

/* -- what the configuration says of a packet -- */

static inline bool in_prefixes(const struct prefix_list *l, const struct packet *p)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct prefix *x = &l->at[i];
		bool same = x->family == p->family;

		for (size_t bit = 0; bit < x->len && same; bit++)
			same = ((x->addr[bit / 8] ^ p->address[bit / 8]) >> (7 - bit % 8) & 1) == 0;
		if (same)
			return true;
	}
	return false;
}

/* Base chains of the direction by priority; a drop ends the packet, an accept its chain. */
static inline void run_packet(struct run *x)
{
	const struct ruleset_chain *base[8];
	size_t n = 0;

	for (size_t i = 0; i < x->r->chains.n; i++) {
		const struct ruleset_chain *c = &x->r->chains.at[i];

		if (c->base && c->hook == (x->p->dir == DIR_IN ? NF_INET_PRE_ROUTING : NF_INET_POST_ROUTING))
			base[n++] = c;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n; k++)
			if (base[k]->priority < base[i]->priority) {
				const struct ruleset_chain *other = base[i];

				base[i] = base[k];
				base[k] = other;
			}
	for (size_t i = 0; i < n && !x->dropped; i++) {
		x->accepted = false;
		run_chain(x, base[i]->name);
	}
}

static inline bool in_ports(const struct entry *e, const struct packet *p)
{
	uint8_t bit = p->protocol == IPPROTO_TCP ? PROTO_TCP
		: p->protocol == IPPROTO_UDP     ? PROTO_UDP
		: p->protocol == IPPROTO_SCTP    ? PROTO_SCTP
						 : 0;

	for (size_t i = 0; i < e->ports.n; i++)
		if (e->ports.at[i].lo <= p->port && p->port <= e->ports.at[i].hi)
			return e->protocols & bit;
	return false;
}

static inline bool in_devices(const struct entry *e, const char *device)
{
	for (size_t i = 0; i < e->devices.n; i++)
		if (strcmp(e->devices.at[i], device) == 0)
			return true;
	return false;
}

static inline bool counts(const struct config *c, const struct entry *e, const struct packet *p, bool listed)
{
	bool ours = p->type == RTN_LOCAL || (p->type == RTN_ANYCAST && p->dir == DIR_IN) ||
		(p->type == RTN_UNICAST && in_prefixes(&c->settings.own, p));

	switch (e->kind) {
	case ENTRY_INTERFACE:
		return e->devices.n ? in_devices(e, p->device) : listed;
	case ENTRY_ADDRESS:
		return listed && in_prefixes(&e->addresses, p) && (!e->ports.n || in_ports(e, p));
	case ENTRY_PORT:
		return listed && ours && in_ports(e, p);
	default:
		return false;
	}
}

static inline uint16_t random_port(const struct config *c, uint64_t *seed)
{
	const struct entry *e = c->entries.n ? &c->entries.at[next_random(seed) % c->entries.n] : NULL;
	const struct port_range *r;

	if (!e || !e->ports.n || next_random(seed) % 4 == 0)
		return (uint16_t)next_random(seed);
	r = &e->ports.at[next_random(seed) % e->ports.n];
	switch (next_random(seed) % 4) {
	case 0:
		return (uint16_t)(r->lo - 1);
	case 1:
		return r->lo;
	case 2:
		return r->hi;
	default:
		return (uint16_t)(r->hi + 1);
	}
}

/* In or just beside some prefix that was configured. */
static inline void random_address(const struct config *c, uint64_t *seed, struct packet *p)
{
	const struct entry *e = c->entries.n ? &c->entries.at[next_random(seed) % c->entries.n] : NULL;
	const struct prefix_list *l = e && next_random(seed) % 3 ? &e->addresses : &c->settings.own;
	const struct prefix *x = l->n ? &l->at[next_random(seed) % l->n] : NULL;

	p->family = next_random(seed) % 2 ? 4 : 6;
	for (size_t i = 0; i < 16; i++)
		p->address[i] = (uint8_t)next_random(seed);
	if (x) {
		p->family = x->family;
		for (size_t bit = 0; bit < x->len; bit++) {
			uint8_t one = (uint8_t)(0x80 >> bit % 8);

			p->address[bit / 8] = (uint8_t)((p->address[bit / 8] & ~one) | (x->addr[bit / 8] & one));
		}
		if (next_random(seed) % 4 == 0)
			p->address[(x->len - 1U) / 8] ^= 1;
	}
	if (p->family == 4)
		memset(p->address + 4, 0, 12);
}

static inline struct packet random_packet(const struct config *c, uint64_t *seed)
{
	static const char *const devices[] = { "eth0", "eth0", "eth1", "wg0", "side0", "gone0", "lo" };
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP };
	static const uint32_t types[] = { RTN_LOCAL, RTN_LOCAL, RTN_UNICAST, RTN_UNICAST, RTN_BROADCAST, RTN_ANYCAST,
		RTN_MULTICAST, RTN_UNSPEC };
	static const uint32_t lengths[] = { 40, 230, 400, 401, 1280, 1281, 1420, 1421, 1500, 1501, 9000, 9001, 64000,
		65536, 65537 };
	struct packet p = { .dir = next_random(seed) % 2 ? DIR_IN : DIR_OUT,
		.device = devices[next_random(seed) % 7],
		.protocol = protocols[next_random(seed) % 5],
		.port = random_port(c, seed),
		.length = lengths[next_random(seed) % 15],
		.type = types[next_random(seed) % 8],
		.timestamps = next_random(seed) % 2 };

	random_address(c, seed, &p);
	p.peer[0] = 198;
	p.peer[3] = (uint8_t)(1 + next_random(seed) % 2);
	return p;
}

#endif
