/* matrix: an event m.room.message in a room; url is the home server's, the transaction is the letter's key, so that a second try is no second
 * message.
 * https://spec.matrix.org/latest/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid. A recipient is another room.
 * notify/notifier.c has it in its table. */
#include "notify/answer.h"
#include "notify/post.h"
#include "view/html.h"

#define MOST 10000 /* of three bytes each; an event has at most 65,536, and the text is in it twice */

/* Lines are <br> there. */
static void put_html(struct json *j, const struct message *m)
{
	static const struct markup markup = {
		.bold = "<b>", .bold_end = "</b>", .put = html_put, .size = message_units, .most = MOST, .title = true
	};
	cleanup_str struct str text = STR_CEILING(POST_CEILING), html = STR_CEILING(POST_CEILING);

	message_put(m, &markup, &text);
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] == '\n')
			str_puts(&html, "<br>");
		else
			str_putc(&html, text.p[i]);
	json_key(j, "formatted_body");
	json_put_bytes(j, html.p ? html.p : "", html.len);
}

static void build(struct arena *a, const struct target *t, const struct letter *l, struct request *ret_request)
{
	cleanup_str struct str body = STR_CEILING(POST_CEILING);
	struct json j = JSON_INTO(&body);
	const struct markup how = post_plain(MOST);

	json_open_object(&j);
	json_key(&j, "msgtype");
	json_put_text(&j, "m.text");
	post_text(&j, "body", l->message, &how);
	json_key(&j, "format");
	json_put_text(&j, "org.matrix.custom.html");
	put_html(&j, l->message);
	json_close_object(&j);
	*ret_request = post_json(a, t,
		arena_printf(a, "%s/_matrix/client/v3/rooms/%s/send/m.room.message/%s", post_base(a, t->url.value),
			post_part(a,
				*l->recipient     ? l->recipient
					: t->room ? t->room
						  : ""),
			post_part(a, l->key)),
		&body);
	ret_request->method = "PUT";
	*vec_push(a, &ret_request->headers) = arena_printf(
		a, "Authorization: Bearer %s", t->token.value ? t->token.value : "");
}

static void judge(struct arena *a, const struct response *r, struct outcome *o)
{
	answer_proof(r, "event_id", o);
	answer_text(a, r, "error", o);
	answer_wait(r, "retry_after_ms", 0.001, o);
}

const struct notifier notifier_matrix = { .type = "matrix", .build = build, .judge = judge };
