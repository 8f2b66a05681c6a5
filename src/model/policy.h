/* What is decided about a subject (an entry with a quota, an expiry or burst protection, or a [quota NAME]) from one run to the next:
 * the state that the database keeps, and what the kernel must hold because of it.
 * Pure. run/, store/, model/ include. */
#ifndef MODEL_POLICY_H
#define MODEL_POLICY_H

#include "model/calendar.h"
#include "model/entry.h"
#include "model/split.h"

/* Of a quota in its running cycle, ascending by how bad it is. WARNED: a threshold below 100 % was passed, or 100 % with `alert`. */
enum quota_state { QUOTA_OK, QUOTA_WARNED, QUOTA_THROTTLED, QUOTA_BLOCKED };

enum expiry_told { EXPIRY_UNTOLD, EXPIRY_TOLD_3D, EXPIRY_TOLD_1D, EXPIRY_TOLD_OVER };

/* A row of table policy; all zero where there is none yet. Times are Unix seconds. */
struct policy_state {
	int64_t cycle_start, cycle_end; /* the cycle that the next two are of; equal: none */
	uint32_t told;                  /* highest percent of quota_alerts that was told in it; 0 none */
	enum quota_state quota;
	int64_t expires; /* the moment that the next is of; 0 none */
	enum expiry_told expiry_told;
	int64_t burst_until; /* end of the running hold; 0 none */
};

/* A row of table adjustment: what `portflow quota` did, for one cycle. */
struct adjustment {
	uint64_t extra;     /* bytes added to the limit */
	int64_t correction; /* bytes added to what is used; may be negative */
};

/* What a subject moved in its running cycle. */
struct usage {
	struct cycle_span cycle; /* start == end: none yet */
	struct figures figures;  /* of the cycle */
	struct figures total;    /* of all time: for the share of the link layer while the cycle is young */
	struct adjustment adjustment;
};

/* One subject as the kernel must know it. */
struct policy {
	struct policy_state state; /* its cycle is the one that runs now */
	/* Of a quota that blocks or throttles, in bytes of IP on the wire, which is what the kernel's quota is charged (desired_again.h):
	 * what may still pass in this cycle, and in a whole one. By direction where billing is max, [0] alone otherwise. */
	uint64_t left[DIRS], full[DIRS];
	uint64_t limit; /* bytes: the quota with what `quota add` gave, halved for a relay; at least left */
	uint64_t quota; /* the same without what was given; at least full */
};

/* The billed figure, corrected; never below 0. */
uint64_t policy_used(const struct entry *subject, const struct usage *u);
/* The limit with what `quota add` gave; saturates. */
uint64_t policy_limit(const struct entry *subject, const struct usage *u);
/* Fills left, full, limit and quota, by p->state.quota: with that used up no more than the slack is nothing. A relay's are halved: each byte
 * is billed twice. Where link_overhead is billed the scale is bytes of IP / bytes with it in the billed directions, of the cycle if it has
 * at least POLICY_RATIO_BYTES, else of all time, else of packets of 1500 bytes. Never more than what is billed. */
void policy_bytes(const struct entry *subject, const struct usage *u, struct policy *p);
#define POLICY_RATIO_BYTES ((uint64_t)1 << 20)

/* The last packet, which may be an aggregate of many, may not fit: so much may be left of what is used up. Of a small quota that is a
 * sixteenth, but a packet at least, or half of one that holds not two. Raw bytes, as the limit. */
uint64_t policy_slack(uint64_t limit);
#define POLICY_SLACK_BYTES ((uint64_t)64 << 10)
#define POLICY_SLACK_SHARE 16
#define POLICY_SLACK_LEAST 1500

/* The subject as it is to be taken at `now`, before anything is counted: of a cycle that is over nothing is used; of one that another
 * rule cuts now what was used stands until it is computed anew. */
void policy_at(const struct entry *subject, const struct policy_state *state, const struct usage *u, int64_t now,
	struct policy *ret_policy);

bool policy_state_equal(const struct policy_state *x, const struct policy_state *y);

/* The moment an entry stops working: of a day its end, in the entry's zone. 0: it does not expire. */
int64_t policy_expiry(const struct entry *e);

/* Does the subject need a row? */
bool policy_has(const struct entry *subject);
/* Does the kernel hold a quota of it? */
bool policy_quota_acts(const struct entry *subject);
/* Bytes of direction d count toward the quota of this billing mode. */
bool policy_bills(enum billing billing, enum direction d);

/* Nothing more passes: the figure says so; or no more than the slack is left, and the kernel's quota lets nothing more pass (`exhausted`)
 * or it was used up `before` in the same cycle. So what is used up stays so, whatever happens to the table, until more than the slack is
 * left of it: added, raised, set, or in the next cycle. */
bool policy_used_up(const struct entry *subject, const struct usage *u, enum quota_state before, bool exhausted);
/* told: the highest alert that is passed. */
enum quota_state policy_quota_state(const struct entry *subject, bool used_up, uint32_t told);

/* The end of a burst's hold that was to last until then: 0 when it is over or nothing protects any more, and never later than that of a
 * hold that begins now, however the clock or the configuration changed. */
int64_t policy_hold(const struct entry *subject, int64_t until, int64_t now);

#endif
