/* A message as the text of a service, within what that takes: see message.h.
 * What is measured is what is written, escapes and all: a service that gets more refuses all of it, at each try.
 * notify/ calls. */
#include <stdint.h>
#include <string.h>

#include "notify/message.h"
#include "util/utf8.h"
#include "view/figure.h"

#define CEILING ((size_t)4 << 20)
#define COVERS_UNITS 120
#define BAR 10

const struct markup markup_plain = {
	.bold = "", .bold_end = "", .put = utf8_put, .size = message_units, .title = true
};

size_t message_units(const char *text, size_t len)
{
	size_t units = 0;

	while (len) {
		uint32_t code;
		size_t took = utf8_decode(text, len, &code);

		units += code != UTF8_BAD && code > 0xffff ? 2 : 1;
		text += took;
		len -= took;
	}
	return units;
}

size_t message_bytes(const char *text, size_t len)
{
	(void)text;
	return len;
}

struct writer {
	const struct message *m;
	const struct markup *how;
};

static size_t size_of(const struct writer *w, const struct str *s)
{
	return w->how->size(s->p ? s->p : "", s->len);
}

/* -- shortening ------------------------------------------------------------------------------------------------------ */

/* The beginning of a text, up to a comma if it is a list, and that there was more: "a, b, ... and 140 more". */
static void put_part(const struct writer *w, const char *text, size_t len, bool list, struct str *out)
{
	cleanup_str struct str end = STR_CEILING(256);
	size_t more = 1;

	if (list) {
		while (len && text[len] != ',')
			len--;
		for (const char *p = text + len + (len > 0); (p = strchr(p, ',')); p++)
			more++;
		str_putf(&end, "%s\xe2\x80\xa6 %s %zu %s", len ? ", " : "", i18n_word(w->m->language, WORD_AND_MORE),
			more, i18n_word(w->m->language, WORD_MORE_OF_LIST));
	} else {
		str_puts(&end, "\xe2\x80\xa6");
	}
	w->how->put(out, text, len);
	w->how->put(out, end.p, end.len);
}

/* All of a text, or as much as fits into `most`. */
static void put_within(const struct writer *w, const char *text, bool list, size_t most, struct str *out)
{
	cleanup_str struct str piece = STR_CEILING(CEILING);
	const size_t len = strlen(text);
	size_t least = 0, columns = utf8_width(text, len);

	w->how->put(&piece, text, len);
	if (size_of(w, &piece) <= most) {
		str_put(out, piece.p ? piece.p : "", piece.len);
		return;
	}
	while (least < columns) {
		const size_t half = least + (columns - least + 1) / 2;

		piece.len = 0;
		put_part(w, text, utf8_cut(text, len, half), list, &piece);
		if (size_of(w, &piece) <= most)
			least = half;
		else
			columns = half - 1;
	}
	put_part(w, text, utf8_cut(text, len, least), list, out);
}

const char *message_covers(struct arena *a, enum language l, const char *covers)
{
	const struct message m = { .language = l };
	const struct writer w = { &m, &markup_plain };
	cleanup_str struct str out = STR_CEILING(CEILING);

	put_within(&w, covers, true, COVERS_UNITS, &out);
	return arena_strdup(a, out.p ? out.p : "");
}

/* -- items ----------------------------------------------------------------------------------------------------------- */

/* "2026-11-25  in 1.20 GB, out 3.40 GB" */
static const char *day_text(struct arena *a, enum language l, const struct message_day *d)
{
	return arena_printf(a, "%s  %s", d->label, message_moved(a, l, d->bytes));
}

static void put_bold(const struct writer *w, const char *text, size_t most, struct str *out)
{
	str_puts(out, w->how->bold);
	put_within(w, text, false, most, out);
	str_puts(out, w->how->bold_end);
	str_putc(out, '\n');
}

static void put_days(const struct writer *w, const struct message_item *item, struct str *out)
{
	cleanup_arena struct arena a = { 0 };

	for (size_t i = 0; i < item->days.n; i++) {
		const char *text = day_text(&a, w->m->language, &item->days.at[i]);

		w->how->put(out, text, strlen(text));
		str_putc(out, '\n');
	}
}

/* Full blocks, and light ones for what is left. Something is never nothing, and only all of it is all. */
static void put_bar(uint32_t permille, struct str *out)
{
	uint32_t full = permille * BAR / 1000;

	if (permille && !full)
		full = 1;
	for (uint32_t i = 0; i < BAR; i++)
		str_puts(out, i < full ? "\xe2\x96\x88" : "\xe2\x96\x91");
	str_putc(out, ' ');
}

/* The head of the only event is in the title. */
static bool in_title(const struct message *m, const struct message_item *item)
{
	const size_t title = strlen(m->title), head = strlen(item->head);

	return m->items.n == 1 && title >= head && strcmp(m->title + title - head, item->head) == 0;
}

/* No line longer than `most`. first: nothing stands before it. */
static void put_item(
	const struct writer *w, const struct message_item *item, bool days, bool first, size_t most, struct str *out)
{
	if (!w->how->title || !in_title(w->m, item)) {
		if (!first)
			str_putc(out, '\n');
		put_bold(w, item->head, most, out);
	}
	for (size_t i = 0; i < item->lines.n; i++) {
		if (item->lines.at[i].bar)
			put_bar(item->lines.at[i].permille, out);
		put_within(w, item->lines.at[i].text, item->list, most, out);
		str_putc(out, '\n');
	}
	if (days)
		put_days(w, item, out);
}

/* An item with its longest lines cut, so that all of it fits into `most`. */
static void put_short_item(
	const struct writer *w, const struct message_item *item, bool first, size_t most, struct str *out)
{
	cleanup_str struct str piece = STR_CEILING(CEILING);
	size_t least = 0, longest = most;

	while (least < longest) {
		const size_t half = least + (longest - least + 1) / 2;

		piece.len = 0;
		put_item(w, item, false, first, half, &piece);
		if (size_of(w, &piece) <= most)
			least = half;
		else
			longest = half - 1;
	}
	put_item(w, item, false, first, least, out);
}

/* With the days of each: without them an item still has its sum. */
static bool all_fits(const struct writer *w, bool first, size_t most)
{
	cleanup_str struct str piece = STR_CEILING(CEILING);
	size_t left = most;

	for (size_t i = 0; i < w->m->items.n; i++) {
		size_t size;

		piece.len = 0;
		put_item(w, &w->m->items.at[i], true, first && !i, SIZE_MAX, &piece);
		size = size_of(w, &piece);
		if (size > left)
			return false;
		left -= size;
	}
	return true;
}

/* Returns whether anything was left out. */
static bool put_items(const struct writer *w, size_t left, struct str *out)
{
	const bool days = all_fits(w, !out->len, left);
	cleanup_str struct str piece = STR_CEILING(CEILING);
	bool cut = false;

	for (size_t i = 0; i < w->m->items.n; i++) {
		const struct message_item *item = &w->m->items.at[i];
		size_t size;

		cut |= !days && item->days.n;
		piece.len = 0;
		put_item(w, item, days, !out->len, SIZE_MAX, &piece);
		size = size_of(w, &piece);
		if (size > left) {
			if (!i || (item->list && left > w->how->most / 4))
				put_short_item(w, item, !out->len, left, out);
			return true;
		}
		str_put(out, piece.p, piece.len);
		left -= size;
	}
	return cut;
}

const char *message_more(const struct message *m)
{
	return i18n_word(m->language, m->statement ? WORD_MORE_DAYS : WORD_MORE);
}

static void put_more(const struct writer *w, struct str *out)
{
	const char *more = message_more(w->m);

	str_putc(out, '\n');
	w->how->put(out, more, strlen(more));
	str_putc(out, '\n');
}

void message_put(const struct message *m, const struct markup *how, struct str *out)
{
	const struct writer w = { m, how };
	cleanup_str struct str begin = STR_CEILING(CEILING), more = STR_CEILING(4096);
	size_t left = SIZE_MAX;

	if (how->title)
		put_bold(&w, m->title, how->most ? how->most / 2 : SIZE_MAX, &begin);
	if (how->most) {
		put_more(&w, &more);
		left = how->most - size_of(&w, &begin) - size_of(&w, &more);
	}
	str_put(out, begin.p ? begin.p : "", begin.len);
	if (put_items(&w, left, out) || m->cut)
		put_more(&w, out);
}
