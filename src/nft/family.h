/* Families of tables, from the model's names to the kernel's.
 * Both of our tables have one name.
 * nft/ only. */
#ifndef NFT_FAMILY_H
#define NFT_FAMILY_H

#include <linux/netfilter.h>

#include "model/ruleset.h"

static inline uint8_t nft_family(enum ruleset_family family)
{
	return family == RULESET_NETDEV ? NFPROTO_NETDEV : NFPROTO_INET;
}

#endif
