/* `apply --confirm`, in its parts: the time, the run, the wait. What the run did is printed in between, by apply.c.
 * Errors as in app.h: main.c prints them.
 * apply.c calls. */
#ifndef CMD_CONFIRM_H
#define CMD_CONFIRM_H

#include "cmd/command.h"
#include "run/run.h"

/* text: the value of --confirm, NULL: none. ERR_USAGE. */
int confirm_seconds(const char *text, uint64_t *ret_seconds, struct err *err);
/* Signals are caught, then the file is taken up. A failure half way is rolled back at once. */
int confirm_begin(struct app *app, uint64_t seconds, struct run_report *r, int *ret_signals, struct err *err);
/* 0: confirmed, or there was nothing to try. */
int confirm_wait(struct app *app, uint64_t seconds, int signals, struct run_report *r, struct err *err);

#endif
