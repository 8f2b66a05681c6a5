/* `portflow quota`: a run of `sample` that changes a quota's figure on its way. The adjustment is made inside the result, once what moved is
 * booked and what a sample would tell is told; the one place that decides then decides once more, and the kernel is told in the same run.
 * What is refused then leaves an ordinary sample behind.
 * run/ only. */
#include <inttypes.h>
#include <string.h>

#include "model/adjust.h"
#include "run/pass.h"
#include "util/nearest.h"

/* A file that is being written may have what is missed here. */
static int not_there(struct pass *p, struct err *err, const char *text)
{
	if (p->young && p->config == p->applied)
		return err_set(err, ERR_BUSY, "%s; %s was written just now: try again in 2 seconds", text,
			p->app->config_path);
	return err_set(err, ERR_USAGE, "%s", text);
}

static int unknown(struct pass *p, const char *name, struct err *err)
{
	const char *near = NULL;

	for (size_t i = 0; i < pass_subjects(p); i++)
		if (pass_subject(p, i)->quota.present)
			near = nearest_better(name, near, pass_subject(p, i)->name);
	return not_there(p, err,
		near ? arena_printf(
			       &p->app->arena, "there is no entry or quota \"%s\"; did you mean \"%s\"?", name, near)
		     : arena_printf(
			       &p->app->arena, "there is no entry or quota \"%s\"; portflow status lists them", name));
}

/* The [quota]s that an entry shares, for who looked for its own. */
static const char *shared(struct pass *p, size_t entry)
{
	const char *names = "";

	for (size_t q = 0; q < p->config->quotas.n; q++)
		for (size_t i = 0; i < p->config->quotas.at[q].member_at.n; i++)
			if (p->config->quotas.at[q].member_at.at[i] == entry)
				names = arena_printf(&p->app->arena, "%s%s%s", names, *names ? ", " : "",
					p->config->quotas.at[q].name);
	return names;
}

static int without(struct pass *p, size_t subject, struct err *err)
{
	const char *name = pass_subject(p, subject)->name, *in = shared(p, subject);

	if (*in)
		return not_there(p, err,
			arena_printf(&p->app->arena,
				"\"%s\" has no quota of its own, it shares one: name that instead: %s", name, in));
	return not_there(p, err,
		arena_printf(&p->app->arena,
			"\"%s\" has no quota: write one into its section, as quota = 100GB, then: portflow apply",
			name));
}

int pass_find_adjusted(struct pass *p, struct err *err)
{
	const char *name = p->adjust->name;

	if (p->down)
		return err_set(err, ERR_FAIL,
			"counting was taken down, so no quota holds: nothing was changed. First: portflow apply");
	for (size_t i = 0; i < pass_subjects(p); i++)
		if (strcmp(pass_subject(p, i)->name, name) == 0) {
			p->adjusted_at = i;
			return pass_subject(p, i)->quota.present ? 0 : without(p, i, err);
		}
	return unknown(p, name, err);
}

static const char *until(struct pass *p, const struct entry *e, const struct cycle_span *c)
{
	char buf[CALENDAR_MINUTE];

	return c->end < CALENDAR_MAX
		? arena_printf(&p->app->arena, ", until %s", calendar_minute(e->cycle.timezone, c->end, buf))
		: "";
}

int pass_adjust(struct pass *p, enum quota_state was, struct usage *io_usage, struct err *err)
{
	const struct entry *e = pass_subject(p, p->adjusted_at);
	const int64_t row = pass_row(p, p->adjusted_at);
	struct run_adjusted *done = &p->report->adjusted;
	const struct usage before = *io_usage;
	struct usage after = before;
	const char *why = "";

	done->subject = e;
	done->was = was;
	done->cycle = before.cycle;
	switch (adjust_decide(&p->app->arena, e, &before, &p->adjust->ask, &after.adjustment, &done->undo, &why)) {
	case ADJUST_REFUSED:
		done->refused = why;
		return 0;
	case ADJUST_NOTHING:
		break;
	case ADJUST_CHANGES:
		done->changed = true;
		if (store_adjust(p->store, row, &before.cycle, &after.adjustment, p->adjust->who, p->app->now, err))
			return -1;
		pass_event(p, row, "quota_adjusted", "%s: %s%s", p->adjust->who,
			adjust_words(&p->app->arena, e, &before, &after, &p->adjust->ask), until(p, e, &before.cycle))
			->subject = e->name;
		break;
	}
	*io_usage = after;
	done->used = policy_used(e, &after);
	done->limit = policy_limit(e, &after);
	return 0;
}

int pass_adjusted(struct pass *p, struct err *err)
{
	struct run_adjusted *done = &p->report->adjusted;

	if (!done->subject)
		return err_set(err, ERR_FAIL, "%s: nothing was decided of it: nothing was changed", p->adjust->name);
	if (done->refused)
		return err_set(err, ERR_USAGE, "%s: %s: nothing was changed", p->adjust->name, done->refused);
	done->is = p->policies[p->adjusted_at].state.quota;
	return 0;
}

/* The result is stored and what comes after it failed: who tries again would change the figure twice. */
int pass_adjusted_in_part(struct pass *p, struct err *err)
{
	if (!p->report->adjusted.stored)
		return -1;
	err->kind = ERR_FAIL;
	return err_wrap(err,
		"%s: the change is stored, do not repeat it; the next run puts it into the kernel: portflow sample",
		p->adjust->name);
}
