/* What one `portflow quota` makes of an adjustment: see adjust.h.
 * Sums are made in 128 bit and refused where no column of the database holds them: a figure that was cut could not be undone.
 * run/ calls. */
#include "model/adjust.h"

#include "model/billing.h"
#include "model/verdict.h"
#include "util/saturate.h"

__extension__ typedef __int128 wide;

static const char *too_large(struct arena *a)
{
	return arena_printf(a, "that is more than a quota can hold");
}

static enum adjust_answer add(struct arena *a, const struct entry *e, const struct usage *u, const struct adjust *ask,
	struct adjustment *ret, struct adjust *ret_undo, const char **ret_why)
{
	const bool more = ask->kind == ADJUST_ADD;

	if (!ask->bytes)
		return ADJUST_NOTHING;
	if (more && saturate_add(u->adjustment.extra, ask->bytes) > INT64_MAX)
		return *ret_why = too_large(a), ADJUST_REFUSED;
	if (!more && ask->bytes > u->adjustment.extra) {
		*ret_why = u->adjustment.extra
			? arena_printf(a, "only %s were added in this cycle", verdict_size(a, e, u->adjustment.extra))
			: "nothing was added in this cycle";
		return ADJUST_REFUSED;
	}
	ret->extra = more ? u->adjustment.extra + ask->bytes : u->adjustment.extra - ask->bytes;
	*ret_undo = (struct adjust){ more ? ADJUST_TAKE : ADJUST_ADD, ask->bytes };
	return ADJUST_CHANGES;
}

/* The correction with which so many bytes are used. */
static wide correction_for(const struct entry *e, const struct usage *u, uint64_t used)
{
	return (wide)used - billing_figure(e->billing, u->figures.bytes[DIR_IN], u->figures.bytes[DIR_OUT]);
}

enum adjust_answer adjust_decide(struct arena *a, const struct entry *subject, const struct usage *u,
	const struct adjust *ask, struct adjustment *ret, struct adjust *ret_undo, const char **ret_why)
{
	const wide was = u->adjustment.correction;
	wide is = was;

	*ret = u->adjustment;
	switch (ask->kind) {
	case ADJUST_ADD:
	case ADJUST_TAKE:
		return add(a, subject, u, ask, ret, ret_undo, ret_why);
	case ADJUST_RESET:
	case ADJUST_USED:
		if (policy_used(subject, u) != (ask->kind == ADJUST_USED ? ask->bytes : 0))
			is = correction_for(subject, u, ask->kind == ADJUST_USED ? ask->bytes : 0);
		break;
	case ADJUST_MORE:
		is = was + ask->bytes;
		break;
	case ADJUST_LESS:
		if (ask->bytes > policy_used(subject, u)) {
			*ret_why = arena_printf(
				a, "only %s are used", verdict_size(a, subject, policy_used(subject, u)));
			return ADJUST_REFUSED;
		}
		is = was - ask->bytes;
		break;
	}
	if (is == was)
		return ADJUST_NOTHING;
	if (is > INT64_MAX || is < -INT64_MAX || is - was > INT64_MAX || was - is > INT64_MAX)
		return *ret_why = too_large(a), ADJUST_REFUSED;
	ret->correction = (int64_t)is;
	*ret_undo = is > was ? (struct adjust){ ADJUST_LESS, (uint64_t)(is - was) }
			     : (struct adjust){ ADJUST_MORE, (uint64_t)(was - is) };
	return ADJUST_CHANGES;
}

const char *adjust_words(struct arena *a, const struct entry *subject, const struct usage *before,
	const struct usage *after, const struct adjust *ask)
{
	if (ask->kind == ADJUST_ADD || ask->kind == ADJUST_TAKE)
		return arena_printf(a, "%s %s the quota of this cycle, which is %s now",
			verdict_size(a, subject, ask->bytes), ask->kind == ADJUST_ADD ? "added to" : "taken off",
			verdict_size(a, subject, policy_limit(subject, after)));
	return arena_printf(a, "what is used of the quota set from %s to %s",
		verdict_size(a, subject, policy_used(subject, before)),
		verdict_size(a, subject, policy_used(subject, after)));
}
