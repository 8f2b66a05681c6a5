/* The one place that decides: from a subject, what it moved, what was told before and the time to what holds now and what is to be told.
 * Everything about quota, expiry and burst that status, plan, events and the kernel show comes from here.
 * Pure; time is an argument. run/ and cmd/ call. */
#ifndef MODEL_VERDICT_H
#define MODEL_VERDICT_H

#include "model/policy.h"
#include "util/arena.h"

/* What moved in the burst window that ends now. */
struct burst_window {
	uint64_t bytes[DIRS];
	uint64_t known_s; /* seconds of it that were sampled finely enough; the bytes are of those */
};

struct verdict_input {
	const struct entry *subject;
	const struct usage *usage;
	const struct policy_state *state;  /* as stored */
	const struct burst_window *window; /* NULL: no burst protection */
	bool exhausted;                    /* the kernel's quota of it lets nothing more pass */
	bool adjusted;   /* since state was decided, by hand or in the file: another limit or figure */
	int64_t sampled; /* the run before, since when the kernel's quota stood; 0 none */
	int64_t now;
	const char
		*closed; /* NULL, or the figure of the cycle that state is of, as a text, when another one runs now */
	uint64_t closed_bytes; /* the same */
};

enum verdict_kind {
	VERDICT_THRESHOLD, /* "quota_threshold" */
	VERDICT_BLOCKED,   /* "quota_blocked" */
	VERDICT_THROTTLED, /* "quota_throttled" */
	VERDICT_OPENED,    /* "quota_opened": neither blocked nor throttled any more */
	VERDICT_EXPIRING,  /* "expiring" */
	VERDICT_EXPIRED,   /* "expired" */
	VERDICT_RENEWED,   /* "renewed": had expired, works again */
	VERDICT_BURST,     /* "burst_began" */
	VERDICT_BURST_END, /* "burst_ended" */
	VERDICT_CYCLE,     /* "cycle_closed", with its total */
	VERDICT_KINDS
};

struct verdict_event {
	enum verdict_kind kind;
	const char *text; /* one English sentence without the subject's name in front */
};

/* The most there can be: the cycle, the quota's state and a threshold, renewed and expiring, and a burst. */
#define VERDICT_EVENTS 6

struct verdict {
	struct policy_state next;
	struct policy policy; /* of next: for the kernel */
	uint64_t used, limit; /* bytes; 0 without a quota */
	uint32_t permille;    /* of the limit, rounded down; at most UINT32_MAX */
	bool expired;
	struct verdict_event events[VERDICT_EVENTS];
	size_t n_events;
};

void verdict_decide(struct arena *a, const struct verdict_input *in, struct verdict *ret_verdict);
/* Of a burst's window: bit/s of the busier direction; 0 where too little is known to judge. */
uint64_t verdict_average(const struct burst *b, const struct burst_window *w);
/* "quota_blocked", ... */
const char *verdict_word(enum verdict_kind kind);
/* The words of VERDICT_CYCLE; total: the figure as a text. */
const char *verdict_closed(
	struct arena *a, const struct entry *subject, const struct cycle_span *cycle, const char *total);
/* In the family of units in which the quota was written. */
const char *verdict_size(struct arena *a, const struct entry *subject, uint64_t bytes);

#endif
