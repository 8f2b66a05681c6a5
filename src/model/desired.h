/* From the configuration and the watched devices to the table that we want: design.md sections 3 and 4.
 *
 * What is enforced stands in base chains before those that count (desired_enforce.h).
 *
 * For each direction a base chain lets packets of other devices go, then counts the total, the interface entries and the address
 * entries; `fib ... type` sends what is not for us to the chain remote_DIR, which counts what is forwarded; the rest of the packets,
 * which are ours, meet the port entries. A packet of TCP that is longer than its device's MTU is an aggregate of segments: it
 * passes a copy of those chains once more, whose counters feed the figures of the wire (wire.h). Single ports and ranges of at most
 * DESIRED_SHORT_RANGE stand in hash maps, longer ranges in interval maps; a rule exists when the configuration can fill its map.
 *
 * What a packet costs was measured for each rule: a look at the device in a set costs as much as a counter, a comparison half of that,
 * `fib` twice as much. So one device is compared by name, several stand in a set, and that is asked once: a total of all
 * listed devices needs no map of its own. Where an [interface] entry names a device that is not listed, maps by device come first.
 * Pure. run/ and the tests call. */
#ifndef MODEL_DESIRED_H
#define MODEL_DESIRED_H

#include "model/entry.h"
#include "model/ledger.h"
#include "model/limit_way.h"
#include "model/policy.h"
#include "model/ruleset.h"
#include "model/watch.h"

#define DESIRED_SHORT_RANGE 256

/* A counter that the rules feed. */
struct desired_counter {
	size_t entity; /* index into config->entries; n = forwarded, n + 1 = total */
	enum direction dir;
	enum counter_role role;
	uint32_t mtu;
	const char *object;
};

/* What holds at this moment beside counting: desired_enforce.c. */
struct enforcement {
	const struct policy *policies; /* by subject: config->entries, then config->quotas */
	const struct open_port *open;  /* keep_open with what `auto` found */
	size_t n_open;
	uint32_t sender;              /* the user whose messages pass everything; 0: there is none */
	uint32_t resolver;            /* ... and whose questions for names do */
	const struct limit_way *ways; /* as limit_ways() gives them; NULL: every limit is policed */
	const uint32_t *minors;       /* by entry: of its class, where it has one */
	bool joins;                   /* the kernel can put fragments together for us */
	bool no_turns;                /* ... and not tell one packet in so many: none is charged again */
	int64_t now_ms;               /* Unix time in milliseconds, from which deadlines are counted */
};

struct desired {
	struct ruleset ruleset; /* .comment is the caller's */
	VEC_OF(struct desired_counter) counters;
};

/* The chain that makes the kernel put fragments together: but for the first of a packet they have no port, and a quota or limit of what comes
 * in for one would not meet them. No packet meets its rule. */
#define DESIRED_FRAGMENTS "fragments"
/* Is there such a limit or quota? */
bool desired_joins(const struct config *c);
/* Append the expressions of that rule, and of one that tells one packet in so many. */
void desired_join_rule(struct arena *a, struct ruleset_rule *ret_rule);
void desired_turn_rule(struct arena *a, struct ruleset_rule *ret_rule);

/* enforcement NULL: only what counts. */
void desired_build(struct arena *a, const struct config *c, const struct watch *w,
	const struct enforcement *enforcement, struct desired *ret_desired);

/* The name of a counter object: "p_web.in", "a_NAME.out.b1500", "total.in.b1500v6", "ts4.in". */
const char *desired_object(struct arena *a, enum entry_kind kind, const char *name, enum direction dir,
	enum counter_role role, uint32_t mtu);

#endif
