/* The secrets of a target, from where its section says they are: read for a delivery, and nowhere else.
 * What is wrong with one is told without it.
 * run/ and cmd/notify.c include. */
#ifndef RUN_SECRETS_H
#define RUN_SECRETS_H

#include <stdbool.h>

#include "config/config.h"
#include "model/target.h"
#include "run/app.h"

/* Fills the values of all secrets of *t. NULL: all are there; else one line that says which one is missing, why, and the cure. */
const char *secrets_reveal(struct arena *a, struct target *t);

/* Warns of secrets that only the services can have, as credentials, and that nobody gave to this run. */
void secrets_warn(const struct app *app, const struct config *c);

#endif
