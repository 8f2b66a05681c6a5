/* Words and sentences in each language: see i18n.h.
 * The holes of a sentence are filled here, so that a translation may put them in any order.
 * view/ and notify/ call. */
#include "view/i18n.h"

#include <inttypes.h>
#include <string.h>

#include "view/figure.h"
#include "view/when.h"

static const char *const words[WORDS][LANGUAGES] = {
#define WORD(id, en, zh) [WORD_##id] = { en, zh },
#define TELL(kind, head_en, head_zh, text_zh)
#include "view/i18n.def"
#undef WORD
#undef TELL
};

static const struct tell {
	const char *kind;
	const char *head[LANGUAGES];
	const char *text[LANGUAGES]; /* NULL: the event's own */
} tells[] = {
#define WORD(id, en, zh)
#define TELL(kind, head_en, head_zh, text_zh) { kind, { head_en, head_zh }, { NULL, text_zh } },
#include "view/i18n.def"
#undef WORD
#undef TELL
};

const char *i18n_word(enum language l, enum word w)
{
	return words[w][l];
}

static const struct tell *find(const char *kind)
{
	for (size_t i = 0; i < sizeof tells / sizeof *tells; i++)
		if (strcmp(tells[i].kind, kind) == 0)
			return &tells[i];
	return NULL;
}

static const char *hole(struct arena *a, const struct notice *n, const char *name, size_t len)
{
	const enum unit_style style = n->binary ? UNITS_IEC : UNITS_SI;
	const struct {
		const char *name;
		enum { SIZE, RATE, SPAN, MOMENT, NUMBER } as;
		uint64_t value;
	} holes[] = {
		{ "limit", SIZE, n->limit },
		{ "used", SIZE, n->used },
		{ "total", SIZE, n->total },
		{ "rate", RATE, n->rate },
		{ "average", RATE, n->average },
		{ "most", RATE, n->most },
		{ "window", SPAN, n->window },
		{ "from", MOMENT, n->from },
		{ "until", MOMENT, n->until },
		{ "resets", MOMENT, n->resets },
		{ "percent", NUMBER, n->percent },
		{ "minutes", NUMBER, n->minutes },
		{ "count", NUMBER, n->count },
	};
	char span[UNITS_TEXT];

	for (size_t i = 0; i < sizeof holes / sizeof *holes; i++) {
		const uint64_t v = holes[i].value;

		if (strlen(holes[i].name) != len || strncmp(holes[i].name, name, len) != 0)
			continue;
		switch (holes[i].as) {
		case SIZE:
			return figure_bytes(a, style, v);
		case RATE:
			return figure_rate(a, style, v);
		case SPAN:
			return arena_strdup(a, units_span(v, span));
		case MOMENT:
			return when_minute(a, n->zone, (int64_t)v);
		case NUMBER:
			return arena_printf(a, "%" PRIu64, v);
		}
	}
	return "";
}

static const char *fill(struct arena *a, const struct notice *n, const char *sentence)
{
	cleanup_str struct str out = STR_CEILING(4096);

	while (*sentence) {
		size_t plain = strcspn(sentence, "{"), name;

		str_put(&out, sentence, plain);
		sentence += plain;
		if (!*sentence)
			break;
		name = strcspn(++sentence, "}");
		str_puts(&out, hole(a, n, sentence, name));
		sentence += name + (sentence[name] == '}');
	}
	return arena_strdup(a, out.p ? out.p : "");
}

const char *i18n_head(struct arena *a, enum language l, const struct notice *n)
{
	const struct tell *t = find(n->kind);

	return t ? fill(a, n, t->head[l]) : n->kind;
}

const char *i18n_sentence(struct arena *a, enum language l, const struct notice *n)
{
	const struct tell *t = find(n->kind);

	return t && t->text[l] ? fill(a, n, t->text[l]) : n->text;
}
