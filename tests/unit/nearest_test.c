/* The nearest word: distances and thresholds by table.
 * A known trap of distance matrices is a row that is one short: words of the greatest length are in the table.
 * make check-unit runs it. */
#include "util/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define LONG63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void distances(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned want;
	} cases[] = {
		{ "", "", 0 },
		{ "", "abc", 3 },
		{ "abc", "", 3 },
		{ "quota", "quota", 0 },
		{ "Quota", "qUOTA", 0 },
		{ "quota_actoin", "quota_action", 1 },
		{ "port", "ports", 1 },
		{ "prts", "ports", 1 },
		{ "porst", "ports", 1 },
		{ "xorts", "ports", 1 },
		{ "ca", "abc", 3 }, /* optimal alignment: no letter is edited twice */
		{ "kitten", "sitting", 3 },
		{ LONG63, LONG63, 0 },
		{ LONG63, "b" LONG63, 64 }, /* 64 letters: not compared */
		{ LONG63 "aa", "a", 65 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (nearest_distance(cases[i].a, cases[i].b) != cases[i].want)
			fail_msg("%s ~ %s: %u, not %u", cases[i].a, cases[i].b,
				nearest_distance(cases[i].a, cases[i].b), cases[i].want);
		assert_int_equal(nearest_distance(cases[i].b, cases[i].a), cases[i].want);
	}
}

static void words(void **state)
{
	static const char *const keys[] = { "ports", "protocols", "remark", "billing", "tcp", "udp", "a" };
	static const struct {
		const char *word, *want;
	} cases[] = {
		{ "port", "ports" },
		{ "Protocol", "protocols" },
		{ "REMARK", "remark" },
		{ "biling", "billing" },
		{ "tpc", "tcp" },
		{ "udo", "udp" },
		{ "b", NULL }, /* every letter differs */
		{ "quota", NULL },
		{ "", NULL },
		{ LONG63 "x", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *got = nearest_word(cases[i].word, keys, sizeof keys / sizeof *keys);

		if (!got != !cases[i].want || (got && strcmp(got, cases[i].want) != 0))
			fail_msg("%s: %s, not %s", cases[i].word, got ? got : "(none)",
				cases[i].want ? cases[i].want : "(none)");
	}
	assert_null(nearest_word("ports", keys, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distances),
		cmocka_unit_test(words),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
