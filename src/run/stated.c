/* The figures of a statement: see stated.h.
 * One query for all its entries, then a walk over the rows for each.
 * run/deliver.c calls. */
#include "run/stated.h"

#include <stdlib.h>
#include <string.h>

#include "view/when.h"
#include "view/words.h"

static void describe_entry(
	struct arena *a, const struct config *c, const struct ledger_entry *row, struct statement_entry *e)
{
	e->name = row->name;
	e->covers = e->remark = "";
	e->billing = c->settings.billing;
	for (size_t i = 0; i < c->entries.n; i++)
		if (c->entries.at[i].kind == row->kind && strcmp(c->entries.at[i].name, row->name) == 0) {
			e->covers = covers_text(a, &c->entries.at[i]);
			e->remark = c->entries.at[i].remark;
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

static void add_days(struct arena *a, const char *zone, const struct store_row *rows, size_t n, int64_t id,
	struct statement_entry *e)
{
	for (size_t i = 0; i < n; i++) {
		struct message_day *d;

		if (rows[i].entry != id)
			continue;
		d = vec_push(a, &e->days);
		d->label = when_bucket(a, zone, BUCKET_DAY, rows[i].start);
		memcpy(d->bytes, rows[i].figures.bytes, sizeof d->bytes);
	}
}

int stated_figures(struct arena *a, struct store *s, const struct config *c, const struct notice *n,
	struct statement_figures *ret, struct err *err)
{
	VEC_OF(int64_t) ids = { 0 };
	struct ledger l;
	struct store_row *rows = NULL;
	size_t n_rows = 0;

	if (store_load_counters(s, a, &l, err))
		return -1;
	for (const char *p = n->text; *p; p += strcspn(p, " "), p += *p == ' ')
		*vec_push(a, &ids) = strtoll(p, NULL, 10);
	if (ids.n &&
		store_history(s, a, BUCKET_DAY, n->zone, (int64_t)n->from, (int64_t)n->until, ids.at, ids.n, &rows,
			&n_rows, err))
		return -1;
	for (size_t i = 0; i < ids.n; i++) {
		const struct ledger_entry *row = find_row(&l, ids.at[i]);
		struct statement_entry *e = row ? vec_push(a, &ret->entries) : NULL;

		if (!e)
			continue;
		describe_entry(a, c, row, e);
		add_days(a, n->zone, rows, n_rows, ids.at[i], e);
	}
	return 0;
}
