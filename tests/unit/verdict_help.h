/* A subject with a quota of 100 GB in November 2026 and what is known of it, for tests of what is decided about it.
 * A case takes the scene and changes what it is about.
 * verdict*_test.c include it, behind cmocka.h. */
#ifndef VERDICT_HELP_H
#define VERDICT_HELP_H

#include <string.h>

#include "model/verdict.h"

#define GB INT64_C(1000000000)
#define DAY INT64_C(86400)
#define NOW INT64_C(1795604400)   /* 2026-11-25 11:00 UTC */
#define START INT64_C(1793491200) /* 2026-11-01 */
#define END INT64_C(1796083200)   /* 2026-12-01 */
#define NEXT INT64_C(1798761600)  /* 2027-01-01 */

/* A subject and what is known of it; a case changes what it is about. */
struct scene {
	struct entry e;
	struct usage u;
	struct policy_state s;
	struct burst_window w;
	struct verdict_input in;
	uint32_t alerts[4];
};

static inline void scene(struct scene *x, enum quota_action action, uint64_t used_gb)
{
	*x = (struct scene){
		.e = { .name = "web",
			.billing = BILLING_BOTH,
			.cycle = { .unit = CYCLE_MONTH, .reset_day = 1, .timezone = "UTC" },
			.quota = { .present = true, .bytes = 100 * GB },
			.quota_action = { action, 1000000 } },
		.u = { .cycle = { START, END }, .figures.bytes[DIR_OUT] = used_gb * GB },
		.s = { .cycle_start = START, .cycle_end = END },
		.alerts = { 80, 100 },
	};
	x->e.quota_alerts.at = x->alerts;
	x->e.quota_alerts.n = 2;
	x->in = (struct verdict_input){ .subject = &x->e, .usage = &x->u, .state = &x->s, .now = NOW };
}

static inline void used_bytes(struct scene *x, uint64_t bytes)
{
	x->u.figures.bytes[DIR_OUT] = bytes;
}

static inline void told(struct scene *x, uint32_t percent, enum quota_state state)
{
	x->s.told = percent;
	x->s.quota = state;
}

static inline void new_cycle(struct scene *x)
{
	x->u.cycle = (struct cycle_span){ END, NEXT };
	x->in.now = END + 60;
	x->in.closed = "95.0 GB";
}

static inline void other_rule(struct scene *x)
{
	x->u.cycle = (struct cycle_span){ START + 14 * DAY, END + 14 * DAY };
	x->in.closed = "95.0 GB";
}

static inline void expires(struct scene *x, int64_t in_s)
{
	struct calendar_time t = calendar_local("UTC", NOW + in_s);

	x->e.expires = (struct expiry){ true, true, t.date, t.hour, t.minute };
	x->s.expires = NOW + in_s;
}

static inline void burst(struct scene *x, uint64_t mbit, uint64_t known_s)
{
	x->e.burst = (struct burst){ { true, 50000000 }, { true, 5000000 }, 1800, 600 };
	x->w = (struct burst_window){ { mbit * 125000 * known_s, 7 }, known_s };
	x->in.window = &x->w;
}

static inline bool same_state(const struct policy_state *a, const struct policy_state *b)
{
	return a->cycle_start == b->cycle_start && a->cycle_end == b->cycle_end && a->told == b->told &&
		a->quota == b->quota && a->expires == b->expires && a->expiry_told == b->expiry_told &&
		a->burst_until == b->burst_until;
}

#endif
