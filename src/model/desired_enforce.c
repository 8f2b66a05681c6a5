/* What is enforced: see desired_enforce.h.
 * The chains and the objects; what passes whatever is configured is in desired_pass.c, the rules between are in desired_layers.c.
 * Pure; desired.c calls. */
#include "model/desired_enforce.h"

#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "model/desired_again.h"
#include "model/desired_layers.h"
#include "model/desired_messages.h"
#include "model/desired_pass.h"
#include "model/desired_put.h"

#define PRIORITY_IN (-310) /* counting is at -300 and 200 */
#define PRIORITY_OUT 190
#define PRIORITY_CLASS 210

static const struct part parts[] = {
	{ "enforce_in", "mine_in", DIR_IN, PRIORITY_IN, 0, LAYERS_STAGES - 1 },
	{ "enforce_out", "mine_out", DIR_OUT, PRIORITY_OUT, 0, LAYERS_STAGES - 1 },
};
static const struct part class_part = { ENFORCE_CLASS_CHAIN, "class_mine_out", DIR_OUT, PRIORITY_CLASS, LAYERS_CLASSES,
	LAYERS_CLASSES };

const struct part *enforce_part(int stage, enum direction d)
{
	if (stage == LAYERS_CLASSES)
		return d == DIR_OUT ? &class_part : NULL;
	return &parts[d];
}

/* where: "", or what tells these rules from others of the direction. */
static void all_stages(
	struct enforce *x, struct ruleset_chain *c, unsigned int kinds, const struct part *p, const char *where)
{
	const char *suffix = arena_printf(x->b->arena, "%s%s", where, p->dir == DIR_IN ? "in" : "out");

	for (int stage = p->first; stage <= p->last; stage++) {
		layers_rules(x, c, kinds, stage, p->dir, NULL);
		if (stage == LAYERS_LIMITS && !x->b->enforcement->no_turns)
			again_guards(x, c, kinds, suffix, p->dir);
	}
	if (p != &class_part && !x->b->enforcement->no_turns)
		again_quotas(x, c, kinds, suffix, p->dir);
}

/* -- chains ---------------------------------------------------------------------------------------------------------- */

static void put_part(struct enforce *x, const struct part *p)
{
	const unsigned int device = 1U << ENTRY_INTERFACE, address = 1U << ENTRY_ADDRESS, port = 1U << ENTRY_PORT;
	unsigned int here = x->b->leave_first ? device | address : address;

	x->chain = (struct ruleset_chain){ .name = p->chain,
		.base = true,
		.hook = p->dir == DIR_IN ? NF_INET_PRE_ROUTING : NF_INET_POST_ROUTING,
		.priority = p->priority };
	x->mine = (struct ruleset_chain){ .name = p->mine };
	if (x->b->leave_first)
		rule_elsewhere(x->b, &x->chain, p->dir);
	desired_pass(x->b, &x->chain, p->dir);
	desired_messages(x->b, &x->chain, p->dir, p != &class_part);
	if (!x->b->leave_first) {
		all_stages(x, &x->chain, device, p, "if_");
		rule_elsewhere(x->b, &x->chain, p->dir);
	}
	if (layers_any(x, port, p->first, p->last, p->dir)) {
		all_stages(x, &x->mine, here | port, p, "mine_");
		desired_ours(x->b, &x->chain, p->dir, (uint32_t)NFT_GOTO, x->mine.name);
		*desired_chain(x->b, x->mine.name) = x->mine;
	}
	all_stages(x, &x->chain, here, p, "");
	*desired_chain(x->b, x->chain.name) = x->chain;
}

/* Where nothing waits in a class there is no chain that names one. */
static void put_classes(struct enforce *x)
{
	bool classed = false, total = false;

	for (size_t i = 0; i < x->n; i++) {
		struct limit_way way = enforce_way(x, i, DIR_OUT);

		classed |= way.classed;
		total |= way.shaped && !way.classed;
	}
	if (!classed && !total)
		return;
	x->b->direct = total ? SHAPE_OUT << 16 : 0;
	put_part(x, &class_part);
	x->b->direct = 0;
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
			if (i < x->n && enforce_way(x, i, d).policed)
				add_limit(x, enforce_limit_object(x, 'l', e, d), e->limit[d].bps);
			if (i < x->n && enforce_guards(x, i, d))
				add_limit(x, enforce_limit_object(x, 'g', e, d), e->limit[d].bps);
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

void enforce_find(struct enforce *x)
{
	find_covers(x);
	layers_find(x);
}

bool desired_enforces(const struct config *c)
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

bool desired_joins(const struct config *c)
{
	for (size_t i = 0; i < c->entries.n; i++) {
		const struct entry *e = &c->entries.at[i];

		if (e->ports.n &&
			(e->limit[DIR_IN].present || e->quota.present || e->burst.rate.present || c->quotas.n))
			return true;
	}
	return false;
}

void desired_join_rule(struct arena *a, struct ruleset_rule *ret_rule)
{
	struct desired_build b = { .arena = a };
	const uint16_t port = htons(1);

	rule_put_meta_is(&b, ret_rule, NFT_META_L4PROTO, IPPROTO_UDP);
	rule_put_data(&b, ret_rule, &port, sizeof port);
	rule_put(&b, ret_rule, OP_TPROXY, 1, 0);
}

void desired_turn_rule(struct arena *a, struct ruleset_rule *ret_rule)
{
	struct desired_build b = { .arena = a };

	rule_put_one_in(&b, ret_rule, 2);
}

static void put_fragments(struct desired_build *b)
{
	struct ruleset_chain c = { .name = DESIRED_FRAGMENTS };

	desired_join_rule(b->arena, rule_new(b, &c));
	*desired_chain(b, c.name) = c;
}

void desired_enforce(struct desired_build *b)
{
	struct enforce x = { .b = b, .n = b->config->entries.n };

	if (b->enforcement->joins && desired_joins(b->config))
		put_fragments(b);
	if (!desired_enforces(b->config))
		return;
	enforce_find(&x);
	objects(&x);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		put_part(&x, &parts[i]);
	put_classes(&x);
}
