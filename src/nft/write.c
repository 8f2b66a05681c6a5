/* Changes to our table as messages of one batch: see table.h.
 * Tables, chains, sets and rules are few: libnftnl builds them. Objects come by the ten thousand: they are written straight into the
 * batch, as elements are in write_elems.c. run/ calls. */
#include <endian.h>
#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "nft/elems.h"
#include "nft/expr.h"
#include "nft/family.h"
#include "nft/table.h"
#include "util/arena.h"

#define COMMENT_TYPE 0 /* NFTNL_UDATA_*_COMMENT */
#define CREATE (NLM_F_CREATE | NLM_F_EXCL)
#define DATA_TYPE_VERDICT 0xffffff00U
#define HOST_ENDIAN 1 /* as nft writes it: see model/ruleset.h */

static void put_table(struct batch *b, enum ruleset_family family, const char *comment)
{
	struct nlmsghdr *nlh = batch_begin(b, NFT_MSG_NEWTABLE, comment ? CREATE : 0, nft_family(family));
	uint8_t data[2 + 255];
	size_t len = comment ? strnlen(comment, 254) : 0;

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, RULESET_TABLE);
	mnl_attr_put_u32(nlh, NFTA_TABLE_FLAGS, 0);
	if (comment) {
		data[0] = COMMENT_TYPE;
		data[1] = (uint8_t)(len + 1);
		memcpy(data + 2, comment, len);
		data[2 + len] = '\0';
		mnl_attr_put(nlh, NFTA_TABLE_USERDATA, len + 3, data);
	}
	batch_end(b, nlh);
}

static void put_table_del(struct batch *b, enum ruleset_family family)
{
	struct nlmsghdr *nlh = batch_begin(b, NFT_MSG_DELTABLE, 0, nft_family(family));

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, RULESET_TABLE);
	batch_end(b, nlh);
}

void nft_put_table_del(struct batch *b)
{
	put_table_del(b, RULESET_INET);
}

void nft_put_ingress_del(struct batch *b)
{
	put_table_del(b, RULESET_NETDEV);
}

static void put_flush(struct batch *b, enum ruleset_family family, const char *chain)
{
	struct nlmsghdr *nlh = batch_begin(b, NFT_MSG_DELRULE, 0, nft_family(family));

	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, RULESET_TABLE);
	if (*chain)
		mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, chain);
	batch_end(b, nlh);
}

void nft_put_flush(struct batch *b, const char *chain)
{
	put_flush(b, RULESET_INET, chain);
}

/* Deletes by name: chains, sets (or all their elements), flowtables have their table and name in attributes 1 and their own. */
static void put_del(struct batch *b, enum ruleset_family family, uint16_t type, uint16_t table_attr, uint16_t name_attr,
	const char *name)
{
	struct nlmsghdr *nlh = batch_begin(b, type, 0, nft_family(family));

	mnl_attr_put_strz(nlh, table_attr, RULESET_TABLE);
	mnl_attr_put_strz(nlh, name_attr, name);
	batch_end(b, nlh);
}

/* Objects are of `table inet` alone. */
static void put_object_del(struct batch *b, const char *name, uint32_t type)
{
	struct nlmsghdr *nlh = batch_begin(b, NFT_MSG_DELOBJ, 0, NFPROTO_INET);

	mnl_attr_put_strz(nlh, NFTA_OBJ_TABLE, RULESET_TABLE);
	mnl_attr_put_strz(nlh, NFTA_OBJ_NAME, name);
	mnl_attr_put_u32(nlh, NFTA_OBJ_TYPE, htobe32(type));
	batch_end(b, nlh);
}

void nft_put_counter_del(struct batch *b, const char *name)
{
	put_object_del(b, name, NFT_OBJECT_COUNTER);
}

static struct nlmsghdr *object_begin(
	struct batch *b, const char *name, uint32_t type, uint16_t flags, struct nlattr **ret_data)
{
	struct nlmsghdr *nlh = batch_begin(b, NFT_MSG_NEWOBJ, flags, NFPROTO_INET);

	mnl_attr_put_strz(nlh, NFTA_OBJ_TABLE, RULESET_TABLE);
	mnl_attr_put_strz(nlh, NFTA_OBJ_NAME, name);
	mnl_attr_put_u32(nlh, NFTA_OBJ_TYPE, htobe32(type));
	*ret_data = mnl_attr_nest_start(nlh, NFTA_OBJ_DATA);
	return nlh;
}

static void object_end(struct batch *b, struct nlmsghdr *nlh, struct nlattr *data)
{
	mnl_attr_nest_end(nlh, data);
	batch_end(b, nlh);
}

void nft_put_counter(struct batch *b, const char *name, uint64_t packets, uint64_t bytes)
{
	struct nlattr *data;
	struct nlmsghdr *nlh = object_begin(b, name, NFT_OBJECT_COUNTER, CREATE, &data);

	mnl_attr_put_u64(nlh, NFTA_COUNTER_BYTES, htobe64(bytes));
	mnl_attr_put_u64(nlh, NFTA_COUNTER_PACKETS, htobe64(packets));
	object_end(b, nlh, data);
}

/* The kernel refuses more used than the limit; of a quota that is there it takes the limit alone. */
static void put_quota(struct batch *b, const struct ruleset_object *o, uint16_t flags)
{
	struct nlattr *data;
	struct nlmsghdr *nlh = object_begin(b, o->name, NFT_OBJECT_QUOTA, flags, &data);

	mnl_attr_put_u64(nlh, NFTA_QUOTA_BYTES, htobe64(o->limit));
	mnl_attr_put_u32(nlh, NFTA_QUOTA_FLAGS, htobe32(NFT_QUOTA_F_INV));
	mnl_attr_put_u64(nlh, NFTA_QUOTA_CONSUMED, htobe64(o->bytes < o->limit ? o->bytes : o->limit));
	object_end(b, nlh, data);
}

static void put_limit(struct batch *b, const struct ruleset_object *o)
{
	struct nlattr *data;
	struct nlmsghdr *nlh = object_begin(b, o->name, NFT_OBJECT_LIMIT, CREATE, &data);

	mnl_attr_put_u64(nlh, NFTA_LIMIT_RATE, htobe64(o->limit));
	mnl_attr_put_u64(nlh, NFTA_LIMIT_UNIT, htobe64(1));
	mnl_attr_put_u32(nlh, NFTA_LIMIT_BURST, htobe32(o->burst));
	mnl_attr_put_u32(nlh, NFTA_LIMIT_TYPE, htobe32(NFT_LIMIT_PKT_BYTES));
	mnl_attr_put_u32(nlh, NFTA_LIMIT_FLAGS, htobe32(NFT_LIMIT_F_INV));
	object_end(b, nlh, data);
}

static void put_object(struct batch *b, const struct ruleset_object *o)
{
	switch (o->kind) {
	case OBJECT_COUNTER:
		nft_put_counter(b, o->name, 0, 0);
		break;
	case OBJECT_QUOTA:
		put_quota(b, o, CREATE);
		break;
	case OBJECT_LIMIT:
		put_limit(b, o);
		break;
	case OBJECT_OTHER:
	case OBJECT_KINDS:
		break;
	}
}

static void put_chain(struct batch *b, enum ruleset_family family, const struct ruleset_chain *c)
{
	struct nlmsghdr *nlh = batch_begin(b, NFT_MSG_NEWCHAIN, CREATE, nft_family(family));
	struct nftnl_chain *x = nftnl_chain_alloc();

	if (!x)
		arena_oom();
	nftnl_chain_set_str(x, NFTNL_CHAIN_TABLE, RULESET_TABLE);
	nftnl_chain_set_str(x, NFTNL_CHAIN_NAME, c->name);
	if (c->base) {
		nftnl_chain_set_str(x, NFTNL_CHAIN_TYPE, "filter");
		nftnl_chain_set_u32(x, NFTNL_CHAIN_HOOKNUM, c->hook);
		nftnl_chain_set_s32(x, NFTNL_CHAIN_PRIO, c->priority);
		nftnl_chain_set_u32(x, NFTNL_CHAIN_POLICY, NF_ACCEPT);
		if (c->device)
			nftnl_chain_set_str(x, NFTNL_CHAIN_DEV, c->device);
	}
	nftnl_chain_nlmsg_build_payload(nlh, x);
	nftnl_chain_free(x);
	batch_end(b, nlh);
}

static void put_rule(struct batch *b, enum ruleset_family family, const char *chain, const struct ruleset_rule *r)
{
	struct nlmsghdr *nlh = batch_begin(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, nft_family(family));
	struct nftnl_rule *x = nftnl_rule_alloc();

	if (!x)
		arena_oom();
	nftnl_rule_set_str(x, NFTNL_RULE_TABLE, RULESET_TABLE);
	nftnl_rule_set_str(x, NFTNL_RULE_CHAIN, chain);
	for (size_t i = 0; i < r->exprs.n; i++)
		nft_expr_put(x, &r->exprs.at[i]);
	nftnl_rule_nlmsg_build_payload(nlh, x);
	nftnl_rule_free(x);
	batch_end(b, nlh);
}

/* What a map leads to; returns the flag that says so. */
static uint32_t put_data_type(struct nftnl_set *x, enum set_data data)
{
	switch (data) {
	case DATA_COUNTER:
	case DATA_QUOTA:
	case DATA_LIMIT:
		nftnl_set_set_u32(x, NFTNL_SET_OBJ_TYPE,
			data == DATA_COUNTER         ? NFT_OBJECT_COUNTER
				: data == DATA_QUOTA ? NFT_OBJECT_QUOTA
						     : NFT_OBJECT_LIMIT);
		return NFT_SET_OBJECT;
	case DATA_VERDICT:
		nftnl_set_set_u32(x, NFTNL_SET_DATA_TYPE, DATA_TYPE_VERDICT);
		nftnl_set_set_u32(x, NFTNL_SET_DATA_LEN, 16);
		return NFT_SET_MAP;
	case DATA_CLASS:
		nftnl_set_set_u32(x, NFTNL_SET_DATA_TYPE, RULESET_CLASS_TYPE);
		nftnl_set_set_u32(x, NFTNL_SET_DATA_LEN, RULESET_CLASS_LEN);
		return NFT_SET_MAP;
	case DATA_NONE:
	case SET_DATA:
		break;
	}
	return 0;
}

static void put_set(struct batch *b, enum ruleset_family family, const struct ruleset_set *s, uint32_t id)
{
	struct nlmsghdr *nlh = batch_begin(b, NFT_MSG_NEWSET, CREATE, nft_family(family));
	const struct set_key_type *type = set_key_type(s->key);
	struct nftnl_set *x = nftnl_set_alloc();
	uint32_t flags = (s->interval ? NFT_SET_INTERVAL : 0U) | (s->timed ? NFT_SET_TIMEOUT : 0U) |
		(s->dynamic ? NFT_SET_EVAL : 0U);
	struct nftnl_udata_buf *data = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);

	if (!x || !data)
		arena_oom();
	nftnl_udata_put_u32(data, NFTNL_UDATA_SET_KEYBYTEORDER, type->byteorder);
	if (s->data == DATA_CLASS)
		nftnl_udata_put_u32(data, NFTNL_UDATA_SET_DATABYTEORDER, HOST_ENDIAN);
	nftnl_set_set_data(x, NFTNL_SET_USERDATA, nftnl_udata_buf_data(data), nftnl_udata_buf_len(data));
	nftnl_set_set_str(x, NFTNL_SET_TABLE, RULESET_TABLE);
	nftnl_set_set_str(x, NFTNL_SET_NAME, s->name);
	nftnl_set_set_u32(x, NFTNL_SET_ID, id);
	nftnl_set_set_u32(x, NFTNL_SET_KEY_TYPE, type->nft_type);
	nftnl_set_set_u32(x, NFTNL_SET_KEY_LEN, type->len);
	flags |= put_data_type(x, s->data);
	nftnl_set_set_u32(x, NFTNL_SET_FLAGS, flags);
	if (s->dynamic) {
		nftnl_set_set_u32(x, NFTNL_SET_DESC_SIZE, RULESET_DYNAMIC_MAX);
		nftnl_set_set_u64(x, NFTNL_SET_TIMEOUT, RULESET_DYNAMIC_S * UINT64_C(1000));
	}
	nftnl_set_nlmsg_build_payload(nlh, x);
	nftnl_set_free(x);
	nftnl_udata_buf_free(data);
	batch_end(b, nlh);
}

static void put_change(
	struct batch *b, enum ruleset_family family, const struct change *c, size_t i, const char *comment)
{
	switch (c->kind) {
	case CHANGE_TABLE_ADD:
		put_table(b, family, comment);
		break;
	case CHANGE_TABLE_FLAGS:
		put_table(b, family, NULL);
		break;
	case CHANGE_CHAIN_FLUSH:
		put_flush(b, family, c->name);
		break;
	case CHANGE_CHAIN_DEL:
		put_del(b, family, NFT_MSG_DELCHAIN, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, c->name);
		break;
	case CHANGE_SET_FLUSH:
		put_del(b, family, NFT_MSG_DELSETELEM, NFTA_SET_ELEM_LIST_TABLE, NFTA_SET_ELEM_LIST_SET, c->name);
		break;
	case CHANGE_SET_DEL:
		put_del(b, family, NFT_MSG_DELSET, NFTA_SET_TABLE, NFTA_SET_NAME, c->name);
		break;
	case CHANGE_FLOWTABLE_DEL:
		put_del(b, family, NFT_MSG_DELFLOWTABLE, NFTA_FLOWTABLE_TABLE, NFTA_FLOWTABLE_NAME, c->name);
		break;
	case CHANGE_OBJECT_DEL:
		put_object_del(b, c->name, c->object->type);
		break;
	case CHANGE_CHAIN_ADD:
		put_chain(b, family, c->chain);
		break;
	case CHANGE_OBJECT_ADD:
		put_object(b, c->object);
		break;
	case CHANGE_OBJECT_SET:
		put_quota(b, c->object, NLM_F_CREATE);
		break;
	case CHANGE_SET_ADD:
		put_set(b, family, c->set, (uint32_t)i + 1);
		break;
	case CHANGE_RULE_ADD:
		put_rule(b, family, c->chain->name, c->rule);
		break;
	case CHANGE_ELEM_ADD:
	case CHANGE_ELEM_DEL:
	case CHANGE_KINDS:
		break;
	}
}

void nft_put_changes(struct batch *b, const struct change_list *changes, const char *comment, int64_t since_ms)
{
	const int64_t late = talk_clock() - since_ms;

	for (enum change_kind kind = 0; kind < CHANGE_KINDS; kind++) {
		const struct change *at = changes->of[kind].at;
		size_t n = changes->of[kind].n;

		if (kind == CHANGE_ELEM_ADD || kind == CHANGE_ELEM_DEL)
			nft_put_elems(b, changes->family, at, n, kind == CHANGE_ELEM_ADD ? &late : NULL);
		for (size_t i = 0; i < n; i++)
			put_change(b, changes->family, &at[i], i, comment);
	}
}
