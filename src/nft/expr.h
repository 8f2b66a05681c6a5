/* Expressions of a rule between model/ruleset.h and libnftnl, in both directions.
 * What we do not write reads as OP_FOREIGN, so that it differs from everything that is wanted.
 * nft/ only. */
#ifndef NFT_EXPR_H
#define NFT_EXPR_H

#include <libnftnl/rule.h>

#include "model/ruleset.h"

void nft_expr_put(struct nftnl_rule *to, const struct rule_expr *e);
/* Anything that we do not write becomes OP_FOREIGN. Names are copied into a. */
int nft_expr_get(struct arena *a, const struct nftnl_rule *from, struct ruleset_rule *ret_rule);

#endif
