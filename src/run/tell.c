/* Who is told of the events of a run, and in what numbers: each event gets its notice and its routes, and the store writes a row of the
 * outbox for each together with the event.
 * What only the place that saw it knows (the total of a closed cycle, a burst's average) stands in the notice already.
 * run/ only. */
#include <string.h>

#include "model/target.h"
#include "run/pass.h"
#include "util/hash.h"
#include "util/ids.h"
#include "util/saturate.h"
#include "util/str.h"
#include "view/words.h"

static void add_route(struct pass *p, struct result_event *e, const char *target, const char *recipient)
{
	struct route *r;

	for (size_t i = 0; i < e->routes.n; i++)
		if (strcmp(e->routes.at[i].target, target) == 0 && strcmp(e->routes.at[i].recipient, recipient) == 0)
			return;
	r = vec_push(&p->app->arena, &e->routes);
	*r = (struct route){ .target = target, .recipient = recipient };
}

/* Of mail each recipient gets one of his own. */
static void route(struct pass *p, struct result_event *e, const struct route_list *routes)
{
	const enum notice_group group = notice_group(e->kind);

	for (size_t i = 0; i < routes->n; i++) {
		const struct route *r = &routes->at[i];
		const struct target *t = config_target(p->config, r->target, strlen(r->target));
		const char *whom;

		if (!t || !(t->events & group))
			continue;
		for (size_t k = 0; (whom = target_whom(t, r->recipient, k)); k++)
			add_route(p, e, t->name, whom);
	}
}

/* "80,443"; of a quota its entries: "web, game". */
static const char *covers_of(struct arena *a, const struct entry *e)
{
	cleanup_str struct str out = STR_CEILING((size_t)1 << 20);

	if (e->kind != ENTRY_QUOTA)
		return covers_text(a, e);
	for (size_t i = 0; i < e->members.n; i++)
		str_putf(&out, "%s%s", i ? ", " : "", e->members.at[i]);
	return out.p ? arena_strdup(a, out.p) : "";
}

/* What it moved in this run: its row among the results, in the order in which account.c makes them. */
static void add_rate(const struct pass *p, size_t i, struct notice *n)
{
	const size_t all = p->result.entries.n, quotas = p->config->quotas.n, entries = all > quotas ? all - quotas : 0;
	const size_t at = i < p->config->entries.n ? IDS_PLACE(p->result.entries.at, entries, entry, pass_row(p, i))
						   : entries + i - p->config->entries.n;
	const struct result_entry *r = at < all ? &p->result.entries.at[at] : NULL;

	if (!r || r->entry != pass_row(p, i) || r->from <= 0 || r->from >= p->app->now)
		return;
	n->rate_in = saturate_mul(r->delta.bytes[DIR_IN], 8) / (uint64_t)(p->app->now - r->from);
	n->rate_out = saturate_mul(r->delta.bytes[DIR_OUT], 8) / (uint64_t)(p->app->now - r->from);
}

static void about_subject(struct pass *p, size_t i, const struct usage *u, struct notice *n)
{
	const struct entry *e = pass_subject(p, i);
	const struct policy_state *s = &p->policies[i].state;

	n->subject = e->name;
	n->section = kind_word(e->kind);
	n->covers = covers_of(&p->app->arena, e);
	n->remark = e->remark;
	n->zone = e->cycle.timezone;
	if (e->quota.present) {
		n->used = policy_used(e, u);
		n->limit = policy_limit(e, u);
		n->binary = e->quota.binary;
		n->percent = s->told;
		n->resets = u->cycle.end > u->cycle.start && u->cycle.end < CALENDAR_MAX ? (uint64_t)u->cycle.end : 0;
	}
	switch (notice_group(n->kind)) {
	case NOTICE_QUOTA:
		add_rate(p, i, n);
		n->rate = e->quota_action.kind == ACTION_THROTTLE ? e->quota_action.bps : 0;
		break;
	case NOTICE_BURST:
		add_rate(p, i, n);
		n->rate = e->burst.limit.bps;
		n->most = e->burst.rate.bps;
		n->window = e->burst.window_s;
		n->until = s->burst_until > 0 ? (uint64_t)s->burst_until : 0;
		break;
	case NOTICE_EXPIRY:
		n->until = e->expires.present ? (uint64_t)policy_expiry(e) : 0;
		break;
	case NOTICE_CYCLE: /* the one that is closed, not the one that began */
		n->used = n->total;
		n->resets = 0;
		break;
	default:
		break;
	}
}

static int tell(struct pass *p, struct result_event *e, const struct hash_map *subjects, struct err *err)
{
	const uint32_t *at = e->subject ? hash_map_get(subjects, e->subject) : NULL;
	struct notice *n = e->notice ? e->notice : arena_new(&p->app->arena, struct notice);
	struct usage u = { 0 };

	n->kind = e->kind;
	n->text = e->text;
	n->time = (uint64_t)p->app->now;
	n->subject = n->section = n->covers = n->remark = "";
	n->zone = p->config->settings.timezone;
	if (at) {
		if (store_usage(p->store, pass_row(p, *at), &u, err))
			return -1;
		about_subject(p, *at, &u, n);
	}
	e->notice = n;
	route(p, e, at ? &pass_subject(p, *at)->notify : &p->config->settings.notify);
	return 0;
}

int pass_tell(struct pass *p, struct err *err)
{
	struct hash_map subjects;

	if (!p->result.events.n || !p->config || !p->config->targets.n)
		return 0;
	hash_map_init(&subjects, &p->app->arena, pass_subjects(p));
	for (size_t i = 0; i < pass_subjects(p); i++)
		hash_map_add(&subjects, pass_subject(p, i)->name, (uint32_t)i);
	for (size_t i = 0; i < p->result.events.n; i++)
		if (tell(p, &p->result.events.at[i], &subjects, err))
			return -1;
	return 0;
}
