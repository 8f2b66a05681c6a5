/* The growing text: what is written is there, the ceiling holds on the byte, a write is whole or absent.
 * Growth is tried over several doublings.
 * make check-unit runs it. */
#include "util/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void writes(void **state)
{
	cleanup_str struct str s = STR_CEILING(100);

	(void)state;
	assert_null(s.p);
	str_puts(&s, "");
	str_puts(&s, "web");
	str_putc(&s, ' ');
	str_put(&s, "a\0b", 3);
	str_fill(&s, '-', 0);
	str_fill(&s, '-', 3);
	str_putf(&s, "%d:%s", 80, "x");
	assert_int_equal(s.len, 14);
	assert_memory_equal(s.p, "web a\0b---80:x", 15); /* the NUL behind it too */
	assert_false(s.full);
	str_free(&s);
	assert_null(s.p);
	assert_int_equal(s.len, 0);
	assert_int_equal(s.ceiling, 100);
	str_puts(&s, "again");
	assert_string_equal(s.p, "again");
}

static void write_by(int how, struct str *s, size_t n)
{
	static const char text[] = "xxxxxxxxxxxxxxxxxxxx";

	if (how == 0)
		str_put(s, text, n);
	else if (how == 1)
		str_fill(s, 'x', n);
	else
		str_putf(s, "%.*s", (int)n, text);
}

static void ceilings(void **state)
{
	static const struct {
		size_t ceiling, first, second, want;
		bool full;
	} cases[] = {
		{ 10, 4, 6, 10, false },
		{ 10, 4, 7, 4, true },
		{ 10, 10, 0, 10, false },
		{ 10, 10, 1, 10, true },
		{ 10, 11, 0, 0, true },
		{ 0, 0, 0, 0, false },
		{ 0, 1, 0, 0, true },
		{ 1, 1, 1, 1, true },
	};

	(void)state;
	for (int how = 0; how < 3; how++)
		for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
			cleanup_str struct str s = STR_CEILING(cases[i].ceiling);

			write_by(how, &s, cases[i].first);
			write_by(how, &s, cases[i].second);
			if (s.len != cases[i].want || s.full != cases[i].full)
				fail_msg("way %d, case %zu: %zu bytes%s", how, i, s.len, s.full ? ", full" : "");
			assert_true(!s.len || strlen(s.p) == s.len);
		}
}

/* Once full, nothing more goes in, however short: a text with a hole would be worse than one that ends. */
static void full_stays_full(void **state)
{
	cleanup_str struct str s = STR_CEILING(5);

	(void)state;
	str_puts(&s, "abc");
	str_puts(&s, "defg");
	str_putc(&s, 'h');
	str_fill(&s, 'i', 1);
	str_putf(&s, "j");
	assert_true(s.full);
	assert_string_equal(s.p, "abc");
}

static void absurd_sizes(void **state)
{
	cleanup_str struct str s = STR_CEILING(SIZE_MAX);

	(void)state;
	s.ceiling = 1000;
	str_puts(&s, "abc");
	str_fill(&s, 'x', SIZE_MAX);
	assert_true(s.full);
	assert_string_equal(s.p, "abc");
}

static void grows(void **state)
{
	cleanup_str struct str s = STR_CEILING(1 << 20);
	size_t want = 0;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		str_putf(&s, "%d,", i);
		str_fill(&s, 'z', (size_t)i % 50);
		want += (size_t)(i < 10 ? 2 : i < 100 ? 3 : i < 1000 ? 4 : 5) + (size_t)i % 50;
		assert_int_equal(s.len, want);
	}
	assert_int_equal(strlen(s.p), want);
	assert_memory_equal(s.p, "0,1,z2,zz3,zzz", 14);
	assert_false(s.full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes),
		cmocka_unit_test(ceilings),
		cmocka_unit_test(full_stays_full),
		cmocka_unit_test(absurd_sizes),
		cmocka_unit_test(grows),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
