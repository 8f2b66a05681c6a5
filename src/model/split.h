/* Splitting a measured span over calendar buckets, in proportion to the time the machine was up in each; the parts sum to the
 * whole exactly, in every figure. Pure.
 * run/ and store/ call. */
#ifndef MODEL_SPLIT_H
#define MODEL_SPLIT_H

#include "model/calendar.h"

/* Figures of one entry: in and out, wire-true and raw. */
struct figures {
	uint64_t bytes[DIRS], packets[DIRS];         /* on the wire (estimated from raw) */
	uint64_t raw_bytes[DIRS], raw_packets[DIRS]; /* as the kernel's hooks counted */
};

void figures_add(struct figures *to, const struct figures *from); /* saturates */
bool figures_zero(const struct figures *f);

struct piece {
	int64_t start, end; /* part of [from, to) inside one bucket */
	struct figures figures;
	bool estimated; /* the time the machine was up was cut */
};

/* Cuts [from, to) at the boundaries in cuts[0..n) (ascending; those outside are ignored) and shares f out in proportion to
 * time. up_from: nothing happened before this moment (boot): the part before gets 0 when to > up_from; a boot in the last piece
 * gives it everything, and nothing is estimated then. from >= to: one piece at `to`.
 * Writes at most n + 1 pieces, returns how many. Each figure's parts sum to the whole. */
size_t split_span(const struct figures *f, int64_t from, int64_t to, int64_t up_from, const int64_t *cuts, size_t n,
	struct piece *ret_pieces);

#endif
