/* Quotas of status, and what holds for each entry: see gather_parts.h.
 * Judged anew by the one place that decides, over what is known now: what the kernel did since the last run is shown as it is, and what
 * that run would tell is not told here.
 * gather.c calls. */
#include <stdlib.h>
#include <string.h>

#include "cmd/gather_parts.h"
#include "cmd/term.h"
#include "config/size.h"
#include "model/desired_enforce.h"
#include "model/forecast.h"
#include "model/open_ports.h"
#include "model/verdict.h"
#include "run/host.h"
#include "util/ids.h"
#include "util/saturate.h"

struct quotas {
	const struct gather *g;
	struct status *s;
	struct decided *decided; /* by subject: the configuration's entries, then its quotas */
	size_t *at;              /* by subject: in s->quotas; SIZE_MAX: it has none */
	struct store_sum *lately;
	size_t n_lately;
	uint64_t link_bps; /* of the watched devices */
};

static const struct config *config(const struct quotas *x)
{
	return x->g->r->config;
}

static const struct entry *subject(const struct quotas *x, size_t i)
{
	const struct config *c = config(x);

	return i < c->entries.n ? &c->entries.at[i] : &c->quotas.at[i - c->entries.n];
}

static const struct policy_state *state_of(const struct quotas *x, int64_t row)
{
	static const struct policy_state none;
	const struct ledger *l = &x->g->r->ledger;
	const size_t at = IDS_PLACE(l->policies.at, l->policies.n, entry, row);

	return at == SIZE_MAX ? &none : &l->policies.at[at].state;
}

/* The rows of what moves a subject's bytes: itself, or its members; those that the database does not know yet are left out. */
static size_t members_of(const struct quotas *x, const struct entry *e, size_t index, size_t **ret)
{
	size_t n = 0;

	*ret = arena_array(&x->g->app->arena, e->member_at.n + 1, sizeof **ret);
	if (e->kind != ENTRY_QUOTA)
		(*ret)[n++] = index;
	for (size_t i = 0; i < e->member_at.n; i++) {
		const struct entry *m = &config(x)->entries.at[e->member_at.at[i]];
		const ptrdiff_t at = reader_find(x->g->r, m->kind, m->name);

		if (at >= 0)
			(*ret)[n++] = (size_t)at;
	}
	return n;
}

/* Where the cycle turned since the run before, the kernel counts in the next one's quota. */
static bool exhausted(
	const struct quotas *x, const struct entry *e, const struct policy_state *was, const struct cycle_span *c)
{
	const bool same = was->cycle_start == c->start && was->cycle_end == c->end;

	if (!policy_quota_acts(e) || (!same && (was->cycle_end > c->start || was->cycle_start == was->cycle_end)))
		return false;
	if (x->g->r->how != PEEK_LIVE) /* then it stands as the last run told */
		return same && was->quota >= QUOTA_THROTTLED;
	for (enum direction d = 0; d < DIRS; d++) {
		const char *object = enforce_quota_object(&x->g->app->arena, e, d, !same);

		if (object && hash_map_get(&x->g->r->used_up, object))
			return true;
	}
	return false;
}

/* What devices carry together; 0: of one of them it is not known. */
static uint64_t link_bps(const struct quotas *x, const struct name_list *devices)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < devices->n; i++) {
		struct arena *a = &x->g->app->arena;
		const char *text = host_text(a, arena_printf(a, "/sys/class/net/%s/speed", devices->at[i]));
		const long mbit = text ? strtol(text, NULL, 10) : 0;

		if (mbit <= 0)
			return 0;
		sum = saturate_add(sum, saturate_mul((uint64_t)mbit, 1000000));
	}
	return sum;
}

static int set_lately(struct quotas *x, struct err *err)
{
	const int64_t now = x->g->app->now;

	return store_sums(
		x->g->r->store, &x->g->app->arena, now - FORECAST_WINDOW_S, now, &x->lately, &x->n_lately, err);
}

static void foresee(const struct quotas *x, const struct entry *e, const size_t *members, size_t n, size_t index,
	const struct usage *u, struct status_quota *q)
{
	const struct ledger *l = &x->g->r->ledger;
	struct forecast_input in = { .subject = e,
		.usage = u,
		.now = x->g->app->now,
		.since = INT64_MAX,
		.link_bps = e->devices.n ? link_bps(x, &e->devices) : x->link_bps };

	for (size_t i = 0; i < n; i++) {
		const struct ledger_entry *m = &l->entries.at[members[i]];
		const struct figures one = gather_sum_of(x->lately, x->n_lately, m->id);

		figures_add(&in.lately, &one);
		in.since = m->created < in.since ? m->created : in.since;
	}
	figures_add(&in.lately, &x->g->r->delta[index]);
	q->has_forecast = n && forecast(&in, &q->forecast);
	if (q->state == QUOTA_BLOCKED) /* nothing moves any more */
		q->forecast = q->used;
}

/* A subject that the database knows. */
static int judge(struct quotas *x, size_t i, size_t index, struct err *err)
{
	const struct entry *e = subject(x, i);
	const struct ledger_entry *row = &x->g->r->ledger.entries.at[index];
	struct usage usage = { 0 }, stored;
	struct verdict_input in = { .subject = e,
		.usage = &usage,
		.state = state_of(x, row->id),
		.sampled = x->g->r->ledger.sampled,
		.now = x->g->app->now };
	struct verdict v;
	size_t *members, n = members_of(x, e, index, &members);

	if (gather_cycle(x->g, &e->cycle, members, n, index, &usage.cycle, &usage.figures, err) ||
		store_usage(x->g->r->store, row->id, &stored, err))
		return -1;
	if (stored.cycle.start == usage.cycle.start && stored.cycle.end == usage.cycle.end)
		usage.adjustment = stored.adjustment;
	usage.total = row->sums->total;
	in.exhausted = exhausted(x, e, in.state, &usage.cycle);
	verdict_decide(&x->g->app->arena, &in, &v);
	x->decided[i] = (struct decided){ usage.cycle.end, v.next.burst_until, v.next.quota, v.expired };
	if (e->quota.present) {
		struct status_quota *q = &x->s->quotas.at[x->at[i]];

		q->cycle = usage.cycle;
		q->used = v.used;
		q->limit = v.limit;
		q->permille = v.permille;
		q->state = v.next.quota;
		foresee(x, e, members, n, index, &usage, q);
	}
	return 0;
}

/* One that it does not know yet: nothing is used. */
static void add_quota(struct quotas *x, size_t i)
{
	const struct entry *e = subject(x, i);

	x->at[i] = SIZE_MAX;
	if (!e->quota.present)
		return;
	x->at[i] = x->s->quotas.n;
	*vec_push(&x->g->app->arena, &x->s->quotas) = (struct status_quota){
		.subject = e, .cycle = calendar_cycle(&e->cycle, x->g->app->now), .limit = e->quota.bytes
	};
}

/* By the order of the rows, and each row's list of those that it is in. */
static void list_quotas(struct quotas *x)
{
	const struct config *c = config(x);
	struct arena *a = &x->g->app->arena;
	size_t *row_of = arena_array(a, c->entries.n + 1, sizeof *row_of);

	for (size_t r = 0; r < x->s->rows.n; r++) {
		const size_t i = (size_t)(x->s->rows.at[r].entry - c->entries.at);

		row_of[i] = r;
		add_quota(x, i);
		if (x->at[i] != SIZE_MAX)
			*vec_push(a, &x->s->rows.at[r].quotas) = x->at[i];
	}
	for (size_t q = 0; q < c->quotas.n; q++) {
		add_quota(x, c->entries.n + q);
		for (size_t k = 0; k < c->quotas.at[q].member_at.n; k++)
			*vec_push(a, &x->s->rows.at[row_of[c->quotas.at[q].member_at.at[k]]].quotas) =
				x->at[c->entries.n + q];
	}
}

/* -- what is told of one that is asked for by name ---------------------------------------------------------------------- */

/* A tenth of the quota more than is used, rounded up to what people write. */
static uint64_t enough(const struct status_quota *q)
{
	const uint64_t base = q->subject->quota.binary ? 1024 : 1000;
	const uint64_t over = q->used > q->limit ? q->used - q->limit : 0;
	const uint64_t need = saturate_add(over, q->subject->quota.bytes / 10 + 1);
	uint64_t unit = 1;

	while (need / unit >= base && unit < need)
		unit *= base;
	return saturate_mul(need / unit + (need % unit != 0), unit);
}

static void set_open_with(const struct quotas *x, struct status_quota *q)
{
	cleanup_str struct str out = STR_CEILING(4096);

	if (q->state < QUOTA_THROTTLED)
		return;
	str_putf(&out, "%s quota add %s ", term_program(x->g->app), q->subject->name);
	size_put(&out, enough(q), q->subject->quota.binary);
	q->open_with = arena_strndup(&x->g->app->arena, out.p, out.len);
}

/* What was done by hand in the cycle that runs. */
static int set_changes(struct quotas *x, struct err *err)
{
	struct store_event *events;
	size_t n, all;

	if (!x->s->quotas.n)
		return 0;
	if (store_events(x->g->r->store, &x->g->app->arena, CALENDAR_MIN, &events, &all, err))
		return -1;
	n = 0;
	for (size_t i = 0; i < all; i++)
		if (strcmp(events[i].kind, "quota_adjusted") == 0)
			events[n++] = events[i];
	for (size_t k = 0; k < x->s->quotas.n; k++) {
		struct status_quota *q = &x->s->quotas.at[k];
		const ptrdiff_t at = reader_find(x->g->r, q->subject->kind, q->subject->name);

		set_open_with(x, q);
		for (size_t i = 0; at >= 0 && i < n; i++)
			if (events[i].entry == x->g->r->ledger.entries.at[at].id && events[i].time >= q->cycle.start)
				*vec_push(&x->g->app->arena, &q->changes) = (struct status_note){ events[i].time,
					events[i].text };
	}
	return 0;
}

static int set_open(const struct gather *g, struct status *s, struct err *err)
{
	const char *found;

	if (store_meta_get(g->r->store, &g->app->arena, "keep_open", &found, err))
		return -1;
	open_ports_explain(&g->app->arena, &g->r->config->settings.keep_open, found, &s->open);
	return 0;
}

int gather_quotas(const struct gather *g, struct status *s, struct err *err)
{
	const size_t n = g->r->config->entries.n + g->r->config->quotas.n;
	struct quotas x = { .g = g, .s = s };

	x.decided = arena_array(&g->app->arena, n + 1, sizeof *x.decided);
	x.at = arena_array(&g->app->arena, n + 1, sizeof *x.at);
	list_quotas(&x);
	if (s->quotas.n) {
		x.link_bps = link_bps(&x, &s->interfaces);
		if (set_lately(&x, err))
			return -1;
	}
	for (size_t i = 0; i < n; i++) {
		const struct entry *e = subject(&x, i);
		const ptrdiff_t at = policy_has(e) ? reader_find(g->r, e->kind, e->name) : -1;

		if (at >= 0 && !g->r->ledger.entries.at[at].retired && judge(&x, i, (size_t)at, err))
			return -1;
	}
	gather_held(g, s, x.decided);
	return set_open(g, s, err) || (g->r->detail && set_changes(&x, err)) ? -1 : 0;
}
