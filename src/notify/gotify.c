/* gotify: a server of one's own; url is its address, the token that of an application.
 * https://gotify.net/docs/pushmsg: POST /message with title, message, priority.
 * notify/notifier.c has it in its table. */
#include "notify/answer.h"
#include "notify/post.h"

#define MOST 8000
#define PRIORITY 5 /* makes a sound */

static void build(struct arena *a, const struct target *t, const struct letter *l, struct request *ret_request)
{
	cleanup_str struct str body = STR_CEILING(POST_CEILING);
	struct json j = JSON_INTO(&body);
	struct markup how = post_plain(MOST);

	how.title = false;
	json_open_object(&j);
	json_key(&j, "title");
	json_put_text(&j, l->message->title);
	post_text(&j, "message", l->message, &how);
	json_key(&j, "priority");
	json_put_u64(&j, PRIORITY);
	json_close_object(&j);
	*ret_request = post_json(a, t, arena_printf(a, "%s/message", post_base(a, t->url.value)), &body);
	*vec_push(a, &ret_request->headers) = arena_printf(a, "X-Gotify-Key: %s", t->token.value ? t->token.value : "");
}

static void judge(struct arena *a, const struct response *r, struct outcome *o)
{
	answer_proof(r, "id", o);
	answer_text(a, r, "errorDescription", o);
}

const struct notifier notifier_gotify = { .type = "gotify", .build = build, .judge = judge };
