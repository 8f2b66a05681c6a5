/* A configuration on trial, as the runs see it: who begins one, goes on with one, or rolls one back.
 * What is needed for going back is in the database before the kernel is changed, so that any later run can do it. A roll-back is a run
 * like any other, to the configuration that was applied before. run/ only. */
#include <string.h>

#include "run/facts.h"
#include "run/files.h"
#include "run/pass.h"
#include "run/trial_place.h"
#include "run/who.h"
#include "util/hash.h"

/* Who waits for the end names the trial and the database that it was begun with: what the files say now may be another one. */
int pass_trial_source(struct pass *p)
{
	struct config_sources sources = { 0 };
	struct err ignored = { 0 };

	if (files_load(p->app, &p->app->arena, &sources, &ignored) == 0)
		p->files_hash = config_sources_hash(&sources);
	return 0;
}

static const char *zone(const struct pass *p)
{
	return p->config ? p->config->settings.timezone : p->applied ? p->applied->settings.timezone : "";
}

static const char *somebody(const struct pass *p)
{
	return *p->trial.who ? p->trial.who : "somebody";
}

static const char *clock_of(const struct pass *p, int64_t t)
{
	return trial_clock(&p->app->arena, zone(p), t, p->app->now);
}

/* -- what is pending ------------------------------------------------------------------------------------------------- */

static int read_trial(struct pass *p, struct err *err)
{
	const char *text = NULL;

	if (!p->store || store_meta_get(p->store, &p->app->arena, TRIAL_FACT, &text, err) < 0)
		return p->store ? -1 : 0;
	if (text)
		trial_parse(text, &p->trial);
	if (p->trial.state != TRIAL_PENDING)
		return 0;
	if (pass_where(p, err) < 0)
		return -1;
	p->trial_over = trial_over(&p->trial, p->boot_id, p->netns, p->app->up_ms);
	return 0;
}

static bool same_as_applied(const struct pass *p)
{
	return p->config && p->config == p->applied;
}

/* Is there anything to try, and could it be undone? */
static int prepare(struct pass *p, struct err *err)
{
	const char *before = NULL;

	if (p->applied && strcmp(p->applied->settings.database, p->config->settings.database) != 0)
		return err_set(err, ERR_CONFIG,
			"[portflow] database = %s, but what was applied before is kept with %s: a change of the database cannot be"
			" tried. Take it up by itself, with: portflow apply",
			p->config->settings.database, p->applied->settings.database);
	if (!p->trial_over) {
		if (same_as_applied(p) && !p->down)
			p->trial_s = 0;
		return 0;
	}
	/* what was never confirmed is nothing to come back to */
	if (store_meta_get(p->store, &p->app->arena, TRIAL_FACT_BEFORE, &before, err) < 0)
		return -1;
	if (before && p->text && p->trial.before == TRIAL_BEFORE_APPLIED && strcmp(before, p->text) == 0)
		p->trial_s = 0;
	return 0;
}

static int busy(const struct pass *p, struct err *err)
{
	return err_set(err, ERR_BUSY,
		"the configuration that %s took up at %s is on trial until %s. Keep it first, with: portflow confirm; or wait until it"
		" is rolled back. Nothing was changed.",
		somebody(p), clock_of(p, p->trial.began), clock_of(p, p->trial.until));
}

/* Are the files still those that were rolled back? */
static bool held(const struct pass *p)
{
	return p->trial.state == TRIAL_ROLLED_BACK && p->trial.files == p->files_hash;
}

static void judge_sample(struct pass *p)
{
	const bool nothing = p->trial.state == TRIAL_ROLLED_BACK && p->trial.before == TRIAL_BEFORE_NOTHING;

	p->rolling = p->trial_over;
	p->hold = held(p) || (p->trial.state == TRIAL_PENDING && !p->trial_over);
	p->reopen = nothing && !held(p);
	p->nothing_to_do = nothing && held(p);
}

int pass_trial(struct pass *p, struct err *err)
{
	if (read_trial(p, err) < 0)
		return -1;
	if (p->trial_elsewhere && p->trial.state != TRIAL_PENDING)
		return err_set(err, ERR_BUSY, "the configuration on trial was kept or rolled back just now: try again");
	if (p->ending) {
		p->rolling = p->trial.state == TRIAL_PENDING && strcmp(p->trial.id, p->ending) == 0;
		p->nothing_to_do = !p->rolling;
		return 0;
	}
	if (p->mode == RUN_APPLY && p->trial.state == TRIAL_PENDING && !p->trial_over)
		return busy(p, err);
	if (p->mode == RUN_SAMPLE)
		judge_sample(p);
	if (!p->rolling)
		p->report->says = p->mode == RUN_SAMPLE || p->mode == RUN_PLAN
			? trial_says(&p->app->arena, &p->trial, zone(p), p->app->now, p->trial_over, held(p))
			: NULL;
	return p->mode == RUN_APPLY && p->trial_s ? prepare(p, err) : 0;
}

/* -- rolling back, and other ends ------------------------------------------------------------------------------------ */

static void fact(struct pass *p, const char *key, const char *value)
{
	*vec_push(&p->app->arena, &p->result.facts) = (struct fact){ key, value };
}

static void end(struct pass *p, enum trial_state state, const char *by)
{
	p->trial_ends = true;
	p->trial.state = state;
	p->trial.ended = p->app->now;
	if (state == TRIAL_ROLLED_BACK && p->files_hash) /* else those of the trial are left alone */
		p->trial.files = p->files_hash;
	trial_name(by, p->trial.by);
	fact(p, TRIAL_FACT, trial_print(&p->app->arena, &p->trial));
	fact(p, TRIAL_FACT_BEFORE, NULL);
}

static const char *back_text(struct pass *p)
{
	static const char *const to[] = {
		[TRIAL_BEFORE_NOTHING] = "nothing is counted, as before",
		[TRIAL_BEFORE_APPLIED] = "the one applied before it holds again",
		[TRIAL_BEFORE_DOWN] = "counting is down, as before",
	};
	const char *why = p->ending_why ? p->ending_why
		: trial_restarted(&p->trial, p->boot_id, p->netns)
		? "was not confirmed before the machine was restarted"
		: arena_printf(&p->app->arena, "was not confirmed until %s", clock_of(p, p->trial.until));

	return arena_printf(&p->app->arena, "the configuration that %s took up on trial at %s %s: rolled back, %s",
		somebody(p), clock_of(p, p->trial.began), why, to[p->trial.before]);
}

/* The configuration of before takes the place of the one that was chosen. */
static int roll(struct pass *p, struct err *err)
{
	struct arena *a = &p->app->arena;
	struct diags diags = { .arena = a };
	struct config_sources sources = { 0 };
	const char *before = NULL;

	if (store_meta_get(p->store, a, TRIAL_FACT_BEFORE, &before, err) < 0)
		return -1;
	if (p->trial.before == TRIAL_BEFORE_APPLIED && before) {
		*vec_push(a, &sources.files) = (struct config_source){ "the configuration before", before,
			strlen(before) };
		p->config = config_parse(a, &sources, &diags);
	}
	if (p->trial.before != TRIAL_BEFORE_APPLIED || !before || !p->config || diags.errors) {
		/* pass_trial_down does the rest */
		p->mode = RUN_DOWN;
		p->config = p->applied ? p->applied : p->config;
		if (p->trial.before == TRIAL_BEFORE_DOWN && before)
			fact(p, "applied.text", before);
		return 0;
	}
	p->text = before;
	p->text_hash = hash_text(HASH_START, before);
	p->applied_text = NULL;
	p->mark = ""; /* the files are others */
	p->report->rolled_back = back_text(p);
	pass_event(p, 0, TRIAL_EVENT_BACK, "%s", p->report->rolled_back);
	end(p, TRIAL_ROLLED_BACK, who(&p->app->arena));
	return 0;
}

int pass_trial_settle(struct pass *p, struct err *err)
{
	const bool taken_up = p->mode == RUN_APPLY || (p->mode == RUN_SAMPLE && p->config && !p->hold && !p->fell_back);

	if (p->rolling)
		return roll(p, err);
	if (!taken_up || p->trial_s)
		return 0;
	if (p->trial.state == TRIAL_PENDING) {
		pass_event(p, 0, TRIAL_EVENT_ENDED,
			"the configuration that %s took up on trial at %s was not confirmed, nor rolled back: %s applied what the"
			" files say",
			somebody(p), clock_of(p, p->trial.began), who(&p->app->arena));
		end(p, TRIAL_ENDED, who(&p->app->arena));
	} else if (p->trial.state == TRIAL_ROLLED_BACK) {
		fact(p, TRIAL_FACT, NULL);
	}
	return 0;
}

int pass_trial_down(struct pass *p, struct err *err)
{
	struct arena *a = &p->app->arena;
	struct result_event event = { .kind = TRIAL_EVENT_ENDED };

	if (p->rolling) {
		event.kind = TRIAL_EVENT_BACK;
		event.text = p->report->rolled_back = back_text(p);
		end(p, TRIAL_ROLLED_BACK, who(a));
		if (p->trial.before == TRIAL_BEFORE_NOTHING)
			fact(p, "applied.text", NULL);
		fact(p, "applied.mark", NULL);
		if (!p->ending)
			app_warn(p->app, "%s", event.text);
	} else if (p->trial.state == TRIAL_PENDING) {
		event.text = arena_printf(a,
			"the configuration that %s took up on trial at %s was taken down by %s: nothing is rolled back",
			somebody(p), clock_of(p, p->trial.began), who(a));
		end(p, TRIAL_ENDED, who(a));
	} else if (p->trial.state == TRIAL_ROLLED_BACK) {
		fact(p, TRIAL_FACT, NULL);
	} else {
		return 0;
	}
	return store_meta_put(
		p->store, p->result.facts.at, p->result.facts.n, p->app->now, event.text ? &event : NULL, err);
}

/* -- beginning ------------------------------------------------------------------------------------------------------- */

/* What a roll-back of this trial comes back to. That of one before that was never confirmed stays. */
static void choose_before(struct pass *p)
{
	if (p->trial_over)
		return;
	p->trial.before = p->down ? TRIAL_BEFORE_DOWN : p->applied_text ? TRIAL_BEFORE_APPLIED : TRIAL_BEFORE_NOTHING;
	fact(p, TRIAL_FACT_BEFORE, p->applied_text);
}

int pass_trial_begin(struct pass *p, struct err *err)
{
	struct arena *a = &p->app->arena;
	struct result_event event = { .kind = TRIAL_EVENT_BEGAN };
	struct trial t = { .state = TRIAL_PENDING,
		.began = p->app->now,
		.until = p->app->now + (int64_t)p->trial_s,
		.until_up_ms = p->app->up_ms + (int64_t)p->trial_s * 1000,
		.netns = p->netns,
		.files = p->files_hash };

	if (!p->trial_s || p->trial_begun)
		return 0;
	if (facts_nonce(t.id, err) < 0)
		return -1;
	memcpy(t.boot_id, p->boot_id, sizeof t.boot_id);
	trial_name(who(a), t.who);
	choose_before(p);
	t.before = p->trial.before;
	p->trial = t;
	fact(p, TRIAL_FACT, trial_print(a, &t));
	if (p->text)
		fact(p, "applied.text", p->text);
	if (p->mark)
		fact(p, "applied.mark", p->mark);
	event.text = arena_printf(
		a, "%s took up %s on trial until %s", t.who, p->app->config_path, clock_of(p, t.until));
	trial_place_put(p->app, p->database);
	if (store_meta_put(p->store, p->result.facts.at, p->result.facts.n, t.began, &event, err) < 0)
		return -1;
	p->result.facts.n = 0;
	p->trial_begun = true;
	return 0;
}
