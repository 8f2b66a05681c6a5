/* The table that a configuration wants: what stands in which map, that rules do not grow with entries, that nft can load its own
 * listing again.
 * What the rules do to packets is in desired_packets_test.c.
 * make check-unit runs it. */
#include "desired_help.h"

#include <arpa/inet.h>
#include <ctype.h>

static const char *text_of(struct arena *a, const struct desired *d, const char *set)
{
	struct ruleset_set *s = ruleset_set((struct ruleset *)(uintptr_t)&d->ruleset, set);

	return s ? set_text(a, s) : NULL;
}

static void maps(void **state)
{
	static const struct {
		const char *config, *devices, *set, *want; /* NULL: no such set */
	} cases[] = {
		{ "[port web]\nports = 80\n", "eth0:1500", "tcp_in", "80:p_web.in" },
		{ "[port web]\nports = 80\n", "eth0:1500", "tcp_out", "80:p_web.out" },
		{ "[port web]\nports = 80\n", "eth0:1500", "udp_in", "80:p_web.in" },
		{ "[port web]\nports = 80\n", "eth0:1500", "tcp_in_b1500", "80:p_web.in.b1500" },
		{ "[port web]\nports = 80\n", "eth0:1500", "tcp_out_b1500v6", "80:p_web.out.b1500v6" },
		{ "[port web]\nports = 80\n", "eth0:1500", "udp_in_b1500", NULL },
		{ "[port web]\nports = 80\n", "eth0:1500", "sctp_in", NULL },
		{ "[port web]\nports = 80\n", "eth0:1500", "tcpr_in", NULL },
		{ "[port web]\nports = 80\nprotocols = tcp\n", "eth0:1500", "udp_in", NULL },
		{ "[port x]\nports = 5\nprotocols = sctp\n", "eth0:1500", "sctp_out", "5:p_x.out" },
		{ "[port x]\nports = 5\nprotocols = udp, sctp\n", "eth0:1500", "tcp_in", NULL },
		{ "[port x]\nports = 5\nprotocols = udp\n", "eth0:1500", "tcp_in_b1500", NULL },
		{ "[port web]\nports = 80, 443\n[port ssh]\nports = 22\n", "eth0:1500", "tcp_in",
			"80:p_web.in 443:p_web.in 22:p_ssh.in" },
		{ "[port x]\nports = 5-7\n", "eth0:1500", "tcp_in", "5:p_x.in 6:p_x.in 7:p_x.in" },
		{ "[port x]\nports = 10000-20000\n", "eth0:1500", "tcp_in", NULL },
		{ "[port x]\nports = 10000-20000\n", "eth0:1500", "tcpr_in", "10000-20000:p_x.in" },
		{ "[port x]\nports = 10000-20000, 80\n", "eth0:1500", "tcp_in", "80:p_x.in" },
		{ "[port x]\nports = 1-65535\n", "eth0:1500", "udpr_out", "1-65535:p_x.out" },
		{ "[port x]\nports = 1001-1256\n", "eth0:1500", "tcpr_in", NULL },
		{ "[port x]\nports = 1001-1257\n", "eth0:1500", "tcpr_in", "1001-1257:p_x.in" },
		{ "[port x]\nports = 1001-1257\n", "eth0:1500", "tcp_in", NULL },
		{ "[port x]\nports = 1-300\n[port y]\nports = 301-700\n", "eth0:1500", "tcpr_in",
			"1-300:p_x.in 301-700:p_y.in" },
		{ "[address a]\naddresses = 192.0.2.1\n", "eth0:1500", "a4_in", "c0000201:a_a.in" },
		{ "[address a]\naddresses = 192.0.2.1\n", "eth0:1500", "a4r_in", NULL },
		{ "[address a]\naddresses = 192.0.2.1\n", "eth0:1500", "a6_in", NULL },
		{ "[address a]\naddresses = 192.0.2.1\n", "eth0:1500", "a4_in_b1500", "c0000201:a_a.in.b1500" },
		{ "[address a]\naddresses = 192.0.2.1\n", "eth0:1500", "a4_in_b1500v6", NULL },
		{ "[address a]\naddresses = 192.0.2.0/24\n", "eth0:1500", "a4r_out", "c0000200-c00002ff:a_a.out" },
		{ "[address a]\naddresses = 192.0.2.4/31\n", "eth0:1500", "a4r_out", "c0000204-c0000205:a_a.out" },
		{ "[address a]\naddresses = 128.0.0.0/1\n", "eth0:1500", "a4r_in", "80000000-ffffffff:a_a.in" },
		{ "[address a]\naddresses = 2001:db8::1\n", "eth0:1500", "a6_in",
			"20010db8000000000000000000000001:a_a.in" },
		{ "[address a]\naddresses = 2001:db8::/33\n", "eth0:1500", "a6r_in",
			"20010db8000000000000000000000000-20010db87fffffffffffffffffffffff:a_a.in" },
		{ "[address a]\naddresses = 8000::/1\n", "eth0:1500", "a6r_out",
			"80000000000000000000000000000000-ffffffffffffffffffffffffffffffff:a_a.out" },
		{ "[address a]\naddresses = 192.0.2.1\nports = 53, 80-81\n", "eth0:1500", "a4tcp_in",
			"c000020100350000:a_a.in c000020100500000:a_a.in c000020100510000:a_a.in" },
		{ "[address a]\naddresses = 192.0.2.1\nports = 53\n", "eth0:1500", "a4_in", NULL },
		{ "[address a]\naddresses = 192.0.2.1\nports = 53\nprotocols = udp\n", "eth0:1500", "a4tcp_in", NULL },
		{ "[address a]\naddresses = 192.0.2.254/31\nports = 53\nprotocols = udp\n", "eth0:1500", "a4udp_out",
			"c00002fe00350000:a_a.out c00002ff00350000:a_a.out" },
		{ "[address a]\naddresses = 2001:db8::fe/127\nports = 53\n", "eth0:1500", "a6tcp_in",
			"20010db80000000000000000000000fe00350000:a_a.in 20010db80000000000000000000000ff00350000:a_a.in" },
		{ "[interface nic]\nremark = x\n", "eth0:1500 wg0:1420!", "if_in", NULL },
		{ "[interface nic]\nremark = x\n", "eth0:1500 wg0:1420! side0:1500+", "if_in",
			"eth0:i_nic.in wg0:i_nic.in" },
		{ "[interface nic]\ninterface = side0\n", "eth0:1500 side0:1500+", "if_in", "side0:i_nic.in" },
		{ "[interface nic]\ninterface = a, b\n", "a:1500 b:1500", "if_out_b1500v6", NULL },
		{ "[interface nic]\ninterface = a\n", "a:1500 b:1500", "if_out", "a:i_nic.out" },
		{ "[interface nic]\ninterface = a, b\n", "a:1500 b:1500 c:1500", "if_out_b1500v6",
			"a:i_nic.out.b1500v6 b:i_nic.out.b1500v6" },
		{ "", "eth0:1500", "if_in", NULL },
		{ "", "eth0:1500 wg0:1420! side0:1500+", "dev", "eth0 wg0" },
		{ "", "eth0:1500 wg0:1420! side0:1500+", "total_in", "eth0:total.in" },
		{ "", "eth0:1500 wg0:1420! side0:1500+", "fwd_out", "eth0:forwarded.out" },
		{ "", "eth0:1500 wg0:1420! side0:1500+", "mtu1500", "eth0 side0" },
		{ "", "eth0:1500 wg0:1420! side0:1500+", "mtu1420", "wg0" },
		{ "", "eth0:1500 wg0:1420! side0:1500+", "ts_in_b1420", "eth0:ts4.in" },
		{ "", "eth0:1500 wg0:1420!", "ts_out_b1500v6", "eth0:ts6.out" },
		{ "", "eth0:1500 wg0:1420!", "total_in", "eth0:total.in" },
		{ "", "eth0:1500 eth1:1420", "total_in", NULL },
		{ "", "eth0:1500 eth1:1420 side0:1500+", "total_in", "eth0:total.in eth1:total.in" },
		{ "", "eth0:1500 eth1:1420 side0:1500+", "fwd_in", NULL },
		{ "", "eth0:1500 eth1:1420", "ts_in_b1500", NULL },
		{ "", "eth0:1500 eth1:1420", "mtu1420", "eth1" },
		{ "", "eth0:1500 eth1:1500", "dev", "eth0 eth1" },
		{ "", "eth0:1500 eth1:1500", "mtu1500", NULL },
		{ "", "eth0:1500", "dev", NULL },
		{ "", "eth0:1500", "total_in", NULL },
		{ "", "eth0:1500", "fwd_in", NULL },
		{ "", "eth0:1500", "mtu1500", NULL },
		{ "", "eth0:1500 side0:1500+", "dev", NULL },
		{ "", "eth0:1500 side0:1500+", "mtu1500", "eth0 side0" },
		{ "", "eth0:1500 gone0:-", "dev", "eth0 gone0" },
		{ "", "eth0:1500 gone0:-", "mtu1500", "eth0" },
		{ "", "", "dev", "" },
		{ "", "gone0:- fifteen-letters:1500", "dev", "gone0 fifteen-letters" },
		{ "[portflow]\nown = 203.0.113.7\n", "eth0:1500", "own4", "cb007107" },
		{ "[portflow]\nown = 203.0.113.0/24, 2001:db8::/32\n", "eth0:1500", "own4", "cb007100-cb0071ff" },
		{ "[portflow]\nown = 203.0.113.0/24, 2001:db8::/32\n", "eth0:1500", "own6",
			"20010db8000000000000000000000000-20010db8ffffffffffffffffffffffff" },
		{ "", "eth0:1500", "own4", NULL },
		{ "", "eth0:1500", "everybody", "00000000 00000003 00000004 00000005" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_arena struct arena a = { 0 };
		struct desired d = desired_of(&a, cases[i].config, cases[i].devices);
		const char *got = text_of(&a, &d, cases[i].set), *want = cases[i].want;

		/* fib types are numbers of this machine's order. */
		if (strcmp(cases[i].set, "everybody") == 0 && htonl(1) != 1)
			want = "00000000 03000000 04000000 05000000";
		if ((got != NULL) != (want != NULL) || (got && strcmp(got, want) != 0))
			fail_msg("%s on %s: %s is \"%s\"", cases[i].config, cases[i].devices, cases[i].set,
				got ? got : "absent");
	}
}

/* A range of 256 ports is 256 elements of the hash map, one port more is one of the interval map. */
static void short_ranges(void **state)
{
	static const struct {
		unsigned int ports;
		size_t hash, interval;
	} cases[] = { { 1, 1, 0 }, { 2, 2, 0 }, { 255, 255, 0 }, { 256, 256, 0 }, { 257, 0, 1 }, { 65535, 0, 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_arena struct arena a = { 0 };
		struct desired d = desired_of(
			&a, arena_printf(&a, "[port x]\nports = 1-%u\n", cases[i].ports), "eth0:1500");
		struct ruleset_set *hash = ruleset_set(&d.ruleset, "udp_in"),
				   *interval = ruleset_set(&d.ruleset, "udpr_in");

		if ((hash ? hash->elems.n : 0) != cases[i].hash ||
			(interval ? interval->elems.n : 0) != cases[i].interval)
			fail_msg("%u ports: another number of elements", cases[i].ports);
	}
}

static const char *counters_text(struct arena *a, const struct desired *d)
{
	const char *text = "";

	for (size_t i = 0; i < d->counters.n; i++) {
		const struct desired_counter *c = &d->counters.at[i];

		text = arena_printf(a, "%s%s%zu:%s", text, i ? " " : "", c->entity, c->object);
		assert_string_equal(c->object, d->ruleset.objects.at[i].name);
		assert_int_equal(d->ruleset.objects.at[i].kind, OBJECT_COUNTER);
	}
	assert_int_equal(d->counters.n, d->ruleset.objects.n);
	return text;
}

/* Total's come last. */
static void counters(void **state)
{
	static const struct {
		const char *config, *devices, *want;
	} cases[] = {
		{ "", "", "0:forwarded.in 0:forwarded.out 1:total.in 1:total.out" },
		{ "", "eth0:1500",
			"0:forwarded.in 0:forwarded.in.b1500 0:forwarded.in.b1500v6 "
			"0:forwarded.out 0:forwarded.out.b1500 0:forwarded.out.b1500v6 "
			"1:total.in 1:total.in.b1500 1:total.in.b1500v6 1:total.out 1:total.out.b1500 1:total.out.b1500v6 "
			"1:ts4.in 1:ts6.in 1:ts4.out 1:ts6.out" },
		{ "[port x]\nports = 5\n[address y]\naddresses = 192.0.2.1\n[interface z]\nremark = x\n", "gone0:-",
			"0:p_x.in 0:p_x.out 1:a_y.in 1:a_y.out 2:i_z.in 2:i_z.out "
			"3:forwarded.in 3:forwarded.out 4:total.in 4:total.out" },
	};
	cleanup_arena struct arena a = { 0 };
	struct desired d;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		d = desired_of(&a, cases[i].config, cases[i].devices);
		assert_string_equal(counters_text(&a, &d), cases[i].want);
	}
	/* Aggregates are counted only where there can be some. */
	d = desired_of(&a, "[address y]\naddresses = 192.0.2.1\n[port u]\nports = 5\nprotocols = udp\n",
		"e:1500 f:9000 g:1500");
	assert_non_null(strstr(counters_text(&a, &d),
		"0:a_y.in 0:a_y.in.b1500 0:a_y.in.b9000 0:a_y.out "
		"0:a_y.out.b1500 0:a_y.out.b9000 1:p_u.in 1:p_u.out 2:forwarded.in"));
}

static size_t n_rules(const struct desired *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->ruleset.chains.n; i++)
		n += d->ruleset.chains.at[i].rules.n;
	return n;
}

static const char *many_entries(struct arena *a, size_t n)
{
	const char *text = "[interface nic]\nremark = x\n";

	for (size_t i = 0; i < n; i++)
		text = arena_printf(a,
			"%s[port p%zu]\nports = %zu, %zu-%zu\n[address a%zu]\naddresses = 10.0.%zu.0/24, 10.1.%zu.1\n"
			"[address s%zu]\naddresses = 10.2.0.%zu\nports = 53\n",
			text, i, i + 1, 1000 + 300 * i, 1299 + 300 * i, i, i, i, i, i);
	return text;
}

static void rules_do_not_grow(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct desired one = desired_of(&a, many_entries(&a, 1), "eth0:1500"),
		       many = desired_of(&a, many_entries(&a, 200), "eth0:1500"),
		       devices = desired_of(&a, many_entries(&a, 1), "a:1500 b:1500 c:1500 d:1500");

	(void)state;
	assert_int_equal(n_rules(&one), n_rules(&many));
	assert_int_equal(n_rules(&one), n_rules(&devices));
	assert_int_equal(one.ruleset.sets.n, many.ruleset.sets.n);
}

/* What nft prints it must load again, of any version since 0.9.8: a letter or "_" first, no word of its language
 * (kernel-facts.md section 1). Words are only those that could be met here. */
static void check_name(const char *name, bool object)
{
	static const char *const words[] = { "in", "out", "tcp", "udp", "sctp", "ip", "ip6", "counter", "map", "set",
		"chain", "device", "devices", "iif", "oif", "fib", "meta", "local", "forward", "total", "mark", "limit",
		"quota", "all", "over", "interface", "address", "port", "ports", "flow", "rule", "table", "count",
		"inet", "dup", "fwd" };

	if (!isalpha((unsigned char)name[0]) && name[0] != '_')
		fail_msg("%s begins with what nft cannot load", name);
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr(object ? "_-./" : "_", *p))
			fail_msg("%s has what nft cannot load", name);
	if (object && !strchr(name, '.'))
		fail_msg("%s has no dot", name);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(name, words[i]) == 0)
			fail_msg("%s is a word of nft's", name);
	if (strlen(name) > 127)
		fail_msg("%s is too long", name);
}

static void names(void **state)
{
	static const char text[] =
		"[portflow]\nown = 203.0.113.7, 2001:db8::1\n"
		"[port 443]\nports = 443, 1000-2000\nprotocols = tcp, udp, sctp\n[port tcp]\nports = 80\n"
		"[port 10-0-0-5]\nports = 81\n[port counter]\nports = 82\n[port 3proxy]\nports = 83\n"
		"[address in]\naddresses = 192.0.2.1, 198.51.100.0/24, 2001:db8::5, 2001:db8:1::/48\n"
		"[address 12345678901234567890123456789012]\naddresses = 192.0.2.2, 2001:db8::6\nports = 5\n"
		"protocols = tcp, udp, sctp\n[interface over]\nremark = x\n";
	cleanup_arena struct arena a = { 0 };
	struct desired d = desired_of(&a, text, "eth0:1500 eth1:9000");

	(void)state;
	for (size_t i = 0; i < d.ruleset.chains.n; i++)
		check_name(d.ruleset.chains.at[i].name, false);
	for (size_t i = 0; i < d.ruleset.sets.n; i++)
		check_name(d.ruleset.sets.at[i].name, false);
	for (size_t i = 0; i < d.ruleset.objects.n; i++)
		check_name(d.ruleset.objects.at[i].name, true);
	/* Nothing is there twice. */
	for (size_t i = 0; i < d.ruleset.objects.n; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(d.ruleset.objects.at[i].name, d.ruleset.objects.at[j].name);
	for (size_t i = 0; i < d.ruleset.chains.n; i++)
		assert_ptr_equal(ruleset_chain(&d.ruleset, d.ruleset.chains.at[i].name), &d.ruleset.chains.at[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps),
		cmocka_unit_test(short_ranges),
		cmocka_unit_test(counters),
		cmocka_unit_test(rules_do_not_grow),
		cmocka_unit_test(names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
