/* Which statements are due: one for each target that wants them, each of its recipients, and each period that is over. They are written
 * into the outbox in the transaction of the result, with the moment up to which they were made, so that each is made once; their figures are
 * read when they are delivered.
 * run/ only. */
#include <inttypes.h>
#include <string.h>

#include "model/due.h"
#include "model/target.h"
#include "run/pass.h"
#include "run/readers.h"
#include "run/shares.h"
#include "store/outbox.h"
#include "util/ids.h"

/* Entries of a reader whose statements are cut alike. */
struct group {
	const char *period;
	uint64_t hash;
	const struct cycle_rule *rule;
	struct index_list entries;
};
struct stating {
	struct pass *p;
	struct due_clock clock;
	struct reader_list readers;
	struct share_list shares;
	struct hash_map stated_at;
	struct outbox_stated *stated;
	size_t n_stated;
	bool *wanted;    /* of stated */
	uint64_t *rules; /* of config->entries: hashes of their cycles */
	/* by ledger.entries */
	size_t *configured; /* of config->entries; SIZE_MAX: none */
	size_t *mine, *put; /* == turn: the reader hears of it now; it is in his statement */
	size_t turn;
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

/* -- parts: of what came to a reader, or left him, within a period ----------------------------------------------------- */

/* One more in the order of time: the chain has the latest first. Returns whether he has the entry still, by any of them. */
static bool put_parts(
	const struct stating *x, const struct readers *r, size_t i, int64_t from, int64_t until, struct str *out)
{
	const struct share *s = i ? &x->shares.at[i - 1] : NULL;
	bool open;

	if (!s)
		return false;
	open = put_parts(x, r, s->next_of_row, from, until, out);
	if (strcmp(s->target, r->target->name) != 0 || strcmp(s->recipient, r->recipient) != 0)
		return open;
	from = s->from > from ? s->from : from;
	until = s->until && s->until < until ? s->until : until;
	if (from < until)
		str_putf(out, "%" PRId64 "@%" PRId64 "-%" PRId64 " ", s->row, from, until);
	return open || !s->until;
}

static void put_row(struct stating *x, const struct readers *r, size_t at, int64_t from, int64_t until, struct str *out)
{
	const int64_t row = x->p->ledger.entries.at[at].id;
	cleanup_str struct str parts = STR_CEILING(65536);
	const bool open = put_parts(x, r, shares_of_row(x->p, &x->shares, row), from, until, &parts);

	x->put[at] = x->turn;
	if (x->mine[at] == x->turn && !open)
		str_putf(out, "%" PRId64 " ", row);
	else
		str_puts(out, parts.p ? parts.p : "");
}

static size_t place_of(const struct stating *x, int64_t row)
{
	return IDS_PLACE(x->p->ledger.entries.at, x->p->ledger.entries.n, id, row);
}

/* How its cycles are cut, where the statement is about cycles. 0: not known. */
static const struct cycle_rule *rule_of(struct stating *x, const struct share *s, uint64_t *ret_hash)
{
	const size_t at = place_of(x, s->row);
	const size_t entry = at == SIZE_MAX ? SIZE_MAX : x->configured[at];
	const struct cycle_rule *rule = entry == SIZE_MAX ? shares_rule(&x->p->app->arena, s)
							  : &x->p->config->entries.at[entry].cycle;

	*ret_hash = rule && rule->unit != CYCLE_NEVER ? pass_rule_hash(rule) : 0;
	return rule;
}

/* Marks what he hears of now. */
static size_t first_share(struct stating *x, const struct readers *r)
{
	x->turn++;
	for (size_t i = 0; i < r->entries.n; i++)
		if (x->p->at[r->entries.at[i]] != SIZE_MAX)
			x->mine[x->p->at[r->entries.at[i]]] = x->turn;
	return shares_of_reader(x->p, &x->shares, r->target->name, r->recipient);
}

/* "ROW ROW@FROM-UNTIL ": these entries, and those that he had in the period and has no more. hash: of the cycles that it is about; 0: of none. */
static const char *entry_ids(struct stating *x, const struct readers *r, const struct index_list *entries,
	uint64_t hash, int64_t from, int64_t until)
{
	cleanup_str struct str out = STR_CEILING((size_t)2 << 20);
	cleanup_arena struct arena a = { 0 };
	struct index_list had = { 0 };

	for (size_t i = first_share(x, r); i; i = x->shares.at[i - 1].next_of_reader) {
		const size_t at = place_of(x, x->shares.at[i - 1].row);

		if (at != SIZE_MAX && x->mine[at] == x->turn)
			x->put[at] = SIZE_MAX;
		else
			*vec_push(&a, &had) = i - 1; /* the latest first */
	}
	for (size_t i = 0; i < entries->n; i++) {
		const size_t at = x->p->at[entries->at[i]];

		if (at != SIZE_MAX && x->put[at] == SIZE_MAX)
			put_row(x, r, at, from, until, &out);
		else
			str_putf(&out, "%" PRId64 " ", pass_row(x->p, entries->at[i]));
	}
	for (size_t i = had.n; i--;) {
		const struct share *s = &x->shares.at[had.at[i]];
		const size_t at = place_of(x, s->row);
		uint64_t its;

		if (at == SIZE_MAX || x->mine[at] == x->turn || x->put[at] == x->turn)
			continue;
		rule_of(x, s, &its);
		if (!hash || its == hash)
			put_row(x, r, at, from, until, &out);
	}
	return arena_strdup(&x->p->app->arena, out.p ? out.p : "");
}

/* -- statements -------------------------------------------------------------------------------------------------------- */

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
static const struct notice *statement_notice(struct stating *x, const struct readers *r,
	const struct index_list *entries, uint64_t hash, const struct due_cut *cut, int64_t from, int64_t until)
{
	struct arena *a = &x->p->app->arena;
	struct notice *n = arena_new(a, struct notice);
	const char *ids = entry_ids(x, r, entries, hash, from, until);

	if (!*ids && !r->is_operator)
		return NULL;
	*n = (struct notice){ .kind = NOTICE_STATEMENT,
		.text = ids,
		.time = (uint64_t)x->p->app->now,
		.subject = period_name(a, cut, from, until),
		.section = "",
		.covers = "",
		.remark = r->is_operator ? x->readers.none : "",
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
	uint64_t hash, const struct due_cut *cut)
{
	struct due_list due = { 0 };

	due_periods(&x->clock, cut, stated_until(x, r, period), &x->p->app->arena, &due);
	for (size_t i = 0; i < due.n; i++) {
		const struct due_period *d = &due.at[i];

		put(x, r, period, d->until,
			d->told ? statement_notice(x, r, entries, hash, cut, d->from, d->until) : NULL);
	}
}

static int64_t dealt_with(const struct stating *x, const char *target, const char *recipient, const char *period)
{
	const uint32_t *at = hash_map_get(&x->stated_at, stated_key(&x->p->app->arena, target, recipient, period));

	return at ? x->stated[*at].until : -1;
}

struct groups {
	VEC_OF(struct group) list;
	struct hash_map at;
};

static const char *cycle_key(struct arena *a, uint64_t hash)
{
	return arena_printf(a, "cycle %016" PRIx64, hash);
}

static struct group *group_of(struct arena *a, struct groups *g, const struct cycle_rule *rule, uint64_t hash)
{
	const char *key = cycle_key(a, hash);
	const uint32_t *found = hash_map_get(&g->at, key);
	struct group *ret;

	if (found)
		return &g->list.at[*found];
	hash_map_add(&g->at, key, (uint32_t)g->list.n);
	ret = vec_push(a, &g->list);
	*ret = (struct group){ .period = key, .hash = hash, .rule = rule };
	return ret;
}

/* Entries whose cycles are cut alike share a statement; what was the last of its kind has one more. */
static void state_cycles(struct stating *x, const struct readers *r)
{
	struct arena *a = &x->p->app->arena;
	struct groups g = { 0 };

	hash_map_init(&g.at, a, r->entries.n);
	for (size_t i = 0; i < r->entries.n; i++) {
		const struct cycle_rule *rule = &x->p->config->entries.at[r->entries.at[i]].cycle;

		if (rule->unit != CYCLE_NEVER)
			*vec_push(a, &group_of(a, &g, rule, x->rules[r->entries.at[i]])->entries) = r->entries.at[i];
	}
	for (size_t i = first_share(x, r); i; i = x->shares.at[i - 1].next_of_reader) {
		const struct share *s = &x->shares.at[i - 1];
		uint64_t hash;
		const struct cycle_rule *rule = rule_of(x, s, &hash);
		const int64_t until = dealt_with(x, s->target, s->recipient, cycle_key(a, hash));

		if (hash && until >= 0 && until < s->until)
			group_of(a, &g, rule, hash);
	}
	for (size_t i = 0; i < g.list.n; i++)
		state(x, r, g.list.at[i].period, &g.list.at[i].entries, g.list.at[i].hash,
			&(struct due_cut){ .rule = g.list.at[i].rule });
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

/* The last statement of who hears of nothing else any more. Of cycles each one has a period of its own, which is looked at there. */
static void find_last_readers(struct stating *x)
{
	for (size_t i = 0; i < x->shares.n; i++) {
		const struct share *s = &x->shares.at[i];
		const struct target *t = s->until ? config_target(x->p->config, s->target, strlen(s->target)) : NULL;
		int64_t until = 0;

		if (!t || t->statement == STATEMENT_NONE)
			continue;
		if (t->statement != STATEMENT_CYCLE)
			until = dealt_with(x, t->name, s->recipient, periods[t->statement].name);
		if (until >= 0 && until < s->until)
			readers_of(&x->readers, &x->p->app->arena, t, s->recipient);
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
	const size_t rows = x->p->ledger.entries.n;

	if (look_at_clock(x, err) || store_outbox_stated(x->p->store, a, &x->stated, &x->n_stated, err) ||
		shares_load(x->p, &x->shares, err))
		return -1;
	hash_map_init(&x->stated_at, a, x->n_stated);
	x->wanted = arena_array(a, x->n_stated + 1, sizeof *x->wanted);
	for (size_t i = 0; i < x->n_stated; i++)
		hash_map_add(&x->stated_at,
			stated_key(a, x->stated[i].target, x->stated[i].recipient, x->stated[i].period), (uint32_t)i);
	x->rules = arena_array(a, c->entries.n + 1, sizeof *x->rules);
	for (size_t i = 0; i < c->entries.n; i++)
		x->rules[i] = pass_rule_hash(&c->entries.at[i].cycle);
	x->mine = arena_array(a, rows + 1, sizeof *x->mine);
	x->put = arena_array(a, rows + 1, sizeof *x->put);
	x->configured = arena_array(a, rows + 1, sizeof *x->configured);
	for (size_t i = 0; i < rows; i++)
		x->configured[i] = SIZE_MAX;
	for (size_t i = 0; i < c->entries.n; i++)
		if (x->p->at[i] != SIZE_MAX)
			x->configured[x->p->at[i]] = i;
	return 0;
}

int pass_statements(struct pass *p, struct err *err)
{
	struct stating x = { .p = p };

	if (prepare(&x, err))
		return -1;
	readers_find(p, &x.readers);
	shares_change(p, &x.shares);
	find_last_readers(&x);
	shares_store(p, &x.shares);
	for (size_t i = 0; i < x.readers.n; i++) {
		const struct readers *r = &x.readers.at[i];

		if (r->target->statement == STATEMENT_CYCLE)
			state_cycles(&x, r);
		else
			state(&x, r, periods[r->target->statement].name, &r->entries, 0,
				&(struct due_cut){
					.zone = p->config->settings.timezone, .by = periods[r->target->statement].by });
	}
	forget_others(&x);
	return 0;
}
