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

	*e = (struct entry){ .kind = r.kind, .name = r.name, .remark = remark, .cycle.timezone = ZONE };
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

static struct entry *quota_section(struct arena *a, const char *name, enum quota_action action, bool binary)
{
	struct entry *e = arena_new(a, struct entry);

	*e = (struct entry){ .kind = ENTRY_QUOTA,
		.name = name,
		.remark = "",
		.quota = { true, binary, 100000000000 },
		.quota_action = { action, 1000000 },
		.cycle.timezone = ZONE };
	return e;
}

static void quota(
	struct status *s, struct arena *a, size_t row, const struct entry *e, uint64_t used, enum quota_state state)
{
	*vec_push(a, &s->rows.at[row].quotas) = s->quotas.n;
	*vec_push(a, &s->quotas) = (struct status_quota){ .subject = e,
		.cycle = s->rows.at[row].cycle,
		.used = used,
		.limit = 110000000000,
		.permille = (uint32_t)(used / 110000000),
		.state = state,
		.has_forecast = s->rows.at[row].cycle.end < CALENDAR_MAX,
		.forecast = used + 20000000000 };
}

static void hold(struct status *s, size_t row, const struct entry *by, enum direction d, enum standing_why why,
	uint64_t bps, int64_t until)
{
	s->rows.at[row].standing.of[d] = (struct standing_rate){ by, bps, until, why };
	s->rows.at[row].method[d] = bps ? "police" : NULL;
}

/* The tests made it, so they may change it. */
static struct entry *entry_of(struct status *s, size_t row)
{
	return (struct entry *)(uintptr_t)s->rows.at[row].entry;
}

static void own_quota(struct status *s, struct arena *a, size_t row, enum quota_action action, bool binary,
	uint64_t used, enum quota_state state)
{
	struct entry *e = entry_of(s, row);

	e->quota = (struct quota_size){ true, binary, 100000000000 };
	e->quota_action = (struct quota_act){ action, 1000000 };
	quota(s, a, row, e, used, state);
}

/* One row of each kind of limit and quota. */
static struct status limited(struct arena *a)
{
	struct status s = machine(a);
	const struct entry *plan = quota_section(a, "plan", ACTION_BLOCK, false);

	entry_of(&s, 1)->limit[DIR_OUT] = (struct rate){ true, 20000000 };

	for (int i = 0; i < 3; i++)
		add(&s, a, row(ENTRY_PORT, i ? i == 1 ? "burst" : "old" : "slow", 1000, 2000), "", 500, 1600);
	own_quota(&s, a, 0, ACTION_ALERT, true, 96000000000, QUOTA_WARNED);
	own_quota(&s, a, 1, ACTION_ALERT, false, 180000000000, QUOTA_WARNED);
	own_quota(&s, a, 2, ACTION_THROTTLE, false, 110000000000, QUOTA_THROTTLED);
	own_quota(&s, a, 3, ACTION_THROTTLE, false, 1000, QUOTA_OK);
	quota(&s, a, 0, plan, 110000000000, QUOTA_BLOCKED);
	hold(&s, 0, plan, DIR_IN, STANDING_QUOTA, 0, s.rows.at[0].cycle.end);
	hold(&s, 0, plan, DIR_OUT, STANDING_QUOTA, 0, s.rows.at[0].cycle.end);
	hold(&s, 1, s.rows.at[1].entry, DIR_OUT, STANDING_CONFIGURED, 20000000, CALENDAR_MAX);
	hold(&s, 2, s.quotas.at[2].subject, DIR_IN, STANDING_QUOTA, 1000000, s.rows.at[2].cycle.end);
	hold(&s, 2, s.quotas.at[2].subject, DIR_OUT, STANDING_QUOTA, 1000000, s.rows.at[2].cycle.end);
	hold(&s, 3, s.rows.at[3].entry, DIR_IN, STANDING_CONFIGURED, 2000000, CALENDAR_MAX);
	hold(&s, 3, s.rows.at[3].entry, DIR_OUT, STANDING_BURST, 5000000, NOW + 290);
	hold(&s, 4, s.rows.at[4].entry, DIR_IN, STANDING_EXPIRED, 0, CALENDAR_MAX);
	hold(&s, 4, s.rows.at[4].entry, DIR_OUT, STANDING_EXPIRED, 0, CALENDAR_MAX);
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

static void limits_and_quotas(void **state)
{
	static const struct {
		const char *file;
		size_t width;
		bool utf8;
		enum unit_style style;
	} cases[] = {
		{ "status-quotas-120.txt", 120, true, UNITS_SI },
		{ "status-quotas-80.txt", 80, false, UNITS_SI },
		{ "status-quotas-40.txt", 40, false, UNITS_SI },
		{ "status-quotas-exact.txt", 0, false, UNITS_EXACT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		SHOWN;
		struct status s = limited(&x.a);
		const struct status_look look = {
			.width = cases[i].width, .utf8 = cases[i].utf8, .style = cases[i].style
		};

		status_text(&s, &look, &x.a, &x.text);
		golden(cases[i].file, x.text.p);
	}
}

/* What is left of a hold. */
static void minutes(void **state)
{
	static const struct {
		int64_t s;
		const char *text;
	} cases[] = { { -5, "1 min" }, { 1, "1 min" }, { 60, "1 min" }, { 61, "2 min" }, { 5399, "90 min" },
		{ 5400, "2 h" }, { 86400, "24 h" }, { 3 * 86400, "3 d" } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		SHOWN;
		struct status s = limited(&x.a);
		const struct status_look look = { .width = 0 };

		s.rows.at[3].standing.of[DIR_OUT].until = NOW + cases[i].s;
		status_text(&s, &look, &x.a, &x.text);
		if (!strstr(x.text.p, arena_printf(&x.a, "  limited, %s left", cases[i].text)))
			fail_msg("%d s: %s", (int)cases[i].s, x.text.p);
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
	s.trial_says = "the configuration is on trial until 10:01:00, and then rolled back";
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

/* Everything that shapes an entry, and a [quota] itself. */
static void held_entries(void **state)
{
	static const char *const names[] = { "web", "slow", "burst", "old", "plan" };
	static const struct open_port open[] = { { PROTO_TCP, 1550 }, { PROTO_UDP, 500 }, { PROTO_TCP, 22 } };
	SHOWN;
	struct status s = limited(&x.a);
	struct status_look look = { .width = 60, .names = names, .n_names = 5, .program = "portflow -c x.ini" };
	struct status_row *web = &s.rows.at[0], *burst = &s.rows.at[3], all;
	struct entry *e;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		*vec_push(&x.a, &s.open) = (struct open_reason){ open[i], i == 2 ? "sshd, ssh.socket" : "configured" };
	*vec_push(&x.a, &s.quotas.at[4].changes) = (struct status_note){ NOW - 3600,
		"alice: 10.0 GB added to the quota of this cycle, which is 110 GB now" };
	*vec_push(&x.a, &s.quotas.at[4].changes) = (struct status_note){ NOW - 60, "root: what is used" };
	s.quotas.at[4].open_with = "portflow -c x.ini quota add plan 11GB";
	for (size_t i = 0; i < 2; i++)
		*vec_push(&x.a, (struct name_list *)&((struct entry *)(uintptr_t)s.quotas.at[4].subject)->members) = i
			? "hk-alice"
			: "web";
	e = entry_of(&s, 3);
	e->limit[DIR_IN] = (struct rate){ true, 2000000 };
	e->limit[DIR_OUT] = (struct rate){ true, 7000000 };
	e->burst = (struct burst){ { true, 50000000 }, { true, 5000000 }, 1800, 600 };
	e->expires = (struct expiry){ .present = true, .date = { 2026, 11, 27 } };
	burst->way[DIR_IN].method = "police";
	burst->way[DIR_IN].why = "what comes in is policed";
	burst->way[DIR_OUT].method = "shape";
	e = entry_of(&s, 4);
	e->expires = (struct expiry){ .present = true, .timed = true, .date = { 2026, 11, 1 }, .hour = 12 };
	all = row(ENTRY_INTERFACE, "vps", 1, 2);
	add(&s, &x.a, all, "", 0, 0);
	hold(&s, 5, web->standing.of[DIR_IN].by, DIR_IN, STANDING_QUOTA, 0, web->cycle.end);
	hold(&s, 5, web->standing.of[DIR_IN].by, DIR_OUT, STANDING_QUOTA, 0, web->cycle.end);
	status_text(&s, &look, &x.a, &x.text);
	golden("status-held.txt", x.text.p);
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

/* What the kernel has beside what the file wants. */
static void kernels(void **state)
{
	static const struct {
		bool edited, known, differs;
		uint64_t pending;
		const char *unknown, *want, *json;
	} cases[] = {
		{ false, true, false, 0, NULL, NULL, "\"applied\":true,\"kernel\":{\"differs\":false,\"pending\":0}" },
		{ false, true, true, 1, NULL,
			"The kernel differs from the configuration: 1 change pending (portflow plan shows them, portflow apply makes "
			"them)\n",
			"\"applied\":true,\"kernel\":{\"differs\":true,\"pending\":1}" },
		{ false, true, true, 7, NULL, "configuration: 7 changes pending (", "\"pending\":7}" },
		{ true, true, true, 7, NULL,
			"x.ini was changed since it was applied: 7 changes pending (portflow plan shows them, portflow apply makes "
			"them)\n",
			"\"applied\":false,\"kernel\":{\"differs\":true,\"pending\":7}" },
		{ true, true, false, 0, NULL,
			"x.ini was changed since it was applied. Take it up with: portflow apply\n",
			"\"applied\":false,\"kernel\":{\"differs\":false,\"pending\":0}" },
		{ false, false, false, 0, NULL, NULL,
			"\"applied\":true,\"kernel\":{\"differs\":null,\"pending\":null}" },
		{ false, false, true, 0, NULL, "The kernel differs from the configuration, at least in its queues",
			"\"kernel\":{\"differs\":true,\"pending\":null}" },
		{ false, false, false, 0, "no answer", "limits and blocks is not known: no answer\n",
			"\"kernel\":{\"differs\":null,\"pending\":null}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		SHOWN;
		struct status s = machine(&x.a);
		const struct status_look look = { .width = 0 };

		s.kernel.looked = true;
		s.kernel.edited = cases[i].edited;
		s.kernel.known = cases[i].known;
		s.kernel.differs = cases[i].differs;
		s.kernel.pending = cases[i].pending;
		s.kernel.unknown = cases[i].unknown;
		s.kernel.file = "x.ini";
		status_text(&s, &look, &x.a, &x.text);
		if (cases[i].want && !strstr(x.text.p, cases[i].want))
			fail_msg("case %zu: no \"%s\" in\n%s", i, cases[i].want, x.text.p);
		if (!cases[i].want != !strstr(x.text.p, "The kernel differs") && !cases[i].edited && !cases[i].unknown)
			fail_msg("case %zu: %s", i, x.text.p);
		x.text.len = 0;
		status_json(&s, &look, &x.text);
		if (!strstr(x.text.p, cases[i].json))
			fail_msg("case %zu: no %s in\n%s", i, cases[i].json, x.text.p);
	}
}

/* Of one entry: what of its limit is there, and what holds one direction alone. */
static void kept(void **state)
{
	static const char *const names[] = { "web" };
	SHOWN;
	struct status s = machine(&x.a);
	const struct status_look look = { .width = 0, .names = names, .n_names = 1 };
	struct status_row *web = &s.rows.at[0];
	struct entry *e = entry_of(&s, 0);

	(void)state;
	e->limit[DIR_OUT] = (struct rate){ true, 7000000 };
	for (enum direction d = 0; d < DIRS; d++)
		web->way[d].looked = true;
	web->way[DIR_OUT].method = "shape";
	status_text(&s, &look, &x.a, &x.text);
	assert_non_null(strstr(x.text.p, "out 7.00 Mbit/s; out: shape, but the kernel does not have it\n"));
	assert_non_null(strstr(x.text.p, "now        open\n"));
	web->way[DIR_OUT].bps = 9000000;
	web->way[DIR_IN].bps = 1000000;
	hold(&s, 0, e, DIR_OUT, STANDING_CONFIGURED, 9000000, CALENDAR_MAX);
	x.text.len = 0;
	status_text(&s, &look, &x.a, &x.text);
	assert_non_null(strstr(x.text.p,
		"out 7.00 Mbit/s; in: none, but the kernel has 1.00 Mbit/s; out: shape, but the kernel has 9.00 Mbit/s\n"));
	assert_non_null(strstr(x.text.p, "covers     80,1080-9000\n"));
	e->kind = web->kind = ENTRY_INTERFACE;
	e->ports.n = 0;
	x.text.len = 0;
	status_text(&s, &look, &x.a, &x.text);
	assert_non_null(strstr(x.text.p, "covers     the watched devices: eth0,eth1\n"));
	s.interfaces.n = 0;
	x.text.len = 0;
	status_text(&s, &look, &x.a, &x.text);
	assert_non_null(strstr(x.text.p, "covers     the watched devices: none is there yet\n"));
	hold(&s, 0, e, DIR_IN, STANDING_QUOTA, 0, CALENDAR_MAX);
	x.text.len = 0;
	status_text(&s, &look, &x.a, &x.text);
	assert_non_null(strstr(x.text.p, "now        blocked coming in: its quota is used up\n"));
	hold(&s, 0, NULL, DIR_OUT, STANDING_FREE, 0, 0);
	hold(&s, 0, e, DIR_IN, STANDING_QUOTA, 1000000, CALENDAR_MAX);
	x.text.len = 0;
	status_text(&s, &look, &x.a, &x.text);
	assert_non_null(strstr(x.text.p, "now        throttled to 1.00 Mbit/s in: its quota is used up\n"));
}

static void empty(void **state)
{
	static const struct trial rolled_back = { .state = TRIAL_ROLLED_BACK };
	SHOWN;
	struct status s = machine(&x.a);
	const struct status_look look = { .width = 80 };

	(void)state;
	for (size_t i = 0; i < s.rows.n; i++)
		memset(s.rows.at[i].figures, 0, sizeof s.rows.at[i].figures);
	status_text(&s, &look, &x.a, &x.text);
	assert_non_null(strstr(x.text.p,
		"No traffic of an entry yet. Counting since 2026-10-26 10:02. Test with: curl http://hk1:80\n"));
	for (size_t i = 0; i < s.rows.n; i++)
		if (s.rows.at[i].kind == ENTRY_PORT)
			s.rows.at[i].entry->ports.at[0].lo = 22;
	x.text.len = 0;
	status_text(&s, &look, &x.a, &x.text);
	assert_non_null(strstr(x.text.p, " Test with: ssh hk1\n"));
	s.rows.n = 0;
	x.text.len = 0;
	status_text(&s, &look, &x.a, &x.text);
	assert_non_null(strstr(x.text.p, "No entries yet: add a section such as [port web]"));
	s.trial = &rolled_back;
	s.trial_says = "the configuration was rolled back at 10:00:00";
	x.text.len = 0;
	status_text(&s, &look, &x.a, &x.text);
	assert_null(strstr(x.text.p, "No entries yet"));
	assert_non_null(strstr(x.text.p,
		"\nNothing is counted since the configuration was rolled back. Try it again with: portflow apply --confirm\n"));
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
		struct status s = width % 2 ? machine(&x.a) : limited(&x.a);
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
	const struct trial trial = { .state = TRIAL_PENDING, .who = "root", .began = NOW, .until = NOW + 60 };
	static const char *const names[] = { "hk-alice" };
	SHOWN;
	struct status s = machine(&x.a);
	struct status_look look = { .width = 0 };

	(void)state;
	add(&s, &x.a, row(ENTRY_ADDRESS, "v6", 1000000000, 5000), "=\"\\", 0, 0);
	status_json(&s, &look, &x.text);
	golden("status.json", x.text.p);
	x.text.len = 0;
	s = limited(&x.a);
	status_json(&s, &look, &x.text);
	golden("status-quotas.json", x.text.p);
	s = machine(&x.a);
	x.text.len = 0;
	s.source = STATUS_NO_RIGHT;
	s.sampled = 0;
	look.names = names;
	look.n_names = 1;
	s.trial = &trial;
	status_json(&s, &look, &x.text);
	golden("status-name.json", x.text.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables),
		cmocka_unit_test(limits_and_quotas),
		cmocka_unit_test(minutes),
		cmocka_unit_test(held_entries),
		cmocka_unit_test(both_kinds_with_notes),
		cmocka_unit_test(one_entry),
		cmocka_unit_test(sources),
		cmocka_unit_test(kernels),
		cmocka_unit_test(kept),
		cmocka_unit_test(empty),
		cmocka_unit_test(rest),
		cmocka_unit_test(widths),
		cmocka_unit_test(json),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
