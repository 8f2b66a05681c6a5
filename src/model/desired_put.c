/* Rules, expression by expression: see desired_put.h.
 * Loads go to one register, as nft itself writes them, so that a table that was saved and loaded again equals ours.
 * Pure; desired*.c call. */
#include "model/desired_put.h"

#include <netinet/in.h>

#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <string.h>

#define REG 1
#define TCP_OFFSET_BYTE 12
#define TCP_OFFSET_MASK 0xf0
#define TCP_OFFSET_TIMESTAMPS 0x80 /* 8 words: 20 bytes and 12 of the timestamp option */

struct ruleset_rule *rule_new(struct desired_build *b, struct ruleset_chain *c)
{
	return vec_push(b->arena, &c->rules);
}

struct rule_expr *rule_put(struct desired_build *b, struct ruleset_rule *r, enum rule_op op, uint32_t reg, uint32_t key)
{
	struct rule_expr *e = vec_push(b->arena, &r->exprs);

	e->op = op;
	e->reg = reg;
	e->key = key;
	return e;
}

void rule_put_named(struct desired_build *b, struct ruleset_rule *r, enum rule_op op, uint32_t key, const char *name)
{
	rule_put(b, r, op, op == OP_COUNTER ? 0 : REG, key)->name = name;
}

void rule_put_cmp(struct desired_build *b, struct ruleset_rule *r, uint32_t op, const void *data, uint32_t len)
{
	struct rule_expr *e = rule_put(b, r, OP_CMP, REG, op);

	e->len = len;
	memcpy(e->data, data, len);
}

void rule_put_meta_is(struct desired_build *b, struct ruleset_rule *r, uint32_t key, uint8_t value)
{
	rule_put(b, r, OP_META, REG, key);
	rule_put_cmp(b, r, NFT_CMP_EQ, &value, 1);
}

void rule_put_meta_is_not(struct desired_build *b, struct ruleset_rule *r, uint32_t key, uint8_t value)
{
	rule_put(b, r, OP_META, REG, key);
	rule_put_cmp(b, r, NFT_CMP_NEQ, &value, 1);
}

void rule_put_user_is(struct desired_build *b, struct ruleset_rule *r, uint32_t uid)
{
	rule_put(b, r, OP_META, REG, NFT_META_SKUID);
	rule_put_cmp(b, r, NFT_CMP_EQ, &uid, sizeof uid);
}

void rule_put_data(struct desired_build *b, struct ruleset_rule *r, const void *data, uint32_t len)
{
	struct rule_expr *e = rule_put(b, r, OP_DATA, REG, 0);

	e->len = len;
	memcpy(e->data, data, len);
}

void rule_put_priority(struct desired_build *b, struct ruleset_rule *r)
{
	rule_put(b, r, OP_META_SET, REG, NFT_META_PRIORITY);
}

void rule_put_payload(
	struct desired_build *b, struct ruleset_rule *r, uint32_t reg, uint32_t base, uint32_t offset, uint32_t len)
{
	struct rule_expr *e = rule_put(b, r, OP_PAYLOAD, reg, base);

	e->offset = offset;
	e->len = len;
}

void rule_put_device(struct desired_build *b, struct ruleset_rule *r, enum direction d)
{
	rule_put(b, r, OP_META, REG, d == DIR_IN ? NFT_META_IIFNAME : NFT_META_OIFNAME);
}

void rule_put_family(struct desired_build *b, struct ruleset_rule *r, uint8_t family)
{
	const uint16_t type = htons(family == 4 ? ETH_P_IP : ETH_P_IPV6);

	if (b->out->ruleset.family == RULESET_NETDEV) {
		rule_put(b, r, OP_META, REG, NFT_META_PROTOCOL);
		rule_put_cmp(b, r, NFT_CMP_EQ, &type, sizeof type);
		return;
	}
	rule_put_meta_is(b, r, NFT_META_NFPROTO, family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
}

/* Our address of the packet: the destination of what comes in, the source of what goes out. */
void rule_put_address(struct desired_build *b, struct ruleset_rule *r, enum direction d, uint8_t family)
{
	if (family == 4)
		rule_put_payload(b, r, REG, NFT_PAYLOAD_NETWORK_HEADER, d == DIR_IN ? 16 : 12, 4);
	else
		rule_put_payload(b, r, REG, NFT_PAYLOAD_NETWORK_HEADER, d == DIR_IN ? 24 : 8, 16);
}

void rule_put_port(struct desired_build *b, struct ruleset_rule *r, enum direction d, uint32_t reg)
{
	rule_put_payload(b, r, reg, NFT_PAYLOAD_TRANSPORT_HEADER, d == DIR_IN ? 2 : 0, 2);
}

static void put_length(struct desired_build *b, struct ruleset_rule *r, uint32_t op, uint32_t bytes)
{
	const uint32_t number = htonl(bytes);

	rule_put(b, r, OP_META, REG, NFT_META_LEN);
	rule_put(b, r, OP_HTON, REG, 0);
	rule_put_cmp(b, r, op, &number, sizeof number);
}

void rule_put_longer(struct desired_build *b, struct ruleset_rule *r, uint32_t bytes)
{
	put_length(b, r, NFT_CMP_GT, bytes);
}

void rule_put_no_longer(struct desired_build *b, struct ruleset_rule *r, uint32_t bytes)
{
	put_length(b, r, NFT_CMP_LTE, bytes);
}

void rule_put_stamped(struct desired_build *b, struct ruleset_rule *r)
{
	static const uint8_t least = TCP_OFFSET_TIMESTAMPS;
	struct rule_expr *e;

	rule_put_meta_is(b, r, NFT_META_L4PROTO, IPPROTO_TCP);
	rule_put_payload(b, r, REG, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_OFFSET_BYTE, 1);
	e = rule_put(b, r, OP_BITWISE, REG, 0);
	e->len = 1;
	e->data[0] = TCP_OFFSET_MASK;
	rule_put_cmp(b, r, NFT_CMP_GTE, &least, 1);
}

void rule_put_one_in(struct desired_build *b, struct ruleset_rule *r, uint32_t of)
{
	static const uint32_t first = 0;

	rule_put(b, r, OP_NUMGEN, REG, NFT_NG_INCREMENTAL)->offset = of;
	rule_put_cmp(b, r, NFT_CMP_EQ, &first, sizeof first);
}

void rule_put_verdict(struct desired_build *b, struct ruleset_rule *r, uint32_t code, const char *chain)
{
	rule_put(b, r, OP_VERDICT, 0, code)->name = chain;
}

void rule_put_address_type(struct desired_build *b, struct ruleset_rule *r, enum direction d)
{
	rule_put(b, r, OP_FIB, REG, d == DIR_IN ? NFTA_FIB_F_DADDR : NFTA_FIB_F_SADDR)->offset =
		NFT_FIB_RESULT_ADDRTYPE;
}

void rule_elsewhere(struct desired_build *b, struct ruleset_chain *c, enum direction d)
{
	struct ruleset_rule *r = rule_new(b, c);
	uint8_t name[SET_KEY_MAX];

	rule_put_device(b, r, d);
	if (b->watch->devices.n == 1) {
		desired_device_key(name, b->watch->devices.at[0].name);
		rule_put_cmp(b, r, NFT_CMP_NEQ, name, set_key_type(KEY_IFNAME)->len);
	} else {
		rule_put_named(b, r, OP_LOOKUP, NFT_LOOKUP_F_INV, "dev");
	}
	rule_put_verdict(b, r, (uint32_t)NFT_RETURN, NULL);
}
