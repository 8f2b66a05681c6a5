/* Reads and changes queueing (root qdiscs, classes of HTB, their queues) over rtnetlink. Counts its writes, which is what the
 * idempotence tests assert. No library type shows here.
 * run/ calls. */
#ifndef TC_SHAPE_H
#define TC_SHAPE_H

#include "model/links.h"
#include "model/shape_plan.h"
#include "util/arena.h"
#include "util/err.h"

struct shaper;

/* Opens a socket in the caller's network namespace. */
int shaper_open(struct shaper **ret_shaper, struct err *err);
void shaper_close(struct shaper *s);

/* Messages that change something, sent so far. */
uint64_t shaper_writes(const struct shaper *s);
/* How often the kernel granted one and grumbled. Before 6.3 such words ("quantum of class ... is big") go to its log instead. */
uint64_t shaper_warnings(const struct shaper *s);

/* Does the kernel have them? Asks with requests that it must refuse, on the loopback device: nothing changes, but a module is
 * loaded. Not counted as writes. */
int shape_probe(struct shaper *s, bool *ret_htb, bool *ret_codel, struct err *err);

/* What is at the root of each device of l, and below it where it is `htb MAJOR:`. Memory in a. Needs no privilege. */
int shape_read(struct shaper *s, struct arena *a, const struct links *l, uint32_t major,
	struct shape_device_list *ret_devices, struct err *err);

/* Executes the steps. When one fails, those before it are undone in reverse and err says which it was and what the kernel said (and
 * what could not be undone). ERR_STALE: a device is gone, or somebody changed what was read; plan anew. */
int shape_execute(struct shaper *s, struct arena *a, const struct shape_step *steps, size_t n, struct err *err);

/* Undoes executed steps in reverse: when what was to come after them failed. Goes on after an error; the first is returned. */
int shape_rollback(struct shaper *s, struct arena *a, const struct shape_step *steps, size_t n, struct err *err);

#endif
