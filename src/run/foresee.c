/* What the verdicts would be if the file were applied now: the consequences that `plan` tells beside the changes.
 * The same decisions as a run's, over what the database and the counters say, with nothing written.
 * run/ only. */
#include "run/pass.h"
#include "run/peek.h"
#include "util/units.h"

/* Of the cycle that the file's rule has now; what the database has as running may be of another. */
static int usage_now(
	struct pass *p, size_t subject, const struct figures *delta, struct usage *ret_usage, struct err *err)
{
	const struct entry *e = pass_subject(p, subject);
	struct cycle_span c = calendar_cycle(&e->cycle, p->app->now);
	const size_t self = subject, *members = e->kind == ENTRY_QUOTA ? e->member_at.at : &self;
	size_t n = e->kind == ENTRY_QUOTA ? e->member_at.n : 1, n_sums = 0;
	struct store_sum *sums = NULL;
	bool running = false;

	*ret_usage = (struct usage){ 0 };
	if (pass_row(p, subject) && store_usage(p->store, pass_row(p, subject), ret_usage, err))
		return -1;
	running = ret_usage->cycle.start == c.start && ret_usage->cycle.end == c.end;
	if (!running) {
		ret_usage->figures = (struct figures){ 0 };
		ret_usage->adjustment = (struct adjustment){ 0 };
		ret_usage->cycle = c;
		if (store_sums(p->store, &p->app->arena, c.start, p->app->now, &sums, &n_sums, err))
			return -1;
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < n_sums; k++)
			if (pass_row(p, members[i]) && sums[k].entry == pass_row(p, members[i]))
				figures_add(&ret_usage->figures, &sums[k].figures);
		if (p->at[members[i]] != SIZE_MAX)
			figures_add(&ret_usage->figures, &delta[p->at[members[i]]]);
	}
	return 0;
}

static const char *consequence(struct pass *p, const struct entry *e, const struct verdict *v, enum verdict_kind kind)
{
	struct arena *a = &p->app->arena;
	const enum unit_style style = e->quota.binary ? UNITS_IEC : UNITS_SI;
	char used[UNITS_TEXT], limit[UNITS_TEXT], rate[UNITS_TEXT];

	units_size(style, v->used, used);
	units_size(style, v->limit, limit);
	switch (kind) {
	case VERDICT_BLOCKED:
		return arena_printf(a, "would be blocked now: %s of %s used", used, limit);
	case VERDICT_THROTTLED:
		return arena_printf(a, "would be throttled to %s now: %s of %s used",
			units_rate(style, e->quota_action.bps, rate), used, limit);
	case VERDICT_OPENED:
		if (!e->quota.present)
			return "would be open again: there is no quota any more";
		return arena_printf(a, "would be open again: %s of %s used", used, limit);
	case VERDICT_EXPIRED:
		return "would be blocked now: it has expired";
	case VERDICT_RENEWED:
		return "would work again";
	case VERDICT_THRESHOLD:
	case VERDICT_EXPIRING:
	case VERDICT_BURST:
	case VERDICT_BURST_END:
	case VERDICT_CYCLE:
	case VERDICT_KINDS:
		break;
	}
	return NULL;
}

int pass_foresee(struct pass *p, struct err *err)
{
	struct figures *delta = arena_array(&p->app->arena, p->ledger.entries.n + 1, sizeof *delta);
	enum peek how;

	if (!p->store || (!pass_has_subjects(p) && !p->ledger.policies.n))
		return 0;
	pass_find_rows(p);
	if (run_peek(p->app, &p->app->arena, p->config, &p->ledger, delta, &how, err) < 0)
		return -1;
	for (size_t i = 0; i < pass_subjects(p); i++) {
		const struct entry *e = pass_subject(p, i);
		struct usage usage;
		struct verdict v;
		struct verdict_input in = { .subject = e,
			.usage = &usage,
			.state = pass_stored_state(p, i),
			.adjusted = pass_raised(p, e),
			.now = p->app->now };

		if (!pass_judged(p, i))
			continue;
		if (usage_now(p, i, delta, &usage, err))
			return -1;
		verdict_decide(&p->app->arena, &in, &v);
		for (size_t k = 0; k < v.n_events; k++) {
			const char *text = consequence(p, e, &v, v.events[k].kind);

			if (text)
				pass_line(p, '!', e, text);
		}
	}
	return 0;
}
