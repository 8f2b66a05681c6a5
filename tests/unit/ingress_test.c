/* Which packets that come in get which class: random packets through the table made of random configurations, against what the configuration
 * says of each; and which devices have a chain.
 * make check-unit runs it. */
#include "packet_help.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

#include "model/desired_ingress.h"
#include "model/shape.h"

#define IFB 77

static const struct open_port OPEN[] = { { PROTO_TCP, 22 }, { PROTO_UDP, 4500 } };

static struct ruleset ingress_of(
	struct arena *a, const struct config *c, const struct watch *w, const struct links *l, const uint32_t *minors)
{
	const struct ingress_wish wish = {
		.config = c, .watch = w, .links = l, .open = OPEN, .n_open = 2, .minors = minors, .ifb = IFB
	};
	struct ruleset r;

	desired_ingress(a, &wish, &r);
	return r;
}

/* Of the base chain of its device. */
static void run_ingress(struct run *x)
{
	for (size_t i = 0; i < x->r->chains.n; i++)
		if (x->r->chains.at[i].base && strcmp(x->r->chains.at[i].device, x->p->device) == 0)
			run_chain(x, x->r->chains.at[i].name);
}

static bool always_passes(const struct packet *p)
{
	static const uint16_t dhcp[] = { 67, 68, 546, 547 };
	bool from = false, to = false;

	if (p->protocol == IPPROTO_ICMP || p->protocol == IPPROTO_ICMPV6)
		return true;
	for (size_t i = 0; i < 4; i++) {
		from |= p->remote == dhcp[i];
		to |= p->port == dhcp[i];
	}
	return p->protocol == IPPROTO_UDP && from && to;
}

static bool is_open(const struct config *c, const struct packet *p)
{
	bool ours = p->type == RTN_LOCAL || in_prefixes(&c->settings.own, p);

	return ours &&
		((p->protocol == IPPROTO_TCP && p->port == 22) || (p->protocol == IPPROTO_UDP && p->port == 4500));
}

/* A port's class before an address's. */
static uint32_t expected(const struct config *c, const uint32_t *minors, const struct packet *p)
{
	if (p->tag || always_passes(p) || is_open(c, p))
		return 0;
	for (enum entry_kind kind = ENTRY_PORT; kind <= ENTRY_ADDRESS; kind++)
		for (size_t i = 0; i < c->entries.n; i++)
			if (minors[i] && c->entries.at[i].kind == kind && counts(c, &c->entries.at[i], p, true))
				return SHAPE_IN << 16 | minors[i];
	return 0;
}

static void one_packet(struct arena *a, const struct config *c, const struct ruleset *r, const uint32_t *minors,
	const char *const *devices, uint64_t *seed, size_t *hits)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_TCP, IPPROTO_UDP,
		IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_GRE };
	static const uint32_t types[] = { RTN_LOCAL, RTN_LOCAL, RTN_UNICAST, RTN_BROADCAST };
	static const uint16_t usual[] = { 22, 67, 68, 4500 };
	struct packet p = { .dir = DIR_IN, .length = 100 };
	struct run x = { .arena = a, .r = r, .p = &p };
	bool listed;
	uint32_t want;

	p.device = devices[next_random(seed) % 3];
	p.protocol = protocols[next_random(seed) % 8];
	random_address(c, seed, &p);
	p.port = next_random(seed) % 8 ? random_port(c, seed) : usual[next_random(seed) % 4];
	p.remote = next_random(seed) % 4 ? (uint16_t)next_random(seed) : usual[next_random(seed) % 4];
	p.type = types[next_random(seed) % 4];
	p.tag = next_random(seed) % 8 ? 0 : next_random(seed) % 2 ? ETH_P_8021Q : ETH_P_8021AD;
	listed = strcmp(p.device, "other0") != 0;
	want = listed ? expected(c, minors, &p) : 0;
	if (r->present)
		run_ingress(&x);
	if (x.device != (want ? IFB : 0) || (want && x.priority != want))
		fail_msg("%s port %u of protocol %u, type %u: class %x to device %d, wanted %x", p.device, p.port,
			p.protocol, p.type, x.priority, x.device, want);
	*hits += want != 0;
}

static void packets(void **state)
{
	static const char *const devices[] = { "eth0", "eth1", "other0" };
	const struct links none = { 0 };
	uint64_t seed = 0x9e3779b97f4a7c15U;
	size_t hits = 0;

	(void)state;
	for (int round = 0; round < 200; round++) {
		cleanup_arena struct arena a = { 0 };
		struct config *c = config_of(&a, random_config(&a, &seed));
		struct watch w = watch_of(&a, "eth0:1500 eth1:1500");
		uint32_t *minors = arena_array(&a, c->entries.n + 1, sizeof *minors);
		struct ruleset r;

		for (size_t i = 0; i < c->entries.n; i++)
			if (c->entries.at[i].kind != ENTRY_INTERFACE && next_random(&seed) % 3)
				minors[i] = (uint32_t)i + 1;
		r = ingress_of(&a, c, &w, &none, minors);
		for (int n = 0; n < 200; n++)
			one_packet(&a, c, &r, minors, devices, &seed, &hits);
	}
	assert_true(hits > 2000);
}

/* -- devices --------------------------------------------------------------------------------------------------------- */

static void add_link(
	struct arena *a, struct links *l, int ifindex, const char *name, const char *kind, int master, int lower)
{
	struct link_device *d = vec_push(a, &l->devices);

	d->ifindex = ifindex;
	snprintf(d->name, sizeof d->name, "%s", name);
	d->kind = kind;
	d->master = master;
	d->lower = lower;
}

static const char *hooked(struct arena *a, const struct ruleset *r)
{
	const char *text = "";

	for (size_t i = 0; i < r->chains.n; i++)
		if (r->chains.at[i].base)
			text = arena_printf(a, "%s%s%s", text, *text ? " " : "", r->chains.at[i].device);
	return text;
}

/* Each packet once: a port of a bridge, and what sits on a card as a copy of it, have none of their own. */
static void devices(void **state)
{
	static const struct {
		const char *watched, *hooked;
		struct {
			const char *name, *kind;
			int master, lower;
		} at[4];
	} cases[] = {
		{ "eth0:1500", "eth0", { { "eth0", "", 0, 0 } } },
		{ "eth0:1500 eth1:1500", "eth0 eth1", { { "eth0", "", 0, 0 }, { "eth1", "veth", 0, 1 } } },
		{ "eth0:1500 gone0:-", "eth0", { { "eth0", "", 0, 0 } } },
		{ "gone0:-", "", { { "eth0", "", 0, 0 } } },
		{ "br0:1500 eth0:1500", "br0", { { "br0", "bridge", 0, 0 }, { "eth0", "", 1, 0 } } },
		{ "bond0:1500 eth0:1500", "bond0", { { "bond0", "bond", 0, 0 }, { "eth0", "", 1, 0 } } },
		{ "vrf0:1500 eth0:1500", "vrf0 eth0", { { "vrf0", "vrf", 0, 0 }, { "eth0", "", 1, 0 } } },
		{ "eth0:1500 eth0.5:1500", "eth0 eth0.5", { { "eth0", "", 0, 0 }, { "eth0.5", "vlan", 0, 1 } } },
		{ "eth0:1500 mv0:1500", "eth0", { { "eth0", "", 0, 0 }, { "mv0", "macvlan", 0, 1 } } },
		{ "mv0:1500", "mv0", { { "mv0", "macvlan", 0, 2 }, { "eth0", "", 0, 0 } } },
	};
	cleanup_arena struct arena a = { 0 };
	struct config *c = config_of(&a, "[port web]\nports = 80\nlimit = 8mbit\n");
	const uint32_t minors[] = { 1 };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct watch w = watch_of(&a, cases[i].watched);
		struct links l = { 0 };
		struct ruleset r;

		for (int k = 0; k < 4 && cases[i].at[k].name; k++)
			add_link(&a, &l, k + 1, cases[i].at[k].name, cases[i].at[k].kind, cases[i].at[k].master,
				cases[i].at[k].lower);
		r = ingress_of(&a, c, &w, &l, minors);
		assert_string_equal(hooked(&a, &r), cases[i].hooked);
		assert_int_equal(r.present, *cases[i].hooked != 0);
	}
}

static void nothing_shaped(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct config *c = config_of(&a, "[port web]\nports = 80\nlimit = 8mbit\n");
	struct watch w = watch_of(&a, "eth0:1500");
	const struct links none = { 0 };
	const uint32_t minors[] = { 0 };
	struct ruleset r = ingress_of(&a, c, &w, &none, minors);

	(void)state;
	assert_false(r.present);
	assert_int_equal(r.chains.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets),
		cmocka_unit_test(devices),
		cmocka_unit_test(nothing_shaped),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
