/* A process that parses what strangers send sees no file but those that its libraries read: neither the database, nor the
 * configuration, nor a secret, though all of them are its user's. It writes nowhere, and reaches no process of its user.
 * child/spawn.c calls, between fork and exec. What there is on a machine is child_confined() of child.h. */
#ifndef CHILD_CONFINE_H
#define CHILD_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

struct confine {
	const char *const *files; /* it may read these too; whole paths */
	size_t n_files;
};

/* Before rights are given up: where the kernel has no Landlock, the file system is replaced by one of those files alone, if that is
 * permitted. */
void confine_walls(const struct confine *what);

/* After them, and after no_new_privs; holds for what is executed, which can be program, a descriptor, alone. False where the kernel
 * or a sandbox does not have it: messages matter more than a second lock, and doctor tells. */
bool confine_self(const struct confine *what, int program);

#endif
