/* What is decided about a subject: named cases, with their words and the state behind them.
 * Every combination is tried by verdict_all_test.c.
 * make check-unit runs it. */
#include "model/verdict.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "verdict_help.h"

static void t80(struct scene *x)
{
	used_bytes(x, 80 * GB);
}
static void t_below(struct scene *x)
{
	used_bytes(x, 80 * GB - 1);
}
static void t_highest(struct scene *x)
{
	x->alerts[0] = 50;
	x->alerts[1] = 90;
	used_bytes(x, 99 * GB);
}
static void t_again(struct scene *x)
{
	told(x, 80, QUOTA_WARNED);
	used_bytes(x, 90 * GB);
}
static void t_raised(struct scene *x)
{
	told(x, 100, QUOTA_WARNED);
	x->u.adjustment.extra = 20 * GB;
	used_bytes(x, 101 * GB);
}
static void t_100(struct scene *x)
{
	told(x, 80, QUOTA_WARNED);
	used_bytes(x, 104 * GB);
}
static void t_iec(struct scene *x)
{
	x->e.quota.binary = true;
	x->e.quota.bytes = UINT64_C(100) << 30;
	used_bytes(x, UINT64_C(85) << 30);
}
static void t_never(struct scene *x)
{
	x->u.cycle = (struct cycle_span){ CALENDAR_MIN, CALENDAR_MAX };
	x->s.cycle_start = CALENDAR_MIN;
	x->s.cycle_end = CALENDAR_MAX;
	used_bytes(x, 100 * GB);
}
static void b_between(struct scene *x)
{
	used_bytes(x, 100 * GB);
	x->in.exhausted = true;
	x->in.sampled = NOW - 3600;
}
static void b_days(struct scene *x)
{
	b_between(x);
	x->in.sampled = NOW - DAY;
}
static void b_lowered(struct scene *x)
{
	used_bytes(x, 120 * GB);
	x->in.sampled = NOW - 3600;
}
static void b_zone(struct scene *x)
{
	b_between(x);
	x->e.cycle.timezone = "Asia/Shanghai";
}
static void b_80(struct scene *x)
{
	x->e.quota_alerts.n = 1;
	used_bytes(x, 100 * GB);
}
static void b_120(struct scene *x)
{
	x->alerts[1] = 120;
	used_bytes(x, 120 * GB);
}
static void b_slack(struct scene *x)
{
	told(x, 80, QUOTA_WARNED);
	used_bytes(x, 100 * GB - POLICY_SLACK_BYTES);
	x->in.exhausted = true;
}
static void b_no_slack(struct scene *x)
{
	b_slack(x);
	used_bytes(x, 100 * GB - POLICY_SLACK_BYTES - 1);
}
static void b_slack_stays(struct scene *x)
{
	told(x, 100, QUOTA_BLOCKED);
	used_bytes(x, 100 * GB - POLICY_SLACK_BYTES);
}
static void b_slack_of_a_small_one(struct scene *x)
{
	told(x, 80, QUOTA_WARNED);
	x->e.quota.bytes = 160000;
	used_bytes(x, 150000);
	x->in.exhausted = true;
}
static void b_no_slack_of_a_small_one(struct scene *x)
{
	b_slack_of_a_small_one(x);
	used_bytes(x, 149999);
}
static void b_small_stays(struct scene *x)
{
	b_slack_of_a_small_one(x);
	told(x, 100, QUOTA_BLOCKED);
	x->in.exhausted = false;
}
static void b_small(struct scene *x) /* a small quota opens for little */
{
	told(x, 100, QUOTA_BLOCKED);
	x->e.quota.bytes = 50000;
	x->u.adjustment.extra = 10000;
	used_bytes(x, 50000);
}
static void b_stays(struct scene *x)
{
	told(x, 100, QUOTA_BLOCKED);
	used_bytes(x, 100 * GB);
}
static void o_add(struct scene *x)
{
	b_stays(x);
	x->u.adjustment.extra = 20 * GB;
}
static void b_minute(struct scene *x)
{
	b_slack(x);
	x->in.now = NOW + 30;
	x->in.sampled = NOW + 10;
}
static void o_add_little(struct scene *x)
{
	b_stays(x);
	x->u.adjustment.extra = 1000;
}
static void o_add_little_by_hand(struct scene *x)
{
	o_add_little(x);
	x->in.adjusted = true;
}
static void o_reset(struct scene *x)
{
	b_stays(x);
	x->u.adjustment.correction = -100 * GB;
}
static void o_alert(struct scene *x)
{
	b_stays(x);
	x->e.quota_action.kind = ACTION_ALERT;
}
static void o_gone(struct scene *x)
{
	b_stays(x);
	x->e.quota = (struct quota_size){ 0 };
	x->e.expires.present = false;
}
static void o_throttle(struct scene *x)
{
	b_stays(x);
	x->e.quota_action.kind = ACTION_THROTTLE;
}
static void o_throttled(struct scene *x)
{
	o_add(x);
	told(x, 100, QUOTA_THROTTLED);
}
static void c_new(struct scene *x)
{
	new_cycle(x);
	told(x, 80, QUOTA_WARNED);
	used_bytes(x, 0);
}
static void c_open(struct scene *x)
{
	c_new(x);
	told(x, 100, QUOTA_BLOCKED);
}
static void c_again(struct scene *x)
{
	c_open(x);
	used_bytes(x, 100 * GB);
}
static void c_no_total(struct scene *x)
{
	c_new(x);
	x->in.closed = NULL;
}
static void c_first(struct scene *x)
{
	x->s = (struct policy_state){ 0 };
	x->in.closed = "0 B";
	used_bytes(x, 85 * GB);
}
static void c_rule(struct scene *x)
{
	other_rule(x);
	told(x, 100, QUOTA_BLOCKED);
	used_bytes(x, 85 * GB);
}
static void c_rule_blocked(struct scene *x)
{
	c_rule(x);
	used_bytes(x, 100 * GB);
}
static void e_far(struct scene *x)
{
	expires(x, 3 * DAY + 60);
}
static void e_3d(struct scene *x)
{
	expires(x, 3 * DAY);
}
static void e_both(struct scene *x)
{
	expires(x, DAY);
}
static void e_1d(struct scene *x)
{
	e_both(x);
	x->s.expiry_told = EXPIRY_TOLD_3D;
}
static void e_told(struct scene *x)
{
	e_both(x);
	x->s.expiry_told = EXPIRY_TOLD_1D;
}
static void e_over(struct scene *x)
{
	expires(x, 0);
	x->s.expiry_told = EXPIRY_TOLD_1D;
}
static void e_over_told(struct scene *x)
{
	expires(x, -5 * DAY);
	x->s.expiry_told = EXPIRY_TOLD_OVER;
}
static void e_extended(struct scene *x)
{
	e_over_told(x);
	expires(x, 30 * DAY);
	x->s.expires = NOW - 5 * DAY;
}
static void e_little(struct scene *x)
{
	e_over_told(x);
	expires(x, 2 * DAY);
	x->s.expires = NOW - 5 * DAY;
}
static void e_removed(struct scene *x)
{
	e_over_told(x);
	x->e.expires.present = false;
}
static void e_removed_early(struct scene *x)
{
	e_told(x);
	x->e.expires.present = false;
}
static void e_moved(struct scene *x)
{
	e_told(x);
	x->s.expires -= 60;
}
static void u_hot(struct scene *x)
{
	burst(x, 80, 1800);
}
static void u_just(struct scene *x)
{
	burst(x, 50, 1800);
}
static void u_more(struct scene *x)
{
	burst(x, 50, 1440);
	x->w.bytes[DIR_IN]++;
}
static void u_out(struct scene *x)
{
	burst(x, 80, 1800);
	x->w.bytes[DIR_OUT] = x->w.bytes[DIR_IN];
	x->w.bytes[DIR_IN] = 7;
}
static void u_unknown(struct scene *x)
{
	burst(x, 80, 1439);
}
static void u_none(struct scene *x)
{
	burst(x, 80, 1800);
	x->in.window = NULL;
}
static void u_held(struct scene *x)
{
	burst(x, 80, 1800);
	x->s.burst_until = NOW + 1;
}
static void u_end(struct scene *x)
{
	burst(x, 80, 1800);
	x->s.burst_until = NOW;
}
static void u_removed(struct scene *x)
{
	x->s.burst_until = NOW + 100;
}
static void u_shortened(struct scene *x)
{
	burst(x, 0, 1800);
	x->s.burst_until = NOW + 3600;
}

static const struct {
	const char *name;
	enum quota_action action;
	void (*set)(struct scene *x);
	const char *want; /* words and texts, a line each */
	struct policy_state next;
} cases[] = {
	{ "80 %", ACTION_ALERT, t80,
		"quota_threshold 80 % of the quota of 100 GB is used: 80.0 GB until 2026-12-01 00:00\n",
		{ START, END, 80, QUOTA_WARNED, 0, 0, 0 } },
	{ "a byte less", ACTION_ALERT, t_below, "", { START, END, 0, QUOTA_OK, 0, 0, 0 } },
	{ "only the highest", ACTION_ALERT, t_highest,
		"quota_threshold 90 % of the quota of 100 GB is used: 99.0 GB until 2026-12-01 00:00\n",
		{ START, END, 90, QUOTA_WARNED, 0, 0, 0 } },
	{ "told before", ACTION_ALERT, t_again, "", { START, END, 80, QUOTA_WARNED, 0, 0, 0 } },
	{ "raised: what is passed still", ACTION_ALERT, t_raised, "", { START, END, 80, QUOTA_WARNED, 0, 0, 0 } },
	{ "100 % of an alert", ACTION_ALERT, t_100,
		"quota_threshold 100 % of the quota of 100 GB is used: 104 GB until 2026-12-01 00:00\n",
		{ START, END, 100, QUOTA_WARNED, 0, 0, 0 } },
	{ "the family it was written in", ACTION_ALERT, t_iec,
		"quota_threshold 80 % of the quota of 100 GiB is used: 85.0 GiB until 2026-12-01 00:00\n",
		{ START, END, 80, QUOTA_WARNED, 0, 0, 0 } },
	{ "a cycle that never ends", ACTION_BLOCK, t_never, "quota_blocked the quota of 100 GB is used up: blocked\n",
		{ CALENDAR_MIN, CALENDAR_MAX, 100, QUOTA_BLOCKED, 0, 0, 0 } },
	{ "blocked between two runs", ACTION_BLOCK, b_between,
		"quota_blocked the quota of 100 GB is used up between 10:00 and 11:00: blocked until 2026-12-01 00:00\n",
		{ START, END, 100, QUOTA_BLOCKED, 0, 0, 0 } },
	{ "of two days", ACTION_BLOCK, b_days,
		"quota_blocked the quota of 100 GB is used up between 2026-11-24 11:00 and 2026-11-25 11:00: blocked until "
		"2026-12-01 00:00\n",
		{ START, END, 100, QUOTA_BLOCKED, 0, 0, 0 } },
	{ "the quota was lowered: not between", ACTION_BLOCK, b_lowered,
		"quota_blocked the quota of 100 GB is used up: blocked until 2026-12-01 00:00\n",
		{ START, END, 100, QUOTA_BLOCKED, 0, 0, 0 } },
	{ "in the subject's zone", ACTION_BLOCK, b_zone,
		"quota_blocked the quota of 100 GB is used up between 18:00 and 19:00: blocked until 2026-12-01 08:00\n",
		{ START, END, 100, QUOTA_BLOCKED, 0, 0, 0 } },
	{ "blocked, and 80 % passed", ACTION_BLOCK, b_80,
		"quota_blocked the quota of 100 GB is used up: blocked until 2026-12-01 00:00\n"
		"quota_threshold 80 % of the quota of 100 GB is used: 100 GB until 2026-12-01 00:00\n",
		{ START, END, 80, QUOTA_BLOCKED, 0, 0, 0 } },
	{ "blocked, and 120 % passed: one message", ACTION_BLOCK, b_120,
		"quota_blocked the quota of 100 GB is used up: blocked until 2026-12-01 00:00\n",
		{ START, END, 120, QUOTA_BLOCKED, 0, 0, 0 } },
	{ "throttled", ACTION_THROTTLE, b_between,
		"quota_throttled the quota of 100 GB is used up between 10:00 and 11:00: throttled to 1.00 Mbit/s in each "
		"direction until 2026-12-01 00:00\n",
		{ START, END, 100, QUOTA_THROTTLED, 0, 0, 0 } },
	{ "the last aggregate did not fit", ACTION_BLOCK, b_slack,
		"quota_blocked the quota of 100 GB is used up: blocked until 2026-12-01 00:00\n",
		{ START, END, 100, QUOTA_BLOCKED, 0, 0, 0 } },
	{ "within a minute", ACTION_BLOCK, b_minute,
		"quota_blocked the quota of 100 GB is used up at 11:00: blocked until 2026-12-01 00:00\n",
		{ START, END, 100, QUOTA_BLOCKED, 0, 0, 0 } },
	{ "an aggregate would fit", ACTION_BLOCK, b_no_slack, "", { START, END, 80, QUOTA_WARNED, 0, 0, 0 } },
	{ "an alert has no quota in the kernel", ACTION_ALERT, b_slack, "", { START, END, 80, QUOTA_WARNED, 0, 0, 0 } },
	{ "a table made anew does not open", ACTION_BLOCK, b_slack_stays, "",
		{ START, END, 100, QUOTA_BLOCKED, 0, 0, 0 } },
	{ "a sixteenth of a small one is little", ACTION_BLOCK, b_slack_of_a_small_one,
		"quota_blocked the quota of 160 kB is used up: blocked until 2026-12-01 00:00\n",
		{ START, END, 100, QUOTA_BLOCKED, 0, 0, 0 } },
	{ "and no more than that", ACTION_BLOCK, b_no_slack_of_a_small_one, "",
		{ START, END, 80, QUOTA_WARNED, 0, 0, 0 } },
	{ "nor does a small one open by itself", ACTION_BLOCK, b_small_stays, "",
		{ START, END, 100, QUOTA_BLOCKED, 0, 0, 0 } },
	{ "a small quota opens for little", ACTION_BLOCK, b_small,
		"quota_opened 50.0 kB of the quota of 60.0 kB is used: no longer blocked\n",
		{ START, END, 80, QUOTA_WARNED, 0, 0, 0 } },
	{ "blocked already", ACTION_BLOCK, b_stays, "", { START, END, 100, QUOTA_BLOCKED, 0, 0, 0 } },
	{ "quota add", ACTION_BLOCK, o_add, "quota_opened 100 GB of the quota of 120 GB is used: no longer blocked\n",
		{ START, END, 80, QUOTA_WARNED, 0, 0, 0 } },
	{ "a little more, found by a run", ACTION_BLOCK, o_add_little, "",
		{ START, END, 100, QUOTA_BLOCKED, 0, 0, 0 } },
	{ "a little more, by hand in this run", ACTION_BLOCK, o_add_little_by_hand,
		"quota_opened 100 GB of the quota of 100 GB is used: no longer blocked\n",
		{ START, END, 80, QUOTA_WARNED, 0, 0, 0 } },
	{ "quota reset", ACTION_BLOCK, o_reset, "quota_opened 0 B of the quota of 100 GB is used: no longer blocked\n",
		{ START, END, 0, QUOTA_OK, 0, 0, 0 } },
	{ "alerts only, from now on", ACTION_BLOCK, o_alert,
		"quota_opened the quota of 100 GB only alerts now: no longer blocked\n",
		{ START, END, 100, QUOTA_WARNED, 0, 0, 0 } },
	{ "the quota is gone", ACTION_BLOCK, o_gone, "quota_opened there is no quota any more: no longer blocked\n",
		{ START, END, 0, QUOTA_OK, 0, 0, 0 } },
	{ "throttles, from now on", ACTION_BLOCK, o_throttle,
		"quota_throttled the quota of 100 GB is used up: throttled to 1.00 Mbit/s in each direction until 2026-12-01 "
		"00:00\n",
		{ START, END, 100, QUOTA_THROTTLED, 0, 0, 0 } },
	{ "no longer throttled", ACTION_THROTTLE, o_throttled,
		"quota_opened 100 GB of the quota of 120 GB is used: no longer throttled\n",
		{ START, END, 80, QUOTA_WARNED, 0, 0, 0 } },
	{ "a new cycle", ACTION_BLOCK, c_new,
		"cycle_closed the cycle from 2026-11-01 00:00 to 2026-12-01 00:00 closed with 95.0 GB\n",
		{ END, NEXT, 0, QUOTA_OK, 0, 0, 0 } },
	{ "opens", ACTION_BLOCK, c_open,
		"cycle_closed the cycle from 2026-11-01 00:00 to 2026-12-01 00:00 closed with 95.0 GB\n"
		"quota_opened a new cycle runs until 2027-01-01 00:00: no longer blocked\n",
		{ END, NEXT, 0, QUOTA_OK, 0, 0, 0 } },
	{ "and is used up at once", ACTION_BLOCK, c_again,
		"cycle_closed the cycle from 2026-11-01 00:00 to 2026-12-01 00:00 closed with 95.0 GB\n"
		"quota_blocked the quota of 100 GB is used up: blocked until 2027-01-01 00:00\n",
		{ END, NEXT, 100, QUOTA_BLOCKED, 0, 0, 0 } },
	{ "a total that nobody knows", ACTION_BLOCK, c_no_total, "", { END, NEXT, 0, QUOTA_OK, 0, 0, 0 } },
	{ "the first cycle closes none", ACTION_BLOCK, c_first,
		"quota_threshold 80 % of the quota of 100 GB is used: 85.0 GB until 2026-12-01 00:00\n",
		{ START, END, 80, QUOTA_WARNED, 0, 0, 0 } },
	{ "another reset day: nothing closed", ACTION_BLOCK, c_rule,
		"quota_opened a new cycle runs until 2026-12-15 00:00: no longer blocked\n"
		"quota_threshold 80 % of the quota of 100 GB is used: 85.0 GB until 2026-12-15 00:00\n",
		{ START + 14 * DAY, END + 14 * DAY, 80, QUOTA_WARNED, 0, 0, 0 } },
	{ "another reset day: blocked until then", ACTION_BLOCK, c_rule_blocked,
		"quota_blocked the quota of 100 GB is used up: blocked until 2026-12-15 00:00\n",
		{ START + 14 * DAY, END + 14 * DAY, 100, QUOTA_BLOCKED, 0, 0, 0 } },
	{ "expires some day", ACTION_ALERT, e_far, "", { START, END, 0, 0, NOW + 3 * DAY + 60, EXPIRY_UNTOLD, 0 } },
	{ "3 days before", ACTION_ALERT, e_3d,
		"expiring expires on 2026-11-28 11:00, within 3 days: then it is blocked\n",
		{ START, END, 0, 0, NOW + 3 * DAY, EXPIRY_TOLD_3D, 0 } },
	{ "1 day before, both passed", ACTION_ALERT, e_both,
		"expiring expires on 2026-11-26 11:00, within 1 day: then it is blocked\n",
		{ START, END, 0, 0, NOW + DAY, EXPIRY_TOLD_1D, 0 } },
	{ "1 day before", ACTION_ALERT, e_1d,
		"expiring expires on 2026-11-26 11:00, within 1 day: then it is blocked\n",
		{ START, END, 0, 0, NOW + DAY, EXPIRY_TOLD_1D, 0 } },
	{ "warned", ACTION_ALERT, e_told, "", { START, END, 0, 0, NOW + DAY, EXPIRY_TOLD_1D, 0 } },
	{ "expired", ACTION_ALERT, e_over, "expired expired on 2026-11-25 11:00: blocked\n",
		{ START, END, 0, 0, NOW, EXPIRY_TOLD_OVER, 0 } },
	{ "expired long ago", ACTION_ALERT, e_over_told, "", { START, END, 0, 0, NOW - 5 * DAY, EXPIRY_TOLD_OVER, 0 } },
	{ "extended", ACTION_ALERT, e_extended, "renewed works again, expires on 2026-12-25 11:00\n",
		{ START, END, 0, 0, NOW + 30 * DAY, EXPIRY_UNTOLD, 0 } },
	{ "extended by little", ACTION_ALERT, e_little,
		"renewed works again, expires on 2026-11-27 11:00\n"
		"expiring expires on 2026-11-27 11:00, within 3 days: then it is blocked\n",
		{ START, END, 0, 0, NOW + 2 * DAY, EXPIRY_TOLD_3D, 0 } },
	{ "expires no more", ACTION_ALERT, e_removed, "renewed works again, does not expire any more\n",
		{ START, END, 0, 0, 0, EXPIRY_UNTOLD, 0 } },
	{ "expires no more, in time", ACTION_ALERT, e_removed_early, "", { START, END, 0, 0, 0, EXPIRY_UNTOLD, 0 } },
	{ "moved: what was told is forgotten", ACTION_ALERT, e_moved,
		"expiring expires on 2026-11-26 11:00, within 1 day: then it is blocked\n",
		{ START, END, 0, 0, NOW + DAY, EXPIRY_TOLD_1D, 0 } },
	{ "a burst", ACTION_ALERT, u_hot,
		"burst_began 80.0 Mbit/s on average over 30 min, more than 50.0 Mbit/s: limited to 5.00 Mbit/s in each "
		"direction until 2026-11-25 11:10\n",
		{ START, END, 0, 0, 0, 0, NOW + 600 } },
	{ "a burst of what goes out", ACTION_ALERT, u_out,
		"burst_began 80.0 Mbit/s on average over 30 min, more than 50.0 Mbit/s: limited to 5.00 Mbit/s in each "
		"direction until 2026-11-25 11:10\n",
		{ START, END, 0, 0, 0, 0, NOW + 600 } },
	{ "just the rate is no burst", ACTION_ALERT, u_just, "", { START, END, 0, 0, 0, 0, 0 } },
	{ "a byte more, 80 % known", ACTION_ALERT, u_more,
		"burst_began 50.0 Mbit/s on average over 30 min, more than 50.0 Mbit/s: limited to 5.00 Mbit/s in each "
		"direction until 2026-11-25 11:10\n",
		{ START, END, 0, 0, 0, 0, NOW + 600 } },
	{ "too little is known", ACTION_ALERT, u_unknown, "", { START, END, 0, 0, 0, 0, 0 } },
	{ "nothing is known", ACTION_ALERT, u_none, "", { START, END, 0, 0, 0, 0, 0 } },
	{ "held", ACTION_ALERT, u_held, "", { START, END, 0, 0, 0, 0, NOW + 1 } },
	{ "the hold is over", ACTION_ALERT, u_end, "burst_ended the limit of 5.00 Mbit/s after a burst is over\n",
		{ START, END, 0, 0, 0, 0, 0 } },
	{ "no protection any more", ACTION_ALERT, u_removed,
		"burst_ended there is no burst protection any more: no longer limited\n",
		{ START, END, 0, 0, 0, 0, 0 } },
	{ "a hold that is shorter now", ACTION_ALERT, u_shortened, "", { START, END, 0, 0, 0, 0, NOW + 600 } },
};

static void by_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_arena struct arena a = { 0 };
		struct scene x;
		struct verdict v;
		char got[1024] = "";
		const struct policy_state *n = &v.next;

		scene(&x, cases[i].action, 0);
		cases[i].set(&x);
		verdict_decide(&a, &x.in, &v);
		for (size_t k = 0; k < v.n_events; k++) {
			size_t len = strlen(got);

			snprintf(got + len, sizeof got - len, "%s %s\n", verdict_word(v.events[k].kind),
				v.events[k].text);
		}
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s:\n%sinstead of\n%s", cases[i].name, got, cases[i].want);
		if (!same_state(n, &cases[i].next))
			fail_msg("%s: cycle %" PRId64 " to %" PRId64 ", told %" PRIu32 ", quota %d, expires %" PRId64
				 ", told %d, held until %" PRId64,
				cases[i].name, n->cycle_start, n->cycle_end, n->told, n->quota, n->expires,
				n->expiry_told, n->burst_until);
	}
}

static void figures(void **state)
{
	static const struct {
		uint64_t used, limit;
		uint32_t permille;
	} want[] = { { 0, 100, 0 }, { 999, 1000000, 0 }, { 1000, 1000000, 1 }, { 100, 100, 1000 }, { 1234, 1000, 1234 },
		{ UINT64_MAX, 1, UINT32_MAX }, { 0, 0, 1000 }, { 1, 0, UINT32_MAX }, { UINT64_MAX, UINT64_MAX, 1000 } };
	cleanup_arena struct arena a = { 0 };
	struct scene x;
	struct verdict v;

	(void)state;
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		scene(&x, ACTION_BLOCK, 0);
		x.e.quota.bytes = want[i].limit;
		used_bytes(&x, want[i].used);
		verdict_decide(&a, &x.in, &v);
		assert_true(v.used == want[i].used && v.limit == want[i].limit);
		assert_int_equal(v.permille, want[i].permille);
		assert_int_equal(v.next.quota, want[i].used >= want[i].limit ? QUOTA_BLOCKED : QUOTA_OK);
		assert_int_equal(v.policy.left[0], want[i].used >= want[i].limit ? 0 : want[i].limit - want[i].used);
		assert_int_equal(v.policy.full[0], want[i].limit);
	}
	/* figures near the end of 64 bit: 99 % is not 100 % */
	scene(&x, ACTION_ALERT, 0);
	x.e.quota.bytes = UINT64_MAX;
	used_bytes(&x, UINT64_MAX - 1);
	verdict_decide(&a, &x.in, &v);
	assert_int_equal(v.next.told, 80);
	used_bytes(&x, UINT64_MAX);
	verdict_decide(&a, &x.in, &v);
	assert_int_equal(v.next.told, 100);
	for (int k = 0; k < VERDICT_KINDS; k++)
		assert_non_null(verdict_word((enum verdict_kind)k));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_name),
		cmocka_unit_test(figures),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
