/* Each probe is one batch: a table of its own, the thing in question, and a rule or element that uses it, as the program would.
 * What the kernel refuses is a missing feature; its answer is kept.
 * run/doctor_kernel.c calls. */
#include "nft/probe.h"

#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nl/talk.h"
#include "util/arena.h"

#define TABLE "probe"

/* Attributes of nft's own that the kernel only stores: type 0 of a table's and of an object's user data is the comment. */
static const char comment[] = { 0, 6, 'p', 'r', 'o', 'b', 'e', 0 };

struct attempt {
	struct batch b;
	uint32_t family;
};

static struct nlmsghdr *begin(struct attempt *t, uint16_t type)
{
	return batch_begin(&t->b, type, NLM_F_CREATE, (uint8_t)t->family);
}

static void *made(void *object)
{
	if (!object)
		arena_oom();
	return object;
}

static void table(struct attempt *t, uint32_t family)
{
	struct nftnl_table *o = made(nftnl_table_alloc());
	struct nlmsghdr *nlh;

	t->family = family;
	nftnl_table_set_str(o, NFTNL_TABLE_NAME, TABLE);
	nftnl_table_set_data(o, NFTNL_TABLE_USERDATA, comment, sizeof comment);
	nlh = begin(t, NFT_MSG_NEWTABLE);
	nftnl_table_nlmsg_build_payload(nlh, o);
	batch_end(&t->b, nlh);
	nftnl_table_free(o);
}

static void object(struct attempt *t, uint32_t type)
{
	struct nftnl_obj *o = made(nftnl_obj_alloc());
	struct nlmsghdr *nlh;

	nftnl_obj_set_str(o, NFTNL_OBJ_TABLE, TABLE);
	nftnl_obj_set_str(o, NFTNL_OBJ_NAME, "p_x.in");
	nftnl_obj_set_u32(o, NFTNL_OBJ_TYPE, type);
	nftnl_obj_set_data(o, NFTNL_OBJ_USERDATA, comment, sizeof comment);
	if (type == NFT_OBJECT_COUNTER) {
		nftnl_obj_set_u64(o, NFTNL_OBJ_CTR_PKTS, 1);
		nftnl_obj_set_u64(o, NFTNL_OBJ_CTR_BYTES, 1);
	} else if (type == NFT_OBJECT_QUOTA) {
		nftnl_obj_set_u64(o, NFTNL_OBJ_QUOTA_BYTES, 2);
		nftnl_obj_set_u64(o, NFTNL_OBJ_QUOTA_CONSUMED, 1);
		nftnl_obj_set_u32(o, NFTNL_OBJ_QUOTA_FLAGS, NFT_QUOTA_F_INV);
	} else {
		nftnl_obj_set_u64(o, NFTNL_OBJ_LIMIT_RATE, 1000000);
		nftnl_obj_set_u64(o, NFTNL_OBJ_LIMIT_UNIT, 1);
		nftnl_obj_set_u32(o, NFTNL_OBJ_LIMIT_BURST, 65536);
		nftnl_obj_set_u32(o, NFTNL_OBJ_LIMIT_TYPE, NFT_LIMIT_PKT_BYTES);
		nftnl_obj_set_u32(o, NFTNL_OBJ_LIMIT_FLAGS, NFT_LIMIT_F_INV);
	}
	nlh = begin(t, NFT_MSG_NEWOBJ);
	nftnl_obj_nlmsg_build_payload(nlh, o);
	batch_end(&t->b, nlh);
	nftnl_obj_free(o);
}

/* A map from a key of key_len bytes to objects of object_type, or to verdicts (0), with one element. */
static void map(struct attempt *t, uint32_t flags, uint32_t key_len, uint32_t object_type)
{
	const uint32_t id = 1;
	const uint8_t from[8] = { 0, 80 }, to[8] = { 0, 90 };
	struct nftnl_set *s = made(nftnl_set_alloc());
	struct nftnl_set_elem *e = made(nftnl_set_elem_alloc());
	struct nlmsghdr *nlh;

	nftnl_set_set_str(s, NFTNL_SET_TABLE, TABLE);
	nftnl_set_set_str(s, NFTNL_SET_NAME, "m");
	nftnl_set_set_u32(s, NFTNL_SET_ID, id);
	nftnl_set_set_u32(s, NFTNL_SET_KEY_TYPE, 13); /* inet_service, for nft's eyes */
	nftnl_set_set_u32(s, NFTNL_SET_KEY_LEN, key_len);
	nftnl_set_set_u32(s, NFTNL_SET_FLAGS, flags | (object_type ? NFT_SET_OBJECT : NFT_SET_MAP));
	if (object_type) {
		nftnl_set_set_u32(s, NFTNL_SET_OBJ_TYPE, object_type);
	} else {
		nftnl_set_set_u32(s, NFTNL_SET_DATA_TYPE, NFT_DATA_VERDICT);
		nftnl_set_set_u32(s, NFTNL_SET_DATA_LEN, 16);
	}
	nlh = begin(t, NFT_MSG_NEWSET);
	nftnl_set_nlmsg_build_payload(nlh, s);
	batch_end(&t->b, nlh);

	nftnl_set_elem_set(e, NFTNL_SET_ELEM_KEY, from, key_len);
	if (object_type)
		nftnl_set_elem_set_str(e, NFTNL_SET_ELEM_OBJREF, "p_x.in");
	else
		nftnl_set_elem_set_u32(e, NFTNL_SET_ELEM_VERDICT, NF_ACCEPT);
	if (flags & NFT_SET_TIMEOUT)
		nftnl_set_elem_set_u64(e, NFTNL_SET_ELEM_TIMEOUT, 3600000);
	nftnl_set_elem_add(s, e);
	if (flags & NFT_SET_INTERVAL) {
		e = made(nftnl_set_elem_alloc());
		nftnl_set_elem_set(e, NFTNL_SET_ELEM_KEY, to, key_len);
		nftnl_set_elem_set_u32(e, NFTNL_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
		nftnl_set_elem_add(s, e);
	}
	nlh = begin(t, NFT_MSG_NEWSETELEM);
	nftnl_set_elems_nlmsg_build_payload(nlh, s);
	batch_end(&t->b, nlh);
	nftnl_set_free(s);
}

static void chain(struct attempt *t, uint32_t hook, int32_t priority, const char *device)
{
	struct nftnl_chain *c = made(nftnl_chain_alloc());
	struct nlmsghdr *nlh;

	nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, TABLE);
	nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, "c");
	nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, "filter");
	nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, hook);
	nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, priority);
	nftnl_chain_set_u32(c, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	if (device)
		nftnl_chain_set_str(c, NFTNL_CHAIN_DEV, device);
	nlh = begin(t, NFT_MSG_NEWCHAIN);
	nftnl_chain_nlmsg_build_payload(nlh, c);
	batch_end(&t->b, nlh);
	nftnl_chain_free(c);
}

static void raw_chain(struct attempt *t)
{
	chain(t, NF_INET_PRE_ROUTING, -300, NULL);
}

static struct nftnl_rule *rule_begin(void)
{
	struct nftnl_rule *r = made(nftnl_rule_alloc());

	nftnl_rule_set_str(r, NFTNL_RULE_TABLE, TABLE);
	nftnl_rule_set_str(r, NFTNL_RULE_CHAIN, "c");
	return r;
}

static void rule_end(struct attempt *t, struct nftnl_rule *r)
{
	struct nlmsghdr *nlh = batch_begin(&t->b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, (uint8_t)t->family);

	nftnl_rule_nlmsg_build_payload(nlh, r);
	batch_end(&t->b, nlh);
	nftnl_rule_free(r);
}

/* n attributes of the expression, as pairs */
static void expr(struct nftnl_rule *r, const char *name, size_t n, const uint32_t pairs[][2])
{
	struct nftnl_expr *e = nftnl_expr_alloc(name);

	if (!e)
		arena_oom();
	for (size_t i = 0; i < n; i++)
		nftnl_expr_set_u32(e, (uint16_t)pairs[i][0], pairs[i][1]);
	nftnl_rule_add_expr(r, e);
}
#define EXPR(r, name, ...) \
	expr((r), (name), sizeof((const uint32_t[][2]){ __VA_ARGS__ }) / sizeof(uint32_t[2]), \
		(const uint32_t[][2]){ __VA_ARGS__ })

static void immediate(struct nftnl_rule *r, uint32_t value)
{
	struct nftnl_expr *e = made(nftnl_expr_alloc("immediate"));

	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_1);
	nftnl_expr_set(e, NFTNL_EXPR_IMM_DATA, &value, sizeof value);
	nftnl_rule_add_expr(r, e);
}

/* th dport into the first register, then the map: its object counts, holds or limits */
static void map_rule(struct attempt *t)
{
	struct nftnl_rule *r = rule_begin();
	struct nftnl_expr *e;

	EXPR(r, "payload", { NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1 },
		{ NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER }, { NFTNL_EXPR_PAYLOAD_OFFSET, 2 },
		{ NFTNL_EXPR_PAYLOAD_LEN, 2 });
	e = made(nftnl_expr_alloc("objref"));
	nftnl_expr_set_u32(e, NFTNL_EXPR_OBJREF_SET_SREG, NFT_REG_1);
	nftnl_expr_set_str(e, NFTNL_EXPR_OBJREF_SET_NAME, "m");
	nftnl_expr_set_u32(e, NFTNL_EXPR_OBJREF_SET_ID, 1);
	nftnl_rule_add_expr(r, e);
	rule_end(t, r);
}

static void try_table(struct attempt *t)
{
	table(t, NFPROTO_INET);
	raw_chain(t);
}

static void try_counter(struct attempt *t)
{
	table(t, NFPROTO_INET);
	object(t, NFT_OBJECT_COUNTER);
}

static void try_hash(struct attempt *t)
{
	table(t, NFPROTO_INET);
	object(t, NFT_OBJECT_COUNTER);
	raw_chain(t);
	map(t, 0, 2, NFT_OBJECT_COUNTER);
	map_rule(t);
}

static void try_interval(struct attempt *t)
{
	table(t, NFPROTO_INET);
	object(t, NFT_OBJECT_COUNTER);
	raw_chain(t);
	map(t, NFT_SET_INTERVAL, 2, NFT_OBJECT_COUNTER);
	map_rule(t);
}

/* address and port side by side in one key */
static void try_pair(struct attempt *t)
{
	table(t, NFPROTO_INET);
	object(t, NFT_OBJECT_COUNTER);
	map(t, 0, 8, NFT_OBJECT_COUNTER);
}

static void try_fib(struct attempt *t)
{
	struct nftnl_rule *r;

	table(t, NFPROTO_INET);
	raw_chain(t);
	r = rule_begin();
	EXPR(r, "fib", { NFTNL_EXPR_FIB_DREG, NFT_REG_1 }, { NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE },
		{ NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_DADDR });
	rule_end(t, r);
}

static void try_quota(struct attempt *t)
{
	table(t, NFPROTO_INET);
	object(t, NFT_OBJECT_QUOTA);
	raw_chain(t);
	map(t, 0, 2, NFT_OBJECT_QUOTA);
	map_rule(t);
}

static void try_limit(struct attempt *t)
{
	table(t, NFPROTO_INET);
	object(t, NFT_OBJECT_LIMIT);
	raw_chain(t);
	map(t, 0, 2, NFT_OBJECT_LIMIT);
	map_rule(t);
}

static void try_timeout(struct attempt *t)
{
	table(t, NFPROTO_INET);
	object(t, NFT_OBJECT_QUOTA);
	map(t, NFT_SET_TIMEOUT, 2, NFT_OBJECT_QUOTA);
}

static void try_verdict(struct attempt *t)
{
	table(t, NFPROTO_INET);
	map(t, NFT_SET_TIMEOUT, 2, 0);
}

static void try_turns(struct attempt *t)
{
	struct nftnl_rule *r;

	table(t, NFPROTO_INET);
	raw_chain(t);
	r = rule_begin();
	EXPR(r, "numgen", { NFTNL_EXPR_NG_DREG, NFT_REG_1 }, { NFTNL_EXPR_NG_TYPE, NFT_NG_INCREMENTAL },
		{ NFTNL_EXPR_NG_MODULUS, 28 });
	rule_end(t, r);
}

static void try_joining(struct attempt *t)
{
	struct nftnl_rule *r;

	table(t, NFPROTO_INET);
	raw_chain(t);
	r = rule_begin();
	immediate(r, 1);
	EXPR(r, "tproxy", { NFTNL_EXPR_TPROXY_FAMILY, NFPROTO_UNSPEC }, { NFTNL_EXPR_TPROXY_REG_PORT, NFT_REG_1 });
	rule_end(t, r);
}

static void try_priority(struct attempt *t)
{
	struct nftnl_rule *r;

	table(t, NFPROTO_INET);
	chain(t, NF_INET_POST_ROUTING, 300, NULL);
	r = rule_begin();
	immediate(r, 0x70660001);
	EXPR(r, "meta", { NFTNL_EXPR_META_SREG, NFT_REG_1 }, { NFTNL_EXPR_META_KEY, NFT_META_PRIORITY });
	rule_end(t, r);
}

static void try_ingress(struct attempt *t)
{
	struct nftnl_rule *r;

	table(t, NFPROTO_NETDEV);
	chain(t, NF_NETDEV_INGRESS, 0, "lo");
	r = rule_begin();
	immediate(r, 1);
	EXPR(r, "fwd", { NFTNL_EXPR_FWD_SREG_DEV, NFT_REG_1 });
	rule_end(t, r);
}

static void try_ingress_fib(struct attempt *t)
{
	struct nftnl_rule *r;

	table(t, NFPROTO_NETDEV);
	chain(t, NF_NETDEV_INGRESS, 0, "lo");
	r = rule_begin();
	EXPR(r, "fib", { NFTNL_EXPR_FIB_DREG, NFT_REG_1 }, { NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE },
		{ NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_DADDR });
	rule_end(t, r);
}

static void try_egress(struct attempt *t)
{
	table(t, NFPROTO_NETDEV);
	chain(t, NF_NETDEV_EGRESS, 0, "lo");
}

const struct probe nft_probes[NFT_PROBES] = {
	{ "tables", "nf_tables with comments on tables", PROBE_COUNT, "nf_tables", "NF_TABLES", NULL },
	{ "counters", "named counters", PROBE_COUNT, NULL, "NF_TABLES", NULL },
	{ "port-maps", "maps from ports to counters", PROBE_COUNT, "nft_objref", "NFT_OBJREF", NULL },
	{ "range-maps", "maps from port ranges to counters", PROBE_COUNT, "nft_objref", "NFT_OBJREF", NULL },
	{ "pair-maps", "maps from address and port to counters", PROBE_COUNT, "nft_objref", "NFT_OBJREF", NULL },
	{ "fib", "look-up whether an address is this machine's (fib)", PROBE_COUNT, "nft_fib_inet", "NFT_FIB_INET",
		NULL },
	{ "quotas", "quota objects", PROBE_ENFORCE, "nft_quota", "NFT_QUOTA", NULL },
	{ "limits", "limit objects", PROBE_ENFORCE, "nft_limit", "NFT_LIMIT", NULL },
	{ "timeouts", "map elements that end by themselves", PROBE_ENFORCE, NULL, "NF_TABLES", NULL },
	{ "verdict-maps", "maps from ports to verdicts", PROBE_ENFORCE, NULL, "NF_TABLES", NULL },
	{ "turns", "one packet in so many (numgen)", PROBE_FALLBACK, "nft_numgen", "NFT_NUMGEN",
		"up to 5 % more than a quota may pass between two runs, of packets that the kernel joins" },
	{ "joining", "putting fragments together (tproxy)", PROBE_FALLBACK, "nft_tproxy", "NFT_TPROXY",
		"of what comes in fragments only the first is held to the quota and limit of its port" },
	{ "priority", "packet priority for queueing classes", PROBE_SHAPE, NULL, "NF_TABLES", NULL },
	{ "ingress", "netdev ingress hook and forwarding to a device", PROBE_SHAPE, "nft_fwd_netdev", "NFT_FWD_NETDEV",
		NULL },
	{ "ingress-fib", "look-up at the ingress hook whether an address is this machine's (fib)", PROBE_SHAPE,
		"nft_fib_netdev", "NFT_FIB_NETDEV", "what comes in can be policed, not shaped" },
	{ "egress", "netdev egress hook (Linux 5.16)", PROBE_FORWARD, NULL, "NETFILTER_EGRESS", NULL },
};

static void (*const attempts[NFT_PROBES])(struct attempt *) = {
	try_table,
	try_counter,
	try_hash,
	try_interval,
	try_pair,
	try_fib,
	try_quota,
	try_limit,
	try_timeout,
	try_verdict,
	try_turns,
	try_joining,
	try_priority,
	try_ingress,
	try_ingress_fib,
	try_egress,
};

static int commit(struct talk *k, struct attempt *t, struct err *err)
{
	uint32_t generation;

	if (talk_generation(k, &generation, err) < 0)
		return -1;
	return talk_batch(k, &t->b, generation, err);
}

static int remove_table(struct talk *k, uint32_t family, struct err *err)
{
	struct attempt t = { .family = family };
	struct nftnl_table *o = made(nftnl_table_alloc());
	struct nlmsghdr *nlh;
	int rc;

	nftnl_table_set_str(o, NFTNL_TABLE_NAME, TABLE);
	nlh = begin(&t, NFT_MSG_DELTABLE);
	nftnl_table_nlmsg_build_payload(nlh, o);
	batch_end(&t.b, nlh);
	nftnl_table_free(o);
	rc = commit(k, &t, err);
	batch_free(&t.b);
	return rc;
}

int nft_probe(struct probe_answer ret_answers[NFT_PROBES], struct err *err)
{
	struct talk *k;
	int rc = 0;

	if (talk_open(&k, err) < 0)
		return -1;
	for (size_t i = 0; i < NFT_PROBES && rc == 0; i++) {
		struct attempt t = { 0 };
		struct err one = { 0 };

		ret_answers[i] = (struct probe_answer){ 0 };
		attempts[i](&t);
		if (commit(k, &t, &one) == 0) {
			rc = remove_table(k, t.family, err);
		} else {
			ret_answers[i].errnum = one.errnum ? one.errnum : EIO;
			snprintf(ret_answers[i].text, sizeof ret_answers[i].text, "%.150s", one.text);
		}
		batch_free(&t.b);
	}
	talk_close(k);
	return rc;
}
