/* What reading and writing of queues share: the socket and the exchange of one message.
 * The kernel's own words about a refusal come from its extended acknowledgement, which libnl does not show.
 * tc/shape*.c and tc/ifb.c include. */
#ifndef TC_SHAPE_INTERNAL_H
#define TC_SHAPE_INTERNAL_H

#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "tc/shape.h"

struct shaper {
	struct nl_sock *sock;
	uint64_t writes, warnings;
	int refused;    /* errno of the last refusal, 0 none */
	bool lost;      /* no answer came: whether it was done is not known */
	char said[160]; /* the kernel's words about it, "" none */
};

/* Sends m (which is freed) and waits for the acknowledgement. 0, or -1 with s->refused and s->said. */
int shaper_ask(struct shaper *s, struct nl_msg *m);

/* Sends the request for a dump (which is freed) and feeds each message to f. */
typedef int shaper_reply(struct nl_msg *msg, void *arg);
int shaper_dump(struct shaper *s, struct nl_msg *m, shaper_reply *f, void *arg, struct err *err);

/* Sends m, a request for one object (which is freed), and feeds the answer to f. 0, or -1 with s->refused. */
int shaper_get(struct shaper *s, struct nl_msg *m, shaper_reply *f, void *arg);

/* A request about queueing; NULL: no memory. */
struct nl_msg *shaper_message(int type, int flags, int ifindex, uint32_t parent, uint32_t handle);

/* One class, or all of a device: fills minor to backlog of each, ascending. */
int shaper_classes(struct shaper *s, struct arena *a, struct shape_device *d, struct err *err);

#endif
