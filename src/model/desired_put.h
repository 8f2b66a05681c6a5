/* Rules of the wanted table, expression by expression.
 * Names hide no order: what is put is what the kernel walks.
 * Between the files desired*.c alone. */
#ifndef MODEL_DESIRED_PUT_H
#define MODEL_DESIRED_PUT_H

#include "model/desired_rules.h"

struct ruleset_rule *rule_new(struct desired_build *b, struct ruleset_chain *c);
struct rule_expr *rule_put(
	struct desired_build *b, struct ruleset_rule *r, enum rule_op op, uint32_t reg, uint32_t key);
/* Of the register that all loads go to. */
void rule_put_named(struct desired_build *b, struct ruleset_rule *r, enum rule_op op, uint32_t key, const char *name);
/* NFT_JUMP, NFT_GOTO with a chain; NFT_RETURN, NF_DROP, NF_ACCEPT without. */
void rule_put_verdict(struct desired_build *b, struct ruleset_rule *r, uint32_t code, const char *chain);
void rule_put_cmp(struct desired_build *b, struct ruleset_rule *r, uint32_t op, const void *data, uint32_t len);
void rule_put_meta_is(struct desired_build *b, struct ruleset_rule *r, uint32_t key, uint8_t value);
void rule_put_meta_is_not(struct desired_build *b, struct ruleset_rule *r, uint32_t key, uint8_t value);
/* The packet's socket is of that user; not where it has none. */
void rule_put_user_is(struct desired_build *b, struct ruleset_rule *r, uint32_t uid);
void rule_put_data(struct desired_build *b, struct ruleset_rule *r, const void *data, uint32_t len);
/* The packet's priority is what the register holds: it names a class. */
void rule_put_priority(struct desired_build *b, struct ruleset_rule *r);
void rule_put_payload(
	struct desired_build *b, struct ruleset_rule *r, uint32_t reg, uint32_t base, uint32_t offset, uint32_t len);
/* The device a packet comes from, or leaves by. */
void rule_put_device(struct desired_build *b, struct ruleset_rule *r, enum direction d);
/* IPv4 or IPv6, as the hook of the table can tell. */
void rule_put_family(struct desired_build *b, struct ruleset_rule *r, uint8_t family);
/* The packet is longer, or it is not: in bytes of IP, headers included. */
void rule_put_longer(struct desired_build *b, struct ruleset_rule *r, uint32_t bytes);
void rule_put_no_longer(struct desired_build *b, struct ruleset_rule *r, uint32_t bytes);
/* TCP that has the option of timestamps, by the length of its header. */
void rule_put_stamped(struct desired_build *b, struct ruleset_rule *r);
/* One packet in `of` that come so far. */
void rule_put_one_in(struct desired_build *b, struct ruleset_rule *r, uint32_t of);
/* Our address of the packet: the destination of what comes in, the source of what goes out. */
void rule_put_address(struct desired_build *b, struct ruleset_rule *r, enum direction d, uint8_t family);
/* Our port of the packet, into register `reg`. */
void rule_put_port(struct desired_build *b, struct ruleset_rule *r, enum direction d, uint32_t reg);
/* What our address is to the routes: RTN_LOCAL, ... */
void rule_put_address_type(struct desired_build *b, struct ruleset_rule *r, enum direction d);
/* Return unless the packet passes a listed device: one is compared within the rule, several are looked up. */
void rule_elsewhere(struct desired_build *b, struct ruleset_chain *c, enum direction d);

#endif
