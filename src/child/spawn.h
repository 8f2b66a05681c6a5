/* One child: started with nothing inherited but three pipes, fed and read without ever blocking, killed with all its own children.
 * No shell, no environment of ours, a session of its own, so that neither a terminal nor a signal to our group reaches it; when we
 * die, it does.
 * child/child.c calls. */
#ifndef CHILD_SPAWN_H
#define CHILD_SPAWN_H

#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>

#include "child/confine.h"
#include "child/rights.h"
#include "model/request.h"
#include "util/err.h"
#include "util/str.h"

struct program {
	const char *path;
	int fd; /* executed instead of path, which the user may not reach; -1: path */
	const char *const *argv;
	const struct confine *confine; /* NULL: files as its user has them; else with fd */
	bool one_output;               /* its standard error goes where its output goes */
};

struct proc {
	pid_t pid;
	int pidfd, in, out, err;   /* -1: closed */
	struct request_bytes feed; /* what is still to be written; not owned */
	struct str output, errors; /* ceilings are the caller's */
	bool output_cut;
	bool fed; /* all of feed was taken */
	bool ended;
	int wait_status; /* once ended */
};

/* Starts it with p->feed to be fed. -1 and nothing to clean up when it cannot be started; that a program could not be executed is
 * told by itself: exit 127 and a line on its standard error. */
int spawn(struct proc *p, const struct program *what, const struct account *as, struct err *err);

/* What poll(2) is to wait for; returns how many entries of fds were filled (at most PROC_FDS). */
#define PROC_FDS 4
nfds_t proc_wants(const struct proc *p, struct pollfd *fds);

/* Writes, reads and reaps whatever can be done at once. */
void proc_work(struct proc *p);

/* The process and its group; waits for the end, which SIGKILL brings at once. */
void proc_kill(struct proc *p);

/* Closes what is open and frees the texts; p has ended. */
void proc_free(struct proc *p);

#endif
