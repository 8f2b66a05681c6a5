/* What a statement that waits in the outbox is about: read when it is delivered, since its whole period is over then and stored.
 * An entry that the INI has no more is told by its name.
 * run/ only. */
#ifndef RUN_STATED_H
#define RUN_STATED_H

#include "config/config.h"
#include "model/ledger.h"
#include "notify/statement.h"
#include "store/store.h"

/* What many statements share: read once. Zeroed at first. */
struct stated_book {
	struct arena arena, days; /* days holds the figures of the last period */
	struct ledger ledger;
	const struct entry **entries; /* by ledger.entries; NULL: the INI has it no more */
	struct message_days *moved;   /* the same; NULL: none are read */
	const char *zone;             /* with the next two: the period */
	uint64_t from, until;
	VEC_OF(int64_t) cuts; /* moments at which it is cut beside days */
	bool loaded;
};
void stated_close(struct stated_book *b);

/* Texts in a, figures in b until it is asked again or closed. */
int stated_figures(struct stated_book *b, struct arena *a, struct store *s, const struct config *c,
	const struct notice *n, struct statement_figures *ret, struct err *err);

#endif
