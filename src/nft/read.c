/* Our table as the kernel has it: see table.h.
 * Each kind of thing is one dump filtered by table; what is not ours in shape is marked odd, and so mended.
 * run/ calls. */
#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "nft/elems.h"
#include "nft/expr.h"
#include "nft/family.h"
#include "nft/read_internal.h"
#include "nft/table.h"
#include "nl/attr.h"

#define SET_FLAGS_OURS ((uint32_t)(NFT_SET_INTERVAL | NFT_SET_MAP | NFT_SET_OBJECT | NFT_SET_TIMEOUT | NFT_SET_EVAL))

/* A comment in nft's user data: type, length, text with its NUL. */
static const char *comment_of(struct arena *a, const struct nlattr *attr)
{
	const uint8_t *p = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);

	while (len >= 2 && len >= 2 + (size_t)p[1]) {
		if (p[0] == 0)
			return arena_strndup(a, (const char *)p + 2, strnlen((const char *)p + 2, p[1]));
		len -= 2 + (size_t)p[1];
		p += 2 + p[1];
	}
	return "";
}

static int read_table(const struct nlmsghdr *nlh, struct nft_reader *r, struct err *err)
{
	const struct nlattr *a;

	(void)err;
	r->out->present = true;
	r->out->comment = "";
	attr_each (a, nlh, sizeof(struct nfgenmsg)) {
		switch (mnl_attr_get_type(a)) {
		case NFTA_TABLE_HANDLE:
			r->out->handle = attr_be64(a);
			break;
		case NFTA_TABLE_FLAGS:
			r->out->flags = attr_be32(a);
			break;
		case NFTA_TABLE_USERDATA:
			r->out->comment = comment_of(r->arena, a);
			break;
		default:
			break;
		}
	}
	return 0;
}

/* Chains and flowtables cannot be filtered by the kernel: look before parsing. */
static bool ours(const struct nlmsghdr *nlh, const struct nft_reader *r, uint16_t table_attr)
{
	const struct nlattr *a;
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);

	if (nfg->nfgen_family != nft_family(r->out->family))
		return false;
	attr_each (a, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == table_attr)
			return strcmp(attr_text(a), RULESET_TABLE) == 0;
	return false;
}

static int parse_failed(struct err *err, const char *what)
{
	return err_set(err, ERR_FAIL, "netfilter: a %s that libnftnl cannot read", what);
}

static void base_of(const struct nftnl_chain *x, const struct nft_reader *r, struct ruleset_chain *c)
{
	const char *type = nftnl_chain_get_str(x, NFTNL_CHAIN_TYPE), *device = nftnl_chain_get_str(x, NFTNL_CHAIN_DEV);

	c->hook = nftnl_chain_get_u32(x, NFTNL_CHAIN_HOOKNUM);
	c->priority = nftnl_chain_get_s32(x, NFTNL_CHAIN_PRIO);
	c->odd = !type || strcmp(type, "filter") != 0 || nftnl_chain_get_u32(x, NFTNL_CHAIN_POLICY) != NF_ACCEPT;
	/* one device the kernel tells twice, several only as a list */
	if (r->out->family == RULESET_NETDEV)
		c->device = arena_strdup(r->arena, device ? device : "");
	else
		c->odd |= device || nftnl_chain_is_set(x, NFTNL_CHAIN_DEVICES);
}

static int read_chain(const struct nlmsghdr *nlh, struct nft_reader *r, struct err *err)
{
	struct nftnl_chain *x;
	struct ruleset_chain *c;

	if (!ours(nlh, r, NFTA_CHAIN_TABLE))
		return 0;
	x = nftnl_chain_alloc();
	if (!x)
		arena_oom();
	if (nftnl_chain_nlmsg_parse(nlh, x) < 0 || !nftnl_chain_get_str(x, NFTNL_CHAIN_NAME)) {
		nftnl_chain_free(x);
		return parse_failed(err, "chain");
	}
	c = vec_push(r->arena, &r->out->chains);
	c->name = arena_strdup(r->arena, nftnl_chain_get_str(x, NFTNL_CHAIN_NAME));
	c->base = nftnl_chain_is_set(x, NFTNL_CHAIN_HOOKNUM);
	if (c->base)
		base_of(x, r, c);
	nftnl_chain_free(x);
	return 0;
}

static int read_rule(const struct nlmsghdr *nlh, struct nft_reader *r, struct err *err)
{
	struct nftnl_rule *x = nftnl_rule_alloc();
	struct ruleset_rule *rule;
	const char *chain;
	int rc = 0;

	if (!x)
		arena_oom();
	if (nftnl_rule_nlmsg_parse(nlh, x) < 0 || !nftnl_rule_get_str(x, NFTNL_RULE_CHAIN)) {
		rc = parse_failed(err, "rule");
	} else {
		chain = nftnl_rule_get_str(x, NFTNL_RULE_CHAIN);
		for (size_t i = 0; i < r->out->chains.n; i++) {
			if (strcmp(r->out->chains.at[i].name, chain) != 0)
				continue;
			rule = vec_push(r->arena, &r->out->chains.at[i].rules);
			rule->handle = nftnl_rule_get_u64(x, NFTNL_RULE_HANDLE);
			nft_expr_get(r->arena, x, rule);
		}
	}
	nftnl_rule_free(x);
	return rc;
}

static bool key_of(uint32_t type, uint32_t len, enum set_key *ret_key)
{
	for (enum set_key k = 0; k < SET_KEYS; k++)
		if (set_key_type(k)->nft_type == type && set_key_type(k)->len == len) {
			*ret_key = k;
			return true;
		}
	return false;
}

/* 0 if the kernel did not say. */
static uint32_t set_u32(const struct nftnl_set *x, uint16_t attr)
{
	return nftnl_set_is_set(x, attr) ? nftnl_set_get_u32(x, attr) : 0;
}

static uint64_t set_u64(const struct nftnl_set *x, uint16_t attr)
{
	return nftnl_set_is_set(x, attr) ? nftnl_set_get_u64(x, attr) : 0;
}

/* false: nothing that we make. */
static bool data_of(const struct nftnl_set *x, uint32_t flags, enum set_data *ret_data)
{
	uint32_t type = set_u32(x, flags & NFT_SET_OBJECT ? NFTNL_SET_OBJ_TYPE : NFTNL_SET_DATA_TYPE);

	*ret_data = DATA_NONE;
	if (flags & NFT_SET_OBJECT) {
		*ret_data = type == NFT_OBJECT_QUOTA ? DATA_QUOTA
			: type == NFT_OBJECT_LIMIT   ? DATA_LIMIT
						     : DATA_COUNTER;
		return *ret_data != DATA_COUNTER || type == NFT_OBJECT_COUNTER;
	}
	if (flags & NFT_SET_MAP) {
		*ret_data = type == RULESET_CLASS_TYPE ? DATA_CLASS : DATA_VERDICT;
		return type == NFT_DATA_VERDICT ||
			(*ret_data == DATA_CLASS && set_u32(x, NFTNL_SET_DATA_LEN) == RULESET_CLASS_LEN);
	}
	return true;
}

static void shape_of(const struct nftnl_set *x, struct ruleset_set *s)
{
	uint32_t flags = set_u32(x, NFTNL_SET_FLAGS);

	s->interval = flags & NFT_SET_INTERVAL;
	s->timed = flags & NFT_SET_TIMEOUT;
	s->dynamic = flags & NFT_SET_EVAL;
	s->odd = (flags & ~SET_FLAGS_OURS) || !data_of(x, flags, &s->data) ||
		!key_of(set_u32(x, NFTNL_SET_KEY_TYPE), set_u32(x, NFTNL_SET_KEY_LEN), &s->key) ||
		set_u32(x, NFTNL_SET_DESC_SIZE) != (s->dynamic ? RULESET_DYNAMIC_MAX : 0) ||
		set_u64(x, NFTNL_SET_TIMEOUT) != (s->dynamic ? RULESET_DYNAMIC_S * UINT64_C(1000) : 0) ||
		set_u32(x, NFTNL_SET_GC_INTERVAL);
}

static int read_set(const struct nlmsghdr *nlh, struct nft_reader *r, struct err *err)
{
	struct nftnl_set *x = nftnl_set_alloc();
	struct ruleset_set *s;
	int rc = 0;

	if (!x)
		arena_oom();
	if (nftnl_set_nlmsg_parse(nlh, x) < 0 || !nftnl_set_get_str(x, NFTNL_SET_NAME)) {
		rc = parse_failed(err, "set");
	} else if (!(set_u32(x, NFTNL_SET_FLAGS) & NFT_SET_ANONYMOUS)) {
		s = vec_push(r->arena, &r->out->sets);
		s->name = arena_strdup(r->arena, nftnl_set_get_str(x, NFTNL_SET_NAME));
		shape_of(x, s);
	}
	nftnl_set_free(x);
	return rc;
}

static int read_object(const struct nlmsghdr *nlh, struct nft_reader *r, struct err *err)
{

	(void)err;
	nft_object_read(r->arena, nlh, vec_push(r->arena, &r->out->objects));
	return 0;
}

static int read_flowtable(const struct nlmsghdr *nlh, struct nft_reader *r, struct err *err)
{
	const struct nlattr *a;

	(void)err;
	if (!ours(nlh, r, NFTA_FLOWTABLE_TABLE))
		return 0;
	attr_each (a, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == NFTA_FLOWTABLE_NAME)
			*vec_push(r->arena, &r->out->flowtables) = arena_strdup(r->arena, attr_text(a));
	return 0;
}

int nft_read_reply(const struct nlmsghdr *nlh, void *arg, struct err *err)
{
	switch (NFNL_MSG_TYPE(nlh->nlmsg_type)) {
	case NFT_MSG_NEWTABLE:
		return read_table(nlh, arg, err);
	case NFT_MSG_NEWCHAIN:
		return read_chain(nlh, arg, err);
	case NFT_MSG_NEWRULE:
		return read_rule(nlh, arg, err);
	case NFT_MSG_NEWSET:
		return read_set(nlh, arg, err);
	case NFT_MSG_NEWOBJ:
		return read_object(nlh, arg, err);
	case NFT_MSG_NEWFLOWTABLE:
		return read_flowtable(nlh, arg, err);
	default:
		return 0;
	}
}

static int read_family(
	struct talk *t, struct arena *a, enum ruleset_family family, struct ruleset *ret_table, struct err *err)
{
	struct nft_reader r = { a, ret_table };
	struct nlmsghdr *nlh = talk_request(t, NFT_MSG_GETTABLE, 0, nft_family(family));

	*ret_table = (struct ruleset){ .family = family, .comment = "" };
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, RULESET_TABLE);
	if (talk_get(t, nlh, nft_read_reply, &r, err) == 0 || err->errnum == ENOENT)
		return 0;
	return -1;
}

int nft_read_table(struct talk *t, struct arena *a, struct ruleset *ret_table, struct err *err)
{
	return read_family(t, a, RULESET_INET, ret_table, err);
}

static int dump(struct talk *t, uint16_t type, uint16_t table_attr, struct nft_reader *r, struct err *err)
{
	struct nlmsghdr *nlh = talk_request(t, type, NLM_F_DUMP, nft_family(r->out->family));

	if (table_attr)
		mnl_attr_put_strz(nlh, table_attr, RULESET_TABLE);
	return talk_dump(t, nlh, nft_read_reply, r, err);
}

/* A rule says that it takes an object by a map, the map says of which kind. */
static void settle_op(const struct ruleset *r, struct rule_expr *e)
{
	const struct ruleset_set *s = e->op == OP_COUNTER_MAP && e->name ? ruleset_set(r, e->name) : NULL;

	if (s && s->data == DATA_QUOTA)
		e->op = OP_QUOTA_MAP;
	else if (s && s->data == DATA_LIMIT)
		e->op = OP_LIMIT_MAP;
}

static void settle_ops(const struct ruleset *r)
{
	for (size_t i = 0; i < r->chains.n; i++)
		for (size_t j = 0; j < r->chains.at[i].rules.n; j++)
			for (size_t k = 0; k < r->chains.at[i].rules.at[j].exprs.n; k++)
				settle_op(r, &r->chains.at[i].rules.at[j].exprs.at[k]);
}

static int read_elems(struct talk *t, struct arena *a, struct ruleset *r, struct err *err)
{
	for (size_t i = 0; i < r->sets.n; i++)
		if (!r->sets.at[i].odd && !r->sets.at[i].dynamic &&
			nft_read_elems(t, a, r->family, r->now_ms, &r->sets.at[i], err) < 0)
			return -1;
	return 0;
}

static int same_generation(struct talk *t, uint32_t generation, struct err *err)
{
	uint32_t now;

	if (talk_generation(t, &now, err) < 0)
		return -1;
	return now == generation ? 0 : err_set(err, ERR_STALE, "netfilter: rules changed while they were read");
}

static int read_all(struct talk *t, struct arena *a, enum ruleset_family family, uint32_t generation,
	struct ruleset *ret_ruleset, struct err *err)
{
	struct nft_reader r = { a, ret_ruleset };

	if (read_family(t, a, family, ret_ruleset, err) < 0)
		return -1;
	ret_ruleset->now_ms = talk_clock();
	if (ret_ruleset->present) {
		if (dump(t, NFT_MSG_GETCHAIN, 0, &r, err) < 0 ||
			dump(t, NFT_MSG_GETRULE, NFTA_RULE_TABLE, &r, err) < 0 ||
			dump(t, NFT_MSG_GETSET, NFTA_SET_TABLE, &r, err) < 0 ||
			dump(t, NFT_MSG_GETOBJ, NFTA_OBJ_TABLE, &r, err) < 0 ||
			dump(t, NFT_MSG_GETFLOWTABLE, NFTA_FLOWTABLE_TABLE, &r, err) < 0)
			return -1;
		settle_ops(ret_ruleset);
		if (read_elems(t, a, ret_ruleset, err) < 0)
			return -1;
	}
	return same_generation(t, generation, err);
}

int nft_read_all(struct talk *t, struct arena *a, uint32_t generation, struct ruleset *ret_ruleset, struct err *err)
{
	return read_all(t, a, RULESET_INET, generation, ret_ruleset, err);
}

int nft_read_ingress(struct talk *t, struct arena *a, uint32_t generation, struct ruleset *ret_ruleset, struct err *err)
{
	return read_all(t, a, RULESET_NETDEV, generation, ret_ruleset, err);
}
