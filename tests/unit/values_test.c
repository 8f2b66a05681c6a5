/* The types of values: what is read, what is refused and with which words.
 * What is printed must be read as the same number.
 * make check-unit runs it. */
#include "config/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* `wrong`: part of the message, or of the cure behind it, when the text is refused. */
struct number_case {
	const char *text;
	uint64_t want;
	const char *wrong;
};

static struct value value_of(const char *text, struct diags *d)
{
	struct value v = { .text = text, .len = strlen(text), .d = d };

	v.at.line = text;
	v.at.line_len = v.len;
	v.at.where = (struct location){ "test", 1, 1 };
	return v;
}

/* One case; `got` is what the function gave. */
static void judge(const char *text, int rc, uint64_t got, uint64_t want, const char *wrong, const struct diags *d)
{
	const struct diag *x = d->list.n ? &d->list.at[0] : NULL;

	if (!wrong) {
		if (rc || d->list.n)
			fail_msg("%s: refused: %s", text, x ? x->text : "(silently)");
		if (got != want)
			fail_msg("%s: %llu, not %llu", text, (unsigned long long)got, (unsigned long long)want);
		return;
	}
	if (rc != -1 || d->list.n != 1 || d->errors != 1)
		fail_msg("%s: %d, with %zu messages", text, rc, d->list.n);
	if (got)
		fail_msg("%s: refused, and the result was touched", text);
	if (!strstr(x->text, wrong) && !(x->cure && strstr(x->cure, wrong)))
		fail_msg("%s: \"%s\", cure \"%s\", nothing of \"%s\"", text, x->text, x->cure ? x->cure : "", wrong);
}

static void numbers(const struct number_case *cases, size_t n, int (*read)(const struct value *, uint64_t *))
{
	for (size_t i = 0; i < n; i++) {
		struct arena a = { 0 };
		struct diags d = { .arena = &a };
		struct value v = value_of(cases[i].text, &d);
		uint64_t got = 0;
		int rc = read(&v, &got);

		judge(cases[i].text, rc, got, cases[i].want, cases[i].wrong, &d);
		arena_free(&a);
	}
}
#define NUMBERS(cases, read) numbers((cases), sizeof(cases) / sizeof *(cases), (read))

static void rates(void **state)
{
	static const struct number_case cases[] = {
		{ "20mbit", 20000000, NULL },
		{ "8kbit", 8000, NULL },
		{ "100gbit", 100000000000, NULL },
		{ "1.5Gbit", 1500000000, NULL },
		{ "10MBIT", 10000000, NULL },
		{ "10mbps", 10000000, NULL },
		{ "10Mbps", 10000000, NULL },
		{ "10", 0, "write 10mbit" },
		{ "10m", 0, "write 10mbit" },
		{ "10G", 0, "write 10gbit" },
		{ "10MB/s", 0, "write 80mbit" },
		{ "10MBps", 0, "write 80mbit" },
		{ "1.5MB/s", 0, "8 times the bytes" },
		{ "10mbit/s", 0, "write 10mbit" },
		{ "10MB", 0, "write 80mbit" },
		{ "10mib", 0, "unknown unit" },
		{ "7999kbit9", 0, "unknown unit" },
		{ "7kbit", 0, "from 8kbit to 100gbit" },
		{ "100.1gbit", 0, "from 8kbit to 100gbit" },
		{ "0mbit", 0, "from 8kbit" },
		{ "20 mbit", 0, "write 20mbit" },
		{ "-1mbit", 0, "no sign" },
		{ "mbit", 0, "no number" },
		{ "1,5mbit", 0, "write a point" },
		{ "8.0001kbit", 0, "whole number of bits" },
		{ "99999999999999999gbit", 0, "too large" },
	};

	(void)state;
	NUMBERS(cases, value_rate);
}

static void sizes(void **state)
{
	static const struct number_case cases[] = {
		{ "100GB", 100000000000, NULL },
		{ "100GiB", 107374182400, NULL },
		{ "1.5TB", 1500000000000, NULL },
		{ "1.5KiB", 1536, NULL },
		{ "5B", 5, NULL },
		{ "0B", 0, NULL },
		{ "1kb", 1000, NULL },
		{ "1gib", 1073741824, NULL },
		{ "100", 0, "write 100GB or 100GiB" },
		{ "100G", 0, "write 100GB or 100GiB" },
		{ "1t", 0, "write 1TB or 1TiB" },
		{ "100Gb", 0, "bits?" },
		{ "0.5B", 0, "whole number of bytes" },
		{ "1PB", 0, "unknown unit" },
		{ "9999999TB", 0, "too large" },
		{ "9000000TB", 9000000000000000000U, NULL },
		{ "1.TB", 0, "no digit after the point" },
		{ "1.1234567890KB", 0, "too many digits" },
	};

	(void)state;
	NUMBERS(cases, value_size);
}

static void spans(void **state)
{
	static const struct number_case cases[] = {
		{ "30s", 30, NULL },
		{ "30min", 1800, NULL },
		{ "1.5h", 5400, NULL },
		{ "2d", 172800, NULL },
		{ "30", 0, "write 30min, 30h or 30d" },
		{ "30m", 0, "minutes or months?" },
		{ "1w", 0, "write 7d" },
		{ "90sec", 0, "write 90s" },
		{ "2hours", 0, "write 2h" },
		{ "2H", 0, "write 2h" },
		{ "2 d", 0, "write 2d" },
		{ "1x", 0, "unknown unit" },
	};

	(void)state;
	NUMBERS(cases, value_span);
}

static void printed(const char *want, struct str *got)
{
	assert_string_equal(got->p, want);
	str_free(got);
}

static void numbers_are_printed_in_the_largest_unit(void **state)
{
	static const struct {
		uint64_t bps;
		const char *want;
	} rates[] = {
		{ 8000, "8kbit" },
		{ 8001, "8.001kbit" },
		{ 8500, "8.5kbit" },
		{ 999999, "999.999kbit" },
		{ 1000000, "1mbit" },
		{ 1500000, "1500kbit" },
		{ 1000010, "1000.01kbit" },
		{ 1500000000, "1500mbit" },
		{ 100000000000, "100gbit" },
	};
	static const struct {
		uint64_t bytes;
		bool binary;
		const char *want;
	} sizes[] = {
		{ 1, false, "1B" },
		{ 1000, false, "1KB" },
		{ 1024, false, "1024B" },
		{ 1024, true, "1KiB" },
		{ 512, true, "0.5KiB" },
		{ 1540, true, "1.50390625KiB" },
		{ 1536, true, "1.5KiB" },
		{ 1536 * UINT64_C(1048576), true, "1536MiB" },
		{ 2000000000000, false, "2TB" },
		{ 1500000000000, false, "1500GB" },
		{ 9000000000000000000, false, "9000000TB" },
		{ UINT64_C(1) << 62, true, "4194304TiB" },
	};
	static const struct {
		uint64_t seconds;
		const char *want;
	} spans[] = { { 60, "1min" }, { 90, "90s" }, { 3600, "1h" }, { 5400, "90min" }, { 172800, "2d" } };

	(void)state;
	for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
		struct str s = STR_CEILING(64);

		value_put_rate(&s, rates[i].bps);
		printed(rates[i].want, &s);
	}
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct str s = STR_CEILING(64);

		value_put_size(&s, sizes[i].bytes, sizes[i].binary);
		printed(sizes[i].want, &s);
	}
	for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
		struct str s = STR_CEILING(64);

		value_put_span(&s, spans[i].seconds);
		printed(spans[i].want, &s);
	}
}

/* Read again, by the type of a row: it must give the same bits and the same text. */
static void read_again(const struct value_type *type, const char *text, const void *was, void *now, size_t size)
{
	struct arena a = { 0 };
	struct diags d = { .arena = &a };
	struct value v = value_of(text, &d);

	if (type->parse(&v, now) || d.list.n)
		fail_msg("%s: refused: %s", text, d.list.n ? d.list.at[0].text : "(silently)");
	if (memcmp(was, now, size) != 0)
		fail_msg("%s: another number", text);
	arena_free(&a);
}

static void printed_numbers_are_read_again(void **state)
{
	uint64_t x = 88172645463325252U;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct rate rate, rate_again;
		struct quota_size size, size_again;
		cleanup_str struct str r = STR_CEILING(64), q = STR_CEILING(64);

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memset(&rate, 0, sizeof rate);
		memset(&size, 0, sizeof size);
		memset(&rate_again, 0, sizeof rate_again);
		memset(&size_again, 0, sizeof size_again);
		rate.present = size.present = true;
		rate.bps = 8000 + (x >> (x % 50)) % 99999992000;
		size.binary = x & 1;
		size.bytes = ((x >> (1 + x % 62)) | 1) << (size.binary ? 2 + x % 9 : 0);
		size.bytes %= 100000000000000000; /* 18 digits are read */
		if (!size.bytes)
			size.bytes = 1024;
		type_rate.print(&rate, &r);
		type_quota.print(&size, &q);
		read_again(&type_rate, r.p, &rate, &rate_again, sizeof rate);
		read_again(&type_quota, q.p, &size, &size_again, sizeof size);
	}
}

static void other_notations(void **state)
{
	static const struct {
		const struct value_type *type;
		const char *text, *want;
	} cases[] = {
		{ &type_rate, "20mbit", "20mbit = 2.50 MB/s" },
		{ &type_limit, "8kbit", "8kbit = 1.00 kB/s" },
		{ &type_limit_in, "1gbit", "1gbit = 125 MB/s" },
		{ &type_limit_out, "1.5gbit", "1500mbit = 188 MB/s" },
		{ &type_quota, "100GiB", "100GiB = 107 GB = 107374182400 B" },
		{ &type_quota, "100GB", "100GB = 93.1 GiB = 100000000000 B" },
		{ &type_quota_action, "throttle 1mbit", "1mbit = 125 kB/s" },
		{ &type_quota_action, "block", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena a = { 0 };
		struct diags d = { .arena = &a };
		struct value v = value_of(cases[i].text, &d);
		struct entry e = { 0 };
		cleanup_str struct str s = STR_CEILING(100);

		assert_int_equal(cases[i].type->parse(&v, &e), 0);
		cases[i].type->also(&e, &s);
		if (cases[i].want)
			assert_string_equal(s.p, cases[i].want);
		else
			assert_int_equal(s.len, 0);
		arena_free(&a);
	}
}

static int percent(const struct value *v, uint64_t *ret)
{
	uint32_t p = 0;
	int rc = value_percent(v, &p);

	*ret = p;
	return rc;
}

static void percents(void **state)
{
	static const struct number_case cases[] = {
		{ "80%", 80, NULL },
		{ "100%", 100, NULL },
		{ "80", 0, "write 80%" },
		{ "0.8", 0, "write 80%" },
		{ "0%", 0, "from 1%" },
		{ "1001%", 0, "to 1000%" },
		{ "80.5%", 0, "whole percents" },
		{ "80pct", 0, "unknown unit" },
	};

	(void)state;
	NUMBERS(cases, percent);
}

static int date(const struct value *v, uint64_t *ret)
{
	struct civil_date d = { 0 };
	int rc = value_date(v, &d);

	*ret = (uint64_t)d.year * 10000 + d.month * 100U + d.day;
	return rc;
}

static void dates(void **state)
{
	static const struct number_case cases[] = {
		{ "2027-03-01", 20270301, NULL },
		{ "2028-02-29", 20280229, NULL },
		{ "2027-02-29", 0, "no such day" },
		{ "2027-13-01", 0, "no such day" },
		{ "1969-12-31", 0, "no such day" },
		{ "2027/3/1", 0, "write 2027-03-01" },
		{ "2027.03.01", 0, "write 2027-03-01" },
		{ "01-03-2027", 0, "the year first" },
		{ "3/1/2027", 0, "the year first" },
		{ "2027-03", 0, "the year first" },
		{ "tomorrow", 0, "the year first" },
		{ "2027-03-01x", 0, "the year first" },
	};

	(void)state;
	NUMBERS(cases, date);
}

static int time_of_day(const struct value *v, uint64_t *ret)
{
	uint8_t h = 0, m = 0;
	int rc = value_time(v, &h, &m);

	*ret = h * 100U + m;
	return rc;
}

static void times(void **state)
{
	static const struct number_case cases[] = {
		{ "08:30", 830, NULL },
		{ "23:59", 2359, NULL },
		{ "24:00", 0, "write 00:00" },
		{ "24:01", 0, "from 00:00 to 23:59" },
		{ "8:30", 0, "write 08:30" },
		{ "8am", 0, "write 08:00" },
		{ "12 PM", 0, "write 12:00" },
		{ "12am", 0, "write 00:00" },
		{ "0830", 0, "HH:MM" },
		{ "08:5", 0, "write 08:05" },
		{ "08.30", 0, "HH:MM" },
		{ "-1:00", 0, "HH:MM" },
	};

	(void)state;
	NUMBERS(cases, time_of_day);
}

static int small(const struct value *v, uint64_t *ret)
{
	return value_number(v, 3, 300, ret);
}

static void plain_numbers(void **state)
{
	static const struct number_case cases[] = {
		{ "3", 3, NULL },
		{ "300", 300, NULL },
		{ "2", 0, "from 3 to 300" },
		{ "301", 0, "from 3 to 300" },
		{ "18446744073709551619", 0, "from 3 to 300" }, /* 2^64 + 3 */
		{ "03", 0, "write 3" },
		{ "+3", 0, "plain number" },
		{ "0x3", 0, "plain number" },
		{ "3.0", 0, "plain number" },
	};

	(void)state;
	NUMBERS(cases, small);
}

static int count_item(const struct value *item, void *field)
{
	size_t *letters = field;

	*letters += item->len;
	return 0;
}

static void lists(void **state)
{
	static const struct {
		const char *text;
		int rc;
		size_t letters, col; /* of the message */
	} cases[] = {
		{ "a", 0, 1, 0 },
		{ "a,b , cd", 0, 4, 0 },
		{ "a,,b", -1, 2, 3 },
		{ "a,", -1, 1, 2 },
		{ ",a", -1, 1, 1 },
		{ " , ,", -1, 0, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena a = { 0 };
		struct diags d = { .arena = &a };
		struct value v = value_of(cases[i].text, &d);
		size_t letters = 0;

		assert_int_equal(value_items(&v, count_item, &letters), cases[i].rc);
		assert_int_equal(letters, cases[i].letters);
		assert_int_equal(d.errors, cases[i].rc ? 1 : 0);
		if (cases[i].rc)
			assert_int_equal(d.list.at[0].at.where.col, cases[i].col);
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates),
		cmocka_unit_test(sizes),
		cmocka_unit_test(spans),
		cmocka_unit_test(numbers_are_printed_in_the_largest_unit),
		cmocka_unit_test(printed_numbers_are_read_again),
		cmocka_unit_test(other_notations),
		cmocka_unit_test(percents),
		cmocka_unit_test(dates),
		cmocka_unit_test(times),
		cmocka_unit_test(plain_numbers),
		cmocka_unit_test(lists),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
