/* How packets are told apart by what entries declare: each way is one shape of map, with what a rule must load to look into it.
 * Counting and enforcing share them, so that a limit covers exactly what is counted.
 * Between the files desired*.c alone. */
#ifndef MODEL_DESIRED_MATCH_H
#define MODEL_DESIRED_MATCH_H

#include "model/desired_rules.h"

struct match_protocol {
	uint8_t bit, number; /* PROTO_*, IPPROTO_* */
	const char *name;
};
extern const struct match_protocol match_protocols[];
#define MATCH_PROTOCOLS 3

struct match {
	enum entry_kind kind;
	uint8_t family;                        /* ENTRY_ADDRESS: 4 or 6 */
	const struct match_protocol *protocol; /* NULL: any */
	bool interval;
	enum set_key key;
	const char *stem; /* of its maps' names: "tcp", "a4r" */
};

/* In the order of the rules: [interface], then [address] by family, then [port]. */
extern const struct match matches[];
extern const size_t matches_n;

/* Has the entry keys of this kind? */
bool match_has(const struct match *m, const struct entry *e);
/* Its keys, each with the name, verdict and deadline of `value`. */
void match_fill(struct desired_build *b, struct ruleset_set *set, const struct match *m, const struct entry *e,
	const struct ruleset_elem *value);
/* What the rule must be sure of before it loads: family, protocol. */
void match_put_guard(struct desired_build *b, struct ruleset_rule *r, const struct match *m);
/* The key of a packet. Before each use, as nft writes it. */
void match_put_key(struct desired_build *b, struct ruleset_rule *r, const struct match *m, enum direction d);

#endif
