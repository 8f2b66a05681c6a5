/* What holds an entry as the kernel has it: standing.h read off a table and queues instead of off decisions. What is missing there does not
 * hold, whatever the configuration says; what somebody put there does.
 * It knows the rules that we make: a limit that stands elsewhere is not seen, nor is what another rule of somebody's does before ours.
 * Pure. run/ finds what the kernel has, status and doctor ask. */
#ifndef MODEL_HELD_H
#define MODEL_HELD_H

#include "model/limit_way.h"
#include "model/ruleset.h"
#include "model/standing.h"
#include "util/hash.h"

struct enforcement;

struct held_input {
	const struct config *config;
	const struct watch *watch;
	const struct enforcement *enforcement; /* policies, ways and minors, as the table is wanted */
	struct ruleset *table;                 /* as it is in the kernel; sorted here */
	/* NULL: what comes in is held as it is wanted */
	struct ruleset *ingress; /* the table that sends it to the IFB; sorted here */
	const struct ruleset *ingress_wanted;
	int ifb;                                          /* the IFB, where it is up; 0: it is not */
	const struct shape_device_list *out, *out_wanted; /* trees */
	const struct shape_device_list *in;               /* on the IFB */
	/* -- by the caller of who looked */
	const struct hash_map *used_up; /* quotas of the kernel that let nothing more pass, by name */
	const struct decided *decided;  /* by subject: whose a block is, and when a cycle ends to the second */
};

struct held {
	struct standing standing;
	uint64_t limit_bps[DIRS]; /* the configured limit, as it is kept; 0: it is not */
	bool shaped[DIRS];        /* ... by queues */
	struct index_list quotas; /* subjects whose quota throttles or blocks it; one may stand there twice */
};

/* One an entry. */
struct held *held_by_kernel(struct arena *a, const struct held_input *in);

#endif
