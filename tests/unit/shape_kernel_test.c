/* What is wanted, sent and read back is the same, for trees at random and after whatever somebody did to them with tc; a refusal in the
 * middle leaves what was there; other people's queues stay; a thousand classes say nothing in the kernel's log.
 * In a network namespace of its own; where that is not permitted, nothing runs.
 * make check-unit runs it. */
#include "shape_help.h"
#include "shell_help.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tc/link.h"
#include "tc/shape.h"

static int rounds(int n)
{
	return getenv("TORTURE") ? 20 * n : getenv("SLOW") ? n / 5 : n;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

struct kernel {
	struct arena *arena;
	struct shaper *shaper;
	bool codel;
	struct shape_device_list have;
	struct shape_plan plan;
	struct err err;
};

static void open_kernel(struct kernel *k, struct arena *a)
{
	bool htb;

	*k = (struct kernel){ .arena = a };
	if (shaper_open(&k->shaper, &k->err) < 0 || shape_probe(k->shaper, &htb, &k->codel, &k->err) < 0)
		fail_msg("%s", k->err.text);
	assert_true(htb);
	assert_int_equal(shaper_writes(k->shaper), 0);
}

static void look(struct kernel *k)
{
	struct links l;

	if (links_read(k->arena, &l, &k->err) < 0 ||
		shape_read(k->shaper, k->arena, &l, SHAPE_OUT, &k->have, &k->err) < 0)
		fail_msg("%s", k->err.text);
}

static void plan(struct kernel *k, const struct shape_device_list *want)
{
	look(k);
	shape_plan(k->arena, want, &k->have, &k->plan);
}

static const char *plan_text(struct kernel *k)
{
	const char *text = "";

	for (size_t i = 0; i < k->plan.steps.n; i++)
		text = arena_printf(k->arena, "%s%s; ", text, shape_step_text(k->arena, &k->plan.steps.at[i]));
	return text;
}

/* One go must do, and the next has nothing to do. */
static void mend(struct kernel *k, const struct shape_device_list *want, const char *what)
{
	plan(k, want);
	if (shape_execute(k->shaper, k->arena, k->plan.steps.at, k->plan.steps.n, &k->err) < 0)
		fail_msg("%s: %s", what, k->err.text);
	plan(k, want);
	if (k->plan.steps.n)
		fail_msg("%s: afterwards: %s", what, plan_text(k));
}

static const struct shape_device *device(const struct kernel *k, int ifindex)
{
	for (size_t i = 0; i < k->have.n; i++)
		if (k->have.at[i].ifindex == ifindex)
			return &k->have.at[i];
	fail_msg("no device %d", ifindex);
	return NULL;
}

static int setup(void **state)
{
	struct kernel k;
	static struct arena a;

	(void)state;
	must("ip link add d2 index 102 type veth peer name p2 index 112 && ip link add d3 index 103 type veth peer name p3 index 113 && "
	     "ip link set d2 up && ip link set p2 up && ip link set d3 up && ip link set p3 up");
	open_kernel(&k, &a);
	shaper_close(k.shaper);
	arena_free(&a);
	return 0;
}

static void nothing_left(struct kernel *k)
{
	const struct shape_device_list none = { 0 };

	mend(k, &none, "removed");
	must("! tc qdisc show | grep -q 'htb\\|fifo\\|fq_codel'");
}

static void from_each_other(void **state)
{
	uint64_t seed = 0x3f84d5b5b5470917U;

	(void)state;
	for (int round = 0; round < rounds(25); round++) {
		cleanup_arena struct arena a = { 0 };
		struct shape_device_list want = { 0 };
		struct kernel k;
		uint64_t writes;

		open_kernel(&k, &a);
		for (int i = 102; i <= 103; i++) {
			struct shape_device d = random_want(&a, &seed, i, k.codel);

			*vec_push(&a, &want) = d;
		}
		mend(&k, &want, "round");
		for (size_t i = 0; i < want.n; i++)
			if (!same_tree(&want.at[i], device(&k, want.at[i].ifindex)))
				fail_msg("round %d: %s is not what is wanted", round, want.at[i].name);
		writes = shaper_writes(k.shaper);
		mend(&k, &want, "again");
		assert_int_equal(shaper_writes(k.shaper), writes);
		if (round % 5 == 4)
			nothing_left(&k);
		shaper_close(k.shaper);
	}
}

static struct shape_device_list one_device(
	struct arena *a, const struct kernel *k, const struct shape_limit *l, size_t n, uint64_t total)
{
	const struct shape_wish w = { .ifindex = 102,
		.name = "d2",
		.mtu = 1500,
		.major = SHAPE_OUT,
		.codel = k->codel,
		.total = { total != 0, total },
		.limits = l,
		.n = n };
	struct shape_device_list want = { 0 };

	shape_want(a, &w, vec_push(a, &want));
	return want;
}

/* What tc shows, in its words. */
static void shown(void **state)
{
	cleanup_arena struct arena a = { 0 };
	const struct shape_limit l[] = { { 1, 20000000 }, { 2, 8000 }, { 3, 100000000000 } };
	struct shape_limit half[] = { { 1, 10000000 }, { 2, 8000 }, { 3, 100000000000 } };
	struct shape_device_list want;
	struct kernel k;

	(void)state;
	open_kernel(&k, &a);
	want = one_device(&a, &k, l, 3, 50000000);
	mend(&k, &want, "made");
	must("tc qdisc show dev d2 | grep -q 'htb 7066: root refcnt [0-9]* r2q 10 default 0xffff direct_packets_stat [0-9]* "
	     "direct_qlen 1000'");
	must("tc class show dev d2 | grep -q 'class htb 7066:fffe root rate 50Mbit ceil 50Mbit burst 6250b cburst 6250b'");
	must("tc class show dev d2 | grep -q 'class htb 7066:ffff parent 7066:fffe leaf [0-9a-f]*: prio 0 rate 8Kbit ceil 50Mbit "
	     "burst 303[0-9]b cburst 6250b'");
	must("tc class show dev d2 | grep -q '7066:1 parent 7066:fffe .* rate 8Kbit ceil 20Mbit burst 303[0-9]b cburst 303[0-9]b'");
	must("tc class show dev d2 | grep -q '7066:2 parent 7066:fffe .* rate 8Kbit ceil 8Kbit'");
	must("tc class show dev d2 | grep -q '7066:3 parent 7066:fffe .* rate 8Kbit ceil 100Gbit burst 303[0-9]b cburst 12500000b'");
	must("[ $(tc qdisc show dev d2 | grep -c 'bfifo\\|fq_codel') = 4 ]");
	want = one_device(&a, &k, half, 3, 50000000);
	plan(&k, &want);
	if (!k.codel)
		assert_string_equal(plan_text(&k), "d2: class 7066:1 set at 10.0 Mbit/s; ");
	mend(&k, &want, "changed");
	must("tc class show dev d2 | grep -q '7066:1 parent 7066:fffe .* rate 8Kbit ceil 10Mbit'");
	nothing_left(&k);
	must("tc qdisc show dev d2 | grep -q 'noqueue 0: root'");
	shaper_close(k.shaper);
}

static void vandals(void **state)
{
	static const char *const commands[] = {
		"tc qdisc del dev d2 root",
		"tc class del dev d2 classid 7066:1",
		"tc class change dev d2 parent 7066:fffe classid 7066:1 htb rate 1gbit ceil 2gbit burst 100k quantum 2000",
		"tc class change dev d2 parent 7066:fffe classid 7066:1 htb rate 8kbit ceil 20mbit overhead 30 quantum 60000",
		"tc class change dev d2 parent 7066:fffe classid 7066:1 htb rate 8kbit ceil 20mbit prio 5 quantum 60000",
		"tc class add dev d2 parent 7066:fffe classid 7066:77 htb rate 1mbit",
		"tc class add dev d2 parent 7066: classid 7066:77 htb rate 1mbit",
		"tc class add dev d2 parent 7066: classid 7066:77 htb rate 1mbit && "
		"tc class add dev d2 parent 7066:77 classid 7066:78 htb rate 1mbit",
		"tc class del dev d2 classid 7066:2 && tc class add dev d2 parent 7066: classid 7066:2 htb rate 1mbit",
		"tc class add dev d2 parent 7066:2 classid 7066:78 htb rate 1mbit",
		"tc qdisc replace dev d2 parent 7066:1 pfifo limit 3",
		"tc qdisc replace dev d2 parent 7066:1 bfifo limit 3000",
		"tc qdisc replace dev d2 parent 7066:1 handle 9: tbf rate 1mbit burst 10k latency 1s",
		"tc qdisc replace dev d2 parent 7066:1 handle 9: htb default 1 && tc class add dev d2 parent 9: classid 9:1 htb rate 1mbit",
		"tc qdisc del dev d2 parent 7066:1",
		"tc qdisc del dev d2 root; tc qdisc add dev d2 root handle 7066: htb default 5 direct_qlen 1000",
		"tc qdisc del dev d2 root; tc qdisc add dev d2 root handle 7066: htb default ffff direct_qlen 2",
		"tc qdisc del dev d2 root; tc qdisc add dev d2 root handle 7066: htb default ffff direct_qlen 1000",
		"tc qdisc del dev d2 root; ip link set d2 txqueuelen 0; tc qdisc add dev d2 root handle 7066: htb default ffff",
		"tc filter add dev d2 parent 7066: protocol ip prio 5 u32 match u32 0 0 flowid 7066:1",
		"tc filter add dev d2 parent 7066: protocol ipv6 prio 7 u32 match u32 0 0 flowid 7066:0 && "
		"tc filter add dev d2 parent 7066: protocol ip prio 8 u32 match ip sport 1 0xffff flowid 7066:1 && "
		"tc filter add dev d2 parent 7066: protocol ip prio 8 u32 match ip sport 2 0xffff flowid 7066:2",
		"tc filter add dev d2 parent 7066: chain 3 protocol all prio 5 u32 match u32 0 0 flowid 7066:2",
		"tc filter add dev d2 parent 7066:fffe protocol ip prio 5 u32 match u32 0 0 flowid 7066:1",
		"tc filter add dev d2 parent 7066:fffe protocol ip prio 5 u32 match u32 0 0 flowid 7066:1 && "
		"tc class add dev d2 parent 7066: classid 7066:77 htb rate 1mbit && "
		"tc filter add dev d2 parent 7066: protocol ip prio 5 u32 match u32 0 0 flowid 7066:77",
		"ip link set d2 down",
		"ip link set d2 up txqueuelen 1000",
	};
	cleanup_arena struct arena a = { 0 };
	const struct shape_limit l[] = { { 1, 20000000 }, { 2, 1000000000 } };
	struct shape_device_list want;
	struct kernel k;

	(void)state;
	open_kernel(&k, &a);
	want = one_device(&a, &k, l, 2, 0);
	mend(&k, &want, "made");
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		must(commands[i]);
		plan(&k, &want);
		if (k.plan.steps.n == 0 && strncmp(commands[i], "ip link", 7) != 0)
			fail_msg("%s: not seen", commands[i]);
		mend(&k, &want, commands[i]);
		if (!same_tree(&want.at[0], device(&k, 102)))
			fail_msg("%s: not mended", commands[i]);
		must("test -z \"$(tc filter show dev d2; tc filter show dev d2 parent 7066:fffe)\"");
	}
	/* a class that somebody's filter names cannot go before it */
	must("tc filter add dev d2 parent 7066: protocol ip prio 5 u32 match u32 0 0 flowid 7066:1");
	nothing_left(&k);
	shaper_close(k.shaper);
}

static void foreign(void **state)
{
	cleanup_arena struct arena a = { 0 };
	const struct shape_limit l = { 1, 20000000 };
	struct shape_device_list want;
	struct kernel k;
	uint64_t writes;

	(void)state;
	open_kernel(&k, &a);
	must("tc qdisc add dev d2 root handle 1: tbf rate 1mbit burst 10k latency 1s && tc qdisc add dev d3 root handle 7067: htb");
	want = one_device(&a, &k, &l, 1, 0);
	writes = shaper_writes(k.shaper);
	mend(&k, &want, "foreign");
	assert_int_equal(k.plan.refused.n, 1);
	assert_string_equal(k.plan.refused.at[0]->kind, "tbf");
	assert_int_equal(k.plan.refused.at[0]->handle, 0x10000);
	assert_string_equal(k.plan.refused.at[0]->name, "d2");
	assert_int_equal(shaper_writes(k.shaper), writes);
	must("tc qdisc show dev d2 | grep -q 'tbf 1: root'");
	must("tc qdisc show dev d3 | grep -q 'htb 7067: root'");
	/* configured after we looked: it stays */
	must("tc qdisc del dev d2 root");
	plan(&k, &want);
	must("tc qdisc add dev d2 root handle 1: tbf rate 1mbit burst 10k latency 1s");
	assert_int_equal(shape_execute(k.shaper, &a, k.plan.steps.at, k.plan.steps.n, &k.err), -1);
	assert_int_equal(k.err.kind, ERR_STALE);
	must("tc qdisc show dev d2 | grep -q 'tbf 1: root'");
	want.at[0].takeover = true;
	mend(&k, &want, "takeover");
	assert_int_equal(device(&k, 102)->root, SHAPE_ROOT_OURS);
	must("tc qdisc del dev d3 root");
	nothing_left(&k);
	shaper_close(k.shaper);
}

/* Each step in turn is one that the kernel refuses: what was there is there again. */
static void rolls_back(void **state)
{
	cleanup_arena struct arena a = { 0 };
	const struct shape_limit old[] = { { 1, 20000000 }, { 2, 1000000000 }, { 4, 5000000 } };
	const struct shape_limit new[] = { { 2, 2000000000 }, { 3, 1000000 }, { 4, 8000 } };
	struct shape_device_list was, want;
	struct kernel k;
	struct shape_class impossible = { .minor = 0x1234, .parent = 0x4321, .rate_bytes = 1000, .ceil_bytes = 1000 };

	(void)state;
	open_kernel(&k, &a);
	was = one_device(&a, &k, old, 3, 0);
	mend(&k, &was, "made");
	for (int removed = 0; removed < 2; removed++) {
		want = removed ? (struct shape_device_list){ 0 } : one_device(&a, &k, new, 3, 40000000);
		plan(&k, &want);
		assert_true(k.plan.before > 0 || removed);
		for (size_t at = 0, n = k.plan.steps.n; at < n; at++) {
			struct shape_step kept;

			plan(&k, &want);
			assert_int_equal(k.plan.steps.n, n);
			kept = k.plan.steps.at[at];
			k.plan.steps.at[at] = (struct shape_step){
				.kind = SHAPE_CLASS_SET, .device = kept.device, .to = &impossible
			};
			assert_int_equal(shape_execute(k.shaper, &a, k.plan.steps.at, n, &k.err), -1);
			assert_non_null(
				strstr(k.err.text, "d2: class 7066:1234 set at 8.00 kbit/s: the kernel refused"));
			assert_null(strstr(k.err.text, "undone"));
			look(&k);
			if (!same_tree(&was.at[0], device(&k, 102)))
				fail_msg("step %zu (%s): not back", at, shape_step_text(&a, &kept));
		}
	}
	nothing_left(&k);
	shaper_close(k.shaper);
}

/* The kernel's words, and a device that went away meanwhile. */
static void says_why(void **state)
{
	cleanup_arena struct arena a = { 0 };
	const struct shape_limit l = { 1, 20000000 };
	struct shape_device_list want;
	struct kernel k;
	struct shape_step s;
	struct shape_class c;

	(void)state;
	open_kernel(&k, &a);
	want = one_device(&a, &k, &l, 1, 0);
	mend(&k, &want, "made");
	c = *shape_class(&want.at[0], 1);
	c.minor = 9;
	c.rate_bytes = 0;
	s = (struct shape_step){ .kind = SHAPE_CLASS_ADD, .device = &want.at[0], .to = &c };
	assert_int_equal(shape_execute(k.shaper, &a, &s, 1, &k.err), -1);
	assert_string_equal(k.err.text, "d2: class 7066:9 added at 20.0 Mbit/s: the kernel refused: Invalid argument");
	assert_int_equal(k.err.kind, ERR_FAIL);
	s = (struct shape_step){
		.kind = SHAPE_CLASS_DEL, .device = &want.at[0], .from = shape_class(&want.at[0], SHAPE_INNER)
	};
	assert_int_equal(shape_execute(k.shaper, &a, &s, 1, &k.err), -1);
	assert_int_equal(k.err.errnum, EBUSY);
	want.at[0].ifindex = 999;
	s = (struct shape_step){ .kind = SHAPE_ROOT_ADD, .device = &want.at[0] };
	assert_int_equal(shape_execute(k.shaper, &a, &s, 1, &k.err), -1);
	assert_int_equal(k.err.kind, ERR_STALE);
	nothing_left(&k);
	shaper_close(k.shaper);
}

/* -- what waits in a class that goes -- */

#define PACKETS 400
#define BYTES 1000

/* Sends packets of priority 7066:1 out of d2; returns the socket that sees what comes out at its other end. */
static int fill_class(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(0xc0000202) };
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = 112 };
	int priority = SHAPE_OUT << 16 | 1, room = 8 << 20, out, in;
	static const char bytes[BYTES];

	must("ip address add 192.0.2.1/24 dev d2 && ip neighbour add 192.0.2.2 lladdr 02:00:00:00:00:02 dev d2 nud permanent");
	in = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	out = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(in >= 0 && out >= 0);
	setsockopt(in, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	setsockopt(out, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
	assert_int_equal(bind(in, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(setsockopt(out, SOL_SOCKET, SO_PRIORITY, &priority, sizeof priority), 0);
	for (int i = 0; i < PACKETS; i++)
		assert_int_equal(sendto(out, bytes, sizeof bytes, 0, (struct sockaddr *)&to, sizeof to), BYTES);
	close(out);
	return in;
}

static int arrived(int in)
{
	char frame[2048];
	int n = 0;
	ssize_t got;

	while ((got = recv(in, frame, sizeof frame, 0)) >= 0)
		n += got == 14 + 20 + 8 + BYTES;
	return n;
}

static void lets_go(void **state)
{
	cleanup_arena struct arena a = { 0 };
	const struct shape_limit l[] = { { 1, 1000000 }, { 2, 1000000 } };
	struct shape_device_list want;
	struct kernel k;
	int in, n;

	(void)state;
	open_kernel(&k, &a);
	want = one_device(&a, &k, l, 2, 0);
	/* room for all of it */
	for (size_t i = 0; i < want.at[0].classes.n; i++)
		if (want.at[0].classes.at[i].leaf.kind == SHAPE_LEAF_FIFO)
			want.at[0].classes.at[i].leaf.limit = 1 << 20;
	mend(&k, &want, "made");
	in = fill_class();
	n = arrived(in);
	look(&k);
	assert_true(n < PACKETS / 2);
	assert_true(shape_class(device(&k, 102), 1)->backlog_bytes > PACKETS / 2 * BYTES);
	want = one_device(&a, &k, &l[1], 1, 0);
	mend(&k, &want, "class removed");
	/* CoDel may take some away, since they have waited */
	assert_in_range(n + arrived(in), k.codel ? PACKETS * 9 / 10 : PACKETS, PACKETS);
	close(in);
	must("ip address del 192.0.2.1/24 dev d2");
	nothing_left(&k);
	shaper_close(k.shaper);
}

/* What was logged meanwhile about quanta and rates. */
static long log_lines(int log)
{
	long n = 0;
	char line[8192];
	ssize_t got;

	while ((got = read(log, line, sizeof line - 1)) > 0) {
		line[got] = '\0';
		n += strstr(line, "HTB") || strstr(line, "htb") || strstr(line, "quantum");
	}
	return n;
}

static void grumbles(struct kernel *k, int log)
{
	const struct shape_limit l = { 1, 100000000000 };
	struct shape_device_list want = one_device(k->arena, k, &l, 1, 0), none = { 0 };

	for (size_t i = 0; i < want.at[0].classes.n; i++)
		want.at[0].classes.at[i].quantum_bytes = 0;
	plan(k, &want);
	if (shape_execute(k->shaper, k->arena, k->plan.steps.at, k->plan.steps.n, &k->err) < 0)
		fail_msg("%s", k->err.text);
	if (log >= 0)
		assert_true(shaper_warnings(k->shaper) > 0 || log_lines(log) > 0);
	mend(k, &none, "removed");
}

#define MANY 1000

static void thousand(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct shape_limit *l = arena_array(&a, MANY, sizeof *l);
	uint64_t seed = 0x9216d5d98979fb1bU;
	struct shape_device_list want, none = { 0 };
	struct kernel k;
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	double t[6];

	(void)state;
	if (log >= 0)
		lseek(log, 0, SEEK_END);
	for (uint32_t i = 0; i < MANY; i++)
		l[i] = (struct shape_limit){ i + 1, i == 0 ? 8000 : i == 1 ? 100000000000 : random_bps(&seed) };
	open_kernel(&k, &a);
	want = one_device(&a, &k, l, MANY, 0);
	t[0] = now_ms();
	mend(&k, &want, "made");
	t[1] = now_ms();
	assert_int_equal(device(&k, 102)->classes.n, MANY + 1);
	t[2] = now_ms();
	look(&k);
	t[3] = now_ms();
	for (uint32_t i = 0; i < MANY; i++)
		l[i].bps = random_bps(&seed);
	want = one_device(&a, &k, l, MANY, 0);
	mend(&k, &want, "changed");
	t[4] = now_ms();
	mend(&k, &none, "removed");
	t[5] = now_ms();
	print_message(
		"# %d classes: made in %.0f ms, read in %.1f, changed in %.0f, removed in %.0f (each read twice)\n",
		MANY, t[1] - t[0], t[3] - t[2], t[4] - t[3], t[5] - t[4]);
	assert_int_equal(shaper_warnings(k.shaper), 0);
	if (log >= 0)
		assert_int_equal(log_lines(log), 0);
	/* it grumbles where the quantum is its own: the test can fail */
	grumbles(&k, log);
	if (log >= 0)
		close(log);
	shaper_close(k.shaper);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shown),
		cmocka_unit_test(from_each_other),
		cmocka_unit_test(vandals),
		cmocka_unit_test(foreign),
		cmocka_unit_test(rolls_back),
		cmocka_unit_test(says_why),
		cmocka_unit_test(lets_go),
		cmocka_unit_test(thousand),
	};

	if (unshare(CLONE_NEWNET) < 0 || !shell("command -v tc")) {
		printf("1..0 # SKIP a network namespace of its own and tc are needed\n");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, NULL);
}
