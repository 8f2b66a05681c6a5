/* From aggregates to the wire: trains of known segments come out exact, odd figures never below nothing.
 * Cases by table, then random trains whose segments are counted one by one.
 * make check-unit runs it. */
#include "model/wire.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A train is one header and `segments` payloads of mss bytes. */
static void trains(void **state)
{
	static const struct {
		const char *name;
		uint32_t mtu;
		bool ipv6;
		double timestamps;
		uint64_t packets, bytes, want_packets, want_bytes;
	} cases[] = {
		{ "nothing", 1500, false, 1, 0, 0, 0, 0 },
		{ "v4 with timestamps, 44 segments", 1500, false, 1, 1, 52 + 44 * 1448, 43, 43 * 52 },
		{ "v4 without, 44 segments", 1500, false, 0, 1, 40 + 44 * 1460, 43, 43 * 40 },
		{ "v6 with timestamps, 44 segments", 1500, true, 1, 1, 72 + 44 * 1428, 43, 43 * 72 },
		{ "v6 without, 44 segments", 1500, true, 0, 1, 60 + 44 * 1440, 43, 43 * 60 },
		{ "two segments", 1500, false, 1, 1, 52 + 2 * 1448, 1, 52 },
		{ "a thousand trains", 1500, false, 1, 1000, 1000 * (52 + 20 * 1448), 19000, 19000 * 52 },
		{ "jumbo frames", 9000, false, 1, 10, 10 * (52 + 7 * 8948), 60, 60 * 52 },
		{ "the smallest MTU of IPv6", 1280, true, 1, 1, 72 + 10 * 1208, 9, 9 * 72 },
		/* 46 bytes of header each on the average: 1,454 of payload. */
		{ "half of them with timestamps", 1500, false, 0.5, 2, 2 * (46 + 10 * 1454), 18, 18 * 46 },
		/* An estimate: 1,501 bytes are 1.0007 segments. */
		{ "hardly longer than the MTU", 1500, false, 1, 1, 1501, 0, 0 },
		{ "ten thousand such", 1500, false, 1, 10000, 15010000, 7, 359 },
		{ "smaller than their own headers", 1500, false, 1, 10, 100, 0, 0 },
		{ "bytes alone", 1500, false, 1, 0, 1448, 1, 52 },
		{ "an MTU with no room for payload", 52, false, 1, 1, 60000, 0, 0 },
		{ "no MTU", 0, true, 1, 1, 60000, 0, 0 },
		{ "a year at 100 gbit", 1500, false, 1, UINT64_C(6000000000000),
			UINT64_C(6000000000000) * (52 + 44 * 1448), UINT64_C(258000000000000),
			UINT64_C(258000000000000) * 52 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t packets = 77, bytes = 77;

		wire_extra(cases[i].packets, cases[i].bytes, cases[i].mtu, cases[i].ipv6, cases[i].timestamps, &packets,
			&bytes);
		if (packets != cases[i].want_packets || bytes != cases[i].want_bytes)
			fail_msg("%s: %" PRIu64 " packets, %" PRIu64 " bytes", cases[i].name, packets, bytes);
	}
}

static uint64_t next_random(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	return *s ^= *s << 17;
}

/* Trains whose last segment may be short: the sum is right within that last segment of each. */
static void random_trains(void **state)
{
	uint64_t seed = 0x9e3779b97f4a7c15U;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		bool v6 = next_random(&seed) & 1;
		uint32_t mtu = (uint32_t)(1280 + next_random(&seed) % 8000);
		uint64_t header = v6 ? 72 : 52, mss = mtu - header, n = 1 + next_random(&seed) % 100;
		uint64_t bytes = 0, segments = 0, got_packets, got_bytes, exact;

		for (uint64_t i = 0; i < n; i++) {
			uint64_t full = 1 + next_random(&seed) % 40, rest = 1 + next_random(&seed) % mss;

			bytes += header + full * mss + rest;
			segments += full + 1;
		}
		wire_extra(n, bytes, mtu, v6, 1, &got_packets, &got_bytes);
		exact = segments - n;
		if (got_packets > exact || got_packets + n < exact)
			fail_msg("%" PRIu64 " trains, MTU %u: %" PRIu64 " segments more, not %" PRIu64, n, mtu,
				got_packets, exact);
		if (got_bytes > exact * header || got_bytes + n * header < exact * header)
			fail_msg("%" PRIu64 " trains, MTU %u: %" PRIu64 " bytes more", n, mtu, got_bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trains),
		cmocka_unit_test(random_trains),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
