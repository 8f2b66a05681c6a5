/* Work that needs the network or somebody else's program is done by children that may do nothing else: started as the service user
 * without any capability, fed, read, and killed at a deadline. What they are asked and what came of it is model/request.h.
 * HTTP goes to one portflow-net, all at once; each mail server and each exec target has a process of its own beside it.
 * run/ and cmd/ call. */
#ifndef CHILD_CHILD_H
#define CHILD_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include "model/request.h"
#include "util/arena.h"

struct child_plan {
	int64_t (*now_ms)(void); /* a clock that only moves forward */
	uint32_t budget_ms;      /* for all of it; portflow-net is told, and killed a little later */
	const char *helper;      /* portflow-net, as child_helper() found it; NULL: it is missing */
	const char *user;        /* the service user, where the caller is root */
	/* Called as soon as a response is there, once for each request: what came before a kill counts. */
	void (*done)(void *with, size_t i, const struct response *r);
	/* NULL, or called whenever there is nothing to do but wait. Returns after how many milliseconds at most it is to be called again;
	 * -1: it does not care. */
	int64_t (*idle)(void *with);
	void *with;
};

/* Does them all, in parallel; returns when each has its response, at the latest at the budget. There is no failing: why a request
 * was not tried is its response. Texts and bodies of responses in a. */
void child_run(const struct child_plan *plan, struct arena *a, const struct request *requests, size_t n);

/* Which user the children are, where `user` is the service user; 0: there is no such user, and none is started. */
uid_t child_uid(struct arena *a, const char *user);

/* What keeps portflow-net from files that are its user's. */
enum child_confined {
	CHILD_CONFINED_NOT,
	CHILD_CONFINED_WALLS, /* a mount namespace without them */
	CHILD_CONFINED_LANDLOCK,
};

/* On this machine, for whom this process is; tried. */
enum child_confined child_confined(void);

/* Where portflow-net is: beside the running program in a build folder, else where it was installed; NULL if it is in neither. */
const char *child_helper(struct arena *a);

#endif
