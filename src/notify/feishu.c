/* feishu: a group robot of Feishu or Lark (飞书), as text; with a secret it is signed.
 * https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot: body up to 20 KB, 100 a minute (11232 too fast); "<at" is the only markup.
 * notify/notifier.c has it in its table. */
#include <inttypes.h>
#include <string.h>

#include "notify/answer.h"
#include "notify/post.h"
#include "util/utf8.h"

/* A joiner without width takes "<at" its meaning. */
static void put(struct str *out, const char *text, size_t len)
{
	for (const char *p; (p = memchr(text, '<', len)); text = p) {
		p++;
		utf8_put(out, text, (size_t)(p - text));
		str_puts(out, "\xe2\x81\xa0");
		len -= (size_t)(p - text);
	}
	utf8_put(out, text, len);
}

static const struct markup markup = {
	.bold = "", .bold_end = "", .put = put, .size = message_units, .most = 4000, .title = true
};

static void build(struct arena *a, const struct target *t, const struct letter *l, struct request *ret_request)
{
	cleanup_str struct str body = STR_CEILING(POST_CEILING);
	struct json j = JSON_INTO(&body);
	const char *now = arena_printf(a, "%" PRId64, l->now);

	json_open_object(&j);
	if (t->secret.value) {
		json_key(&j, "timestamp");
		json_put_text(&j, now);
		json_key(&j, "sign");
		json_put_text(&j, post_sign(a, arena_printf(a, "%s\n%s", now, t->secret.value), ""));
	}
	json_key(&j, "msg_type");
	json_put_text(&j, "text");
	json_key(&j, "content");
	json_open_object(&j);
	post_text(&j, "text", l->message, &markup);
	json_close_object(&j);
	json_close_object(&j);
	*ret_request = post_json(a, t, t->url.value, &body);
}

static void judge(struct arena *a, const struct response *r, struct outcome *o)
{
	static const int64_t later[] = { 11232, 11233, 0 };

	answer_code(a, r, "code StatusCode", 0, "msg", later, o);
}

const struct notifier notifier_feishu = { .type = "feishu", .build = build, .judge = judge };
