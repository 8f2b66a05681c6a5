/* How packets are told apart: see desired_match.h.
 * Single ports and short ranges, single addresses, and addresses with ports are hashed; longer ranges and prefixes are intervals.
 * Pure; desired*.c call. */
#include "model/desired_match.h"

#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "model/desired_put.h"

#define REG 1
#define REG_BEHIND_ADDR4 9 /* NFT_REG32_01 */
#define REG_BEHIND_ADDR6 2 /* NFT_REG32_04, as the kernel names it in dumps */

const struct match_protocol match_protocols[MATCH_PROTOCOLS] = { { PROTO_TCP, IPPROTO_TCP, "tcp" },
	{ PROTO_UDP, IPPROTO_UDP, "udp" }, { PROTO_SCTP, IPPROTO_SCTP, "sctp" } };

#define TCP (&match_protocols[0])
#define UDP (&match_protocols[1])
#define SCTP (&match_protocols[2])

const struct match matches[] = {
	{ .kind = ENTRY_INTERFACE, .key = KEY_IFNAME, .stem = "if" },
	{ .kind = ENTRY_ADDRESS, .family = 4, .key = KEY_ADDR4, .stem = "a4" },
	{ .kind = ENTRY_ADDRESS, .family = 4, .interval = true, .key = KEY_ADDR4, .stem = "a4r" },
	{ .kind = ENTRY_ADDRESS, .family = 4, .protocol = TCP, .key = KEY_ADDR4_SERVICE, .stem = "a4tcp" },
	{ .kind = ENTRY_ADDRESS, .family = 4, .protocol = UDP, .key = KEY_ADDR4_SERVICE, .stem = "a4udp" },
	{ .kind = ENTRY_ADDRESS, .family = 4, .protocol = SCTP, .key = KEY_ADDR4_SERVICE, .stem = "a4sctp" },
	{ .kind = ENTRY_ADDRESS, .family = 6, .key = KEY_ADDR6, .stem = "a6" },
	{ .kind = ENTRY_ADDRESS, .family = 6, .interval = true, .key = KEY_ADDR6, .stem = "a6r" },
	{ .kind = ENTRY_ADDRESS, .family = 6, .protocol = TCP, .key = KEY_ADDR6_SERVICE, .stem = "a6tcp" },
	{ .kind = ENTRY_ADDRESS, .family = 6, .protocol = UDP, .key = KEY_ADDR6_SERVICE, .stem = "a6udp" },
	{ .kind = ENTRY_ADDRESS, .family = 6, .protocol = SCTP, .key = KEY_ADDR6_SERVICE, .stem = "a6sctp" },
	{ .kind = ENTRY_PORT, .protocol = TCP, .key = KEY_SERVICE, .stem = "tcp" },
	{ .kind = ENTRY_PORT, .protocol = TCP, .interval = true, .key = KEY_SERVICE, .stem = "tcpr" },
	{ .kind = ENTRY_PORT, .protocol = UDP, .key = KEY_SERVICE, .stem = "udp" },
	{ .kind = ENTRY_PORT, .protocol = UDP, .interval = true, .key = KEY_SERVICE, .stem = "udpr" },
	{ .kind = ENTRY_PORT, .protocol = SCTP, .key = KEY_SERVICE, .stem = "sctp" },
	{ .kind = ENTRY_PORT, .protocol = SCTP, .interval = true, .key = KEY_SERVICE, .stem = "sctpr" },
};
const size_t matches_n = sizeof matches / sizeof *matches;

static bool long_range(const struct port_range *p)
{
	return p->hi - p->lo >= DESIRED_SHORT_RANGE;
}

static bool whole_address(const struct prefix *p)
{
	return p->len == (p->family == 4 ? 32 : 128);
}

static bool has_address(const struct match *m, const struct prefix *p)
{
	return p->family == m->family && (m->protocol || whole_address(p) != m->interval);
}

bool match_has(const struct match *m, const struct entry *e)
{
	if (m->kind != e->kind || (m->protocol && !(e->protocols & m->protocol->bit)))
		return false;
	if (m->kind == ENTRY_INTERFACE)
		return true;
	if (m->kind == ENTRY_ADDRESS) {
		if ((e->ports.n > 0) != (m->protocol != NULL))
			return false;
		for (size_t i = 0; i < e->addresses.n; i++)
			if (has_address(m, &e->addresses.at[i]))
				return true;
		return false;
	}
	for (size_t i = 0; i < e->ports.n; i++)
		if (long_range(&e->ports.at[i]) == m->interval)
			return true;
	return false;
}

static struct ruleset_elem *add(struct desired_build *b, struct ruleset_set *set, const struct ruleset_elem *value)
{
	struct ruleset_elem *e = vec_push(b->arena, &set->elems);

	if (value)
		*e = (struct ruleset_elem){
			.name = value->name, .verdict = value->verdict, .deadline = value->deadline
		};
	return e;
}

void desired_device_key(uint8_t key[SET_KEY_MAX], const char *device)
{
	memset(key, 0, SET_KEY_MAX);
	memcpy(key, device, strnlen(device, DEVICE_NAME_MAX));
}

void desired_device(
	struct desired_build *b, struct ruleset_set *s, const char *device, const struct ruleset_elem *value)
{
	struct ruleset_elem *e;
	uint8_t key[SET_KEY_MAX];

	desired_device_key(key, device);
	for (size_t i = 0; i < s->elems.n; i++)
		if (memcmp(s->elems.at[i].from, key, sizeof key) == 0)
			return;
	e = add(b, s, value);
	memcpy(e->from, key, sizeof key);
	memcpy(e->to, key, sizeof key);
}

void desired_prefix(
	struct desired_build *b, struct ruleset_set *s, const struct prefix *p, const struct ruleset_elem *value)
{
	struct ruleset_elem *e = add(b, s, value);
	size_t len = p->family == 4 ? 4 : 16;

	memcpy(e->from, p->addr, len);
	memcpy(e->to, p->addr, len);
	for (size_t bit = p->len; bit < 8 * len; bit++)
		e->to[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
}

static void put_service(uint8_t *at, uint16_t port)
{
	at[0] = (uint8_t)(port >> 8);
	at[1] = (uint8_t)port;
}

void desired_ports(
	struct desired_build *b, struct ruleset_set *set, const struct port_range *p, const struct ruleset_elem *value)
{
	uint32_t step = set->interval ? (uint32_t)(p->hi - p->lo) : 0;

	for (uint32_t port = p->lo; port <= p->hi; port += step + 1) {
		struct ruleset_elem *e = add(b, set, value);

		put_service(e->from, (uint16_t)port);
		put_service(e->to, (uint16_t)(port + step));
	}
}

static uint64_t prefix_size(const struct prefix *p)
{
	int bits = (p->family == 4 ? 32 : 128) - p->len;

	return bits > 16 ? UINT64_MAX : (uint64_t)1 << bits;
}

/* Every address of the prefix with every port of e: the configuration was checked to keep this small. */
static void fill_address_ports(struct desired_build *b, struct ruleset_set *set, const struct entry *e,
	const struct prefix *p, const struct ruleset_elem *value)
{
	size_t len = p->family == 4 ? 4 : 16;

	for (uint64_t host = 0; host < prefix_size(p); host++)
		for (size_t i = 0; i < e->ports.n; i++)
			for (uint32_t port = e->ports.at[i].lo; port <= e->ports.at[i].hi; port++) {
				struct ruleset_elem *x = add(b, set, value);

				memcpy(x->from, p->addr, len);
				x->from[len - 1] |= (uint8_t)host;
				x->from[len - 2] |= (uint8_t)(host >> 8);
				put_service(x->from + len, (uint16_t)port);
				memcpy(x->to, x->from, sizeof x->to);
			}
}

static void fill_devices(
	struct desired_build *b, struct ruleset_set *set, const struct entry *e, const struct ruleset_elem *value)
{
	for (size_t i = 0; i < e->devices.n; i++)
		desired_device(b, set, e->devices.at[i], value);
	for (size_t i = 0; i < b->watch->devices.n && !e->devices.n; i++)
		desired_device(b, set, b->watch->devices.at[i].name, value);
}

void match_fill(struct desired_build *b, struct ruleset_set *set, const struct match *m, const struct entry *e,
	const struct ruleset_elem *value)
{
	if (m->kind == ENTRY_INTERFACE)
		fill_devices(b, set, e, value);
	for (size_t i = 0; i < e->addresses.n && m->kind == ENTRY_ADDRESS; i++) {
		const struct prefix *p = &e->addresses.at[i];

		if (!has_address(m, p))
			continue;
		if (m->protocol)
			fill_address_ports(b, set, e, p, value);
		else
			desired_prefix(b, set, p, value);
	}
	for (size_t i = 0; i < e->ports.n && m->kind == ENTRY_PORT; i++)
		if (long_range(&e->ports.at[i]) == m->interval)
			desired_ports(b, set, &e->ports.at[i], value);
}

/* nft, loading its own listing, puts the family first: so a restored table equals ours. */
void match_put_guard(struct desired_build *b, struct ruleset_rule *r, const struct match *m)
{
	if (m->family)
		rule_put_family(b, r, m->family);
	if (m->protocol)
		rule_put_meta_is(b, r, NFT_META_L4PROTO, m->protocol->number);
}

void match_put_key(struct desired_build *b, struct ruleset_rule *r, const struct match *m, enum direction d)
{
	if (m->kind == ENTRY_INTERFACE)
		rule_put_device(b, r, d);
	if (m->family)
		rule_put_address(b, r, d, m->family);
	if (m->protocol)
		rule_put_port(b, r, d, !m->family ? REG : m->family == 4 ? REG_BEHIND_ADDR4 : REG_BEHIND_ADDR6);
}
