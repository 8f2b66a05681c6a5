/* Which program may be started: portflow-net where it belongs, and exec targets that nobody but root can have changed.
 * Whoever can change a program that root's run starts has what that run has.
 * child/child.c calls; child_helper() is in child.h. */
#ifndef CHILD_PROGRAM_H
#define CHILD_PROGRAM_H

#include "util/arena.h"
#include "util/err.h"

/* path must be absolute; it, what it links to and every folder above belong to root and may be written by root alone. ret: the
 * file itself, links resolved, so that it stays what was looked at. -1 with a sentence. */
int program_check(struct arena *a, const char *path, const char **ret, struct err *err);

#endif
