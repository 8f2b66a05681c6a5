/* slack: an incoming webhook, as text without markup: only & < > mean something, and are escaped.
 * https://docs.slack.dev/messaging/formatting-message-text; 4,000 characters are shown, one message a second (429).
 * notify/notifier.c has it in its table. */
#include <string.h>

#include "notify/answer.h"
#include "notify/post.h"
#include "util/utf8.h"

static void put(struct str *out, const char *text, size_t len)
{
	cleanup_str struct str clean = STR_CEILING(POST_CEILING);

	utf8_put(&clean, text, len);
	for (size_t i = 0; i < clean.len; i++)
		switch (clean.p[i]) {
		case '&':
			str_puts(out, "&amp;");
			break;
		case '<':
			str_puts(out, "&lt;");
			break;
		case '>':
			str_puts(out, "&gt;");
			break;
		default:
			str_putc(out, clean.p[i]);
		}
}

static const struct markup markup = {
	.bold = "", .bold_end = "", .put = put, .size = message_units, .most = 3500, .title = true
};

static void build(struct arena *a, const struct target *t, const struct letter *l, struct request *ret_request)
{
	cleanup_str struct str body = STR_CEILING(POST_CEILING);
	static const char *const off[] = { "mrkdwn", "unfurl_links", "unfurl_media" };
	struct json j = JSON_INTO(&body);

	json_open_object(&j);
	post_text(&j, "text", l->message, &markup);
	/* a url in a remark is text, too */
	for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
		json_key(&j, off[i]);
		json_put_bool(&j, false);
	}
	json_close_object(&j);
	*ret_request = post_json(a, t, t->url.value, &body);
}

/* "ok"; what only speaks like it may answer some JSON, or nothing. A page is none of that: a portal in the way sends one. */
static void judge(struct arena *a, const struct response *r, struct outcome *o)
{
	(void)a;
	if (r->body.len && (r->body.p[0] != '{' && (r->body.len < 2 || memcmp(r->body.p, "ok", 2) != 0)))
		answer_foreign(r, o);
}

const struct notifier notifier_slack = { .type = "slack", .build = build, .judge = judge };
