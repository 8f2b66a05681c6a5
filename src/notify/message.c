/* What one recipient is told in one go: see message.h.
 * The most important stands first in each line: phones show forty characters of it.
 * notify/ and run/ call. */
#include "notify/message.h"

#include <inttypes.h>
#include <string.h>

#include "util/saturate.h"
#include "view/figure.h"
#include "view/when.h"

#define TITLE_NAMES 3

void message_line(struct arena *a, struct message_item *item, const char *line)
{
	*vec_push(a, &item->lines) = (struct message_line){ .text = line };
}

void message_bar(struct arena *a, struct message_item *item, uint64_t permille, const char *line)
{
	*vec_push(a, &item->lines) = (struct message_line){
		.text = line, .bar = true, .permille = permille > 1000 ? 1000 : (uint32_t)permille
	};
}

static const char *both_ways(struct arena *a, enum language l, const char *in, const char *out)
{
	return arena_printf(
		a, "%s %s%s%s %s", i18n_word(l, WORD_IN), in, i18n_word(l, WORD_COMMA), i18n_word(l, WORD_OUT), out);
}

const char *message_moved(struct arena *a, enum language l, const uint64_t bytes[DIRS])
{
	return both_ways(a, l, figure_bytes(a, UNITS_SI, bytes[DIR_IN]), figure_bytes(a, UNITS_SI, bytes[DIR_OUT]));
}

const char *message_rate(struct arena *a, enum language l, const uint64_t bps[DIRS])
{
	return arena_printf(a, "%s%s%s", i18n_word(l, WORD_RATE), i18n_word(l, WORD_COLON),
		both_ways(a, l, figure_rate(a, UNITS_SI, bps[DIR_IN]), figure_rate(a, UNITS_SI, bps[DIR_OUT])));
}

static const char *section_text(enum language l, const struct notice *n)
{
	static const struct {
		const char *section;
		enum word word;
	} all[] = { { "port", WORD_PORT }, { "address", WORD_ADDRESS }, { "interface", WORD_INTERFACE },
		{ "quota", WORD_QUOTA } };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (strcmp(all[i].section, n->section) == 0)
			return i18n_word(l, all[i].word);
	return n->section;
}

/* "port 80,443 · web server of Alice" */
static void describe(struct arena *a, enum language l, const struct notice *n, struct message_item *item)
{
	const char *what = *n->covers ? arena_printf(a, "%s %s", section_text(l, n), message_covers(a, l, n->covers))
				      : "";

	if (*what || *n->remark)
		message_line(
			a, item, arena_printf(a, "%s%s%s", what, *what && *n->remark ? " \xc2\xb7 " : "", n->remark));
}

/* "[########  ] 80 %  80.0 GB / 100 GB", "rate: in 3.20 Mbit/s, out 9.10 Mbit/s", "resets 2026-12-01 00:00" */
static void add_usage(struct arena *a, enum language l, const struct notice *n, struct message_item *item)
{
	const enum unit_style style = n->binary ? UNITS_IEC : UNITS_SI;
	const uint64_t permille = n->limit ? saturate_scale(n->used, 1000, n->limit) : 0;
	const uint64_t bps[DIRS] = { [DIR_IN] = n->rate_in, [DIR_OUT] = n->rate_out };

	if (n->limit)
		message_bar(a, item, permille,
			arena_printf(a, "%" PRIu64 " %%  %s / %s", permille / 10, figure_bytes(a, style, n->used),
				figure_bytes(a, style, n->limit)));
	if (n->rate_in || n->rate_out)
		message_line(a, item, message_rate(a, l, bps));
	if (n->limit && n->resets)
		message_line(a, item,
			arena_printf(
				a, "%s %s", i18n_word(l, WORD_RESETS), when_offset(a, n->zone, (int64_t)n->resets)));
}

static void put_notice(struct arena *a, struct message *m, const struct notice *n)
{
	struct message_item *item = vec_push(a, &m->items);
	const char *head = i18n_head(a, m->language, n);

	item->notice = n;
	item->head = *n->subject ? arena_printf(a, "%s: %s", n->subject, head) : head;
	describe(a, m->language, n, item);
	message_line(a, item,
		arena_printf(a, "%s  %s", when_minute(a, n->zone, (int64_t)n->time), i18n_sentence(a, m->language, n)));
	add_usage(a, m->language, n, item);
}

static bool named_before(const struct notice *const *notices, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(notices[k]->subject, notices[i]->subject) == 0)
			return true;
	return false;
}

/* "3 events: web, game, ..." */
static const char *title_of_many(struct arena *a, enum language l, const struct notice *const *notices, size_t n)
{
	cleanup_str struct str out = STR_CEILING(512);
	size_t named = 0;

	str_putf(&out, "%zu %s", n, i18n_word(l, WORD_EVENTS));
	for (size_t i = 0; i < n; i++) {
		if (!*notices[i]->subject || named_before(notices, i))
			continue;
		if (named == TITLE_NAMES) {
			str_putf(&out, "%s\xe2\x80\xa6", i18n_word(l, WORD_BETWEEN));
			break;
		}
		str_putf(&out, "%s%s", i18n_word(l, named++ ? WORD_BETWEEN : WORD_COLON), notices[i]->subject);
	}
	return arena_strdup(a, out.p);
}

void message_of(struct arena *a, enum language l, const char *node, const struct notice *const *notices, size_t n,
	struct message *ret_message)
{
	struct message m = { .language = l, .node = node };

	for (size_t i = 0; i < n; i++)
		put_notice(a, &m, notices[i]);
	m.title = arena_printf(a, "[%s] %s", node, n == 1 ? m.items.at[0].head : title_of_many(a, l, notices, n));
	*ret_message = m;
}

void message_test(struct arena *a, enum language l, const char *node, struct message *ret_message)
{
	struct message m = { .language = l, .node = node };
	struct message_item *item = vec_push(a, &m.items);

	m.title = arena_printf(a, "[%s] %s", node, i18n_word(l, WORD_TEST_HEAD));
	item->head = i18n_word(l, WORD_TEST_HEAD);
	message_line(a, item, i18n_word(l, WORD_TEST_TEXT));
	*ret_message = m;
}
