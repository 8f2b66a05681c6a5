/* Elements of sets as messages of a batch: see elems.h.
 * They come by the ten thousand: written straight into the batch, those of one set together, as many as a nest holds.
 * nft/ only. */
#include <endian.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "nft/elems.h"
#include "nft/family.h"

#define ELEMENTS_MAX ((size_t)60000)  /* a nest holds less than 64 KiB */
#define ELEMENT_MAX 512               /* one element's attributes, with room to spare */
#define TIMEOUT_LEAST_MS INT64_C(100) /* less may be no tick of the kernel's clock, which would be no timeout at all */

static void put_key(struct nlmsghdr *nlh, const uint8_t *key, size_t len, uint32_t flags)
{
	struct nlattr *nest;

	if (flags)
		mnl_attr_put_u32(nlh, NFTA_SET_ELEM_FLAGS, htobe32(flags));
	nest = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
	mnl_attr_put(nlh, NFTA_DATA_VALUE, len, key);
	mnl_attr_nest_end(nlh, nest);
}

static void put_verdict(struct nlmsghdr *nlh, const struct ruleset_elem *e)
{
	struct nlattr *verdict = mnl_attr_nest_start(nlh, NFTA_DATA_VERDICT);

	mnl_attr_put_u32(nlh, NFTA_VERDICT_CODE, htobe32(e->verdict));
	if (e->name)
		mnl_attr_put_strz(nlh, NFTA_VERDICT_CHAIN, e->name);
	mnl_attr_nest_end(nlh, verdict);
}

static void put_data(struct nlmsghdr *nlh, enum set_data data, const struct ruleset_elem *e)
{
	struct nlattr *nest;

	switch (data) {
	case DATA_COUNTER:
	case DATA_QUOTA:
	case DATA_LIMIT:
		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_OBJREF, e->name);
		break;
	case DATA_VERDICT:
	case DATA_CLASS:
		nest = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_DATA);
		if (data == DATA_VERDICT)
			put_verdict(nlh, e);
		else
			mnl_attr_put(nlh, NFTA_DATA_VALUE, RULESET_CLASS_LEN, &e->verdict);
		mnl_attr_nest_end(nlh, nest);
		break;
	case DATA_NONE:
	case SET_DATA:
		break;
	}
}

/* The key behind the last one of a range; false if there is none (it ends at the highest key). */
static bool behind(const uint8_t *to, size_t len, uint8_t ret_key[SET_KEY_MAX])
{
	memcpy(ret_key, to, SET_KEY_MAX);
	for (size_t i = len; i-- > 0;)
		if (++ret_key[i] != 0)
			return true;
	return false;
}

/* What is left of a deadline that was counted `late` ms ago. */
static uint64_t timeout(uint64_t deadline, int64_t late)
{
	int64_t ms = (int64_t)deadline - late;

	return ms > TIMEOUT_LEAST_MS ? (uint64_t)ms : (uint64_t)TIMEOUT_LEAST_MS;
}

/* add_late NULL: only its key. */
static void put_elem(
	struct nlmsghdr *nlh, const struct ruleset_set *s, const struct ruleset_elem *e, const int64_t *add_late)
{
	size_t len = set_key_type(s->key)->len;
	struct nlattr *nest = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	uint8_t end[SET_KEY_MAX];

	put_key(nlh, e->from, len, 0);
	if (add_late) {
		put_data(nlh, s->data, e);
		if (e->deadline)
			mnl_attr_put_u64(nlh, NFTA_SET_ELEM_TIMEOUT, htobe64(timeout(e->deadline, *add_late)));
	}
	mnl_attr_nest_end(nlh, nest);
	if (s->interval && behind(e->to, len, end)) {
		nest = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
		put_key(nlh, end, len, NFT_SET_ELEM_INTERVAL_END);
		mnl_attr_nest_end(nlh, nest);
	}
}

void nft_put_elems(
	struct batch *b, enum ruleset_family family, const struct change *c, size_t n, const int64_t *add_late)
{
	size_t i = 0;

	while (i < n) {
		const struct ruleset_set *s = c[i].set;
		struct nlmsghdr *nlh = batch_begin(b, add_late ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
			add_late ? NLM_F_CREATE | NLM_F_EXCL : 0, nft_family(family));
		struct nlattr *nest;

		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, RULESET_TABLE);
		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, s->name);
		nest = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
		for (; i < n && c[i].set == s && nlh->nlmsg_len < ELEMENTS_MAX - ELEMENT_MAX; i++)
			put_elem(nlh, s, c[i].elem, add_late);
		mnl_attr_nest_end(nlh, nest);
		batch_end(b, nlh);
	}
}
