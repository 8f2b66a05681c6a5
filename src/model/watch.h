/* Which devices are watched, and which of them make up the total: from the configuration, what rtnetlink says now, and what was
 * watched last. Pure: the answer is a value, warnings are texts in it.
 * run/ and cmd/ call.
 *
 * Listed devices: those of `[portflow] interface`, or with `auto` those of the default routes of IPv4 and IPv6, by name. Where
 * there is no default route yet, those of the last run. A device that is named and does not exist stays in the list, absent: rules
 * go by name, so it counts from its first packet on.
 *
 * Total: each packet once. The IP hooks see a packet once for every IP layer it passes, with the uppermost device of a
 * stack (a VLAN, not the card under it; a bridge, not its port), so devices stacked at layer 2 never meet the same packet twice and all
 * count. A tunnel does: its inner packet passes the hooks, then the outer one on the carrier. So a tunnel is left out of the total
 * when its carrier is listed too. The carrier is the device that rtnetlink names (IFLA_LINK of gre, sit, vxlan ...); of
 * wireguard, tun and whatever names none it is a listed device that is no tunnel and has a default route. PPP is no tunnel here:
 * over Ethernet (PPPoE) its frames are no IP packets on the card.
 *
 * A master named beside its own port, and loopback, are conflicts, not warnings: `apply` should refuse them; a timer goes on
 * without the port, since devices are put into bridges while files stay as they are. */
#ifndef MODEL_WATCH_H
#define MODEL_WATCH_H

#include "model/entry.h"
#include "model/links.h"
#include "util/arena.h"

struct watched {
	char name[DEVICE_NAME_MAX + 1];
	bool present; /* the next three are valid */
	int ifindex;
	uint32_t mtu;
	bool up;
	bool total;       /* counts toward the total */
	const char *over; /* total is false: the listed device that carries it; else NULL */
};

struct watch_warning {
	struct location where; /* file NULL: of no line */
	const char *text;      /* one sentence and its cure */
};

struct watch {
	bool automatic;                 /* `auto` chose the list */
	bool remembered;                /* ... and could only repeat the last run's */
	VEC_OF(struct watched) devices; /* listed; in the order of the file, `auto`: by name */
	VEC_OF(struct watched) others;  /* named by [interface] entries alone; never in the total */
	VEC_OF(struct watch_warning) warnings;
	struct watch_warning conflict; /* text NULL: none */
};

/* Ports that the kernel gives to outgoing connections; lo = 0: unknown, then nothing is said about them. */
struct local_ports {
	struct port_range range;           /* net.ipv4.ip_local_port_range */
	const struct port_range *reserved; /* net.ipv4.ip_local_reserved_ports, ascending */
	size_t n_reserved;
};

/* remembered: devices of the last run, blanks between; "" or NULL: none. Everything in *ret_watch lives in a, or in c. */
void watch_devices(struct arena *a, const struct config *c, const struct links *l, const char *remembered,
	const struct local_ports *ports, struct watch *ret_watch);

/* NULL unless it is in devices or others. */
const struct watched *watch_find(const struct watch *w, const char *name);
/* Names of the listed devices, blanks between: what the next run gets as `remembered`. */
const char *watch_names(struct arena *a, const struct watch *w);
/* Continues h over all that rules are made of: names, presence, ifindex, MTU, UP, total. */
uint64_t watch_hash(uint64_t h, const struct watch *w);

#endif
