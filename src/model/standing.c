/* The lowest rate of all that hold: see standing.h.
 * Quotas go once over their members, so that the time grows with the configuration and not with its square.
 * run/ and cmd/ call. */
#include "model/standing.h"

void standing_hold(struct standing *s, enum direction d, struct standing_rate r)
{
	struct standing_rate *is = &s->of[d];

	if (!is->by || r.bps < is->bps ||
		(r.bps == is->bps && (r.until > is->until || (r.until == is->until && r.why > is->why))))
		*is = r;
}

static void hold_both(struct standing *s, struct standing_rate r)
{
	for (enum direction d = 0; d < DIRS; d++)
		standing_hold(s, d, r);
}

/* A quota of e, which is s's entry or a [quota] that it is in. */
static void hold_quota(struct standing *s, const struct entry *e, const struct decided *is)
{
	if (is->quota >= QUOTA_THROTTLED)
		hold_both(s,
			(struct standing_rate){ e, is->quota == QUOTA_BLOCKED ? 0 : e->quota_action.bps, is->cycle_end,
				STANDING_QUOTA });
}

struct standing *standings(struct arena *a, const struct config *c, const struct decided *subjects)
{
	struct standing *all = arena_array(a, c->entries.n + 1, sizeof *all);

	for (size_t i = 0; i < c->entries.n; i++) {
		const struct entry *e = &c->entries.at[i];

		for (enum direction d = 0; d < DIRS; d++)
			if (e->limit[d].present)
				standing_hold(&all[i], d,
					(struct standing_rate){
						e, e->limit[d].bps, CALENDAR_MAX, STANDING_CONFIGURED });
		if (subjects[i].burst_until)
			hold_both(&all[i],
				(struct standing_rate){
					e, e->burst.limit.bps, subjects[i].burst_until, STANDING_BURST });
		hold_quota(&all[i], e, &subjects[i]);
		if (subjects[i].expired)
			hold_both(&all[i], (struct standing_rate){ e, 0, CALENDAR_MAX, STANDING_EXPIRED });
	}
	for (size_t q = 0; q < c->quotas.n; q++)
		for (size_t i = 0; i < c->quotas.at[q].member_at.n; i++)
			hold_quota(
				&all[c->quotas.at[q].member_at.at[i]], &c->quotas.at[q], &subjects[c->entries.n + q]);
	return all;
}

enum direction standing_main(const struct standing *s)
{
	const struct standing_rate *in = &s->of[DIR_IN], *out = &s->of[DIR_OUT];

	if (in->why != out->why)
		return in->why > out->why ? DIR_IN : DIR_OUT;
	return in->bps < out->bps ? DIR_IN : DIR_OUT;
}

bool standing_blocked(const struct standing *s)
{
	return s->of[DIR_IN].by && s->of[DIR_IN].bps == 0;
}

const char *standing_word(enum standing_why why)
{
	static const char *const words[] = { NULL, "configured", "burst", "quota", "expired" };

	return words[why];
}
