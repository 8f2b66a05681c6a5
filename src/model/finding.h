/* What `doctor` found: one check, one verdict, what was seen, the command that mends it.
 * All text in the run's arena.
 * run/ makes them, view/ prints them. */
#ifndef MODEL_FINDING_H
#define MODEL_FINDING_H

#include "util/vec.h"

enum finding_level { FINDING_OK, FINDING_WARN, FINDING_FAIL };

struct finding {
	enum finding_level level;
	const char *check; /* a word, stable, for JSON: "fib", "timer" */
	const char *seen;  /* one sentence without a full stop; no secret, since people paste it into bug reports */
	const char *cure;  /* a command, or an advice where no command does it; NULL where there is nothing to do */
};

struct findings {
	VEC_OF(struct finding) list;
};

#endif
