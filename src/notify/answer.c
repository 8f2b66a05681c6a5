/* What services answer: see answer.h.
 * jansson reads; a broken answer is one that says nothing.
 * The services of notify/ call. */
#include "notify/answer.h"

#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#define TEXT_BYTES 200 /* of what a service says */

static json_t *read_answer(const struct response *r)
{
	json_t *j = r->body.len ? json_loadb(r->body.p, r->body.len, JSON_REJECT_DUPLICATES, NULL) : NULL;

	if (j && !json_is_object(j)) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static const json_t *first_of(const json_t *j, const char *names)
{
	while (*names) {
		size_t len = strcspn(names, " ");
		char name[32];

		if (len < sizeof name) {
			memcpy(name, names, len);
			name[len] = '\0';
			if (json_is_integer(json_object_get(j, name)))
				return json_object_get(j, name);
		}
		names += len + (names[len] == ' ');
	}
	return NULL;
}

void answer_foreign(const struct response *r, struct outcome *io)
{
	/* 2xx arrived, the rest was lost on the way: the message is theirs, and trying again would double it */
	const bool lost = r->body_cut && (!r->body.len || r->body.p[0] == '{' || r->body.p[0] == '[');

	if (io->kind == OUTCOME_DONE && !lost)
		*io = (struct outcome){
			.kind = OUTCOME_LATER, .reached = true, .why = "answered, but not as the service does"
		};
}

void answer_code(struct arena *a, const struct response *r, const char *codes, int64_t good, const char *text,
	const int64_t *later, struct outcome *io)
{
	json_t *j = read_answer(r);
	const json_t *code = first_of(j, codes);
	const char *said = json_string_value(json_object_get(j, text));

	if (!code) {
		answer_foreign(r, io);
	} else if (json_integer_value(code) != good && io->kind != OUTCOME_LATER) {
		io->kind = OUTCOME_NEVER;
		for (; later && *later; later++)
			if (json_integer_value(code) == *later)
				io->kind = OUTCOME_LATER;
		io->why = arena_printf(
			a, "%" JSON_INTEGER_FORMAT " %.*s", json_integer_value(code), TEXT_BYTES, said ? said : "");
	}
	json_decref(j);
}

void answer_proof(const struct response *r, const char *name, struct outcome *io)
{
	json_t *j = read_answer(r);
	const json_t *proof = json_object_get(j, name);

	if (!json_is_string(proof) && !json_is_integer(proof))
		answer_foreign(r, io);
	json_decref(j);
}

void answer_wait(const struct response *r, const char *name, double seconds_each, struct outcome *io)
{
	json_t *j = read_answer(r);
	double s = json_number_value(json_object_get(j, name)) * seconds_each;

	if (io->kind == OUTCOME_LATER && s > 0)
		io->after_s = s < UINT32_MAX - 1 ? (uint32_t)(s + 0.999) : UINT32_MAX;
	json_decref(j);
}

void answer_text(struct arena *a, const struct response *r, const char *name, struct outcome *io)
{
	json_t *j = read_answer(r);
	const char *said = json_string_value(json_object_get(j, name));

	if (io->kind != OUTCOME_DONE && said)
		io->why = arena_printf(a, "%" PRIu32 " %.*s", r->status, TEXT_BYTES, said);
	json_decref(j);
}
