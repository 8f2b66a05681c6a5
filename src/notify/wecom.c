/* wecom: a group robot of WeCom (企业微信), as text of at most 2048 bytes.
 * https://developer.work.weixin.qq.com/document/path/91770: 20 messages a minute (45009), busy (-1). A recipient is the user who is mentioned.
 * notify/notifier.c has it in its table. */
#include "notify/answer.h"
#include "notify/post.h"

#define MOST 2048 /* bytes */

static void build(struct arena *a, const struct target *t, const struct letter *l, struct request *ret_request)
{
	cleanup_str struct str body = STR_CEILING(POST_CEILING);
	struct json j = JSON_INTO(&body);
	struct markup how = post_plain(MOST);

	how.size = message_bytes;
	json_open_object(&j);
	json_key(&j, "msgtype");
	json_put_text(&j, "text");
	json_key(&j, "text");
	json_open_object(&j);
	post_text(&j, "content", l->message, &how);
	if (*l->recipient) {
		json_key(&j, "mentioned_list");
		json_open_array(&j);
		json_put_text(&j, l->recipient);
		json_close_array(&j);
	}
	json_close_object(&j);
	json_close_object(&j);
	*ret_request = post_json(a, t, t->url.value, &body);
}

static void judge(struct arena *a, const struct response *r, struct outcome *o)
{
	static const int64_t later[] = { 45009, -1, 0 };

	answer_code(a, r, "errcode", 0, "errmsg", later, o);
}

const struct notifier notifier_wecom = { .type = "wecom", .build = build, .judge = judge };
