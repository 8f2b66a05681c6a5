/* The figures of the tree: rates, bursts, quanta and queues from limits and MTU.
 * Everything that the kernel rounds is computed in its own units, so that what is read back is compared exactly.
 * tc/, run/ call through shape.h. */
#include "model/shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/hash.h"

#define ETHERNET_BYTES 18U /* of the frame around an MTU, a VLAN tag included */
#define FRAME_MAX 131072U  /* two of them at 8 kbit still fit the kernel's 32 bits of ticks */
#define MTU_USUAL 1500U
#define QUANTUM_MAX 60000U
#define TICKS_MS (1000000U / SHAPE_TICK_NS)

/* A queue of 100 ms at the limit: a round trip's worth, so that one stream fills it. Going out, what is dropped here was counted, and TCP hands
 * over two aggregated packets of 64 KiB of each stream before the first has left, if the peer is near: room for sixteen of them. (Counted and
 * not arrived, at 10 mbit: one stream with room for one packet 2.6 %, eight with 256 KiB 8 %.) Coming in, room for one.
 * But no more than two seconds, which one who connects waits behind, and an aggregated packet must fit: 64 KiB and a header for each segment.
 * (Another connection, with 256 KiB and with 72: at 64 kbit 18-36 s and 8-11 s, at 256 kbit 4.4-6.9 s and 1.5-2.3 s. The rate held in all of
 * them, from one stream to eight; eight lost no more with the smaller one, since they waited too short to send again what was on its way.) */
#define QUEUE_MIN (80U << 10)
#define QUEUE_IN (256U << 10)
#define QUEUE_OUT (2U << 20)
#define FIFO_MAX (32U << 20)
#define CODEL_PACKETS 10240U
#define CODEL_TARGET_US 5000U
#define CODEL_INTERVAL_US 95000U /* beyond the target */

/* -- roles -- */

static bool ports_meet(const struct entry *x, const struct entry *y)
{
	if ((x->protocols & y->protocols) == 0)
		return false;
	for (size_t i = 0, k = 0; i < x->ports.n && k < y->ports.n;) {
		const struct port_range *p = &x->ports.at[i], *q = &y->ports.at[k];

		if (p->lo <= q->hi && q->lo <= p->hi)
			return true;
		if (p->hi < q->hi)
			i++;
		else
			k++;
	}
	return false;
}

struct shape_role *shape_roles(struct arena *a, const struct config *c, enum direction d)
{
	struct shape_role *roles = arena_array(a, c->entries.n, sizeof *roles);

	for (size_t i = 0; i < c->entries.n; i++) {
		const struct entry *e = &c->entries.at[i];

		if (!e->limit[d].present)
			continue;
		roles[i].total = e->kind == ENTRY_INTERFACE;
		roles[i].classed = e->kind == ENTRY_PORT || e->kind == ENTRY_ADDRESS;
		if (e->kind != ENTRY_ADDRESS)
			continue;
		for (size_t k = 0; k < c->entries.n && !roles[i].policed_beside; k++) {
			const struct entry *p = &c->entries.at[k];

			roles[i].policed_beside = p->kind == ENTRY_PORT && p->limit[d].present &&
				(e->ports.n == 0 || ports_meet(e, p));
		}
	}
	return roles;
}

bool shape_minors(struct arena *a, const char *const *names, size_t n, const struct shape_minor_list *had,
	struct shape_minor_list *ret_minors)
{
	bool *taken = arena_array(a, SHAPE_MINOR_MAX + 1, sizeof *taken);
	struct shape_minor_list minors = { 0 };
	struct hash_map index;
	uint32_t next = 1;

	hash_map_init(&index, a, n);
	minors.n = minors.cap = n < SHAPE_MINOR_MAX ? n : SHAPE_MINOR_MAX;
	minors.at = arena_array(a, minors.n, sizeof *minors.at);
	for (size_t i = 0; i < minors.n; i++) {
		minors.at[i].name = names[i];
		hash_map_add(&index, names[i], (uint32_t)i);
	}
	for (size_t i = 0; i < had->n; i++) {
		const struct shape_minor *h = &had->at[i];
		const uint32_t *at = hash_map_get(&index, h->name);

		if (!at || minors.at[*at].minor || h->minor == 0 || h->minor > SHAPE_MINOR_MAX || taken[h->minor])
			continue;
		minors.at[*at].minor = h->minor;
		taken[h->minor] = true;
	}
	for (size_t i = 0; i < minors.n; i++) {
		if (minors.at[i].minor)
			continue;
		while (taken[next])
			next++;
		taken[next] = true;
		minors.at[i].minor = next;
	}
	*ret_minors = minors;
	return n <= SHAPE_MINOR_MAX;
}

/* -- figures -- */

static uint32_t clamp(uint64_t value, uint32_t least, uint32_t most)
{
	return value < least ? least : value > most ? most : (uint32_t)value;
}

static uint32_t frame_of(uint32_t mtu)
{
	return clamp((uint64_t)(mtu ? mtu : MTU_USUAL) + ETHERNET_BYTES, 64, FRAME_MAX);
}

/* Ticks that n bytes take at a rate, rounded up. */
static uint64_t ticks(uint64_t bytes, uint64_t rate_bytes)
{
	return (bytes * (1000000000U / SHAPE_TICK_NS) + rate_bytes - 1) / rate_bytes;
}

/* 1 ms of the rate or two frames: with less, 1 gbit gives 0.9 gbit, or 0.4 without offloads (timers fire too late). */
static uint32_t burst(uint64_t rate_bytes, uint32_t frame)
{
	return clamp(ticks(2 * (uint64_t)frame, rate_bytes), TICKS_MS, UINT32_MAX);
}

/* CoDel lets wait half a frame over the time that one takes, or 5 ms: a slow class would else drop what merely waits for its turn. Going
 * out, it drops only what waited longer than the room there takes; with 5 ms it made 6 % of one stream, 9 % of eight from 20 ms away. */
static struct shape_leaf leaf_of(uint64_t ceil_bytes, uint32_t frame, const struct shape_wish *w)
{
	struct shape_leaf leaf = { 0 };
	bool out = w->major == SHAPE_OUT;
	uint32_t room = clamp(2 * ceil_bytes, QUEUE_MIN, out ? QUEUE_OUT : QUEUE_IN);

	if (w->codel) {
		leaf.kind = SHAPE_LEAF_CODEL;
		leaf.limit = CODEL_PACKETS;
		leaf.target_us = clamp((out ? UINT64_C(1000000) * room : UINT64_C(1500000) * frame) / ceil_bytes,
			CODEL_TARGET_US, UINT32_MAX / 2);
		leaf.interval_us = leaf.target_us + CODEL_INTERVAL_US;
	} else {
		leaf.kind = SHAPE_LEAF_FIFO;
		leaf.limit = clamp(ceil_bytes / 10, room, FIFO_MAX);
	}
	return leaf;
}

static uint64_t bytes_of(uint64_t bps)
{
	return bps / 8 < SHAPE_ASSURED_BYTES ? SHAPE_ASSURED_BYTES : bps / 8;
}

struct build {
	struct arena *arena;
	const struct shape_wish *wish;
	struct shape_device device;
	uint32_t frame, quantum;
};

static void put_class(struct build *b, uint32_t minor, uint64_t ceil_bytes)
{
	bool inner = minor == SHAPE_INNER;
	struct shape_class *c = vec_push(b->arena, &b->device.classes);

	c->minor = minor;
	c->parent = inner ? 0 : SHAPE_INNER;
	c->rate_bytes = inner ? ceil_bytes : SHAPE_ASSURED_BYTES;
	c->ceil_bytes = ceil_bytes;
	c->burst_ticks = burst(c->rate_bytes, b->frame);
	c->cburst_ticks = burst(ceil_bytes, b->frame);
	c->quantum_bytes = b->quantum;
	if (!inner)
		c->leaf = leaf_of(ceil_bytes, b->frame, b->wish);
}

static int by_minor(const void *x, const void *y)
{
	const struct shape_class *p = x, *q = y;

	return (p->minor > q->minor) - (p->minor < q->minor);
}

void shape_want(struct arena *a, const struct shape_wish *w, struct shape_device *ret_device)
{
	struct build b = { .arena = a, .wish = w, .frame = frame_of(w->mtu) };
	uint64_t total = w->total.present ? bytes_of(w->total.bps) : SHAPE_OPEN_BYTES;

	b.device.ifindex = w->ifindex;
	snprintf(b.device.name, sizeof b.device.name, "%s", w->name);
	b.device.major = w->major;
	b.device.takeover = w->takeover;
	/* The same for all: where the device's limit is short, each gets an equal share of it. 1 ms of that limit, so that no turn
	 * makes the others wait for long. */
	b.quantum = clamp(total / 1000, b.frame < QUANTUM_MAX ? b.frame : QUANTUM_MAX, QUANTUM_MAX);
	if (w->total.present || w->n > 0) {
		b.device.root = SHAPE_ROOT_OURS;
		b.device.rest = SHAPE_REST;
		b.device.direct_packets = SHAPE_DIRECT_PACKETS;
		put_class(&b, SHAPE_INNER, total);
		for (size_t i = 0; i < w->n; i++)
			put_class(&b, w->limits[i].minor, bytes_of(w->limits[i].bps));
		if (w->total.present)
			put_class(&b, SHAPE_REST, total);
		qsort(b.device.classes.at, b.device.classes.n, sizeof *b.device.classes.at, by_minor);
	}
	*ret_device = b.device;
}

const struct shape_device *shape_device(const struct shape_device_list *l, int ifindex)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->at[i].ifindex == ifindex)
			return &l->at[i];
	return NULL;
}

const struct shape_class *shape_class(const struct shape_device *d, uint32_t minor)
{
	const struct shape_class key = { .minor = minor };

	if (d->classes.n == 0)
		return NULL;
	return bsearch(&key, d->classes.at, d->classes.n, sizeof key, by_minor);
}
