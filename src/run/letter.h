/* Letters of the outbox, and what they say: rows of one target and recipient become a request to its service.
 * A message is composed when it is sent, in the words of the configuration of then.
 * run/deliver.c only. */
#ifndef RUN_LETTER_H
#define RUN_LETTER_H

#include "model/target.h"
#include "notify/notifier.h"
#include "run/app.h"
#include "run/stated.h"
#include "store/outbox.h"

struct letter_rows {
	const struct outbox_row *first;
	size_t n;
	struct target target;
	const char *problem;        /* NULL, or why it cannot be sent now */
	const struct outcome *held; /* NULL, or of a refused login */
	bool hopeless;              /* ... nor ever */
	bool postponed;             /* to the next batch: this one holds enough */
	bool quiet;                 /* another one says why it waits */
};

struct letter_source {
	struct store *store;
	const struct config *config;
	const char *node; /* known when a letter is written */
	struct stated_book book;
};

/* Rows as they were taken; the letters are in a. */
size_t letter_split(struct arena *a, const struct outbox_rows *rows, struct letter_rows **ret);
/* To whom, with the target's secrets. */
void letter_address(struct app *app, const struct config *c, struct letter_rows *l);
/* What it says; l is addressed. */
void letter_write(struct app *app, struct letter_source *from, struct letter_rows *l, struct request *ret);

#endif
