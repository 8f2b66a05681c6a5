/* view/findings.c: doctor's answer as text and JSON.
 * Inputs are built by hand; the JSON is held to its schema by tests/system/doctor.sh.
 * `make check-unit` runs it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "view/findings.h"

static struct findings some(struct arena *a, size_t n)
{
	static const struct finding all[] = {
		{ FINDING_OK, "fib", "there", NULL },
		{ FINDING_WARN, "device", "br\033[1m0 is \"down\"", "ip link set br0 up" },
		{ FINDING_FAIL, "access", "no", NULL },
	};
	struct findings f = { 0 };

	for (size_t i = 0; i < n; i++)
		*vec_push(a, &f.list) = all[i];
	return f;
}

static void worst(void **state)
{
	static const enum finding_level want[] = { FINDING_OK, FINDING_OK, FINDING_WARN, FINDING_FAIL };
	struct arena a = { 0 };

	(void)state;
	for (size_t n = 0; n < 4; n++) {
		struct findings f = some(&a, n);
		assert_int_equal(findings_worst(&f), want[n]);
	}
	arena_free(&a);
}

static void text(void **state)
{
	struct arena a = { 0 };
	cleanup_str struct str plain = STR_CEILING(4096), colored = STR_CEILING(4096), none = STR_CEILING(4096);
	struct findings f = some(&a, 3);

	(void)state;
	findings_text(&f, false, &plain);
	assert_string_equal(plain.p,
		"ok    fib     there\n"
		"warn  device  br?[1m0 is \"down\"\n"
		"              cure: ip link set br0 up\n"
		"fail  access  no\n"
		"1 ok, 1 warn, 1 fail\n");
	f.list.n = 1;
	findings_text(&f, true, &colored);
	assert_string_equal(colored.p, "\033[32mok\033[0m    fib  there\n1 ok, 0 warn, 0 fail\n");
	f.list.n = 0;
	findings_text(&f, false, &none);
	assert_string_equal(none.p, "0 ok, 0 warn, 0 fail\n");
	arena_free(&a);
}

static void json(void **state)
{
	struct arena a = { 0 };
	cleanup_str struct str out = STR_CEILING(4096);
	struct findings f = some(&a, 2);

	(void)state;
	findings_json(&f, &out);
	assert_string_equal(out.p,
		"{\"version\":1,\"result\":\"warn\",\"checks\":[{\"check\":\"fib\",\"level\":\"ok\",\"seen\":\"there\"},"
		"{\"check\":\"device\",\"level\":\"warn\",\"seen\":\"br\\u001b[1m0 is \\\"down\\\"\","
		"\"cure\":\"ip link set br0 up\"}]}\n");
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(worst), cmocka_unit_test(text), cmocka_unit_test(json) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("findings", tests, NULL, NULL);
}
