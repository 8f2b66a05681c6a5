/* Delivery: see deliver.h.
 * Letters are taken in one transaction and sent all at once by children (child/child.h); what came of them is written in another one,
 * what was taken soon after it was where others are slow. A kill before that leaves them leased, and they are tried again when the lease
 * is over. So each is delivered at least once, and twice only where a service took it and that was not written yet.
 * run/ calls. */
#include "run/deliver.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "child/child.h"
#include "run/facts.h"
#include "run/letter.h"
#include "store/outbox.h"
#include "util/utf8.h"

#define LETTERS 100   /* at a time */
#define WRITE_MS 500  /* what was taken is written so soon, though the batch goes on */
#define LEAST_MS 3000 /* less is no time to begin another batch in */
#define SEND_MS 7500  /* are there for sending at least, though one message alone took long to compose */
#define KEEP_MS 5000  /* composing that took longer is not sent before it is known that it still is ours to send */
/* A batch is in memory all at once. So many bytes of notices are statements of about 70,000 entries. */
#define NOTICES_MOST ((size_t)512 << 10)
/* RFC 5321 section 4.5.4.1: mail servers try for four to five days. Who was never reached may be off for longer. */
#define GIVE_UP_S (5 * 86400)
#define UNREACHED_S (30 * 86400)
#define LEAST_TRIES \
	10 /* before that nothing is given up by its age alone: the machine may have been off, or its clock wrong */
#define MENDED_S 30     /* what this machine lacks is looked for in each run, once */
#define FIRST_WAIT_S 60 /* then twice as long each time */
#define LONGEST_WAIT_S 21600
#define LONGEST_ASKED_S 86400 /* by a service */

/* Of a target's login, in this run: what else is for it waits with it, and no server is asked again. */
struct refusal {
	const char *target;
	struct outcome outcome;
};

struct delivery {
	struct letter_source from;
	VEC_OF(struct refusal) refusals;
	size_t in_vain;
};

static int64_t monotonic_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* -- sending --------------------------------------------------------------------------------------------------------- */

struct sends {
	struct app *app;
	struct sending *list;
	/* of letters; store NULL: there are none */
	struct store *store;
	const char *lease;
	int64_t *letters;            /* of list */
	struct outbox_result *taken; /* by a service, and not written yet */
	size_t n_taken;
	int64_t since_ms; /* of the first of them */
};

static void answered(void *with, size_t i, const struct response *r)
{
	struct sends *s = with;
	struct sending *x = &s->list[i];

	x->outcome = outcome_of(&s->app->arena, x->target->type, &x->request, r);
	if (!s->store || x->outcome.kind != OUTCOME_DONE)
		return;
	if (!s->n_taken)
		s->since_ms = monotonic_ms();
	s->taken[s->n_taken++] = (struct outbox_result){ .letter = s->letters[i], .end = OUTBOX_DELIVERED };
}

/* What services have taken is written while others are slow: a run that is killed in between repeats less. */
static int64_t write_taken(void *with)
{
	struct sends *s = with;
	struct err later;
	const int64_t age = s->n_taken ? monotonic_ms() - s->since_ms : 0;

	if (!s->n_taken)
		return -1;
	if (age < WRITE_MS)
		return WRITE_MS - age;
	/* Where another run writes just now, the children are looked after meanwhile; at its end all of the batch is written. */
	if (store_outbox_settle_now(s->store, s->lease, s->taken, s->n_taken, &later))
		return WRITE_MS;
	s->n_taken = 0;
	return -1;
}

static void send_all(struct sends *s, uint32_t budget_ms, size_t n)
{
	struct arena *a = &s->app->arena;
	struct request *requests = arena_array(a, n + 1, sizeof *requests);
	const struct child_plan plan = { .now_ms = monotonic_ms,
		.budget_ms = budget_ms,
		.helper = child_helper(a),
		.user = SERVICE_USER,
		.done = answered,
		.idle = write_taken,
		.with = s };

	for (size_t i = 0; i < n; i++) {
		requests[i] = s->list[i].request;
		s->list[i].outcome = (struct outcome){ .kind = OUTCOME_LATER, .untried = true, .why = "not tried" };
	}
	if (n)
		child_run(&plan, a, requests, n);
}

void deliver_send(struct app *app, struct sending *list, size_t n)
{
	struct sends s = { .app = app, .list = list };

	send_all(&s, DELIVER_BUDGET_MS, n);
}

/* -- letters --------------------------------------------------------------------------------------------------------- */

static int64_t wait_s(const struct outbox_row *r, uint32_t asked)
{
	int64_t wait = FIRST_WAIT_S;

	for (int64_t i = 0; i < r->tries && wait < LONGEST_WAIT_S; i++)
		wait *= 2;
	wait = wait > LONGEST_WAIT_S ? LONGEST_WAIT_S : wait;
	return asked > LONGEST_ASKED_S ? LONGEST_ASKED_S : asked > wait ? asked : wait;
}

/* In one line, whatever a database says that was restored. */
static const char *whom(struct arena *a, const struct outbox_row *r)
{
	const char *both = *r->recipient ? arena_printf(a, "%s:%s", r->target, r->recipient) : r->target;
	cleanup_str struct str out = STR_CEILING(4096);

	utf8_put_line(&out, both, strlen(both));
	return arena_strdup(a, out.p ? out.p : "");
}

static bool too_old(struct app *app, const struct outbox_row *r, int64_t most, struct outbox_result *io)
{
	if (app->now - r->created < most)
		return false;
	io->end = OUTBOX_PARKED;
	io->why = arena_printf(&app->arena, "in vain for %" PRId64 " days: %s", most / 86400, io->why);
	return true;
}

static struct outbox_result judge(struct app *app, const struct letter_rows *l, const struct outcome *o)
{
	const struct outbox_row *r = l->first;
	struct outbox_result result = { .letter = r->letter, .why = o->why };

	if (o->kind == OUTCOME_DONE) {
		result.end = OUTBOX_DELIVERED;
	} else if (o->kind == OUTCOME_NEVER) {
		result.end = OUTBOX_PARKED;
	} else if (o->untried && !o->refused) {
		result.end = OUTBOX_UNTRIED;
		result.why = o->no_time ? "" : o->why;
	} else if (r->tries < LEAST_TRIES || !too_old(app, r, o->reached ? GIVE_UP_S : UNREACHED_S, &result)) {
		result.end = o->untried ? OUTBOX_UNTRIED : OUTBOX_LATER;
		result.next = app->now + wait_s(r, o->after_s);
	}
	return result;
}

/* What this machine lacks, as a file with a secret, is no try, and makes nobody wait longer once it is there. */
static struct outbox_result judge_problem(struct app *app, const struct letter_rows *l)
{
	struct outbox_result result = { .letter = l->first->letter, .why = l->problem };

	if (l->hopeless) {
		result.end = OUTBOX_PARKED;
	} else if (!too_old(app, l->first, UNREACHED_S, &result)) {
		result.end = OUTBOX_UNTRIED;
		result.next = app->now + MENDED_S;
	}
	return result;
}

/* Nobody is there to send it: each run says so, once, since nothing else shows that no message arrives any more. Of a refused login the
 * message that was refused says it. */
static void tell_untried(struct app *app, const struct letter_rows *l, const struct outbox_result *results, size_t i)
{
	if (results[i].end != OUTBOX_UNTRIED || !*results[i].why || l[i].quiet)
		return;
	for (size_t k = 0; k < i; k++)
		if (results[k].end == OUTBOX_UNTRIED && strcmp(results[k].why, results[i].why) == 0)
			return;
	app_warn(app, "a message to %s cannot be sent: %s", whom(&app->arena, l[i].first), results[i].why);
}

/* What is given up each time, what has to wait at its first try: once a target, since a dead network is one thing. */
static void tell(struct app *app, const struct letter_rows *l, const struct outbox_result *results, size_t i)
{
	const struct outbox_row *r = l[i].first;

	tell_untried(app, l, results, i);
	if (results[i].end == OUTBOX_PARKED)
		app_warn(app, "a message to %s is given up: %s (portflow notify list)", whom(&app->arena, r),
			results[i].why);
	if (results[i].end != OUTBOX_LATER || (r->tries && !app->verbose))
		return;
	for (size_t k = 0; k < i; k++)
		if (results[k].end == OUTBOX_LATER && strcmp(l[k].first->target, r->target) == 0)
			return;
	app_warn(app, "a message to %s could not be delivered yet: %s", whom(&app->arena, r), results[i].why);
}

static const struct outcome *refused_before(const struct delivery *d, const char *target)
{
	for (size_t i = 0; i < d->refusals.n; i++)
		if (strcmp(d->refusals.at[i].target, target) == 0)
			return &d->refusals.at[i].outcome;
	return NULL;
}

static void note_refusal(struct delivery *d, const char *target, const struct outcome *o)
{
	struct refusal *r;

	if (!o->refused || refused_before(d, target))
		return;
	r = vec_push(&d->from.book.arena, &d->refusals);
	*r = (struct refusal){ arena_strdup(&d->from.book.arena, target), *o };
	r->outcome.untried = true;
	r->outcome.why = arena_strdup(&d->from.book.arena, o->why);
}

static size_t weight(const struct letter_rows *l)
{
	size_t bytes = 0;

	for (size_t i = 0; i < l->n; i++)
		bytes += l->first[i].notice_len;
	return bytes;
}

/* Those that can be sent go into s, their places into of. Half of the time is for composing; what is too much for that, or for the memory of
 * a batch, waits for the next one, but one is always sent. */
static size_t compose(struct app *app, struct delivery *d, int64_t end_ms, struct letter_rows *l, size_t n,
	struct sends *s, size_t *of)
{
	const int64_t now = monotonic_ms(), until = now + (end_ms - now) / 2;
	size_t bytes = 0, sent = 0;

	for (size_t i = 0; i < n; i++) {
		bytes += weight(&l[i]);
		l[i].postponed = sent && (bytes > NOTICES_MOST || monotonic_ms() > until);
		l[i].held = l[i].postponed ? NULL : refused_before(d, l[i].first->target);
		l[i].quiet = l[i].held;
		if (l[i].postponed || l[i].held)
			continue;
		letter_address(app, d->from.config, &l[i]);
		if (l[i].problem)
			continue;
		s->list[sent].target = &l[i].target;
		letter_write(app, &d->from, &l[i], &s->list[sent].request);
		if (l[i].problem)
			continue;
		s->letters[sent] = l[i].first->letter;
		of[sent++] = i;
	}
	return sent;
}

/* A lease that ended meanwhile is another run's. */
static bool still_ours(struct app *app, struct delivery *d, const char *lease, size_t n)
{
	struct err err = { 0 };
	size_t held;

	app_clock(app);
	if (store_outbox_renew(d->from.store, lease, app->now, &held, &err)) {
		app_warn(app, "%s: it is left for the next run", err.text);
		return false;
	}
	return held == n;
}

static struct outbox_result unsent(struct app *app, const struct letter_rows *l)
{
	if (l->held)
		return judge(app, l, l->held);
	if (l->problem)
		return judge_problem(app, l);
	return (struct outbox_result){ .letter = l->first->letter, .end = OUTBOX_UNTRIED, .why = "" };
}

static void send_letters(struct app *app, struct delivery *d, const char *lease, int64_t end_ms, struct letter_rows *l,
	size_t n, struct outbox_result *results)
{
	struct arena *a = &app->arena;
	struct sends s = { .app = app,
		.list = arena_array(a, n + 1, sizeof *s.list),
		.store = d->from.store,
		.lease = lease,
		.letters = arena_array(a, n + 1, sizeof *s.letters),
		.taken = arena_array(a, n + 1, sizeof *s.taken) };
	size_t *of = arena_array(a, n + 1, sizeof *of);
	const int64_t began = monotonic_ms();
	size_t sent = compose(app, d, end_ms, l, n, &s, of);
	int64_t left;

	if (monotonic_ms() - began > KEEP_MS && !still_ours(app, d, lease, n))
		sent = 0;
	left = end_ms - monotonic_ms();
	send_all(&s, (uint32_t)(left < SEND_MS ? SEND_MS : left), sent);
	app_clock(app);
	for (size_t i = 0; i < n; i++)
		results[i] = unsent(app, &l[i]);
	for (size_t i = 0; i < sent; i++) {
		results[of[i]] = judge(app, &l[of[i]], &s.list[i].outcome);
		l[of[i]].quiet = s.list[i].outcome.refused;
		note_refusal(d, s.list[i].target->name, &s.list[i].outcome);
	}
	for (size_t i = 0; i < n; i++)
		tell(app, l, results, i);
}

/* Those that are due, at most LETTERS of them. 1: there may be more. */
static int batch(struct app *app, struct delivery *d, int64_t end_ms)
{
	struct outbox_rows rows;
	struct letter_rows *l;
	struct outbox_result *results;
	char lease[NONCE_TEXT];
	struct err err = { 0 };
	bool untried = false, postponed = false;
	size_t n;

	if (facts_nonce(lease, &err) ||
		store_outbox_take(d->from.store, &app->arena, lease, app->now, LETTERS, &rows, &err)) {
		app_warn(app, "%s: nothing more is delivered in this run", err.text);
		return 0;
	}
	if (!rows.n)
		return 0;
	if (!d->from.node &&
		(store_meta_get(d->from.store, &d->from.book.arena, "node", &d->from.node, &err) || !d->from.node))
		d->from.node = facts_node(&d->from.book.arena);
	n = letter_split(&app->arena, &rows, &l);
	results = arena_array(&app->arena, n, sizeof *results);
	send_letters(app, d, lease, end_ms, l, n, results);
	if (store_outbox_settle(d->from.store, lease, results, n, &err)) {
		app_warn(app, "%s: what was delivered may be delivered again", err.text);
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		postponed |= l[i].postponed;
		untried |= results[i].end == OUTBOX_UNTRIED && !results[i].next && !l[i].postponed;
		d->in_vain += results[i].end == OUTBOX_LATER || results[i].end == OUTBOX_PARKED;
	}
	return (n == LETTERS || postponed) && !untried;
}

/* A batch has memory of its own: a thousand statements are composed in that of a hundred. */
size_t deliver(struct app *app, struct store *s, const struct config *c)
{
	struct delivery d = { .from = { .store = s, .config = c, .node = c->settings.node } };
	const int64_t end = monotonic_ms() + DELIVER_BUDGET_MS;
	bool more = true;

	while (more && end - monotonic_ms() > LEAST_MS) {
		struct app own = *app;

		own.arena = (struct arena){ 0 };
		app_clock(&own); /* the run may have taken long: a lease begins now */
		more = batch(&own, &d, end);
		arena_free(&own.arena);
	}
	stated_close(&d.from.book);
	return d.in_vain;
}
