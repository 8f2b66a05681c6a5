/* Which database knows of the trial that is pending in this network namespace. The files may name another one by now, or be such that
 * nobody can read them: whoever rolls back must find the way all the same.
 * A file in /run/portflow, gone after a boot, when there is nothing in the kernel to roll back. run/ only. */
#ifndef RUN_TRIAL_PLACE_H
#define RUN_TRIAL_PLACE_H

#include "run/app.h"

/* Best effort: without it the files are asked. */
void trial_place_put(struct app *app, const char *database);
void trial_place_drop(struct app *app);

/* A database other than `configured` that says that a trial is pending; NULL: there is none. In the app's arena. */
const char *trial_place(struct app *app, const char *configured);

#endif
