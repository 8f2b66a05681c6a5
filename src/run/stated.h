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
	struct arena arena, days; /* days holds the rows of the last period of whole days */
	bool loaded;
	struct ledger ledger;
	uint64_t from, until;
	struct store_row *rows; /* of all entries */
	size_t n;
};
void stated_close(struct stated_book *b);

/* Figures and texts in a. */
int stated_figures(struct stated_book *b, struct arena *a, struct store *s, const struct config *c,
	const struct notice *n, struct statement_figures *ret, struct err *err);

#endif
