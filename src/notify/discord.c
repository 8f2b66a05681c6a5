/* discord: a webhook of a channel; content of at most 2000 characters, in which nobody is mentioned.
 * https://docs.discord.com/developers/resources/webhook#execute-webhook; markup is escaped by backslashes.
 * notify/notifier.c has it in its table. */
#include <string.h>

#include "notify/answer.h"
#include "notify/post.h"
#include "util/utf8.h"

#define NO_PREVIEWS (1U << 2) /* SUPPRESS_EMBEDS: a url in a remark is text */

static void put(struct str *out, const char *text, size_t len)
{
	cleanup_str struct str clean = STR_CEILING(POST_CEILING);

	utf8_put(&clean, text, len);
	for (size_t i = 0; i < clean.len; i++) {
		if (strchr("\\*_~`|>#[]()<@", clean.p[i]) || (i == 0 && clean.p[i] == '-')) /* "- " begins a list */
			str_putc(out, '\\');
		str_putc(out, clean.p[i]);
	}
}

static const struct markup markup = {
	.bold = "**", .bold_end = "**", .put = put, .size = message_units, .most = 2000, .title = true
};

static void build(struct arena *a, const struct target *t, const struct letter *l, struct request *ret_request)
{
	cleanup_str struct str body = STR_CEILING(POST_CEILING);
	struct json j = JSON_INTO(&body);

	json_open_object(&j);
	post_text(&j, "content", l->message, &markup);
	json_key(&j, "allowed_mentions");
	json_open_object(&j);
	json_key(&j, "parse");
	json_open_array(&j);
	json_close_array(&j);
	json_close_object(&j);
	json_key(&j, "flags");
	json_put_u64(&j, NO_PREVIEWS);
	json_close_object(&j);
	*ret_request = post_json(a, t, t->url.value, &body);
}

static void judge(struct arena *a, const struct response *r, struct outcome *o)
{
	if (r->status != 204) /* else, with ?wait=true, the message that was made */
		answer_proof(r, "id", o);
	answer_text(a, r, "message", o);
	answer_wait(r, "retry_after", 1, o);
}

const struct notifier notifier_discord = { .type = "discord", .build = build, .judge = judge };
