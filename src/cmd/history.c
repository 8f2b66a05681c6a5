/* The rows of report: see history.h.
 * What the kernel counted since the last sample is cut at the boundaries as sample would cut it, so that the sums are those of
 * status.
 * report calls. */
#include "cmd/history.h"

#include <stdlib.h>
#include <string.h>

#include "util/nearest.h"

struct row {
	int64_t start, end;
	size_t entry; /* index in the ledger */
	struct figures figures;
	bool estimated, closed;
};

struct history {
	struct app *app;
	const struct reader *r;
	const struct history_ask *ask;
	struct arena scratch; /* all but the report */
	uint32_t *
		order; /* by index of the ledger's entries: the place in the INI, those that are not there behind them */
	VEC_OF(struct row) rows;
	size_t n_stored; /* rows[0..n_stored) are the database's, by start and entry */
};

static const struct {
	const char *word;
	enum bucket bucket;
	bool cycles;
	int64_t days; /* shown by default; 0: all */
} kinds[] = {
	{ "minute", BUCKET_MINUTE, false, 1 },
	{ "hour", BUCKET_HOUR, false, 1 },
	{ "day", BUCKET_DAY, false, 30 },
	{ "week", BUCKET_WEEK, false, 84 },
	{ "month", BUCKET_MONTH, false, 365 },
	{ "cycle", BUCKET_DAY, true, 365 },
	{ "year", BUCKET_YEAR, false, 0 },
};
#define N_KINDS (sizeof kinds / sizeof *kinds)

int history_by(const char *word, struct history_ask *ret, struct err *err)
{
	const char *words[N_KINDS], *nearest;

	for (size_t i = 0; i < N_KINDS; i++) {
		words[i] = kinds[i].word;
		if (strcmp(word, kinds[i].word) != 0)
			continue;
		ret->by = kinds[i].word;
		ret->bucket = kinds[i].bucket;
		ret->cycles = kinds[i].cycles;
		return 0;
	}
	nearest = nearest_word(word, words, N_KINDS);
	return err_set(err, ERR_USAGE, "--by \"%s\": it is minute, hour, day, week, month, cycle or year%s%s%s", word,
		nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
}

int64_t history_default_from(const struct history_ask *ask, const char *zone, int64_t now)
{
	int64_t from = CALENDAR_MIN;

	for (size_t i = 0; i < N_KINDS; i++)
		if (strcmp(ask->by, kinds[i].word) == 0 && kinds[i].days)
			from = now - kinds[i].days * 86400;
	if (ask->bucket == BUCKET_MINUTE)
		from = now - 3600;
	return from < CALENDAR_MIN ? CALENDAR_MIN : calendar_floor(zone, ask->bucket, from);
}

/* -- which entries ----------------------------------------------------------------------------------------------------- */

static bool asked(const struct history *h, const struct ledger_entry *e)
{
	return h->ask->args->n_words ? reader_asked(h->ask->args, e->name) : true;
}

static void make_order(struct history *h)
{
	const struct config *c = h->r->config;
	const size_t n = h->r->ledger.entries.n;

	h->order = arena_array(&h->scratch, n + 1, sizeof *h->order);
	for (size_t i = 0; i < n; i++)
		h->order[i] = (uint32_t)(c->entries.n + i);
	for (size_t i = 0; i < c->entries.n; i++) {
		ptrdiff_t at = reader_find(h->r, c->entries.at[i].kind, c->entries.at[i].name);

		if (at >= 0)
			h->order[at] = (uint32_t)i;
	}
}

/* -- rows of the database ---------------------------------------------------------------------------------------------- */

static void add_stored(struct history *h, int64_t entry, struct row row)
{
	const ptrdiff_t at = reader_find_id(h->r, entry);

	if (at < 0 || !asked(h, &h->r->ledger.entries.at[at]))
		return;
	row.entry = (size_t)at;
	*vec_push(&h->scratch, &h->rows) = row;
}

static int stored_buckets(struct history *h, int64_t to, struct err *err)
{
	cleanup_arena struct arena a = { 0 };
	struct store_row *rows;
	size_t n;

	if (store_history(h->r->store, &a, h->ask->bucket, h->r->zone, h->ask->from, to, NULL, 0, &rows, &n, err))
		return -1;
	vec_reserve(&h->scratch, &h->rows, n);
	for (size_t i = 0; i < n; i++)
		add_stored(h, rows[i].entry,
			(struct row){
				.start = rows[i].start, .figures = rows[i].figures, .estimated = rows[i].estimated });
	return 0;
}

static int stored_cycles(struct history *h, int64_t to, struct err *err)
{
	struct store_cycle *rows;
	size_t n;

	if (store_cycles(h->r->store, &h->scratch, h->ask->from, to, &rows, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		add_stored(h, rows[i].entry,
			(struct row){ .start = rows[i].start,
				.end = rows[i].end,
				.figures = rows[i].figures,
				.closed = rows[i].closed });
	return 0;
}

/* -- what the kernel counted since --------------------------------------------------------------------------------------- */

static int by_start_and_entry(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static void add_piece(struct history *h, size_t entry, const struct piece *piece, struct cycle_span bucket)
{
	struct row key = { .start = bucket.start,
		.end = bucket.end,
		.entry = entry,
		.figures = piece->figures,
		.estimated = piece->estimated };
	struct row *found;

	if (bucket.end <= h->ask->from || bucket.start >= h->ask->to || figures_zero(&piece->figures))
		return;
	found = h->n_stored ? bsearch(&key, h->rows.at, h->n_stored, sizeof key, by_start_and_entry) : NULL;
	if (!found) {
		*vec_push(&h->scratch, &h->rows) = key;
		return;
	}
	figures_add(&found->figures, &piece->figures);
	found->estimated = found->estimated || piece->estimated;
}

static struct cycle_span bucket_of(const struct history *h, const struct cycle_rule *rule, int64_t t)
{
	if (h->ask->cycles)
		return calendar_cycle(rule, t);
	return (struct cycle_span){ calendar_floor(h->r->zone, h->ask->bucket, t),
		calendar_next(h->r->zone, h->ask->bucket, t) };
}

static const struct cycle_rule *rule_of(const struct history *h, size_t entry)
{
	const struct config *c = h->r->config;
	const struct ledger_entry *e = &h->r->ledger.entries.at[entry];

	for (size_t i = 0; e->kind == ENTRY_QUOTA && i < c->quotas.n; i++)
		if (strcmp(c->quotas.at[i].name, e->name) == 0)
			return &c->quotas.at[i].cycle;
	return h->order[entry] < c->entries.n ? &c->entries.at[h->order[entry]].cycle : &c->settings.cycle;
}

static void add_live(struct history *h, size_t entry)
{
	const struct ledger_entry *e = &h->r->ledger.entries.at[entry];
	const int64_t now = h->app->now, from = h->r->ledger.sampled > e->created ? h->r->ledger.sampled : e->created;
	const struct cycle_rule *rule = rule_of(h, entry);
	VEC_OF(int64_t) cuts = { 0 };
	struct piece *pieces;
	size_t n;

	for (int64_t t = bucket_of(h, rule, from).end; t < now; t = bucket_of(h, rule, t).end)
		*vec_push(&h->scratch, &cuts) = t;
	pieces = arena_array(&h->scratch, cuts.n + 1, sizeof *pieces);
	n = split_span(&h->r->delta[entry], from, now, h->app->boot_time, cuts.at, cuts.n, pieces);
	for (size_t i = 0; i < n; i++)
		add_piece(h, entry, &pieces[i], bucket_of(h, rule, pieces[i].start));
}

/* -- the report ---------------------------------------------------------------------------------------------------------- */

static int by_start_and_order(const void *a, const void *b, void *history)
{
	const struct history *h = history;
	const struct row *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return h->order[x->entry] < h->order[y->entry] ? -1 : h->order[x->entry] > h->order[y->entry];
}

/* Cycles can be added up beside the total's only where all are cut at the same moments. */
static bool same_cycles(const struct history *h)
{
	const struct config *c = h->r->config;
	const struct cycle_span common = calendar_cycle(&c->settings.cycle, h->app->now);

	for (size_t i = 0; i < c->entries.n; i++) {
		struct cycle_span own = calendar_cycle(&c->entries.at[i].cycle, h->app->now);

		if (own.start != common.start || own.end != common.end)
			return false;
	}
	return true;
}

static void show_row(struct history *h, struct report *rep, const struct row *row)
{
	const struct ledger_entry *e = &h->r->ledger.entries.at[row->entry];
	int64_t end = row->end ? row->end : calendar_next(h->r->zone, h->ask->bucket, row->start);

	*vec_push(&h->app->arena, &rep->rows) = (struct report_row){
		.start = row->start,
		.kind = e->kind,
		.name = e->name,
		.figures = row->figures,
		.estimated = row->estimated,
		.open = !row->closed && end > h->app->now,
	};
	if (end > rep->to && !h->ask->cycles)
		rep->to = end;
}

/* What other rows hold too: forwarded and total end the table, and a [quota] adds up entries that stand there. */
static bool own_kind(enum entry_kind kind)
{
	return kind == ENTRY_FORWARDED || kind == ENTRY_TOTAL || kind == ENTRY_QUOTA;
}

/* Rows and the sums of them. Rows of such kinds are shown only when somebody asks for them by name. */
static void show(struct history *h, struct report *rep)
{
	const size_t n = h->r->ledger.entries.n;
	struct figures *sums = arena_array(&h->scratch, n + 1, sizeof *sums);
	bool *any = arena_array(&h->scratch, n + 1, sizeof *any);
	uint32_t *at = arena_array(&h->scratch, h->r->config->entries.n + n + 1, sizeof *at);
	const bool named = h->ask->args->n_words != 0;

	vec_reserve(&h->app->arena, &rep->rows, h->rows.n);
	for (size_t i = 0; i < h->rows.n; i++) {
		const struct row *row = &h->rows.at[i];

		figures_add(&sums[row->entry], &row->figures);
		any[row->entry] = true;
		if (named || !own_kind(h->r->ledger.entries.at[row->entry].kind))
			show_row(h, rep, row);
	}
	for (size_t i = 0; i < n; i++)
		at[h->order[i]] = (uint32_t)i + 1;
	for (size_t i = 0; i < h->r->config->entries.n + n; i++) {
		const struct ledger_entry *e = at[i] ? &h->r->ledger.entries.at[at[i] - 1] : NULL;

		if (!e || !any[at[i] - 1])
			continue;
		if (named || !own_kind(e->kind))
			*vec_push(
				&h->app->arena, &rep->sums) = (struct report_sum){ e->kind, e->name, sums[at[i] - 1] };
		if (e->kind == ENTRY_FORWARDED)
			rep->forwarded = sums[at[i] - 1];
		if (e->kind == ENTRY_TOTAL)
			rep->total = sums[at[i] - 1];
	}
}

static int fill_report(struct history *h, struct report *rep, struct err *err)
{
	const struct reader *r = h->r;
	const struct history_ask *ask = h->ask;
	const int64_t to = ask->to_given ? ask->to : CALENDAR_MAX;

	make_order(h);
	if (ask->cycles ? stored_cycles(h, to, err) : stored_buckets(h, to, err))
		return -1;
	if (ask->cycles && h->rows.n)
		qsort(h->rows.at, h->rows.n, sizeof *h->rows.at, by_start_and_entry);
	h->n_stored = h->rows.n;
	for (size_t i = 0; i < r->ledger.entries.n; i++)
		if (asked(h, &r->ledger.entries.at[i]) && !figures_zero(&r->delta[i]) &&
			(ask->cycles || r->ledger.entries.at[i].kind != ENTRY_QUOTA))
			add_live(h, i);
	if (h->rows.n)
		qsort_r(h->rows.at, h->rows.n, sizeof *h->rows.at, by_start_and_order, h);
	rep->whole = !ask->args->n_words && (!ask->cycles || same_cycles(h));
	show(h, rep);
	return 0;
}

int history_report(
	struct app *app, const struct reader *r, const struct history_ask *ask, struct report *ret, struct err *err)
{
	struct history h = { .app = app, .r = r, .ask = ask };
	struct report rep = { .zone = r->zone,
		.by = ask->by,
		.cycles = ask->cycles,
		.bucket = ask->bucket,
		.now = app->now,
		.from = ask->from,
		.to = ask->to,
		.sampled = r->ledger.sampled,
		.live = r->how == PEEK_LIVE };
	const int rc = fill_report(&h, &rep, err);

	arena_free(&h.scratch);
	if (rc == 0)
		*ret = rep;
	return rc;
}
