/* The device through which what comes in is shaped: an IFB of the name SHAPE_IFB, with our mark as its alias. Packets that are sent to it go
 * through its queue and come back to where they were.
 * run/ calls. */
#ifndef TC_IFB_H
#define TC_IFB_H

#include "tc/shape.h"

enum ifb_owner {
	IFB_NONE, /* there is none */
	/* Ours, or an IFB of our name without an alias: somebody made it in the place of ours, or we died before we marked it. */
	IFB_OURS,
	IFB_FOREIGN, /* another kind of device, or an alias that is not ours */
};

struct ifb {
	enum ifb_owner owner;
	int ifindex;
	uint32_t mtu;
	bool up;
	bool right; /* ours, marked, up, with a queue deep enough */
	char kind[16];
	char alias[64];
};

/* Needs no privilege. */
int ifb_read(struct shaper *s, struct ifb *ret_ifb, struct err *err);

/* What is said of one that is foreign; NULL where there is none. */
const char *ifb_foreign_text(struct arena *a, const struct ifb *x);

/* Makes it, or puts right what is not: afterwards it is up. ERR_STALE: somebody changes it at the same time. One that is foreign is left
 * alone: an error that says so. */
int ifb_make(struct shaper *s, const struct ifb *have, struct ifb *ret_ifb, struct err *err);

/* With all that waits in it. No packet may be sent to it any more: they would be lost. Gone already is no error. */
int ifb_delete(struct shaper *s, const struct ifb *have, struct err *err);

#endif
