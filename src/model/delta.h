/* What the counters moved since their baselines: every byte once, whatever happened to the table meanwhile (design.md section 3,
 * kernel-facts.md section 2). When in doubt an interval is lost, never doubled.
 * Pure. run/ calls. */
#ifndef MODEL_DELTA_H
#define MODEL_DELTA_H

#include "model/ledger.h"

/* What the table in the kernel is to the database. */
enum identity {
	IDENTITY_NONE,    /* there is no table */
	IDENTITY_KNOWN,   /* the one that the baselines are of: delta = now - baseline */
	IDENTITY_PENDING, /* made by us, and we died before we could say so: delta = now */
	IDENTITY_COPY,    /* somebody saved it and loaded it again, values too: delta = max(0, now - baseline) */
	IDENTITY_LOST, /* of this database, but it knows nothing of it (restored, copied): all is older than the database */
	IDENTITY_FOREIGN, /* of another database */
	IDENTITY_OTHER,   /* not made by portflow */
};

/* comment: the table's; where: boot, namespace and handle of it; nonce is filled in from the comment. */
enum identity delta_identify(const struct ledger *l, const char *comment, struct epoch *where);

/* The comment of a table of this database: "portflow UUID NONCE". */
const char *delta_comment(struct arena *a, const char *uuid, const char *nonce);

/* What the kernel holds of a counter now. */
struct counter_value {
	bool present;
	uint64_t handle, packets, bytes;
};

struct delta_input {
	const struct ledger *ledger;
	enum identity identity;
	bool reset;                         /* somebody zeroed all counters: delta = now */
	bool older;                         /* all of it is older than the database */
	unsigned int copies;                /* see struct diff: packets counted up to so many times */
	const struct counter_value *values; /* of ledger->counters, index by index */
	uint32_t link_overhead;             /* bytes a packet */
};

struct delta_output {
	struct figures *delta;             /* by index into ledger->entries */
	struct figures *older;             /* the same; NULL: nothing is older than the database */
	VEC_OF(struct baseline) baselines; /* of the counters that changed, their values now */
	size_t zeroed;                     /* counters that somebody reset one by one */
};

void delta_compute(struct arena *a, const struct delta_input *in, struct delta_output *ret_output);

#endif
