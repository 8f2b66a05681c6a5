/* What a run changes, as lines with a sign each and as JSON.
 * What apply did and what plan would do look alike, so that they can be compared.
 * Pure; cmd/ calls. */
#ifndef VIEW_PLAN_H
#define VIEW_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/trial.h"
#include "util/str.h"

struct plan_line {
	char sign;           /* + ~ - ! */
	const char *subject; /* "port web" */
	const char *text;
	const char *effect; /* on running connections; "" none */
};

struct plan {
	const struct plan_line *lines;
	size_t n;
	uint64_t changes;       /* messages to the kernel; 0 with lines: only the database changes */
	const char *interfaces; /* watched, blanks between */
	size_t entries;
	bool done;                 /* apply: it was done; else it would be */
	const struct trial *trial; /* NULL: none */
	const char *zone;          /* of its times */
	const char *file;          /* what -c named, to be named again; NULL: it was not given */
};

void plan_text(struct str *out, const struct plan *p, bool color);
void plan_json(struct str *out, const struct plan *p);

#endif
