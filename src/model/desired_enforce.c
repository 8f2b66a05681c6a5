/* What is enforced: see desired_enforce.h.
 * The chains, what passes them whatever is configured, and the objects; the rules between are in desired_layers.c.
 * Pure; desired.c calls. */
#include "model/desired_enforce.h"

#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "model/desired_layers.h"
#include "model/desired_put.h"

#define PRIORITY_IN (-310) /* counting is at -300 and 200 */
#define PRIORITY_OUT 190

static const uint16_t DHCP_PORTS[] = { 67, 68, 546, 547 };

static void all_stages(struct enforce *x, struct ruleset_chain *c, unsigned int kinds, enum direction d)
{
	for (int stage = 0; stage < LAYERS_STAGES; stage++)
		layers_rules(x, c, kinds, stage, d);
}

/* -- what passes whatever is configured ------------------------------------------------------------------------------ */

static void put_service_elem(struct enforce *x, struct ruleset_set *s, uint16_t port)
{
	const struct port_range one = { port, port };

	desired_ports(x->b, s, &one, NULL);
}

static void pass_protocol(struct enforce *x, uint8_t protocol)
{
	struct ruleset_rule *r = rule_new(x->b, &x->chain);

	rule_put_meta_is(x->b, r, NFT_META_L4PROTO, protocol);
	rule_put_verdict(x->b, r, NF_ACCEPT, NULL);
}

static void pass_dhcp(struct enforce *x)
{
	struct ruleset_set *s = ruleset_set(&x->b->out->ruleset, "dhcp");
	struct ruleset_rule *r = rule_new(x->b, &x->chain);

	if (!s) {
		s = desired_set(x->b, "dhcp", KEY_SERVICE, false, DATA_NONE);
		for (size_t i = 0; i < sizeof DHCP_PORTS / sizeof *DHCP_PORTS; i++)
			put_service_elem(x, s, DHCP_PORTS[i]);
	}
	rule_put_meta_is(x->b, r, NFT_META_L4PROTO, IPPROTO_UDP);
	for (enum direction side = 0; side < DIRS; side++) {
		rule_put_port(x->b, r, side, 1);
		rule_put_named(x->b, r, OP_LOOKUP, 0, "dhcp");
	}
	rule_put_verdict(x->b, r, NF_ACCEPT, NULL);
}

/* Of this machine alone: a guest's port 22 is the guest's. family 0: our addresses; 4, 6: the prefixes that NAT outside gives us. */
static void pass_open_rule(
	struct enforce *x, enum direction d, const struct match_protocol *p, const char *set, uint8_t family)
{
	static const uint32_t local = RTN_LOCAL;
	struct ruleset_rule *r = rule_new(x->b, &x->chain);

	if (family)
		rule_put_family(x->b, r, family);
	rule_put_meta_is(x->b, r, NFT_META_L4PROTO, p->number);
	rule_put_port(x->b, r, d, 1);
	rule_put_named(x->b, r, OP_LOOKUP, 0, set);
	if (family) {
		rule_put_address(x->b, r, d, family);
		rule_put_named(x->b, r, OP_LOOKUP, 0, desired_own(x->b, family));
	} else {
		rule_put_address_type(x->b, r, d);
		rule_put_cmp(x->b, r, NFT_CMP_EQ, &local, sizeof local);
	}
	rule_put_verdict(x->b, r, NF_ACCEPT, NULL);
}

static void pass_open(struct enforce *x, enum direction d, const struct match_protocol *p)
{
	const struct enforcement *e = x->b->enforcement;
	const char *name = arena_printf(x->b->arena, "open_%s", p->name);
	bool made = ruleset_set(&x->b->out->ruleset, name) != NULL, any = false;

	for (size_t i = 0; i < e->n_open; i++) {
		if (e->open[i].protocol != p->bit)
			continue;
		any = true;
		if (!made)
			put_service_elem(x, desired_set(x->b, name, KEY_SERVICE, false, DATA_NONE), e->open[i].port);
	}
	if (!any)
		return;
	pass_open_rule(x, d, p, name, 0);
	for (uint8_t family = 4; family <= 6; family += 2)
		if (desired_own(x->b, family))
			pass_open_rule(x, d, p, name, family);
}

static void pass(struct enforce *x, enum direction d)
{
	pass_protocol(x, IPPROTO_ICMP);
	pass_protocol(x, IPPROTO_ICMPV6);
	pass_dhcp(x);
	for (size_t i = 0; i < MATCH_PROTOCOLS; i++)
		pass_open(x, d, &match_protocols[i]);
}

/* -- chains ---------------------------------------------------------------------------------------------------------- */

/* Packets of our own addresses go on in the chain that knows ports too. */
static void goto_mine(struct enforce *x, enum direction d)
{
	static const uint32_t local = RTN_LOCAL, unicast = RTN_UNICAST;
	struct ruleset_rule *r = rule_new(x->b, &x->chain);

	rule_put_address_type(x->b, r, d);
	rule_put_cmp(x->b, r, NFT_CMP_EQ, &local, sizeof local);
	rule_put_verdict(x->b, r, (uint32_t)NFT_GOTO, x->mine.name);
	for (uint8_t family = 4; family <= 6; family += 2) {
		if (!desired_own(x->b, family))
			continue;
		r = rule_new(x->b, &x->chain);
		rule_put_family(x->b, r, family);
		rule_put_address(x->b, r, d, family);
		rule_put_named(x->b, r, OP_LOOKUP, 0, desired_own(x->b, family));
		rule_put_address_type(x->b, r, d);
		rule_put_cmp(x->b, r, NFT_CMP_EQ, &unicast, sizeof unicast);
		rule_put_verdict(x->b, r, (uint32_t)NFT_GOTO, x->mine.name);
	}
}

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
	pass(x, d);
	if (!x->b->leave_first) {
		all_stages(x, &x->chain, device, d);
		rule_elsewhere(x->b, &x->chain, d);
	}
	if (layers_any(x, port, d)) {
		all_stages(x, &x->mine, here | port, d);
		goto_mine(x, d);
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
