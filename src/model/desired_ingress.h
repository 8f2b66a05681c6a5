/* The table that shapes what comes in, `table netdev portflow`: at the first hook that a packet meets it is given its class as priority and
 * sent to the IFB, whose tree of classes lets it go at its rate, back to where it was. What it drops is never counted, since counting
 * comes later. No filter of tc is needed: HTB takes the class from the priority.
 *
 *     in_1, in_2, ...   one base chain a device, since kernels differ in what becomes of a list of devices when one goes; jump to
 *       sort            frames of a VLAN return: they come again, by the VLAN's device; what always passes is accepted
 *         mine          packets of our own addresses: the classes of port entries, the more specific ones
 *                       then the classes of address entries
 *
 * The base chains come last of all that others have at this hook: a packet that went to the IFB does not meet the rest of the hook, and
 * must not get past somebody's filter that way. A rule that matches nothing in its map goes on: what has no class never sees the IFB.
 * Pure. run/ and the tests call. */
#ifndef MODEL_DESIRED_INGRESS_H
#define MODEL_DESIRED_INGRESS_H

#include "model/desired.h"
#include "model/links.h"

struct match;

struct ingress_wish {
	const struct config *config;
	const struct watch *watch;
	const struct links *links; /* how devices stand on each other */
	const struct open_port *open;
	size_t n_open;
	const uint32_t *minors; /* by entry: its class of SHAPE_IN; 0 none */
	int ifb;                /* ifindex of SHAPE_IFB */
};

/* The map of the classes of what matches m. */
const char *ingress_map(struct arena *a, const struct match *m);

/* Not present where nothing is shaped, or none of the devices is there. The comment is the caller's. */
void desired_ingress(struct arena *a, const struct ingress_wish *w, struct ruleset *ret_ruleset);

#endif
