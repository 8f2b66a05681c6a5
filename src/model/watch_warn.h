/* What watch.c says about a configuration that the machine beneath it does not quite fit.
 * Pure.
 * watch.c calls, and run/ where it says so. */
#ifndef MODEL_WATCH_WARN_H
#define MODEL_WATCH_WARN_H

#include "model/watch.h"

/* Appends to w->warnings; the rest of *w is complete. */
void watch_warn(struct arena *a, const struct config *c, const struct links *l, const struct local_ports *ports,
	struct watch *w);

/* The same for runs that are so many seconds apart; 0: not known. Needs no other part of *w. run/ calls. */
void watch_warn_interval(struct arena *a, const struct config *c, int64_t seconds, struct watch *w);

#endif
