/* `table netdev portflow` against a real kernel: what is wanted, sent and read back is the same; what somebody, or a device that goes, does to
 * it is found, and mended by replacing it whole.
 * In a network namespace of its own; where that is not permitted, nothing runs.
 * make check-unit runs it. */
#include "desired_help.h"

#include "kernel_help.h"

#include <net/if.h>

#include "model/desired_ingress.h"
#include "model/shape.h"
#include "nft/words.h"

#define CONFIG \
	"[portflow]\nown = 203.0.113.7, 2001:db8:ffff::/48\n[port web]\nports = 80, 8000-9000\n[port sctp]\nports = 5000\nprotocols = sctp\n" \
	"[address me]\naddresses = 10.0.0.1, 10.1.0.0/24, 2001:db8::1, 2001:db8:1::/64\n" \
	"[address pair]\naddresses = 10.0.0.2, 2001:db8::2\nports = 443\nprotocols = tcp, udp\n"

static const struct open_port OPEN[] = { { PROTO_TCP, 22 }, { PROTO_UDP, 4500 } };

/* What tests begin with. */
static void machine(void)
{
	shell("nft flush ruleset; for d in d1 d2 e1 e2 " SHAPE_IFB "; do ip link del $d; done");
	must("ip link add d1 type veth peer name e1 && ip link add d2 type veth peer name e2 && ip link add " SHAPE_IFB
	     " type ifb && ip link set " SHAPE_IFB " up");
}

static struct ruleset want_of(struct arena *a, const char *text)
{
	struct config *c = config_of(a, text);
	struct watch w = watch_of(a, "d1:1500 d2:1500");
	const struct links none = { 0 };
	uint32_t *minors = arena_array(a, c->entries.n + 1, sizeof *minors);
	struct ingress_wish wish = { .config = c,
		.watch = &w,
		.links = &none,
		.open = OPEN,
		.n_open = 2,
		.minors = minors,
		.ifb = (int)if_nametoindex(SHAPE_IFB) };
	struct ruleset r;

	for (size_t i = 0; i < c->entries.n; i++)
		minors[i] = c->entries.at[i].kind == ENTRY_INTERFACE ? 0 : (uint32_t)i + 1;
	for (size_t i = 0; i < w.devices.n; i++)
		w.devices.at[i].present = if_nametoindex(w.devices.at[i].name) != 0;
	desired_ingress(a, &wish, &r);
	r.comment = COMMENT;
	return r;
}

static bool differs(struct kernel *k, struct ruleset *want)
{
	if (talk_generation(k->talk, &k->generation, &k->err) < 0 ||
		nft_read_ingress(k->talk, k->arena, k->generation, &k->have, &k->err) < 0)
		fail_msg("%s", k->err.text);
	return diff_whole(k->arena, want, &k->have, &k->diff);
}

static void unlike(struct kernel *k, struct ruleset *want, const char *what)
{
	struct diff left;

	diff_rulesets(k->arena, want, &k->have, NULL, QUOTA_LEFT, &left);
	fail_msg("%s: afterwards %s", what, changes_text(k->arena, &left));
}

static void mend(struct kernel *k, struct ruleset *want, const char *what)
{
	struct batch b = { 0 };

	if (differs(k, want)) {
		if (k->have.present)
			nft_put_ingress_del(&b);
		nft_put_changes(&b, &k->diff.changes, COMMENT, 0);
		if (talk_batch(k->talk, &b, k->generation, &k->err) < 0)
			fail_msg("%s: %s", what, k->err.text);
		batch_free(&b);
	}
	if (differs(k, want))
		unlike(k, want, what);
	if (want->present)
		assert_string_equal(k->have.comment, COMMENT);
}

static void random_ones(void **state)
{
	uint64_t seed = 0xa4093822299f31d0U;
	cleanup_arena struct arena all = { 0 };
	struct kernel k;

	(void)state;
	machine();
	kernel_open(&k, &all);
	for (int round = 0; round < (getenv("TORTURE") ? 400 : 40); round++) {
		cleanup_arena struct arena a = { 0 };
		const char *text = random_config(&a, &seed);
		struct ruleset want = want_of(&a, text);

		k.arena = &a;
		mend(&k, &want, text);
		if (have_nft())
			check_saved(text);
	}
	talk_close(k.talk);
}

/* Somebody else's table of that name in the other family is not looked at. */
static void apart(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct ruleset want, inet;
	struct kernel k;

	(void)state;
	machine();
	want = want_of(&a, CONFIG);
	kernel_open(&k, &a);
	mend(&k, &want, "made");
	if (nft_read_table(k.talk, &a, &inet, &k.err) < 0)
		fail_msg("%s", k.err.text);
	assert_false(inet.present);
	if (have_nft()) {
		must("nft 'add table inet portflow { chain c { type filter hook input priority 0; }; }'");
		assert_false(differs(&k, &want));
		assert_int_equal(k.have.chains.n, want.chains.n);
		must("nft delete table inet portflow");
	}
	talk_close(k.talk);
}

/* What -v shows makes the same, and what nft lists can be loaded again and is the same. */
static void typed(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct ruleset want;
	struct str words = STR_CEILING((size_t)1 << 20);
	struct kernel k;
	const char *script;

	(void)state;
	if (!have_nft())
		skip();
	machine();
	want = want_of(&a, CONFIG);
	kernel_open(&k, &a);
	assert_true(differs(&k, &want));
	nft_words(&k.diff.changes, COMMENT, &words);
	script = arena_printf(&a, "set -e\n%s", words.p);
	str_free(&words);
	if (!shell(script))
		fail_msg("nft refuses some of\n%s", script);
	if (differs(&k, &want))
		unlike(&k, &want, script);
	must("f=$(mktemp) && nft list ruleset >$f && nft flush ruleset && nft -f $f; rc=$?; rm -f $f; exit $rc");
	if (differs(&k, &want))
		unlike(&k, &want, "loaded again");
	talk_close(k.talk);
}

/* -- damage ---------------------------------------------------------------------------------------------------------- */

#define NFT(text) "nft '" text "'"

static const char *const damages[] = {
	"nft flush ruleset",
	NFT("delete table netdev portflow"),
	NFT("flush table netdev portflow"),
	NFT("flush chain netdev portflow in_1"),
	NFT("flush chain netdev portflow sort"),
	NFT("flush chain netdev portflow in_2; delete chain netdev portflow in_2"),
	NFT("insert rule netdev portflow sort drop"),
	NFT("add rule netdev portflow mine counter"),
	NFT("add chain netdev portflow extra"),
	NFT("add chain netdev portflow extra { type filter hook ingress device e1 priority 0; }"),
	NFT("flush map netdev portflow class_tcp"),
	NFT("delete element netdev portflow class_tcp { 80 }"),
	NFT("add element netdev portflow class_tcp { 81 : 7067:1 }"),
	NFT("delete element netdev portflow class_tcp { 80 }; add element netdev portflow class_tcp { 80 : 7067:2 }"),
	NFT("delete element netdev portflow class_tcp { 80 }; add element netdev portflow class_tcp { 80 : 7066:1 }"),
	NFT("delete element netdev portflow open_tcp { 22 }"),
	NFT("add counter netdev portflow extra"),
	NFT("add map netdev portflow extra { type inet_service : classid; }"),
	NFT("add table netdev portflow { flags dormant; }"),
	"nft list ruleset | sed s/0123456789abcdef/fedcba9876543210/ >f.$$ && nft flush ruleset && nft -f f.$$; rc=$?; rm f.$$; exit $rc",
	"nft list ruleset >f.$$ && nft -f f.$$; rc=$?; rm f.$$; exit $rc",
	/* devices that go, come back, are renamed */
	"ip link del d2",
	"ip link del d2 && ip link add d2 type veth peer name e2",
	"ip link set dev d2 name d3 && ip link set dev d3 name d2",
	"ip link set d2 name d3",
	"ip link del d1 && ip link del d2",
	/* the place that packets are sent to */
	"ip link del " SHAPE_IFB " && ip link add " SHAPE_IFB " index 1234 type ifb && ip link set " SHAPE_IFB " up",
};

/* Some kernels keep the hook through a rename and back, some hook again when the device returns, some take the chain away with its device. */
static bool harmless(const char *damage)
{
	return strstr(damage, "ip link del d2") == damage || strstr(damage, "name d3 && ip link");
}

static void mended(void **state)
{
	(void)state;
	if (!have_nft() || !shell("command -v ip"))
		skip();
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		cleanup_arena struct arena a = { 0 };
		struct ruleset want;
		struct kernel k;

		machine();
		want = want_of(&a, CONFIG);
		kernel_open(&k, &a);
		mend(&k, &want, "before");
		must(damages[i]);
		want = want_of(&a, CONFIG);
		if (!differs(&k, &want) && !harmless(damages[i]) && want.present)
			fail_msg("%s: not seen", damages[i]);
		mend(&k, &want, damages[i]);
		talk_close(k.talk);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_ones),
		cmocka_unit_test(apart),
		cmocka_unit_test(typed),
		cmocka_unit_test(mended),
	};

	if (!kernel_own())
		return 0;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
