/* What a statement that waits in the outbox is about: read when it is delivered, since its whole period is over then and stored.
 * An entry that the INI has no more is told by its name.
 * run/ only. */
#ifndef RUN_STATED_H
#define RUN_STATED_H

#include "config/config.h"
#include "notify/statement.h"
#include "store/store.h"

int stated_figures(struct arena *a, struct store *s, const struct config *c, const struct notice *n,
	struct statement_figures *ret, struct err *err);

#endif
