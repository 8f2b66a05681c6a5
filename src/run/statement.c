/* Which statements are due: one for each target that wants them, each of its recipients, and each period that is over. They are written
 * into the outbox in the transaction of the result, with the moment up to which they were made, so that each is made once; their figures are
 * read when they are delivered.
 * run/ only. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "model/target.h"
#include "run/pass.h"
#include "store/outbox.h"

#define PERIODS_MAX 62 /* of one recipient in one run; after an outage the rest comes with the next runs */

/* Who gets statements of what. */
struct readers {
	const struct target *target;
	const char *recipient;
	struct index_list entries; /* of config->entries, ascending */
};
struct stating {
	struct pass *p;
	VEC_OF(struct readers) readers;
	struct outbox_stated *stated;
	size_t n_stated;
};

bool pass_has_statements(const struct pass *p)
{
	for (size_t i = 0; i < p->config->targets.n; i++)
		if (p->config->targets.at[i].statement != STATEMENT_NONE)
			return true;
	return false;
}

/* -- who gets what --------------------------------------------------------------------------------------------------- */

static void add_entry(struct stating *x, const struct target *t, const char *recipient, size_t entry)
{
	struct readers *r = NULL;

	for (size_t i = 0; i < x->readers.n && !r; i++)
		if (x->readers.at[i].target == t && strcmp(x->readers.at[i].recipient, recipient) == 0)
			r = &x->readers.at[i];
	if (!r) {
		r = vec_push(&x->p->app->arena, &x->readers);
		*r = (struct readers){ .target = t, .recipient = recipient };
	}
	for (size_t i = 0; i < r->entries.n; i++)
		if (r->entries.at[i] == entry)
			return;
	*vec_push(&x->p->app->arena, &r->entries) = entry;
}

static void add_routes(struct stating *x, const struct route_list *routes, size_t entry)
{
	const struct config *c = x->p->config;

	for (size_t i = 0; i < routes->n; i++)
		for (size_t k = 0; k < c->targets.n; k++) {
			const struct target *t = &c->targets.at[k];
			const char *own = routes->at[i].recipient;

			if (t->statement == STATEMENT_NONE || strcmp(t->name, routes->at[i].target) != 0)
				continue;
			if (*own || !t->to.n)
				add_entry(x, t, own, entry);
			for (size_t n = 0; !*own && n < t->to.n; n++)
				add_entry(x, t, t->to.at[n], entry);
		}
}

/* A [quota] is about its entries. */
static void find_readers(struct stating *x)
{
	const struct config *c = x->p->config;

	for (size_t i = 0; i < c->entries.n; i++)
		add_routes(x, &c->entries.at[i].notify, i);
	for (size_t q = 0; q < c->quotas.n; q++)
		for (size_t i = 0; i < c->quotas.at[q].member_at.n; i++)
			add_routes(x, &c->quotas.at[q].notify, c->quotas.at[q].member_at.at[i]);
}

/* -- periods --------------------------------------------------------------------------------------------------------- */

/* rule NULL: days, weeks or months. */
static int64_t period_start(const struct stating *x, const struct cycle_rule *rule, enum bucket by, int64_t t)
{
	return rule ? calendar_cycle(rule, t).start : calendar_floor(x->p->config->settings.timezone, by, t);
}

static int64_t period_end(const struct stating *x, const struct cycle_rule *rule, enum bucket by, int64_t t)
{
	return rule ? calendar_cycle(rule, t).end : calendar_next(x->p->config->settings.timezone, by, t);
}

static int64_t stated_until(const struct stating *x, const struct readers *r, const char *period)
{
	for (size_t i = 0; i < x->n_stated; i++) {
		const struct outbox_stated *s = &x->stated[i];

		if (strcmp(s->target, r->target->name) == 0 && strcmp(s->recipient, r->recipient) == 0 &&
			strcmp(s->period, period) == 0)
			return s->until;
	}
	return -1;
}

/* Entries that nobody hears of: for the targets of [portflow]. */
static const char *unheard(const struct stating *x, const struct readers *r)
{
	const struct config *c = x->p->config;
	cleanup_str struct str out = STR_CEILING(4096);
	bool is_operator = false;

	for (size_t i = 0; i < c->settings.notify.n; i++)
		is_operator |= strcmp(c->settings.notify.at[i].target, r->target->name) == 0;
	for (size_t i = 0; is_operator && i < c->entries.n; i++)
		if (!c->entries.at[i].notify.n)
			str_putf(&out, "%s%s", out.len ? ", " : "", c->entries.at[i].name);
	return out.len ? arena_strdup(&x->p->app->arena, out.p) : "";
}

static const char *entry_ids(const struct stating *x, const struct readers *r, const struct cycle_rule *rule)
{
	cleanup_str struct str out = STR_CEILING((size_t)1 << 20);

	for (size_t i = 0; i < r->entries.n; i++) {
		const size_t entry = r->entries.at[i];

		if (!rule || pass_rule_hash(&x->p->config->entries.at[entry].cycle) == pass_rule_hash(rule))
			str_putf(&out, "%" PRId64 " ", pass_row(x->p, entry));
	}
	return arena_strdup(&x->p->app->arena, out.p ? out.p : "");
}

static const struct notice *statement_notice(const struct stating *x, const struct readers *r,
	const struct cycle_rule *rule, enum bucket by, int64_t from, int64_t until)
{
	struct arena *a = &x->p->app->arena;
	struct notice *n = arena_new(a, struct notice);
	char day[CALENDAR_MINUTE], last[CALENDAR_MINUTE];
	const char *zone = rule ? rule->timezone : x->p->config->settings.timezone;

	calendar_minute(zone, from, day);
	calendar_minute(zone, until - 1, last);
	*n = (struct notice){ .kind = NOTICE_STATEMENT,
		.text = entry_ids(x, r, rule),
		.time = (uint64_t)x->p->app->now,
		.subject = !rule && by == BUCKET_MONTH ? arena_strndup(a, day, strlen("2026-11"))
			: !rule && by == BUCKET_DAY    ? arena_strndup(a, day, strlen("2026-11-25"))
						       : arena_printf(a, "%.10s - %.10s", day, last),
		.section = "",
		.covers = "",
		.remark = unheard(x, r),
		.zone = x->p->config->settings.timezone,
		.from = (uint64_t)from,
		.until = (uint64_t)until };
	return n;
}

static void state(
	struct stating *x, const struct readers *r, const char *period, const struct cycle_rule *rule, enum bucket by)
{
	const int64_t now = x->p->app->now, current = period_start(x, rule, by, now);
	int64_t until = stated_until(x, r, period);
	struct result_statement *s;

	if (until < 0) {
		s = vec_push(&x->p->app->arena, &x->p->result.statements);
		*s = (struct result_statement){ r->target->name, r->recipient, period, current, NULL };
		return;
	}
	for (int n = 0; until < current && n < PERIODS_MAX; n++) {
		int64_t end = period_end(x, rule, by, until);

		if (end > current || end <= until)
			return;
		s = vec_push(&x->p->app->arena, &x->p->result.statements);
		*s = (struct result_statement){ r->target->name, r->recipient, period, end,
			statement_notice(x, r, rule, by, until, end) };
		until = end;
	}
}

/* Entries whose cycles are cut alike share a statement. */
static void state_cycles(struct stating *x, const struct readers *r)
{
	for (size_t i = 0; i < r->entries.n; i++) {
		const struct cycle_rule *rule = &x->p->config->entries.at[r->entries.at[i]].cycle;
		bool before = rule->unit == CYCLE_NEVER;

		for (size_t k = 0; k < i; k++)
			before |= pass_rule_hash(&x->p->config->entries.at[r->entries.at[k]].cycle) ==
				pass_rule_hash(rule);
		if (!before)
			state(x, r, arena_printf(&x->p->app->arena, "cycle %016" PRIx64, pass_rule_hash(rule)), rule,
				BUCKET_DAY);
	}
}

int pass_statements(struct pass *p, struct err *err)
{
	static const struct {
		const char *name;
		enum bucket by;
	} periods[] = {
		[STATEMENT_DAILY] = { "daily", BUCKET_DAY },
		[STATEMENT_WEEKLY] = { "weekly", BUCKET_WEEK },
		[STATEMENT_MONTHLY] = { "monthly", BUCKET_MONTH },
	};
	struct stating x = { .p = p };

	if (!pass_has_statements(p))
		return 0;
	if (store_outbox_stated(p->store, &p->app->arena, &x.stated, &x.n_stated, err))
		return -1;
	find_readers(&x);
	for (size_t i = 0; i < x.readers.n; i++) {
		const struct readers *r = &x.readers.at[i];

		if (r->target->statement == STATEMENT_CYCLE)
			state_cycles(&x, r);
		else
			state(&x, r, periods[r->target->statement].name, NULL, periods[r->target->statement].by);
	}
	return 0;
}
