/* What `portflow quota` asks for, and the adjustment of the running cycle that comes of it, with what undoes it.
 * Undoing is exact whatever moves meanwhile: it moves the figure back by as much, not to where it was.
 * Pure. run/ and cmd/ include. */
#ifndef MODEL_ADJUST_H
#define MODEL_ADJUST_H

#include "model/policy.h"
#include "util/arena.h"

enum adjust_kind {
	ADJUST_ADD,   /* bytes more than the quota */
	ADJUST_TAKE,  /* bytes of what was added */
	ADJUST_RESET, /* nothing is used */
	ADJUST_USED,  /* bytes are used */
	ADJUST_MORE,  /* bytes more are used than are */
	ADJUST_LESS,  /* bytes less */
};

struct adjust {
	enum adjust_kind kind;
	uint64_t bytes; /* not of ADJUST_RESET */
};

enum adjust_answer {
	ADJUST_CHANGES,
	ADJUST_NOTHING, /* it is so already */
	ADJUST_REFUSED,
};

/* The subject must have a quota. CHANGES: fills the new adjustment and what undoes it. REFUSED: *ret_why, one sentence. */
enum adjust_answer adjust_decide(struct arena *a, const struct entry *subject, const struct usage *u,
	const struct adjust *ask, struct adjustment *ret, struct adjust *ret_undo, const char **ret_why);

/* What was done, as `events` tells it, without the subject's name; after: the usage with the new adjustment. */
const char *adjust_words(struct arena *a, const struct entry *subject, const struct usage *before,
	const struct usage *after, const struct adjust *ask);

#endif
