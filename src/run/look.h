/* What the kernel has of what is wanted, for who only shows it: how many changes are pending, and what holds there. Without the lock and without
 * a change; where nothing moved since the last run, nothing more is read than that it did not.
 * Read the database first, as peek.h says. cmd/ and run/doctor*.c call. */
#ifndef RUN_LOOK_H
#define RUN_LOOK_H

#include "config/config.h"
#include "model/held.h"
#include "model/ledger.h"
#include "run/app.h"
#include "store/store.h"

struct look_from {
	struct config *config; /* that holds */
	bool applied_holds;    /* ... which is not the files' but what was applied last */
	uint64_t files;        /* what the files are */
	const struct ledger *ledger;
	struct store *store;
};

struct kernel_look {
	bool edited;         /* the files are not what was applied last */
	bool known;          /* the kernel could be asked: pending says all */
	bool differs;        /* something is not there as the configuration wants it; not known: of queues alone */
	uint64_t pending;    /* changes, as `plan` counts them */
	const char *unknown; /* why it is not known, one sentence; NULL: the right to ask is missing, or it is known */
	struct limit_facts *facts;
	struct limit_way *ways; /* how limits are to be kept */
	struct held_input held; /* without used_up and decided */
};

/* -1 only where nothing at all can be said. All memory in app's arena. */
int run_look(struct app *app, const struct look_from *from, struct kernel_look *ret_look, struct err *err);

#endif
