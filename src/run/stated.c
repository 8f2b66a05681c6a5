/* The figures of a statement: see stated.h.
 * All entries of a period are read at once and kept for the next statement, which is mostly of the same period; a day at a time, since a
 * month of thirty thousand entries is a million rows.
 * run/deliver.c calls. */
#include "run/stated.h"

#include <stdlib.h>
#include <string.h>

#include "util/hash.h"
#include "util/ids.h"
#include "util/saturate.h"
#include "view/when.h"
#include "view/words.h"

void stated_close(struct stated_book *b)
{
	arena_free(&b->arena);
	arena_free(&b->days);
	*b = (struct stated_book){ 0 };
}

/* The rows of the ledger, and what the configuration says of each. */
static int load(struct stated_book *b, struct store *s, const struct config *c, struct err *err)
{
	struct hash_map named;

	if (b->loaded)
		return 0;
	if (store_load_counters(s, &b->arena, &b->ledger, err))
		return -1;
	b->entries = arena_array(&b->arena, b->ledger.entries.n + 1, sizeof *b->entries);
	hash_map_init(&named, &b->arena, c->entries.n);
	for (size_t i = 0; i < c->entries.n; i++)
		hash_map_add(&named, c->entries.at[i].name, (uint32_t)i);
	for (size_t i = 0; i < b->ledger.entries.n; i++) {
		const struct ledger_entry *row = &b->ledger.entries.at[i];
		const uint32_t *at = hash_map_get(&named, row->name);

		if (at && c->entries.at[*at].kind == row->kind)
			b->entries[i] = &c->entries.at[*at];
	}
	b->loaded = true;
	return 0;
}

/* A period of whole days of the zone in which days are stored. */
static bool whole_days(const struct config *c, const struct notice *n)
{
	const char *zone = c->settings.timezone;

	return strcmp(n->zone, zone) == 0 && calendar_floor(zone, BUCKET_DAY, (int64_t)n->from) == (int64_t)n->from &&
		calendar_floor(zone, BUCKET_DAY, (int64_t)n->until) == (int64_t)n->until;
}

/* Rows of hours, or the row, of one day. */
static void add_day(struct stated_book *b, const char *label, const struct store_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const size_t at = IDS_PLACE(b->ledger.entries.at, b->ledger.entries.n, id, rows[i].entry);
		struct message_days *days = at == SIZE_MAX ? NULL : &b->moved[at];
		struct message_day *d;

		if (!days)
			continue;
		d = days->n ? &days->at[days->n - 1] : NULL;
		if (!d || d->label != label) {
			d = vec_push(&b->days, days);
			d->label = label;
		}
		for (int k = 0; k < DIRS; k++)
			d->bytes[k] = saturate_add(d->bytes[k], rows[i].figures.bytes[k]);
	}
}

/* What all entries moved on each day of the period. */
static int read_days(
	struct stated_book *b, struct store *s, const struct config *c, const struct notice *n, struct err *err)
{
	const bool whole = whole_days(c, n);
	const int64_t until = (int64_t)n->until;

	if (b->moved && b->from == n->from && b->until == n->until && strcmp(b->zone, n->zone) == 0)
		return 0;
	arena_free(&b->days);
	b->moved = arena_array(&b->days, b->ledger.entries.n + 1, sizeof *b->moved);
	b->from = n->from;
	b->until = n->until;
	b->zone = arena_strdup(&b->days, n->zone);
	for (int64_t from = (int64_t)n->from, end; from < until; from = end) {
		cleanup_arena struct arena a = { 0 };
		struct store_row *rows;
		size_t n_rows;

		end = calendar_next(n->zone, BUCKET_DAY, from);
		end = end > until || end <= from ? until : end;
		if (store_history(s, &a, whole ? BUCKET_DAY : BUCKET_HOUR, c->settings.timezone, from, end, NULL, 0,
			    &rows, &n_rows, err)) {
			b->moved = NULL;
			return -1;
		}
		add_day(b, when_bucket(&b->days, n->zone, BUCKET_DAY, from), rows, n_rows);
	}
	return 0;
}

static void add_entry(
	struct arena *a, const struct config *c, struct stated_book *b, size_t row, struct statement_figures *ret)
{
	const struct entry *e = b->entries[row];
	struct statement_entry *to = vec_push(a, &ret->entries);

	*to = (struct statement_entry){ .name = b->ledger.entries.at[row].name,
		.covers = e ? covers_text(a, e) : "",
		.remark = e ? e->remark : "",
		.billing = e ? e->billing : c->settings.billing,
		.removed = !e,
		.days = b->moved[row] };
}

int stated_figures(struct stated_book *b, struct arena *a, struct store *s, const struct config *c,
	const struct notice *n, struct statement_figures *ret, struct err *err)
{
	if (load(b, s, c, err) || (*n->text && read_days(b, s, c, n, err)))
		return -1;
	for (const char *p = n->text; *p; p += strcspn(p, " "), p += *p == ' ') {
		const size_t row = IDS_PLACE(b->ledger.entries.at, b->ledger.entries.n, id, strtoll(p, NULL, 10));

		if (row != SIZE_MAX)
			add_entry(a, c, b, row, ret);
	}
	return 0;
}
