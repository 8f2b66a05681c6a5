/* What is enforced, beside what counts: blocks, expiry, limits, bursts, quotas, classes (design.md section 4).
 *
 * One base chain a direction, enforce_in and enforce_out, before the chains that count: what is dropped is not counted. First
 * what passes whatever is configured is accepted: ICMP, neighbour discovery, DHCP, keep_open, messages. Then, for every way in which entries tell
 * packets apart, one rule a layer looks into the layer's maps:
 *
 *   block   the quotas of the entry are used up                        timed set
 *   expire  ... and is not among `alive`, which ends when it expires   set, timed set
 *   police  configured limits, where they are not shaped               map of limits
 *   guard   ... where they are: everything but TCP, which fragments may have led past the queue, or which a full one would drop; map of limits
 *   burst   limits of a hold of burst protection                       timed map of limits
 *   hold    throttles of the direction that a quota does not bill      timed map of limits
 *   tcur, tnow, tnext, tlim   quotas that throttle, by slot: the running cycle's object until its last second, then the next cycle's;
 *                             what is over it meets a limit
 *   bcur, bnow, bnext         quotas that block, the same without a limit
 *
 * So a block ends, a quota begins anew and an entry expires at its second, with no run in between. Limits stand before quotas: a flood
 * that a limit drops would else use up a quota without having passed. All layers of one stage, for all kinds of entries, come before the
 * next stage's, for the same reason.
 * Behind them some packets are charged to their quotas once more, for headers that the kernel does not see: desired_again.h.
 * In the slots of an entry its quotas stand by the length of their cycle, then by size. Quotas of ports stand before those of addresses, these
 * before those of devices (of several watched devices, whose entries may name others too, before all).
 *
 * Behind the chains that count, class_out names the class of HTB that a packet waits in: that of its address entry, then, over it, that of
 * its port entry. What passes whatever is configured is sent past all classes there, where a device as a whole is limited.
 * Between the files desired*.c alone; names of objects are for whoever reads them back. */
#ifndef MODEL_DESIRED_ENFORCE_H
#define MODEL_DESIRED_ENFORCE_H

#include "model/desired.h"

/* Quotas that throttle and quotas that block, each, over one entry; config/ refuses more. */
#define QUOTA_SLOTS 4

/* Rate, bytes: so that an aggregate of GSO always fits (kernel-facts.md section 5). */
#define LIMIT_BURST_BYTES ((uint32_t)64 << 10)

/* Its rules alone name classes. */
#define ENFORCE_CLASS_CHAIN "class_out"

/* The kernel's quota of a subject that bytes of direction d use: "q_NAME", of billing max "q_NAME.in"; of the next cycle with ".next". NULL:
 * they use none. */
const char *enforce_quota_object(struct arena *a, const struct entry *subject, enum direction d, bool next);

/* Does it limit or block anything, now or later? */
bool desired_enforces(const struct config *c);

#endif
