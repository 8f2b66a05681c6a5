/* A message as JSON: see payload.h.
 * Numbers are bytes and bit/s, times RFC 3339 in the subject's zone; the text is what people would read.
 * notify/ calls. */
#include "notify/payload.h"

#include "view/json.h"

#define EVENTS_MAX ((size_t)3 << 20) /* bytes; one more may follow, and 8 MB is what portflow-net takes */

static void put_moment(struct json *j, const char *key, const char *zone, uint64_t t)
{
	json_key(j, key);
	if (t)
		json_put_time(j, zone, (int64_t)t);
	else
		json_put_null(j);
}

static void put_number(struct json *j, const char *key, uint64_t v)
{
	json_key(j, key);
	json_put_u64(j, v);
}

static void put_text(struct json *j, const char *key, const char *text)
{
	json_key(j, key);
	json_put_text(j, text);
}

static void put_quota(struct json *j, const struct notice *n)
{
	json_key(j, "quota");
	if (!n->limit) {
		json_put_null(j);
		return;
	}
	json_open_object(j);
	put_number(j, "limit", n->limit);
	put_number(j, "used", n->used);
	put_moment(j, "resets", n->zone, n->resets);
	json_close_object(j);
}

static void put_event(struct json *j, const struct notice *n)
{
	json_open_object(j);
	put_text(j, "kind", n->kind);
	put_moment(j, "time", n->zone, n->time);
	json_key(j, "name");
	json_put_text_or_null(j, *n->subject ? n->subject : NULL);
	json_key(j, "section");
	json_put_text_or_null(j, *n->section ? n->section : NULL);
	put_text(j, "covers", n->covers);
	put_text(j, "remark", n->remark);
	put_text(j, "text", n->text);
	put_quota(j, n);
	put_number(j, "rate", n->rate);
	put_number(j, "rate_in", n->rate_in);
	put_number(j, "rate_out", n->rate_out);
	put_moment(j, "until", n->zone, n->until);
	json_close_object(j);
}

/* As many as fit; more than that are thousands, or cover very much. */
static void put_events(struct json *j, const struct message *m, const struct str *out)
{
	uint64_t omitted = 0;

	json_key(j, "events");
	json_open_array(j);
	for (size_t i = 0; i < m->items.n; i++) {
		if (!m->items.at[i].notice)
			continue;
		if (out->len < EVENTS_MAX)
			put_event(j, m->items.at[i].notice);
		else
			omitted++;
	}
	json_close_array(j);
	if (omitted)
		put_number(j, "omitted", omitted);
}

struct request_bytes payload_json(struct arena *a, const struct letter *l)
{
	cleanup_str struct str out = STR_CEILING((size_t)7 << 20), text = STR_CEILING((size_t)1 << 20);
	struct json j = JSON_INTO(&out);
	struct markup how = markup_plain;

	how.most = MESSAGE_LONGEST;
	message_put(l->message, &how, &text);
	json_open_object(&j);
	put_number(&j, "version", 1);
	put_text(&j, "id", l->key);
	put_moment(&j, "time", "UTC", (uint64_t)l->time);
	put_text(&j, "node", l->message->node);
	json_key(&j, "recipient");
	json_put_text_or_null(&j, *l->recipient ? l->recipient : NULL);
	put_text(&j, "title", l->message->title);
	json_key(&j, "text");
	json_put_bytes(&j, text.p ? text.p : "", text.len);
	put_events(&j, l->message, &out);
	json_close_object(&j);
	return (struct request_bytes){ arena_strndup(a, out.p, out.len), out.len };
}
