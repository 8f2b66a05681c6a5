/* What is decided about entries and quotas, from one run to the next: what the database knows before the kernel is changed, and what
 * the verdicts make of it once the counters are stored.
 * model/verdict.c decides; here it gets what it needs. run/ only. */
#include <string.h>

#include "model/billing.h"
#include "model/desired_enforce.h"
#include "model/watch_warn.h"
#include "run/pass.h"
#include "util/hash.h"
#include "util/ids.h"

/* A clock that goes a little wrong is not set, it drifts. */
#define CLOCK_SLACK_S 2

size_t pass_subjects(const struct pass *p)
{
	return p->config->entries.n + p->config->quotas.n;
}

const struct entry *pass_subject(const struct pass *p, size_t i)
{
	return i < p->config->entries.n ? &p->config->entries.at[i] : &p->config->quotas.at[i - p->config->entries.n];
}

bool pass_has_subjects(const struct pass *p)
{
	for (size_t i = 0; i < pass_subjects(p); i++)
		if (policy_has(pass_subject(p, i)))
			return true;
	return false;
}

void pass_find_rows(struct pass *p)
{
	struct arena *a = &p->app->arena;
	struct hash_map by_name;

	p->at = arena_array(a, pass_subjects(p) + 1, sizeof *p->at);
	hash_map_init(&by_name, a, pass_subjects(p));
	for (size_t i = 0; i < pass_subjects(p); i++) {
		p->at[i] = SIZE_MAX;
		hash_map_add(&by_name, pass_subject(p, i)->name, (uint32_t)i);
	}
	for (size_t i = 0; i < p->ledger.entries.n; i++) {
		const struct ledger_entry *e = &p->ledger.entries.at[i];
		const uint32_t *at = e->retired ? NULL : hash_map_get(&by_name, e->name);

		if (at && pass_subject(p, *at)->kind == e->kind)
			p->at[*at] = i;
	}
}

int64_t pass_row(const struct pass *p, size_t subject)
{
	return p->at[subject] == SIZE_MAX ? 0 : p->ledger.entries.at[p->at[subject]].id;
}

/* The row of a ledger entry among the policies; their number if it has none. */
static size_t policy_row(const struct pass *p, int64_t row)
{
	const size_t at = IDS_PLACE(p->ledger.policies.at, p->ledger.policies.n, entry, row);

	return at == SIZE_MAX ? p->ledger.policies.n : at;
}

const struct policy_state *pass_stored_state(const struct pass *p, size_t subject)
{
	static const struct policy_state none;
	size_t at = policy_row(p, pass_row(p, subject));

	return at < p->ledger.policies.n ? &p->ledger.policies.at[at].state : &none;
}

bool pass_judged(const struct pass *p, size_t subject)
{
	return policy_has(pass_subject(p, subject)) || policy_row(p, pass_row(p, subject)) < p->ledger.policies.n;
}

/* A cycle that ended since the run before: the kernel is in the next one's quota by itself, and stays there until step 10 knows what of it
 * is used. The quota of the cycle that ended, perhaps used up, must not come back in between. */
static void stay_in_next(struct pass *p, size_t subject)
{
	const struct policy_state *was = pass_stored_state(p, subject);
	struct policy_state *is = &p->policies[subject].state;

	if (was->cycle_start == was->cycle_end || was->cycle_end > p->app->now)
		return;
	is->cycle_start = was->cycle_start;
	is->cycle_end = was->cycle_end;
}

int pass_policies(struct pass *p, struct err *err)
{
	size_t n = pass_subjects(p);
	int64_t *rows = arena_array(&p->app->arena, n + 1, sizeof *rows);
	struct usage *usages = arena_array(&p->app->arena, n + 1, sizeof *usages);
	bool any = pass_has_subjects(p);

	p->policies = arena_array(&p->app->arena, n + 1, sizeof *p->policies);
	p->enforcement = (struct enforcement){ .policies = p->policies,
		.open = p->open.at,
		.n_open = p->open.n,
		.sender = p->sender,
		.resolver = p->resolver };
	if (!any)
		return 0;
	pass_find_rows(p);
	for (size_t i = 0; i < n; i++)
		rows[i] = pass_subject(p, i)->quota.present ? pass_row(p, i) : 0;
	if (p->store && store_usages(p->store, rows, n, usages, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (policy_has(pass_subject(p, i))) {
			policy_at(
				pass_subject(p, i), pass_stored_state(p, i), &usages[i], p->app->now, &p->policies[i]);
			stay_in_next(p, i);
		}
	return 0;
}

/* The next moment after `now` at which the table changes by itself. */
static int64_t next_change(const struct pass *p)
{
	int64_t next = 0;

	for (size_t i = 0; i < pass_subjects(p); i++) {
		const struct entry *e = pass_subject(p, i);
		const struct policy_state *s = &p->policies[i].state;
		const int64_t moments[] = { policy_quota_acts(e) ? s->cycle_end : 0, policy_expiry(e), s->burst_until };

		for (size_t k = 0; k < sizeof moments / sizeof *moments; k++)
			if (moments[k] > p->app->now && moments[k] < CALENDAR_MAX && (!next || moments[k] < next))
				next = moments[k];
	}
	return next;
}

bool pass_clock_moved(const struct pass *p)
{
	const struct ledger *l = &p->ledger;
	int64_t step = p->app->boot_time - l->known_clock;

	if (l->known_until && p->app->now >= l->known_until)
		return true;
	/* also when nothing lay ahead: what is over is not over any more by a clock that went back */
	return (step > CLOCK_SLACK_S || step < -CLOCK_SLACK_S) && pass_has_subjects(p);
}

/* -- what the kernel must hear of ------------------------------------------------------------------------------------ */

static bool policy_due(struct pass *p, const struct entry *e, const struct policy *was, const struct policy *is)
{
	const struct policy_state *x = &was->state, *y = &is->state;

	if (x->burst_until != y->burst_until)
		return true;
	if (!policy_quota_acts(e))
		return false;
	return x->cycle_start != y->cycle_start || x->cycle_end != y->cycle_end ||
		(x->quota != y->quota && (x->quota >= QUOTA_THROTTLED || y->quota >= QUOTA_THROTTLED)) ||
		pass_quota_off(p, e, is);
}

/* Only words come of it, so nothing here stops a run. */
void pass_interval(struct pass *p)
{
	struct err err = { 0 };
	int64_t seconds = 0;

	if (p->store && pass_has_subjects(p) && store_interval(p->store, &seconds, &err) == 0)
		watch_warn_interval(&p->app->arena, p->config, seconds, &p->watch);
}

/* -- verdicts -------------------------------------------------------------------------------------------------------- */

/* Windows of one length are read once. */
struct window_sums {
	uint64_t window_s, known_s;
	struct store_sum *sums;
	size_t n;
};
struct judging {
	struct pass *p;
	VEC_OF(struct window_sums) windows;
};

static int window_of(struct judging *j, const struct entry *e, int64_t row, struct burst_window *ret, struct err *err)
{
	struct pass *p = j->p;
	struct window_sums *w = NULL;
	size_t at;

	for (size_t i = 0; i < j->windows.n && !w; i++)
		if (j->windows.at[i].window_s == e->burst.window_s)
			w = &j->windows.at[i];
	if (!w) {
		struct window_sums new = { .window_s = e->burst.window_s };

		if (store_window(p->store, &p->app->arena, p->app->now - (int64_t)e->burst.window_s, p->app->now,
			    p->app->boot_time, &new.sums, &new.n, &new.known_s, err))
			return -1;
		w = vec_push(&p->app->arena, &j->windows);
		*w = new;
	}
	*ret = (struct burst_window){ .known_s = w->known_s };
	at = IDS_PLACE(w->sums, w->n, entry, row);
	if (at != SIZE_MAX)
		memcpy(ret->bytes, w->sums[at].figures.bytes, sizeof ret->bytes);
	return 0;
}

/* The kernel's quota of the running cycle. Until step 10 that is still the next one's where the cycle turned since the run before; of one
 * that another rule cuts there is none. */
static bool exhausted(struct pass *p, const struct entry *e, const struct policy_state *was, const struct usage *u)
{
	const bool same = was->cycle_start == u->cycle.start && was->cycle_end == u->cycle.end;

	if (!policy_quota_acts(e) || (!same && was->cycle_end > u->cycle.start))
		return false;
	for (enum direction d = 0; d < DIRS; d++) {
		const char *object = enforce_quota_object(&p->app->arena, e, d, !same);
		const struct quota_value *q = object ? pass_kernel_quota(p, object) : NULL;

		if (q && q->used >= q->limit)
			return true;
	}
	return false;
}

/* The figure of a cycle that is over, as a text; NULL: it is not stored. */
static int closed_total(struct pass *p, const struct entry *e, int64_t row, int64_t start, int64_t end,
	const char **ret_text, uint64_t *ret_bytes, struct err *err)
{
	struct figures f;
	bool found = false;

	*ret_text = NULL;
	if (store_closed_cycle(p->store, row, start, end, &f, &found, err))
		return -1;
	*ret_bytes = billing_figure(e->billing, f.bytes[DIR_IN], f.bytes[DIR_OUT]);
	if (found)
		*ret_text = verdict_size(&p->app->arena, e, *ret_bytes);
	return 0;
}

/* Has the cycle that was told of ended, by the rule that cuts cycles now or the one before? */
static bool has_ended(const struct policy_state *was, const struct usage *u)
{
	return was->cycle_start != was->cycle_end && was->cycle_end <= u->cycle.start;
}

static struct notice *add_event(struct pass *p, size_t subject, enum verdict_kind kind, const char *text)
{
	struct result_event *e = pass_event(p, pass_row(p, subject), verdict_word(kind), "%s", text);

	e->subject = pass_subject(p, subject)->name;
	return e->notice;
}

static void tell_closed(struct notice *n, int64_t start, int64_t end, uint64_t total)
{
	n->from = (uint64_t)start;
	n->until = (uint64_t)end;
	n->total = total;
}

/* Those between the one that was told of and the running one, as far as they have a share: no run saw them. */
static int tell_unseen_cycles(
	struct pass *p, size_t i, const struct policy_state *was, const struct usage *u, struct err *err)
{
	const struct entry *e = pass_subject(p, i);
	struct cycle_span c;

	if (!has_ended(was, u))
		return 0;
	for (int64_t t = was->cycle_end; t < u->cycle.start; t = c.end) {
		const char *total;
		uint64_t bytes;

		c = calendar_cycle(&e->cycle, t);
		if (closed_total(p, e, pass_row(p, i), c.start, c.end, &total, &bytes, err))
			return -1;
		if (total)
			tell_closed(add_event(p, i, VERDICT_CYCLE, verdict_closed(&p->app->arena, e, &c, total)),
				c.start, c.end, bytes);
	}
	return 0;
}

static void decide(struct pass *p, size_t i, const struct verdict_input *in, struct verdict *ret)
{
	verdict_decide(&p->app->arena, in, ret);
	for (size_t k = 0; k < ret->n_events; k++) {
		struct notice *n = add_event(p, i, ret->events[k].kind, ret->events[k].text);

		if (ret->events[k].kind == VERDICT_CYCLE)
			tell_closed(n, in->state->cycle_start, in->state->cycle_end, in->closed_bytes);
		if (ret->events[k].kind == VERDICT_BURST)
			n->average = verdict_average(&in->subject->burst, in->window);
	}
}

/* What a sample would have told is told. Then the figure is changed by hand, and what comes of that is decided. */
static int decide_again(struct pass *p, size_t i, const struct verdict_input *in, struct verdict *io, struct err *err)
{
	const struct policy_state was = io->next;
	struct usage usage = *in->usage;
	struct verdict_input again = *in;

	if (pass_adjust(p, was.quota, &usage, err))
		return -1;
	again.usage = &usage;
	again.state = &was;
	again.window = NULL;
	again.closed = NULL;
	again.exhausted = false; /* by another limit or figure */
	again.adjusted = p->report->adjusted.changed;
	if (again.adjusted)
		decide(p, i, &again, io);
	return 0;
}

static int judge_subject(struct judging *j, size_t i, struct err *err)
{
	struct pass *p = j->p;
	const struct entry *e = pass_subject(p, i);
	struct usage usage = { 0 };
	struct burst_window window;
	struct verdict v;
	struct verdict_input in = { .subject = e,
		.usage = &usage,
		.state = pass_stored_state(p, i),
		.sampled = p->ledger.sampled,
		.now = p->app->now };

	if (store_usage(p->store, pass_row(p, i), &usage, err) ||
		(has_ended(in.state, &usage) &&
			closed_total(p, e, pass_row(p, i), in.state->cycle_start, in.state->cycle_end, &in.closed,
				&in.closed_bytes, err)) ||
		tell_unseen_cycles(p, i, in.state, &usage, err))
		return -1;
	in.adjusted = pass_raised(p, e);
	in.exhausted = !in.adjusted && exhausted(p, e, in.state, &usage);
	if (e->burst.rate.present) {
		if (window_of(j, e, pass_row(p, i), &window, err))
			return -1;
		in.window = &window;
	}
	decide(p, i, &in, &v);
	if (p->adjust && i == p->adjusted_at && decide_again(p, i, &in, &v, err))
		return -1;
	if (policy_has(e) && !policy_state_equal(&v.next, pass_stored_state(p, i))) {
		struct ledger_policy *row = vec_push(&p->app->arena, &p->result.policies);

		row->entry = pass_row(p, i);
		row->state = v.next;
	}
	p->due |= policy_due(p, e, &p->policies[i], &v.policy);
	p->policies[i] = v.policy;
	return 0;
}

/* Rows of what has no policy any more. */
static void forget_others(struct pass *p)
{
	bool *live = arena_array(&p->app->arena, p->ledger.policies.n + 1, sizeof *live);

	for (size_t i = 0; i < pass_subjects(p); i++)
		if (policy_has(pass_subject(p, i)))
			live[policy_row(p, pass_row(p, i))] = true;
	for (size_t k = 0; k < p->ledger.policies.n; k++)
		if (!live[k])
			*vec_push(&p->app->arena, &p->result.policies) =
				(struct ledger_policy){ .entry = p->ledger.policies.at[k].entry };
}

int pass_judge(void *arg, struct err *err)
{
	struct judging j = { .p = arg };
	struct pass *p = arg;

	for (size_t i = 0; i < pass_subjects(p); i++)
		if (pass_row(p, i) && pass_judged(p, i) && judge_subject(&j, i, err))
			return -1;
	forget_others(p);
	p->result.known_until = next_change(p);
	p->result.known_clock = p->app->boot_time;
	p->result.known &= !p->due; /* until step 10 is through */
	return pass_tell(p, err) || pass_statements(p, err) ? -1 : 0;
}
