/* Charging again: see desired_again.h.
 * The rest of the packets pay for one rule, two comparisons; which of them is charged again is told by a counter, not by chance, so that what
 * a flow is charged is right within one packet.
 * Pure; desired_enforce.c calls. */
#include "model/desired_again.h"

#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "model/desired_put.h"

#define HEADERS_V4 40U /* as in wire.c */
#define HEADERS_V6 60U
#define TIMESTAMPS 12U

/* One in so many bytes of an aggregate is a header that it does not have. */
static uint32_t one_in(uint32_t mtu, uint8_t family, bool stamped)
{
	const uint32_t header = (family == 4 ? HEADERS_V4 : HEADERS_V6) + (stamped ? TIMESTAMPS : 0);

	return mtu > 2 * header ? (mtu - header + header / 2) / header : 1;
}

static void put_big(
	struct enforce *x, struct ruleset_chain *c, enum direction d, uint8_t family, bool stamped, const char *again)
{
	for (size_t m = 0; m < x->b->n_mtus; m++) {
		struct ruleset_rule *r = rule_new(x->b, c);

		desired_big(x->b, r, d, family, m);
		if (stamped)
			rule_put_stamped(x->b, r);
		rule_put_one_in(x->b, r, one_in(x->b->mtus[m], family, stamped));
		rule_put_verdict(x->b, r, (uint32_t)NFT_GOTO, again);
	}
}

static bool of_tcp(const struct recipe *r, const struct match *m)
{
	return r->slots && (!m->protocol || m->protocol->bit == PROTO_TCP);
}

void again_quotas(struct enforce *x, struct ruleset_chain *c, unsigned int kinds, const char *suffix, enum direction d)
{
	struct ruleset_chain again = { .name = arena_printf(x->b->arena, "again_%s", suffix) };
	struct ruleset_chain joined = { .name = arena_printf(x->b->arena, "joined_%s", suffix) };
	struct ruleset_rule *r;

	for (int stage = 0; stage < LAYERS_STAGES; stage++)
		layers_rules(x, &again, kinds, stage, d, of_tcp);
	if (again.rules.n == 0 || !desired_big_any(x->b, c, joined.name))
		return;
	for (uint8_t family = 4; family <= 6; family += 2)
		put_big(x, &joined, d, family, true, again.name);
	r = rule_new(x->b, &joined);
	rule_put_stamped(x->b, r);
	rule_put_verdict(x->b, r, (uint32_t)NFT_RETURN, NULL);
	for (uint8_t family = 4; family <= 6; family += 2)
		put_big(x, &joined, d, family, false, again.name);
	*desired_chain(x->b, again.name) = again;
	*desired_chain(x->b, joined.name) = joined;
}

/* -- short packets ---------------------------------------------------------------------------------------------------- */

/* Of a flood of packets of `length` that passes a guard of the rate R, the queue takes R * length / (length + 14): the same is left where one
 * in (length + 14) / 14 is dropped. In steps, within which no more than 4.5 % is wrong either way, of datagrams below 8 bytes 6.5 %. */
#define SHORT 400U
static const struct {
	uint32_t longer; /* than so many bytes of IP */
	uint32_t one_in;
} steps[] = { { 230, 22 }, { 140, 14 }, { 92, 9 }, { 74, 7 }, { 64, 6 }, { 45, 5 }, { 33, 4 }, { 0, 3 } };

static bool of_guard(const struct recipe *r, const struct match *m)
{
	(void)m;
	return r->step[0].layer == GUARD;
}

void again_guards(struct enforce *x, struct ruleset_chain *c, unsigned int kinds, const char *suffix, enum direction d)
{
	struct desired_build *b = x->b;
	struct ruleset_chain again = { .name = arena_printf(b->arena, "framed_%s", suffix) };
	struct ruleset_chain is_short = { .name = arena_printf(b->arena, "short_%s", suffix) };
	struct ruleset_rule *r;

	if (d == DIR_IN) /* counted behind the queue */
		return;
	for (int stage = 0; stage < LAYERS_STAGES; stage++)
		layers_rules(x, &again, kinds, stage, d, of_guard);
	if (again.rules.n == 0)
		return;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		r = rule_new(b, &is_short);
		if (steps[i].longer)
			rule_put_longer(b, r, steps[i].longer);
		rule_put_one_in(b, r, steps[i].one_in);
		rule_put_verdict(b, r, (uint32_t)NFT_GOTO, again.name);
		if (!steps[i].longer)
			break;
		r = rule_new(b, &is_short);
		rule_put_longer(b, r, steps[i].longer);
		rule_put_verdict(b, r, (uint32_t)NFT_RETURN, NULL);
	}
	r = rule_new(b, c);
	rule_put_meta_is_not(b, r, NFT_META_L4PROTO, IPPROTO_TCP);
	rule_put_no_longer(b, r, SHORT);
	rule_put_verdict(b, r, (uint32_t)NFT_JUMP, is_short.name);
	*desired_chain(b, again.name) = again;
	*desired_chain(b, is_short.name) = is_short;
}
