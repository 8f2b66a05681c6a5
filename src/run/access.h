/* What the services' user may open: asked of the kernel by becoming that user in a child, since modes, groups, access lists and folders on
 * the way all have a say. What root reads by hand, the timers may not.
 * run/ and cmd/notify.c include. */
#ifndef RUN_ACCESS_H
#define RUN_ACCESS_H

#include "model/target.h"
#include "run/app.h"

struct access_need {
	const char *path;
	int flags;                /* of open() */
	const char *mode, *owner; /* as it should have them, for the cure */
};

/* NULL: it can open it, or nobody can say: there is no such file or no such user, or we are not root. Else one sentence, and ret_cure. */
const char *access_denied(struct arena *a, const struct access_need *need, const char **ret_cure);

/* What the i-th thing is that messages to t need: files of secrets, ca_file, its program. False behind the last; path NULL: nothing. */
bool access_target(const struct target *t, size_t i, struct access_need *ret);

/* The first of them that is denied, with its cure: why messages of the services will not arrive. NULL: none is. */
const char *access_target_denied(struct arena *a, const struct target *t);

#endif
