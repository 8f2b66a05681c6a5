/* Who asks the network for the names that portflow-net asks for: where /etc/resolv.conf names a server of this machine (systemd-resolved,
 * dnsmasq, unbound), its user.
 * run/ calls. */
#ifndef RUN_RESOLVER_H
#define RUN_RESOLVER_H

#include <stdbool.h>
#include <stdint.h>

#include "model/links.h"
#include "util/arena.h"

struct resolver {
	const char *address; /* of this machine; NULL: names are asked of others, or nothing listens there */
	uint32_t uid;        /* 0: it is root, or, where sure is false, not known */
	bool sure;
	bool here;      /* one of this machine is named, whether it listens or not */
	uint64_t inode; /* of its socket */
};

/* By its socket, which tells its user, but of a server that bound it as root and then became somebody else. */
void resolver_find(struct arena *a, const struct links *l, struct resolver *ret);

/* That one's user, whom only root sees: a look at all processes. Nothing where it is sure. */
void resolver_find_user(struct resolver *io);

#endif
