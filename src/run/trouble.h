/* A run of a timer that fails: a full disk, a database that is damaged, a kernel that refuses. Then nothing is counted, and the outbox, which is in
 * that database, tells nobody.
 * run/run.c calls. */
#ifndef RUN_TROUBLE_H
#define RUN_TROUBLE_H

#include "config/config.h"
#include "run/app.h"
#include "util/err.h"

/* err: why it failed; NULL: it went well. c: NULL where nobody knows. The targets of [portflow] that hear of health are told at once, past
 * the outbox; once a day as long as it lasts; of a run that only was busy when that lasts for hours. */
void trouble(struct app *app, const struct config *c, const struct err *err);

#endif
