/* Delivery of what waits in the outbox: after the run, without its lock, under a lease, within a budget.
 * A slow service may cost a run its budget, and never the counting of another one.
 * run/ and cmd/notify.c include. */
#ifndef RUN_DELIVER_H
#define RUN_DELIVER_H

#include "model/target.h"
#include "notify/notifier.h"
#include "run/app.h"
#include "store/store.h"

#define DELIVER_BUDGET_MS 15000

/* Tries every letter that is due. What is wrong with one is written beside it and told as a warning when it is given up; nothing
 * here fails a run. Returns how many were tried in vain, to be tried again or given up. */
size_t deliver(struct app *app, struct store *s, const struct config *c);

/* Requests that go together, and what came of each. */
struct sending {
	const struct target *target;
	struct request request;
	struct outcome outcome; /* LATER, "..." until there is an answer */
};
void deliver_send(struct app *app, struct sending *list, size_t n);

#endif
