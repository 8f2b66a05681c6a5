/* Who else is in nf_tables here: base chains of other tables, flowtables, and whether anything switches connection tracking on
 * (which puts fragments together before the hooks). Reads; changes nothing.
 * run/ calls. */
#ifndef NFT_NEIGHBOURS_H
#define NFT_NEIGHBOURS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/bypass.h"
#include "nl/talk.h"
#include "util/arena.h"
#include "util/err.h"
#include "util/vec.h"

struct neighbour_chain {
	const char *table; /* as nft writes it: "inet filter" */
	const char *name;
	const char *hook; /* "prerouting", "ingress" ...; "" unknown */
	int32_t priority;
};

struct neighbours {
	bool ours;                             /* table inet portflow exists */
	VEC_OF(struct neighbour_chain) chains; /* base chains of every other table */
	VEC_OF(struct flowtable) flowtables;
	bool joins;    /* table inet portflow puts fragments together */
	bool tracking; /* a rule of another table or chain that needs connection tracking */
};

/* Memory in a. Rules that change while they are read: tried at most 5 times, then ERR_BUSY. */
int neighbours_read(struct arena *a, struct neighbours *ret_neighbours, struct err *err);
/* The flowtables alone, as above. */
int neighbours_flowtables(struct talk *t, struct arena *a, struct neighbours *ret_neighbours, struct err *err);

#endif
