/* A configuration on trial: `apply --confirm` took it up, and unless `portflow confirm` comes in time the one before comes back. What the
 * database keeps of it, so that the next run rolls back where the one that waits was killed.
 * Pure. run/, cmd/, view/ include. */
#ifndef MODEL_TRIAL_H
#define MODEL_TRIAL_H

#include "model/ledger.h"
#include "util/arena.h"

enum trial_state {
	TRIAL_NONE,
	TRIAL_PENDING,
	TRIAL_CONFIRMED,
	TRIAL_ROLLED_BACK, /* holds until the files change or `apply` takes them up */
	TRIAL_ENDED,       /* by `down`, or by an `apply` after its time: nothing was rolled back */
	TRIAL_STATES
};

/* What a roll-back comes back to. */
enum trial_before { TRIAL_BEFORE_NOTHING, TRIAL_BEFORE_APPLIED, TRIAL_BEFORE_DOWN, TRIAL_BEFORES };

/* Kinds of events, and the key of the fact in the database. */
#define TRIAL_EVENT_BEGAN "trial_began"
#define TRIAL_EVENT_KEPT "trial_confirmed"
#define TRIAL_EVENT_BACK "trial_rolled_back"
#define TRIAL_EVENT_ENDED "trial_ended"
#define TRIAL_FACT "trial"
#define TRIAL_FACT_BEFORE "trial.before" /* the text of the configuration that a roll-back comes back to */

#define TRIAL_WHO 65 /* a user's name, and NUL */

struct trial {
	int64_t began, until; /* Unix seconds */
	/* When the time is over, in milliseconds of CLOCK_BOOTTIME of that boot: a clock that is set moves nothing. */
	int64_t until_up_ms;
	int64_t ended;  /* Unix seconds; 0: not yet */
	uint64_t netns; /* where it was begun */
	uint64_t files; /* the hash of the files on trial; rolled back: of those that are not taken up again */
	enum trial_state state;
	enum trial_before before;
	char id[NONCE_TEXT];
	char boot_id[UUID_TEXT];
	char who[TRIAL_WHO], by[TRIAL_WHO]; /* who began it, and who ended it; "" unknown */
};

/* One line of text, and back. A text that is none gives TRIAL_NONE: it may be anybody's file. */
const char *trial_print(struct arena *a, const struct trial *t);
void trial_parse(const char *text, struct trial *ret_trial);

/* A name as it can be stored: cut, and without blanks. */
void trial_name(const char *name, char ret_name[TRIAL_WHO]);

/* Of a pending one: is its time over, or was the machine, or the container, restarted since? netns 0: not known. */
bool trial_restarted(const struct trial *t, const char *boot_id, uint64_t netns);
bool trial_over(const struct trial *t, const char *boot_id, uint64_t netns, int64_t up_ms);

/* "10:01:05" on the day of `now`, else with the date. */
const char *trial_clock(struct arena *a, const char *zone, int64_t t, int64_t now);

/* What a run must say of it, as one sentence; NULL: nothing. over: trial_over; held: the files are those that were rolled back. */
const char *trial_says(struct arena *a, const struct trial *t, const char *zone, int64_t now, bool over, bool held);

#endif
