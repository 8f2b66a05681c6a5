/* The figures of status: see gather.h.
 * What the kernel counted since the last sample belongs in part to this hour, to today, to the cycle: it is split as sample
 * would split it if it ran now.
 * status calls. */
#include "cmd/gather_parts.h"

#include <string.h>

#include "model/billing.h"
#include "store/outbox.h"
#include "util/ids.h"
#include "util/saturate.h"

/* A shorter time says nothing: it is measured in whole seconds. */
#define RATE_MIN_S 5
/* How long a machine's event is news, and how many are shown. */
#define NEWS_S 86400
#define NEWS_MAX 3

struct figures gather_sum_of(const struct store_sum *sums, size_t n, int64_t entry)
{
	static const struct figures none;
	const size_t at = IDS_PLACE(sums, n, entry, entry);

	return at == SIZE_MAX ? none : sums[at].figures;
}

void gather_add_since(const struct gather *g, size_t index, int64_t since, struct figures *to)
{
	const struct ledger_entry *e = &g->r->ledger.entries.at[index];
	int64_t from = g->r->ledger.sampled > e->created ? g->r->ledger.sampled : e->created;
	struct piece pieces[2];
	size_t n = split_span(&g->r->delta[index], from, g->app->now, g->app->boot_time, &since, 1, pieces);

	for (size_t i = 0; i < n; i++)
		if (pieces[i].start >= since || n == 1)
			figures_add(to, &pieces[i].figures);
}

static void set_rate(const struct gather *g, size_t index, struct status_row *row)
{
	const struct ledger *l = &g->r->ledger;
	const struct ledger_entry *e = &l->entries.at[index];
	const struct figures *f = &g->r->delta[index];
	int64_t seconds = g->app->now - (l->sampled > e->created ? l->sampled : e->created);
	static const struct figures nothing;

	if (g->r->how != PEEK_LIVE || seconds < RATE_MIN_S) {
		/* then that of the last sample, in which an entry without traffic had none */
		f = e->sums->rate_to == l->sampled ? &e->sums->rate : &nothing;
		seconds = e->sums->rate_to == l->sampled ? e->sums->rate_to - e->sums->rate_from : 1;
		if (!l->sampled)
			return;
	}
	if (seconds <= 0)
		return;
	row->has_rate = true;
	for (int d = 0; d < DIRS; d++)
		row->rate_bps[d] = saturate_mul(f->bytes[d], 8) / (uint64_t)seconds;
}

int gather_cycle(const struct gather *g, const struct cycle_rule *rule, const size_t *members, size_t n, size_t index,
	struct cycle_span *ret_cycle, struct figures *ret, struct err *err)
{
	const struct ledger_entry *e = &g->r->ledger.entries.at[index];
	const struct cycle_span c = calendar_cycle(rule, g->app->now);
	struct figures f = { 0 };

	if (e->sums->cycle_start == c.start && e->sums->cycle_end == c.end) {
		f = e->sums->cycle;
	} else {
		struct store_sum *sums;
		size_t n_sums;

		if (store_sums(g->r->store, &g->app->arena, c.start, c.end, &sums, &n_sums, err))
			return -1;
		for (size_t i = 0; i < n; i++) {
			const struct figures one = gather_sum_of(sums, n_sums, g->r->ledger.entries.at[members[i]].id);

			figures_add(&f, &one);
		}
	}
	gather_add_since(g, index, c.start, &f);
	*ret_cycle = c;
	*ret = f;
	return 0;
}

static int set_cycle(
	const struct gather *g, size_t index, const struct cycle_rule *rule, struct status_row *row, struct err *err)
{
	struct figures f;

	if (gather_cycle(g, rule, &index, 1, index, &row->cycle, &f, err))
		return -1;
	row->cycle_zone = rule->timezone;
	row->cycle_bytes = billing_figure(row->billing, f.bytes[DIR_IN], f.bytes[DIR_OUT]);
	return 0;
}

static int set_row(const struct gather *g, enum entry_kind kind, const char *name, const struct entry *entry,
	struct status_row *ret, struct err *err)
{
	const struct settings *s = &g->r->config->settings;
	struct status_row row = { .kind = kind, .name = name, .entry = entry };
	const ptrdiff_t at = reader_find(g->r, kind, name);
	const struct ledger_entry *e = at < 0 ? NULL : &g->r->ledger.entries.at[at];
	const size_t index = (size_t)at;

	row.billing = entry ? entry->billing : s->billing;
	row.cycle_zone = s->timezone;
	if (e && !e->retired) {
		row.counted = true;
		row.since = e->created;
		row.older = e->sums->older;
		row.figures[STATUS_EVER] = e->sums->total;
		figures_add(&row.figures[STATUS_EVER], &g->r->delta[index]);
		row.figures[STATUS_HOUR] = gather_sum_of(g->hours, g->n_hours, e->id);
		gather_add_since(g, index, g->hour.start, &row.figures[STATUS_HOUR]);
		row.figures[STATUS_TODAY] = gather_sum_of(g->days, g->n_days, e->id);
		gather_add_since(g, index, g->today.start, &row.figures[STATUS_TODAY]);
		set_rate(g, index, &row);
		if (set_cycle(g, index, entry ? &entry->cycle : &s->cycle, &row, err))
			return -1;
	}
	*ret = row;
	return 0;
}

static int set_rows(const struct gather *g, struct status *s, struct err *err)
{
	const struct config *c = g->r->config;

	for (enum entry_kind kind = ENTRY_PORT; kind <= ENTRY_INTERFACE; kind++)
		for (size_t i = 0; i < c->entries.n; i++) {
			const struct entry *e = &c->entries.at[i];

			if (e->kind == kind && set_row(g, kind, e->name, e, vec_push(&g->app->arena, &s->rows), err))
				return -1;
		}
	return set_row(g, ENTRY_FORWARDED, "forwarded", NULL, &s->forwarded, err) ||
			set_row(g, ENTRY_TOTAL, "total", NULL, &s->total, err)
		? -1
		: 0;
}

static int set_sums(struct gather *g, struct err *err)
{
	const int64_t now = g->app->now;
	const struct reader *r = g->r;

	g->hour = (struct cycle_span){ calendar_floor(r->zone, BUCKET_HOUR, now),
		calendar_next(r->zone, BUCKET_HOUR, now) };
	g->today = (struct cycle_span){ calendar_floor(r->zone, BUCKET_DAY, now),
		calendar_next(r->zone, BUCKET_DAY, now) };
	if (store_sums(r->store, &g->app->arena, g->hour.start, g->hour.end, &g->hours, &g->n_hours, err))
		return -1;
	return store_sums(r->store, &g->app->arena, g->today.start, g->today.end, &g->days, &g->n_days, err);
}

/* What happened to the machine of late; what happened to an entry is told by `events`. */
static int set_notes(const struct gather *g, struct status *s, struct err *err)
{
	struct store_event *events;
	size_t n, first = 0, machine = 0;

	if (store_events(g->r->store, &g->app->arena, g->app->now - NEWS_S, &events, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		machine += events[i].entry == 0;
	for (; machine > NEWS_MAX; first++)
		machine -= events[first].entry == 0;
	for (size_t i = first; i < n; i++)
		if (events[i].entry == 0)
			*vec_push(&g->app->arena, &s->notes) = (struct status_note){ events[i].time, events[i].text };
	return 0;
}

/* Messages that nobody will get unless somebody looks. */
static int note_parked(const struct gather *g, struct status *s, struct err *err)
{
	struct arena *a = &g->app->arena;
	size_t waiting, parked, stuck;
	const char *why;

	if (store_outbox_count(g->r->store, &waiting, &parked, err) ||
		store_outbox_stuck(g->r->store, a, g->app->now - OUTBOX_STUCK_S, &stuck, &why, err))
		return -1;
	if (stuck)
		*vec_push(a, &s->notes) = (struct status_note){ g->app->now,
			arena_printf(a, "%zu message%s for more than an hour%s%s: portflow notify list", stuck,
				stuck == 1 ? " waits" : "s wait", *why ? ", " : "", why) };
	if (parked)
		*vec_push(&g->app->arena, &s->notes) = (struct status_note){ g->app->now,
			arena_printf(&g->app->arena, "%zu message%s could not be delivered: portflow notify list",
				parked, parked == 1 ? "" : "s") };
	return 0;
}

static void set_interfaces(struct arena *a, const char *devices, struct name_list *ret)
{
	while (devices && *devices) {
		size_t len = strcspn(devices, " ");

		if (len)
			*vec_push(a, ret) = arena_strndup(a, devices, len);
		devices += len + (devices[len] == ' ');
	}
}

int gather_status(struct app *app, const struct reader *r, struct status *ret, struct err *err)
{
	static const enum status_source sources[] = {
		[PEEK_LIVE] = STATUS_LIVE,
		[PEEK_NO_RIGHT] = STATUS_NO_RIGHT,
		[PEEK_NO_TABLE] = STATUS_NO_TABLE,
	};
	struct gather g = { .app = app, .r = r };
	const struct settings *settings = &r->config->settings;
	struct status s = {
		.zone = r->zone, .now = app->now, .created = r->ledger.created, .sampled = r->ledger.sampled
	};

	if (set_sums(&g, err))
		return -1;
	s.node = settings->node ? settings->node : r->ledger.node ? r->ledger.node : "this machine";
	s.source = sources[r->how];
	s.trial = r->trial.says ? &r->trial.trial : NULL;
	s.trial_says = r->trial.says;
	set_interfaces(&app->arena, r->ledger.devices, &s.interfaces);
	if (set_rows(&g, &s, err) || gather_quotas(&g, &s, err) || set_notes(&g, &s, err) || note_parked(&g, &s, err))
		return -1;
	*ret = s;
	return 0;
}
