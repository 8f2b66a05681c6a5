/* The figures of a statement: see stated.h.
 * Whole days are read once for all statements of a period; a cycle that turns at another hour takes the hours of its own entries.
 * run/deliver.c calls. */
#include "run/stated.h"

#include <stdlib.h>
#include <string.h>

#include "util/saturate.h"
#include "view/when.h"
#include "view/words.h"

static void describe_entry(
	struct arena *a, const struct config *c, const struct ledger_entry *row, struct statement_entry *e)
{
	e->name = row->name;
	e->covers = e->remark = "";
	e->billing = c->settings.billing;
	e->removed = true;
	for (size_t i = 0; i < c->entries.n; i++)
		if (c->entries.at[i].kind == row->kind && strcmp(c->entries.at[i].name, row->name) == 0) {
			e->covers = covers_text(a, &c->entries.at[i]);
			e->remark = c->entries.at[i].remark;
			e->removed = false;
			e->billing = c->entries.at[i].billing;
		}
}

static const struct ledger_entry *find_row(const struct ledger *l, int64_t id)
{
	for (size_t i = 0; i < l->entries.n; i++)
		if (l->entries.at[i].id == id)
			return &l->entries.at[i];
	return NULL;
}

/* Rows of hours or days, as days of this zone. */
static void add_days(struct arena *a, const char *zone, const struct store_row *rows, size_t n, int64_t id,
	struct statement_entry *e)
{
	for (size_t i = 0; i < n; i++) {
		struct message_day *d = e->days.n ? &e->days.at[e->days.n - 1] : NULL;
		const char *label;

		if (rows[i].entry != id)
			continue;
		label = when_bucket(a, zone, BUCKET_DAY, rows[i].start);
		if (!d || strcmp(d->label, label) != 0) {
			d = vec_push(a, &e->days);
			d->label = label;
		}
		for (int k = 0; k < DIRS; k++)
			d->bytes[k] = saturate_add(d->bytes[k], rows[i].figures.bytes[k]);
	}
}

void stated_close(struct stated_book *b)
{
	arena_free(&b->arena);
	arena_free(&b->days);
	*b = (struct stated_book){ 0 };
}

/* A period of whole days of the zone in which days are stored. */
static bool whole_days(const struct config *c, const struct notice *n)
{
	const char *zone = c->settings.timezone;

	return strcmp(n->zone, zone) == 0 && calendar_floor(zone, BUCKET_DAY, (int64_t)n->from) == (int64_t)n->from &&
		calendar_floor(zone, BUCKET_DAY, (int64_t)n->until) == (int64_t)n->until;
}

static int all_days(struct stated_book *b, struct store *s, const struct notice *n, struct err *err)
{
	if (b->rows && b->from == n->from && b->until == n->until)
		return 0;
	arena_free(&b->days);
	b->rows = NULL;
	b->from = n->from;
	b->until = n->until;
	return store_history(
		s, &b->days, BUCKET_DAY, n->zone, (int64_t)n->from, (int64_t)n->until, NULL, 0, &b->rows, &b->n, err);
}

int stated_figures(struct stated_book *b, struct arena *a, struct store *s, const struct config *c,
	const struct notice *n, struct statement_figures *ret, struct err *err)
{
	VEC_OF(int64_t) ids = { 0 };
	struct store_row *rows = NULL;
	size_t n_rows = 0;

	if (!b->loaded && store_load_counters(s, &b->arena, &b->ledger, err))
		return -1;
	b->loaded = true;
	for (const char *p = n->text; *p; p += strcspn(p, " "), p += *p == ' ')
		*vec_push(a, &ids) = strtoll(p, NULL, 10);
	if (ids.n && whole_days(c, n)) {
		if (all_days(b, s, n, err))
			return -1;
		rows = b->rows;
		n_rows = b->n;
	} else if (ids.n &&
		store_history(s, a, BUCKET_HOUR, c->settings.timezone, (int64_t)n->from, (int64_t)n->until, ids.at,
			ids.n, &rows, &n_rows, err)) {
		return -1;
	}
	for (size_t i = 0; i < ids.n; i++) {
		const struct ledger_entry *row = find_row(&b->ledger, ids.at[i]);
		struct statement_entry *e = row ? vec_push(a, &ret->entries) : NULL;

		if (!e)
			continue;
		describe_entry(a, c, row, e);
		add_days(a, n->zone, rows, n_rows, ids.at[i], e);
	}
	return 0;
}
