/* Expressions of a rule: see expr.h.
 * One function writes, one reads, side by side for each kind, so that a rule read back equals the rule written.
 * nft/ only. */
#include "nft/expr.h"

#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "util/arena.h"

static struct nftnl_expr *make(struct nftnl_rule *to, const char *name)
{
	struct nftnl_expr *x = nftnl_expr_alloc(name);

	if (!x)
		arena_oom();
	nftnl_rule_add_expr(to, x);
	return x;
}

static bool is_object_map(enum rule_op op)
{
	return op == OP_COUNTER_MAP || op == OP_QUOTA_MAP || op == OP_LIMIT_MAP;
}

static void put_set(struct nftnl_rule *to, const struct rule_expr *e)
{
	struct nftnl_expr *x = make(to, is_object_map(e->op) ? "objref" : "lookup");

	if (is_object_map(e->op)) {
		nftnl_expr_set_u32(x, NFTNL_EXPR_OBJREF_SET_SREG, e->reg);
		nftnl_expr_set_str(x, NFTNL_EXPR_OBJREF_SET_NAME, e->name);
		return;
	}
	nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_SREG, e->reg);
	nftnl_expr_set_str(x, NFTNL_EXPR_LOOKUP_SET, e->name);
	if (e->op == OP_VMAP)
		nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT);
	else if (e->op == OP_DATA_MAP)
		nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_DREG, e->reg);
	else if (e->key)
		nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_FLAGS, e->key);
}

static void put_load(struct nftnl_rule *to, const struct rule_expr *e)
{
	struct nftnl_expr *x;

	if (e->op == OP_META || e->op == OP_META_SET) {
		x = make(to, "meta");
		nftnl_expr_set_u32(x, NFTNL_EXPR_META_KEY, e->key);
		nftnl_expr_set_u32(x, e->op == OP_META ? NFTNL_EXPR_META_DREG : NFTNL_EXPR_META_SREG, e->reg);
	} else if (e->op == OP_PAYLOAD) {
		x = make(to, "payload");
		nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_BASE, e->key);
		nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_OFFSET, e->offset);
		nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_LEN, e->len);
		nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_DREG, e->reg);
	} else if (e->op == OP_NUMGEN) {
		x = make(to, "numgen");
		nftnl_expr_set_u32(x, NFTNL_EXPR_NG_TYPE, e->key);
		nftnl_expr_set_u32(x, NFTNL_EXPR_NG_MODULUS, e->offset);
		nftnl_expr_set_u32(x, NFTNL_EXPR_NG_DREG, e->reg);
	} else {
		x = make(to, "fib");
		nftnl_expr_set_u32(x, NFTNL_EXPR_FIB_FLAGS, e->key);
		nftnl_expr_set_u32(x, NFTNL_EXPR_FIB_RESULT, e->offset);
		nftnl_expr_set_u32(x, NFTNL_EXPR_FIB_DREG, e->reg);
	}
}

static void put_compute(struct nftnl_rule *to, const struct rule_expr *e)
{
	static const uint8_t zero[16];
	struct nftnl_expr *x;

	if (e->op == OP_DATA) {
		x = make(to, "immediate");
		nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_DREG, e->reg);
		nftnl_expr_set(x, NFTNL_EXPR_IMM_DATA, e->data, e->len);
	} else if (e->op == OP_HTON) {
		x = make(to, "byteorder");
		nftnl_expr_set_u32(x, NFTNL_EXPR_BYTEORDER_SREG, e->reg);
		nftnl_expr_set_u32(x, NFTNL_EXPR_BYTEORDER_DREG, e->reg);
		nftnl_expr_set_u32(x, NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON);
		nftnl_expr_set_u32(x, NFTNL_EXPR_BYTEORDER_LEN, 4);
		nftnl_expr_set_u32(x, NFTNL_EXPR_BYTEORDER_SIZE, 4);
	} else if (e->op == OP_BITWISE) {
		x = make(to, "bitwise");
		nftnl_expr_set_u32(x, NFTNL_EXPR_BITWISE_SREG, e->reg);
		nftnl_expr_set_u32(x, NFTNL_EXPR_BITWISE_DREG, e->reg);
		nftnl_expr_set_u32(x, NFTNL_EXPR_BITWISE_LEN, e->len);
		nftnl_expr_set(x, NFTNL_EXPR_BITWISE_MASK, e->data, e->len);
		nftnl_expr_set(x, NFTNL_EXPR_BITWISE_XOR, zero, e->len);
	} else {
		x = make(to, "cmp");
		nftnl_expr_set_u32(x, NFTNL_EXPR_CMP_SREG, e->reg);
		nftnl_expr_set_u32(x, NFTNL_EXPR_CMP_OP, e->key);
		nftnl_expr_set(x, NFTNL_EXPR_CMP_DATA, e->data, e->len);
	}
}

static void put_end(struct nftnl_rule *to, const struct rule_expr *e)
{
	struct nftnl_expr *x;

	if (e->op == OP_FWD) {
		x = make(to, "fwd");
		nftnl_expr_set_u32(x, NFTNL_EXPR_FWD_SREG_DEV, e->reg);
	} else if (e->op == OP_TPROXY) {
		x = make(to, "tproxy");
		nftnl_expr_set_u32(x, NFTNL_EXPR_TPROXY_FAMILY, NFPROTO_UNSPEC);
		nftnl_expr_set_u32(x, NFTNL_EXPR_TPROXY_REG_PORT, e->reg);
	} else if (e->op == OP_UPDATE) {
		x = make(to, "dynset");
		nftnl_expr_set_u32(x, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
		nftnl_expr_set_u32(x, NFTNL_EXPR_DYNSET_SREG_KEY, e->reg);
		nftnl_expr_set_str(x, NFTNL_EXPR_DYNSET_SET_NAME, e->name);
	} else if (e->op == OP_COUNTER) {
		x = make(to, "objref");
		nftnl_expr_set_u32(x, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
		nftnl_expr_set_str(x, NFTNL_EXPR_OBJREF_IMM_NAME, e->name);
	} else {
		x = make(to, "immediate");
		nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
		nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_VERDICT, e->key);
		if (e->name)
			nftnl_expr_set_str(x, NFTNL_EXPR_IMM_CHAIN, e->name);
	}
}

void nft_expr_put(struct nftnl_rule *to, const struct rule_expr *e)
{
	switch (e->op) {
	case OP_META:
	case OP_META_SET:
	case OP_PAYLOAD:
	case OP_FIB:
	case OP_NUMGEN:
		put_load(to, e);
		break;
	case OP_DATA:
	case OP_HTON:
	case OP_BITWISE:
	case OP_CMP:
		put_compute(to, e);
		break;
	case OP_LOOKUP:
	case OP_VMAP:
	case OP_DATA_MAP:
	case OP_COUNTER_MAP:
	case OP_QUOTA_MAP:
	case OP_LIMIT_MAP:
		put_set(to, e);
		break;
	case OP_COUNTER:
	case OP_UPDATE:
	case OP_FWD:
	case OP_TPROXY:
	case OP_VERDICT:
		put_end(to, e);
		break;
	case OP_FOREIGN:
		break;
	}
}

static uint32_t u32(const struct nftnl_expr *x, uint16_t attr)
{
	return nftnl_expr_is_set(x, attr) ? nftnl_expr_get_u32(x, attr) : 0;
}

static const char *text(struct arena *a, const struct nftnl_expr *x, uint16_t attr)
{
	const char *s = nftnl_expr_is_set(x, attr) ? nftnl_expr_get_str(x, attr) : NULL;

	return s ? arena_strdup(a, s) : NULL;
}

/* false: longer than any of ours. */
static bool data(const struct nftnl_expr *x, uint16_t attr, struct rule_expr *e)
{
	uint32_t len = 0;
	const void *p = nftnl_expr_get(x, attr, &len);

	if (!p || len > sizeof e->data)
		return false;
	e->len = len;
	memcpy(e->data, p, len);
	return true;
}

static bool get_load(const char *kind, const struct nftnl_expr *x, struct rule_expr *e)
{
	if (strcmp(kind, "meta") == 0 && nftnl_expr_is_set(x, NFTNL_EXPR_META_DREG)) {
		e->op = OP_META;
		e->key = u32(x, NFTNL_EXPR_META_KEY);
		e->reg = u32(x, NFTNL_EXPR_META_DREG);
	} else if (strcmp(kind, "meta") == 0) {
		e->op = OP_META_SET;
		e->key = u32(x, NFTNL_EXPR_META_KEY);
		e->reg = u32(x, NFTNL_EXPR_META_SREG);
	} else if (strcmp(kind, "payload") == 0 && nftnl_expr_is_set(x, NFTNL_EXPR_PAYLOAD_DREG)) {
		e->op = OP_PAYLOAD;
		e->key = u32(x, NFTNL_EXPR_PAYLOAD_BASE);
		e->offset = u32(x, NFTNL_EXPR_PAYLOAD_OFFSET);
		e->len = u32(x, NFTNL_EXPR_PAYLOAD_LEN);
		e->reg = u32(x, NFTNL_EXPR_PAYLOAD_DREG);
	} else if (strcmp(kind, "fib") == 0) {
		e->op = OP_FIB;
		e->key = u32(x, NFTNL_EXPR_FIB_FLAGS);
		e->offset = u32(x, NFTNL_EXPR_FIB_RESULT);
		e->reg = u32(x, NFTNL_EXPR_FIB_DREG);
	} else if (strcmp(kind, "numgen") == 0 && u32(x, NFTNL_EXPR_NG_OFFSET) == 0) {
		e->op = OP_NUMGEN;
		e->key = u32(x, NFTNL_EXPR_NG_TYPE);
		e->offset = u32(x, NFTNL_EXPR_NG_MODULUS);
		e->reg = u32(x, NFTNL_EXPR_NG_DREG);
	}
	return e->op != OP_FOREIGN;
}

static bool get_compute(const char *kind, const struct nftnl_expr *x, struct rule_expr *e)
{
	static const uint8_t zero[16];
	struct rule_expr xor = { 0 };

	if (strcmp(kind, "byteorder") == 0 && u32(x, NFTNL_EXPR_BYTEORDER_OP) == NFT_BYTEORDER_HTON &&
		u32(x, NFTNL_EXPR_BYTEORDER_LEN) == 4 && u32(x, NFTNL_EXPR_BYTEORDER_SIZE) == 4 &&
		u32(x, NFTNL_EXPR_BYTEORDER_SREG) == u32(x, NFTNL_EXPR_BYTEORDER_DREG)) {
		e->op = OP_HTON;
		e->reg = u32(x, NFTNL_EXPR_BYTEORDER_DREG);
	} else if (strcmp(kind, "bitwise") == 0 && u32(x, NFTNL_EXPR_BITWISE_OP) == NFT_BITWISE_BOOL &&
		u32(x, NFTNL_EXPR_BITWISE_SREG) == u32(x, NFTNL_EXPR_BITWISE_DREG) &&
		data(x, NFTNL_EXPR_BITWISE_XOR, &xor) && memcmp(xor.data, zero, xor.len) == 0 &&
		data(x, NFTNL_EXPR_BITWISE_MASK, e)) {
		e->op = OP_BITWISE;
		e->reg = u32(x, NFTNL_EXPR_BITWISE_DREG);
	} else if (strcmp(kind, "cmp") == 0 && data(x, NFTNL_EXPR_CMP_DATA, e)) {
		e->op = OP_CMP;
		e->key = u32(x, NFTNL_EXPR_CMP_OP);
		e->reg = u32(x, NFTNL_EXPR_CMP_SREG);
	} else if (strcmp(kind, "immediate") == 0 && u32(x, NFTNL_EXPR_IMM_DREG) != NFT_REG_VERDICT &&
		data(x, NFTNL_EXPR_IMM_DATA, e)) {
		e->op = OP_DATA;
		e->reg = u32(x, NFTNL_EXPR_IMM_DREG);
	}
	return e->op != OP_FOREIGN;
}

/* For as long as the set says, with nothing attached. */
static bool plain_update(const struct nftnl_expr *x)
{
	return u32(x, NFTNL_EXPR_DYNSET_OP) == NFT_DYNSET_OP_UPDATE && u32(x, NFTNL_EXPR_DYNSET_FLAGS) == 0 &&
		!nftnl_expr_is_set(x, NFTNL_EXPR_DYNSET_SREG_DATA) && !nftnl_expr_is_set(x, NFTNL_EXPR_DYNSET_EXPR) &&
		(!nftnl_expr_is_set(x, NFTNL_EXPR_DYNSET_TIMEOUT) ||
			nftnl_expr_get_u64(x, NFTNL_EXPR_DYNSET_TIMEOUT) == 0);
}

static bool get_end(struct arena *a, const char *kind, const struct nftnl_expr *x, struct rule_expr *e)
{
	if (strcmp(kind, "lookup") == 0) {
		e->op = !nftnl_expr_is_set(x, NFTNL_EXPR_LOOKUP_DREG)                 ? OP_LOOKUP
			: u32(x, NFTNL_EXPR_LOOKUP_DREG) == (uint32_t)NFT_REG_VERDICT ? OP_VMAP
										      : OP_DATA_MAP;
		e->reg = u32(x, NFTNL_EXPR_LOOKUP_SREG);
		e->key = u32(x, NFTNL_EXPR_LOOKUP_FLAGS);
		e->name = text(a, x, NFTNL_EXPR_LOOKUP_SET);
		if (e->op == OP_DATA_MAP && u32(x, NFTNL_EXPR_LOOKUP_DREG) != e->reg)
			e->op = OP_FOREIGN;
	} else if (strcmp(kind, "objref") == 0 && nftnl_expr_is_set(x, NFTNL_EXPR_OBJREF_SET_NAME)) {
		e->op = OP_COUNTER_MAP;
		e->reg = u32(x, NFTNL_EXPR_OBJREF_SET_SREG);
		e->name = text(a, x, NFTNL_EXPR_OBJREF_SET_NAME);
	} else if (strcmp(kind, "objref") == 0 && u32(x, NFTNL_EXPR_OBJREF_IMM_TYPE) == NFT_OBJECT_COUNTER) {
		e->op = OP_COUNTER;
		e->name = text(a, x, NFTNL_EXPR_OBJREF_IMM_NAME);
	} else if (strcmp(kind, "immediate") == 0 && u32(x, NFTNL_EXPR_IMM_DREG) == NFT_REG_VERDICT) {
		e->op = OP_VERDICT;
		e->key = u32(x, NFTNL_EXPR_IMM_VERDICT);
		e->name = text(a, x, NFTNL_EXPR_IMM_CHAIN);
	} else if (strcmp(kind, "dynset") == 0 && plain_update(x)) {
		e->op = OP_UPDATE;
		e->reg = u32(x, NFTNL_EXPR_DYNSET_SREG_KEY);
		e->name = text(a, x, NFTNL_EXPR_DYNSET_SET_NAME);
	} else if (strcmp(kind, "fwd") == 0 && !nftnl_expr_is_set(x, NFTNL_EXPR_FWD_SREG_ADDR)) {
		e->op = OP_FWD;
		e->reg = u32(x, NFTNL_EXPR_FWD_SREG_DEV);
	} else if (strcmp(kind, "tproxy") == 0 && u32(x, NFTNL_EXPR_TPROXY_FAMILY) == NFPROTO_UNSPEC &&
		!nftnl_expr_is_set(x, NFTNL_EXPR_TPROXY_REG_ADDR)) {
		e->op = OP_TPROXY;
		e->reg = u32(x, NFTNL_EXPR_TPROXY_REG_PORT);
	}
	return e->op != OP_FOREIGN;
}

struct reading {
	struct arena *arena;
	struct ruleset_rule *rule;
};

static int on_expr(struct nftnl_expr *x, void *arg)
{
	struct reading *r = arg;
	struct rule_expr *e = vec_push(r->arena, &r->rule->exprs);
	const char *kind = nftnl_expr_get_str(x, NFTNL_EXPR_NAME);

	e->op = OP_FOREIGN;
	if (!kind || get_load(kind, x, e) || get_compute(kind, x, e) || get_end(r->arena, kind, x, e))
		return 0;
	*e = (struct rule_expr){ .op = OP_FOREIGN };
	return 0;
}

int nft_expr_get(struct arena *a, const struct nftnl_rule *from, struct ruleset_rule *ret_rule)
{
	struct reading r = { a, ret_rule };

	return nftnl_expr_foreach((struct nftnl_rule *)(uintptr_t)from, on_expr, &r);
}
