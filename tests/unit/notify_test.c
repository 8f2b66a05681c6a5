/* notify/: what each service is asked, and what its answers mean.
 * Bodies are read back by jansson; real servers judge them in tests/system/.
 * `make check-unit` runs it. */
#include "notify_help.h"

static bool has_header(const struct request *q, const char *line)
{
	for (size_t i = 0; i < q->headers.n; i++)
		if (strcmp(q->headers.at[i], line) == 0)
			return true;
	return false;
}

static void telegram(void **state)
{
	static const struct target t = { .type = TARGET_telegram,
		.token = { .from = SECRET_TEXT, .text = "123:abc", .value = "123:abc" },
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
	assert_non_null(strstr(text, "<b>[hk1] web: quota used up: blocked</b>"));
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
	struct target t = { .type = TARGET_webhook,
		.url = { .from = SECRET_TEXT, .text = "https://h/x", .value = "https://h/x" } };
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
	t.secret = (struct secret){ .from = SECRET_TEXT, .text = "key", .value = "key" };
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
		.url = { .from = SECRET_NONE, .text = NULL, .value = "smtp://mail:587" },
		.from = "portflow@example.com",
		.user = "u",
		.password = { .from = SECRET_TEXT, .text = "p", .value = "p" } };

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

/* -- the others: a JSON of the form that each service publishes ------------------------------------------------------- */

static void services(void **state)
{
	static const struct {
		enum target_type type;
		const char *url, *token, *room, *recipient, *want_url, *header, *text; /* text: where in the JSON */
	} cases[] = {
		{ TARGET_wecom, "https://q/send?key=k", NULL, NULL, "", "https://q/send?key=k", NULL, "text/content" },
		{ TARGET_bark, "https://api.day.app/k", NULL, NULL, "", "https://api.day.app/k", NULL, "body" },
		{ TARGET_ntfy, "https://ntfy.sh/topic/", "tk", NULL, "", "https://ntfy.sh/", "Authorization: Bearer tk",
			"message" },
		{ TARGET_discord, "https://d/w/1/t", NULL, NULL, "", "https://d/w/1/t", NULL, "content" },
		{ TARGET_feishu, "https://f/h", NULL, NULL, "", "https://f/h", NULL, "content/text" },
		{ TARGET_dingtalk, "https://o/send?access_token=k", NULL, NULL, "", "https://o/send?access_token=k",
			NULL, "text/content" },
		{ TARGET_gotify, "https://g/", "tk", NULL, "", "https://g/message", "X-Gotify-Key: tk", "message" },
		{ TARGET_slack, "https://s/T/B/k", NULL, NULL, "", "https://s/T/B/k", NULL, "text" },
		{ TARGET_matrix, "https://m", "tk", "!r:m", "",
			"https://m/_matrix/client/v3/rooms/%21r%3Am/send/m.room.message/k-17",
			"Authorization: Bearer tk", "body" },
		{ TARGET_matrix, "https://m", "tk", "!r:m", "!a/b:m",
			"https://m/_matrix/client/v3/rooms/%21a%2Fb%3Am/send/m.room.message/k-17", NULL,
			"formatted_body" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fixture f = { 0 };
		struct target t = { .type = cases[i].type,
			.url = { .from = SECRET_TEXT, .value = cases[i].url },
			.token = { .from = SECRET_TEXT, .value = cases[i].token },
			.room = cases[i].room };
		const char *text;
		json_t *j;

		for (size_t events = 1; events < 400; events += 199) {
			build(&f, &t, cases[i].recipient, events);
			assert_string_equal(f.q.url, cases[i].want_url);
			assert_true(has_header(&f.q, "Content-Type: application/json"));
			assert_true(!cases[i].header || has_header(&f.q, cases[i].header));
			j = body(&f);
			text = text_at(j, cases[i].text);
			if (!text || !strstr(text, "quota of 100 GB") || strchr(text, '\r') || strstr(text, "\nBcc"))
				fail_msg("%s: %s", target_word(t.type), text ? text : "no text");
			assert_true(events == 1 || strstr(text, "and more"));
			json_decref(j);
		}
		arena_free(&f.a);
	}
}

/* Two entries of 31 days: whoever takes too little for the days gets the sums. */
static void statements(void **state)
{
	static const enum target_type types[] = { TARGET_telegram, TARGET_wecom, TARGET_bark, TARGET_ntfy,
		TARGET_discord };
	static const char *const path[] = { "text", "text/content", "body", "message", "content" };
	static const struct notice n = { .kind = NOTICE_STATEMENT, .subject = "2027-01", .remark = "" };

	(void)state;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		for (size_t entries = 1; entries <= 2; entries++) {
			struct fixture f = { 0 };
			struct statement_figures figures = { 0 };
			struct target t = { .type = types[i], .url = { .value = "https://h/x" } };
			const char *text;
			json_t *j;

			for (size_t e = 0; e < entries; e++) {
				struct statement_entry *entry = vec_push(&f.a, &figures.entries);

				*entry = (struct statement_entry){
					.name = e ? "game" : "web", .covers = "80", .remark = "", .part = ""
				};
				for (int d = 1; d <= 31; d++)
					*vec_push(&f.a, &entry->days) = (struct message_day){
						arena_printf(&f.a, "2027-01-%02d", d), d, { 1000, 2000 }
					};
			}
			statement_of(&f.a, LANG_EN, "hk1", &n, &figures, true, &f.m);
			f.l = (struct letter){ .message = &f.m, .recipient = "", .key = "k" };
			notifier_of(t.type)->build(&f.a, &t, &f.l, &f.q);
			j = body(&f);
			text = text_at(j, path[i]);
			for (size_t e = 0; e < entries; e++)
				if (!strstr(text, e ? "game" : "web") || !strstr(text, "31.0 kB"))
					fail_msg("%s, %zu: %s", target_word(t.type), entries, text);
			assert_true(!!strstr(text, "2027-01-31") != !!strstr(text, "portflow report"));
			json_decref(j);
			arena_free(&f.a);
		}
}

/* What a remark cannot do: mention everybody, be bold, be a link, be a tag. */
static void escapes(void **state)
{
	static const struct {
		enum target_type type;
		const char *path, *want, *never;
	} cases[] = {
		{ TARGET_discord, "content", "\\*\\*b\\*\\* \\<\\@&7\\>", "**b**" },
		{ TARGET_slack, "text", "&lt;!channel&gt; &amp;amp;", "<!" },
		{ TARGET_feishu, "content/text",
			"<\xe2\x81\xa0"
			"at user_id",
			"<at" },
		{ TARGET_matrix, "formatted_body", "&lt;at user_id=&quot;all&quot;&gt;", "<at" },
	};
	struct notice n = blocked;

	(void)state;
	n.remark = "**b** <@&7> <!channel> &amp; <at user_id=\"all\">";
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct notice *list[] = { &n };
		struct target t = { .type = cases[i].type, .url = { .value = "https://h/x" } };
		struct fixture f = { 0 };
		const char *text;
		json_t *j;

		message_of(&f.a, LANG_EN, "hk1", list, 1, &f.m);
		f.l = (struct letter){ .message = &f.m, .recipient = "", .key = "k" };
		notifier_of(t.type)->build(&f.a, &t, &f.l, &f.q);
		j = body(&f);
		text = text_at(j, cases[i].path);
		if (!strstr(text, cases[i].want) || strstr(text, cases[i].never))
			fail_msg("%s: %s", target_word(t.type), text);
		json_decref(j);
		arena_free(&f.a);
	}
}

/* By openssl: printf '%s' TEXT | openssl dgst -sha256 -hmac KEY -binary | base64 */
static void signatures(void **state)
{
	struct fixture f = { 0 };
	struct target t = {
		.type = TARGET_dingtalk, .url = { .value = "https://o/s?a=1" }, .secret = { .value = "SECabc" }
	};
	const struct notice *list[] = { &blocked };
	json_t *j;

	(void)state;
	message_of(&f.a, LANG_EN, "hk1", list, 1, &f.m);
	f.l = (struct letter){ .message = &f.m, .recipient = "", .key = "k", .time = 1, .now = 1796040000 };
	notifier_of(t.type)->build(&f.a, &t, &f.l, &f.q);
	assert_string_equal(f.q.url,
		"https://o/s?a=1&timestamp=1796040000000&sign=B7YYoT7jBSEbQrjA9myKR%2Felr0SqFE0lzYh3qPMJoww%3D");
	t.type = TARGET_feishu;
	notifier_of(t.type)->build(&f.a, &t, &f.l, &f.q);
	j = body(&f);
	assert_string_equal(text_at(j, "timestamp"), "1796040000");
	assert_string_equal(text_at(j, "sign"), "YpccmK+amgiU/h1nSkZwVAz/XwKOMqlxTjIilcEAjdk=");
	json_decref(j);
	arena_free(&f.a);
}

/* -- answers --------------------------------------------------------------------------------------------------------- */

/* Of what came back with 200 only a part arrived, or nothing: trying again would double the message. A page in the way is none. */
static void cut_answers(void **state)
{
	static const enum target_type types[] = { TARGET_ntfy, TARGET_gotify, TARGET_matrix, TARGET_slack, TARGET_wecom,
		TARGET_telegram };
	static const char *const bodies[] = { "", "{\"id\":\"a", "<html>" };

	(void)state;
	for (size_t i = 0; i < sizeof types / sizeof *types * 3; i++) {
		struct arena a = { 0 };
		const char *body = bodies[i % 3];
		const struct request q = { .kind = REQUEST_HTTP };
		const struct response r = {
			.end = RESPONSE_ANSWERED, .status = 200, .body_cut = true, .body = { body, strlen(body) }
		};
		const struct outcome o = outcome_of(&a, types[i / 3], &q, &r);

		if (o.kind != (*body == '<' ? OUTCOME_LATER : OUTCOME_DONE))
			fail_msg("%s: \"%s\": %d", notifier_word(types[i / 3]), body, (int)o.kind);
		arena_free(&a);
	}
}

/* What broke into portflow-net chooses its words. */
static void words_of_an_intruder(void **state)
{
	struct arena a = { 0 };
	const struct request q = { .kind = REQUEST_HTTP };
	const struct response r = { .end = RESPONSE_NOT_SENT, .error = "a\033[2J\nportflow: b", .cure = "\033[2Jc" };
	const struct outcome o = outcome_of(&a, TARGET_webhook, &q, &r);

	(void)state;
	assert_int_equal(o.kind, OUTCOME_LATER);
	assert_null(strpbrk(o.why, "\n\r\033"));
	assert_non_null(strstr(o.why, "portflow: b; "));
	arena_free(&a);
}

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
		{ "http 302", TARGET_webhook, RESPONSE_ANSWERED, 302, 0, "", OUTCOME_LATER, 0, "302" },
		{ "http 400", TARGET_webhook, RESPONSE_ANSWERED, 400, 0, "", OUTCOME_NEVER, 0, "400" },
		{ "http 408", TARGET_webhook, RESPONSE_ANSWERED, 408, 0, "", OUTCOME_LATER, 0, "408" },
		{ "http 429", TARGET_webhook, RESPONSE_ANSWERED, 429, 7, "", OUTCOME_LATER, 7, "429" },
		{ "http 500", TARGET_webhook, RESPONSE_ANSWERED, 500, 0, "", OUTCOME_LATER, 0, "500" },
		{ "no connection", TARGET_webhook, RESPONSE_NOT_SENT, 0, 0, "", OUTCOME_LATER, 0, "no answer" },
		{ "no answer", TARGET_webhook, RESPONSE_UNSURE, 0, 0, "", OUTCOME_LATER, 0, "no answer" },
		{ "no url", TARGET_webhook, RESPONSE_IMPOSSIBLE, 0, 0, "", OUTCOME_LATER, 0, "no answer" },
		{ "smtp 250", TARGET_email, RESPONSE_ANSWERED, 250, 0, "", OUTCOME_DONE, 0, "" },
		{ "smtp 451", TARGET_email, RESPONSE_ANSWERED, 451, 0, "", OUTCOME_LATER, 0, "451" },
		{ "smtp, a wrong password", TARGET_email, RESPONSE_ANSWERED, 535, 0, "", OUTCOME_LATER, 3600, "535" },
		{ "smtp, no login where one is wanted", TARGET_email, RESPONSE_ANSWERED, 530, 0, "", OUTCOME_LATER,
			3600, "530" },
		{ "http 407", TARGET_webhook, RESPONSE_ANSWERED, 407, 0, "", OUTCOME_LATER, 3600, "407" },
		{ "smtp 550", TARGET_email, RESPONSE_ANSWERED, 550, 0, "", OUTCOME_NEVER, 0, "550" },
		{ "exec 0", TARGET_exec, RESPONSE_ANSWERED, 0, 0, "", OUTCOME_DONE, 0, "" },
		{ "exec 7", TARGET_exec, RESPONSE_ANSWERED, 7, 0, "", OUTCOME_LATER, 0, "7" },
		{ "exec 64", TARGET_exec, RESPONSE_ANSWERED, 64, 0, "", OUTCOME_NEVER, 0, "64" },
		{ "exec 75", TARGET_exec, RESPONSE_ANSWERED, 75, 0, "", OUTCOME_LATER, 0, "75" },
		{ "telegram taken", TARGET_telegram, RESPONSE_ANSWERED, 200, 0, "{\"ok\":true,\"result\":{}}",
			OUTCOME_DONE, 0, "" },
		{ "telegram 429", TARGET_telegram, RESPONSE_ANSWERED, 429, 0,
			"{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests: retry after 35\","
			"\"parameters\":{\"retry_after\":35}}",
			OUTCOME_LATER, 35, "429 Too Many Requests: retry after 35" },
		{ "telegram 401", TARGET_telegram, RESPONSE_ANSWERED, 401, 0,
			"{\"ok\":false,\"error_code\":401,\"description\":\"Unauthorized\"}", OUTCOME_LATER, 3600,
			"401 Unauthorized" },
		{ "telegram, a token that is none", TARGET_telegram, RESPONSE_ANSWERED, 404, 0,
			"{\"ok\":false,\"error_code\":404,\"description\":\"Not Found\"}", OUTCOME_LATER, 0,
			"404 Not Found" },
		{ "telegram, blocked by its user", TARGET_telegram, RESPONSE_ANSWERED, 403, 0,
			"{\"ok\":false,\"error_code\":403,\"description\":\"Forbidden: bot was blocked by the user\"}",
			OUTCOME_NEVER, 0, "403 Forbidden" },
		{ "telegram moved", TARGET_telegram, RESPONSE_ANSWERED, 400, 0,
			"{\"ok\":false,\"description\":\"group chat was upgraded to a supergroup chat\","
			"\"parameters\":{\"migrate_to_chat_id\":-1001234567890}}",
			OUTCOME_NEVER, 0, "write chat_id = -1001234567890" },
		{ "a portal's page instead of telegram", TARGET_telegram, RESPONSE_ANSWERED, 200, 0, "<html>",
			OUTCOME_LATER, 0, "not as the service does" },
		{ "telegram says no", TARGET_telegram, RESPONSE_ANSWERED, 200, 0, "{\"ok\":false}", OUTCOME_LATER, 0,
			"" },
		{ "wecom taken", TARGET_wecom, RESPONSE_ANSWERED, 200, 0, "{\"errcode\":0,\"errmsg\":\"ok\"}",
			OUTCOME_DONE, 0, "" },
		{ "wecom too fast", TARGET_wecom, RESPONSE_ANSWERED, 200, 0,
			"{\"errcode\":45009,\"errmsg\":\"api freq\"}", OUTCOME_LATER, 0, "45009 api freq" },
		{ "wecom no key", TARGET_wecom, RESPONSE_ANSWERED, 200, 0, "{\"errcode\":93000,\"errmsg\":\"invalid\"}",
			OUTCOME_NEVER, 0, "93000 invalid" },
		{ "wecom, a portal", TARGET_wecom, RESPONSE_ANSWERED, 200, 0, "<html>", OUTCOME_LATER, 0,
			"not as the service" },
		{ "bark taken", TARGET_bark, RESPONSE_ANSWERED, 200, 0, "{\"code\":200,\"message\":\"success\"}",
			OUTCOME_DONE, 0, "" },
		{ "bark key", TARGET_bark, RESPONSE_ANSWERED, 400, 0,
			"{\"code\":400,\"message\":\"failed to get device\"}", OUTCOME_NEVER, 0,
			"400 failed to get device" },
		{ "discord 429", TARGET_discord, RESPONSE_ANSWERED, 429, 0,
			"{\"message\":\"You are being rate limited.\",\"retry_after\":64.57,\"global\":false}",
			OUTCOME_LATER, 65, "429 You are" },
		{ "discord gone", TARGET_discord, RESPONSE_ANSWERED, 404, 0,
			"{\"message\":\"Unknown Webhook\",\"code\":10015}", OUTCOME_NEVER, 0, "404 Unknown Webhook" },
		{ "feishu taken", TARGET_feishu, RESPONSE_ANSWERED, 200, 0,
			"{\"code\":0,\"data\":{},\"msg\":\"success\"}", OUTCOME_DONE, 0, "" },
		{ "feishu sign", TARGET_feishu, RESPONSE_ANSWERED, 200, 0,
			"{\"code\":19021,\"msg\":\"sign match fail\"}", OUTCOME_NEVER, 0, "19021 sign" },
		{ "dingtalk busy", TARGET_dingtalk, RESPONSE_ANSWERED, 200, 0, "{\"errcode\":-1,\"errmsg\":\"busy\"}",
			OUTCOME_LATER, 0, "-1 busy" },
		{ "dingtalk too fast", TARGET_dingtalk, RESPONSE_ANSWERED, 200, 0,
			"{\"errcode\":410100,\"errmsg\":\"send too fast\"}", OUTCOME_LATER, 0, "410100 send too fast" },
		{ "gotify taken", TARGET_gotify, RESPONSE_ANSWERED, 200, 0, "{\"id\":25,\"appid\":5}", OUTCOME_DONE, 0,
			"" },
		{ "gotify, a portal", TARGET_gotify, RESPONSE_ANSWERED, 200, 0, "<html>", OUTCOME_LATER, 0,
			"not as the service" },
		{ "ntfy taken", TARGET_ntfy, RESPONSE_ANSWERED, 200, 0, "{\"id\":\"hwQ2YpKdmg\",\"event\":\"message\"}",
			OUTCOME_DONE, 0, "" },
		{ "ntfy, a portal", TARGET_ntfy, RESPONSE_ANSWERED, 200, 0, "", OUTCOME_LATER, 0,
			"not as the service" },
		{ "matrix taken", TARGET_matrix, RESPONSE_ANSWERED, 200, 0, "{\"event_id\":\"$YUwRidLecu\"}",
			OUTCOME_DONE, 0, "" },
		{ "matrix, another server", TARGET_matrix, RESPONSE_ANSWERED, 200, 0,
			"{\"error\":null,\"event_id\":null}", OUTCOME_LATER, 0, "not as the service" },
		{ "discord taken", TARGET_discord, RESPONSE_ANSWERED, 204, 0, "", OUTCOME_DONE, 0, "" },
		{ "discord?wait=true taken", TARGET_discord, RESPONSE_ANSWERED, 200, 0, "{\"id\":\"1\",\"type\":0}",
			OUTCOME_DONE, 0, "" },
		{ "discord, a portal", TARGET_discord, RESPONSE_ANSWERED, 200, 0, "<html>", OUTCOME_LATER, 0,
			"not as the service" },
		{ "slack taken", TARGET_slack, RESPONSE_ANSWERED, 200, 0, "ok", OUTCOME_DONE, 0, "" },
		{ "slack's like taken", TARGET_slack, RESPONSE_ANSWERED, 200, 0, "{\"success\":true}", OUTCOME_DONE, 0,
			"" },
		{ "slack, a portal", TARGET_slack, RESPONSE_ANSWERED, 200, 0, "<html>", OUTCOME_LATER, 0,
			"not as the service" },
		{ "slack, without a word", TARGET_slack, RESPONSE_ANSWERED, 200, 0, "", OUTCOME_DONE, 0, "" },
		{ "gotify 401", TARGET_gotify, RESPONSE_ANSWERED, 401, 0,
			"{\"error\":\"Unauthorized\",\"errorCode\":401,\"errorDescription\":\"you need a token\"}",
			OUTCOME_LATER, 3600, "401 you need a token" },
		{ "matrix 429", TARGET_matrix, RESPONSE_ANSWERED, 429, 0,
			"{\"errcode\":\"M_LIMIT_EXCEEDED\",\"error\":\"Too many requests\",\"retry_after_ms\":20001}",
			OUTCOME_LATER, 21, "429 Too many" },
		{ "slack gone", TARGET_slack, RESPONSE_ANSWERED, 404, 0, "no_service", OUTCOME_NEVER, 0, "404" },
		{ "ntfy 403", TARGET_ntfy, RESPONSE_ANSWERED, 403, 0,
			"{\"code\":40301,\"http\":403,\"error\":\"forbidden\"}", OUTCOME_NEVER, 0, "403 forbidden" },
		{ "an answer that draws on the terminal", TARGET_discord, RESPONSE_ANSWERED, 400, 0,
			"{\"message\":\"\\u001b[2Jx\\nportflow: forged\"}", OUTCOME_NEVER, 0, "400 " },
		{ "an answer that is a list", TARGET_discord, RESPONSE_ANSWERED, 500, 0, "[1]", OUTCOME_LATER, 0,
			"500" },
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

		if (strpbrk(o.why, "\n\r\033"))
			fail_msg("%s: control characters", cases[i].name);
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
		cmocka_unit_test(services),
		cmocka_unit_test(statements),
		cmocka_unit_test(escapes),
		cmocka_unit_test(signatures),
		cmocka_unit_test(answers),
		cmocka_unit_test(words_of_an_intruder),
		cmocka_unit_test(cut_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
