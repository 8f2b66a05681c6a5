/* Reading the counters, and turning what they moved into the one result transaction.
 * Total's counters are read last, so that it is never smaller than what it holds.
 * run/ only. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/facts.h"
#include "run/pass.h"
#include "util/hash.h"

struct result_event *pass_event(struct pass *p, int64_t entry, const char *kind, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	struct result_event *e = vec_push(&p->app->arena, &p->result.events);

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	e->entry = entry;
	e->subject = NULL;
	e->kind = kind;
	e->text = arena_strdup(&p->app->arena, text);
	e->notice = arena_new(&p->app->arena, struct notice);
	return e;
}

/* Total's counters once more, after all others. */
static int read_total_again(struct pass *p, struct err *err)
{
	const struct ledger *l = &p->ledger;
	int64_t total = 0;

	for (size_t i = 0; i < l->entries.n; i++)
		if (l->entries.at[i].kind == ENTRY_TOTAL)
			total = l->entries.at[i].id;
	for (size_t i = 0; i < l->counters.n; i++) {
		struct counter_value now;

		if (l->counters.at[i].entry != total || !p->values[i].present)
			continue;
		if (nft_read_counter(p->talk, l->counters.at[i].object, &now, err) < 0)
			return -1;
		if (now.present && now.packets >= p->values[i].packets && now.bytes >= p->values[i].bytes)
			p->values[i] = now;
	}
	return 0;
}

int pass_read(struct pass *p, struct err *err)
{
	struct arena *a = &p->reading;
	const struct ledger *l = &p->ledger;
	struct counter_value v, expected = p->canary_seen;

	arena_free(a); /* of an earlier try */
	ledger_places(l, a, &p->counters);
	p->values = arena_array(a, l->counters.n + 1, sizeof *p->values);
	if (pass_read_quotas(p, &p->quotas_before, err) < 0 ||
		nft_read_counters(p->talk, &p->counters, p->values, err) < 0 || read_total_again(p, err) < 0 ||
		nft_read_counter(p->talk, LEDGER_CANARY, &v, err) < 0 || pass_read_quotas(p, &p->quotas_after, err) < 0)
		return -1;
	if (p->arm)
		expected = (struct counter_value){ .present = true, .bytes = strtoull(p->canary, NULL, 16) };
	if (v.present != expected.present || (v.present && v.bytes != expected.bytes))
		return err_set(err, ERR_STALE, "somebody reset or removed counters while they were read");
	return 0;
}

/* The counters of a table that was wiped, by the rows that have their names now. */
static const struct counter_value *lost_values(struct pass *p)
{
	struct counter_value *values = arena_array(&p->reading, p->ledger.counters.n + 1, sizeof *values);

	for (size_t i = 0; i < p->found.n_lost; i++) {
		const struct ruleset_object *o = &p->found.lost[i];
		size_t at;

		if (o->kind == OBJECT_COUNTER && places_find(&p->counters, o->name, &at))
			values[at] = (struct counter_value){ true, o->handle, o->packets, o->bytes };
	}
	return values;
}

uint64_t pass_rule_hash(const struct cycle_rule *c)
{
	uint64_t h = hash_u64(HASH_START, c->unit);

	h = hash_u64(h, c->span_days);
	h = hash_u64(h, (uint64_t)calendar_days(c->unit == CYCLE_SPAN ? c->from : (struct civil_date){ 1970, 1, 1 }));
	h = hash_u64(h, (uint64_t)c->reset_day << 16 | (uint64_t)c->reset_month << 8 | c->reset_hour);
	return hash_text(h, c->timezone);
}

/* The cycle of an entry of the ledger: its own, the default of forwarded and total, none of a retired one. */
static const struct cycle_rule **cycles(struct pass *p)
{
	struct arena *a = &p->app->arena;
	const struct ledger *l = &p->ledger;
	const struct cycle_rule **rules = arena_array(a, l->entries.n + 1, sizeof(struct cycle_rule *));
	struct hash_map by_name;

	hash_map_init(&by_name, a, p->config->entries.n);
	for (size_t i = 0; i < p->config->entries.n; i++)
		hash_map_add(&by_name, p->config->entries.at[i].name, (uint32_t)i);
	for (size_t i = 0; i < l->entries.n; i++) {
		const struct ledger_entry *e = &l->entries.at[i];
		const uint32_t *at = hash_map_get(&by_name, e->name);

		if (e->kind == ENTRY_FORWARDED || e->kind == ENTRY_TOTAL)
			rules[i] = &p->config->settings.cycle;
		else if (at && p->config->entries.at[*at].kind == e->kind)
			rules[i] = &p->config->entries.at[*at].cycle;
	}
	return rules;
}

static void account_entries(struct pass *p, const struct delta_output *now)
{
	const struct ledger *l = &p->ledger;
	const struct cycle_rule **rules = cycles(p);
	uint64_t shared = pass_rule_hash(&p->config->settings.cycle);

	vec_reserve(&p->app->arena, &p->result.entries, l->entries.n);
	for (size_t i = 0; i < l->entries.n; i++) {
		const struct ledger_entry *e = &l->entries.at[i];
		const struct figures *older = now->older && !figures_zero(&now->older[i]) ? &now->older[i] : NULL;
		struct result_entry *r;

		if (!rules[i] && figures_zero(&now->delta[i]) && !older)
			continue;
		r = vec_push(&p->app->arena, &p->result.entries);
		r->entry = e->id;
		r->delta = now->delta[i];
		r->older = older;
		r->from = l->sampled && l->sampled > e->created ? l->sampled : e->created;
		r->zone = rules[i] ? rules[i]->timezone : p->config->settings.timezone;
		r->cycle = rules[i];
		if (rules[i])
			r->cycle_rule = rules[i] == &p->config->settings.cycle ? shared : pass_rule_hash(rules[i]);
	}
}

/* A [quota] moved what its members moved. */
static void account_quotas(struct pass *p, const struct delta_output *now)
{
	struct arena *a = &p->app->arena;
	const struct ledger *l = &p->ledger;

	for (size_t q = 0; q < p->config->quotas.n; q++) {
		const struct entry *e = &p->config->quotas.at[q];
		const struct ledger_entry *row = &l->entries.at[p->at[p->config->entries.n + q]];
		struct result_entry *r = vec_push(a, &p->result.entries);
		int64_t *members = arena_array(a, e->member_at.n, sizeof *members);

		*r = (struct result_entry){ .entry = row->id,
			.from = l->sampled && l->sampled > row->created ? l->sampled : row->created,
			.zone = e->cycle.timezone,
			.cycle = &e->cycle,
			.cycle_rule = pass_rule_hash(&e->cycle),
			.members = members,
			.n_members = e->member_at.n };
		for (size_t i = 0; i < e->member_at.n; i++) {
			size_t at = p->at[e->member_at.at[i]];

			members[i] = l->entries.at[at].id;
			figures_add(&r->delta, &now->delta[at]);
			r->cycle_rule = hash_u64(r->cycle_rule, (uint64_t)members[i]);
		}
	}
}

/* Counters that go: retired ones with their rows, and those that nobody knows. */
static void find_drops(struct pass *p)
{
	struct arena *a = &p->app->arena;

	if (p->rebuild)
		return;
	for (size_t i = 0; i < p->diff.retired.n; i++) {
		const struct ruleset_object *o = p->diff.retired.at[i];
		size_t at;

		*vec_push(a, &p->drop) = o->name;
		if (places_find(&p->counters, o->name, &at))
			*vec_push(a, &p->drop_rows) = p->ledger.counters.at[at].id;
		else
			pass_event(p, 0, "unknown_counter",
				"a counter \"%s\" in our table is not ours; it had %llu bytes and goes", o->name,
				(unsigned long long)o->bytes);
	}
}

static const char *clock_text(struct pass *p, int64_t t)
{
	char buf[CALENDAR_MINUTE];

	return arena_strdup(&p->app->arena, calendar_minute(p->config->settings.timezone, t, buf));
}

static void find_events(struct pass *p, const struct delta_output *now)
{
	const struct ledger *l = &p->ledger;
	int64_t gap = p->app->now - l->sampled;
	const uint64_t minutes = gap > 0 ? (uint64_t)(gap + 59) / 60 : 1;

	if (l->sampled > p->app->now)
		pass_event(p, 0, "clock_jumped", "the clock went back: the last sample is of %s",
			clock_text(p, l->sampled));
	if (p->found.rebuilt)
		pass_event(p, 0, "table_rebuilt", "the table was gone, rebuilt %s, up to %" PRIu64 " min uncounted",
			clock_text(p, p->app->now), minutes)
			->notice->minutes = minutes;
	if (p->found.copied)
		pass_event(p, 0, "table_restored",
			"the table was saved and loaded again by somebody: up to %" PRIu64 " min uncounted", minutes)
			->notice->minutes = minutes;
	if (p->found.wiped)
		pass_event(p, 0, "table_taken_over",
			"the table was of another database or of an older state of this one: what it had counted is kept as "
			"older than the database");
	if (p->found.reset)
		pass_event(
			p, 0, "counters_reset", "somebody reset all counters: up to %" PRIu64 " min uncounted", minutes)
			->notice->minutes = minutes;
	if (now->zeroed)
		pass_event(p, 0, "counter_reset",
			"somebody reset %zu counter%s: %s bytes since the last sample are lost", now->zeroed,
			now->zeroed == 1 ? "" : "s", now->zeroed == 1 ? "its" : "their")
			->notice->count = now->zeroed;
	if (p->found.mended)
		pass_event(p, 0, "table_mended", "somebody had altered our table: %zu change%s it right%s",
			p->found.mended, p->found.mended == 1 ? " puts" : "s put",
			p->found.copies > 1 ? "; packets were counted several times meanwhile, the figures were divided"
					    : "")
			->notice->count = p->found.mended;
}

static void find_queue_events(struct pass *p)
{
	if (p->found.n_queues)
		pass_event(p, 0, "queues_mended", "somebody had altered our queues, they are put right: %s%s",
			shape_step_text(&p->app->arena, &p->found.queues[0]),
			p->found.n_queues > 1 ? ", and more" : "");
	if (p->found.ingress)
		pass_event(p, 0, "queues_mended",
			"somebody had altered " SHAPE_IFB
			" or the table that sends packets there: what comes in waits there again");
	if (p->found.replaced)
		pass_event(p, 0, "queues_replaced",
			"somebody put another root qdisc on %s (%s, handle %x:): limits that hold there are policed now%s",
			p->found.replaced->name, p->found.replaced->kind, p->found.replaced->handle >> 16,
			p->watch.devices.n + p->watch.others.n > 1 ? ", on their other devices too" : "");
}

static void fill_result(struct pass *p, const struct delta_output *now)
{
	struct result *r = &p->result;
	const struct settings *s = &p->config->settings;

	r->now = p->app->now;
	r->up_from = p->app->boot_time;
	r->zone = s->timezone;
	r->keep_minutes = s->keep_minutes;
	r->keep_hours = s->keep_hours;
	r->keep_days = s->keep_days;
	r->baselines.at = now->baselines.at;
	r->baselines.n = now->baselines.n;
	r->baselines.cap = now->baselines.cap;
	if (p->rebuild || p->identity != IDENTITY_KNOWN || p->ledger.pending.present)
		r->bind = p->where;
	r->clear_reset = p->found.reset || p->reset;
	r->clear_restored = p->ledger.restored;
	if (p->mode != RUN_DOWN && (pass_has_subjects(p) || p->ledger.policies.n || pass_has_statements(p))) {
		r->judge = pass_judge;
		r->judge_arg = p;
	}
	r->known = p->mode != RUN_DOWN && !p->drop.n && !p->late; /* after step 10 it is */
	memcpy(r->known_boot, p->boot_id, UUID_TEXT);
	r->known_netns = p->netns;
	r->known_generation = p->generation;
	r->known_hash = p->hash;
	r->devices = strcmp(watch_names(&p->app->arena, &p->watch), p->ledger.devices) != 0
		? watch_names(&p->app->arena, &p->watch)
		: NULL;
	r->node = s->node ? s->node : p->ledger.node ? NULL : facts_node(&p->app->arena);
	if (r->node && p->ledger.node && strcmp(r->node, p->ledger.node) == 0)
		r->node = NULL;
	if (p->mode != RUN_DOWN && p->text && (!p->applied_text || strcmp(p->applied_text, p->text) != 0))
		r->applied = p->text;
	r->applied_mark = p->mode != RUN_DOWN ? p->mark : NULL;
}

/* What a table that was wiped had counted is older than the database, too. */
static void add_lost(struct pass *p, struct delta_input in, struct delta_output *now)
{
	struct delta_output lost;

	in.identity = IDENTITY_LOST;
	in.values = lost_values(p);
	delta_compute(&p->app->arena, &in, &lost);
	for (size_t i = 0; now->older && i < p->ledger.entries.n; i++)
		figures_add(&lost.older[i], &now->older[i]);
	now->older = lost.older;
}

int pass_account(struct pass *p, struct err *err)
{
	struct delta_output now;
	struct delta_input in = { .ledger = &p->ledger,
		.identity = p->rebuild ? IDENTITY_PENDING : p->identity,
		.reset = p->reset,
		.older = p->ledger.restored,
		.copies = p->found.copies,
		.values = p->values,
		.link_overhead = p->config->settings.link_overhead };

	delta_compute(&p->app->arena, &in, &now);
	if (p->found.wiped)
		add_lost(p, in, &now);
	find_drops(p);
	arena_free(&p->reading);
	find_events(p, &now);
	find_queue_events(p);
	account_entries(p, &now);
	if (p->mode != RUN_DOWN) {
		pass_find_rows(p);
		account_quotas(p, &now);
	}
	fill_result(p, &now);
	if (!p->result.judge) { /* who decides looks into the ledger */
		arena_free(&p->book);
		if (pass_tell(p, err))
			return -1;
	}
	return store_result(p->store, &p->result, err);
}
