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

/* -- a period ---------------------------------------------------------------------------------------------------------- */

static bool is_day(const char *zone, int64_t from, int64_t until)
{
	return calendar_floor(zone, BUCKET_DAY, from) == from && calendar_next(zone, BUCKET_DAY, from) == until;
}

static bool has_cut(const struct stated_book *b, int64_t t)
{
	for (size_t i = 0; i < b->cuts.n; i++)
		if (b->cuts.at[i] == t)
			return true;
	return false;
}

/* A day, or what the next moment leaves at which an entry of some statement changes hands. */
static int64_t piece_end(const struct stated_book *b, int64_t from, int64_t until)
{
	int64_t end = calendar_next(b->zone, BUCKET_DAY, from);

	end = end > until || end <= from ? until : end;
	for (size_t i = 0; i < b->cuts.n; i++)
		if (b->cuts.at[i] > from && b->cuts.at[i] < end)
			end = b->cuts.at[i];
	return end;
}

/* The row of a whole day, or rows of hours. */
static void add_piece(struct stated_book *b, const char *label, int64_t start, const struct store_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const size_t at = IDS_PLACE(b->ledger.entries.at, b->ledger.entries.n, id, rows[i].entry);
		struct message_days *days = at == SIZE_MAX ? NULL : &b->moved[at];
		struct message_day *d;

		if (!days)
			continue;
		d = days->n ? &days->at[days->n - 1] : NULL;
		if (!d || d->start != start) {
			d = vec_push(&b->days, days);
			d->label = label;
			d->start = start;
		}
		for (int k = 0; k < DIRS; k++)
			d->bytes[k] = saturate_add(d->bytes[k], rows[i].figures.bytes[k]);
	}
}

static int read_piece(
	struct stated_book *b, struct store *s, const struct config *c, int64_t from, int64_t end, struct err *err)
{
	cleanup_arena struct arena a = { 0 };
	const char *stored = c->settings.timezone; /* the zone of hours and days */
	const bool whole = strcmp(b->zone, stored) == 0 && is_day(stored, from, end);
	struct store_row *rows;
	size_t n;

	if (store_history(s, &a, whole ? BUCKET_DAY : BUCKET_HOUR, stored, from, end, NULL, 0, &rows, &n, err))
		return -1;
	add_piece(b, when_bucket(&b->days, b->zone, BUCKET_DAY, from), from, rows, n);
	return 0;
}

/* Is the book about this period, cut where this statement needs it? Else it becomes so; of the same period it keeps the cuts of others. */
static bool turn_to(struct stated_book *b, const struct notice *n)
{
	bool same = b->moved && b->from == n->from && b->until == n->until && strcmp(b->zone, n->zone) == 0;

	if (!same)
		b->cuts.n = 0;
	for (const char *p = strchr(n->text, '@'); p; p = strchr(p, '@')) {
		char *end;
		const int64_t cuts[] = { strtoll(p + 1, &end, 10), *end == '-' ? strtoll(end + 1, &end, 10) : 0 };

		for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++)
			if (!has_cut(b, cuts[i])) {
				*vec_push(&b->arena, &b->cuts) = cuts[i];
				same = same && (cuts[i] <= (int64_t)n->from || cuts[i] >= (int64_t)n->until);
			}
		p = end;
	}
	return same;
}

/* What all entries moved on each day of the period. */
static int read_days(
	struct stated_book *b, struct store *s, const struct config *c, const struct notice *n, struct err *err)
{
	if (turn_to(b, n))
		return 0;
	arena_free(&b->days);
	b->moved = arena_array(&b->days, b->ledger.entries.n + 1, sizeof *b->moved);
	b->from = n->from;
	b->until = n->until;
	b->zone = arena_strdup(&b->days, n->zone);
	for (int64_t from = (int64_t)n->from, end; from < (int64_t)n->until; from = end) {
		end = piece_end(b, from, (int64_t)n->until);
		if (read_piece(b, s, c, from, end, err)) {
			b->moved = NULL;
			return -1;
		}
	}
	return 0;
}

/* -- entries ----------------------------------------------------------------------------------------------------------- */

struct part {
	size_t row; /* of the ledger */
	int64_t from, until;
};

/* One word of a statement: "ROW", all of the period, or "ROW@FROM-UNTIL". */
static struct part part_of(const struct stated_book *b, const struct notice *n, const char *text)
{
	char *end;
	const int64_t id = strtoll(text, &end, 10);
	struct part p = { IDS_PLACE(b->ledger.entries.at, b->ledger.entries.n, id, id), (int64_t)n->from,
		(int64_t)n->until };

	if (*end == '@')
		p.from = strtoll(end + 1, &end, 10);
	if (*end == '-')
		p.until = strtoll(end + 1, &end, 10);
	return p;
}

/* Pieces of one day are one again. */
static void add_days(struct arena *a, const struct message_days *from, const struct part *p, struct message_days *to)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct message_day *piece = &from->at[i];
		struct message_day *d = to->n ? &to->at[to->n - 1] : NULL;

		if (piece->start < p->from || piece->start >= p->until)
			continue;
		if (!d || strcmp(d->label, piece->label) != 0) {
			*vec_push(a, to) = *piece;
			continue;
		}
		for (int k = 0; k < DIRS; k++)
			d->bytes[k] = saturate_add(d->bytes[k], piece->bytes[k]);
	}
}

/* It is removed, or another's: what the INI says of it now is not about him. */
static struct statement_entry describe(
	struct arena *a, const struct config *c, const struct stated_book *b, const struct part *p, bool former)
{
	const struct entry *e = b->entries[p->row];

	return (struct statement_entry){ .name = b->ledger.entries.at[p->row].name,
		.covers = e && !former ? covers_text(a, e) : "",
		.remark = e && !former ? e->remark : "",
		.part = "",
		.billing = e ? e->billing : c->settings.billing,
		.removed = !e };
}

static const char *part_text(struct arena *a, const char *zone, int64_t from, int64_t until)
{
	return arena_printf(a, "%s - %s", when_minute(a, zone, from), when_minute(a, zone, until));
}

/* Parts of one entry are one. */
static void add_part(struct arena *a, const struct config *c, const struct stated_book *b, const struct notice *n,
	const struct part *p, bool goes_on, struct statement_figures *ret)
{
	const bool whole = p->from <= (int64_t)n->from && p->until >= (int64_t)n->until,
		   former = p->until < (int64_t)n->until;
	struct statement_entry *e = goes_on ? &ret->entries.at[ret->entries.n - 1] : vec_push(a, &ret->entries);

	if (!goes_on || !former) {
		const struct statement_entry was = *e;

		*e = describe(a, c, b, p, former);
		e->days = was.days;
		e->part = was.part ? was.part : "";
	}
	if (whole && !b->cuts.n) {
		e->days = b->moved[p->row];
		return;
	}
	add_days(a, &b->moved[p->row], p, &e->days);
	if (!whole && !(e->removed && p->from <= (int64_t)n->from))
		e->part = arena_printf(
			a, "%s%s%s", e->part, *e->part ? ", " : "", part_text(a, n->zone, p->from, p->until));
}

int stated_figures(struct stated_book *b, struct arena *a, struct store *s, const struct config *c,
	const struct notice *n, struct statement_figures *ret, struct err *err)
{
	size_t before = SIZE_MAX;

	if (load(b, s, c, err) || (*n->text && read_days(b, s, c, n, err)))
		return -1;
	for (const char *text = n->text; *text; text += strcspn(text, " "), text += *text == ' ') {
		const struct part p = part_of(b, n, text);

		if (p.row != SIZE_MAX)
			add_part(a, c, b, n, &p, p.row == before, ret);
		before = p.row;
	}
	return 0;
}
