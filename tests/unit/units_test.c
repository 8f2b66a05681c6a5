/* Sizes and rates as text, at both sides of every limit.
 * A second pass reads random figures back and holds them to half a unit of the last digit.
 * make check-unit runs it. */
#include "util/units.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KI 1024ULL

static void sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *si, *iec, *exact;
	} cases[] = {
		{ 0, "0 B", "0 B", "0 B" },
		{ 999, "999 B", "999 B", "999 B" },
		{ 1000, "1.00 kB", "1000 B", "1000 B" },
		{ 1004, "1.00 kB", "1004 B", "1004 B" },
		{ 1005, "1.01 kB", "1005 B", "1005 B" },
		{ 1023, "1.02 kB", "1023 B", "1023 B" },
		{ 1024, "1.02 kB", "1.00 KiB", "1024 B" },
		{ 9994, "9.99 kB", "9.76 KiB", "9994 B" },
		{ 9995, "10.0 kB", "9.76 KiB", "9995 B" },
		{ 99949, "99.9 kB", "97.6 KiB", "99949 B" },
		{ 99950, "100 kB", "97.6 KiB", "99950 B" },
		{ 999499, "999 kB", "976 KiB", "999499 B" },
		{ 999500, "1.00 MB", "976 KiB", "999500 B" },
		{ 1000 * KI, "1.02 MB", "1000 KiB", "1024000 B" },
		{ 1024 * KI - 513, "1.05 MB", "1023 KiB", "1048063 B" },
		{ 1024 * KI - 512, "1.05 MB", "1.00 MiB", "1048064 B" },
		{ 1500000000, "1.50 GB", "1.40 GiB", "1500000000 B" },
		{ 80000000000, "80.0 GB", "74.5 GiB", "80000000000 B" },
		{ 1000000000000, "1.00 TB", "931 GiB", "1000000000000 B" },
		{ KI * KI * KI * KI, "1.10 TB", "1.00 TiB", "1099511627776 B" },
		{ 999499999999999999, "999 PB", "888 PiB", "999499999999999999 B" },
		{ 999500000000000000, "1.00 EB", "888 PiB", "999500000000000000 B" },
		{ KI * KI * KI * KI * KI * KI, "1.15 EB", "1.00 EiB", "1152921504606846976 B" },
		{ UINT64_MAX, "18.4 EB", "16.0 EiB", "18446744073709551615 B" },
	};
	char buf[UNITS_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_string_equal(units_size(UNITS_SI, cases[i].bytes, buf), cases[i].si);
		assert_string_equal(units_size(UNITS_IEC, cases[i].bytes, buf), cases[i].iec);
		assert_string_equal(units_size(UNITS_EXACT, cases[i].bytes, buf), cases[i].exact);
		assert_ptr_equal(units_size(UNITS_SI, 1, buf), buf);
	}
}

static void rates(void **state)
{
	static const struct {
		uint64_t bps;
		const char *si, *exact;
	} cases[] = {
		{ 0, "0 bit/s", "0 bit/s" },
		{ 999, "999 bit/s", "999 bit/s" },
		{ 8000, "8.00 kbit/s", "8000 bit/s" },
		{ 20000000, "20.0 Mbit/s", "20000000 bit/s" },
		{ 100000000000, "100 Gbit/s", "100000000000 bit/s" },
		{ UINT64_MAX, "18.4 Ebit/s", "18446744073709551615 bit/s" },
	};
	char buf[UNITS_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_string_equal(units_rate(UNITS_SI, cases[i].bps, buf), cases[i].si);
		assert_string_equal(units_rate(UNITS_IEC, cases[i].bps, buf), cases[i].si);
		assert_string_equal(units_rate(UNITS_EXACT, cases[i].bps, buf), cases[i].exact);
	}
}

/* The printed figure times its unit is within half of the last digit, and one to four digits long. */
static void check_close(uint64_t v, long double base, const char *text)
{
	static const char prefix[] = " kMGTPE";
	char *rest;
	long double figure = strtold(text, &rest), unit = 1, digit = 1, off;
	const char *dot = strchr(text, '.');
	char letter = rest[1] == 'K' ? 'k' : rest[1];

	if (letter != 'B')
		for (const char *p = prefix; *p != letter; p++)
			unit *= base;
	for (const char *p = dot ? dot + 1 : rest; p < rest; p++)
		digit /= 10;
	off = figure * unit - (long double)v;
	if (off < 0)
		off = -off;
	if (off > digit * unit * 0.5000001L || rest - text > 4 || figure >= base)
		fail_msg("%" PRIu64 " is printed as %s", v, text);
}

static void close_to_truth(void **state)
{
	uint64_t s = 88172645463325252;
	char buf[UNITS_TEXT];

	(void)state;
	for (int i = 0; i < 200000; i++) {
		uint64_t v;

		s ^= s << 13;
		s ^= s >> 7;
		s ^= s << 17;
		v = s >> (i % 64);
		check_close(v, 1000, units_size(UNITS_SI, v, buf));
		check_close(v, 1024, units_size(UNITS_IEC, v, buf));
	}
}

static void spans(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *want;
	} cases[] = { { 0, "0 s" }, { 1, "1 s" }, { 60, "1 min" }, { 90, "90 s" }, { 1800, "30 min" }, { 3600, "1 h" },
		{ 5400, "90 min" }, { 86400, "1 d" }, { 90000, "25 h" }, { UINT64_MAX, "18446744073709551615 s" } };
	char buf[UNITS_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(units_span(cases[i].seconds, buf), cases[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(spans),
		cmocka_unit_test(rates),
		cmocka_unit_test(close_to_truth),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
