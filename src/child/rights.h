/* A process gives up what its program does not need: user, capabilities, the way back to any of them.
 * Holds for what it executes: nothing can be gained again by a set-user-ID file.
 * child/spawn.c calls, between fork and exec. */
#ifndef CHILD_RIGHTS_H
#define CHILD_RIGHTS_H

#include <sys/types.h>

#include "util/err.h"

struct account {
	const char *name; /* NULL: stay who we are */
	uid_t uid;
	gid_t gid;
};

/* -1 when something that must go is still there. */
int rights_drop(const struct account *as, struct err *err);

#endif
