/* Words and sentences of messages in each language: one row each in i18n.def.
 * A sentence has holes, "{limit}", that are filled from a notice or from words of the caller.
 * view/ and notify/ include. */
#ifndef VIEW_I18N_H
#define VIEW_I18N_H

#include "model/notice.h"

enum word {
#define WORD(id, en, zh) WORD_##id,
#define TELL(kind, head_en, head_zh, text_zh)
#include "view/i18n.def"
#undef WORD
#undef TELL
	WORDS
};

const char *i18n_word(enum language l, enum word w);

/* What happened in few words, for a title: "quota used up: blocked". An unknown kind is its own word. */
const char *i18n_head(struct arena *a, enum language l, const struct notice *n);
/* The whole sentence. In English it is the event's own; elsewhere a kind without a row falls back to it. */
const char *i18n_sentence(struct arena *a, enum language l, const struct notice *n);

#endif
