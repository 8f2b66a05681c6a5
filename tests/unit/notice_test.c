/* model/notice.c, view/i18n.c and notify/message.c: events as bytes, as sentences, as messages.
 * Inputs are built by hand; the Chinese sentences are read by a person once, here each is only held to be whole.
 * `make check-unit` runs it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/trial.h"
#include "model/verdict.h"
#include "notify/message.h"
#include "util/utf8.h"
#include "view/html.h"

static const struct notice blocked = {
	.kind = "quota_blocked",
	.text = "the quota of 100 GB is used up: blocked until 2026-12-01 00:00",
	.time = 1796040000,
	.subject = "web",
	.section = "port",
	.covers = "80,443",
	.remark = "shop <b>of</b> \"Alice\" & Bob",
	.zone = "UTC",
	.used = 100000000000,
	.limit = 100000000000,
	.resets = 1796083200,
};
static const struct notice mended = {
	.kind = "table_mended",
	.text = "somebody had altered our table: 3 changes put it right",
	.time = 1796040060,
	.subject = "",
	.section = "",
	.covers = "",
	.remark = "",
	.zone = "UTC",
	.count = 3,
};

static void bytes_and_back(void **state)
{
	struct arena a = { 0 };
	cleanup_str struct str bytes = STR_CEILING(4096), again = STR_CEILING(4096);
	struct notice n;

	(void)state;
	notice_put(&blocked, &bytes);
	assert_true(notice_get(&a, bytes.p, bytes.len, &n));
	assert_string_equal(n.kind, blocked.kind);
	assert_string_equal(n.remark, blocked.remark);
	assert_true(n.used == blocked.used && n.resets == blocked.resets && n.rate == 0);
	notice_put(&n, &again);
	assert_int_equal(again.len, bytes.len);
	assert_memory_equal(again.p, bytes.p, bytes.len);
	for (size_t i = 0; i < bytes.len; i++)
		assert_false(notice_get(&a, bytes.p, i, &n)); /* cut anywhere */
	assert_false(notice_get(&a, "kind:1:x\nused:3:abc\n.\n", 22, &n));
	assert_true(notice_get(&a, "later:3:abc\n.\n", 14, &n)); /* of a version to come */
	assert_string_equal(n.kind, "");
	arena_free(&a);
}

static void groups(void **state)
{
	static const struct {
		const char *kind;
		enum notice_group group;
	} cases[] = {
		{ "quota_threshold", NOTICE_QUOTA },
		{ "quota_blocked", NOTICE_QUOTA },
		{ "quota_throttled", NOTICE_QUOTA },
		{ "quota_opened", NOTICE_QUOTA },
		{ "expiring", NOTICE_EXPIRY },
		{ "expired", NOTICE_EXPIRY },
		{ "renewed", NOTICE_EXPIRY },
		{ "burst_began", NOTICE_BURST },
		{ "burst_ended", NOTICE_BURST },
		{ "cycle_closed", NOTICE_CYCLE },
		{ "table_rebuilt", NOTICE_HEALTH },
		{ "configuration_refused", NOTICE_HEALTH },
		{ "anything", NOTICE_HEALTH },
	};
	unsigned all = 0;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(notice_group(cases[i].kind), cases[i].group);
		all |= cases[i].group;
	}
	assert_int_equal(all, NOTICE_ALL);
	for (size_t i = 0; notice_group_word(i); i++)
		all -= 1U << i;
	assert_int_equal(all, 0);
}

/* Each kind of verdict and what becomes of a trial has words in each language, and no hole is left open. */
static void every_kind(void **state)
{
	static const char *const trials[] = { TRIAL_EVENT_BEGAN, TRIAL_EVENT_KEPT, TRIAL_EVENT_BACK,
		TRIAL_EVENT_ENDED };
	const int n_trials = (int)(sizeof trials / sizeof *trials);
	struct arena a = { 0 };

	(void)state;
	for (int k = 0; k < VERDICT_KINDS + n_trials; k++)
		for (enum language l = 0; l < LANGUAGES; l++) {
			struct notice n = blocked;
			const char *head, *text;

			n.kind = k < VERDICT_KINDS ? verdict_word((enum verdict_kind)k) : trials[k - VERDICT_KINDS];
			head = i18n_head(&a, l, &n);
			text = i18n_sentence(&a, l, &n);
			if (strcmp(head, n.kind) == 0 || strpbrk(head, "{}") || strpbrk(text, "{}"))
				fail_msg("%s in %s: \"%s\" \"%s\"", n.kind, language_word(l), head, text);
			assert_true(utf8_valid(text, strlen(text)));
			if (l == LANG_EN)
				assert_string_equal(text, n.text);
			else
				assert_string_not_equal(text, n.text);
		}
	arena_free(&a);
}

static void one_event(void **state)
{
	static const struct notice *const list[] = { &blocked };
	struct arena a = { 0 };
	struct message m;
	cleanup_str struct str en = STR_CEILING(4096), zh = STR_CEILING(4096);

	(void)state;
	message_of(&a, LANG_EN, "hk1", list, 1, &m);
	assert_string_equal(m.title, "[hk1] web: quota used up: blocked");
	message_put(&m, &markup_plain, &en);
	assert_string_equal(en.p,
		"[hk1] web: quota used up: blocked\n"
		"port 80,443 \xc2\xb7 shop <b>of</b> \"Alice\" & Bob\n"
		"2026-11-30 12:00  the quota of 100 GB is used up: blocked until 2026-12-01 00:00\n"
		"\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88"
		"\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88 100 %  100 GB / 100 GB\n"
		"resets 2026-12-01 00:00 +00:00\n");
	message_of(&a, LANG_ZH, "hk1", list, 1, &m);
	message_put(&m, &markup_plain, &zh);
	assert_non_null(strstr(zh.p, "配额 100 GB 已用尽：已封锁"));
	assert_non_null(strstr(zh.p, "端口 80,443"));
	arena_free(&a);
}

static const char *plain(struct arena *a, const struct message *m)
{
	cleanup_str struct str out = STR_CEILING(4096);

	message_put(m, &markup_plain, &out);
	return arena_strdup(a, out.p);
}

/* A bar has an end to be measured against, and what passes just now stands below it. */
static void bars_and_rates(void **state)
{
	static const struct {
		uint64_t used;
		const char *want;
	} cases[] = {
		{ 0, "\n░░░░░░░░░░ 0 %" },
		{ 1000000000, "\n█░░░░░░░░░ 1 %" },
		{ 69900000000, "\n██████░░░░ 69 %" },
		{ 99900000000, "\n█████████░ 99 %" },
		{ 120000000000, "\n██████████ 120 %" },
	};
	struct arena a = { 0 };
	struct notice n = blocked;
	const struct notice *const list[] = { &n };
	struct message m;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		n.used = cases[i].used;
		message_of(&a, LANG_EN, "hk1", list, 1, &m);
		if (!strstr(plain(&a, &m), cases[i].want))
			fail_msg("%s", plain(&a, &m));
	}
	n.rate_in = 1330000;
	message_of(&a, LANG_EN, "hk1", list, 1, &m);
	assert_non_null(strstr(plain(&a, &m), " / 100 GB\nrate: in 1.33 Mbit/s, out 0 bit/s\nresets 2026"));
	message_of(&a, LANG_ZH, "hk1", list, 1, &m);
	assert_non_null(strstr(plain(&a, &m), "\n速率：入站 1.33 Mbit/s，出站 0 bit/s\n重置于 2026"));
	n.limit = 0;
	message_of(&a, LANG_EN, "hk1", list, 1, &m);
	assert_null(strstr(plain(&a, &m), "░"));
	assert_non_null(strstr(plain(&a, &m), "rate: in"));
	arena_free(&a);
}

static void many_events(void **state)
{
	struct notice game = blocked, third = blocked, fourth = blocked;
	const struct notice *const list[] = { &blocked, &mended, &game, &game, &third, &fourth };
	struct arena a = { 0 };
	struct message m;

	(void)state;
	game.subject = "game";
	third.subject = "c";
	fourth.subject = "d";
	message_of(&a, LANG_EN, "hk1", list, 6, &m);
	assert_string_equal(m.title, "[hk1] 6 events: web, game, c, \xe2\x80\xa6");
	message_of(&a, LANG_EN, "hk1", list + 1, 1, &m);
	assert_string_equal(m.title, "[hk1] altered rules were put right");
	assert_string_equal(m.items.at[0].head, "altered rules were put right");
	assert_int_equal(m.items.at[0].lines.n, 1);
	arena_free(&a);
}

/* Whole items as long as they fit, and a word that there were more. */
static void ceiling(void **state)
{
	const struct notice *list[100];
	struct arena a = { 0 };
	struct message m;
	size_t shown = 0;

	(void)state;
	for (size_t i = 0; i < 100; i++)
		list[i] = &blocked;
	message_of(&a, LANG_EN, "hk1", list, 100, &m);
	for (size_t most = 200; most < 4100; most += 390) {
		cleanup_str struct str out = STR_CEILING(100000);
		const struct markup how = { .bold = "<b>",
			.bold_end = "</b>",
			.put = html_put,
			.size = message_units,
			.most = most,
			.title = true };
		size_t n = 0;

		message_put(&m, &how, &out);
		for (const char *p = out.p; (p = strstr(p, "resets")); p++)
			n++;
		assert_true(n >= shown && n < 100);
		shown = n;
		assert_non_null(strstr(out.p, "and more: portflow events"));
		assert_null(strstr(out.p, "<b>of"));
		assert_in_range(message_units(out.p, out.len), most / 2, most);
	}
	assert_true(shown > 10);
	arena_free(&a);
}

static void units(void **state)
{
	(void)state;
	assert_int_equal(message_units("abc", 3), 3);
	assert_int_equal(message_units("已封锁", 9), 3);
	assert_int_equal(message_units("\xf0\x9f\x98\x80", 4), 2);
	assert_int_equal(message_units("\xff", 1), 1);
}

static void html(void **state)
{
	cleanup_str struct str out = STR_CEILING(4096);

	(void)state;
	html_put(&out, "a<b>&\"'\n\xff\xe2\x80\xae", 12);
	assert_string_equal(out.p, "a&lt;b&gt;&amp;&quot;&#39;\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_and_back),
		cmocka_unit_test(groups),
		cmocka_unit_test(every_kind),
		cmocka_unit_test(one_event),
		cmocka_unit_test(bars_and_rates),
		cmocka_unit_test(many_events),
		cmocka_unit_test(ceiling),
		cmocka_unit_test(units),
		cmocka_unit_test(html),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
