/* What is wanted, sent and read back is the same, for random configurations; and whatever somebody does to our table with nft is
 * found and mended by one batch, while what is not ours stays as it was.
 * In a network namespace of its own; where that is not permitted, nothing runs.
 * make check-unit runs it. */
#include "desired_help.h"

#include "kernel_help.h"

/* The same random numbers in every run; TORTURE=1 goes further, SLOW (an emulated machine) less far. */
static int rounds(int n)
{
	return getenv("TORTURE") ? 20 * n : getenv("SLOW") ? n / 5 : n;
}

static void look(struct kernel *k, struct desired *d)
{
	kernel_look(k, &d->ruleset, QUOTA_THERE);
}

static void mend(struct kernel *k, struct desired *d, const char *what)
{
	kernel_mend(k, &d->ruleset, QUOTA_THERE, what);
}

static void from_nothing(void **state)
{
	uint64_t seed = 0x082efa98ec4e6c89U;

	(void)state;
	for (int round = 0; round < rounds(25); round++) {
		cleanup_arena struct arena a = { 0 };
		const char *text = random_config(&a, &seed);
		struct desired d = desired_of(&a, text, random_devices(&a, &seed));
		struct kernel k;
		uint64_t writes;

		kernel_open(&k, &a);
		mend(&k, &d, text);
		assert_true(k.have.present);
		assert_string_equal(k.have.comment, COMMENT);
		assert_int_equal(k.have.objects.n, d.counters.n);
		writes = talk_writes(k.talk);
		mend(&k, &d, text);
		assert_int_equal(talk_writes(k.talk), writes);
		if (have_nft())
			check_saved(text);
		kernel_drop(&k);
		talk_close(k.talk);
	}
}

static void from_each_other(void **state)
{
	uint64_t seed = 0x452821e638d01377U;
	cleanup_arena struct arena all = { 0 };
	struct kernel k;

	(void)state;
	kernel_open(&k, &all);
	for (int round = 0; round < rounds(40); round++) {
		cleanup_arena struct arena a = { 0 };
		const char *text = random_config(&a, &seed);
		struct desired d = desired_of(&a, text, random_devices(&a, &seed));

		k.arena = &a;
		mend(&k, &d, text);
	}
	kernel_drop(&k);
	talk_close(k.talk);
}

static void counters(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct desired d = desired_of(&a, "[port web]\nports = 80\n", "eth0:1500");
	const char *names[] = { "p_web.in", "no-such.in", "total.out" };
	struct counter_value values[3], one;
	struct places by_name;
	struct kernel k;
	struct batch b = { 0 };

	(void)state;
	places_init(&by_name, &a, names, sizeof *names, 3);
	kernel_open(&k, &a);
	mend(&k, &d, "counters");
	nft_put_counter(&b, "canary", 1, UINT64_C(0x0123456789abcdef));
	assert_int_equal(talk_batch(k.talk, &b, k.generation, &k.err), 0);
	batch_free(&b);
	assert_int_equal(nft_read_counter(k.talk, "canary", &one, &k.err), 0);
	assert_true(one.present && one.packets == 1 && one.bytes == UINT64_C(0x0123456789abcdef));
	assert_int_equal(nft_read_counter(k.talk, "no-such", &one, &k.err), 0);
	assert_false(one.present);
	/* A quota of a counter's name is none. */
	if (have_nft())
		assert_true(shell("nft add quota inet portflow total.out { over 5 mbytes }"));
	assert_int_equal(nft_read_counters(k.talk, &by_name, values, &k.err), 0);
	assert_true(values[0].present && !values[1].present && values[2].present);
	assert_int_equal(values[0].handle, k.have.objects.at[0].handle);
	assert_int_equal(values[2].bytes, 0);
	kernel_drop(&k);
	assert_int_equal(nft_read_counter(k.talk, "canary", &one, &k.err), 0);
	assert_false(one.present);
	talk_close(k.talk);
}

/* A batch planned from another generation changes nothing. */
static void stale(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct desired d = desired_of(&a, "[port web]\nports = 80\n", "eth0:1500");
	struct kernel k;
	struct batch b = { 0 };

	(void)state;
	kernel_open(&k, &a);
	look(&k, &d);
	nft_put_changes(&b, &k.diff.changes, COMMENT, 0);
	assert_int_equal(talk_batch(k.talk, &b, k.generation - 1, &k.err), -1);
	assert_int_equal(k.err.kind, ERR_STALE);
	batch_free(&b);
	look(&k, &d);
	assert_false(k.have.present);
	assert_int_equal(nft_read_all(k.talk, &a, k.generation - 1, &k.have, &k.err), -1);
	assert_int_equal(k.err.kind, ERR_STALE);
	talk_close(k.talk);
}

/* -- somebody at the keyboard -- */

#define CONFIG \
	"[portflow]\nown = 203.0.113.0/24\n" \
	"[port web]\nports = 80, 443\n[port long]\nports = 1000-2000, 65000-65535\n[port next]\nports = 2001-3000\n" \
	"[address a]\naddresses = 192.0.2.1, 198.51.100.0/24, 2001:db8::1, 2001:db8:1::/48\n" \
	"[address s]\naddresses = 192.0.2.9\nports = 53\n[interface nic]\ninterface = eth0\n"
#define DEVICES "eth0:1500 eth1:9000"

static const struct {
	const char *command; /* what nft is told */
	bool harmless;       /* nothing is to be mended */
	bool optional;       /* not every kernel can */
} damages[] = {
	{ "flush ruleset", false, false },
	{ "delete table inet portflow", false, false },
	{ "flush table inet portflow", false, false },
	{ "flush chain inet portflow count_in", false, false },
	{ "flush chain inet portflow ports_out_b1500", false, false },
	{ "add rule inet portflow count_in counter", false, false },
	{ "insert rule inet portflow count_in tcp dport 80 accept", false, false },
	{ "insert rule inet portflow ports_in drop", false, false },
	{ "add rule inet portflow count_out ip saddr { 10.0.0.1, 10.0.0.2 } return", false, false },
	{ "add rule inet portflow count_out limit rate 5/second log prefix \"x\"", false, false },
	{ "add rule inet portflow ports_in meta mark set 5", false, false },
	{ "add rule inet portflow ports_in ct state new counter name p_web.in", false, false },
	{ "add rule inet portflow ports_in tcp dport map @tcp_in", false, true },
	{ "add chain inet portflow extra", false, false },
	{ "add chain inet portflow extra { type filter hook input priority 0; policy drop; }", false, false },
	{ "add chain inet portflow one; add chain inet portflow two; add rule inet portflow one jump two; "
	  "add rule inet portflow two goto ports_in",
		false, false },
	{ "add chain inet portflow count_in { policy drop; }", false, false },
	{ "flush chain inet portflow count_in; delete chain inet portflow count_in; "
	  "add chain inet portflow count_in { type filter hook prerouting priority 0; }",
		false, false },
	{ "flush chain inet portflow count_in; delete chain inet portflow count_in; "
	  "add chain inet portflow count_in { type filter hook input priority -300; }",
		false, false },
	{ "flush chain inet portflow count_out; delete chain inet portflow count_out; add chain inet portflow count_out",
		false, false },
	{ "flush chain inet portflow count_out; delete chain inet portflow count_out; "
	  "add chain inet portflow count_out { type nat hook postrouting priority 200; }",
		false, false },
	{ "rename chain inet portflow ports_in other", false, false },
	{ "add element inet portflow dev { evil0 }", false, false },
	{ "delete element inet portflow dev { eth1 }", false, false },
	{ "flush set inet portflow mtu1500", false, false },
	{ "flush map inet portflow tcp_in", false, false },
	{ "delete element inet portflow tcp_in { 80 }", false, false },
	{ "add element inet portflow tcp_in { 22 : \"p_web.in\" }", false, false },
	{ "delete element inet portflow tcp_in { 80 }; add element inet portflow tcp_in { 80 : \"p_next.in\" }", false,
		false },
	{ "delete element inet portflow tcpr_in { 1000-2000 }", false, false },
	{ "delete element inet portflow tcpr_in { 1000-2000 }; add element inet portflow tcpr_in { 1000-1500 : \"p_long.in\" }",
		false, false },
	{ "delete element inet portflow tcpr_in { 65000-65535 }; add element inet portflow tcpr_in { 65000-65534 : \"p_long.in\" }",
		false, false },
	{ "add element inet portflow tcpr_in { 3001-3005 : \"p_next.in\" }", false, false },
	{ "add element inet portflow tcpr_in { 4000-5000 : \"p_web.in\" }", false, false },
	{ "flush map inet portflow udpr_out", false, false },
	{ "flush map inet portflow a6r_out", false, false },
	{ "add element inet portflow a4r_in { 198.51.0.0/24 : \"a_a.in\" }", false, false },
	{ "add element inet portflow a4udp_in { 192.0.2.9 . 54 : \"a_s.in\" }", false, false },
	{ "flush set inet portflow everybody", false, false },
	{ "add element inet portflow everybody { local }", false, false },
	{ "flush chain inet portflow count_in; add rule inet portflow count_in iifname != \"eth0\" return", false,
		false },
	{ "flush set inet portflow own4", false, false },
	{ "add set inet portflow extra { type inet_service; elements = { 1, 2 }; }", false, false },
	{ "add set inet portflow extra { type inet_service; flags interval; elements = { 1-5, 6-9 }; }", false, false },
	{ "add set inet portflow extra { type inet_service; flags timeout; elements = { 1 timeout 1h }; }", false,
		false },
	{ "add set inet portflow extra { type ipv4_addr . inet_service . mark; elements = { 10.0.0.1 . 5 . 7 }; }",
		false, false },
	{ "add map inet portflow extra { type inet_service : verdict; elements = { 1 : goto ports_in }; }", false,
		false },
	{ "add map inet portflow extra { type inet_service : mark; elements = { 1 : 5 }; }; "
	  "add rule inet portflow ports_in meta mark set tcp dport map @extra",
		false, false },
	{ "add chain inet portflow side; add map inet portflow extra { type inet_service : verdict; elements = { 1 : goto side }; }; "
	  "add rule inet portflow side tcp dport vmap @extra",
		false, false },
	{ "flush chain inet portflow ports_in; delete map inet portflow tcp_in", false, false },
	{ "flush chain inet portflow ports_in; delete map inet portflow tcp_in; "
	  "add map inet portflow tcp_in { type inet_service : counter; flags interval; }",
		false, false },
	{ "flush chain inet portflow ports_in; delete map inet portflow tcp_in; "
	  "add map inet portflow tcp_in { type inet_service : counter; size 5; }",
		false, false },
	{ "flush chain inet portflow ports_in; delete map inet portflow tcp_in; "
	  "add map inet portflow tcp_in { type inet_service : counter; flags timeout; elements = { 80 timeout 1h : \"p_web.in\" }; }",
		false, false },
	{ "flush chain inet portflow ports_in; delete map inet portflow tcp_in; add set inet portflow tcp_in { type inet_service; }",
		false, false },
	{ "flush chain inet portflow ports_in; delete map inet portflow tcp_in; "
	  "add map inet portflow tcp_in { type ipv4_addr : counter; }",
		false, false },
	{ "flush chain inet portflow remote_in; flush chain inet portflow remote_out; "
	  "flush chain inet portflow remote_in_b1500; flush chain inet portflow remote_in_b1500v6; "
	  "flush chain inet portflow remote_in_b9000; flush chain inet portflow remote_in_b9000v6; "
	  "flush chain inet portflow remote_out_b1500; flush chain inet portflow remote_out_b1500v6; "
	  "flush chain inet portflow remote_out_b9000; flush chain inet portflow remote_out_b9000v6; "
	  "delete set inet portflow everybody; "
	  "add map inet portflow everybody { type mark : verdict; elements = { 1 : goto ports_in }; }",
		false, false },
	{ "add counter inet portflow more", false, false },
	{ "add counter inet portflow more; add element inet portflow tcp_in { 22 : \"more\" }", false, false },
	{ "add quota inet portflow q { over 5 mbytes }", false, false },
	{ "add quota inet portflow p_web.in { over 5 mbytes }", false, false },
	{ "add limit inet portflow l { rate 5/second }", false, false },
	{ "add quota inet portflow q { over 5 mbytes }; add map inet portflow quotas { type inet_service : quota; "
	  "elements = { 80 : \"q\" }; }; add rule inet portflow ports_in quota name tcp dport map @quotas drop",
		false, false },
	{ "flush map inet portflow a4tcp_in; flush map inet portflow a4udp_in; delete counter inet portflow a_s.in",
		false, false },
	{ "add table inet portflow { flags dormant; }", false, false },
	{ "add flowtable inet portflow f { hook ingress priority 0; devices = { lo }; }", false, true },
	{ "reset counters", true, false },
	{ "add table ip elsewhere", true, false },
	{ "add rule inet other input counter", true, false },
};
#define N_DAMAGES (sizeof damages / sizeof *damages)

static bool told(const char *command)
{
	char line[1024];

	snprintf(line, sizeof line, "nft '%s'", command);
	return shell(line);
}

static bool set_up_other(void)
{
	return told(
		"add table inet other; add chain inet other input { type filter hook input priority 0; }; "
		"add rule inet other input tcp dport 22 accept");
}

static void each_damage(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct desired d = desired_of(&a, CONFIG, DEVICES);
	struct kernel k;

	(void)state;
	if (!have_nft())
		skip();
	kernel_open(&k, &a);
	for (size_t i = 0; i < N_DAMAGES; i++) {
		const char *what = damages[i].command;

		assert_true(set_up_other());
		mend(&k, &d, what);
		if (!told(what)) {
			if (!damages[i].optional)
				fail_msg("nft refuses: %s", what);
			continue;
		}
		look(&k, &d);
		if ((k.diff.changes.n + k.diff.retired.n == 0) != damages[i].harmless)
			fail_msg("%s: %s", what, changes_text(&a, &k.diff));
		mend(&k, &d, what);
		if (i > 0 && !told("list chain inet other input"))
			fail_msg("%s: mending took what is not ours", what);
	}
	check_saved("the mended table");
	assert_true(told("flush ruleset"));
	talk_close(k.talk);
}

static void many_damages(void **state)
{
	uint64_t seed = 0xbe5466cf34e90c6cU;
	cleanup_arena struct arena all = { 0 };
	struct kernel k;

	(void)state;
	if (!have_nft())
		skip();
	kernel_open(&k, &all);
	for (int round = 0; round < rounds(20); round++) {
		cleanup_arena struct arena a = { 0 };
		struct desired d = desired_of(&a, CONFIG, DEVICES);
		const char *what = "";

		k.arena = &a;
		mend(&k, &d, "before");
		for (size_t n = 1 + next_random(&seed) % 5; n > 0; n--) {
			const char *next = damages[3 + next_random(&seed) % (N_DAMAGES - 3)].command;

			/* What the one before made impossible is left out. */
			if (told(next))
				what = arena_printf(&a, "%s; %s", what, next);
		}
		/* Now and then the configuration changes at the same time. */
		if (next_random(&seed) % 3 == 0)
			d = desired_of(&a, random_config(&a, &seed), random_devices(&a, &seed));
		mend(&k, &d, what);
	}
	assert_true(told("flush ruleset"));
	talk_close(k.talk);
}

/* nft list ruleset > f; nft -f f: the rules of every shape that devices give them. */
static void restored(void **state)
{
	static const char *const devices[] = { DEVICES, "eth0:1500", "eth0:1500 eth1:1500", "eth0:1500 wg0:1420!",
		"eth0:1500 gone0:-", "gone0:-", "", "eth1:1500", "br-lan.100:1500 eth0:1500 side0:1280+" };
	cleanup_arena struct arena a = { 0 };
	struct kernel k;

	(void)state;
	if (!have_nft())
		skip();
	kernel_open(&k, &a);
	for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
		struct desired d = desired_of(&a, CONFIG, devices[i]);
		uint64_t handle;

		mend(&k, &d, "before");
		handle = k.have.handle;
		assert_true(shell("f=$(mktemp) && nft list ruleset >$f && nft flush ruleset && nft -f $f && rm -f $f"));
		look(&k, &d);
		if (k.diff.changes.n)
			fail_msg("restored, %s: %s", devices[i], changes_text(&a, &k.diff));
		assert_string_equal(k.have.comment, COMMENT);
		assert_int_not_equal(k.have.handle, handle);
		/* Over the living table: every rule stands there twice. */
		assert_true(shell("f=$(mktemp) && nft list ruleset >$f && nft -f $f && rm -f $f"));
		look(&k, &d);
		assert_int_equal(k.diff.copies, 2);
		mend(&k, &d, "doubled");
		assert_true(told("flush ruleset"));
	}
	talk_close(k.talk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_nothing),
		cmocka_unit_test(from_each_other),
		cmocka_unit_test(counters),
		cmocka_unit_test(stale),
		cmocka_unit_test(each_damage),
		cmocka_unit_test(many_damages),
		cmocka_unit_test(restored),
	};

	if (!kernel_own())
		return 0;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
