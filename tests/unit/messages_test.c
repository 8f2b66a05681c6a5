/* The rules that let messages out and their answers in: written to a real kernel they read back equal, at once, after nft saved and loaded
 * them with all that packets left in their sets, and when typed; whatever somebody does to them is mended. And who resolves names: cases.
 * In a network namespace of its own; where that is not permitted, only the cases run.
 * make check-unit runs it. */
#include "desired_help.h"

#include <linux/netfilter.h>

#include "kernel_help.h"
#include "model/name_server.h"
#include "model/policy.h"
#include "model/target.h"
#include "nft/words.h"

static bool own_network;

/* Everything that such rules stand in: chains of limits and, where `classes`, the one that names classes. */
static struct desired wanted(struct arena *a, uint32_t sender, uint32_t resolver, bool classes)
{
	const struct config *c = config_of(a,
		"[port web]\nports = 80\nlimit_out = 8mbit\n[interface all]\nlimit_out = 80mbit\nquota = 1GB\nquota_action = block\n");
	struct watch w = watch_of(a, "eth0:1500");
	struct limit_facts f = { .watch = &w, .htb = true };
	struct policy policies[2] = { 0 };
	uint32_t minors[2] = { 1, 2 };
	struct enforcement e = { .policies = policies,
		.now_ms = INT64_C(1795600000000),
		.sender = sender,
		.resolver = resolver,
		.minors = minors };
	struct desired d;

	for (size_t i = 0; i < 2; i++)
		policies[i].state.cycle_end = CALENDAR_MAX;
	if (classes) {
		*vec_push(a, &f.out) = (struct shape_device){ .ifindex = w.devices.at[0].ifindex,
			.root = SHAPE_ROOT_DEFAULT };
		e.ways = limit_ways(a, c, &f);
	}
	desired_build(a, c, &w, &e, &d);
	return d;
}

static size_t users(const struct desired *d, const char *chain)
{
	const struct ruleset_chain *c = ruleset_chain(&d->ruleset, chain);
	size_t n = 0;

	for (size_t i = 0; c && i < c->rules.n; i++)
		for (size_t k = 0; k < c->rules.at[i].exprs.n; k++)
			n += c->rules.at[i].exprs.at[k].op == OP_META &&
				c->rules.at[i].exprs.at[k].key == NFT_META_SKUID;
	return n;
}

/* Into sets whose names begin so. */
static size_t noted(const struct desired *d, const char *chain, const char *set)
{
	const struct ruleset_chain *c = ruleset_chain(&d->ruleset, chain);
	size_t n = 0;

	for (size_t i = 0; c && i < c->rules.n; i++)
		for (size_t k = 0; k < c->rules.at[i].exprs.n; k++)
			n += c->rules.at[i].exprs.at[k].op == OP_UPDATE &&
				strncmp(c->rules.at[i].exprs.at[k].name, set, strlen(set)) == 0;
	return n;
}

static void where_they_stand(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct desired none = wanted(&a, 0, 0, true), one = wanted(&a, 998, 0, true), both = wanted(&a, 998, 991, true);
	const struct ruleset_set *s;

	(void)state;
	assert_int_equal(users(&none, "enforce_out"), 0);
	assert_null(ruleset_set(&none.ruleset, "answer4"));
	assert_null(ruleset_chain(&none.ruleset, "message_out"));
	assert_int_equal(users(&one, "enforce_out"), 1);
	assert_int_equal(users(&one, "class_out"), 1);
	assert_null(ruleset_set(&one.ruleset, "dns"));
	assert_null(ruleset_set(&one.ruleset, "question4"));
	assert_null(ruleset_chain(&one.ruleset, "question_out"));
	assert_int_equal(users(&both, "enforce_out"), 2);
	assert_int_equal(users(&both, "class_out"), 2);
	assert_int_equal(users(&both, "enforce_in"), 0);
	assert_string_equal(set_text(&a, ruleset_set(&both.ruleset, "dns")), "53 853");
	s = ruleset_set(&both.ruleset, "answer6");
	assert_true(s && s->dynamic && s->timed && !s->interval && s->key == KEY_ADDR6_SERVICES && s->elems.n == 0);
	s = ruleset_set(&both.ruleset, "question6");
	assert_true(s && s->dynamic && s->timed && !s->interval && s->key == KEY_ADDR6_SERVICES && s->elems.n == 0);
	s = ruleset_set(&both.ruleset, "server6");
	assert_true(s && s->dynamic && s->timed && !s->interval && s->key == KEY_ADDR6_SERVICE && s->elems.n == 0);
	/* nobody else's questions take room of what the sender sends */
	assert_int_equal(noted(&both, "message_out", "answer"), 2);
	assert_int_equal(noted(&both, "message_out", ""), 2);
	assert_int_equal(noted(&both, "question_out", "question"), 2);
	assert_int_equal(noted(&both, "question_out", "server"), 2);
	assert_int_equal(noted(&both, "question_out", ""), 4);
	assert_true(wanted(&a, 998, 991, false).ruleset.sets.n > 0);
}

static void nothing_left(struct kernel *k, struct desired *d, const char *what)
{
	kernel_look(k, &d->ruleset, QUOTA_THERE);
	if (k->diff.changes.n || k->diff.retired.n || k->diff.copies != 1)
		fail_msg("%s: %s", what, changes_text(k->arena, &k->diff));
}

static const char *const leave_elements[] = {
	"nft add element inet portflow answer4 { 192.0.2.1 . 443 . 40000 }",
	"nft add element inet portflow answer4 { 192.0.2.1 . 53 . 40001 timeout 9s }",
	"nft add element inet portflow answer6 { 2001:db8::1 . 443 . 40000 }",
	"nft add element inet portflow question4 { 192.0.2.1 . 53 . 40002 }",
	"nft add element inet portflow server6 { 2001:db8::1 . 53 }",
};

static void written_and_read(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct desired d = wanted(&a, 998, 991, true);
	struct kernel k;
	uint64_t writes;

	(void)state;
	if (!own_network)
		skip();
	kernel_open(&k, &a);
	kernel_mend(&k, &d.ruleset, QUOTA_THERE, "all of it");
	writes = talk_writes(k.talk);
	kernel_mend(&k, &d.ruleset, QUOTA_THERE, "again");
	assert_int_equal(talk_writes(k.talk), writes);
	if (have_nft()) {
		for (size_t i = 0; i < sizeof leave_elements / sizeof *leave_elements; i++)
			if (!shell(leave_elements[i]))
				fail_msg("refused: %s", leave_elements[i]);
		nothing_left(&k, &d, "elements of packets");
		assert_int_equal(ruleset_set(&k.have, "answer4")->elems.n, 0);
		check_saved("all of it");
		assert_true(shell(
			"f=$(mktemp) && nft list ruleset >$f && grep -q 'expires' $f && nft flush ruleset && nft -f $f; rc=$?; "
			"rm -f $f; exit $rc"));
		nothing_left(&k, &d, "saved and loaded");
		assert_true(shell("nft list set inet portflow answer4 | grep -q 192.0.2.1"));
	}
	d = wanted(&a, 999, 0, true);
	kernel_mend(&k, &d.ruleset, QUOTA_THERE, "another user");
	d = wanted(&a, 0, 0, false);
	kernel_mend(&k, &d.ruleset, QUOTA_THERE, "no user, no classes");
	assert_null(ruleset_set(&k.have, "answer4"));
	kernel_drop(&k);
	talk_close(k.talk);
}

static void typed(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct desired d = wanted(&a, 998, 991, true);
	struct ruleset none = { .comment = "" };
	struct str words = STR_CEILING((size_t)1 << 20);
	struct kernel k;
	struct diff diff;
	const char *script;

	(void)state;
	if (!own_network || !have_nft())
		skip();
	kernel_open(&k, &a);
	diff_rulesets(&a, &d.ruleset, &none, NULL, QUOTA_THERE, &diff);
	nft_words(&diff.changes, COMMENT, &words);
	script = arena_printf(&a, "set -e\n%s", words.p);
	str_free(&words);
	if (!shell(script))
		fail_msg("nft refuses some of\n%s", script);
	nothing_left(&k, &d, "typed");
	kernel_drop(&k);
	talk_close(k.talk);
}

#define SET4 "type ipv4_addr . inet_service . inet_service; "
#define ANEW \
	"flush chain inet portflow message_out; flush chain inet portflow enforce_in; delete set inet portflow answer4; "
/* As versions made it in which the resolver shared the sender's sets. */
#define SHARED \
	"flush chain inet portflow enforce_out; flush chain inet portflow enforce_in; flush chain inet portflow question_out; " \
	"delete chain inet portflow question_out; delete set inet portflow question4; delete set inet portflow question6; " \
	"delete set inet portflow server4; delete set inet portflow server6; " \
	"add rule inet portflow enforce_in meta nfproto ipv4 ip saddr . th sport . th dport @answer4 accept; " \
	"add rule inet portflow enforce_in meta nfproto ipv6 ip6 saddr . th sport . th dport @answer6 accept; " \
	"add rule inet portflow enforce_out meta skuid 998 goto message_out; " \
	"add rule inet portflow enforce_out th dport @dns meta skuid 991 goto message_out"
static const char *const damages[] = {
	SHARED,
	"flush chain inet portflow question_out",
	"insert rule inet portflow question_out ip daddr . th dport . th sport @answer4 accept",
	"insert rule inet portflow enforce_out meta skuid 991 goto message_out",
	"flush chain inet portflow question_out; flush chain inet portflow enforce_in; delete set inet portflow server4; "
	"add set inet portflow server4 { type ipv4_addr . inet_service; flags timeout; timeout 30s; }",
	"flush chain inet portflow message_out",
	"insert rule inet portflow message_out drop",
	"insert rule inet portflow message_out update @answer4 { ip daddr . th dport . th sport timeout 1h }",
	"flush chain inet portflow message_out; add rule inet portflow message_out add @answer4 { ip daddr . th dport . th sport }; "
	"add rule inet portflow message_out update @answer6 { ip6 daddr . th dport . th sport }; add rule inet portflow message_out accept",
	"flush chain inet portflow message_out; add rule inet portflow message_out update @answer4 { ip daddr . th sport . th dport }; "
	"add rule inet portflow message_out update @answer6 { ip6 daddr . th dport . th sport }; add rule inet portflow message_out accept",
	"flush chain inet portflow message_out; "
	"add rule inet portflow message_out update @answer4 { ip daddr . th dport . th sport timeout 1h }; "
	"add rule inet portflow message_out update @answer6 { ip6 daddr . th dport . th sport }; add rule inet portflow message_out accept",
	"flush chain inet portflow message_out; "
	"add rule inet portflow message_out update @answer4 { ip daddr . th dport . th sport counter }; "
	"add rule inet portflow message_out update @answer6 { ip6 daddr . th dport . th sport }; add rule inet portflow message_out accept",
	"insert rule inet portflow enforce_out meta skuid 1000 goto message_out",
	"add element inet portflow dns { 443 }",
	"delete element inet portflow dns { 853 }",
	ANEW "add set inet portflow answer4 { " SET4 "size 8192; flags dynamic,timeout; timeout 1h; }",
	ANEW "add set inet portflow answer4 { " SET4 "size 1; flags dynamic,timeout; timeout 30s; }",
	ANEW "add set inet portflow answer4 { " SET4 "flags timeout; timeout 30s; }",
	ANEW "add set inet portflow answer4 { " SET4 "flags timeout; }",
	ANEW "add set inet portflow answer4 { " SET4 "elements = { 192.0.2.1 . 443 . 1 }; }",
	ANEW
	"add set inet portflow answer4 { type ipv4_addr . inet_service; size 8192; flags dynamic,timeout; timeout 30s; }",
	"add set inet portflow more { type ipv6_addr . inet_service . inet_service; elements = { 2001:db8::1 . 443 . 65535 }; }",
	"add set inet portflow more { type inet_service; size 8192; flags dynamic,timeout; timeout 30s; }",
};

static void each_damage(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct kernel k;

	(void)state;
	if (!own_network || !have_nft())
		skip();
	kernel_open(&k, &a);
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		struct desired d = wanted(&a, 998, 991, true);

		kernel_mend(&k, &d.ruleset, QUOTA_THERE, damages[i]);
		if (!shell(arena_printf(&a, "nft '%s'", damages[i])))
			fail_msg("nft refuses: %s", damages[i]);
		kernel_look(&k, &d.ruleset, QUOTA_THERE);
		if (k.diff.changes.n + k.diff.retired.n == 0)
			fail_msg("not seen: %s", damages[i]);
		if (strncmp(damages[i], ANEW, sizeof ANEW - 1) == 0 && k.diff.changes.of[CHANGE_SET_ADD].n == 0)
			fail_msg("the set is not seen: %s", damages[i]);
		kernel_mend(&k, &d.ruleset, QUOTA_THERE, damages[i]);
	}
	kernel_drop(&k);
	talk_close(k.talk);
}

/* -- who resolves names -- */

static void name_servers(void **state)
{
	static const struct {
		const char *text, *servers, *nsswitch;
	} cases[] = {
		{ NULL, "127.0.0.1", NULL },
		{ "", "127.0.0.1", NULL },
		{ "nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch .\n", "127.0.0.53", NULL },
		{ "# nameserver 192.0.2.9\n;nameserver 192.0.2.8\nnameserver\t192.0.2.1 \r\nnameserver 2001:db8::1",
			"192.0.2.1 2001:db8::1", NULL },
		{ " nameserver 192.0.2.1\nnameservers 192.0.2.2\nnameserver192.0.2.3\nnameserver\nnameserver \n",
			"127.0.0.1", NULL },
		{ "nameserver 1.1\nnameserver fe80::1%eth0\nnameserver ::1\n", "::1", NULL },
		{ "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 127.0.0.1\n",
			"192.0.2.1 192.0.2.2 192.0.2.3", NULL },
		{ "nameserver 192.0.2.1\n", "192.0.2.1", "passwd: files\nhosts: files dns\n" },
		{ "nameserver 192.0.2.1\n", "192.0.2.1 127.0.0.53",
			"hosts:\tmymachines resolve [!UNAVAIL=return] files dns" },
		{ "nameserver 192.0.2.1\n", "192.0.2.1 127.0.0.53",
			"passwd: files\n hosts: resolve[!UNAVAIL=return]\n" },
		{ "nameserver 192.0.2.1\n", "192.0.2.1", "hosts: files # resolve\nnetworks: resolve\nhosts: resolved" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_arena struct arena a = { 0 };
		const struct links none = { 0 };
		struct name_servers s;
		const char *text = "";

		name_servers_read(&a, cases[i].text, cases[i].nsswitch, &none, &s);
		for (size_t k = 0; k < s.of.n; k++)
			text = arena_printf(&a, "%s%s%s", text, k ? " " : "", s.of.at[k].text);
		assert_string_equal(text, cases[i].servers);
	}
}

#define REST " 00000000:0000 07 00000000:00000000 00:00000000 00000000   991        0 22334 2 0000000000000000 0"
#define REST6 \
	" 00000000000000000000000000000000:0000" \
	" 07 00000000:00000000 00:00000000 00000000   991        0 22334 2 0000000000000000 0"

static void sockets(void **state)
{
	/* each address word is one number of this machine's byte order: little-endian here */
	static const struct {
		const char *server, *line;
		bool is;
	} cases[] = {
		{ "127.0.0.53", "  1: 3500007F:0035" REST, true },
		{ "127.0.0.53", "  1: 3500007F:0036" REST, false },
		{ "127.0.0.53", "  1: 0100007F:0035" REST, false },
		{ "127.0.0.53", "  1: 00000000:0035" REST, true },
		{ "127.0.0.1", "  1: 00000000000000000000000000000000:0035" REST6, true },
		{ "127.0.0.1", "  1: 0000000000000000FFFF00000100007F:0035" REST6, true },
		{ "127.0.0.1", "  1: 0000000000000000FFFF00000200007F:0035" REST6, false },
		{ "127.0.0.1", "  1: 0000000000000000000000000100007F:0035" REST6, false },
		{ "::1", "  1: 00000000000000000000000001000000:0035" REST6, true },
		{ "::1", "  1: 00000000000000000000000000000000:0035" REST6, true },
		{ "::1", "  1: 00000000:0035" REST, false },
		{ "192.0.2.1", "  1: 010200C0:0035" REST, true },
		{ "192.0.2.1", "  1: 00000000:0035" REST, false },
		{ "2001:db8::1", "  1: B80D0120000000000000000001000000:0035" REST6, true },
		{ "2001:db8::1", "  1: 00000000000000000000000000000000:0035" REST6, false },
		/* addresses that eth0 has */
		{ "192.0.2.7", "  1: 070200C0:0035" REST, true },
		{ "192.0.2.7", "  1: 010200C0:0035" REST, false },
		{ "192.0.2.7", "  1: 00000000:0035" REST, true },
		{ "192.0.2.7", "  1: 00000000:0036" REST, false },
		{ "192.0.2.7", "  1: 00000000000000000000000000000000:0035" REST6, true },
		{ "192.0.2.7", "  1: 0000000000000000FFFF0000070200C0:0035" REST6, true },
		{ "2001:db8::7", "  1: B80D0120000000000000000007000000:0035" REST6, true },
		{ "2001:db8::7", "  1: 00000000000000000000000000000000:0035" REST6, true },
		{ "2001:db8::7", "  1: 00000000:0035" REST, false },
	};
	struct link_address own[2] = { { .addr = { 4, 32, { 192, 0, 2, 7 } } },
		{ .addr = { 6, 128, { 0x20, 0x01, 0x0d, 0xb8, [15] = 7 } } } };
	const struct links links = { .addresses = { own, 2, 2 } };

	(void)state;
	if (BYTE_ORDER != LITTLE_ENDIAN)
		skip();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_arena struct arena a = { 0 };
		struct name_servers s;
		struct socket_row r;

		name_servers_read(&a, arena_printf(&a, "nameserver %s", cases[i].server), NULL, &links, &s);
		assert_true(socket_row(cases[i].line, strlen(cases[i].line), &r));
		assert_int_equal(r.uid, 991);
		assert_int_equal(r.inode, 22334);
		if (name_server_is(&s.of.at[0], &r) != cases[i].is)
			fail_msg("%s and %s", cases[i].server, cases[i].line);
	}
}

/* -- who sends messages on -- */

static void local_hosts(void **state)
{
	static const struct {
		const char *url, *proxy, *host;
	} cases[] = {
		{ "smtp://localhost:25", NULL, "localhost" },
		{ "smtp://LOCALHOST", NULL, "LOCALHOST" },
		{ "smtp://127.0.0.1:25", NULL, "127.0.0.1" },
		{ "smtps://[::1]:465", NULL, "::1" },
		{ "https://user:pass@127.1.2.3/x", NULL, "127.1.2.3" },
		{ "https://example.com/x", "socks5h://localhost:1080", "localhost" },
		{ "https://127.0.0.1/x", "http://proxy.example.com:3128", NULL },
		{ "https://example.com/@127.0.0.1", NULL, NULL },
		{ "https://localhost.example.com", NULL, NULL },
		{ "https://[2001:db8::1]/", NULL, NULL },
		{ "localhost", NULL, NULL },
		{ NULL, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_arena struct arena a = { 0 };
		struct target t = { .proxy = cases[i].proxy, .url = { .from = SECRET_TEXT, .text = cases[i].url } };
		const char *host = target_local_host(&a, &t);

		if (!host != !cases[i].host || (host && strcmp(host, cases[i].host) != 0))
			fail_msg("%s, %s: %s", cases[i].url, cases[i].proxy, host);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_they_stand),
		cmocka_unit_test(written_and_read),
		cmocka_unit_test(typed),
		cmocka_unit_test(each_damage),
		cmocka_unit_test(name_servers),
		cmocka_unit_test(sockets),
		cmocka_unit_test(local_hosts),
	};

	own_network = unshare(CLONE_NEWNET) == 0;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
