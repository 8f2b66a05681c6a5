/* notify/: what each service is asked, and what its answers mean.
 * Bodies are read back by jansson; real servers judge them in tests/system/.
 * `make check-unit` runs it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "notify/notifier.h"

static const struct notice blocked = {
	.kind = "quota_blocked",
	.text = "the quota of 100 GB is used up",
	.time = 1796040000,
	.subject = "web",
	.section = "port",
	.covers = "80",
	.remark = "\"></b><script>\r\nBcc: x@example.com & 小艾",
	.zone = "UTC",
	.used = 80000000000,
	.limit = 100000000000,
};

struct fixture {
	struct arena a;
	struct message m;
	struct letter l;
	struct request q;
};

static void build(struct fixture *f, const struct target *t, const char *recipient, size_t events)
{
	const struct notice **list = arena_array(&f->a, events, sizeof *list);

	for (size_t i = 0; i < events; i++)
		list[i] = &blocked;
	message_of(&f->a, LANG_EN, "hk1", list, events, &f->m);
	f->l = (struct letter){ .message = &f->m, .recipient = recipient, .key = "k-17", .time = 1796040007 };
	notifier_of(t->type)->build(&f->a, t, &f->l, &f->q);
}

static json_t *body(const struct fixture *f)
{
	json_error_t e;
	json_t *j = json_loadb(f->q.body.p, f->q.body.len, JSON_REJECT_DUPLICATES, &e);

	if (!j)
		fail_msg("%s at %d", e.text, e.position);
	return j;
}

static bool has_header(const struct request *q, const char *line)
{
	for (size_t i = 0; i < q->headers.n; i++)
		if (strcmp(q->headers.at[i], line) == 0)
			return true;
	return false;
}

/* UTF-16 units after the entities are parsed, as Telegram counts them. */
static size_t shown(const char *text)
{
	size_t units = 0;

	while (*text) {
		if (*text == '<') {
			text = strchr(text, '>') + 1;
		} else if (*text == '&') {
			text = strchr(text, ';') + 1;
			units++;
		} else {
			size_t plain = strcspn(text, "<&");

			units += message_units(text, plain);
			text += plain;
		}
	}
	return units;
}

static void telegram(void **state)
{
	static const struct target t = { .type = TARGET_telegram,
		.token = { SECRET_TEXT, "123:abc", "123:abc" },
		.chat_id = "42",
		.proxy = "socks5h://127.0.0.1:1080",
		.ca_file = "/etc/ca.pem" };
	struct fixture f = { 0 };
	const char *text;
	json_t *j;

	(void)state;
	build(&f, &t, "", 1);
	assert_int_equal(f.q.kind, REQUEST_HTTP);
	assert_string_equal(f.q.url, "https://api.telegram.org/bot123:abc/sendMessage");
	assert_string_equal(f.q.method, "POST");
	assert_string_equal(f.q.proxy, t.proxy);
	assert_string_equal(f.q.ca_file, t.ca_file);
	assert_true(has_header(&f.q, "Content-Type: application/json"));
	j = body(&f);
	assert_string_equal(json_string_value(json_object_get(j, "chat_id")), "42");
	assert_string_equal(json_string_value(json_object_get(j, "parse_mode")), "HTML");
	text = json_string_value(json_object_get(j, "text"));
	assert_non_null(strstr(text, "<b>web: quota used up: blocked</b>"));
	assert_non_null(strstr(text, "&quot;&gt;&lt;/b&gt;&lt;script&gt;"));
	assert_null(strstr(text, "\r"));
	assert_null(strstr(text, "\nBcc"));
	json_decref(j);
	build(&f, &t, "-1007", 300);
	j = body(&f);
	assert_string_equal(json_string_value(json_object_get(j, "chat_id")), "-1007");
	assert_in_range(shown(json_string_value(json_object_get(j, "text"))), 3500, 4096);
	json_decref(j);
	arena_free(&f.a);
}

static void webhook(void **state)
{
	struct target t = { .type = TARGET_webhook, .url = { SECRET_TEXT, "https://h/x", "https://h/x" } };
	struct fixture f = { 0 };
	const char *signature = NULL;
	json_t *j, *event;

	(void)state;
	build(&f, &t, "", 2);
	assert_string_equal(f.q.url, "https://h/x");
	assert_true(has_header(&f.q, "Idempotency-Key: k-17"));
	assert_int_equal(f.q.headers.n, 2);
	j = body(&f);
	assert_int_equal(json_integer_value(json_object_get(j, "version")), 1);
	assert_string_equal(json_string_value(json_object_get(j, "id")), "k-17");
	assert_true(json_is_null(json_object_get(j, "recipient")));
	assert_int_equal(json_array_size(json_object_get(j, "events")), 2);
	event = json_array_get(json_object_get(j, "events"), 0);
	assert_string_equal(json_string_value(json_object_get(event, "name")), "web");
	assert_true(json_integer_value(json_object_get(json_object_get(event, "quota"), "used")) == 80000000000);
	json_decref(j);
	t.secret = (struct secret){ SECRET_TEXT, "key", "key" };
	build(&f, &t, "", 1);
	for (size_t i = 0; i < f.q.headers.n; i++)
		if (strncmp(f.q.headers.at[i], "X-Portflow-Signature: sha256=", 29) == 0)
			signature = f.q.headers.at[i] + 29;
	assert_non_null(signature);
	assert_int_equal(strlen(signature), 64);
	arena_free(&f.a);
}

static void exec(void **state)
{
	struct fixture f = { 0 };
	struct target t = { .type = TARGET_exec };
	json_t *j;

	(void)state;
	*vec_push(&f.a, &t.command) = "/usr/local/bin/tell";
	build(&f, &t, "", 1);
	assert_int_equal(f.q.kind, REQUEST_EXEC);
	assert_int_equal(f.q.argv.n, 1);
	j = body(&f);
	assert_string_equal(json_string_value(json_object_get(j, "node")), "hk1");
	json_decref(j);
	arena_free(&f.a);
}

static void email(void **state)
{
	struct fixture f = { 0 };
	struct target t = { .type = TARGET_email,
		.url = { SECRET_NONE, NULL, "smtp://mail:587" },
		.from = "portflow@example.com",
		.user = "u",
		.password = { SECRET_TEXT, "p", "p" } };

	(void)state;
	build(&f, &t, "alice@example.com", 1);
	assert_int_equal(f.q.kind, REQUEST_MAIL);
	assert_string_equal(f.q.mail.to, "alice@example.com");
	assert_string_equal(f.q.mail.password, "p");
	assert_false(f.q.mail.tls_off);
	assert_true(has_header(&f.q, "From: portflow@example.com"));
	assert_true(has_header(&f.q, "To: alice@example.com"));
	assert_true(has_header(&f.q, "Date: Mon, 30 Nov 2026 12:00:07 +0000"));
	assert_true(has_header(&f.q, "Message-ID: <k-17@example.com>"));
	for (size_t i = 0; i < f.q.headers.n; i++)
		assert_null(strstr(f.q.headers.at[i], "\nBcc"));
	assert_null(strstr(f.q.mail.html, "<script>"));
	assert_non_null(strstr(f.q.mail.html, "<td width=\"160\" height=\"10\" bgcolor=\"#0072b2\">"));
	assert_null(strstr(f.q.mail.text, "\nBcc"));
	*vec_push(&f.a, &t.to) = "ops@example.com";
	build(&f, &t, "", 1);
	assert_string_equal(f.q.mail.to, "ops@example.com");
	arena_free(&f.a);
}

/* -- answers --------------------------------------------------------------------------------------------------------- */

static void answers(void **state)
{
	static const struct {
		const char *name;
		enum target_type type;
		enum response_end end;
		uint32_t status, retry_after;
		const char *body;
		enum outcome_kind kind;
		uint32_t after;
		const char *why;
	} cases[] = {
		{ "http 204", TARGET_webhook, RESPONSE_ANSWERED, 204, 0, "", OUTCOME_DONE, 0, "" },
		{ "http 302", TARGET_webhook, RESPONSE_ANSWERED, 302, 0, "", OUTCOME_NEVER, 0, "302" },
		{ "http 400", TARGET_webhook, RESPONSE_ANSWERED, 400, 0, "", OUTCOME_NEVER, 0, "400" },
		{ "http 408", TARGET_webhook, RESPONSE_ANSWERED, 408, 0, "", OUTCOME_LATER, 0, "408" },
		{ "http 429", TARGET_webhook, RESPONSE_ANSWERED, 429, 7, "", OUTCOME_LATER, 7, "429" },
		{ "http 500", TARGET_webhook, RESPONSE_ANSWERED, 500, 0, "", OUTCOME_LATER, 0, "500" },
		{ "no connection", TARGET_webhook, RESPONSE_NOT_SENT, 0, 0, "", OUTCOME_LATER, 0, "no answer" },
		{ "no answer", TARGET_webhook, RESPONSE_UNSURE, 0, 0, "", OUTCOME_LATER, 0, "no answer" },
		{ "no url", TARGET_webhook, RESPONSE_IMPOSSIBLE, 0, 0, "", OUTCOME_NEVER, 0, "no answer" },
		{ "smtp 250", TARGET_email, RESPONSE_ANSWERED, 250, 0, "", OUTCOME_DONE, 0, "" },
		{ "smtp 451", TARGET_email, RESPONSE_ANSWERED, 451, 0, "", OUTCOME_LATER, 0, "451" },
		{ "smtp 550", TARGET_email, RESPONSE_ANSWERED, 550, 0, "", OUTCOME_NEVER, 0, "550" },
		{ "exec 0", TARGET_exec, RESPONSE_ANSWERED, 0, 0, "", OUTCOME_DONE, 0, "" },
		{ "exec 1", TARGET_exec, RESPONSE_ANSWERED, 1, 0, "", OUTCOME_NEVER, 0, "1" },
		{ "exec 75", TARGET_exec, RESPONSE_ANSWERED, 75, 0, "", OUTCOME_LATER, 0, "75" },
		{ "telegram taken", TARGET_telegram, RESPONSE_ANSWERED, 200, 0, "{\"ok\":true,\"result\":{}}",
			OUTCOME_DONE, 0, "" },
		{ "telegram 429", TARGET_telegram, RESPONSE_ANSWERED, 429, 0,
			"{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests: retry after 35\","
			"\"parameters\":{\"retry_after\":35}}",
			OUTCOME_LATER, 35, "429 Too Many Requests: retry after 35" },
		{ "telegram 401", TARGET_telegram, RESPONSE_ANSWERED, 401, 0,
			"{\"ok\":false,\"error_code\":401,\"description\":\"Unauthorized\"}", OUTCOME_NEVER, 0,
			"401 Unauthorized" },
		{ "telegram moved", TARGET_telegram, RESPONSE_ANSWERED, 400, 0,
			"{\"ok\":false,\"description\":\"group chat was upgraded to a supergroup chat\","
			"\"parameters\":{\"migrate_to_chat_id\":-1001234567890}}",
			OUTCOME_NEVER, 0, "write chat_id = -1001234567890" },
		{ "a portal's page instead of telegram", TARGET_telegram, RESPONSE_ANSWERED, 200, 0, "<html>",
			OUTCOME_LATER, 0, "not Telegram's" },
		{ "telegram says no", TARGET_telegram, RESPONSE_ANSWERED, 200, 0, "{\"ok\":false}", OUTCOME_LATER, 0,
			"" },
		{ "telegram 502, no JSON", TARGET_telegram, RESPONSE_ANSWERED, 502, 0, "<html>", OUTCOME_LATER, 0,
			"502" },
		{ "telegram, absurd wait", TARGET_telegram, RESPONSE_ANSWERED, 429, 0,
			"{\"ok\":false,\"parameters\":{\"retry_after\":99999999999}}", OUTCOME_LATER, UINT32_MAX,
			"429" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		static const enum request_kind kinds[TARGET_TYPES] = {
			[TARGET_email] = REQUEST_MAIL, [TARGET_exec] = REQUEST_EXEC
		};
		struct arena a = { 0 };
		const struct request q = { .kind = kinds[cases[i].type] };
		const struct response r = { .end = cases[i].end,
			.status = cases[i].status,
			.retry_after_s = cases[i].retry_after,
			.body = { cases[i].body, strlen(cases[i].body) } };
		struct outcome o = outcome_of(&a, cases[i].type, &q, &r);

		if (o.kind != cases[i].kind || o.after_s != cases[i].after || !strstr(o.why, cases[i].why))
			fail_msg("%s: %d, after %u s, \"%s\"", cases[i].name, o.kind, o.after_s, o.why);
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(telegram),
		cmocka_unit_test(webhook),
		cmocka_unit_test(exec),
		cmocka_unit_test(email),
		cmocka_unit_test(answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
