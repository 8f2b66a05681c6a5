/* `doctor`: what this machine has, and the cure for what it lacks. Every check ends in a finding; nothing here is an error of the run,
 * and nothing on the machine is changed: what must be tried is tried in a network namespace that is thrown away.
 * cmd/doctor.c calls doctor_run(); the other functions are the parts of it. */
#ifndef RUN_DOCTOR_H
#define RUN_DOCTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "model/entry.h"
#include "model/finding.h"
#include "model/links.h"
#include "model/watch.h"
#include "nft/neighbours.h"
#include "run/app.h"
#include "util/arena.h"

struct doctor {
	struct app *app;
	struct arena *arena; /* the app's */
	struct findings findings;
	/* what one part learns for the next */
	bool root;            /* effective user 0 */
	bool admin;           /* CAP_NET_ADMIN is effective */
	struct config config; /* the user's, or the defaults where that is broken */
	struct links links;
	struct watch watch;
	struct neighbours neighbours;
	const char *remembered; /* watched devices of the last run, as the database has them; "" */
	uint64_t files;         /* what the files are; 0: they could not be read */
	int64_t sampled;        /* last result stored; 0 never or unknown */
	bool down;              /* `portflow down` was the last word */
	bool sound;             /* config is what the files say, and no trial holds another one */
	const char *
		open; /* where SSH servers listen or sessions live, as the last apply found them; NULL: it has not looked */
	const struct keep_open *applied_open; /* of the configuration applied last; NULL: none was */
};

/* Fills findings, in the order of the output. */
void doctor_run(struct doctor *d);

void doctor_say(struct doctor *d, enum finding_level level, const char *check, const char *cure, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* "web, ssh and 3 more": the first ones by name. Zeroed: none. */
struct doctor_names {
	const char *text;
	size_t n;
};
void doctor_name(struct doctor *d, struct doctor_names *io, const char *name);
const char *doctor_named(struct doctor *d, const struct doctor_names *names);

void doctor_kernel(struct doctor *d);     /* what nf_tables, traffic control and sockets can do, tried */
void doctor_program(struct doctor *d);    /* privileges and libraries */
void doctor_config(struct doctor *d);     /* fills config */
void doctor_database(struct doctor *d);   /* fills remembered to applied_open */
void doctor_open_ports(struct doctor *d); /* after the database */
void doctor_ssh(struct doctor *d);        /* after the database */
void doctor_access(struct doctor *d);     /* what the service user can read and write */
void doctor_devices(struct doctor *d);    /* fills links, watch */
void doctor_limits(struct doctor *d);     /* which method keeps them, and why */
void doctor_differs(struct doctor *d);    /* is the kernel as the configuration wants it; after the devices */
void doctor_neighbours(struct doctor *d); /* fills neighbours */
void doctor_units(struct doctor *d);
void doctor_notify(struct doctor *d); /* what sends messages, and what waits to be sent */

#endif
