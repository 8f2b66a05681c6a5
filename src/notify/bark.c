/* bark: a push to an iPhone, through https://api.day.app/KEY or a server of one's own.
 * https://bark.day.app/#/en-us/tutorial: POST of title, body, group. Apple takes 4096 bytes in all.
 * notify/notifier.c has it in its table. */
#include "notify/answer.h"
#include "notify/post.h"

#define MOST 1000

static void build(struct arena *a, const struct target *t, const struct letter *l, struct request *ret_request)
{
	cleanup_str struct str body = STR_CEILING(POST_CEILING);
	struct json j = JSON_INTO(&body);
	struct markup how = post_plain(MOST);

	how.title = false;
	json_open_object(&j);
	json_key(&j, "title");
	json_put_text(&j, l->message->title);
	post_text(&j, "body", l->message, &how);
	json_key(&j, "group");
	json_put_text(&j, *l->recipient ? l->recipient : "portflow");
	json_close_object(&j);
	*ret_request = post_json(a, t, t->url.value, &body);
}

static void judge(struct arena *a, const struct response *r, struct outcome *o)
{
	answer_code(a, r, "code", 200, "message", NULL, o);
}

const struct notifier notifier_bark = { .type = "bark", .build = build, .judge = judge };
