/* Records and what travels in them: whole, cut anywhere, damaged anywhere; requests and responses come back as they went.
 * A reader of a pipe must refuse what is too long before it has it.
 * make check-unit runs it. */
#include "model/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/record.h"

static void frames(void **state)
{
	static const struct {
		const char *bytes;
		size_t ceiling;
		long want;
	} cases[] = {
		{ "", 100, 0 },
		{ ".", 100, 0 },
		{ ".\n", 100, 2 },
		{ ".\nid:", 100, 2 },
		{ ".x", 100, -1 },
		{ "id:1:7\n.\n", 100, 9 },
		{ "id:1:7\n.", 100, 0 },
		{ "id:1:7\n", 100, 0 },
		{ "id:1:7", 100, 0 },
		{ "id:1:", 100, 0 },
		{ "id:1", 100, 0 },
		{ "id:", 100, 0 },
		{ "id", 100, 0 },
		{ "id:1:7\n.\n", 9, 9 },
		{ "id:1:7\n.\n", 8, -1 },
		{ "id:0:\n.\n", 100, 8 },
		{ "b:4:.\n.\n\n.\n", 100, 11 },
		{ "id:01:7\n.\n", 100, -1 },
		{ "id::7\n.\n", 100, -1 },
		{ "id:-1:7\n.\n", 100, -1 },
		{ "id:1:7.\n", 100, -1 },
		{ "id:2:7\n.\n", 100, -1 },
		{ ":1:7\n.\n", 100, -1 },
		{ "Id:1:7\n.\n", 100, -1 },
		{ "id 1:7\n.\n", 100, -1 },
		{ "abcdefghijklmnop:1:7\n.\n", 100, 23 },
		{ "abcdefghijklmnopq:1:7\n.\n", 100, -1 },
		{ "id:90:7", 100, 0 },
		{ "id:100:7", 100, -1 },
		{ "id:9999999:7", RECORD_MAX * 2, -1 },
		{ "id:99999999:7", RECORD_MAX * 2, -1 },
		{ "id:18446744073709551615:7", RECORD_MAX, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		long got = record_whole(cases[i].bytes, strlen(cases[i].bytes), cases[i].ceiling);

		if (got != cases[i].want)
			fail_msg("case %zu, \"%s\": %ld, wanted %ld", i, cases[i].bytes, got, cases[i].want);
	}
}

static void numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t most, want;
		bool good;
	} cases[] = {
		{ "0", 0, 0, true },
		{ "7", 7, 7, true },
		{ "8", 7, 0, false },
		{ "", 7, 0, false },
		{ "-1", 7, 0, false },
		{ "1 ", 7, 0, false },
		{ "18446744073709551615", UINT64_MAX, UINT64_MAX, true },
		{ "18446744073709551616", UINT64_MAX, 0, false },
		{ "99999999999999999999", UINT64_MAX, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct record_field f = { .bytes = cases[i].text, .len = strlen(cases[i].text) };
		uint64_t got = 0;

		if (record_to_number(&f, cases[i].most, &got) != cases[i].good || got != cases[i].want)
			fail_msg("case %zu, \"%s\"", i, cases[i].text);
	}
}

static const char *some_headers[] = { "Content-Type: application/json", "", "Subject: =?UTF-8?Q?x?=" };
static const char *some_args[] = { "/usr/local/bin/tell", "two words", "\n.\n" };

static const struct request full_request = {
	.kind = REQUEST_MAIL,
	.url = "smtp://mail.example.com:587",
	.proxy = "socks5h://127.0.0.1:1080",
	.ca_file = "/etc/ssl/own.pem",
	.headers = { some_headers, 3, 3 },
	.method = "POST",
	.body = { "a\0b\n.\n", 6 },
	.mail = { .from = "a@example.com",
		.to = "b@example.com",
		.user = "a",
		.password = "p:1:\n",
		.text = "\xe5\xb0\x8f\n",
		.html = "<p>",
		.attachment_name = "july.csv",
		.attachment_type = "text/csv",
		.attachment = { "\0\0", 2 },
		.tls_off = true },
	.argv = { some_args, 3, 3 },
};

static void same_text(const char *got, const char *want)
{
	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
}

static void same_list(const struct name_list *got, const struct name_list *want)
{
	assert_int_equal(got->n, want->n);
	for (size_t i = 0; i < want->n; i++)
		assert_string_equal(got->at[i], want->at[i]);
}

static void same_bytes(struct request_bytes got, struct request_bytes want)
{
	assert_int_equal(got.len, want.len);
	if (want.len)
		assert_memory_equal(got.p, want.p, want.len);
}

static void same_request(const struct request *got, const struct request *want)
{
	assert_int_equal(got->kind, want->kind);
	same_text(got->url, want->url);
	same_text(got->proxy, want->proxy);
	same_text(got->ca_file, want->ca_file);
	same_text(got->method, want->method);
	same_list(&got->headers, &want->headers);
	same_bytes(got->body, want->body);
	same_text(got->mail.from, want->mail.from);
	same_text(got->mail.to, want->mail.to);
	same_text(got->mail.user, want->mail.user);
	same_text(got->mail.password, want->mail.password);
	same_text(got->mail.text, want->mail.text);
	same_text(got->mail.html, want->mail.html);
	same_text(got->mail.attachment_name, want->mail.attachment_name);
	same_text(got->mail.attachment_type, want->mail.attachment_type);
	same_bytes(got->mail.attachment, want->mail.attachment);
	assert_int_equal(got->mail.tls_off, want->mail.tls_off);
	same_list(&got->argv, &want->argv);
}

static void requests(void **state)
{
	static const struct request none = { .kind = REQUEST_HTTP };
	const struct request *cases[] = { &full_request, &none };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_arena struct arena a = { 0 };
		cleanup_str struct str s = STR_CEILING(RECORD_MAX);
		struct request got;
		uint32_t id = 0;

		assert_true(request_put(&s, 4294967295U, cases[i]));
		assert_int_equal(record_whole(s.p, s.len, RECORD_MAX), s.len);
		assert_true(request_get(&a, s.p, s.len, &id, &got));
		assert_int_equal(id, 4294967295U);
		same_request(&got, cases[i]);
	}
}

static void responses(void **state)
{
	static const struct response want = { .end = RESPONSE_ANSWERED,
		.status = 429,
		.retry_after_s = 4294967295U,
		.curl_code = 23,
		.timed_out = true,
		.body_cut = true,
		.error = "HTTP 429",
		.cure = "wait",
		.body = { "{\0}", 3 } };
	cleanup_arena struct arena a = { 0 };
	cleanup_str struct str s = STR_CEILING(RECORD_MAX);
	struct response got;
	uint32_t id = 1;

	(void)state;
	assert_true(response_put(&s, 0, &want));
	assert_true(response_get(&a, s.p, s.len, &id, &got));
	assert_int_equal(id, 0);
	assert_int_equal(got.end, want.end);
	assert_int_equal(got.status, want.status);
	assert_int_equal(got.retry_after_s, want.retry_after_s);
	assert_int_equal(got.curl_code, want.curl_code);
	assert_true(got.timed_out && got.body_cut);
	assert_string_equal(got.error, want.error);
	assert_string_equal(got.cure, want.cure);
	same_bytes(got.body, want.body);
}

/* Cut at every byte it is not whole; with a byte changed it is refused or reads as something, never past its end (ASan). */
static void damaged(void **state)
{
	cleanup_str struct str s = STR_CEILING(RECORD_MAX);

	(void)state;
	assert_true(request_put(&s, 7, &full_request));
	for (size_t i = 0; i < s.len; i++) {
		cleanup_arena struct arena a = { 0 };
		char *copy = arena_alloc(&a, s.len);
		struct request got;
		uint32_t id;

		memcpy(copy, s.p, i);
		if (record_whole(copy, i, RECORD_MAX) != 0 || request_get(&a, copy, i, &id, &got))
			fail_msg("the first %zu of %zu bytes pass as whole", i, s.len);
		memcpy(copy, s.p, s.len);
		copy[i] ^= 1;
		if (record_whole(copy, s.len, RECORD_MAX) > 0)
			request_get(&a, copy, s.len, &id, &got);
	}
}

static void refused(void **state)
{
	static const char *const cases[] = {
		"kind:1:3\n.\n", /* no such kind */
		"kind:1:x\n.\n",
		"status:1:1\n.\n", /* of a response */
		"id:10:4294967296\n.\n",
		"tls_off:1:2\n.\n",
		".\n.\n",
		"method:4:POST\n",
	};
	cleanup_arena struct arena a = { 0 };
	struct request got;
	uint32_t id;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (request_get(&a, cases[i], strlen(cases[i]), &id, &got))
			fail_msg("case %zu passes", i);
	assert_false(request_get(&a, "url:3:a\0b\n.\n", 12, &id, &got));
}

static void ceilings(void **state)
{
	cleanup_arena struct arena a = { 0 };
	cleanup_str struct str s = STR_CEILING(RECORD_MAX * 2), small = STR_CEILING(100);
	struct request q = { .body = { arena_alloc(&a, RECORD_MAX), RECORD_MAX } };

	(void)state;
	assert_false(request_put(&s, 1, &q));
	q.body.len = 200;
	assert_false(request_put(&small, 1, &q));
}

static void good(void **state)
{
	static const struct {
		enum request_kind kind;
		enum response_end end;
		uint32_t status;
		bool want;
	} cases[] = {
		{ REQUEST_HTTP, RESPONSE_ANSWERED, 200, true },
		{ REQUEST_HTTP, RESPONSE_ANSWERED, 204, true },
		{ REQUEST_HTTP, RESPONSE_ANSWERED, 199, false },
		{ REQUEST_HTTP, RESPONSE_ANSWERED, 302, false },
		{ REQUEST_HTTP, RESPONSE_UNSURE, 200, false },
		{ REQUEST_MAIL, RESPONSE_ANSWERED, 250, true },
		{ REQUEST_MAIL, RESPONSE_ANSWERED, 451, false },
		{ REQUEST_EXEC, RESPONSE_ANSWERED, 0, true },
		{ REQUEST_EXEC, RESPONSE_ANSWERED, 250, false },
		{ REQUEST_EXEC, RESPONSE_NOT_RUN, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct request q = { .kind = cases[i].kind };
		struct response r = { .end = cases[i].end, .status = cases[i].status };

		if (response_good(&q, &r) != cases[i].want)
			fail_msg("case %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames),
		cmocka_unit_test(numbers),
		cmocka_unit_test(requests),
		cmocka_unit_test(responses),
		cmocka_unit_test(damaged),
		cmocka_unit_test(refused),
		cmocka_unit_test(ceilings),
		cmocka_unit_test(good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
