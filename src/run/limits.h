/* How limits are kept on this machine now, and why, for who shows it: the same decision as a run's, with nothing changed.
 * Needs no privilege; without any, a kernel that shapes nothing yet is taken to have HTB.
 * run/ calls. */
#ifndef RUN_LIMITS_H
#define RUN_LIMITS_H

#include "model/limit_way.h"
#include "model/links.h"
#include "util/err.h"

/* watch must outlive *ret_facts; all other memory in a. */
int run_limit_facts(struct arena *a, const struct config *c, const struct links *links, const struct watch *watch,
	struct limit_facts *ret_facts, struct err *err);

#endif
