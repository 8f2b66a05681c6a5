/* UTF-8: what is valid, how wide, where it is cut; the table of widths against libc's wcwidth for every code point.
 * The comparison allows for a libc that knows a newer Unicode, outside the blocks that people write.
 * make check-unit runs it. */
#include "util/utf8.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#define E_ACUTE "e\xcc\x81"              /* e, U+0301 */
#define ZHONG "\xe4\xb8\xad"             /* U+4E2D, wide */
#define WEN "\xe6\x96\x87"               /* U+6587, wide */
#define MAN "\xf0\x9f\x91\xa8"           /* U+1F468, wide */
#define GIRL "\xf0\x9f\x91\xa7"          /* U+1F467, wide */
#define ZWJ "\xe2\x80\x8d"               /* U+200D */
#define SKIN "\xf0\x9f\x8f\xbd"          /* U+1F3FD */
#define FLAG_D "\xf0\x9f\x87\xa9"        /* U+1F1E9 */
#define FLAG_E "\xf0\x9f\x87\xaa"        /* U+1F1EA */
#define HEART "\xe2\x9d\xa4\xef\xb8\x8f" /* U+2764 U+FE0F */
#define BAD "\xef\xbf\xbd"               /* U+FFFD */
#define DOTS "\xe2\x80\xa6"

static void valid(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		bool want;
	} cases[] = {
		{ "", 0, true },
		{ "a\0b", 3, true },
		{ "\x7f", 1, true },
		{ "\xc2\x80", 2, true },
		{ "\xdf\xbf", 2, true },
		{ "\xe0\xa0\x80", 3, true },
		{ "\xed\x9f\xbf", 3, true }, /* U+D7FF */
		{ "\xee\x80\x80", 3, true }, /* U+E000 */
		{ "\xef\xbf\xbf", 3, true },
		{ "\xf0\x90\x80\x80", 4, true },
		{ "\xf4\x8f\xbf\xbf", 4, true }, /* U+10FFFF */
		{ ZHONG MAN, 7, true },
		{ "\x80", 1, false },
		{ "\xbf", 1, false },
		{ "\xc0\x80", 2, false }, /* overlong NUL */
		{ "\xc1\xbf", 2, false },
		{ "\xc2", 1, false },
		{ "\xc2\x41", 2, false },
		{ "\xe0\x9f\xbf", 3, false }, /* overlong */
		{ "\xe0\xa0", 2, false },
		{ "\xed\xa0\x80", 3, false },     /* surrogate */
		{ "\xf0\x8f\xbf\xbf", 4, false }, /* overlong */
		{ "\xf0\x90\x80", 3, false },
		{ "\xf4\x90\x80\x80", 4, false }, /* above U+10FFFF */
		{ "\xf5\x80\x80\x80", 4, false },
		{ "\xff", 1, false },
		{ "ab\xe4\xb8", 4, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (utf8_valid(cases[i].text, cases[i].len) != cases[i].want)
			fail_msg("case %zu: \"%s\" is said to be %s", i, cases[i].text,
				cases[i].want ? "invalid" : "valid");
}

static size_t encode(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static void decode_all(void **state)
{
	char bytes[4];
	uint32_t got;

	(void)state;
	for (uint32_t c = 0; c < 0x110000; c++) {
		size_t n = encode(c, bytes);
		bool surrogate = c >= 0xd800 && c < 0xe000;
		size_t used = utf8_decode(bytes, n, &got);

		if (surrogate ? got != UTF8_BAD || used != 1 : got != c || used != n)
			fail_msg("U+%04X: %zu bytes of %zu, U+%04X", c, used, n, got);
		if (!surrogate && n > 1 && (utf8_decode(bytes, n - 1, &got) != n - 1 || got != UTF8_BAD))
			fail_msg("U+%04X without its last byte", c);
	}
}

/* Latin, Greek, Cyrillic, CJK, Kana, Hangul, the emoji of Unicode 12. */
static bool everyday(uint32_t c)
{
	return c < 0x530 ||
		(c >= 0x3000 && c < 0xd7a4 && !(c >= 0x4dc0 && c < 0x4e00) && !(c >= 0xa4d0 && c < 0xac00)) ||
		(c >= 0x1f300 && c < 0x1f6d0) || (c >= 0x1f900 && c < 0x1f970) || (c >= 0x20000 && c < 0x2a6d7);
}

static void widths_of_libc(void **state)
{
	size_t compared = 0, different = 0;
	char bytes[4];

	(void)state;
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	for (uint32_t c = 0x20; c < 0x110000; c++) {
		int want = wcwidth((wchar_t)c);
		size_t got = utf8_width(bytes, encode(c, bytes));

		/* utf8_put shows the marks of writing direction, which have no width, as U+FFFD */
		if (want < 0 || (c >= 0xd800 && c < 0xe000) || c == 0x61c || c == 0x200e || c == 0x200f ||
			(c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
			continue;
		compared++;
		if (got == (size_t)want)
			continue;
		different++;
		if (everyday(c))
			fail_msg("U+%04X: %zu columns, libc says %d", c, got, want);
	}
	setlocale(LC_CTYPE, "C");
	assert_true(compared > 100000);
	if (different > 400)
		fail_msg("%zu of %zu widths differ from libc's", different, compared);
}

static void widths(void **state)
{
	static const struct {
		const char *text;
		size_t want;
	} cases[] = {
		{ "", 0 },
		{ "web", 3 },
		{ "caf\xc3\xa9", 4 },
		{ "caf" E_ACUTE, 4 },
		{ ZHONG WEN, 4 },
		{ "a" ZHONG "b", 4 },
		{ MAN, 2 },
		{ MAN ZWJ GIRL, 4 },
		{ MAN SKIN, 4 },
		{ HEART, 1 },
		{ FLAG_D FLAG_E, 2 },
		{ "\xea\xb0\x80", 2 }, /* Hangul syllable */
		{ "\xef\xbc\x94", 2 }, /* full-width digit */
		{ "\xef\xbd\xb1", 1 }, /* half-width Katakana */
		{ "a\x1b[31m", 6 },    /* ESC is shown as U+FFFD */
		{ "\xff\xfe", 2 },
		{ "\xe4\xb8", 1 },
		{ "\xe2\x80\xae", 1 }, /* U+202E */
		{ "\xc2\xad", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t got = utf8_width(cases[i].text, strlen(cases[i].text));

		if (got != cases[i].want)
			fail_msg("%s: %zu columns, not %zu", cases[i].text, got, cases[i].want);
	}
}

static void fits(void **state)
{
	static const struct {
		const char *text;
		size_t width;
		const char *want;
	} cases[] = {
		{ "", 0, "" },
		{ "web", 3, "web" },
		{ "web", 2, "w" DOTS },
		{ "web", 1, DOTS },
		{ "web", 0, "" },
		{ ZHONG WEN, 4, ZHONG WEN },
		{ ZHONG WEN, 3, ZHONG DOTS },
		{ ZHONG WEN, 2, DOTS }, /* the wide one and the ellipsis are 3 */
		{ E_ACUTE E_ACUTE "x", 2, E_ACUTE DOTS },
		{ "x" E_ACUTE, 2, "x" E_ACUTE }, /* the mark after the last column is kept */
		{ "ab" MAN ZWJ GIRL "c", 6, "ab" DOTS },
		{ "ab" MAN ZWJ GIRL "cd", 7, "ab" MAN ZWJ GIRL DOTS },
		{ "a" MAN SKIN "b", 4, "a" DOTS },
		{ MAN SKIN ZWJ GIRL SKIN "b", 8, DOTS },
		{ "a" FLAG_D FLAG_E "b", 3, "a" DOTS },
		{ "a" FLAG_D FLAG_E FLAG_D FLAG_E, 4, "a" FLAG_D FLAG_E DOTS },
		{ "a" HEART "bc", 3, "a" HEART DOTS },
		{ MAN ZWJ, 2, MAN ZWJ },
		{ MAN ZWJ "\n", 2, DOTS }, /* U+200D joins no control character */
		{ "a\tb\x7f\xc2\x9b", 5, "a" BAD "b" BAD BAD },
		{ "\xe4\xb8"
		  "a\xff",
			3, BAD "a" BAD },
		{ "\xe2\x80\xa8"
		  "\xe2\x80\xae"
		  "a",
			3, BAD BAD "a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_str struct str out = STR_CEILING(1000);

		utf8_put_fit(&out, cases[i].text, strlen(cases[i].text), cases[i].width);
		if (strcmp(out.p ? out.p : "", cases[i].want) != 0)
			fail_msg("%s in %zu: %s, not %s", cases[i].text, cases[i].width, out.p ? out.p : "",
				cases[i].want);
		assert_true(utf8_width(cases[i].want, strlen(cases[i].want)) <= cases[i].width);
		assert_true(utf8_valid(cases[i].want, strlen(cases[i].want)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid),
		cmocka_unit_test(decode_all),
		cmocka_unit_test(widths_of_libc),
		cmocka_unit_test(widths),
		cmocka_unit_test(fits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
