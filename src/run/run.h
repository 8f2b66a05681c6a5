/* One run: everything that apply, sample, plan and down do.
 * In the one order of effects (design.md section 2), so that a kill at any instruction loses nothing.
 * cmd/ calls. */
#ifndef RUN_RUN_H
#define RUN_RUN_H

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

struct run_report {
	uint64_t changes; /* netlink messages that changed something, or would */
	VEC_OF(struct run_line) lines;
	const char *commands;   /* with -v: the nft commands that do the same, one a line; "" none */
	const char *interfaces; /* watched devices, blanks between */
	bool was_down;          /* RUN_SAMPLE after `down`: nothing was done */
	bool refused;           /* RUN_SAMPLE: the file has an error; the applied configuration was used */
	size_t entries;
};

/* Everything lives in app's arena. adopt: take over a table that another database made. */
int run(struct app *app, enum run_mode mode, bool adopt, struct run_report *ret_report, struct err *err);

#endif
