/* The CSV writer: quoting by RFC 4180, and cells that a spreadsheet would run.
 * The wanted text is written out, so that a change of one byte is seen.
 * make check-unit runs it. */
#include "view/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void cells(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "" },
		{ "web", "web" },
		{ "a b", "a b" },
		{ "a,b", "\"a,b\"" },
		{ "say \"hi\"", "\"say \"\"hi\"\"\"" },
		{ "a\nb", "\"a\nb\"" },
		{ "a\rb", "\"a\rb\"" },
		{ "=1+1", "'=1+1" },
		{ "+1", "'+1" },
		{ "-1", "'-1" },
		{ "@SUM(A1)", "'@SUM(A1)" },
		{ "\t=1", "'\t=1" },
		{ "\r=1", "\"'\r=1\"" },
		{ "=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"" },
		{ "a-b=c", "a-b=c" },
		{ "\xe7\xbd\x91", "\xe7\xbd\x91" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_str struct str out = STR_CEILING(1024);
		struct csv c = CSV_INTO(&out);

		csv_text(&c, cases[i].text);
		csv_row_end(&c);
		assert_true(out.len >= 2);
		out.p[out.len - 2] = '\0';
		if (strcmp(out.p, cases[i].want) != 0)
			fail_msg("case %zu: %s instead of %s", i, out.p, cases[i].want);
	}
}

static void rows(void **state)
{
	cleanup_str struct str out = STR_CEILING(1024);
	struct csv c = CSV_INTO(&out);

	(void)state;
	csv_text(&c, "name");
	csv_text(&c, "bytes");
	csv_row_end(&c);
	csv_text(&c, "web");
	csv_u64(&c, UINT64_MAX);
	csv_text(&c, "");
	csv_row_end(&c);
	assert_string_equal(out.p, "name,bytes\r\nweb,18446744073709551615,\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(cells), cmocka_unit_test(rows) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
