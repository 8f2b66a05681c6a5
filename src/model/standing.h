/* What holds for an entry now, in each direction, and why: its limit, the throttles and blocks of all quotas that it is in, a burst's hold,
 * its expiry; the lowest rate wins, and 0 lets nothing pass.
 * For status, of what verdict.h decided. Pure. run/ and cmd/ call. */
#ifndef MODEL_STANDING_H
#define MODEL_STANDING_H

#include "model/policy.h"
#include "util/arena.h"

/* What was decided of a subject. */
struct decided {
	int64_t cycle_end;   /* of its quota */
	int64_t burst_until; /* 0: no hold */
	enum quota_state quota;
	bool expired;
};

/* Ascending: of two that hold in different directions the later one is the entry's. */
enum standing_why { STANDING_FREE, STANDING_CONFIGURED, STANDING_BURST, STANDING_QUOTA, STANDING_EXPIRED };

struct standing_rate {
	const struct entry *by; /* whose limit, quota, burst or expiry it is; NULL: nothing holds */
	uint64_t bps;
	int64_t until; /* when it ends by itself; CALENDAR_MAX: it does not */
	enum standing_why why;
};

struct standing {
	struct standing_rate of[DIRS];
};

/* One an entry of c; subjects: its entries, then its quotas. */
struct standing *standings(struct arena *a, const struct config *c, const struct decided *subjects);

/* Of what holds and r the lower rate holds; of equal ones that which lasts longer, then the graver. */
void standing_hold(struct standing *s, enum direction d, struct standing_rate r);

/* The direction that says why the entry is as it is. */
enum direction standing_main(const struct standing *s);
/* Nothing passes, in neither direction. */
bool standing_blocked(const struct standing *s);

/* "configured", "quota", "burst", "expired"; NULL: nothing holds. */
const char *standing_word(enum standing_why why);

#endif
