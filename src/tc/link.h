/* Reads devices, addresses and default routes from rtnetlink; changes nothing. No library type shows here.
 * One socket and four dumps, parsed message by message: no libnl cache, which would build an object a row.
 * run/ and cmd/ call. */
#ifndef TC_LINK_H
#define TC_LINK_H

#include "model/links.h"
#include "util/arena.h"
#include "util/err.h"

/* What the calling process' network namespace has now; memory in a. A dump that the kernel marks as interrupted, or a socket that
 * ran over, begins anew on fresh memory, at most 5 times (then ERR_BUSY); a partial answer is never returned. Needs no privilege. */
int links_read(struct arena *a, struct links *ret_links, struct err *err);

#endif
