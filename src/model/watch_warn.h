/* What watch.c says about a configuration that the machine beneath it does not quite fit.
 * Pure.
 * watch.c alone calls. */
#ifndef MODEL_WATCH_WARN_H
#define MODEL_WATCH_WARN_H

#include "model/watch.h"

/* Appends to w->warnings; the rest of *w is complete. */
void watch_warn(struct arena *a, const struct config *c, const struct links *l, const struct local_ports *ports,
	struct watch *w);

#endif
