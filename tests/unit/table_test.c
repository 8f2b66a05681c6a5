/* Tables at every width from 40 to 200: no line is too wide, columns stay aligned beside CJK and emoji, the least important
 * column goes first, what is cut ends in an ellipsis; terminal sequences in a text never reach the terminal.
 * make check-unit runs it. */
#include "view/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/utf8.h"

#define DOTS "\xe2\x80\xa6"
#define CJK "\xe7\xbd\x91\xe7\xab\x99\xe5\xb0\x8f\xe8\x89\xbe" /* four wide characters */
#define EMOJI "\xf0\x9f\x98\x80\xf0\x9f\x9a\x80"               /* two */

static const struct table_column columns[] = {
	{ "name", ALIGN_LEFT, 0, 8 },
	{ "ports", ALIGN_LEFT, 9, 8 },
	{ "in", ALIGN_UNIT, 0, 0 },
	{ "count", ALIGN_RIGHT, 5, 0 },
	{ "remark", ALIGN_LEFT, 7, 8 },
};
#define N_COLUMNS (sizeof columns / sizeof *columns)

static const char *const rows[][N_COLUMNS] = {
	{ "web", "80,443,8000-9000,10000-20000,30000", "1.50 GB", "7",
		"plain text that is rather long, longer than any terminal is wide, so that it will have to be cut in the end, wherever that may be" },
	{ CJK, "22", "12 B", "1234567", CJK CJK CJK CJK CJK CJK },
	{ EMOJI "-abc", "", "320 kB", "12", EMOJI EMOJI EMOJI EMOJI EMOJI EMOJI EMOJI EMOJI },
	{ "a-name-of-the-full-thirty-two-ch", "1-65535", "99.9 TB", "0", "" },
};

static void build(struct table *t, struct arena *a)
{
	table_init(t, a, columns, N_COLUMNS);
	for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
		for (size_t c = 0; c < N_COLUMNS; c++)
			table_cell(t, PAINT_NONE, rows[r][c]);
}

/* Display column at which `what` begins in the line; 0 when it is not there. */
static size_t column_of(const char *line, size_t len, const char *what)
{
	const char *at = memmem(line, len, what, strlen(what));

	return at ? utf8_width(line, (size_t)(at - line)) : 0;
}

static void fits(void **state)
{
	(void)state;
	for (size_t width = 40; width <= 200; width++) {
		struct arena a = { 0 };
		cleanup_str struct str out = STR_CEILING(1 << 16);
		const struct table_look look = { width, true, false, "" };
		static const char *const units[] = { "GB", " B", "kB", "TB" };
		struct table t;
		size_t lines = 0, unit_at = 0;

		build(&t, &a);
		table_render(&t, &look, &out);
		for (const char *line = out.p, *end; (end = strchr(line, '\n')); line = end + 1, lines++) {
			size_t len = (size_t)(end - line), w = utf8_width(line, len), at;

			if (w > width)
				fail_msg("width %zu: a line of %zu: %.*s", width, w, (int)len, line);
			if (len && line[len - 1] == ' ')
				fail_msg("width %zu: blanks at the end: %.*s|", width, (int)len, line);
			if (!lines)
				continue;
			at = column_of(line, len, units[lines - 1]) + (lines == 2);
			if (unit_at && at != unit_at)
				fail_msg("width %zu: unit at column %zu, above at %zu: %.*s", width, at, unit_at,
					(int)len, line);
			unit_at = at;
		}
		assert_int_equal(lines, 5);
		assert_non_null(strstr(out.p, "99.9 TB"));
		arena_free(&a);
	}
}

static void dropping(void **state)
{
	static const struct {
		size_t width;
		const char *header; /* without blanks between */
	} cases[] = {
		{ 0, "name ports in count remark" },
		{ 120, "name ports in count remark" },
		{ 80, "name ports in count remark" },
		{ 69, "name in count remark" },
		{ 52, "name in count" },
		{ 40, "name in" },
		{ 20, "name in" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena a = { 0 };
		cleanup_str struct str out = STR_CEILING(1 << 16);
		cleanup_str struct str words = STR_CEILING(256);
		const struct table_look look = { cases[i].width, true, false, "" };
		struct table t;

		build(&t, &a);
		table_render(&t, &look, &out);
		for (const char *p = out.p; *p != '\n'; p++)
			if (*p != ' ')
				str_putc(&words, *p);
			else if (p[1] != ' ' && words.len)
				str_putc(&words, ' ');
		if (strcmp(words.p, cases[i].header) != 0)
			fail_msg("width %zu: columns %s instead of %s", cases[i].width, words.p, cases[i].header);
		arena_free(&a);
	}
}

static void exact(void **state)
{
	struct arena a = { 0 };
	cleanup_str struct str out = STR_CEILING(1 << 16);
	const struct table_look look = { 34, true, false, "  " };
	struct table t;

	(void)state;
	table_init(&t, &a, columns, N_COLUMNS);
	for (size_t c = 0; c < N_COLUMNS; c++)
		table_cell(&t, PAINT_NONE, c == 4 ? CJK "abc" : rows[0][c]);
	for (size_t c = 0; c < N_COLUMNS; c++)
		table_cell(&t, PAINT_NONE, rows[1][c]);
	table_render(&t, &look, &out);
	assert_string_equal(out.p,
		"  name           in    count\n"
		"  web       1.50 GB        7\n"
		"  " CJK "    12 B   1234567\n");
	arena_free(&a);
}

static void cut(void **state)
{
	struct arena a = { 0 };
	cleanup_str struct str out = STR_CEILING(1 << 16);
	const struct table_look look = { 12, false, false, "" };
	static const struct table_column one[] = { { "", ALIGN_LEFT, 0, 4 } };
	struct table t;

	(void)state;
	table_init(&t, &a, one, 1);
	table_cell(&t, PAINT_NONE, CJK CJK);
	table_cell(&t, PAINT_NONE, "123456789012");
	table_cell(&t, PAINT_NONE, "1234567890123");
	table_render(&t, &look, &out);
	assert_string_equal(out.p, CJK "\xe7\xbd\x91" DOTS "\n123456789012\n12345678901" DOTS "\n");
	arena_free(&a);
}

static void safe_and_painted(void **state)
{
	struct arena a = { 0 };
	cleanup_str struct str out = STR_CEILING(1 << 16);
	static const struct table_column two[] = { { "a", ALIGN_LEFT, 0, 0 }, { "b", ALIGN_LEFT, 0, 0 } };
	struct table_look look = { 0, false, true, "" };
	struct table t;

	(void)state;
	table_init(&t, &a, two, 2);
	table_cell(&t, PAINT_BAD, "\033[31m");
	table_cell(&t, PAINT_NONE, "x\ny");
	table_render(&t, &look, &out);
	assert_string_equal(out.p, "\033[31m\xef\xbf\xbd[31m\033[0m  x\xef\xbf\xbdy\n");
	look.color = false;
	out.len = 0;
	table_render(&t, &look, &out);
	assert_null(memchr(out.p, '\033', out.len));
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fits),
		cmocka_unit_test(dropping),
		cmocka_unit_test(exact),
		cmocka_unit_test(cut),
		cmocka_unit_test(safe_and_painted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
