/* Which statements are due: one for each target that wants them, each of its recipients, and each period that is over. They are written
 * into the outbox in the transaction of the result, with the moment up to which they were made, so that each is made once; their figures are
 * read when they are delivered.
 * run/ only. */
#include <inttypes.h>
#include <string.h>

#include "model/due.h"
#include "model/target.h"
#include "run/pass.h"
#include "run/removed.h"
#include "store/outbox.h"
#include "util/hash.h"

/* Who gets statements of what. */
struct readers {
	const struct target *target;
	const char *recipient;
	struct index_list entries; /* of config->entries */
	bool again;                /* some came by a [quota], and may be there already */
	bool is_operator;          /* [portflow] names him: he is told of entries that nobody hears of */
};
/* Entries of a reader whose statements are cut alike. */
struct group {
	const char *period;
	struct index_list entries;
};
struct stating {
	struct pass *p;
	struct due_clock clock;
	VEC_OF(struct readers) readers;
	struct hash_map reader_at, stated_at;
	struct outbox_stated *stated;
	size_t n_stated;
	bool *wanted;     /* of stated */
	uint64_t *rules;  /* of config->entries: hashes of their cycles */
	const char *none; /* names of the entries that nobody hears of */
	struct removed_list removed;
	int64_t leaving; /* row of the entry that leaves() is at */
};
static const struct {
	const char *name;
	enum bucket by;
} periods[] = {
	[STATEMENT_DAILY] = { "daily", BUCKET_DAY },
	[STATEMENT_WEEKLY] = { "weekly", BUCKET_WEEK },
	[STATEMENT_MONTHLY] = { "monthly", BUCKET_MONTH },
};

static bool wants(const struct config *c)
{
	for (size_t i = 0; c && i < c->targets.n; i++)
		if (c->targets.at[i].statement != STATEMENT_NONE)
			return true;
	return false;
}

/* Also where the last run's did: they are forgotten then. */
bool pass_has_statements(const struct pass *p)
{
	return wants(p->config) || wants(p->applied);
}

/* -- who gets what --------------------------------------------------------------------------------------------------- */

static struct readers *reader(struct stating *x, const struct target *t, const char *recipient)
{
	struct arena *a = &x->p->app->arena;
	const char *key = arena_printf(a, "%s\n%s", t->name, recipient);
	const uint32_t *at = hash_map_get(&x->reader_at, key);
	struct readers *r;

	if (at)
		return &x->readers.at[*at];
	hash_map_add(&x->reader_at, key, (uint32_t)x->readers.n);
	r = vec_push(a, &x->readers);
	*r = (struct readers){ .target = t, .recipient = recipient };
	return r;
}

/* Entries come in their order, but for those of a [quota]. */
static void add_entry(struct stating *x, const struct target *t, const char *recipient, size_t entry, bool again)
{
	struct readers *r = reader(x, t, recipient);
	const size_t n = r->entries.n;

	r->again |= again;
	if (!n || r->entries.at[n - 1] != entry)
		*vec_push(&x->p->app->arena, &r->entries) = entry;
}

/* Who hears of an entry, and of a [quota] or two that it is in, has it once. */
static void once(struct stating *x)
{
	size_t *seen = arena_array(&x->p->app->arena, x->p->config->entries.n + 1, sizeof *seen);

	for (size_t i = 0; i < x->readers.n; i++) {
		struct index_list *list = &x->readers.at[i].entries;
		size_t n = 0;

		for (size_t k = 0; x->readers.at[i].again && k < list->n; k++)
			if (seen[list->at[k]] != i + 1) {
				seen[list->at[k]] = i + 1;
				list->at[n++] = list->at[k];
			}
		list->n = x->readers.at[i].again ? n : list->n;
	}
}

/* Calls each for every recipient of these routes that gets statements. */
typedef void each_reader(struct stating *x, const struct target *t, const char *recipient, size_t entry, bool again);

static void expand(struct stating *x, const struct route_list *routes, each_reader *each, size_t entry, bool again)
{
	const struct config *c = x->p->config;

	for (size_t i = 0; i < routes->n; i++)
		for (size_t k = 0; k < c->targets.n; k++) {
			const struct target *t = &c->targets.at[k];
			const char *whom;

			if (t->statement == STATEMENT_NONE || strcmp(t->name, routes->at[i].target) != 0)
				continue;
			for (size_t n = 0; (whom = target_whom(t, routes->at[i].recipient, n)); n++)
				each(x, t, whom, entry, again);
		}
}

static void add_operator(struct stating *x, const struct target *t, const char *recipient, size_t entry, bool again)
{
	(void)entry;
	(void)again;
	reader(x, t, recipient)->is_operator = true;
}

/* A [quota] is about its entries. */
static void find_readers(struct stating *x)
{
	const struct config *c = x->p->config;
	bool *heard = arena_array(&x->p->app->arena, c->entries.n + 1, sizeof *heard);
	cleanup_str struct str none = STR_CEILING((size_t)1 << 20);

	for (size_t i = 0; i < c->entries.n; i++) {
		expand(x, &c->entries.at[i].notify, add_entry, i, false);
		heard[i] = c->entries.at[i].notify.n;
	}
	for (size_t q = 0; q < c->quotas.n; q++)
		for (size_t i = 0; i < c->quotas.at[q].member_at.n; i++) {
			expand(x, &c->quotas.at[q].notify, add_entry, c->quotas.at[q].member_at.at[i], true);
			heard[c->quotas.at[q].member_at.at[i]] |= c->quotas.at[q].notify.n > 0;
		}
	once(x);
	for (size_t i = 0; i < c->entries.n; i++)
		if (!heard[i])
			str_putf(&none, "%s%s", none.len ? ", " : "", c->entries.at[i].name);
	x->none = none.len ? arena_strdup(&x->p->app->arena, none.p) : "";
	if (*x->none)
		expand(x, &c->settings.notify, add_operator, 0, false);
}

static void add_removed(struct stating *x, const struct target *t, const char *recipient, size_t entry, bool again)
{
	(void)entry;
	(void)again;
	removed_add(x->p, &x->removed, x->leaving, t->name, recipient);
}

/* Who heard of it, and of a [quota] that it was in. */
static void leaves(void *with, size_t entry, int64_t row)
{
	struct stating *x = with;
	const struct config *was = x->p->applied;

	x->leaving = row;
	expand(x, &was->entries.at[entry].notify, add_removed, entry, false);
	for (size_t q = 0; q < was->quotas.n; q++)
		for (size_t i = 0; i < was->quotas.at[q].member_at.n; i++)
			if (was->quotas.at[q].member_at.at[i] == entry)
				expand(x, &was->quotas.at[q].notify, add_removed, entry, false);
}

/* -- periods --------------------------------------------------------------------------------------------------------- */

static const char *stated_key(struct arena *a, const char *target, const char *recipient, const char *period)
{
	return arena_printf(a, "%s\n%s\n%s", target, recipient, period);
}

/* -1: never seen. */
static int64_t stated_until(struct stating *x, const struct readers *r, const char *period)
{
	const uint32_t *at = hash_map_get(
		&x->stated_at, stated_key(&x->p->app->arena, r->target->name, r->recipient, period));

	if (!at)
		return -1;
	x->wanted[*at] = true;
	return x->stated[*at].until;
}

/* An entry that left in this period is in its statement, and in no later one. */
static const char *entry_ids(
	const struct stating *x, const struct readers *r, const struct index_list *entries, int64_t from)
{
	cleanup_str struct str out = STR_CEILING((size_t)2 << 20);

	for (size_t i = 0; i < entries->n; i++)
		str_putf(&out, "%" PRId64 " ", pass_row(x->p, entries->at[i]));
	for (size_t i = 0; r->target->statement != STATEMENT_CYCLE && i < x->removed.n; i++) {
		const struct removed *e = &x->removed.at[i];

		if (e->when >= from && strcmp(e->target, r->target->name) == 0 &&
			strcmp(e->recipient, r->recipient) == 0)
			str_putf(&out, "%" PRId64 " ", e->row);
	}
	return arena_strdup(&x->p->app->arena, out.p ? out.p : "");
}

static const char *zone_of(const struct due_cut *c)
{
	return c->rule ? c->rule->timezone : c->zone;
}

/* "2026-11", "2026-11-25", or its first and last day; with the hours if it is a part of one, which a change of the zone leaves. */
static const char *period_name(struct arena *a, const struct due_cut *cut, int64_t from, int64_t until)
{
	char first[CALENDAR_MINUTE], last[CALENDAR_MINUTE];
	const char *zone = zone_of(cut);

	calendar_minute(zone, from, first);
	if (due_start(cut, from) != from)
		return arena_printf(a, "%s - %s", first, calendar_minute(zone, until, last));
	calendar_minute(zone, until - 1, last);
	return !cut->rule && cut->by == BUCKET_MONTH  ? arena_strndup(a, first, strlen("2026-11"))
		: !cut->rule && cut->by == BUCKET_DAY ? arena_strndup(a, first, strlen("2026-11-25"))
						      : arena_printf(a, "%.10s - %.10s", first, last);
}

/* NULL: there is nothing to state. */
static const struct notice *statement_notice(const struct stating *x, const struct readers *r,
	const struct index_list *entries, const struct due_cut *cut, int64_t from, int64_t until)
{
	struct arena *a = &x->p->app->arena;
	struct notice *n = arena_new(a, struct notice);
	const char *ids = entry_ids(x, r, entries, from);

	if (!*ids && !r->is_operator)
		return NULL;
	*n = (struct notice){ .kind = NOTICE_STATEMENT,
		.text = ids,
		.time = (uint64_t)x->p->app->now,
		.subject = period_name(a, cut, from, until),
		.section = "",
		.covers = "",
		.remark = r->is_operator ? x->none : "",
		.zone = zone_of(cut),
		.from = (uint64_t)from,
		.until = (uint64_t)until };
	return n;
}

static void put(struct stating *x, const struct readers *r, const char *period, int64_t until, const struct notice *n)
{
	struct result_statement *s = vec_push(&x->p->app->arena, &x->p->result.statements);

	*s = (struct result_statement){ r->target->name, r->recipient, period, until, n };
}

static void state(struct stating *x, const struct readers *r, const char *period, const struct index_list *entries,
	const struct due_cut *cut)
{
	struct due_list due = { 0 };

	due_periods(&x->clock, cut, stated_until(x, r, period), &x->p->app->arena, &due);
	for (size_t i = 0; i < due.n; i++) {
		const struct due_period *d = &due.at[i];

		put(x, r, period, d->until, d->told ? statement_notice(x, r, entries, cut, d->from, d->until) : NULL);
	}
}

/* Entries whose cycles are cut alike share a statement. */
static void state_cycles(struct stating *x, const struct readers *r)
{
	struct arena *a = &x->p->app->arena;
	struct group *groups = arena_array(a, r->entries.n + 1, sizeof *groups);
	struct hash_map at;
	uint32_t n = 0;

	hash_map_init(&at, a, r->entries.n);
	for (size_t i = 0; i < r->entries.n; i++) {
		const size_t entry = r->entries.at[i];
		const char *key = arena_printf(a, "cycle %016" PRIx64, x->rules[entry]);
		const uint32_t *found = hash_map_get(&at, key);

		if (x->p->config->entries.at[entry].cycle.unit == CYCLE_NEVER)
			continue;
		if (!found) {
			groups[n].period = key;
			hash_map_add(&at, key, n++);
		}
		*vec_push(a, &groups[found ? *found : n - 1].entries) = entry;
	}
	for (uint32_t i = 0; i < n; i++)
		state(x, r, groups[i].period, &groups[i].entries,
			&(struct due_cut){ .rule = &x->p->config->entries.at[groups[i].entries.at[0]].cycle });
}

/* Who gets none any more begins anew when he gets them again. */
static void forget_others(struct stating *x)
{
	for (size_t i = 0; i < x->n_stated; i++) {
		const struct outbox_stated *s = &x->stated[i];

		if (!x->wanted[i])
			*vec_push(&x->p->app->arena, &x->p->result.statements) = (struct result_statement){ s->target,
				s->recipient, s->period, -1, NULL };
	}
}

/* The last statement of who hears of nothing else any more. */
static void find_last_readers(struct stating *x)
{
	for (size_t i = 0; i < x->removed.n; i++) {
		const struct removed *e = &x->removed.at[i];
		const struct target *t = config_target(x->p->config, e->target, strlen(e->target));
		const uint32_t *at;

		if (!t || t->statement == STATEMENT_NONE || t->statement == STATEMENT_CYCLE)
			continue;
		at = hash_map_get(&x->stated_at,
			stated_key(&x->p->app->arena, t->name, e->recipient, periods[t->statement].name));
		if (at && x->stated[*at].until <= e->when)
			reader(x, t, e->recipient);
	}
}

static int look_at_clock(struct stating *x, struct err *err)
{
	struct arena *a = &x->p->app->arena;
	struct due_clock next;
	const char *was, *is;

	if (store_meta_get(x->p->store, a, DUE_FACT, &was, err))
		return -1;
	due_read(was, &x->clock);
	due_step(&x->clock, x->p->ledger.sampled, x->p->app->now, &next);
	is = due_text(a, &next);
	if (strcmp(is ? is : "", was ? was : "") != 0)
		*vec_push(a, &x->p->result.facts) = (struct fact){ DUE_FACT, is };
	return 0;
}

static int prepare(struct stating *x, struct err *err)
{
	struct arena *a = &x->p->app->arena;
	const struct config *c = x->p->config;

	if (look_at_clock(x, err) || store_outbox_stated(x->p->store, a, &x->stated, &x->n_stated, err) ||
		removed_load(x->p, x->p->app->now - DUE_STALE_S, &x->removed, err))
		return -1;
	hash_map_init(&x->reader_at, a, c->entries.n);
	hash_map_init(&x->stated_at, a, x->n_stated);
	x->wanted = arena_array(a, x->n_stated + 1, sizeof *x->wanted);
	for (size_t i = 0; i < x->n_stated; i++)
		hash_map_add(&x->stated_at,
			stated_key(a, x->stated[i].target, x->stated[i].recipient, x->stated[i].period), (uint32_t)i);
	x->rules = arena_array(a, c->entries.n + 1, sizeof *x->rules);
	for (size_t i = 0; i < c->entries.n; i++)
		x->rules[i] = pass_rule_hash(&c->entries.at[i].cycle);
	return 0;
}

int pass_statements(struct pass *p, struct err *err)
{
	struct stating x = { .p = p };

	if (prepare(&x, err))
		return -1;
	if (pass_has_statements(p))
		find_readers(&x);
	removed_each(p, leaves, &x);
	find_last_readers(&x);
	removed_store(p, &x.removed);
	for (size_t i = 0; i < x.readers.n; i++) {
		const struct readers *r = &x.readers.at[i];

		if (r->target->statement == STATEMENT_CYCLE)
			state_cycles(&x, r);
		else
			state(&x, r, periods[r->target->statement].name, &r->entries,
				&(struct due_cut){
					.zone = p->config->settings.timezone, .by = periods[r->target->statement].by });
	}
	forget_others(&x);
	return 0;
}
