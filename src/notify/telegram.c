/* Telegram: sendMessage of the Bot API, in its HTML mode.
 * https://core.telegram.org/bots/api#sendmessage; html-style for the escapes; 4096 UTF-16 units after the entities are parsed.
 * notify/notifier.c has it in its table. */
#include <inttypes.h>

#include <jansson.h>

#include "notify/answer.h"
#include "notify/post.h"
#include "view/html.h"

/* After the entities are parsed. */
static size_t shown(const char *text, size_t len)
{
	size_t units = message_units(text, len);

	for (size_t i = 0; i < len; i++) {
		const size_t from = i;

		if (text[i] != '<' && text[i] != '&')
			continue;
		while (i + 1 < len && text[i] != (text[from] == '<' ? '>' : ';'))
			i++;
		units -= i - from + (text[from] == '<');
	}
	return units;
}

static const struct markup markup = {
	.bold = "<b>", .bold_end = "</b>", .put = html_put, .size = shown, .most = 4096, .title = true
};

static void build(struct arena *a, const struct target *t, const struct letter *l, struct request *ret_request)
{
	cleanup_str struct str text = STR_CEILING((size_t)1 << 20), body = STR_CEILING((size_t)2 << 20);
	struct json j = JSON_INTO(&body);

	message_put(l->message, &markup, &text);
	json_open_object(&j);
	json_key(&j, "chat_id");
	json_put_text(&j, *l->recipient ? l->recipient : t->chat_id ? t->chat_id : "");
	json_key(&j, "text");
	json_put_bytes(&j, text.p, text.len);
	json_key(&j, "parse_mode");
	json_put_text(&j, "HTML");
	json_key(&j, "link_preview_options");
	json_open_object(&j);
	json_key(&j, "is_disabled");
	json_put_bool(&j, true);
	json_close_object(&j);
	json_close_object(&j);
	*ret_request = post_json(a, t,
		arena_printf(a, "https://api.telegram.org/bot%s/sendMessage", t->token.value ? t->token.value : ""),
		&body);
}

/* {"ok":false,"error_code":429,"description":"...","parameters":{"retry_after":5,"migrate_to_chat_id":-100...}} */
static void judge(struct arena *a, const struct response *r, struct outcome *o)
{
	json_t *answer = json_loadb(r->body.p, r->body.len, JSON_REJECT_DUPLICATES, NULL), *more;
	const char *what;

	if (!answer) {
		answer_foreign(r, o);
		return;
	}
	if (o->kind == OUTCOME_DONE && !json_is_true(json_object_get(answer, "ok")))
		o->kind = OUTCOME_LATER;
	if (r->status == 404)
		o->kind =
			OUTCOME_LATER; /* there is no such method: so Telegram says that a token is none. Mended, it goes out */
	what = json_string_value(json_object_get(answer, "description"));
	more = json_object_get(answer, "parameters");
	if (o->kind != OUTCOME_DONE && what)
		o->why = arena_printf(a, "%" PRIu32 " %.200s", r->status, what);
	if (json_integer_value(json_object_get(more, "retry_after")) > 0) {
		json_int_t wait = json_integer_value(json_object_get(more, "retry_after"));

		o->after_s = wait < UINT32_MAX ? (uint32_t)wait : UINT32_MAX;
	}
	if (json_is_integer(json_object_get(more, "migrate_to_chat_id")))
		o->why = arena_printf(a, "%s: write chat_id = %" JSON_INTEGER_FORMAT, o->why,
			json_integer_value(json_object_get(more, "migrate_to_chat_id")));
	json_decref(answer);
}

const struct notifier notifier_telegram = { .type = "telegram", .build = build, .judge = judge };
