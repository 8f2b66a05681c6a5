/* Shaping by HTB as plain structs: what is wanted on a device (built here) and what the kernel has (tc/shape.c reads it) are the same
 * type. shape_plan.h makes steps out of two of them. One tree a device, in its final shape from the start, since neither a class's
 * parent nor the root's default can be changed later:
 *
 *     root htb MAJOR:, default ffff
 *       fffe           all that is shaped here: the limit of the device's [interface], or open
 *         1 .. fffd    an entry each: 8 kbit assured, its limit at most
 *         ffff         the rest; only where the device has a limit. Without that class the kernel sends the rest directly
 *
 * Packets come to a class by their priority, MAJOR:minor, which nftables sets; MAJOR:0 goes past all classes.
 * Pure. All memory in an arena. tc/, run/ include. */
#ifndef MODEL_SHAPE_H
#define MODEL_SHAPE_H

#include "model/entry.h"
#include "util/arena.h"
#include "util/vec.h"

/* Unusual majors: SO_PRIORITY and a forwarded packet of IPv6 may name a class of another device's tree. */
#define SHAPE_OUT 0x7066U
#define SHAPE_IN 0x7067U
/* The device whose tree shapes what comes in: packets pass it on their way from the device they came by. */
#define SHAPE_IFB "ifb-portflow"
#define SHAPE_INNER 0xfffeU
#define SHAPE_REST 0xffffU
#define SHAPE_MINOR_MAX 0xfffdU

/* Bytes a second. OPEN stands for "no limit": above every limit that can be written (100 gbit), so that none is cut by the class above. */
#define SHAPE_OPEN_BYTES UINT64_C(125000000000)
#define SHAPE_ASSURED_BYTES 1000U

/* The kernel takes txqueuelen where nothing is said, and drops all unshaped packets where that is 0. */
#define SHAPE_DIRECT_PACKETS 1000U

/* Bursts are time at the rate: the kernel's ticks of 64 ns (PSCHED_SHIFT). */
#define SHAPE_TICK_NS 64U

enum shape_leaf_kind {
	SHAPE_LEAF_NONE, /* the kernel's own queue of a new class; an inner class has none */
	SHAPE_LEAF_FIFO, /* bfifo */
	SHAPE_LEAF_CODEL,
	SHAPE_LEAF_OTHER, /* observed only */
};

struct shape_leaf {
	enum shape_leaf_kind kind;
	uint32_t limit;                  /* FIFO: bytes; CODEL: packets */
	uint32_t target_us, interval_us; /* CODEL */
};

struct shape_class {
	uint32_t minor, parent;             /* parent 0: right below the root */
	uint64_t rate_bytes, ceil_bytes;    /* a second */
	uint32_t burst_ticks, cburst_ticks; /* at rate, at ceil */
	uint32_t quantum_bytes;             /* what it sends in its turn, while the class above is short */
	uint32_t prio;                      /* 0 is ours */
	uint32_t owes_ticks;                /* observed: at ceil, when a packet left it last; 0 nothing */
	bool odd; /* observed: something we never set, as bytes added to each packet; setting it anew mends it */
	uint64_t backlog_bytes; /* observed */
	struct shape_leaf leaf;
};

/* Observed: a classifier of tc on the root or on a class of ours. We make none, so all of them are somebody's. */
struct shape_filter {
	uint32_t minor; /* of the class; 0: on the root */
	uint32_t chain;
	uint16_t pref, protocol; /* protocol: ETH_P_*, in network order */
	char kind[16];
};

enum shape_root {
	SHAPE_ROOT_DEFAULT, /* the kernel's own, handle 0:. Wanted: nothing of ours */
	SHAPE_ROOT_OURS,
	SHAPE_ROOT_FOREIGN, /* observed: somebody configured it */
};

struct shape_device {
	int ifindex;
	char name[DEVICE_NAME_MAX + 1];
	uint32_t major;
	enum shape_root root;
	bool takeover;                      /* wanted: also where the root is somebody's */
	char kind[16];                      /* observed, with handle: of the root */
	uint32_t handle;                    /* observed */
	uint32_t rest;                      /* the root's default, a minor */
	uint32_t direct_packets;            /* room for what passes no class */
	bool odd;                           /* observed: settings of the root that we never make */
	VEC_OF(struct shape_class) classes; /* ascending by minor */
	VEC_OF(struct shape_filter) filters;
};

struct shape_device_list {
	struct shape_device *at;
	size_t n, cap;
};

/* -- which entry gets what in a direction -- */

/* A packet has one class: that of the port entry that covers it, else that of the address entry. What else limits it, polices it. */
struct shape_role {
	bool classed;        /* a class of its own */
	bool total;          /* its limit is the inner class of its devices */
	bool policed_beside; /* classed, but port entries' classes may take some of its packets: those it polices */
};

/* One an entry of c, in its order; of those with a limit in that direction. */
struct shape_role *shape_roles(struct arena *a, const struct config *c, enum direction d);

struct shape_minor {
	const char *name; /* of the entry */
	uint32_t minor;
};
struct shape_minor_list {
	struct shape_minor *at;
	size_t n, cap;
};

/* One a name, in that order: what it had, else the lowest that is free. Numbers in `had` that are out of range or given twice are not
 * kept. Returns false, and *ret_minors holds the first SHAPE_MINOR_MAX, where there are more names than numbers. */
bool shape_minors(struct arena *a, const char *const *names, size_t n, const struct shape_minor_list *had,
	struct shape_minor_list *ret_minors);

/* -- what is wanted on one device -- */

struct shape_limit {
	uint32_t minor;
	uint64_t bps;
};

struct shape_wish {
	int ifindex;
	const char *name;
	uint32_t mtu; /* layer 3, bytes; 0 unknown */
	uint32_t major;
	bool codel; /* the kernel has fq_codel */
	bool takeover;
	struct rate total; /* of the device's [interface] */
	const struct shape_limit *limits;
	size_t n; /* no total and no limits: nothing of ours is wanted */
};

void shape_want(struct arena *a, const struct shape_wish *w, struct shape_device *ret_device);

/* NULL if there is none. */
const struct shape_device *shape_device(const struct shape_device_list *l, int ifindex);
const struct shape_class *shape_class(const struct shape_device *d, uint32_t minor);

#endif
