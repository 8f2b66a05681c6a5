/* dingtalk: a group robot of DingTalk (钉钉), as text; with a secret its url is signed.
 * https://open.dingtalk.com/document/orgapp/custom-robot-access: 20 a minute (130101; 410100 is told of
 * too), busy (-1). A recipient is the telephone that is mentioned.
 * notify/notifier.c has it in its table. */
#include <inttypes.h>
#include <string.h>

#include "notify/answer.h"
#include "notify/post.h"

#define MOST 4000

static const char *signed_url(struct arena *a, const struct target *t, int64_t now)
{
	const char *ms = arena_printf(a, "%" PRId64 "000", now), *url = t->url.value ? t->url.value : "";

	if (!t->secret.value)
		return url;
	return arena_printf(a, "%s%ctimestamp=%s&sign=%s", url, strchr(url, '?') ? '&' : '?', ms,
		post_part(a, post_sign(a, t->secret.value, arena_printf(a, "%s\n%s", ms, t->secret.value))));
}

static void build(struct arena *a, const struct target *t, const struct letter *l, struct request *ret_request)
{
	cleanup_str struct str body = STR_CEILING(POST_CEILING);
	struct json j = JSON_INTO(&body);
	const struct markup how = post_plain(MOST);

	json_open_object(&j);
	json_key(&j, "msgtype");
	json_put_text(&j, "text");
	json_key(&j, "text");
	json_open_object(&j);
	post_text(&j, "content", l->message, &how);
	json_close_object(&j);
	if (*l->recipient) {
		json_key(&j, "at");
		json_open_object(&j);
		json_key(&j, "atMobiles");
		json_open_array(&j);
		json_put_text(&j, l->recipient);
		json_close_array(&j);
		json_close_object(&j);
	}
	json_close_object(&j);
	*ret_request = post_json(a, t, signed_url(a, t, l->now), &body);
}

static void judge(struct arena *a, const struct response *r, struct outcome *o)
{
	static const int64_t later[] = { 130101, 410100, -1, 0 };

	answer_code(a, r, "errcode", 0, "errmsg", later, o);
}

const struct notifier notifier_dingtalk = { .type = "dingtalk", .build = build, .judge = judge };
