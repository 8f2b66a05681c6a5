/* notify/: what each service takes at most, measured as it does, and messages that are very large.
 * The counts are made anew here, from the bytes of the request.
 * `make check-unit` runs it. */
#include "notify_help.h"

static size_t code_bytes(const char *text)
{
	return strlen(text);
}

static size_t code_units(const char *text)
{
	return message_units(text, strlen(text));
}

static const struct {
	enum target_type type;
	const char *path;
	size_t (*count)(const char *text);
	size_t most, whole; /* of the text, of the body */
} limits[] = {
	{ TARGET_telegram, "text", shown, 4096, SIZE_MAX },
	{ TARGET_wecom, "text/content", code_bytes, 2048, SIZE_MAX },
	{ TARGET_bark, "body", code_bytes, 4096, 3700 },
	{ TARGET_ntfy, "message", code_bytes, 4096, SIZE_MAX },
	{ TARGET_discord, "content", code_units, 2000, SIZE_MAX },
	{ TARGET_feishu, "content/text", code_bytes, SIZE_MAX, 20000 },
	{ TARGET_dingtalk, "text/content", code_bytes, 20000, 20000 },
	{ TARGET_slack, "text", code_units, 4000, SIZE_MAX },
	{ TARGET_gotify, "message", code_units, 8000, SIZE_MAX },
	{ TARGET_matrix, "body", code_bytes, SIZE_MAX, 63000 },
};

/* Sends m to each; wants each text to have `want`. */
static void within(const char *name, const struct message *m, const char *want)
{
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		struct fixture f = { .l = { .message = m, .recipient = "", .key = "k" } };
		struct target t = { .type = limits[i].type, .url = { .value = "https://h/x" }, .room = "!r:m" };
		const char *text;
		json_t *j;

		notifier_of(t.type)->build(&f.a, &t, &f.l, &f.q);
		j = body(&f);
		text = text_at(j, limits[i].path);
		if (limits[i].count(text) > limits[i].most || f.q.body.len > limits[i].whole || !strstr(text, want))
			fail_msg("%s: %s: %zu, %zu bytes in all: %s", name, target_word(t.type), limits[i].count(text),
				f.q.body.len, text);
		json_decref(j);
		arena_free(&f.a);
	}
}

static const char *repeat(struct arena *a, size_t n, const char *item)
{
	cleanup_str struct str s = STR_CEILING((size_t)1 << 20);

	for (size_t i = 0; i < n; i++)
		str_puts(&s, item);
	return arena_strndup(a, s.p, s.len);
}

static void limits_are_kept(void **state)
{
	static const char *const remarks[] = { "*", "\"", "<", "&", "\xe6\xb5\x81", "\xf0\x9f\x98\x80", "\\", "a" };
	const struct notice statement = { .kind = NOTICE_STATEMENT, .subject = "2027-01", .remark = "" };

	(void)state;
	for (size_t i = 0; i < sizeof remarks / sizeof *remarks; i++)
		for (size_t events = 1; events < 400; events += 41) {
			struct arena a = { 0 };
			const struct notice **list = arena_array(&a, events, sizeof *list);
			struct notice n = blocked;
			struct message m;

			n.remark = repeat(&a, 200 / strlen(remarks[i]), remarks[i]);
			for (size_t k = 0; k < events; k++)
				list[k] = &n;
			message_of(&a, i % 2 ? LANG_EN : LANG_ZH, "hk1", list, events, &m);
			within(remarks[i], &m, events == 1 ? "80.0 GB / 100 GB" : "web");
			arena_free(&a);
		}
	for (size_t i = 0; i < 4; i++) {
		struct arena a = { 0 };
		struct notice n = blocked, unheard = statement;
		const struct notice *list[] = { &n };
		struct statement_figures none = { 0 };
		struct message m;

		n.covers = repeat(&a, i < 2 ? 19 : 2999, "2001:db8:1:2:3:4:5:6,");
		n.covers = arena_printf(&a, "%s2001:db8::7", n.covers);
		n.remark = "shop";
		n.text = repeat(&a, i % 2 ? 400 : 1, "an event with words, ");
		message_of(&a, LANG_EN, "hk1", list, 1, &m);
		within("addresses", &m, i < 2 ? "and 15 more" : "and 2996 more");
		within("the remark behind the addresses", &m, "shop");
		within("the figures behind a long sentence", &m, "80.0 GB / 100 GB");
		unheard.remark = repeat(&a, 1000, "customer-number-001, ");
		statement_of(&a, i % 2 ? LANG_EN : LANG_ZH, "hk1", &unheard, &none, false, &m);
		within("names", &m,
			i % 2 ? "customer-number-001, \xe2\x80\xa6 and "
			      : "customer-number-001, \xe2\x80\xa6 \xe5\x8f\xa6\xe6\x9c\x89 ");
		*vec_push(&a, &none.entries) =
			(struct statement_entry){ .name = "web", .covers = "80", .remark = "shop", .part = "" };
		statement_of(&a, LANG_EN, "hk1", &unheard, &none, false, &m);
		within("names behind an entry", &m, "customer-number-001, \xe2\x80\xa6 and ");
		arena_free(&a);
	}
}

/* A year of sixty entries, then of very many: whole, below what the pipe to portflow-net takes, and it is said what is left out. */
static void large_statements(void **state)
{
	static const struct notice n = { .kind = NOTICE_STATEMENT, .subject = "2027", .remark = "" };
	static const struct {
		size_t entries, days;
		bool table, csv;
	} cases[] = { { 8, 366, true, true }, { 100, 31, true, true }, { 60, 366, false, true },
		{ 3000, 366, false, false } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fixture f = { 0 };
		struct statement_figures figures = { 0 };
		const struct target t = { .type = TARGET_email, .url = { .value = "smtp://h:25" }, .from = "a@h" };
		cleanup_str struct str record = STR_CEILING((size_t)20 << 20);

		for (size_t e = 0; e < cases[i].entries; e++) {
			struct statement_entry *entry = vec_push(&f.a, &figures.entries);

			*entry = (struct statement_entry){ .name = "web", .covers = "80", .remark = "", .part = "" };
			for (size_t d = 0; d < cases[i].days; d++)
				*vec_push(&f.a, &entry->days) = (struct message_day){ "2027-01-01", 0,
					{ 123456, 7890123 } };
		}
		statement_of(&f.a, LANG_EN, "hk1", &n, &figures, true, &f.m);
		f.l = (struct letter){ .message = &f.m, .recipient = "b@h", .key = "k" };
		notifier_of(t.type)->build(&f.a, &t, &f.l, &f.q);
		assert_non_null(strstr(f.q.mail.html, "</html>\n"));
		assert_int_equal(!!strstr(f.q.mail.html, "<td nowrap>2027-01-01</td>"), cases[i].table);
		assert_int_equal(!!strstr(f.q.mail.text, "2027-01-01  in "), cases[i].table);
		assert_int_equal(!!strstr(f.q.mail.html, "and more: portflow report"), !cases[i].table);
		assert_int_equal(!!strstr(f.q.mail.text, "and more: portflow report"), !cases[i].table);
		assert_int_equal(f.q.mail.attachment.p != NULL, cases[i].csv);
		assert_true(request_put(&record, 1, &f.q));
		arena_free(&f.a);
	}
}

/* Thousands of events, each about very many addresses, are JSON still. */
static void large_payloads(void **state)
{
	static const struct target t = { .type = TARGET_webhook, .url = { .value = "https://h/x" } };
	cleanup_str struct str record = STR_CEILING((size_t)20 << 20);
	struct fixture f = { 0 };
	struct notice n = blocked;
	const struct notice *list[2000];
	json_t *j;

	(void)state;
	n.covers = repeat(&f.a, 800, "2001:db8:1:2:3:4:5:6,");
	for (size_t i = 0; i < 2000; i++)
		list[i] = &n;
	message_of(&f.a, LANG_EN, "hk1", list, 2000, &f.m);
	f.l = (struct letter){ .message = &f.m, .recipient = "", .key = "k" };
	notifier_of(t.type)->build(&f.a, &t, &f.l, &f.q);
	j = body(&f);
	assert_int_equal(json_integer_value(json_object_get(j, "omitted")) +
			(json_int_t)json_array_size(json_object_get(j, "events")),
		2000);
	assert_true(json_array_size(json_object_get(j, "events")) > 100);
	assert_true(request_put(&record, 1, &f.q));
	json_decref(j);
	arena_free(&f.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_kept),
		cmocka_unit_test(large_statements),
		cmocka_unit_test(large_payloads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
