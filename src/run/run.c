/* One run: the order of effects of design.md section 2, written once, here.
 *  1 lock  2 configuration, database  3 observe  4 desired, diff  5 intent  6 commit  7 read counters  8 deltas  9 result
 * 10 commit what was decided, drop what was retired  11 unlock, deliver
 * A kill between any two steps loses nothing and doubles nothing: 5 makes what 6 creates known beforehand, 9 stores values
 * together with what they are measured from, 10 deletes only what 9 has stored. cmd/ calls. */
#include "run/run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "model/desired_enforce.h"
#include "nft/words.h"
#include "run/access.h"
#include "run/deliver.h"
#include "run/pass.h"
#include "run/secrets.h"
#include "run/trial_place.h"
#include "run/trouble.h"
#include "tc/words.h"

#define TRIES 5 /* while others keep changing rules */

static void put_structure(struct pass *p, struct batch *b)
{
	if (p->wipe)
		nft_put_table_del(b);
	pass_ingress_put(p, b);
	nft_put_changes(
		b, &p->diff.changes, delta_comment(&p->app->arena, p->ledger.uuid, p->nonce), p->want.ruleset.now_ms);
	if (p->arm_delete)
		nft_put_counter_del(b, LEDGER_CANARY);
	if (p->arm)
		nft_put_counter(b, LEDGER_CANARY, 1, strtoull(p->canary, NULL, 16));
}

/* Step 6. What was sent is counted even when the answer was lost: then the next try finds it done. */
static int commit(struct pass *p, struct batch *b, struct err *err)
{
	struct ruleset made;

	if (b->messages == 0)
		return 0;
	if (talk_batch(p->talk, b, p->generation, err) < 0)
		return -1;
	p->generation++; /* our own: nobody else's commit passes unnoticed */
	if (p->rebuild) {
		if (nft_read_table(p->talk, &p->app->arena, &made, err) < 0)
			return -1;
		if (!made.present)
			return err_set(err, ERR_STALE, "our table went as soon as it was made");
		memcpy(p->where.nonce, p->nonce, NONCE_TEXT);
		p->where.table_handle = made.handle;
	}
	return 0;
}

/* For -v: what is sent, as people would type it. queues: with what became of them. */
static void note_commands(struct pass *p, bool queues)
{
	struct str out = STR_CEILING((size_t)64 << 20);

	if (!p->app->verbose)
		return;
	str_puts(&out, p->report->commands);
	if (queues) {
		pass_ingress_words(p, &out);
		tc_words(p->shape.steps.at, p->shape.before, &out);
	}
	nft_words(&p->diff.changes, delta_comment(&p->app->arena, p->ledger.uuid, p->nonce), &out);
	if (queues)
		tc_words(p->shape.steps.at + p->shape.before, p->shape.steps.n - p->shape.before, &out);
	p->report->commands = arena_strndup(&p->app->arena, out.p ? out.p : "", out.len);
	str_free(&out);
}

/* A try that ends stale has changed the kernel all the same: what it found is not found again by the next. */
static void remember(struct pass *p)
{
	const struct ledger *l = &p->ledger;
	bool ours = l->bound.present && strcmp(l->bound.boot_id, p->boot_id) == 0 && l->bound.netns == p->netns;

	/* pending: a run that died had made it anew, and told nobody */
	p->found.rebuilt |= (p->identity == IDENTITY_NONE || p->identity == IDENTITY_PENDING) && ours && !p->down;
	p->found.copied |= p->identity == IDENTITY_COPY;
	p->found.reset |= p->reset;
	if (p->diff.copies > p->found.copies)
		p->found.copies = p->diff.copies;
	if (!p->rebuild && l->known && l->known_hash == p->hash && !pass_clock_moved(p))
		p->found.mended += p->diff.changes.n;
	pass_queues_note(p);
	pass_ingress_note(p);
	if (p->wipe && !p->stale_copy) {
		p->found.wiped = true;
		p->found.lost = p->have.objects.at;
		p->found.n_lost = p->have.objects.n;
	}
}

/* Once the rules are put right nothing in the kernel tells that they had counted several times: a run that dies before its
 * result leaves a note. Forgetting it late loses a part of one interval; never doubles. */
static int note_copies(struct pass *p, struct err *err)
{
	if (p->diff.copies <= 1 || p->diff.copies <= p->found.copies)
		return 0;
	p->found.copies = p->diff.copies; /* also when the answer to the commit is lost */
	return store_meta_set(p->store, "copies", arena_printf(&p->app->arena, "%u", p->diff.copies), err);
}

/* A root that must be made anew takes its classes with it: nothing may name one meanwhile. The next try finds the rules gone. */
static int leave_classes(struct pass *p, struct err *err)
{
	const struct ruleset_chain *c = ruleset_chain(&p->have, ENFORCE_CLASS_CHAIN);
	struct batch b = { 0 };
	int rc;

	if (!p->shape.elements_away || !c || c->rules.n == 0)
		return 0;
	nft_put_flush(&b, ENFORCE_CLASS_CHAIN);
	rc = talk_batch(p->talk, &b, p->generation, err);
	batch_free(&b);
	return rc < 0 ? -1 : err_set(err, ERR_STALE, "the rules that name classes were taken out");
}

/* Step 6: queues, the table, queues. What is wrong with the last of them is told when the counts are stored. */
static int change(struct pass *p, struct err *err)
{
	struct batch b = { 0 };
	int rc;

	if (leave_classes(p, err) < 0 || pass_queues_before(p, err) < 0)
		return -1;
	if (pass_ingress_before(p, err) < 0) {
		pass_queues_back(p, err);
		return -1;
	}
	put_structure(p, &b);
	p->report->changes = b.messages;
	rc = commit(p, &b, err);
	batch_free(&b);
	if (rc < 0) {
		pass_ingress_back(p, err);
		pass_queues_back(p, err);
		return -1;
	}
	remember(p);
	note_commands(p, true);
	pass_queues_after(p);
	pass_ingress_after(p);
	return 0;
}

/* Steps 3 to 7 once. */
static int structure(struct pass *p, struct err *err)
{
	if (pass_observe(p, err) < 0 || pass_queues_possible(p, err) < 0)
		return -1;
	p->report->changes = p->diff.changes.n + p->shape.steps.n + pass_ingress_changes(p);
	if (p->mode == RUN_PLAN)
		return 0;
	if (pass_trial_begin(p, err) < 0 || note_copies(p, err) < 0 || pass_intend(p, err) < 0 || change(p, err) < 0)
		return -1;
	if (p->diff.partial)
		return err_set(err, ERR_STALE, "the table is dormant");
	if (p->diff.retired.n)
		nft_settle();
	return pass_read(p, err);
}

static int give_up(int tries, struct err *err)
{
	if (err->kind != ERR_STALE)
		return -1;
	if (tries < TRIES)
		return 0;
	err->kind = ERR_BUSY;
	return err_wrap(err, "others keep changing the rules, %d tries", TRIES);
}

static int structure_until_still(struct pass *p, struct err *err)
{
	for (int tries = 1; structure(p, err) < 0; tries++)
		if (give_up(tries, err) < 0)
			return -1;
	return 0;
}

/* What was decided, and the counters whose values are stored, in one batch. */
static int put_effects(struct pass *p, struct err *err)
{
	struct batch b = { 0 };
	int rc = 0;

	if (p->due) {
		if (pass_observe_again(p, err) < 0)
			return -1;
		nft_put_changes(&b, &p->diff.changes, "", p->want.ruleset.now_ms);
		note_commands(p, false);
	}
	for (size_t i = 0; i < p->drop.n; i++)
		nft_put_counter_del(&b, p->drop.at[i]);
	if (b.messages)
		rc = talk_batch(p->talk, &b, p->generation, err);
	p->generation += b.messages > 0;
	p->report->changes += rc < 0 ? 0 : b.messages;
	batch_free(&b);
	return rc;
}

/* Step 10. Only now is the kernel as the database says. */
static int act_on_result(struct pass *p, struct err *err)
{
	if (!p->due && !p->drop.n && !p->gone.n)
		return 0;
	for (int tries = 1; put_effects(p, err) < 0; tries++) {
		if (err->kind == ERR_STALE && !p->due)
			return 0; /* what cannot go now goes in the next run */
		if (give_up(tries, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < p->gone.n; i++)
		*vec_push(&p->app->arena, &p->drop_rows) = p->gone.at[i];
	return store_settled(p->store, p->drop_rows.at, p->drop_rows.n, p->generation, !p->late, err);
}

/* `down`, first half: rules go first, so that nothing counts any more, then the last values are stored. Once only: the ledger
 * holds the baselines of before. */
static int store_last(struct pass *p, bool again, struct err *err)
{
	struct batch b = { 0 };
	int rc;

	if (pass_observe(p, err) < 0)
		return -1;
	if (!p->have.present || p->wipe)
		return 0;
	if (again)
		p->diff.changes.n = 0; /* what is missing now is our own doing */
	if (note_copies(p, err) < 0)
		return -1;
	nft_put_flush(&b, "");
	rc = talk_batch(p->talk, &b, p->generation, err);
	p->report->changes += b.messages;
	batch_free(&b);
	if (rc < 0)
		return -1;
	nft_settle();
	p->arm = p->rebuild = false;
	remember(p);
	p->diff.retired.n = 0;
	if (pass_read(p, err) < 0 || pass_account(p, err) < 0)
		return -1;
	return p->found.copies > 1 ? store_meta_set(p->store, "copies", NULL, err) : 0;
}

/* Second half: the table that was read, and no other. */
static int delete_table(struct pass *p, struct err *err)
{
	struct ruleset now;
	struct batch b = { 0 };
	int rc;

	if (talk_generation(p->talk, &p->generation, err) < 0 || nft_read_table(p->talk, &p->app->arena, &now, err) < 0)
		return -1;
	if (!now.present)
		return 0;
	if (now.handle != p->have.handle)
		return err_set(err, ERR_BUSY, "somebody made the table anew while it was taken down: try again");
	nft_put_table_del(&b);
	rc = talk_batch(p->talk, &b, p->generation, err);
	p->report->changes += b.messages;
	batch_free(&b);
	return rc;
}

static int take_down(struct pass *p, struct err *err)
{
	if (store_meta_set(p->store, "down", "yes", err) < 0)
		return -1;
	/* what waits there is let go, and counted */
	for (int tries = 1; pass_ingress_down(p, err) < 0; tries++)
		if (give_up(tries, err) < 0)
			return -1;
	for (int tries = 1; store_last(p, tries > 1, err) < 0; tries++)
		if (give_up(tries, err) < 0)
			return -1;
	for (int tries = 1; p->have.present && delete_table(p, err) < 0; tries++)
		if (give_up(tries, err) < 0)
			return -1;
	for (int tries = 1; pass_queues_down(p, err) < 0; tries++)
		if (give_up(tries, err) < 0)
			return -1;
	return pass_trial_down(p, err);
}

/* The alert that never comes is found when its target is written, not when it is missed. */
static void warn_access(struct pass *p)
{
	for (size_t i = 0; p->config && i < p->config->targets.n; i++) {
		const struct target *t = &p->config->targets.at[i];
		const char *denied = access_target_denied(&p->app->arena, t);

		if (denied)
			app_warn(p->app, "%s:%" PRIu32 ": the services cannot send to [notify %s]: %s", t->where.file,
				t->where.line, t->name, denied);
	}
}

static void warn(struct pass *p)
{
	pass_bypass(p);
	if (p->mode != RUN_SAMPLE) {
		pass_interval(p);
		pass_queues_warn(p);
		if (!p->app->config_given)
			warn_access(p);
		if (p->config)
			secrets_warn(p->app, p->config);
	}
	for (size_t i = 0; i < p->watch.warnings.n; i++) {
		const struct watch_warning *w = &p->watch.warnings.at[i];

		if (w->where.file)
			app_warn(p->app, "%s:%" PRIu32 ": %s", w->where.file, w->where.line, w->text);
		else
			app_warn(p->app, "%s", w->text);
	}
	if (p->watch.conflict.text && p->mode == RUN_SAMPLE)
		app_warn(p->app, "%s", p->watch.conflict.text);
}

static int refuse_conflict(const struct pass *p, struct err *err)
{
	const struct watch_warning *c = &p->watch.conflict;

	if (!c->text || p->mode == RUN_SAMPLE || p->mode == RUN_DOWN)
		return 0;
	if (c->where.file)
		return err_set(err, ERR_CONFIG, "%s:%" PRIu32 ": %s", c->where.file, c->where.line, c->text);
	return err_set(err, ERR_CONFIG, "%s", c->text);
}

/* Whoever held it may have taken his time. */
static int take_lock(struct pass *p, struct err *err)
{
	if (lock_take(p->app, p->database, LOCK_WAIT_MS, &p->lock, err) < 0)
		return -1;
	app_clock(p->app);
	return 0;
}

/* Steps 1 and 2. */
static int begin(struct pass *p, struct err *err)
{
	if (pass_source(p, err) < 0)
		return -1;
	if (p->mode == RUN_PLAN) {
		struct err missing = { 0 };

		if (store_open(p->database, STORE_READ, &p->store, &missing) < 0 && missing.errnum == 0 &&
			missing.kind != ERR_FAIL)
			return *err = missing, -1;
	} else if (take_lock(p, err) < 0 ||
		store_open(p->database, p->ending ? STORE_WRITE : STORE_CREATE, &p->store, err) < 0) {
		return -1;
	}
	if (p->store && store_migrated(p->store))
		app_note(p->app, "%s", store_migrated(p->store));
	p->ledger.devices = "";
	if (p->store && store_load_counters(p->store, &p->book, &p->ledger, err) < 0)
		return -1;
	return pass_applied(p, err);
}

static void tell_events(struct pass *p)
{
	for (size_t i = 0; i < p->result.events.n; i++) {
		const struct result_event *e = &p->result.events.at[i];

		if ((p->report->refused && strcmp(e->kind, "configuration_refused") == 0) ||
			strcmp(e->kind, "quota_adjusted") == 0) /* the command says what it did */
			continue;
		if (p->ending && strcmp(e->kind, TRIAL_EVENT_BACK) == 0)
			continue; /* who waits says it */
		app_warn(p->app, "%s%s%s", e->subject ? e->subject : "", e->subject ? ": " : "", e->text);
	}
}

static int act(struct pass *p, struct err *err)
{
	if (p->nothing_to_do)
		return p->adjust ? err_set(err, ERR_FAIL, "%s", p->report->says) : 0;
	if (p->mode == RUN_SAMPLE && p->down && !p->adjust && !p->rolling && !p->reopen) {
		p->report->was_down = true;
		return 0;
	}
	if (p->adjust && pass_find_adjusted(p, err) < 0)
		return -1;
	if (pass_machine(p, err) < 0 || refuse_conflict(p, err) < 0)
		return -1;
	if (pass_policies(p, err) < 0)
		return -1;
	if (p->mode == RUN_DOWN)
		return take_down(p, err) < 0 ? -1
			: p->adjust          ? err_set(err, ERR_FAIL, "%s", p->report->rolled_back)
					     : 0;
	if (structure_until_still(p, err) < 0)
		return -1;
	if (p->mode != RUN_SAMPLE || p->app->verbose || !p->known)
		warn(p);
	pass_explain(p);
	if (p->mode == RUN_PLAN)
		return pass_foresee(p, err);
	if (p->down)
		*vec_push(&p->app->arena, &p->result.facts) = (struct fact){ "down", NULL };
	if (pass_account(p, err) < 0 || (p->found.copies > 1 && store_meta_set(p->store, "copies", NULL, err) < 0))
		return -1;
	p->report->adjusted.stored = p->report->adjusted.changed;
	tell_events(p);
	if (act_on_result(p, err) < 0)
		return -1;
	if (p->late && p->mode != RUN_SAMPLE)
		return *err = *p->late, -1;
	if (p->late)
		app_warn(p->app, "%s; the next run tries again", p->late->text);
	return 0;
}

static int whole(struct pass *p, struct err *err)
{
	struct run_report *r = p->report;
	int rc;

	*r = (struct run_report){ .interfaces = "", .commands = "", .zone = "" };
	rc = begin(p, err) < 0 ? -1 : act(p, err);
	if (p->adjust)
		rc = rc < 0 ? pass_adjusted_in_part(p, err) : pass_adjusted(p, err);
	if (p->shaper && p->mode != RUN_PLAN)
		r->changes += shaper_writes(p->shaper);
	shaper_close(p->shaper);
	if (rc == 0 && p->trial_ends)
		trial_place_drop(p->app);
	if (p->config) {
		r->entries = p->config->entries.n;
		r->zone = p->config->settings.timezone;
	}
	r->trial = p->trial;
	r->begun = p->trial_begun;
	r->database = p->database;
	arena_free(&p->reading);
	arena_free(&p->book);
	talk_close(p->talk);
	lock_release(p->lock);
	/* also after `down`, and after a run that failed: what waits is of runs before */
	if (p->store && p->config && (p->mode == RUN_APPLY || p->mode == RUN_SAMPLE))
		deliver(p->app, p->store, p->config);
	store_close(p->store);
	if (p->mode == RUN_SAMPLE && !p->adjust && !p->ending)
		trouble(p->app, p->config, rc < 0 ? err : NULL);
	return rc;
}

int run(struct app *app, enum run_mode mode, bool adopt, struct run_report *ret_report, struct err *err)
{
	struct pass p = { .app = app, .mode = mode, .adopt = adopt, .report = ret_report };

	return whole(&p, err);
}

int run_adjust(struct app *app, const struct run_adjust *adjust, struct run_report *ret_report, struct err *err)
{
	struct pass p = { .app = app, .mode = RUN_SAMPLE, .adjust = adjust, .report = ret_report };

	return whole(&p, err);
}

int run_trial(struct app *app, uint64_t seconds, struct run_report *ret_report, struct err *err)
{
	struct pass p = { .app = app, .mode = RUN_APPLY, .trial_s = seconds, .report = ret_report };

	return whole(&p, err);
}

int run_roll_back(struct app *app, const char *database, const char *id, const char *why, struct run_report *ret_report,
	struct err *err)
{
	struct pass p = { .app = app,
		.mode = RUN_SAMPLE,
		.database = database,
		.ending = id,
		.ending_why = why,
		.report = ret_report };

	return whole(&p, err);
}
