/* Whether this kernel can do what a rule says: see nft_can() in table.h.
 * A batch whose last message cannot be done changes nothing, not even the generation; what the kernel says first tells how far it came.
 * run/ calls. */
#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "nft/expr.h"
#include "nft/table.h"
#include "util/arena.h"

#define TABLE "portflow-try"
#define CHAIN "try"

static void *made(void *object)
{
	if (!object)
		arena_oom();
	return object;
}

static struct nlmsghdr *begin(struct batch *b, uint16_t type, uint16_t flags)
{
	return batch_begin(b, type, flags, NFPROTO_INET);
}

static void put_table(struct batch *b)
{
	struct nftnl_table *t = made(nftnl_table_alloc());
	struct nlmsghdr *nlh = begin(b, NFT_MSG_NEWTABLE, NLM_F_CREATE);

	nftnl_table_set_str(t, NFTNL_TABLE_NAME, TABLE);
	nftnl_table_nlmsg_build_payload(nlh, t);
	batch_end(b, nlh);
	nftnl_table_free(t);
}

static void put_chain(struct batch *b)
{
	struct nftnl_chain *c = made(nftnl_chain_alloc());
	struct nlmsghdr *nlh = begin(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);

	nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, TABLE);
	nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, CHAIN);
	nftnl_chain_nlmsg_build_payload(nlh, c);
	batch_end(b, nlh);
	nftnl_chain_free(c);
}

static void put_rule(struct batch *b, const struct ruleset_rule *wanted)
{
	struct nftnl_rule *r = made(nftnl_rule_alloc());
	struct nlmsghdr *nlh = begin(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);

	nftnl_rule_set_str(r, NFTNL_RULE_TABLE, TABLE);
	nftnl_rule_set_str(r, NFTNL_RULE_CHAIN, CHAIN);
	for (size_t i = 0; i < wanted->exprs.n; i++)
		nft_expr_put(r, &wanted->exprs.at[i]);
	nftnl_rule_nlmsg_build_payload(nlh, r);
	batch_end(b, nlh);
	nftnl_rule_free(r);
}

int nft_can(struct talk *t, const struct ruleset_rule *rule, bool *ret_can, struct err *err)
{
	struct err said = { 0 };
	struct batch b = { 0 };
	uint32_t generation;

	if (talk_generation(t, &generation, err) < 0)
		return -1;
	put_table(&b);
	put_chain(&b);
	put_rule(&b, rule);
	put_chain(&b); /* which exists by now */
	talk_batch(t, &b, generation, &said);
	batch_free(&b);
	*ret_can = said.errnum == EEXIST;
	if (*ret_can || said.errnum == ENOENT || said.errnum == EINVAL)
		return 0;
	*err = said;
	return -1;
}
