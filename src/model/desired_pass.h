/* What passes whatever is configured (ICMP, neighbour discovery, DHCP, keep_open), and which packets are this machine's own.
 * One place, so that no way of limiting forgets any of it.
 * Between the files desired*.c alone. */
#ifndef MODEL_DESIRED_PASS_H
#define MODEL_DESIRED_PASS_H

#include "model/desired_rules.h"

/* Rules that accept them, with b->direct as their priority; b->enforcement has the open ports. Both directions of a table share the sets. */
void desired_pass(struct desired_build *b, struct ruleset_chain *c, enum direction d);
/* The end of such a rule: accept, with b->direct as priority. */
void desired_accept(struct desired_build *b, struct ruleset_rule *r);
/* Rules that send the packets of our own addresses, and of those that NAT outside gives us, to a chain that knows ports. code: NFT_GOTO,
 * NFT_JUMP. */
void desired_ours(struct desired_build *b, struct ruleset_chain *c, enum direction d, uint32_t code, const char *chain);

#endif
