/* System calls that nothing in portflow-net makes, and that an intruder would: refused by the kernel before they begin.
 * Files are child/confine.h; these are the other ways out: netlink, other processes, namespaces, rings that no filter sees.
 * child/spawn.c calls, between fork and exec. */
#ifndef CHILD_FILTER_H
#define CHILD_FILTER_H

#include <stdbool.h>

/* After no_new_privs; holds for what is executed. False where the kernel does not filter, or the machine is none that we know. */
bool filter_self(void);

#endif
