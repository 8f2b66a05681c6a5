/* Every combination of figures, what was told, cycle, expiry and burst against a naive oracle and against what must always hold: what is
 * told once is not told again, and nothing moves by itself. Then time goes by.
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

/* Everything that may come together; each number is an index into what the function below makes of it. */
struct combination {
	int action;  /* alert, throttle, block, no quota */
	int used;    /* 0, 49, 50, 79, 80, 99, 100 less a byte, 100, 119, 120, 500 */
	int told;    /* 0, 50, 80, 100, 120 */
	int was;     /* enum quota_state */
	int cycle;   /* same, next, another rule's, none before */
	int kernel;  /* exhausted */
	int expiry;  /* none, far, 3d, 1d, over */
	int before;  /* the state's: none, the same moment, another one */
	int warned;  /* enum expiry_told */
	int burst;   /* none, quiet, hot, hot but unknown */
	int holding; /* no, running, over */
};

static const uint64_t per_mille[] = { 0, 490, 500, 790, 800, 990, 1000, 1000, 1190, 1200, 5000 };
#define LESS_A_BYTE 6
static const uint32_t percents[] = { 0, 50, 80, 100, 120 };

static void arrange(struct scene *x, const struct combination *c)
{
	static const int64_t in_s[] = { 0, 10 * DAY, 2 * DAY, DAY / 2, -DAY };

	scene(x, c->action == 3 ? ACTION_BLOCK : (enum quota_action)c->action, 0);
	x->e.quota.present = c->action < 3;
	memcpy(x->alerts, percents + 1, sizeof x->alerts);
	x->e.quota_alerts.n = 4;
	used_bytes(x, per_mille[c->used] * GB / 10 - (c->used == LESS_A_BYTE));
	told(x, percents[c->told], (enum quota_state)c->was);
	x->in.closed = c->cycle ? "95.0 GB" : NULL;
	if (c->cycle == 1) {
		x->s.cycle_start = START - 31 * DAY;
		x->s.cycle_end = START;
	} else if (c->cycle == 2) {
		x->s.cycle_start = START + 14 * DAY;
		x->s.cycle_end = END + 14 * DAY;
	} else if (c->cycle == 3) {
		x->s.cycle_start = x->s.cycle_end = 0;
	}
	x->in.exhausted = c->kernel;
	x->in.sampled = NOW - 60;
	if (c->expiry)
		expires(x, in_s[c->expiry]);
	x->s.expires = c->before == 0 ? 0 : x->s.expires + (c->before == 2 ? 60 : 0);
	x->s.expiry_told = (enum expiry_told)c->warned;
	if (c->burst)
		burst(x, c->burst == 1 ? 10 : 80, c->burst == 3 ? 600 : 1800);
	x->s.burst_until = c->holding == 0 ? 0 : c->holding == 1 ? NOW + 60 : NOW - 60;
}

/* What is to be told, as a set of kinds, and the state behind it: written from the words of the manual, with no line shared. */
static void oracle(const struct combination *c, unsigned *kinds, struct policy_state *n, int64_t expires_at)
{
	bool over = per_mille[c->used] >= 1000 && c->used != LESS_A_BYTE, acts = c->action == 1 || c->action == 2;
	bool was_shut = c->was == QUOTA_BLOCKED || c->was == QUOTA_THROTTLED, knows = c->cycle == 0;
	bool nearly = c->used == LESS_A_BYTE && acts && (c->kernel || (knows && was_shut)), up = over || nearly;
	uint32_t high = 0;
	int shut = up && c->action == 1 ? QUOTA_THROTTLED : up && c->action == 2 ? QUOTA_BLOCKED : 0;
	bool shut_told = shut && !(knows && c->was == shut);

	*kinds = 0;
	*n = (struct policy_state){ .cycle_start = START, .cycle_end = END, .expires = expires_at };
	for (int i = 1; i < 5; i++)
		if (c->action < 3 &&
			((c->used == LESS_A_BYTE ? 999 : per_mille[c->used]) >= percents[i] * 10 ||
				(nearly && percents[i] == 100)))
			high = percents[i];
	n->told = high;
	n->quota = shut ? (enum quota_state)shut : high ? QUOTA_WARNED : QUOTA_OK;
	if (c->cycle == 1)
		*kinds |= 1U << VERDICT_CYCLE;
	if (shut_told)
		*kinds |= 1U << (shut == QUOTA_BLOCKED ? VERDICT_BLOCKED : VERDICT_THROTTLED);
	if (was_shut && !shut)
		*kinds |= 1U << VERDICT_OPENED;
	if (high > (knows ? percents[c->told] : 0) && !(shut_told && high >= 100))
		*kinds |= 1U << VERDICT_THRESHOLD;

	int phase = c->expiry < 2 ? 0 : c->expiry - 1; /* as enum expiry_told */
	bool moved = c->expiry ? c->before != 1 : c->before != 0 && c->before != 1;
	int heard = c->warned;

	/* arrange() gives "the same moment" and "none" the same 0 when nothing expires */
	if (heard == EXPIRY_TOLD_OVER && phase != EXPIRY_TOLD_OVER) {
		*kinds |= 1U << VERDICT_RENEWED;
		heard = moved ? 0 : phase;
	}
	if (moved)
		heard = 0;
	if (phase > heard)
		*kinds |= 1U << (phase == EXPIRY_TOLD_OVER ? VERDICT_EXPIRED : VERDICT_EXPIRING);
	n->expiry_told = (enum expiry_told)(phase > heard ? phase : heard);

	if (c->holding == 1 && c->burst)
		n->burst_until = NOW + 60;
	else if (c->holding)
		*kinds |= 1U << VERDICT_BURST_END;
	else if (c->burst == 2) {
		*kinds |= 1U << VERDICT_BURST;
		n->burst_until = NOW + 600;
	}
}

static unsigned kinds_of(const struct verdict *v)
{
	unsigned kinds = 0;

	assert_true(v->n_events <= VERDICT_EVENTS);
	for (size_t i = 0; i < v->n_events; i++) {
		unsigned bit = 1U << v->events[i].kind;

		assert_true(!(kinds & bit) && v->events[i].text[0]);
		kinds |= bit;
	}
	return kinds;
}

static void fail_combination(const struct combination *c, const char *what, unsigned got, unsigned want)
{
	fail_msg(
		"action %d, used %d, told %d, was %d, cycle %d, kernel %d, expiry %d, before %d, warned %d, burst %d, holding "
		"%d: %s, %x and not %x",
		c->action, c->used, c->told, c->was, c->cycle, c->kernel, c->expiry, c->before, c->warned, c->burst,
		c->holding, what, got, want);
}

static void check(const struct combination *c)
{
	cleanup_arena struct arena a = { 0 };
	struct scene x;
	struct verdict v, again;
	struct policy_state want;
	unsigned kinds, hot = 0;

	arrange(&x, c);
	verdict_decide(&a, &x.in, &v);
	oracle(c, &kinds, &want, policy_expiry(&x.e));
	if (kinds_of(&v) != kinds)
		fail_combination(c, "other events", kinds_of(&v), kinds);
	if (!same_state(&v.next, &want))
		fail_combination(c, "another state", v.next.quota << 8 | v.next.told, want.quota << 8 | want.told);
	assert_true(same_state(&v.next, &v.policy.state));
	assert_int_equal(v.expired, c->expiry == 4);
	/* nothing moved: nothing is told; a hold that ended is judged by the next run */
	if (c->holding == 2 && c->burst == 2)
		hot = 1U << VERDICT_BURST;
	x.s = v.next;
	x.in.closed = NULL;
	verdict_decide(&a, &x.in, &again);
	if (kinds_of(&again) != hot)
		fail_combination(c, "told again", kinds_of(&again), hot);
	again.next.burst_until = v.next.burst_until;
	if (!same_state(&again.next, &v.next))
		fail_combination(c, "moved by itself", again.next.quota, v.next.quota);
}

/* The quota, its cycle and the kernel by all; expiry and burst by all; and both together by a part of them. */
static void combinations(void **state)
{
	const int quota_max = 4 * 11 * 5 * 4 * 4 * 2, rest_max = 5 * 3 * 4 * 4 * 3;
	size_t tried = 0;

	(void)state;
	for (int q = 0; q < quota_max; q++)
		for (int r = q * 7 % 29; r < rest_max; r += q % 32 ? 97 : 1) {
			int k = q, m = r;
			struct combination c;

			c.action = k % 4, k /= 4;
			c.used = k % 11, k /= 11;
			c.told = k % 5, k /= 5;
			c.was = k % 4, k /= 4;
			c.cycle = k % 4, k /= 4;
			c.kernel = k;
			c.expiry = m % 5, m /= 5;
			c.before = m % 3, m /= 3;
			c.warned = m % 4, m /= 4;
			c.burst = m % 4, m /= 4;
			c.holding = m;
			check(&c);
			tried++;
		}
	assert_true(tried > 100000);
}

/* A cycle from its beginning to its end, by small steps: each is told once and in its order. */
static void a_whole_cycle(void **state)
{
	(void)state;
	for (int action = ACTION_ALERT; action <= ACTION_BLOCK; action++) {
		cleanup_arena struct arena a = { 0 };
		struct scene x;
		struct verdict v;
		unsigned n[VERDICT_KINDS] = { 0 };
		uint32_t last = 0;
		enum quota_state worst = QUOTA_OK;

		scene(&x, (enum quota_action)action, 0);
		for (uint64_t used = 0; used <= 110 * (uint64_t)GB; used += 300000000) {
			used_bytes(&x, used);
			verdict_decide(&a, &x.in, &v);
			for (size_t i = 0; i < v.n_events; i++)
				n[v.events[i].kind]++;
			assert_true(v.next.told >= last && v.next.quota >= worst);
			last = v.next.told;
			worst = v.next.quota;
			x.s = v.next;
		}
		assert_int_equal(n[VERDICT_THRESHOLD], action == ACTION_ALERT ? 2 : 1);
		assert_int_equal(n[VERDICT_BLOCKED], action == ACTION_BLOCK);
		assert_int_equal(n[VERDICT_THROTTLED], action == ACTION_THROTTLE);
		assert_int_equal(n[VERDICT_OPENED], 0);
		assert_int_equal(last, 100);
	}
}

/* An entry with an expiry, run by the hour from a week before to a day behind. */
static void towards_expiry(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct scene x;
	struct verdict v;
	unsigned n[VERDICT_KINDS] = { 0 };

	(void)state;
	scene(&x, ACTION_ALERT, 0);
	expires(&x, 7 * DAY);
	x.s.expires = 0;
	for (x.in.now = NOW; x.in.now <= NOW + 8 * DAY; x.in.now += 3600) {
		verdict_decide(&a, &x.in, &v);
		for (size_t i = 0; i < v.n_events; i++)
			n[v.events[i].kind]++;
		assert_int_equal(v.expired, x.in.now >= NOW + 7 * DAY);
		x.s = v.next;
	}
	assert_int_equal(n[VERDICT_EXPIRING], 2);
	assert_int_equal(n[VERDICT_EXPIRED], 1);
	assert_int_equal(n[VERDICT_RENEWED], 0);
	/* the clock goes back before it: it works again, and will expire again */
	x.in.now = NOW + 6 * DAY + 60;
	verdict_decide(&a, &x.in, &v);
	assert_int_equal(kinds_of(&v), 1U << VERDICT_RENEWED);
	x.s = v.next;
	x.in.now = NOW + 7 * DAY;
	verdict_decide(&a, &x.in, &v);
	assert_int_equal(kinds_of(&v), 1U << VERDICT_EXPIRED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_cycle),
		cmocka_unit_test(towards_expiry),
		cmocka_unit_test(combinations),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
