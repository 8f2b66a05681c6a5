/* A statement as a message: see statement.h.
 * Sums first, days below: who only wants the sum reads one line.
 * run/deliver.c calls. */
#include "notify/statement.h"

#include "model/billing.h"
#include "util/saturate.h"
#include "view/csv.h"
#include "view/figure.h"

/* A message about more days has the sums of its entries alone: a year of sixty would be megabytes that no mail program shows. */
#define DAYS_MAX 3200
/* A mail with more is too large for many servers, and for what carries it there. */
#define CSV_MAX ((size_t)5 << 19)

static const enum word billing_words[] = {
	[BILLING_OUT] = WORD_OUT,
	[BILLING_IN] = WORD_IN,
	[BILLING_BOTH] = WORD_BOTH,
	[BILLING_MAX] = WORD_LARGER,
	[BILLING_RELAY] = WORD_RELAY,
};

static void put_entry(struct arena *a, const struct statement_entry *e, bool days, struct message *m)
{
	struct message_item *item = vec_push(a, &m->items);
	uint64_t sum[DIRS] = { 0 };

	item->head = *e->covers ? arena_printf(a, "%s (%s)", e->name, message_covers(a, m->language, e->covers))
		: e->removed    ? arena_printf(a, "%s (%s)", e->name, i18n_word(m->language, WORD_REMOVED))
				: e->name;
	if (*e->part)
		item->head = arena_printf(a, "%s %s", item->head, e->part);
	if (*e->remark)
		message_line(a, item, e->remark);
	for (size_t i = 0; i < e->days.n; i++)
		for (int d = 0; d < DIRS; d++)
			sum[d] = saturate_add(sum[d], e->days.at[i].bytes[d]);
	if (!e->days.n) {
		message_line(a, item, i18n_word(m->language, WORD_NO_TRAFFIC));
		return;
	}
	message_line(a, item,
		arena_printf(a, "%s%s%s%s%s (%s) %s", i18n_word(m->language, WORD_SUM),
			i18n_word(m->language, WORD_COLON), message_moved(a, m->language, sum),
			i18n_word(m->language, WORD_SEMICOLON), i18n_word(m->language, WORD_BILLED),
			i18n_word(m->language, billing_words[e->billing]),
			figure_bytes(a, UNITS_SI, billing_figure(e->billing, sum[DIR_IN], sum[DIR_OUT]))));
	if (days)
		item->days = e->days;
}

static void put_unheard(struct arena *a, const char *names, struct message *m)
{
	struct message_item *item = vec_push(a, &m->items);

	item->head = i18n_word(m->language, WORD_UNHEARD);
	item->list = true;
	message_line(a, item, names);
}

static const char *csv_of(struct arena *a, const struct statement_figures *f)
{
	cleanup_str struct str out = STR_CEILING(CSV_MAX);
	struct csv c = CSV_INTO(&out);

	csv_text(&c, "day");
	csv_text(&c, "name");
	csv_text(&c, "in_bytes");
	csv_text(&c, "out_bytes");
	csv_row_end(&c);
	for (size_t i = 0; i < f->entries.n; i++)
		for (size_t k = 0; k < f->entries.at[i].days.n; k++) {
			csv_text(&c, f->entries.at[i].days.at[k].label);
			csv_text(&c, f->entries.at[i].name);
			csv_u64(&c, f->entries.at[i].days.at[k].bytes[DIR_IN]);
			csv_u64(&c, f->entries.at[i].days.at[k].bytes[DIR_OUT]);
			csv_row_end(&c);
		}
	return out.full ? NULL : arena_strndup(a, out.p, out.len);
}

static size_t days_of(const struct statement_figures *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->entries.n; i++)
		n += f->entries.at[i].days.n;
	return n;
}

void statement_of(struct arena *a, enum language l, const char *node, const struct notice *n,
	const struct statement_figures *f, bool csv, struct message *ret_message)
{
	const bool days = days_of(f) <= DAYS_MAX;
	struct message m = { .language = l, .node = node, .statement = true, .cut = !days };

	m.title = arena_printf(a, "[%s] %s %s", node, i18n_word(l, WORD_STATEMENT), n->subject);
	for (size_t i = 0; i < f->entries.n; i++)
		put_entry(a, &f->entries.at[i], days, &m);
	if (*n->remark)
		put_unheard(a, n->remark, &m);
	if (csv) {
		m.csv = csv_of(a, f);
		m.cut |= !m.csv;
	}
	*ret_message = m;
}
