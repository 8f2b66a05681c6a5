/* `apply --confirm` after its run: waiting in the foreground until somebody confirms, the time is over, or the user ends it; then rolling
 * back, whatever became of the terminal. And `confirm`, the other end of it.
 * cmd/ calls. */
#ifndef RUN_TRIAL_WAIT_H
#define RUN_TRIAL_WAIT_H

#include "run/app.h"
#include "run/run.h"
#include "util/err.h"

/* From now on no lost terminal, signal or reader that is stuck ends or stops this process. Before the run. ret_signals: those that ask for an
 * end; they wait there. */
int trial_guard(int *ret_signals, struct err *err);

/* r: of run_trial, pending. Returns 0 when it was confirmed, with what became of it in r->trial; else -1 with err: rolled back, by whom and
 * why, or what keeps it from being rolled back. */
int trial_wait(struct app *app, int signals, struct run_report *r, struct err *err);

/* Rolls back now, as trial_wait does. why: as in "was ended by a signal". 0: done, or it had ended before, as r->trial says. */
int trial_back(struct app *app, const char *why, struct run_report *r, struct err *err);

enum confirmed {
	CONFIRMED,         /* by this call */
	CONFIRMED_BEFORE,  /* the last trial was kept already */
	CONFIRMED_NOTHING, /* there is none */
	CONFIRMED_LATE,    /* it was rolled back, or is to be by the next run */
};

/* ret_trial: as it is afterwards. ret_zone: of its times, as the files say; "" where they say nothing. */
int trial_confirm(
	struct app *app, struct trial *ret_trial, const char **ret_zone, enum confirmed *ret_how, struct err *err);

#endif
