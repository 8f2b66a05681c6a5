/* One run: everything that apply, sample, plan and down do.
 * In the one order of effects (design.md section 2), so that a kill at any instruction loses nothing.
 * cmd/ calls. */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include "model/adjust.h"
#include "model/trial.h"
#include "run/app.h"
#include "util/err.h"
#include "util/vec.h"

enum run_mode {
	RUN_APPLY,  /* takes up the file, whatever happened before */
	RUN_SAMPLE, /* the same for a timer: never hurts */
	RUN_PLAN,   /* reads everything, changes nothing */
	RUN_DOWN,   /* a last sample, then no kernel object is left, until RUN_APPLY */
};

/* One line of what apply does or would do. */
struct run_line {
	char sign;           /* + ~ - ! */
	const char *subject; /* "port web", "table inet portflow" */
	const char *text;
	const char *effect; /* on running connections and on data; "" none */
};

/* `portflow quota`. */
struct run_adjust {
	struct adjust ask;
	const char *name; /* of an entry with a quota, or of a [quota] */
	const char *who;  /* run/who.h */
};

/* What came of it. */
struct run_adjusted {
	const struct entry *subject;
	const char *refused; /* NULL, or why; then nothing else is set */
	uint64_t used, limit;
	struct cycle_span cycle;
	struct adjust undo; /* changed: what takes it back */
	enum quota_state was, is;
	bool changed; /* false: it was so already */
	bool stored;  /* the database has it, whatever the kernel has */
};

struct run_report {
	uint64_t changes; /* netlink messages that changed something, or would */
	VEC_OF(struct run_line) lines;
	const char *commands;   /* with -v: the nft commands that do the same, one a line; "" none */
	const char *interfaces; /* watched devices, blanks between */
	bool was_down;          /* RUN_SAMPLE after `down`: nothing was done */
	bool refused;           /* RUN_SAMPLE: the file has an error; the applied configuration was used */
	size_t entries;
	struct run_adjusted adjusted; /* run_adjust */
	struct trial trial;           /* of `apply --confirm`, as it is after this run */
	bool begun;                   /* ... by this run */
	const char *says;             /* what is to be told of it, one sentence; NULL: nothing */
	const char *rolled_back;      /* by this run: what, why, and to what; NULL: nothing */
	const char *zone;             /* [portflow] timezone; "" when no configuration could be read */
	const char *database;         /* of the configuration that was read */
};

/* Everything lives in app's arena. adopt: take over a table that another database made. */
int run(struct app *app, enum run_mode mode, bool adopt, struct run_report *ret_report, struct err *err);
/* RUN_SAMPLE with a change of one quota in the middle. ERR_USAGE: the name has no quota, or it cannot be changed so. */
int run_adjust(struct app *app, const struct run_adjust *adjust, struct run_report *ret_report, struct err *err);

/* RUN_APPLY on trial: report->trial is TRIAL_PENDING afterwards, also when it failed half way; anything else: there was nothing to try. */
int run_trial(struct app *app, uint64_t seconds, struct run_report *ret_report, struct err *err);

/* Ends the trial of that id in that database at once, if it is still pending: what was before comes back. why: as in "was not confirmed
 * in time". report->trial: what became of it, by this run or another. */
int run_roll_back(struct app *app, const char *database, const char *id, const char *why, struct run_report *ret_report,
	struct err *err);

#endif
