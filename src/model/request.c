/* Requests and responses as records: see request.h.
 * One table each says which field travels under which key, so that writer and reader cannot differ.
 * notify/, run/, child/ and net/ call. */
#include "model/request.h"

#include <string.h>

#include "util/record.h"
#include "util/vec.h"

enum field_type { FIELD_TEXT, FIELD_BYTES, FIELD_LIST, FIELD_NUMBER, FIELD_BOOL, FIELD_ENUM };

struct field {
	const char *key;
	size_t at;
	enum field_type type;
	uint32_t most; /* FIELD_ENUM */
};

static const struct field request_fields[] = {
	{ "kind", offsetof(struct request, kind), FIELD_ENUM, REQUEST_EXEC },
	{ "url", offsetof(struct request, url), FIELD_TEXT, 0 },
	{ "proxy", offsetof(struct request, proxy), FIELD_TEXT, 0 },
	{ "ca_file", offsetof(struct request, ca_file), FIELD_TEXT, 0 },
	{ "header", offsetof(struct request, headers), FIELD_LIST, 0 },
	{ "method", offsetof(struct request, method), FIELD_TEXT, 0 },
	{ "body", offsetof(struct request, body), FIELD_BYTES, 0 },
	{ "from", offsetof(struct request, mail.from), FIELD_TEXT, 0 },
	{ "to", offsetof(struct request, mail.to), FIELD_TEXT, 0 },
	{ "user", offsetof(struct request, mail.user), FIELD_TEXT, 0 },
	{ "password", offsetof(struct request, mail.password), FIELD_TEXT, 0 },
	{ "text", offsetof(struct request, mail.text), FIELD_TEXT, 0 },
	{ "html", offsetof(struct request, mail.html), FIELD_TEXT, 0 },
	{ "attach_name", offsetof(struct request, mail.attachment_name), FIELD_TEXT, 0 },
	{ "attach_type", offsetof(struct request, mail.attachment_type), FIELD_TEXT, 0 },
	{ "attachment", offsetof(struct request, mail.attachment), FIELD_BYTES, 0 },
	{ "tls_off", offsetof(struct request, mail.tls_off), FIELD_BOOL, 0 },
	{ "arg", offsetof(struct request, argv), FIELD_LIST, 0 },
};

static const struct field response_fields[] = {
	{ "end", offsetof(struct response, end), FIELD_ENUM, RESPONSE_HELD },
	{ "status", offsetof(struct response, status), FIELD_NUMBER, 0 },
	{ "retry_after", offsetof(struct response, retry_after_s), FIELD_NUMBER, 0 },
	{ "curl", offsetof(struct response, curl_code), FIELD_NUMBER, 0 },
	{ "timed_out", offsetof(struct response, timed_out), FIELD_BOOL, 0 },
	{ "body_cut", offsetof(struct response, body_cut), FIELD_BOOL, 0 },
	{ "error", offsetof(struct response, error), FIELD_TEXT, 0 },
	{ "cure", offsetof(struct response, cure), FIELD_TEXT, 0 },
	{ "body", offsetof(struct response, body), FIELD_BYTES, 0 },
};

_Static_assert(sizeof(enum request_kind) == sizeof(uint32_t) && sizeof(enum response_end) == sizeof(uint32_t),
	"the tables read them as such");

static bool same(const char *x, const char *y)
{
	return x && y && strcmp(x, y) == 0;
}

bool request_same_login(const struct request *x, const struct request *y)
{
	return x->kind == REQUEST_MAIL && y->kind == REQUEST_MAIL && same(x->url, y->url) &&
		same(x->mail.user, y->mail.user) && same(x->mail.password, y->mail.password);
}

bool response_good(const struct request *q, const struct response *r)
{
	if (r->end != RESPONSE_ANSWERED)
		return false;
	return q->kind == REQUEST_EXEC ? r->status == 0 : r->status >= 200 && r->status <= 299;
}

static void put_field(struct str *out, const struct field *f, const void *from)
{
	const void *at = (const char *)from + f->at;
	const struct request_bytes *bytes;
	const struct name_list *list;

	switch (f->type) {
	case FIELD_TEXT:
		record_text(out, f->key, *(const char *const *)at);
		break;
	case FIELD_BYTES:
		bytes = at;
		if (bytes->len)
			record_put(out, f->key, bytes->p, bytes->len);
		break;
	case FIELD_LIST:
		list = at;
		for (size_t i = 0; i < list->n; i++)
			record_text(out, f->key, list->at[i]);
		break;
	case FIELD_NUMBER:
	case FIELD_ENUM:
		record_number(out, f->key, *(const uint32_t *)at);
		break;
	case FIELD_BOOL:
		record_number(out, f->key, *(const bool *)at);
		break;
	}
}

static bool put(struct str *out, uint32_t id, const struct field *fields, size_t n, const void *from)
{
	size_t before = out->len;

	record_number(out, "id", id);
	for (size_t i = 0; i < n; i++)
		put_field(out, &fields[i], from);
	record_end(out);
	return !out->full && out->len - before <= RECORD_MAX;
}

static bool get_text(struct arena *a, const struct record_field *from, const char **ret)
{
	if (memchr(from->bytes, '\0', from->len))
		return false;
	*ret = arena_strndup(a, from->bytes, from->len);
	return true;
}

static bool get_field(struct arena *a, const struct field *f, const struct record_field *from, void *to)
{
	void *at = (char *)to + f->at;
	struct name_list *list;
	const char *text;
	uint64_t n;

	switch (f->type) {
	case FIELD_TEXT:
		return get_text(a, from, at);
	case FIELD_BYTES:
		*(struct request_bytes *)at = (struct request_bytes){ arena_strndup(a, from->bytes, from->len),
			from->len };
		return true;
	case FIELD_LIST:
		if (!get_text(a, from, &text))
			return false;
		list = at;
		*vec_push(a, list) = text;
		return true;
	case FIELD_NUMBER:
	case FIELD_ENUM:
		if (!record_to_number(from, f->type == FIELD_ENUM ? f->most : UINT32_MAX, &n))
			return false;
		*(uint32_t *)at = (uint32_t)n;
		return true;
	case FIELD_BOOL:
		if (!record_to_number(from, 1, &n))
			return false;
		*(bool *)at = n;
		return true;
	}
	return false;
}

static bool get_any(struct arena *a, const struct field *fields, size_t n, const struct record_field *from, void *to)
{
	for (size_t i = 0; i < n; i++)
		if (record_is(from, fields[i].key))
			return get_field(a, &fields[i], from, to);
	return false;
}

static bool get(struct arena *a, const char *bytes, size_t len, const struct field *fields, size_t n, uint32_t *ret_id,
	void *to)
{
	struct record_reader reader = RECORD_FROM(bytes, len);
	struct record_field field;
	uint64_t id = 0;

	while (record_next(&reader, &field))
		if (record_is(&field, "id") ? !record_to_number(&field, UINT32_MAX, &id)
					    : !get_any(a, fields, n, &field, to))
			return false;
	*ret_id = (uint32_t)id;
	return record_ended(&reader);
}

#define COUNT(fields) (sizeof(fields) / sizeof *(fields))

bool request_put(struct str *out, uint32_t id, const struct request *q)
{
	return put(out, id, request_fields, COUNT(request_fields), q);
}

bool response_put(struct str *out, uint32_t id, const struct response *r)
{
	return put(out, id, response_fields, COUNT(response_fields), r);
}

bool request_get(struct arena *a, const char *bytes, size_t len, uint32_t *ret_id, struct request *ret)
{
	struct request q = { 0 };

	if (!get(a, bytes, len, request_fields, COUNT(request_fields), ret_id, &q))
		return false;
	*ret = q;
	return true;
}

bool response_get(struct arena *a, const char *bytes, size_t len, uint32_t *ret_id, struct response *ret)
{
	struct response r = { 0 };

	if (!get(a, bytes, len, response_fields, COUNT(response_fields), ret_id, &r))
		return false;
	*ret = r;
	return true;
}
