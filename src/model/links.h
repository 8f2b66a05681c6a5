/* What rtnetlink knows of this network namespace, as plain structs: devices, addresses, default routes. tc/link.c fills them.
 * All memory belongs to the arena they were read into.
 * Anybody may include. */
#ifndef MODEL_LINKS_H
#define MODEL_LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/entry.h"
#include "util/vec.h"

struct link_device {
	int ifindex;
	char name[DEVICE_NAME_MAX + 1];
	uint32_t mtu; /* layer 3, bytes */
	bool up;      /* IFF_UP: somebody wants it up; says nothing of a cable */
	bool loopback;
	const char *kind; /* "bridge", "veth", "vlan", "tun", "wireguard", ...; "" for hardware and what has no kind */
	int master;       /* ifindex of the bridge, bond, vrf it belongs to; 0 none */
	int lower; /* IFLA_LINK: the device it stands on; 0 none. An index of another namespace if lower_elsewhere */
	bool lower_elsewhere;
};

struct link_address {
	int ifindex;
	struct prefix addr; /* the whole address: len is 32 or 128 */
	uint8_t prefix_len; /* of its network */
};

/* A default route of the main table; one element a next hop. */
struct link_route {
	uint8_t family; /* 4 or 6 */
	int ifindex;
	uint32_t metric; /* 0 is the strongest */
};

struct links {
	VEC_OF(struct link_device) devices;
	VEC_OF(struct link_address) addresses;
	VEC_OF(struct link_route) default_routes;
};

/* NULL if there is none. */
const struct link_device *links_find(const struct links *l, const char *name);
const struct link_device *links_at(const struct links *l, int ifindex);

#endif
