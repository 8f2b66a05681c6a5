/* What is left of a quota, and when an entry expires: see policy.h.
 * Thresholds and billing are in bytes as they are billed; the kernel's quota knows no link layer, so where that is billed what is left is scaled.
 * run/, store/ and model/ call. */
#include "model/policy.h"

#include "model/billing.h"
#include "util/saturate.h"

static uint64_t corrected(uint64_t bytes, int64_t correction)
{
	/* the magnitude of INT64_MIN has no int64_t */
	uint64_t off = correction < 0 ? -(uint64_t)correction : 0;

	if (correction >= 0)
		return saturate_add(bytes, (uint64_t)correction);
	return bytes > off ? bytes - off : 0;
}

static uint64_t less(uint64_t from, uint64_t what)
{
	return from > what ? from - what : 0;
}

uint64_t policy_used(const struct entry *subject, const struct usage *u)
{
	const struct figures *f = &u->figures;

	return corrected(
		billing_figure(subject->billing, f->bytes[DIR_IN], f->bytes[DIR_OUT]), u->adjustment.correction);
}

uint64_t policy_limit(const struct entry *subject, const struct usage *u)
{
	return saturate_add(subject->quota.bytes, u->adjustment.extra);
}

bool policy_bills(enum billing billing, enum direction d)
{
	switch (billing) {
	case BILLING_OUT:
		return d == DIR_OUT;
	case BILLING_IN:
		return d == DIR_IN;
	case BILLING_BOTH:
	case BILLING_MAX:
	case BILLING_RELAY:
		break;
	}
	return true;
}

bool policy_has(const struct entry *subject)
{
	return subject->quota.present || subject->expires.present || subject->burst.rate.present;
}

bool policy_quota_acts(const struct entry *subject)
{
	return subject->quota.present && subject->quota_action.kind != ACTION_ALERT;
}

/* ---- bytes of IP ---- */

#define LONG_PACKET 1500U /* of which most bytes are */

struct ratio {
	uint64_t ip, billed;
};

/* Of the directions in the mask. */
static struct ratio ratio_of(const struct figures *f, uint32_t overhead, const bool bills[DIRS])
{
	struct ratio r = { 0, 0 };

	for (int d = 0; d < DIRS; d++)
		if (bills[d]) {
			r.ip = saturate_add(r.ip, less(f->bytes[d], saturate_mul(f->packets[d], overhead)));
			r.billed = saturate_add(r.billed, f->bytes[d]);
		}
	return r;
}

/* Enough to know a ratio from. Of packets that were counted with another overhead nothing may be left: that would make a whole quota 0. */
static bool tells(struct ratio r)
{
	return r.billed >= POLICY_RATIO_BYTES && r.ip > 0;
}

static struct ratio ratio(const struct entry *subject, const struct usage *u, const bool bills[DIRS])
{
	const uint32_t overhead = subject->link_overhead;
	struct ratio cycle, total;

	if (!overhead)
		return (struct ratio){ 1, 1 };
	cycle = ratio_of(&u->figures, overhead, bills);
	total = ratio_of(&u->total, overhead, bills);
	return tells(cycle) ? cycle : tells(total) ? total : (struct ratio){ LONG_PACKET, LONG_PACKET + overhead };
}

/* legs: how often a byte that passes the hooks is billed. */
static uint64_t of_ip(uint64_t billed, struct ratio r, unsigned legs)
{
	return saturate_scale(billed, r.ip, r.billed) / legs;
}

uint64_t policy_slack(uint64_t limit)
{
	uint64_t least = limit / 2 < POLICY_SLACK_LEAST ? limit / 2 : POLICY_SLACK_LEAST;
	uint64_t share = limit / POLICY_SLACK_SHARE;

	if (share > POLICY_SLACK_BYTES)
		return POLICY_SLACK_BYTES;
	return share > least ? share : least;
}

/* Of what is used up the last bytes did not fit: nothing. */
static uint64_t what_is_left(const struct policy *p, uint64_t left)
{
	return p->state.quota >= QUOTA_THROTTLED && left <= policy_slack(p->limit) ? 0 : left;
}

void policy_bytes(const struct entry *subject, const struct usage *u, struct policy *p)
{
	uint64_t limit = policy_limit(subject, u);
	bool bills[DIRS];

	for (int d = 0; d < DIRS; d++) {
		p->left[d] = p->full[d] = 0;
		bills[d] = policy_bills(subject->billing, (enum direction)d);
	}
	p->limit = p->quota = 0;
	if (!policy_quota_acts(subject))
		return;
	p->limit = limit / (subject->billing == BILLING_RELAY ? 2 : 1);
	p->quota = subject->quota.bytes / (subject->billing == BILLING_RELAY ? 2 : 1);
	if (subject->billing != BILLING_MAX) {
		unsigned legs = subject->billing == BILLING_RELAY ? 2 : 1;
		struct ratio r = ratio(subject, u, bills);

		p->left[0] = what_is_left(p, of_ip(less(limit, policy_used(subject, u)), r, legs));
		p->full[0] = of_ip(subject->quota.bytes, r, legs);
		return;
	}
	for (int d = 0; d < DIRS; d++) {
		bool one[DIRS] = { d == DIR_IN, d == DIR_OUT };
		struct ratio r = ratio(subject, u, one);
		uint64_t used = corrected(u->figures.bytes[d], u->adjustment.correction);

		p->left[d] = what_is_left(p, of_ip(less(limit, used), r, 1));
		p->full[d] = of_ip(subject->quota.bytes, r, 1);
	}
}

void policy_at(const struct entry *subject, const struct policy_state *state, const struct usage *u, int64_t now,
	struct policy *ret_policy)
{
	struct cycle_span c = calendar_cycle(&subject->cycle, now);
	struct usage usage = *u;

	ret_policy->state = *state;
	if (subject->quota.present && (state->cycle_start != c.start || state->cycle_end != c.end)) {
		if (state->cycle_end <= now) {
			ret_policy->state.quota = QUOTA_OK;
			ret_policy->state.told = 0;
		}
		ret_policy->state.cycle_start = c.start;
		ret_policy->state.cycle_end = c.end;
	}
	if (u->cycle.end <= now) {
		usage.figures = (struct figures){ 0 };
		usage.adjustment = (struct adjustment){ 0 };
	}
	if (subject->quota.present)
		ret_policy->state.quota = policy_quota_state(subject,
			policy_used_up(subject, &usage, ret_policy->state.quota, false), ret_policy->state.told);
	ret_policy->state.burst_until = policy_hold(subject, state->burst_until, now);
	policy_bytes(subject, &usage, ret_policy);
}

bool policy_state_equal(const struct policy_state *x, const struct policy_state *y)
{
	return x->cycle_start == y->cycle_start && x->cycle_end == y->cycle_end && x->told == y->told &&
		x->quota == y->quota && x->expires == y->expires && x->expiry_told == y->expiry_told &&
		x->burst_until == y->burst_until;
}

/* ---- expiry ---- */

int64_t policy_expiry(const struct entry *e)
{
	const struct expiry *x = &e->expires;
	int64_t t;

	if (!x->present)
		return 0;
	if (x->timed)
		t = calendar_moment(e->cycle.timezone, x->date, x->hour, x->minute);
	else
		t = calendar_moment(e->cycle.timezone, calendar_from_days(calendar_days(x->date) + 1), 0, 0);
	return t > 0 ? t : 1; /* 0 would be never */
}

/* ---- what holds ---- */

bool policy_used_up(const struct entry *subject, const struct usage *u, enum quota_state before, bool exhausted)
{
	struct policy p = { 0 }; /* by the figures alone */

	if (!subject->quota.present)
		return false;
	if (policy_used(subject, u) >= policy_limit(subject, u))
		return true;
	if (!policy_quota_acts(subject))
		return false;
	policy_bytes(subject, u, &p);
	for (int d = 0; d < (subject->billing == BILLING_MAX ? DIRS : 1); d++)
		if (p.left[d] <= policy_slack(p.limit) && (exhausted || before >= QUOTA_THROTTLED))
			return true;
	return false;
}

enum quota_state policy_quota_state(const struct entry *subject, bool used_up, uint32_t told)
{
	if (used_up)
		switch (subject->quota_action.kind) {
		case ACTION_BLOCK:
			return QUOTA_BLOCKED;
		case ACTION_THROTTLE:
			return QUOTA_THROTTLED;
		case ACTION_ALERT:
			return QUOTA_WARNED;
		}
	return told ? QUOTA_WARNED : QUOTA_OK;
}

int64_t policy_hold(const struct entry *subject, int64_t until, int64_t now)
{
	uint64_t hold = subject->burst.hold_s;
	int64_t longest = hold < (uint64_t)CALENDAR_MAX && now < CALENDAR_MAX - (int64_t)hold ? now + (int64_t)hold
											      : CALENDAR_MAX;

	if (!subject->burst.rate.present || until <= now)
		return 0;
	return until < longest ? until : longest;
}
