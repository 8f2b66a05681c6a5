/* The services by number: see notifier.h.
 * What an answer means where a service says no more than a status is here, once for all of them.
 * run/ calls. */
#include "notify/notifier.h"

#include <inttypes.h>
#include <string.h>

#include "util/utf8.h"

#define NOTIFIER(type, must, may, who, example) extern const struct notifier notifier_##type;
#include "model/notifiers.def"
#undef NOTIFIER

static const struct notifier *const all[TARGET_TYPES] = {
#define NOTIFIER(type, must, may, who, example) &notifier_##type,
#include "model/notifiers.def"
#undef NOTIFIER
};

const struct notifier *notifier_of(enum target_type type)
{
	return all[type];
}

const char *notifier_word(size_t i)
{
	return i < TARGET_TYPES ? all[i]->type : NULL;
}

/* Servers lock out who tries wrong logins again and again. */
#define LOGIN_WAIT_S 3600

/* RFC 9110 section 15: 408, 425 and 429 ask for another try; so does every 5xx, since servers restart. */
static enum outcome_kind http_kind(uint32_t status)
{
	if (status < 400 || status == 408 || status == 425 || status == 429 || status >= 500)
		return OUTCOME_LATER; /* 3xx: a portal in the way, or a service that moved */
	return OUTCOME_NEVER;
}

/* RFC 5321 section 4.2.1: 4yz is transient, 5yz is not. */
static enum outcome_kind smtp_kind(uint32_t status)
{
	return status >= 400 && status < 500 ? OUTCOME_LATER : OUTCOME_NEVER;
}

/* What a program exits with. Of sysexits.h: usage, data, no such host or user, permission, configuration: these never mend themselves; anything else
 * may be the network. */
static enum outcome_kind exec_kind(uint32_t status)
{
	return (status >= 64 && status <= 68) || status == 77 || status == 78 ? OUTCOME_NEVER : OUTCOME_LATER;
}

/* A login that is refused, or wanted (RFC 9110 section 15.5.2, RFC 4954 section 6): who configures mends it, and what waited for it goes
 * out then. */
static bool login_refused(const struct request *q, const struct response *r)
{
	const uint32_t status = r->status;

	if (q->kind == REQUEST_HTTP)
		return status == 401 || status == 407;
	return q->kind == REQUEST_MAIL && (status == 530 || status == 534 || status == 535 || status == 538);
}

/* A mail without a login may be refused for its recipient's sake alone. */
static void judge_login(const struct request *q, const struct response *r, struct outcome *o)
{
	if (login_refused(q, r)) {
		o->kind = OUTCOME_LATER;
		o->after_s = o->after_s < LOGIN_WAIT_S ? LOGIN_WAIT_S : o->after_s;
		o->refused = q->kind != REQUEST_MAIL || q->mail.user;
	}
	if (r->end == RESPONSE_HELD)
		o->untried = o->refused = o->reached = true;
}

static void judge_status(struct arena *a, const struct request *q, const struct response *r, struct outcome *o)
{
	o->kind = q->kind == REQUEST_HTTP ? http_kind(r->status)
		: q->kind == REQUEST_MAIL ? smtp_kind(r->status)
					  : exec_kind(r->status);
	o->after_s = r->retry_after_s;
	judge_login(q, r, o);
	o->why = r->error ? r->error : arena_printf(a, "answered %" PRIu32, r->status);
}

/* What a service says goes to terminals and journals. */
static const char *one_line(struct arena *a, const char *text)
{
	cleanup_str struct str out = STR_CEILING(4096);

	utf8_put_line(&out, text, strlen(text));
	return arena_strdup(a, out.p ? out.p : "");
}

static void judge_answer(
	struct arena *a, enum target_type type, const struct request *q, const struct response *r, struct outcome *o)
{
	if (response_good(q, r)) {
		o->kind = OUTCOME_DONE;
		o->why = "";
	} else {
		judge_status(a, q, r, o);
	}
	if (all[type]->judge)
		all[type]->judge(a, r, o);
}

/* What cannot work as it is written (a file that is missing, a program that anybody may change) waits too: it goes out when it is mended. */
struct outcome outcome_of(struct arena *a, enum target_type type, const struct request *q, const struct response *r)
{
	struct outcome o = { .kind = OUTCOME_LATER,
		.untried = r->end == RESPONSE_NOT_RUN,
		.no_time = r->end == RESPONSE_NOT_RUN && r->timed_out,
		.reached = r->end == RESPONSE_ANSWERED || r->end == RESPONSE_UNSURE,
		.why = r->error ? r->error : "no answer" };

	if (r->end == RESPONSE_HELD)
		judge_login(q, r, &o);
	else if (r->end == RESPONSE_ANSWERED)
		judge_answer(a, type, q, r, &o);
	if (r->cure && o.kind != OUTCOME_DONE)
		o.why = arena_printf(a, "%s; %s", o.why, r->cure);
	/* also of portflow-net's own words: who broke into it chooses them */
	o.why = one_line(a, o.why);
	return o;
}
