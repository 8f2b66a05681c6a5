/* The table that a configuration wants: what stands in which map, that rules do not grow with entries, that nft can load its own
 * listing again; then random packets through random tables, against what the configuration says of each.
 * The packets run through a small interpreter of the rules.
 * make check-unit runs it. */
#include "desired_help.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>

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
		{ "[interface nic]\nremark = x\n", "eth0:1500 wg0:1420!", "if_in", "eth0:i_nic.in wg0:i_nic.in" },
		{ "[interface nic]\ninterface = side0\n", "eth0:1500 side0:1500+", "if_in", "side0:i_nic.in" },
		{ "[interface nic]\ninterface = a, b\n", "a:1500 b:1500", "if_out_b1500v6",
			"a:i_nic.out.b1500v6 b:i_nic.out.b1500v6" },
		{ "", "eth0:1500", "if_in", NULL },
		{ "", "eth0:1500 wg0:1420! side0:1500+", "dev", "eth0 wg0" },
		{ "", "eth0:1500 wg0:1420! side0:1500+", "total_in", "eth0:total.in" },
		{ "", "eth0:1500 wg0:1420! side0:1500+", "fwd_out", "eth0:forwarded.out" },
		{ "", "eth0:1500 wg0:1420! side0:1500+", "mtu1500", "eth0 side0" },
		{ "", "eth0:1500 wg0:1420! side0:1500+", "mtu1420", "wg0" },
		{ "", "eth0:1500 wg0:1420! side0:1500+", "ts_in_b1420", "eth0:ts4.in" },
		{ "", "eth0:1500 wg0:1420!", "ts_out_b1500v6", "eth0:ts6.out" },
		{ "", "eth0:1500 gone0:-", "dev", "eth0 gone0" },
		{ "", "eth0:1500 gone0:-", "total_in", "eth0:total.in gone0:total.in" },
		{ "", "eth0:1500 gone0:-", "mtu1500", "eth0" },
		{ "", "gone0:-", "total_in_b1500", NULL },
		{ "", "", "dev", "" },
		{ "", "", "total_in", "" },
		{ "", "fifteen-letters:1500", "dev", "fifteen-letters" },
		{ "[portflow]\nown = 203.0.113.7\n", "eth0:1500", "own4", "cb007107" },
		{ "[portflow]\nown = 203.0.113.0/24, 2001:db8::/32\n", "eth0:1500", "own4", "cb007100-cb0071ff" },
		{ "[portflow]\nown = 203.0.113.0/24, 2001:db8::/32\n", "eth0:1500", "own6",
			"20010db8000000000000000000000000-20010db8ffffffffffffffffffffffff" },
		{ "", "eth0:1500", "own4", NULL },
		{ "", "eth0:1500", "local_in", "00000002:ports_in 00000000 00000003 00000004 00000005" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_arena struct arena a = { 0 };
		struct desired d = desired_of(&a, cases[i].config, cases[i].devices);
		const char *got = text_of(&a, &d, cases[i].set), *want = cases[i].want;

		/* fib types are numbers of this machine's order. */
		if (strcmp(cases[i].set, "local_in") == 0 && htonl(1) != 1)
			want = "02000000:ports_in 00000000 03000000 04000000 05000000";
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

/* -- packets -- */

struct packet {
	enum direction dir;
	const char *device;
	uint8_t family, protocol; /* 4, 6; IPPROTO_* */
	uint8_t address[16];      /* ours */
	uint16_t port;            /* ours */
	uint32_t length, type;    /* RTN_* of the address */
	bool timestamps;
};

struct run {
	struct arena *arena;
	const struct ruleset *r;
	const struct packet *p;
	uint8_t regs[64];
	VEC_OF(const char *) hits;
	int depth;
};

static uint8_t *reg(struct run *x, uint32_t n)
{
	return &x->regs[n < 8 ? 16 * (n - 1) : 4 * (n - 8)];
}

static void load(struct run *x, const struct rule_expr *e)
{
	const struct packet *p = x->p;
	uint8_t *to = reg(x, e->reg);

	memset(to, 0, e->op == OP_META && (e->key == NFT_META_IIFNAME || e->key == NFT_META_OIFNAME) ? 16 : 4);
	if (e->op == OP_FIB) {
		assert_int_equal(e->key, p->dir == DIR_IN ? NFTA_FIB_F_DADDR : NFTA_FIB_F_SADDR);
		assert_int_equal(e->offset, NFT_FIB_RESULT_ADDRTYPE);
		memcpy(to, &p->type, 4);
	} else if (e->op == OP_META) {
		if (e->key == NFT_META_L4PROTO)
			*to = p->protocol;
		else if (e->key == NFT_META_NFPROTO)
			*to = p->family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
		else if (e->key == NFT_META_LEN)
			memcpy(to, &p->length, 4);
		else if (e->key == (p->dir == DIR_IN ? NFT_META_IIFNAME : NFT_META_OIFNAME))
			memcpy(to, p->device, strlen(p->device));
		else
			fail_msg("meta %u", e->key);
	} else if (e->key == NFT_PAYLOAD_NETWORK_HEADER) {
		assert_int_equal(e->len, p->family == 4 ? 4 : 16);
		assert_int_equal(
			e->offset, p->family == 4 ? (p->dir == DIR_IN ? 16 : 12) : (p->dir == DIR_IN ? 24 : 8));
		memcpy(to, p->address, e->len);
	} else if (e->len == 1) { /* the header length of TCP */
		assert_int_equal(p->protocol, IPPROTO_TCP);
		assert_int_equal(e->offset, 12);
		*to = p->timestamps ? 0x8f : 0x5f;
	} else {
		assert_int_equal(e->len, 2);
		assert_int_equal(e->offset, p->dir == DIR_IN ? 2 : 0);
		to[0] = (uint8_t)(p->port >> 8);
		to[1] = (uint8_t)p->port;
	}
}

static const struct ruleset_elem *look_up(struct run *x, const struct rule_expr *e)
{
	struct ruleset_set *s = ruleset_set((struct ruleset *)(uintptr_t)x->r, e->name);
	uint8_t key[SET_KEY_MAX] = { 0 };

	assert_non_null(s);
	memcpy(key, reg(x, e->reg), set_key_type(s->key)->len);
	for (size_t i = 0; i < s->elems.n; i++)
		if (memcmp(s->elems.at[i].from, key, SET_KEY_MAX) <= 0 &&
			memcmp(s->elems.at[i].to, key, SET_KEY_MAX) >= 0)
			return &s->elems.at[i];
	return NULL;
}

static bool compare(struct run *x, const struct rule_expr *e)
{
	int order = memcmp(reg(x, e->reg), e->data, e->len);

	switch (e->key) {
	case NFT_CMP_EQ:
		return order == 0;
	case NFT_CMP_GT:
		return order > 0;
	case NFT_CMP_GTE:
		return order >= 0;
	default:
		fail_msg("cmp %u", e->key);
		return false;
	}
}

static bool run_chain(struct run *x, const char *name);

/* false: the packet leaves the chain. */
static bool verdict(struct run *x, uint32_t code, const char *chain)
{
	if (code == (uint32_t)NFT_JUMP) {
		run_chain(x, chain);
		return true;
	}
	if (code == (uint32_t)NFT_GOTO)
		run_chain(x, chain);
	else
		assert_int_equal(code, (uint32_t)NFT_RETURN);
	return false;
}

static bool run_rule(struct run *x, const struct ruleset_rule *rule)
{
	for (size_t i = 0; i < rule->exprs.n; i++) {
		const struct rule_expr *e = &rule->exprs.at[i];
		const struct ruleset_elem *found;
		uint32_t number;

		switch (e->op) {
		case OP_META:
		case OP_PAYLOAD:
		case OP_FIB:
			load(x, e);
			break;
		case OP_HTON:
			memcpy(&number, reg(x, e->reg), 4);
			number = htonl(number);
			memcpy(reg(x, e->reg), &number, 4);
			break;
		case OP_BITWISE:
			for (size_t k = 0; k < e->len; k++)
				reg(x, e->reg)[k] &= e->data[k];
			break;
		case OP_CMP:
			if (!compare(x, e))
				return true;
			break;
		case OP_LOOKUP:
			if ((look_up(x, e) != NULL) == (e->key == NFT_LOOKUP_F_INV))
				return true;
			break;
		case OP_VMAP:
			found = look_up(x, e);
			return found ? verdict(x, found->verdict, found->name) : true;
		case OP_COUNTER_MAP:
			found = look_up(x, e);
			if (!found)
				return true;
			*vec_push(x->arena, &x->hits) = found->name;
			break;
		case OP_VERDICT:
			return verdict(x, e->key, e->name);
		case OP_COUNTER:
		case OP_FOREIGN:
			fail_msg("an expression that no rule of ours has");
		}
	}
	return true;
}

static bool run_chain(struct run *x, const char *name)
{
	const struct ruleset_chain *c = ruleset_chain(x->r, name);

	assert_non_null(c);
	assert_true(++x->depth < 8);
	for (size_t i = 0; i < c->rules.n; i++)
		if (!run_rule(x, &c->rules.at[i]))
			break;
	x->depth--;
	return true;
}

/* -- what the configuration says of a packet -- */

static bool in_prefixes(const struct prefix_list *l, const struct packet *p)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct prefix *x = &l->at[i];
		bool same = x->family == p->family;

		for (size_t bit = 0; bit < x->len && same; bit++)
			same = ((x->addr[bit / 8] ^ p->address[bit / 8]) >> (7 - bit % 8) & 1) == 0;
		if (same)
			return true;
	}
	return false;
}

static bool in_ports(const struct entry *e, const struct packet *p)
{
	uint8_t bit = p->protocol == IPPROTO_TCP ? PROTO_TCP
		: p->protocol == IPPROTO_UDP     ? PROTO_UDP
		: p->protocol == IPPROTO_SCTP    ? PROTO_SCTP
						 : 0;

	for (size_t i = 0; i < e->ports.n; i++)
		if (e->ports.at[i].lo <= p->port && p->port <= e->ports.at[i].hi)
			return e->protocols & bit;
	return false;
}

static bool in_devices(const struct entry *e, const char *device)
{
	for (size_t i = 0; i < e->devices.n; i++)
		if (strcmp(e->devices.at[i], device) == 0)
			return true;
	return false;
}

static bool counts(const struct config *c, const struct entry *e, const struct packet *p, bool listed)
{
	bool ours = p->type == RTN_LOCAL || (p->type == RTN_UNICAST && in_prefixes(&c->settings.own, p));

	switch (e->kind) {
	case ENTRY_INTERFACE:
		return e->devices.n ? in_devices(e, p->device) : listed;
	case ENTRY_ADDRESS:
		return listed && in_prefixes(&e->addresses, p) && (!e->ports.n || in_ports(e, p));
	case ENTRY_PORT:
		return listed && ours && in_ports(e, p);
	default:
		return false;
	}
}

/* Blanks around each name. */
static const char *oracle(struct arena *a, const struct config *c, const struct watch *w, const struct packet *p)
{
	const struct watched *device = NULL;
	bool listed = false, big, total, forwarded;
	const char *text = " ";

	for (size_t i = 0; i < w->devices.n; i++)
		if (strcmp(w->devices.at[i].name, p->device) == 0) {
			device = &w->devices.at[i];
			listed = true;
		}
	for (size_t i = 0; i < w->others.n && !listed; i++)
		if (strcmp(w->others.at[i].name, p->device) == 0)
			device = &w->others.at[i];
	big = device && device->present && p->protocol == IPPROTO_TCP && p->length > device->mtu;
	total = listed && device->total;
	forwarded = total && p->type == RTN_UNICAST && !in_prefixes(&c->settings.own, p);
	for (size_t i = 0; i < c->entries.n + 2; i++) {
		const struct entry *e = i < c->entries.n ? &c->entries.at[i] : NULL;
		enum entry_kind kind = e ? e->kind : i == c->entries.n ? ENTRY_FORWARDED : ENTRY_TOTAL;

		if (e ? !counts(c, e, p, listed) : !(kind == ENTRY_TOTAL ? total : forwarded))
			continue;
		text = arena_printf(a, "%s%s ", text, desired_object(a, kind, e ? e->name : NULL, p->dir, ROLE_ALL, 0));
		if (big)
			text = arena_printf(a, "%s%s ", text,
				desired_object(a, kind, e ? e->name : NULL, p->dir,
					p->family == 4 ? ROLE_BIG4 : ROLE_BIG6, device->mtu));
	}
	if (big && total && p->timestamps)
		text = arena_printf(a, "%sts%u.%s ", text, p->family, p->dir == DIR_IN ? "in" : "out");
	return text;
}

static uint16_t random_port(const struct config *c, uint64_t *seed)
{
	const struct entry *e = c->entries.n ? &c->entries.at[next_random(seed) % c->entries.n] : NULL;
	const struct port_range *r;

	if (!e || !e->ports.n || next_random(seed) % 4 == 0)
		return (uint16_t)next_random(seed);
	r = &e->ports.at[next_random(seed) % e->ports.n];
	switch (next_random(seed) % 4) {
	case 0:
		return (uint16_t)(r->lo - 1);
	case 1:
		return r->lo;
	case 2:
		return r->hi;
	default:
		return (uint16_t)(r->hi + 1);
	}
}

/* In or just beside some prefix that was configured. */
static void random_address(const struct config *c, uint64_t *seed, struct packet *p)
{
	const struct entry *e = c->entries.n ? &c->entries.at[next_random(seed) % c->entries.n] : NULL;
	const struct prefix_list *l = e && next_random(seed) % 3 ? &e->addresses : &c->settings.own;
	const struct prefix *x = l->n ? &l->at[next_random(seed) % l->n] : NULL;

	p->family = next_random(seed) % 2 ? 4 : 6;
	for (size_t i = 0; i < 16; i++)
		p->address[i] = (uint8_t)next_random(seed);
	if (x) {
		p->family = x->family;
		for (size_t bit = 0; bit < x->len; bit++) {
			uint8_t one = (uint8_t)(0x80 >> bit % 8);

			p->address[bit / 8] = (uint8_t)((p->address[bit / 8] & ~one) | (x->addr[bit / 8] & one));
		}
		if (next_random(seed) % 4 == 0)
			p->address[(x->len - 1U) / 8] ^= 1;
	}
	if (p->family == 4)
		memset(p->address + 4, 0, 12);
}

static struct packet random_packet(const struct config *c, uint64_t *seed)
{
	static const char *const devices[] = { "eth0", "eth0", "eth1", "wg0", "side0", "gone0", "lo" };
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP };
	static const uint32_t types[] = { RTN_LOCAL, RTN_LOCAL, RTN_UNICAST, RTN_UNICAST, RTN_BROADCAST, RTN_ANYCAST,
		RTN_MULTICAST, RTN_UNSPEC };
	static const uint32_t lengths[] = { 40, 1280, 1281, 1420, 1421, 1500, 1501, 9000, 9001, 64000, 65536, 65537 };
	struct packet p = { .dir = next_random(seed) % 2 ? DIR_IN : DIR_OUT,
		.device = devices[next_random(seed) % 7],
		.protocol = protocols[next_random(seed) % 5],
		.port = random_port(c, seed),
		.length = lengths[next_random(seed) % 12],
		.type = types[next_random(seed) % 8],
		.timestamps = next_random(seed) % 2 };

	random_address(c, seed, &p);
	return p;
}

static void check_packet(
	struct arena *a, const struct config *c, const struct watch *w, const struct desired *d, const struct packet *p)
{
	struct run x = { .arena = a, .r = &d->ruleset, .p = p };
	const char *want = oracle(a, c, w, p);
	size_t n = 0;

	for (size_t i = 0; i < d->ruleset.chains.n; i++) {
		const struct ruleset_chain *chain = &d->ruleset.chains.at[i];

		if (chain->base && chain->hook == (p->dir == DIR_IN ? NF_INET_PRE_ROUTING : NF_INET_POST_ROUTING))
			run_chain(&x, chain->name);
	}
	for (const char *s = want + 1; *s; s++)
		n += *s == ' ';
	for (size_t i = 0; i < x.hits.n; i++)
		if (!strstr(want, arena_printf(a, " %s ", x.hits.at[i])))
			fail_msg("%s of %u, type %u, port %u, %u bytes, protocol %u counts for %s, but only%s",
				p->device, p->family, p->type, p->port, p->length, p->protocol, x.hits.at[i], want);
	if (x.hits.n != n)
		fail_msg("%s of %u, type %u, port %u, %u bytes, protocol %u: %zu counters, but%s", p->device, p->family,
			p->type, p->port, p->length, p->protocol, x.hits.n, want);
}

static void packets(void **state)
{
	uint64_t seed = 0xa4093822299f31d0U;

	(void)state;
	for (int round = 0; round < 300; round++) {
		cleanup_arena struct arena a = { 0 };
		const struct config *c = config_of(&a, random_config(&a, &seed));
		struct watch w = watch_of(&a, random_devices(&a, &seed));
		struct desired d;

		desired_build(&a, c, &w, &d);
		for (int i = 0; i < 300; i++) {
			struct packet p = random_packet(c, &seed);

			check_packet(&a, c, &w, &d, &p);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps),
		cmocka_unit_test(short_ranges),
		cmocka_unit_test(counters),
		cmocka_unit_test(rules_do_not_grow),
		cmocka_unit_test(names),
		cmocka_unit_test(packets),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
