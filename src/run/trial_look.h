/* What those who only look are told of a trial: status, report, doctor, `db restore`.
 * Reads the one fact that the database keeps, and which boot this is.
 * cmd/ calls. */
#ifndef RUN_TRIAL_LOOK_H
#define RUN_TRIAL_LOOK_H

#include "model/trial.h"
#include "run/app.h"
#include "store/store.h"

struct trial_look {
	struct trial trial; /* TRIAL_NONE where nothing is to be said */
	const char *says;   /* trial_says; NULL: nothing */
	bool applied_holds; /* not the files, but what was applied last */
	bool over;          /* its time is; the next run rolls it back */
};

/* files: the hash of the files now. An unreadable fact is none. */
void trial_look(struct app *app, struct store *s, const char *zone, uint64_t files, struct trial_look *ret_look);

/* As the database has it. */
int trial_load(struct store *s, struct arena *a, struct trial *ret_trial, struct err *err);
/* Of a pending one: trial_over, as of now and here. */
bool trial_is_over(const struct app *app, const struct trial *t);

#endif
