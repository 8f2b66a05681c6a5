/* Which periods of a statement are due: each once, whatever the clock did in between. What was over by any clock has been stated, and is
 * stated again only if a clock went through it since, as its figures are others now. So the stretches that clocks went through are kept,
 * from where one was set back (or ran on from after an outage of months) to where the next one began.
 * Pure. run/ includes. */
#ifndef MODEL_DUE_H
#define MODEL_DUE_H

#include "model/calendar.h"
#include "util/arena.h"

/* What ended longer ago is not stated any more: nobody waits for it, and a clock that began in 1970 would make hundreds. */
#define DUE_STALE_S (INT64_C(100) * 86400)
#define DUE_BACK_S INT64_C(86400) /* a clock that is set back by less is not noticed: it closes a day twice at most */
#define DUE_STRETCHES 8 /* that are kept; clocks that are wrong again and again in the same way make no more */

/* What ended in (from, until] has been stated. */
struct due_stretch {
	int64_t from, until;
};

/* As of one run, Unix seconds. */
struct due_clock {
	struct due_stretch past[DUE_STRETCHES]; /* of other clocks, apart from each other */
	size_t n;
	int64_t since; /* here the running stretch begins; 0: nothing is known of another */
	int64_t last;  /* the run before; -1: none of that stretch */
	int64_t now;
	bool back; /* the clock was set back since the last run */
};

#define DUE_FACT "statement.clock" /* where the database has it */
/* What due_text made of it; NULL, or anything else: nothing is known of other clocks. */
void due_read(const char *text, struct due_clock *ret);
/* NULL: there is nothing to remember. */
const char *due_text(struct arena *a, const struct due_clock *k);

/* A run at `now`, the one before at `sampled` (0: none). k becomes what this run decides by, ret_next what the next one reads. */
void due_step(struct due_clock *k, int64_t sampled, int64_t now, struct due_clock *ret_next);

/* What another database knows, whose last run was at `sampled`, is known by k too. */
void due_take(struct due_clock *k, const struct due_clock *other, int64_t sampled);

/* How time is cut. */
struct due_cut {
	const struct cycle_rule *rule; /* NULL: days, weeks or months */
	const char *zone;              /* ... of this zone */
	enum bucket by;
};
int64_t due_start(const struct due_cut *c, int64_t t);
int64_t due_end(const struct due_cut *c, int64_t t);

struct due_period {
	int64_t from, until;
	bool told; /* a statement of it is due; else it is passed over */
};
struct due_list {
	struct due_period *at;
	size_t n, cap;
};
/* All that are over and were not dealt with; until: up to where they were, -1 never yet. Ascending; the last one's end is up to where
 * they are dealt with now, also where that is further back. */
void due_periods(
	const struct due_clock *k, const struct due_cut *c, int64_t until, struct arena *a, struct due_list *ret);

#endif
