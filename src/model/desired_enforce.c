/* What is enforced: see desired_enforce.h.
 * The chains and the objects; what passes whatever is configured is in desired_pass.c, the rules between are in desired_layers.c.
 * Pure; desired.c calls. */
#include "model/desired_enforce.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "model/desired_layers.h"
#include "model/desired_pass.h"
#include "model/desired_put.h"

#define PRIORITY_IN (-310) /* counting is at -300 and 200 */
#define PRIORITY_OUT 190

static void all_stages(struct enforce *x, struct ruleset_chain *c, unsigned int kinds, enum direction d)
{
	for (int stage = 0; stage < LAYERS_STAGES; stage++)
		layers_rules(x, c, kinds, stage, d);
}

/* -- chains ---------------------------------------------------------------------------------------------------------- */

static void direction(struct enforce *x, enum direction d)
{
	const unsigned int device = 1U << ENTRY_INTERFACE, address = 1U << ENTRY_ADDRESS, port = 1U << ENTRY_PORT;
	unsigned int here = x->b->leave_first ? device | address : address;

	x->chain = (struct ruleset_chain){ .name = d == DIR_IN ? "enforce_in" : "enforce_out",
		.base = true,
		.hook = d == DIR_IN ? NF_INET_PRE_ROUTING : NF_INET_POST_ROUTING,
		.priority = d == DIR_IN ? PRIORITY_IN : PRIORITY_OUT };
	x->mine = (struct ruleset_chain){ .name = d == DIR_IN ? "mine_in" : "mine_out" };
	if (x->b->leave_first)
		rule_elsewhere(x->b, &x->chain, d);
	desired_pass(x->b, &x->chain, d);
	if (!x->b->leave_first) {
		all_stages(x, &x->chain, device, d);
		rule_elsewhere(x->b, &x->chain, d);
	}
	if (layers_any(x, port, d)) {
		all_stages(x, &x->mine, here | port, d);
		desired_ours(x->b, &x->chain, d, (uint32_t)NFT_GOTO, x->mine.name);
		*desired_chain(x->b, x->mine.name) = x->mine;
	}
	all_stages(x, &x->chain, here, d);
	*desired_chain(x->b, x->chain.name) = x->chain;
}

/* -- objects --------------------------------------------------------------------------------------------------------- */

static void add_limit(struct enforce *x, const char *name, uint64_t bps)
{
	struct ruleset_object *o = vec_push(x->b->arena, &x->b->out->ruleset.objects);

	o->name = name;
	o->kind = OBJECT_LIMIT;
	o->type = NFT_OBJECT_LIMIT;
	o->limit = bps / 8;
	o->burst = LIMIT_BURST_BYTES;
}

static void add_quota(struct enforce *x, const char *name, uint64_t limit, uint64_t left)
{
	struct ruleset_object *o = vec_push(x->b->arena, &x->b->out->ruleset.objects);

	o->name = name;
	o->kind = OBJECT_QUOTA;
	o->type = NFT_OBJECT_QUOTA;
	o->limit = limit;
	o->bytes = left < limit ? limit - left : 0;
}

static void quota_objects(struct enforce *x, size_t subject)
{
	const struct entry *q = enforce_subject(x, subject);
	const struct policy *p = enforce_policy(x, subject);
	bool both = q->billing == BILLING_MAX;

	for (enum direction d = 0; d < DIRS; d++) {
		if (q->quota_action.kind == ACTION_THROTTLE)
			add_limit(x, enforce_limit_object(x, 't', q, d), q->quota_action.bps);
		if (!policy_bills(q->billing, d) || (d == DIR_OUT && !both && policy_bills(q->billing, DIR_IN)))
			continue;
		add_quota(x, enforce_quota_object(x->b->arena, q, d, false), p->limit, p->left[both ? d : 0]);
		if (q->cycle.unit != CYCLE_NEVER)
			add_quota(x, enforce_quota_object(x->b->arena, q, d, true), p->quota, p->full[both ? d : 0]);
	}
}

static void objects(struct enforce *x)
{
	for (size_t i = 0; i < x->n + x->b->config->quotas.n; i++) {
		const struct entry *e = enforce_subject(x, i);

		for (enum direction d = 0; d < DIRS; d++) {
			if (e->limit[d].present)
				add_limit(x, enforce_limit_object(x, 'l', e, d), e->limit[d].bps);
			if (e->burst.rate.present)
				add_limit(x, enforce_limit_object(x, 'b', e, d), e->burst.limit.bps);
		}
		if (policy_quota_acts(e))
			quota_objects(x, i);
	}
}

/* A quota that runs out sooner stands before one that lasts: what it drops is not charged to that one. */
static bool sooner(const struct entry *x, const struct entry *y)
{
	static const uint32_t days[] = {
		[CYCLE_MONTH] = 31, [CYCLE_WEEK] = 7, [CYCLE_DAY] = 1, [CYCLE_YEAR] = 366, [CYCLE_NEVER] = UINT32_MAX
	};
	uint32_t a = x->cycle.unit == CYCLE_SPAN ? x->cycle.span_days : days[x->cycle.unit];
	uint32_t b = y->cycle.unit == CYCLE_SPAN ? y->cycle.span_days : days[y->cycle.unit];

	return a != b ? a < b : x->quota.bytes < y->quota.bytes;
}

static void cover(struct enforce *x, size_t entry, size_t subject)
{
	const struct entry *q = enforce_subject(x, subject);
	struct cover *c = q->quota_action.kind == ACTION_BLOCK ? &x->block[entry] : &x->throttle[entry];
	size_t i = c->n;

	if (c->n == QUOTA_SLOTS)
		return;
	for (c->n++; i > 0 && sooner(q, enforce_subject(x, c->at[i - 1])); i--)
		c->at[i] = c->at[i - 1];
	c->at[i] = subject;
}

static void find_covers(struct enforce *x)
{
	const struct config *c = x->b->config;

	x->throttle = arena_array(x->b->arena, x->n + 1, sizeof *x->throttle);
	x->block = arena_array(x->b->arena, x->n + 1, sizeof *x->block);
	for (size_t i = 0; i < x->n; i++)
		if (policy_quota_acts(&c->entries.at[i]))
			cover(x, i, i);
	for (size_t q = 0; q < c->quotas.n; q++)
		for (size_t i = 0; policy_quota_acts(&c->quotas.at[q]) && i < c->quotas.at[q].member_at.n; i++)
			cover(x, c->quotas.at[q].member_at.at[i], x->n + q);
}

static bool any(const struct config *c)
{
	for (size_t i = 0; i < c->entries.n; i++) {
		const struct entry *e = &c->entries.at[i];

		if (e->limit[DIR_IN].present || e->limit[DIR_OUT].present || e->burst.rate.present ||
			e->expires.present || policy_quota_acts(e))
			return true;
	}
	for (size_t i = 0; i < c->quotas.n; i++)
		if (policy_quota_acts(&c->quotas.at[i]))
			return true;
	return false;
}

void desired_enforce(struct desired_build *b)
{
	struct enforce x = { .b = b, .n = b->config->entries.n };

	if (!any(b->config))
		return;
	find_covers(&x);
	layers_find(&x);
	objects(&x);
	for (enum direction d = 0; d < DIRS; d++)
		direction(&x, d);
}
