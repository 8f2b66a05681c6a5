/* The files that portflow-net may read: what the loader, the resolver and TLS want, on whatever distribution.
 * Landlock and the walls of a mount namespace allow the same, so the list is one.
 * child/confine.c and child/walls.c include. */
#ifndef CHILD_PLACES_H
#define CHILD_PLACES_H

#include <stdbool.h>

#include "child/confine.h"

/* The i-th; NULL behind the last. A folder stands for all that is in it. */
const char *places_at(const struct confine *what, size_t i);

/* The program that loads libraries, as our own image names it; NULL where there is none. */
const char *places_loader(void);

/* Walls: see walls.c. False: they do not stand, and what was begun does no harm. */
bool walls_raise(const struct confine *what);

#endif
