/* Errors: kinds, texts, and that the longest ones are cut, not run over.
 * The return value is -1 in every case, since callers return it.
 * make check-unit runs it. */
#include "util/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void sets(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(err_set(&e, ERR_CONFIG, "%d errors", 2), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_int_equal(e.errnum, 0);
	assert_string_equal(e.text, "2 errors");
	assert_int_equal(err_wrap(&e, "file %s", "a.ini"), -1);
	assert_string_equal(e.text, "file a.ini: 2 errors");
	assert_int_equal(err_wrap(&e, "reading"), -1);
	assert_string_equal(e.text, "reading: file a.ini: 2 errors");
	assert_int_equal(e.kind, ERR_CONFIG);
}

static void of_the_system(void **state)
{
	static const struct {
		enum err_kind asked;
		int errnum;
		enum err_kind want;
		const char *text;
	} cases[] = {
		{ ERR_FAIL, ENOENT, ERR_FAIL, "open x: No such file or directory" },
		{ ERR_FAIL, EPERM, ERR_PERM, "open x: Operation not permitted" },
		{ ERR_FAIL, EACCES, ERR_PERM, "open x: Permission denied" },
		{ ERR_CONFIG, EACCES, ERR_CONFIG, "open x: Permission denied" },
		{ ERR_BUSY, EAGAIN, ERR_BUSY, "open x: Resource temporarily unavailable" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = { 0 };

		assert_int_equal(err_sys(&e, cases[i].asked, cases[i].errnum, "open %s", "x"), -1);
		assert_int_equal(e.kind, cases[i].want);
		assert_int_equal(e.errnum, cases[i].errnum);
		assert_string_equal(e.text, cases[i].text);
	}
}

static void long_texts(void **state)
{
	static char many[2000];
	struct err e = { 0 };
	size_t room = sizeof e.text;

	(void)state;
	memset(many, 'x', sizeof many - 1);
	err_set(&e, ERR_FAIL, "%s", many);
	assert_int_equal(strlen(e.text), room - 1);
	err_wrap(&e, "web");
	assert_int_equal(strlen(e.text), room - 1);
	assert_memory_equal(e.text, "web: xxx", 8);
	err_wrap(&e, "%s", many);
	assert_true(strlen(e.text) < room);
	assert_int_equal(strspn(e.text, "x"), room - 3);
	err_sys(&e, ERR_FAIL, ENOENT, "%s", many);
	assert_int_equal(strlen(e.text), room - 1);
	for (size_t n = room - 40; n < room + 3; n++) {
		many[n] = '\0';
		err_sys(&e, ERR_FAIL, ENOENT, "%s", many);
		assert_true(strlen(e.text) < room);
		err_set(&e, ERR_FAIL, "cause");
		err_wrap(&e, "%s", many);
		assert_true(strlen(e.text) < room);
		many[n] = 'x';
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets),
		cmocka_unit_test(of_the_system),
		cmocka_unit_test(long_texts),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
