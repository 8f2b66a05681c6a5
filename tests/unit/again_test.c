/* What is charged again: floods of one kind of packet through wanted rules, against what they are on the wire and what the queue behind takes.
 * That it is charged to the right objects is tested with all other rules, by enforce_packets_test.c.
 * make check-unit runs it. */
#include "packet_help.h"

#include <inttypes.h>

#include "model/desired_enforce.h"
#include "model/wire.h"

#define NOW ((int64_t)1795600000) /* 2026-11-25 */

static bool none_over(const char *object)
{
	(void)object;
	return false;
}

/* Aggregates as they come: alike, by turns of a large one and small ones, of any size, or mostly of few segments. */
static uint32_t aggregate(unsigned int kind, uint32_t n, uint32_t mss, uint32_t header, uint64_t *seed)
{
	const uint32_t most = (60000 - header) / mss;

	switch (kind) {
	case 0:
		return most * mss + header;
	case 1:
		return (n % 2 ? most : most / 2) * mss + header;
	case 2:
		return (n % 4 ? 2 : most) * mss + header;
	case 3:
		return (uint32_t)(2 + next_random(seed) % (most - 1)) * mss + header;
	case 4:
		return 2 * mss + header;
	case 5:
		return 5 * mss + header;
	default:
		return (uint32_t)(2 + next_random(seed) % 4) * mss + header;
	}
}

/* What a quota is charged for 50 MB of aggregates is what they are on the wire. */
static void joined_packets(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (unsigned int i = 0; i < 48 * 7; i++) {
		cleanup_arena struct arena a = { 0 };
		const uint32_t mtu = (const uint32_t[]){ 1280, 1500, 9000 }[i % 3];
		const struct config *c = config_of(
			&a, "[port web]\nports = 443\nquota = 1GB\nquota_action = block\nbilling = both\n");
		struct watch w = watch_of(&a, arena_printf(&a, i & 1 ? "eth0:%u" : "eth0:%u eth1:1400", mtu));
		struct policy policies[2] = { { .state.cycle_end = NOW + 1 } };
		struct enforcement e = { .policies = policies, .now_ms = NOW * 1000 };
		struct packet p = { .dir = i & 2 ? DIR_IN : DIR_OUT,
			.device = "eth0",
			.family = i & 4 ? 4 : 6,
			.protocol = i & 8 ? IPPROTO_TCP : IPPROTO_UDP,
			.port = 443,
			.type = RTN_LOCAL,
			.timestamps = i & 16 };
		const uint32_t header = (p.family == 4 ? 40U : 60U) + (p.timestamps ? 12U : 0);
		uint64_t charged = 0, raw = 0, wire, segments, extra;
		uint64_t packets = 0;
		struct turns turns = { 0 };
		struct desired d;

		desired_build(&a, c, &w, &e, &d);
		for (; raw < 50000000; packets++) {
			struct run x = { .arena = &a, .r = &d.ruleset, .p = &p, .turns = &turns, .over = none_over };

			p.length = aggregate(i / 48, (uint32_t)packets, mtu - header, header, &seed);
			raw += p.length;
			run_packet(&x);
			for (size_t k = 0; k < x.hits.n; k++)
				charged += strcmp(x.hits.at[k], "q_web") == 0 ? p.length : 0;
		}
		wire = raw;
		if (p.protocol == IPPROTO_TCP) {
			wire_extra(packets, raw, mtu, p.family == 6, p.timestamps, &segments, &extra);
			wire += extra;
		}
		if (charged * 10000 < wire * 9985 || charged * 10000 > wire * 10030 ||
			(p.protocol != IPPROTO_TCP && charged != wire))
			fail_msg("case %u: charged %" PRIu64 ", on the wire %" PRIu64, i, charged, wire);
	}
}

/* A bucket that is filled by a third of what comes, and is full at first. */
static uint32_t length;
static uint64_t room;
static unsigned int asked, refused;

static bool bucket(const char *object)
{
	if (strcmp(object, "g_web.out") != 0)
		return false;
	asked++;
	if (room < length) {
		refused++;
		return true;
	}
	room -= length;
	return false;
}

/* A flood of short packets that a guard lets pass is what the queue behind it takes, which counts 14 bytes a packet more. */
static void short_packets(void **state)
{
	cleanup_arena struct arena a = { 0 };
	const struct config *c = config_of(&a, "[port web]\nports = 443\nlimit_out = 8mbit\n");
	struct watch w = watch_of(&a, "eth0:1500");
	struct policy policies[2] = { 0 };
	struct limit_way ways[2] = { [1] = { .shaped = true, .classed = true, .why = LIMIT_SHAPED } };
	uint32_t minors[] = { 7 };
	struct enforcement e = { .policies = policies, .ways = ways, .minors = minors, .now_ms = NOW * 1000 };
	struct desired d;

	(void)state;
	desired_build(&a, c, &w, &e, &d);
	for (length = 28; length <= 1500; length += length < 420 ? 1 : 49) {
		const uint64_t offered = 3000;
		uint64_t passed = 0, queue;
		uint32_t turn = 0;

		room = length;
		for (uint64_t n = 0; n < offered; n++) {
			struct packet p = { .dir = DIR_OUT,
				.device = "eth0",
				.family = 4,
				.protocol = IPPROTO_UDP,
				.port = 443,
				.length = length,
				.type = RTN_LOCAL };
			struct run x = { .arena = &a, .r = &d.ruleset, .p = &p, .turn = turn, .over = bucket };

			asked = refused = 0;
			room += n % 3 ? 0 : length;
			run_packet(&x);
			passed += !x.dropped;
			turn += asked > 1 || !refused; /* it came as far as that */
		}
		queue = offered / 3 * length / (length + 14);
		if (passed * 1000 < queue * (length < 36 ? 940 : 955) ||
			passed * 1000 > queue * (length < 36 ? 1065 : 1048))
			fail_msg("%u bytes: %" PRIu64 " pass, the queue takes %" PRIu64, length, passed, queue);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joined_packets),
		cmocka_unit_test(short_packets),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
