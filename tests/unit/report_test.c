/* report and events as people and programs see them, against golden files; the rest; empty states; widths.
 * One made-up history, so that a change of wording or layout shows as a difference of text.
 * make check-unit runs it. */
#include "view/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "golden.h"
#include "util/utf8.h"
#include "view/bar.h"
#include "view/events.h"

#define ZONE "Asia/Shanghai"
#define DAY 86400
#define MIDNIGHT 1795536000 /* 2026-11-25 00:00 +08:00 */
#define NOW (MIDNIGHT + 36133)

static struct figures moved(uint64_t in, uint64_t out)
{
	return (struct figures){ .bytes = { in, out }, .packets = { in / 1000, out / 1000 } };
}

static struct report history(struct arena *a)
{
	struct report r = { .zone = ZONE,
		.by = "day",
		.bucket = BUCKET_DAY,
		.now = NOW,
		.from = MIDNIGHT - 2 * DAY,
		.to = MIDNIGHT + DAY,
		.sampled = NOW - 133,
		.live = true,
		.whole = true };

	for (int day = -2; day <= 0; day++) {
		*vec_push(a, &r.rows) = (struct report_row){ MIDNIGHT + day * DAY, ENTRY_PORT, "web",
			moved(1500000000, 62000000000 + (uint64_t)(day + 2) * 30000000000), day == -1, day == 0 };
		*vec_push(a, &r.rows) = (struct report_row){ MIDNIGHT + day * DAY, ENTRY_PORT, "hk-alice",
			moved(12, 345), false, day == 0 };
	}
	*vec_push(a, &r.sums) = (struct report_sum){ ENTRY_PORT, "web", moved(4500000000, 276000000000) };
	*vec_push(a, &r.sums) = (struct report_sum){ ENTRY_PORT, "hk-alice", moved(36, 1035) };
	r.forwarded = moved(1000, 2000);
	r.total = moved(5000000000, 280000000000);
	return r;
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

static void text(void **state)
{
	static const struct {
		const char *file;
		struct report_look look;
	} cases[] = {
		{ "report-120.txt", { .width = 120, .utf8 = true } },
		{ "report-60.txt", { .width = 60 } },
		{ "report-ascii.txt", { .style = UNITS_EXACT } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		SHOWN;
		struct report r = history(&x.a);

		report_text(&r, &cases[i].look, &x.a, &x.text);
		golden(cases[i].file, x.text.p);
	}
}

static void cycles_and_addresses(void **state)
{
	SHOWN;
	struct report r = history(&x.a);
	const struct report_look look = { .width = 100, .utf8 = true };

	(void)state;
	r.cycles = true;
	r.by = "cycle";
	r.live = false;
	*vec_push(&x.a, &r.rows) = (struct report_row){ MIDNIGHT - 9 * DAY, ENTRY_ADDRESS, "v6", moved(1, 2), false,
		false };
	*vec_push(&x.a, &r.sums) = (struct report_sum){ ENTRY_ADDRESS, "v6", moved(1, 2) };
	report_text(&r, &look, &x.a, &x.text);
	golden("report-cycle.txt", x.text.p);
}

static void programs(void **state)
{
	SHOWN;
	struct report r = history(&x.a);

	(void)state;
	report_json(&r, &x.text);
	golden("report.json", x.text.p);
	x.text.len = 0;
	report_csv(&r, &x.text);
	golden("report.csv", x.text.p);
	x.text.len = 0;
	r.whole = false;
	r.rows.n = 0;
	report_json(&r, &x.text);
	assert_string_equal(x.text.p,
		"{\"version\":1,\"by\":\"day\",\"from\":\"2026-11-23T00:00:00+08:00\",\"to\":\"2026-11-26T00:00:00+08:00\","
		"\"live\":true,\"rows\":[]}\n");
}

static void rest(void **state)
{
	SHOWN;
	struct report r = history(&x.a);
	struct figures f;

	(void)state;
	f = report_rest(&r, ENTRY_PORT);
	assert_int_equal(f.bytes[DIR_IN], 5000000000 - 4500000000 - 36 - 1000);
	assert_int_equal(f.bytes[DIR_OUT], 280000000000 - 276000000000 - 1035 - 2000);
	f = report_rest(&r, ENTRY_ADDRESS);
	assert_int_equal(f.bytes[DIR_IN], 5000000000 - 1000);
	r.total = moved(5, 5);
	assert_int_equal(report_rest(&r, ENTRY_PORT).bytes[DIR_OUT], 0);
}

static void empty(void **state)
{
	SHOWN;
	struct report r = {
		.zone = ZONE, .by = "hour", .bucket = BUCKET_HOUR, .now = NOW, .from = MIDNIGHT, .to = NOW, .live = true
	};
	const struct report_look look = { .width = 80 };

	(void)state;
	report_text(&r, &look, &x.a, &x.text);
	assert_non_null(strstr(x.text.p, "Nothing is stored from 2026-11-25 00:00 to 2026-11-25 10:02."));
}

static void widths(void **state)
{
	(void)state;
	for (size_t width = 40; width <= 200; width++) {
		SHOWN;
		struct report r = history(&x.a);
		const struct report_look look = { .width = width, .utf8 = true };

		report_text(&r, &look, &x.a, &x.text);
		for (const char *line = x.text.p, *end; (end = strchr(line, '\n')); line = end + 1)
			if (utf8_width(line, (size_t)(end - line)) > width)
				fail_msg("width %zu: %.*s", width, (int)(end - line), line);
	}
}

static void bars(void **state)
{
	static const struct {
		uint64_t value, most;
		bool utf8;
		const char *want;
	} cases[] = {
		{ 0, 100, true, "" },
		{ 5, 0, true, "" },
		{ 100, 100, true, "\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88" },
		{ 50, 100, true, "\xe2\x96\x88\xe2\x96\x88" },
		{ 1, 1000, true, "\xe2\x96\x8f" },
		{ 40, 100, true, "\xe2\x96\x88\xe2\x96\x8b" },
		{ 100, 100, false, "####" },
		{ 1, 1000, false, "#" },
		{ UINT64_MAX, 1, false, "####" },
	};
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(bar_text(&a, cases[i].value, cases[i].most, 4, cases[i].utf8), cases[i].want);
	arena_free(&a);
}

static void events(void **state)
{
	SHOWN;
	struct events e = { .zone = ZONE, .since = MIDNIGHT };

	(void)state;
	events_text(&e, false, &x.a, &x.text);
	assert_string_equal(x.text.p, "Nothing happened since 2026-11-25 00:00.\n");
	x.text.len = 0;
	*vec_push(&x.a, &e.rows) = (struct events_row){ 7, MIDNIGHT + 60, NULL, "table_rebuilt",
		"the table was gone; it is there again" };
	*vec_push(&x.a, &e.rows) = (struct events_row){ 8, MIDNIGHT + 120, "web", "entry_added",
		"web is counted from now on" };
	events_text(&e, false, &x.a, &x.text);
	assert_string_equal(x.text.p,
		"time              entry  event\n"
		"2026-11-25 00:01         the table was gone; it is there again\n"
		"2026-11-25 00:02  web    web is counted from now on\n");
	x.text.len = 0;
	events_json(&e, &x.text);
	golden("events.json", x.text.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(cycles_and_addresses),
		cmocka_unit_test(programs),
		cmocka_unit_test(rest),
		cmocka_unit_test(empty),
		cmocka_unit_test(widths),
		cmocka_unit_test(bars),
		cmocka_unit_test(events),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
