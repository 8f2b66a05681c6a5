/* What must change in the kernel's table to make it the one we want. Everything missing, extra or altered inside our table is
 * found; an empty list is the proof that nothing is to be sent. Counters that nobody wants any more stay for the moment: their
 * last values are read first (`retired`).
 * Maps of intervals are compared by what they cover, so that a range grows by the missing piece: replacing an interval loses
 * packets on kernels below 6.18 (kernel-facts.md section 10).
 * A limit or a deadline is never changed in place, which kernels take and ignore: it is deleted and added in one batch, together with
 * the elements that name it. What is left of a quota is: kernels keep what was used and take another limit, so that nothing that passes
 * meanwhile is forgotten. Only one that is used up is made anew, since it has used what it dropped, too. Nothing that is about to go by itself is touched, and nothing added that would be.
 * Pure. run/ calls. */
#ifndef MODEL_DIFF_H
#define MODEL_DIFF_H

#include "model/ruleset.h"

/* In the order in which one atomic batch sends them. */
enum change_kind {
	CHANGE_TABLE_ADD,
	CHANGE_TABLE_FLAGS,
	CHANGE_CHAIN_FLUSH, /* all rules of the chain */
	CHANGE_ELEM_DEL,
	CHANGE_SET_FLUSH, /* all elements, expired ones too */
	CHANGE_SET_DEL,   /* before the chains that its verdicts lead to */
	CHANGE_CHAIN_DEL,
	CHANGE_FLOWTABLE_DEL,
	CHANGE_OBJECT_DEL, /* quotas and limits that are not wanted or not right, and objects of a kind that we never make */
	CHANGE_CHAIN_ADD,
	CHANGE_OBJECT_ADD,
	CHANGE_OBJECT_SET, /* a quota's limit, in place */
	CHANGE_SET_ADD,
	CHANGE_ELEM_ADD,
	CHANGE_RULE_ADD,
	CHANGE_KINDS
};

struct change {
	enum change_kind kind;
	const char *name; /* of chain, set, object, flowtable */
	const struct ruleset_chain *chain;
	const struct ruleset_set *set; /* of the elements too */
	const struct ruleset_elem *elem;
	const struct ruleset_rule *rule;
	const struct ruleset_object *object;
};

struct change_list {
	enum ruleset_family family;
	VEC_OF(struct change) of[CHANGE_KINDS];
	size_t n; /* all */
};

struct diff {
	struct change_list changes;
	VEC_OF(const struct ruleset_object *) retired; /* observed counters that are not wanted */
	/* How often the most often repeated rule of a chain stands there; 1 is right. Counters of an interval in which it was more
	 * have counted packets up to so many times. */
	unsigned int copies;
	/* The table is dormant and its chains are not right. No kernel takes both in one batch: with this sent, look again. */
	bool partial;
};

/* How far a deadline may be off, and how near it is left alone. */
#define DIFF_DEADLINE_MS 2000

/* What of a quota that is there must be right. */
enum quota_check {
	QUOTA_THERE, /* nothing: what was used since the database was written is not known yet */
	QUOTA_LEFT   /* what is left of it. Its limit is whatever gives that */
};

/* Sorts the elements of both. `keep`: the name of a counter outside `want` that stays (the canary); NULL none. */
void diff_rulesets(struct arena *a, struct ruleset *want, struct ruleset *have, const char *keep,
	enum quota_check quotas, struct diff *ret_diff);

/* For a table that holds nothing to be kept, and so is made anew whole: must it be? *ret_diff: what makes it from nothing, after the one that
 * is there was deleted in the same batch; no changes where none is wanted. */
bool diff_whole(struct arena *a, struct ruleset *want, struct ruleset *have, struct diff *ret_diff);

/* Is what is left of a quota, in bytes, near enough to what should be? Within 0.1 % of that, or of the whole quota up to DIFF_QUOTA_BYTES;
 * used up is exact. */
bool diff_quota_right(uint64_t quota, uint64_t want_left, uint64_t have_left);
#define DIFF_QUOTA_BYTES ((uint64_t)64 << 10)

bool rule_equal(const struct ruleset_rule *x, const struct ruleset_rule *y);

#endif
