/* The status now as a message: see summary.h.
 * The same figures as the table of `portflow status`, for a narrow screen.
 * cmd/notify.c calls. */
#include "notify/summary.h"

#include <inttypes.h>

#include "view/when.h"
#include "view/words.h"

static void add_quota(struct arena *a, enum language l, const struct status_quota *q, struct message_item *item)
{
	const enum unit_style style = q->subject->quota.binary ? UNITS_IEC : UNITS_SI;
	const char *state = q->state == QUOTA_BLOCKED ? i18n_word(l, WORD_BLOCKED)
		: q->state == QUOTA_THROTTLED         ? i18n_word(l, WORD_THROTTLED)
						      : "";

	message_bar(a, item, q->permille,
		arena_printf(a, "%s%s%" PRIu32 " %%  %s / %s%s%s", q->subject->name, i18n_word(l, WORD_COLON),
			q->permille / 10, figure_bytes(a, style, q->used), figure_bytes(a, style, q->limit),
			*state ? i18n_word(l, WORD_COMMA) : "", state));
	if (q->cycle.end < CALENDAR_MAX && q->cycle.end > q->cycle.start)
		message_line(a, item,
			arena_printf(a, "%s %s", i18n_word(l, WORD_RESETS),
				when_offset(a, q->subject->cycle.timezone, q->cycle.end)));
}

static void put_row(
	struct arena *a, const struct status *s, const struct status_row *row, const char *head, struct message *m)
{
	struct message_item *item = vec_push(a, &m->items);
	const struct entry *e = row->entry;

	item->head = head;
	if (e && *e->remark)
		message_line(a, item, e->remark);
	message_line(a, item,
		arena_printf(a, "%s%s%s", i18n_word(m->language, WORD_TODAY), i18n_word(m->language, WORD_COLON),
			message_moved(a, m->language, row->figures[STATUS_TODAY].bytes)));
	if (row->cycle.end > row->cycle.start)
		message_line(a, item,
			arena_printf(a, "%s%s%s", i18n_word(m->language, WORD_THIS_CYCLE),
				i18n_word(m->language, WORD_COLON), figure_bytes(a, UNITS_SI, row->cycle_bytes)));
	if (row->has_rate)
		message_line(a, item, message_rate(a, m->language, row->rate_bps));
	for (size_t i = 0; i < row->quotas.n; i++)
		add_quota(a, m->language, &s->quotas.at[row->quotas.at[i]], item);
}

void summary_of(struct arena *a, enum language l, const struct status *s, struct message *ret_message)
{
	struct message m = { .language = l, .node = s->node };

	m.title = arena_printf(a, "[%s] %s %s", s->node, i18n_word(l, WORD_STATUS), when_minute(a, s->zone, s->now));
	for (size_t i = 0; i < s->rows.n; i++) {
		const struct status_row *row = &s->rows.at[i];
		const char *covers = row->entry ? message_covers(a, l, covers_text(a, row->entry)) : "";

		put_row(a, s, row, *covers ? arena_printf(a, "%s (%s)", row->name, covers) : row->name, &m);
	}
	put_row(a, s, &s->total, i18n_word(l, WORD_TOTAL), &m);
	*ret_message = m;
}
