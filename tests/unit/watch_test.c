/* Tables for model/watch.c: the list, the total, conflicts, warnings.
 * A machine is a few words a device; a configuration is built by hand.
 * `make check-unit` runs it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/watch.h"
#include "util/hash.h"

#define N(a) (sizeof(a) / sizeof *(a))
#define DEV(i, n, k, m, l) \
	{ \
		.ifindex = (i), .name = n, .kind = (k), .master = (m), .lower = (l), .mtu = 1500, .up = true \
	}

static const struct link_device machine_devices[] = {
	{ .ifindex = 1, .name = "lo", .kind = "", .loopback = true, .mtu = 65536, .up = true },
	DEV(2, "eth0", "", 0, 0),
	DEV(3, "eth1", "", 10, 0),
	DEV(4, "eth0.5", "vlan", 0, 2),
	DEV(5, "gre1", "gre", 0, 2),
	DEV(6, "wg0", "wireguard", 0, 0),
	DEV(7, "tun0", "tun", 0, 0),
	DEV(8, "veth0", "veth", 0, 2),
	DEV(9, "ppp0", "ppp", 0, 0),
	DEV(10, "br0", "bridge", 0, 0),
	{ .ifindex = 11, .name = "ipip1", .kind = "ipip", .lower = 2, .lower_elsewhere = true, .mtu = 1480 },
	DEV(12, "gre2", "gre", 0, 5),
};

/* routes: devices of default routes, blanks between */
static struct links machine(struct arena *a, const char *routes)
{
	struct links l = { 0 };

	for (size_t i = 0; i < N(machine_devices); i++)
		*vec_push(a, &l.devices) = machine_devices[i];
	struct link_address *x = vec_push(a, &l.addresses);
	*x = (struct link_address){ .ifindex = 2, .addr = { 4, 32, { 192, 0, 2, 5 } }, .prefix_len = 24 };
	x = vec_push(a, &l.addresses);
	*x = (struct link_address){
		.ifindex = 2, .addr = { 6, 128, { 0x20, 1, 0xd, 0xb8, [15] = 1 } }, .prefix_len = 64
	};
	for (const char *p = routes; *p != '\0'; p += strcspn(p, " "), p += strspn(p, " ")) {
		char name[DEVICE_NAME_MAX + 1] = { 0 };
		memcpy(name, p, strcspn(p, " "));
		const struct link_device *d = links_find(&l, name);
		*vec_push(a, &l.default_routes) = (struct link_route){ .family = 4,
			.ifindex = d != NULL ? d->ifindex : 99 };
	}
	return l;
}

static void name_devices(struct arena *a, struct settings *s, const char *names)
{
	for (const char *p = names; *p != '\0'; p += strcspn(p, " "), p += strspn(p, " "))
		*vec_push(a, &s->devices) = arena_strndup(a, p, strcspn(p, " "));
}

/* "eth0 wg0(eth0) gone-" : listed devices, what carries those left out of the total, "-" for absent */
static const char *shown(struct arena *a, const struct watch *w)
{
	const char *text = "";

	for (size_t i = 0; i < w->devices.n; i++) {
		const struct watched *d = &w->devices.at[i];
		text = arena_printf(a, "%s%s%s%s%s%s%s", text, i > 0 ? " " : "", d->name, d->present ? "" : "-",
			d->total ? "" : "(", d->over != NULL ? d->over : "", d->total ? "" : ")");
	}
	return text;
}

static void lists(void **state)
{
	static const struct {
		const char *name, *configured, *routes, *remembered, *want;
	} cases[] = {
		{ "auto, one route", "", "eth0", "", "eth0" },
		{ "auto, two families on one device", "", "eth0 eth0", "", "eth0" },
		{ "auto, by name and not by route", "", "ppp0 eth0", "", "eth0 ppp0" },
		{ "auto, loopback is never taken", "", "lo eth0", "", "eth0" },
		{ "auto, a route whose device went meanwhile", "", "nosuch eth0", "", "eth0" },
		{ "auto, routes win over memory", "", "eth0", "br0", "eth0" },
		{ "auto, no route: the last run's", "", "", "eth0 wg0", "eth0 wg0(eth0)" },
		{ "auto, no route, remembered one is gone", "", "", "eth7 eth0", "eth7- eth0" },
		{ "auto, nothing known", "", "", "", "" },
		{ "named, in the order of the file", "ppp0 eth0", "eth0", "br0", "ppp0 eth0" },
		{ "named twice", "eth0 eth0", "eth0", "", "eth0" },
		{ "named, absent", "eth0 eth9", "eth0", "", "eth0 eth9-" },
		{ "tunnel beside its carrier", "eth0 gre1", "", "", "eth0 gre1(eth0)" },
		{ "tunnel alone counts", "gre1", "eth0", "", "gre1" },
		{ "tunnel, carrier not listed", "br0 gre1", "br0", "", "br0 gre1" },
		{ "tunnel over a tunnel over a card", "eth0 gre1 gre2", "", "", "eth0 gre1(eth0) gre2(gre1)" },
		{ "tunnel over an unlisted tunnel", "eth0 gre2", "eth0", "", "eth0 gre2" },
		{ "carrier in another namespace is not this eth0", "eth0 ipip1", "eth0", "", "eth0 ipip1" },
		{ "vlan beside its card: no packet is seen twice", "eth0 eth0.5", "eth0", "", "eth0 eth0.5" },
		{ "veth's IFLA_LINK is its peer", "eth0 veth0", "eth0", "", "eth0 veth0" },
		{ "wireguard in auto beside a card", "", "eth0 wg0", "", "eth0 wg0(eth0)" },
		{ "wireguard alone in auto", "", "wg0", "", "wg0" },
		{ "wireguard named beside the default route's device", "wg0 eth0", "eth0", "", "wg0(eth0) eth0" },
		{ "wireguard named beside a device without default route", "wg0 br0", "eth0", "", "wg0 br0" },
		{ "two tunnels do not carry each other", "", "tun0 wg0", "", "tun0 wg0" },
		{ "pppoe beside its card", "", "eth0 ppp0", "", "eth0 ppp0" },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct arena a = { 0 };
		struct config c = { 0 };
		struct watch w;
		struct links l = machine(&a, cases[i].routes);
		name_devices(&a, &c.settings, cases[i].configured);
		watch_devices(&a, &c, &l, cases[i].remembered, NULL, &w);
		if (strcmp(shown(&a, &w), cases[i].want) != 0)
			fail_msg("%s: got \"%s\", want \"%s\"", cases[i].name, shown(&a, &w), cases[i].want);
		if (w.conflict.text != NULL)
			fail_msg("%s: conflict: %s", cases[i].name, w.conflict.text);
		arena_free(&a);
	}
}

static void conflicts(void **state)
{
	static const struct {
		const char *name, *configured, *want, *text;
	} cases[] = {
		{ "bridge and its port", "br0 eth1", "br0", "eth1 and its bridge br0" },
		{ "port before bridge", "eth1 br0", "br0", "eth1 and its bridge br0" },
		{ "port alone", "eth1", "eth1", NULL },
		{ "loopback", "lo eth0", "eth0", "loopback" },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct arena a = { 0 };
		struct config c = { .settings.where = { .line = 7 } };
		struct watch w;
		struct links l = machine(&a, "eth0");
		name_devices(&a, &c.settings, cases[i].configured);
		watch_devices(&a, &c, &l, "", NULL, &w);
		if (strcmp(shown(&a, &w), cases[i].want) != 0)
			fail_msg("%s: got \"%s\", want \"%s\"", cases[i].name, shown(&a, &w), cases[i].want);
		if ((cases[i].text == NULL) != (w.conflict.text == NULL) ||
			(cases[i].text != NULL && strstr(w.conflict.text, cases[i].text) == NULL))
			fail_msg("%s: conflict is %s", cases[i].name,
				w.conflict.text != NULL ? w.conflict.text : "none");
		if (cases[i].text != NULL)
			assert_int_equal(w.conflict.where.line, 7);
		arena_free(&a);
	}
}

static struct entry *add_entry(struct arena *a, struct config *c, enum entry_kind kind, const char *name, uint32_t line)
{
	struct entry *e = vec_push(a, &c->entries);

	e->kind = kind;
	e->name = name;
	e->where.line = line;
	return e;
}

static void expect(const char *name, const struct watch *w, const char *text, uint32_t line)
{
	if (text == NULL && w->warnings.n != 0)
		fail_msg("%s: unexpected: %s", name, w->warnings.at[0].text);
	if (text == NULL)
		return;
	for (size_t i = 0; i < w->warnings.n; i++)
		if (strstr(w->warnings.at[i].text, text) != NULL) {
			if (w->warnings.at[i].where.line != line)
				fail_msg("%s: line %u, want %u", name, w->warnings.at[i].where.line, line);
			return;
		}
	fail_msg("%s: no warning has \"%s\"%s%s", name, text, w->warnings.n > 0 ? "; first: " : "",
		w->warnings.n > 0 ? w->warnings.at[0].text : "");
}

static void list_warnings(void **state)
{
	static const struct {
		const char *configured, *routes, *remembered, *text;
	} cases[] = {
		{ "", "eth0", "", NULL },
		{ "", "eth0 wg0", "", NULL },
		{ "", "", "eth0 br0", "watching eth0 br0 as in the last run" },
		{ "", "", "", "no device is watched" },
		{ "eth0 eth9", "eth0", "", "interface eth9 does not exist" },
		{ "eth0 wg0", "eth0", "", "wg0 is a tunnel over eth0" },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct arena a = { 0 };
		struct config c = { .settings.where = { .line = 3 } };
		struct watch w;
		struct links l = machine(&a, cases[i].routes);
		name_devices(&a, &c.settings, cases[i].configured);
		watch_devices(&a, &c, &l, cases[i].remembered, NULL, &w);
		expect(cases[i].text != NULL ? cases[i].text : "silent", &w, cases[i].text, 3);
		arena_free(&a);
	}
}

static void address_warnings(void **state)
{
	static const struct {
		struct prefix p;
		const char *text;
	} cases[] = {
		{ { 4, 32, { 192, 0, 2, 5 } }, NULL },
		{ { 4, 24, { 192, 0, 2, 0 } }, NULL },
		{ { 4, 32, { 192, 0, 2, 6 } }, "does not have 192.0.2.6 now" },
		{ { 4, 25, { 192, 0, 2, 128 } }, "does not have 192.0.2.128/25 now" },
		{ { 6, 128, { 0x20, 1, 0xd, 0xb8, [15] = 1 } }, NULL },
		{ { 6, 64, { 0x20, 1, 0xd, 0xb8 } }, NULL },
		{ { 6, 64, { 0x20, 1, 0xd, 0xb9 } }, "2001:db9::/64" },
		{ { 6, 0, { 0 } }, NULL },
		{ { 4, 32, { 203, 0, 113, 7 } }, NULL }, /* inside `own` */
		{ { 4, 32, { 203, 0, 113, 9 } }, "203.0.113.9" },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct arena a = { 0 };
		struct config c = { 0 };
		struct watch w;
		struct links l = machine(&a, "eth0");
		*vec_push(&a, &c.settings.own) = (struct prefix){ 4, 30, { 203, 0, 113, 4 } };
		struct entry *e = add_entry(&a, &c, ENTRY_ADDRESS, "x", 11);
		*vec_push(&a, &e->addresses) = cases[i].p;
		watch_devices(&a, &c, &l, "", NULL, &w);
		expect(cases[i].text != NULL ? cases[i].text : "silent", &w, cases[i].text, 11);
		arena_free(&a);
	}
}

static void name_warnings(void **state)
{
	static const struct {
		const char *label, *own, *text;
	} cases[] = {
		{ "vps", "", NULL },
		{ "eth0", "", NULL },
		{ "br0", "", "[interface br0] watches eth0, not the device br0" },
		{ "br0", "br0", NULL },
		{ "eth0", "br0", "[interface eth0] watches br0" },
		{ "nosuch", "br0", NULL },
		{ "x", "eth9", "interface eth9 does not exist" },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct arena a = { 0 };
		struct config c = { 0 };
		struct watch w;
		struct links l = machine(&a, "eth0");
		struct entry *e = add_entry(&a, &c, ENTRY_INTERFACE, cases[i].label,
			strstr(cases[i].text != NULL ? cases[i].text : "", "does not exist") != NULL ? 0 : 5);
		if (*cases[i].own != '\0')
			*vec_push(&a, &e->devices) = cases[i].own;
		watch_devices(&a, &c, &l, "", NULL, &w);
		expect(cases[i].text != NULL ? cases[i].text : cases[i].label, &w, cases[i].text, e->where.line);
		if (*cases[i].own != '\0' && strcmp(cases[i].own, "eth0") != 0) {
			assert_int_equal(w.others.n, 1);
			assert_false(w.others.at[0].total);
			assert_ptr_equal(watch_find(&w, cases[i].own), &w.others.at[0]);
		}
		arena_free(&a);
	}
}

static void port_warnings(void **state)
{
	static const struct {
		const char *name;
		struct port_range ports[3], reserved[3];
		const char *text, *sysctl;
	} cases[] = {
		{ "below", { { 80, 80 }, { 8000, 9000 } }, { { 0 } }, NULL, NULL },
		{ "last before", { { 32767, 32767 } }, { { 0 } }, NULL, NULL },
		{ "first inside", { { 32768, 32768 } }, { { 0 } }, "ports 32768 of e lie", "ports=32768" },
		{ "last inside", { { 60999, 61005 } }, { { 0 } }, "ports 60999 of", "ports=60999" },
		{ "first behind", { { 61000, 61000 } }, { { 0 } }, NULL, NULL },
		{ "across", { { 100, 40000 } }, { { 0 } }, "ports 32768-40000 of", NULL },
		{ "all of it", { { 1, 65535 } }, { { 0 } }, "ports 32768-60999 of", NULL },
		{ "reserved", { { 40000, 40010 } }, { { 40000, 40010 } }, NULL, NULL },
		{ "reserved wider", { { 40000, 40010 } }, { { 39000, 65535 } }, NULL, NULL },
		{ "reserved in the middle", { { 40000, 40010 } }, { { 40003, 40005 } },
			"ports 40000-40002,40006-40010 of", "ports=40000-40010" },
		{ "others reserved too", { { 40000, 40000 }, { 41000, 41000 } }, { { 500, 500 }, { 41000, 41000 } },
			"ports 40000 of", "ports=500,40000,41000" },
		{ "neighbours join", { { 40000, 40000 }, { 40001, 40002 } }, { { 0 } }, "ports 40000-40002 of", NULL },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct arena a = { 0 };
		struct config c = { 0 };
		struct watch w;
		struct links l = machine(&a, "eth0");
		struct entry *e = add_entry(&a, &c, ENTRY_PORT, "e", 9);
		struct local_ports p = { { 32768, 60999 }, cases[i].reserved, 0 };
		for (size_t k = 0; k < 3 && cases[i].ports[k].lo != 0; k++)
			*vec_push(&a, &e->ports) = cases[i].ports[k];
		while (p.n_reserved < 3 && cases[i].reserved[p.n_reserved].lo != 0)
			p.n_reserved++;
		watch_devices(&a, &c, &l, "", &p, &w);
		expect(cases[i].name, &w, cases[i].text, 9);
		if (cases[i].sysctl != NULL)
			expect(cases[i].name, &w, cases[i].sysctl, 9);
		watch_devices(&a, &c, &l, "", NULL, &w);
		expect("range unknown", &w, NULL, 0);
		arena_free(&a);
	}
}

/* Many ports: a short text, and no quadratic cost. */
static void many_ports(void **state)
{
	struct arena a = { 0 };
	struct config c = { 0 };
	struct watch w;
	struct links l = machine(&a, "eth0");
	struct local_ports p = { .range = { 32768, 60999 } };

	(void)state;
	for (uint16_t port = 60998; port > 33000; port = (uint16_t)(port - 2)) {
		struct entry *e = add_entry(&a, &c, ENTRY_PORT, "many", 1);
		*vec_push(&a, &e->ports) = (struct port_range){ port, port };
	}
	watch_devices(&a, &c, &l, "", &p, &w);
	expect("many", &w, "ports 33002-60998 of many, many, many, many, many and 13994 more", 1);
	assert_true(strlen(w.warnings.at[0].text) < 500);
	arena_free(&a);
}

static void hashes(void **state)
{
	struct arena a = { 0 };
	struct config c = { 0 };
	struct watch w, v;
	struct links l = machine(&a, "eth0 ppp0");

	(void)state;
	watch_devices(&a, &c, &l, "", NULL, &w);
	watch_devices(&a, &c, &l, "something else", NULL, &v);
	assert_true(watch_hash(HASH_START, &w) == watch_hash(HASH_START, &v));
	assert_string_equal(watch_names(&a, &w), "eth0 ppp0");
	v.devices.at[0].mtu = 1400;
	assert_false(watch_hash(HASH_START, &w) == watch_hash(HASH_START, &v));
	v = w;
	struct watched changed[2] = { w.devices.at[0], w.devices.at[1] };
	v.devices.at = changed;
	assert_true(watch_hash(HASH_START, &w) == watch_hash(HASH_START, &v));
	changed[1].up = false;
	assert_false(watch_hash(HASH_START, &w) == watch_hash(HASH_START, &v));
	changed[1] = w.devices.at[1], changed[1].ifindex++;
	assert_false(watch_hash(HASH_START, &w) == watch_hash(HASH_START, &v));
	changed[1] = w.devices.at[1], changed[1].total = false;
	assert_false(watch_hash(HASH_START, &w) == watch_hash(HASH_START, &v));
	changed[1] = w.devices.at[1], changed[1].present = false;
	assert_false(watch_hash(HASH_START, &w) == watch_hash(HASH_START, &v));
	v.devices.n = 1;
	assert_false(watch_hash(HASH_START, &w) == watch_hash(HASH_START, &v));
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists),
		cmocka_unit_test(conflicts),
		cmocka_unit_test(list_warnings),
		cmocka_unit_test(address_warnings),
		cmocka_unit_test(name_warnings),
		cmocka_unit_test(port_warnings),
		cmocka_unit_test(many_ports),
		cmocka_unit_test(hashes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
