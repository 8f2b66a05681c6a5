/* Bytes as the attributes of an nf_tables message whose header is right, in memory of its own that is gone afterwards: who reads
 * a byte too far, or keeps one, is seen.
 * Fuzzers include. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "nl/talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void feed(uint16_t type, const uint8_t *data, size_t len, talk_reply *reply, void *arg)
{
	size_t whole = sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg) + (len & ~(size_t)3);
	struct nlmsghdr *nlh = calloc(1, whole);
	struct nfgenmsg *nfg = (void *)(nlh + 1);
	struct err err;

	if (!nlh)
		return;
	nlh->nlmsg_len = (uint32_t)whole;
	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	nfg->nfgen_family = NFPROTO_INET;
	memcpy(nfg + 1, data, len & ~(size_t)3);
	reply(nlh, arg, &err);
	free(nlh);
}

#endif
