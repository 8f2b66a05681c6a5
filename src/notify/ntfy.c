/* ntfy: https://ntfy.sh/TOPIC or a server of one's own, published as JSON, since headers take no UTF-8 everywhere.
 * https://docs.ntfy.sh/publish/#publish-as-json: more than 4096 bytes of message would become an attachment. A recipient is another topic.
 * notify/notifier.c has it in its table. */
#include <string.h>

#include "notify/answer.h"
#include "notify/post.h"

#define MOST 4096

static void build(struct arena *a, const struct target *t, const struct letter *l, struct request *ret_request)
{
	cleanup_str struct str body = STR_CEILING(POST_CEILING);
	struct json j = JSON_INTO(&body);
	struct markup how = post_plain(MOST);
	const char *url = post_base(a, t->url.value), *slash = strrchr(url, '/');
	const char *topic = slash ? slash + 1 : "";

	how.title = false;
	how.size = message_bytes;
	json_open_object(&j);
	json_key(&j, "topic");
	json_put_text(&j, *l->recipient ? l->recipient : topic);
	json_key(&j, "title");
	json_put_text(&j, l->message->title);
	post_text(&j, "message", l->message, &how);
	json_close_object(&j);
	*ret_request = post_json(a, t, slash ? arena_strndup(a, url, (size_t)(slash - url) + 1) : url, &body);
	if (t->token.value)
		*vec_push(a, &ret_request->headers) = arena_printf(a, "Authorization: Bearer %s", t->token.value);
}

static void judge(struct arena *a, const struct response *r, struct outcome *o)
{
	answer_proof(r, "id", o);
	answer_text(a, r, "error", o);
}

const struct notifier notifier_ntfy = { .type = "ntfy", .build = build, .judge = judge };
