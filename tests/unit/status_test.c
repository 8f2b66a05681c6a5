/* status as people and programs see it, against golden files; the rest; empty states; what the terminal's width does.
 * One made-up machine, so that a change of wording or layout shows as a difference of text.
 * make check-unit runs it. */
#include "view/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "golden.h"
#include "util/utf8.h"

#define NOW 1795572133 /* 2026-11-25 10:02:13 +08:00 */
#define ZONE "Asia/Shanghai"

static struct figures moved(uint64_t in, uint64_t out)
{
	return (struct figures){ .bytes = { in, out },
		.packets = { in / 1000, out / 1000 },
		.raw_bytes = { in - in / 30, out - out / 20 },
		.raw_packets = { in / 20000, out / 20000 } };
}

static struct status_row row(enum entry_kind kind, const char *name, uint64_t in, uint64_t out)
{
	return (struct status_row){ .kind = kind,
		.name = name,
		.counted = true,
		.since = NOW - 86400 * 30,
		.figures = { moved(in, out), moved(in / 1000, out / 1000), moved(in / 100, out / 100) },
		.billing = BILLING_BOTH,
		.cycle = { 1793462400, 1796054400 },
		.cycle_zone = ZONE,
		.cycle_bytes = in / 2 + out / 2,
		.has_rate = true,
		.rate_bps = { in / 10000, out / 10000 } };
}

static void add(struct status *s, struct arena *a, struct status_row r, const char *remark, uint16_t lo, uint16_t hi)
{
	struct entry *e = arena_new(a, struct entry);

	*e = (struct entry){ .kind = r.kind, .name = r.name, .remark = remark };
	if (lo) {
		*vec_push(a, &e->ports) = (struct port_range){ lo, lo };
		*vec_push(a, &e->ports) = (struct port_range){ (uint16_t)(lo + 1000), hi };
		e->protocols = PROTO_TCP | PROTO_UDP;
	}
	if (r.kind == ENTRY_ADDRESS)
		*vec_push(a, &e->addresses) = (struct prefix){ 6, 64, { 0x20, 0x01, 0x0d, 0xb8 } };
	r.entry = e;
	*vec_push(a, &s->rows) = r;
}

static struct status machine(struct arena *a)
{
	struct status s = {
		.node = "hk1", .zone = ZONE, .now = NOW, .created = NOW - 86400 * 30, .sampled = NOW - 133
	};
	struct status_row never = row(ENTRY_PORT, "hk-alice", 0, 999);

	*vec_push(a, &s.interfaces) = "eth0";
	*vec_push(a, &s.interfaces) = "eth1";
	add(&s, a, row(ENTRY_PORT, "web", 1500000000, 62000000000),
		"\xe7\xbd\x91\xe7\xab\x99, the shop and all that belongs to it", 80, 9000);
	never.cycle = (struct cycle_span){ CALENDAR_MIN, CALENDAR_MAX };
	never.has_rate = false;
	never.billing = BILLING_OUT;
	never.older = moved(5000, 0);
	add(&s, a, never, "\xe5\xb0\x8f\xe8\x89\xbe \xf0\x9f\x98\x80", 20101, 22000);
	s.forwarded = row(ENTRY_FORWARDED, "forwarded", 123456, 654321);
	s.total = row(ENTRY_TOTAL, "total", 2000000000, 64000000000);
	return s;
}

struct shown {
	struct arena a;
	struct str text;
};

static void free_shown(struct shown *s)
{
	str_free(&s->text);
	arena_free(&s->a);
}
#define SHOWN __attribute__((cleanup(free_shown))) struct shown x = { { 0 }, STR_CEILING(1 << 20) }

static void tables(void **state)
{
	static const struct {
		const char *file;
		size_t width;
		bool verbose;
		enum unit_style style;
	} cases[] = {
		{ "status-200.txt", 200, false, UNITS_SI },
		{ "status-80.txt", 80, false, UNITS_SI },
		{ "status-40.txt", 40, false, UNITS_SI },
		{ "status-verbose.txt", 0, true, UNITS_IEC },
		{ "status-exact.txt", 0, false, UNITS_EXACT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		SHOWN;
		struct status s = machine(&x.a);
		const struct status_look look = {
			.width = cases[i].width, .verbose = cases[i].verbose, .style = cases[i].style
		};

		status_text(&s, &look, &x.a, &x.text);
		golden(cases[i].file, x.text.p);
	}
}

static void both_kinds_with_notes(void **state)
{
	SHOWN;
	struct status s = machine(&x.a);
	const struct status_look look = { .width = 120 };
	struct status_row fresh = { .kind = ENTRY_PORT, .name = "fresh" };

	(void)state;
	add(&s, &x.a, fresh, "", 0, 0);
	add(&s, &x.a, row(ENTRY_ADDRESS, "v6", 1000000000, 5000), "", 0, 0);
	*vec_push(&x.a, &s.notes) = (struct status_note){ NOW - 3600 * 20,
		"table was gone, rebuilt 10:00, up to 58 min uncounted" };
	status_text(&s, &look, &x.a, &x.text);
	golden("status-notes.txt", x.text.p);
}

static void one_entry(void **state)
{
	static const char *const names[] = { "web", "hk-alice" };
	SHOWN;
	struct status s = machine(&x.a);
	const struct status_look look = { .width = 100, .names = names, .n_names = 2 };

	(void)state;
	status_text(&s, &look, &x.a, &x.text);
	golden("status-names.txt", x.text.p);
}

static void sources(void **state)
{
	static const struct {
		enum status_source source;
		int64_t sampled;
		const char *want;
	} cases[] = {
		{ STATUS_LIVE, NOW, NULL },
		{ STATUS_NO_RIGHT, NOW - 133, "As of 10:00, the last sample" },
		{ STATUS_NO_RIGHT, NOW - 86400, "As of 2026-11-24 10:02, the last sample" },
		{ STATUS_NO_RIGHT, 0, "Nothing is sampled yet" },
		{ STATUS_NO_TABLE, NOW - 133, "As of 10:00, the last sample. Nothing is counted now" },
		{ STATUS_NO_TABLE, 0,
			"Nothing is counted: our table is not in the kernel. Count with: portflow apply" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		SHOWN;
		struct status s = machine(&x.a);
		const struct status_look look = { .width = 0 };

		s.source = cases[i].source;
		s.sampled = cases[i].sampled;
		status_text(&s, &look, &x.a, &x.text);
		if (cases[i].want && !strstr(x.text.p, cases[i].want))
			fail_msg("case %zu: no \"%s\" in\n%s", i, cases[i].want, x.text.p);
		if (!cases[i].want && (strstr(x.text.p, "As of") || strstr(x.text.p, "Nothing")))
			fail_msg("case %zu: a warning in\n%s", i, x.text.p);
	}
}

static void empty(void **state)
{
	SHOWN;
	struct status s = machine(&x.a);
	const struct status_look look = { .width = 80 };

	(void)state;
	for (size_t i = 0; i < s.rows.n; i++)
		memset(s.rows.at[i].figures, 0, sizeof s.rows.at[i].figures);
	status_text(&s, &look, &x.a, &x.text);
	assert_non_null(strstr(x.text.p,
		"No traffic of an entry yet. Counting since 2026-10-26 10:02. Test with: curl http://hk1:80\n"));
	s.rows.n = 0;
	x.text.len = 0;
	status_text(&s, &look, &x.a, &x.text);
	assert_non_null(strstr(x.text.p, "No entries yet: add a section such as [port web]"));
}

static void rest(void **state)
{
	SHOWN;
	struct status s = machine(&x.a);
	struct figures ports, addresses;

	(void)state;
	add(&s, &x.a, row(ENTRY_ADDRESS, "v6", 3000000000, 5000), "", 0, 0);
	add(&s, &x.a, row(ENTRY_INTERFACE, "vps", 2000000000, 64000000000), "", 0, 0);
	ports = status_rest(&s, ENTRY_PORT, STATUS_EVER);
	assert_int_equal(ports.bytes[DIR_IN], 2000000000 - 1500000000 - 123456);
	assert_int_equal(ports.bytes[DIR_OUT], 64000000000 - 62000000000 - 999 - 654321);
	addresses = status_rest(&s, ENTRY_ADDRESS, STATUS_EVER);
	assert_int_equal(addresses.bytes[DIR_IN], 0);
	assert_int_equal(addresses.bytes[DIR_OUT], 64000000000 - 5000 - 654321);
	assert_int_equal(addresses.packets[DIR_OUT], 64000000 - 5 - 654);
	assert_int_equal(addresses.raw_bytes[DIR_OUT], 60800000000 - 4750 - 621605);
}

static void widths(void **state)
{
	(void)state;
	for (size_t width = 40; width <= 200; width++) {
		SHOWN;
		struct status s = machine(&x.a);
		const struct status_look look = { .width = width };
		const char *table;

		status_text(&s, &look, &x.a, &x.text);
		table = strstr(x.text.p, "\n\n");
		assert_non_null(table);
		for (const char *line = table + 2, *end; (end = strchr(line, '\n')); line = end + 1)
			if (utf8_width(line, (size_t)(end - line)) > width)
				fail_msg("width %zu: %.*s", width, (int)(end - line), line);
	}
}

static void json(void **state)
{
	static const char *const names[] = { "hk-alice" };
	SHOWN;
	struct status s = machine(&x.a);
	struct status_look look = { .width = 0 };

	(void)state;
	add(&s, &x.a, row(ENTRY_ADDRESS, "v6", 1000000000, 5000), "=\"\\", 0, 0);
	status_json(&s, &look, &x.text);
	golden("status.json", x.text.p);
	x.text.len = 0;
	s.source = STATUS_NO_RIGHT;
	s.sampled = 0;
	look.names = names;
	look.n_names = 1;
	status_json(&s, &look, &x.text);
	golden("status-name.json", x.text.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables),
		cmocka_unit_test(both_kinds_with_notes),
		cmocka_unit_test(one_entry),
		cmocka_unit_test(sources),
		cmocka_unit_test(empty),
		cmocka_unit_test(rest),
		cmocka_unit_test(widths),
		cmocka_unit_test(json),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
