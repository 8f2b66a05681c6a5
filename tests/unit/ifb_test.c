/* The IFB is made, found, put right after whatever somebody did to it, and removed; what is not ours stays; our tree of classes stands on it.
 * In a network namespace of its own; where that is not permitted, nothing runs.
 * make check-unit runs it. */
#include "shape_help.h"
#include "shell_help.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "tc/ifb.h"
#include "tc/link.h"

struct kernel {
	struct shaper *shaper;
	struct ifb have;
	struct err err;
};

static void look(struct kernel *k)
{
	if (ifb_read(k->shaper, &k->have, &k->err) < 0)
		fail_msg("%s", k->err.text);
}

/* Nothing is sent when nothing is wrong. */
static void make(struct kernel *k, const char *what)
{
	struct ifb made;
	uint64_t writes;

	look(k);
	if (ifb_make(k->shaper, &k->have, &made, &k->err) < 0)
		fail_msg("%s: %s", what, k->err.text);
	look(k);
	assert_int_equal(k->have.owner, IFB_OURS);
	assert_true(k->have.up);
	if (!k->have.right || made.ifindex != k->have.ifindex)
		fail_msg("%s: not right afterwards", what);
	must("ip link show " SHAPE_IFB " | grep -q 'qlen 1000'");
	must("ip link show " SHAPE_IFB " | grep -q 'alias portflow$'");
	writes = shaper_writes(k->shaper);
	if (ifb_make(k->shaper, &k->have, &made, &k->err) < 0)
		fail_msg("%s: again: %s", what, k->err.text);
	assert_int_equal(shaper_writes(k->shaper), writes);
}

static void drop(struct kernel *k)
{
	look(k);
	if (ifb_delete(k->shaper, &k->have, &k->err) < 0)
		fail_msg("%s", k->err.text);
	must("! ip link show " SHAPE_IFB);
}

static void begin(struct kernel *k)
{
	*k = (struct kernel){ 0 };
	if (shaper_open(&k->shaper, &k->err) < 0)
		fail_msg("%s", k->err.text);
}

static void made(void **state)
{
	struct kernel k;

	(void)state;
	begin(&k);
	look(&k);
	assert_int_equal(k.have.owner, IFB_NONE);
	make(&k, "made");
	assert_int_equal(k.have.mtu, 1500);
	must("ip -d link show " SHAPE_IFB " | grep -q ' ifb '");
	must("! ip -6 address show dev " SHAPE_IFB " | grep -q inet6");
	drop(&k);
	look(&k);
	assert_int_equal(k.have.owner, IFB_NONE);
	/* gone while we were about to remove it */
	k.have = (struct ifb){ .owner = IFB_OURS, .ifindex = 4711 };
	assert_int_equal(ifb_delete(k.shaper, &k.have, &k.err), 0);
	shaper_close(k.shaper);
}

static const char *const damages[] = {
	"ip link set " SHAPE_IFB " down",
	"ip link set " SHAPE_IFB " txqueuelen 32",
	"ip link set " SHAPE_IFB " alias ''",
	"ip link del " SHAPE_IFB,
	"ip link del " SHAPE_IFB " && ip link add " SHAPE_IFB " type ifb",
	"ip link del " SHAPE_IFB " && ip link add " SHAPE_IFB " type ifb && ip link set " SHAPE_IFB " up",
	"ip link set " SHAPE_IFB " down && ip link set " SHAPE_IFB " name ifb9",
};

static void mended(void **state)
{
	struct kernel k;

	(void)state;
	begin(&k);
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		make(&k, "before");
		must(damages[i]);
		look(&k);
		assert_false(k.have.right);
		make(&k, damages[i]);
	}
	drop(&k);
	shaper_close(k.shaper);
}

static void foreign(void **state)
{
	static const char *const others[] = { "ip link add " SHAPE_IFB " type veth peer name other",
		"ip link add " SHAPE_IFB " type ifb && ip link set " SHAPE_IFB " alias 'the shop'" };
	static const char *const said[] = { "(veth)", "(ifb, alias the shop)" };
	cleanup_arena struct arena a = { 0 };
	struct kernel k;
	struct ifb x;

	(void)state;
	begin(&k);
	look(&k);
	assert_null(ifb_foreign_text(&a, &k.have));
	for (size_t i = 0; i < 2; i++) {
		must(others[i]);
		look(&k);
		assert_int_equal(k.have.owner, IFB_FOREIGN);
		assert_int_equal(ifb_make(k.shaper, &k.have, &x, &k.err), -1);
		assert_int_equal(k.err.kind, ERR_FAIL);
		assert_non_null(strstr(ifb_foreign_text(&a, &k.have), said[i]));
		assert_int_equal(ifb_delete(k.shaper, &k.have, &k.err), 0);
		assert_int_equal(shaper_writes(k.shaper), 0);
		must("ip link show " SHAPE_IFB);
		must("ip link del " SHAPE_IFB);
	}
	shaper_close(k.shaper);
}

/* Somebody is as fast as we are. */
static void raced(void **state)
{
	const struct ifb none = { .owner = IFB_NONE };
	struct kernel k;
	struct ifb x;

	(void)state;
	begin(&k);
	make(&k, "before");
	assert_int_equal(ifb_make(k.shaper, &none, &x, &k.err), -1);
	assert_int_equal(k.err.kind, ERR_STALE);
	must("ip link set " SHAPE_IFB " down");
	look(&k);
	must("ip link del " SHAPE_IFB);
	assert_int_equal(ifb_make(k.shaper, &k.have, &x, &k.err), -1);
	assert_int_equal(k.err.kind, ERR_STALE);
	assert_non_null(strstr(k.err.text, "could not be set up"));
	shaper_close(k.shaper);
}

static void tree(void **state)
{
	cleanup_arena struct arena a = { 0 };
	const struct shape_limit l[] = { { 1, 20000000 }, { 2, 8000 } };
	struct shape_device_list want = { 0 }, have;
	struct shape_plan plan;
	struct links links;
	struct kernel k;

	(void)state;
	begin(&k);
	make(&k, "before");
	for (int again = 0; again < 2; again++) {
		const struct shape_wish w = { .ifindex = k.have.ifindex,
			.name = SHAPE_IFB,
			.mtu = 1500,
			.major = SHAPE_IN,
			.limits = l,
			.n = 2 };

		want.n = 0;
		shape_want(&a, &w, vec_push(&a, &want));
		if (links_read(&a, &links, &k.err) < 0 || shape_read(k.shaper, &a, &links, SHAPE_IN, &have, &k.err) < 0)
			fail_msg("%s", k.err.text);
		shape_plan(&a, &want, &have, &plan);
		assert_int_equal(plan.steps.n == 0, again);
		if (shape_execute(k.shaper, &a, plan.steps.at, plan.steps.n, &k.err) < 0)
			fail_msg("%s", k.err.text);
	}
	must("tc class show dev " SHAPE_IFB " | grep -q 'class htb 7067:1 .*ceil 20Mbit'");
	drop(&k);
	shaper_close(k.shaper);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made),
		cmocka_unit_test(mended),
		cmocka_unit_test(foreign),
		cmocka_unit_test(raced),
		cmocka_unit_test(tree),
	};

	if (unshare(CLONE_NEWNET) < 0 || !shell("command -v tc && ip link add probe type ifb && ip link del probe")) {
		printf("1..0 # SKIP a network namespace of its own, tc and IFB devices are needed\n");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
