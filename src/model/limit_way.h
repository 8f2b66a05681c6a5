/* How each configured limit is kept, and why so: shaped by a class of HTB on its devices, or policed in nftables. The one place that
 * decides; the table, the trees of classes, plan, status and doctor all ask here.
 * Pure. All memory in an arena. run/, cmd/ and the files desired*.c call. */
#ifndef MODEL_LIMIT_WAY_H
#define MODEL_LIMIT_WAY_H

#include "model/shape.h"
#include "model/watch.h"

/* What the machine has. */
struct limit_facts {
	const struct watch *watch;
	struct shape_device_list out; /* at the roots of devices, as read for SHAPE_OUT */
	bool htb;                     /* the kernel has it */
	const char *refused;          /* NULL, or why this run must do without shaping what goes out */
	/* The device SHAPE_IFB, or the table that would send packets to it, is somebody's: what it is. NULL: ours, or there is none yet. */
	const char *taken_in;
	const char *refused_in; /* as refused, of what comes in */
};

enum limit_why {
	LIMIT_NONE, /* no limit in this direction */
	LIMIT_SHAPED, /* out: its devices have a root qdisc of ours, or one that ours takes the place of; in: by the IFB */
	LIMIT_ASKED,     /* limit_method = police */
	LIMIT_INWARD,    /* what comes in is policed, unless limit_method = shape */
	LIMIT_NO_DEVICE, /* none of its devices is there: a policer holds from the first packet on */
	LIMIT_NO_HTB,
	LIMIT_FOREIGN, /* a device of it has a root qdisc that somebody configured */
	LIMIT_REFUSED, /* facts.refused, facts.refused_in */
	LIMIT_CROWDED, /* all SHAPE_MINOR_MAX numbers of classes are given away */
	LIMIT_WHOLE,   /* in: of an [interface]; only what has a class of its own is sent to the IFB */
	LIMIT_TAKEN,   /* in: facts.taken_in */
};

struct limit_way {
	enum limit_why why;
	bool inward; /* of what comes in */
	bool shaped;
	bool policed;                      /* also where `shaped`: see struct shape_role, policed_beside */
	bool classed;                      /* shaped by a class of its own, not as the total of its devices */
	const struct shape_device *device; /* LIMIT_FOREIGN: the one it fails on, as read */
};

/* One an entry of c and direction: at[limit_way_at(entry, d)]. */
struct limit_way *limit_ways(struct arena *a, const struct config *c, const struct limit_facts *f);
static inline size_t limit_way_at(size_t entry, enum direction d)
{
	return entry * DIRS + d;
}

/* Continues h over all that the table is made of. */
uint64_t limit_hash(uint64_t h, const struct config *c, const struct limit_way *ways);

/* "shape" or "police"; NULL: no limit. */
const char *limit_method(const struct limit_way *w);
/* The reason as the end of a sentence: "eth0 has a root qdisc that somebody configured (fq, handle 8001:)". */
const char *limit_reason(struct arena *a, const struct limit_facts *f, const struct limit_way *w);

/* What is asked for with limit_method = shape and cannot be, with the ways out; NULL: nothing. */
const char *limit_impossible(
	struct arena *a, const struct config *c, const struct limit_facts *f, const struct limit_way *ways);

/* Could any limit of c in that direction be shaped on some machine? Else nobody need look at queues. */
bool limit_may_shape(const struct config *c);
bool limit_may_shape_in(const struct config *c);

/* The trees of classes for what goes out, one a device that is there and has something shaped. minors: by entry; codel: the kernel has
 * fq_codel. */
void limit_trees(struct arena *a, const struct config *c, const struct limit_facts *f, const struct limit_way *ways,
	const uint32_t *minors, bool codel, struct shape_device_list *ret_want);

/* The one for what comes in, on the device SHAPE_IFB: a limit holds over all devices together. Nothing shaped: nothing is wanted there. */
void limit_tree_in(struct arena *a, const struct config *c, const struct limit_facts *f, const struct limit_way *ways,
	const uint32_t *minors, bool codel, int ifindex, struct shape_device *ret_want);

#endif
