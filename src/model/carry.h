/* What should be left of a quota by now, when the figures that it is computed from are of a moment ago and packets pass meanwhile.
 * The kernel's quota is read before the counters and after them, so that what it has seen since they were read is known to lie between two
 * numbers; without them each run under traffic would find it wrong, or forget what passed while the result was written.
 * Pure. run/ calls. */
#ifndef MODEL_CARRY_H
#define MODEL_CARRY_H

#include <stdint.h>

/* Bytes that a quota has seen since the counters were read. */
struct carry {
	uint64_t least, most;
};

/* From what it had used just before (`before`) and just after the counters were read to what it has used now. A figure that went back was
 * emptied by somebody meanwhile. */
struct carry carry_seen(uint64_t before, uint64_t after, uint64_t now);

/* left: as of the counters. have_left: what the kernel leaves now. Of what may be right the nearest to that, so that it is left alone if
 * it is near enough; else the least, so that no more passes than may. */
uint64_t carry_left(uint64_t quota, uint64_t left, uint64_t have_left, struct carry seen);

#endif
