/* What holds now and what is to be told: see verdict.h.
 * Three judgements that do not know of each other: the quota and its cycle, the expiry, the burst. Each compares what was told with what
 * is so, and is silent when both are the same.
 * run/ and cmd/ call. */
#include "model/verdict.h"

#include <inttypes.h>

#include "util/saturate.h"
#include "util/units.h"

#define DAY_S INT64_C(86400)
/* Of a burst window that may be judged: this many percent were sampled. */
#define KNOWN_PERCENT 80

struct judgement {
	struct arena *a;
	const struct verdict_input *in;
	struct verdict *v;
};

static void tell(struct judgement *j, enum verdict_kind kind, const char *text)
{
	j->v->events[j->v->n_events++] = (struct verdict_event){ kind, text };
}

/* ---- words ---- */

const char *verdict_word(enum verdict_kind kind)
{
	static const char *const words[VERDICT_KINDS] = {
		[VERDICT_THRESHOLD] = "quota_threshold",
		[VERDICT_BLOCKED] = "quota_blocked",
		[VERDICT_THROTTLED] = "quota_throttled",
		[VERDICT_OPENED] = "quota_opened",
		[VERDICT_EXPIRING] = "expiring",
		[VERDICT_EXPIRED] = "expired",
		[VERDICT_RENEWED] = "renewed",
		[VERDICT_BURST] = "burst_began",
		[VERDICT_BURST_END] = "burst_ended",
		[VERDICT_CYCLE] = "cycle_closed",
	};

	return words[kind];
}

const char *verdict_size(struct arena *a, const struct entry *subject, uint64_t bytes)
{
	char buf[UNITS_TEXT];

	return arena_strdup(a, units_size(subject->quota.binary ? UNITS_IEC : UNITS_SI, bytes, buf));
}

static const char *size(struct judgement *j, uint64_t bytes)
{
	return verdict_size(j->a, j->in->subject, bytes);
}

static const char *rate(struct judgement *j, uint64_t bps)
{
	char buf[UNITS_TEXT];

	return arena_strdup(j->a, units_rate(UNITS_SI, bps, buf));
}

/* "2026-12-01 00:00" */
static const char *moment(struct judgement *j, int64_t t)
{
	char buf[CALENDAR_MINUTE];

	return arena_strdup(j->a, calendar_minute(j->in->subject->cycle.timezone, t, buf));
}

const char *verdict_closed(
	struct arena *a, const struct entry *subject, const struct cycle_span *cycle, const char *total)
{
	char start[CALENDAR_MINUTE], end[CALENDAR_MINUTE];

	return arena_printf(a, "the cycle from %s to %s closed with %s",
		calendar_minute(subject->cycle.timezone, cycle->start, start),
		calendar_minute(subject->cycle.timezone, cycle->end, end), total);
}

/* " until 2026-12-01 00:00"; nothing of a cycle that never ends. */
static const char *until_reset(struct judgement *j)
{
	const struct cycle_span *c = &j->in->usage->cycle;

	return c->end > c->start && c->end < CALENDAR_MAX ? arena_printf(j->a, " until %s", moment(j, c->end)) : "";
}

/* " between 10:00 and 11:00": the kernel found the quota used up while nobody looked. With the days when they are two. */
static const char *between(struct judgement *j)
{
	const char *zone = j->in->subject->cycle.timezone;
	int64_t from = j->in->sampled, to = j->in->now;
	size_t skip = 0;

	if (!j->in->exhausted || from <= 0 || from >= to)
		return "";
	if (calendar_floor(zone, BUCKET_DAY, from) == calendar_floor(zone, BUCKET_DAY, to))
		skip = sizeof "2026-11-25";
	if (from / 60 == to / 60) /* one minute to who reads it */
		return arena_printf(j->a, " at %s", moment(j, to) + skip);
	return arena_printf(j->a, " between %s and %s", moment(j, from) + skip, moment(j, to) + skip);
}

/* ---- the quota and its cycle ---- */

/* The highest alert that is passed. A quota that the kernel calls used up has passed 100 %, though its last bytes did not fit. */
static uint32_t passed(const struct entry *e, const struct verdict *v, bool used_up)
{
	uint32_t highest = 0;

	for (size_t i = 0; i < e->quota_alerts.n; i++) {
		uint32_t percent = e->quota_alerts.at[i];

		if (!product_less(v->used, 100, v->limit, percent) || (used_up && percent <= 100))
			highest = percent > highest ? percent : highest;
	}
	return highest;
}

static uint32_t permille(uint64_t used, uint64_t limit)
{
	uint64_t p = limit ? saturate_scale(used, 1000, limit) : used ? UINT64_MAX : 1000;

	return p > UINT32_MAX ? UINT32_MAX : (uint32_t)p;
}

static void tell_cycle(struct judgement *j)
{
	const struct policy_state *was = j->in->state;

	/* by another rule the running cycle overlaps the one before, which then was never closed */
	if (was->cycle_start == was->cycle_end || was->cycle_end > j->in->usage->cycle.start || !j->in->closed)
		return;
	tell(j, VERDICT_CYCLE,
		verdict_closed(
			j->a, j->in->subject, &(struct cycle_span){ was->cycle_start, was->cycle_end }, j->in->closed));
}

static void tell_used_up(struct judgement *j)
{
	const struct entry *e = j->in->subject;
	const char *what = arena_printf(j->a, "the quota of %s is used up%s", size(j, j->v->limit), between(j));

	if (j->v->next.quota == QUOTA_BLOCKED)
		tell(j, VERDICT_BLOCKED, arena_printf(j->a, "%s: blocked%s", what, until_reset(j)));
	else
		tell(j, VERDICT_THROTTLED,
			arena_printf(j->a, "%s: throttled to %s in each direction%s", what,
				rate(j, e->quota_action.bps), until_reset(j)));
}

static void tell_opened(struct judgement *j, bool same_cycle)
{
	const struct entry *e = j->in->subject;
	const char *what = j->in->state->quota == QUOTA_BLOCKED ? "blocked" : "throttled", *why;

	if (!e->quota.present)
		why = "there is no quota any more";
	else if (!same_cycle)
		why = arena_printf(j->a, "a new cycle runs%s", until_reset(j));
	else if (e->quota_action.kind == ACTION_ALERT)
		why = arena_printf(j->a, "the quota of %s only alerts now", size(j, j->v->limit));
	else
		why = arena_printf(j->a, "%s of the quota of %s is used", size(j, j->v->used), size(j, j->v->limit));
	tell(j, VERDICT_OPENED, arena_printf(j->a, "%s: no longer %s", why, what));
}

static void judge_quota(struct judgement *j)
{
	const struct entry *e = j->in->subject;
	const struct usage *u = j->in->usage;
	const struct policy_state *was = j->in->state;
	struct verdict *v = j->v;
	bool same = was->cycle_start == u->cycle.start && was->cycle_end == u->cycle.end, used_up = false;
	enum quota_state before = same ? was->quota : QUOTA_OK;
	uint32_t told = same ? was->told : 0;

	v->next.cycle_start = u->cycle.start;
	v->next.cycle_end = u->cycle.end;
	if (!same)
		tell_cycle(j);
	if (e->quota.present) {
		v->used = policy_used(e, u);
		v->limit = policy_limit(e, u);
		v->permille = permille(v->used, v->limit);
		used_up = policy_used_up(e, u, j->in->adjusted ? QUOTA_OK : before, j->in->exhausted);
		v->next.told = passed(e, v, used_up);
		v->next.quota = policy_quota_state(e, used_up, v->next.told);
	}
	if (v->next.quota >= QUOTA_THROTTLED && v->next.quota != before)
		tell_used_up(j);
	else if (v->next.quota < QUOTA_THROTTLED && was->quota >= QUOTA_THROTTLED)
		tell_opened(j, same);
	/* that it is used up says already that all of it is */
	if (v->next.told > told &&
		!(v->next.told >= 100 && v->next.quota >= QUOTA_THROTTLED && v->next.quota != before))
		tell(j, VERDICT_THRESHOLD,
			arena_printf(j->a, "%" PRIu32 " %% of the quota of %s is used: %s%s", v->next.told,
				size(j, v->limit), size(j, v->used), until_reset(j)));
}

/* ---- expiry ---- */

static enum expiry_told due(int64_t expires, int64_t now)
{
	if (!expires)
		return EXPIRY_UNTOLD;
	return now >= expires                ? EXPIRY_TOLD_OVER
		: now >= expires - DAY_S     ? EXPIRY_TOLD_1D
		: now >= expires - 3 * DAY_S ? EXPIRY_TOLD_3D
					     : EXPIRY_UNTOLD;
}

static void judge_expiry(struct judgement *j)
{
	const struct policy_state *was = j->in->state;
	struct policy_state *next = &j->v->next;
	enum expiry_told told = was->expiry_told, is;

	next->expires = policy_expiry(j->in->subject);
	is = due(next->expires, j->in->now);
	j->v->expired = is == EXPIRY_TOLD_OVER;
	/* also by a clock that went back: what is told must be what the kernel does */
	if (told == EXPIRY_TOLD_OVER && !j->v->expired) {
		tell(j, VERDICT_RENEWED,
			next->expires ? arena_printf(j->a, "works again, expires on %s", moment(j, next->expires))
				      : "works again, does not expire any more");
		told = next->expires == was->expires ? is : EXPIRY_UNTOLD;
	}
	if (next->expires != was->expires)
		told = EXPIRY_UNTOLD;
	if (is > told && is == EXPIRY_TOLD_OVER)
		tell(j, VERDICT_EXPIRED, arena_printf(j->a, "expired on %s: blocked", moment(j, next->expires)));
	else if (is > told)
		tell(j, VERDICT_EXPIRING,
			arena_printf(j->a, "expires on %s, within %s: then it is blocked", moment(j, next->expires),
				is == EXPIRY_TOLD_1D ? "1 day" : "3 days"));
	next->expiry_told = is > told ? is : told;
}

/* ---- burst ---- */

uint64_t verdict_average(const struct burst *b, const struct burst_window *w)
{
	uint64_t bytes = w->bytes[DIR_IN] > w->bytes[DIR_OUT] ? w->bytes[DIR_IN] : w->bytes[DIR_OUT];

	if (w->known_s == 0 || product_less(w->known_s, 100, b->window_s, KNOWN_PERCENT))
		return 0;
	return saturate_scale(bytes, 8, w->known_s);
}

static void judge_burst(struct judgement *j)
{
	const struct burst *b = &j->in->subject->burst;
	const struct burst_window *w = j->in->window;
	char span[UNITS_TEXT];
	uint64_t bps;

	j->v->next.burst_until = policy_hold(j->in->subject, j->in->state->burst_until, j->in->now);
	if (j->v->next.burst_until)
		return;
	if (j->in->state->burst_until) {
		tell(j, VERDICT_BURST_END,
			b->rate.present
				? arena_printf(j->a, "the limit of %s after a burst is over", rate(j, b->limit.bps))
				: "there is no burst protection any more: no longer limited");
		return; /* the window is that of the hold: the next run judges */
	}
	if (!b->rate.present || !w || (bps = verdict_average(b, w)) == 0)
		return;
	/* not by the rounded average */
	if (!product_less(b->rate.bps, w->known_s, w->bytes[DIR_IN], 8) &&
		!product_less(b->rate.bps, w->known_s, w->bytes[DIR_OUT], 8))
		return;
	j->v->next.burst_until = policy_hold(j->in->subject, CALENDAR_MAX, j->in->now);
	tell(j, VERDICT_BURST,
		arena_printf(j->a, "%s on average over %s, more than %s: limited to %s in each direction until %s",
			rate(j, bps), units_span(b->window_s, span), rate(j, b->rate.bps), rate(j, b->limit.bps),
			moment(j, j->v->next.burst_until)));
}

void verdict_decide(struct arena *a, const struct verdict_input *in, struct verdict *ret_verdict)
{
	struct judgement j = { a, in, ret_verdict };

	*ret_verdict = (struct verdict){ 0 };
	judge_quota(&j);
	judge_expiry(&j);
	judge_burst(&j);
	ret_verdict->policy.state = ret_verdict->next;
	policy_bytes(in->subject, in->usage, &ret_verdict->policy);
}
