/* The JSON writer, read back by another program's reader (jansson): the text is the same, the numbers are exact.
 * A reader of our own would share our mistakes.
 * make check-unit runs it. */
#include "view/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#define BAD "\xef\xbf\xbd"

static void text(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *json; /* as written */
	} cases[] = {
		{ "", 0, "\"\"" },
		{ "web", 3, "\"web\"" },
		{ "a\"b\\c/d", 7, "\"a\\\"b\\\\c/d\"" },
		{ "\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"" },
		{ "\x01\x1f\x7f", 3, "\"\\u0001\\u001f\\u007f\"" },
		{ "a\0b", 3, "\"a\\u0000b\"" },
		{ "\xe7\xbd\x91\xf0\x9f\x98\x80", 7, "\"\xe7\xbd\x91\xf0\x9f\x98\x80\"" },
		{ "x\xff\xfey", 4, "\"x" BAD BAD "y\"" },
		{ "\xed\xa0\x80", 3, "\"" BAD BAD BAD "\"" },
		{ "\xc0\xaf", 2, "\"" BAD BAD "\"" },
		{ "\xe7\xbd", 2, "\"" BAD "\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_str struct str out = STR_CEILING(1024);
		struct json j = JSON_INTO(&out);
		json_t *back;

		json_put_bytes(&j, cases[i].bytes, cases[i].len);
		if (strcmp(out.p, cases[i].json) != 0)
			fail_msg("case %zu: %s instead of %s", i, out.p, cases[i].json);
		back = json_loadb(out.p, out.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		if (!back)
			fail_msg("case %zu: jansson does not read %s", i, out.p);
		if (!strstr(out.p, BAD)) {
			assert_int_equal(json_string_length(back), cases[i].len);
			assert_memory_equal(json_string_value(back), cases[i].bytes, cases[i].len);
		}
		json_decref(back);
	}
}

static void commas(void **state)
{
	cleanup_str struct str out = STR_CEILING(1024);
	struct json j = JSON_INTO(&out);

	(void)state;
	json_open_object(&j);
	json_key(&j, "empty");
	json_open_array(&j);
	json_close_array(&j);
	json_key(&j, "list");
	json_open_array(&j);
	json_put_u64(&j, 1);
	json_open_object(&j);
	json_close_object(&j);
	json_put_null(&j);
	json_put_bool(&j, true);
	json_open_array(&j);
	json_put_text(&j, "x");
	json_close_array(&j);
	json_close_array(&j);
	json_key(&j, "none");
	json_put_text_or_null(&j, NULL);
	json_key(&j, "a\nkey");
	json_put_bool(&j, false);
	json_close_object(&j);
	json_end(&j);
	assert_string_equal(
		out.p, "{\"empty\":[],\"list\":[1,{},null,true,[\"x\"]],\"none\":null,\"a\\nkey\":false}\n");
}

static void numbers(void **state)
{
	static const uint64_t values[] = { 0, 1, 9007199254740993ULL, INT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		cleanup_str struct str out = STR_CEILING(1024);
		struct json j = JSON_INTO(&out);
		json_t *back;

		json_put_u64(&j, values[i]);
		back = json_loadb(out.p, out.len, JSON_DECODE_ANY, NULL);
		assert_non_null(back);
		assert_true(json_is_integer(back));
		assert_int_equal((uint64_t)json_integer_value(back), values[i]);
		json_decref(back);
	}
}

static void moments(void **state)
{
	cleanup_str struct str out = STR_CEILING(1024);
	struct json j = JSON_INTO(&out);

	(void)state;
	json_open_array(&j);
	json_put_time(&j, "Asia/Shanghai", 1795572000);
	json_put_time(&j, "UTC", 0);
	json_close_array(&j);
	assert_string_equal(out.p, "[\"2026-11-25T10:00:00+08:00\",\"1970-01-01T00:00:00+00:00\"]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(commas),
		cmocka_unit_test(numbers),
		cmocka_unit_test(moments),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
