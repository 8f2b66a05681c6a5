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

/* Aggregates by their segments, since the fewer an aggregate has the smaller a part of it are the headers that it lacks; and each step has
 * a counter of its own, so that what is charged again is near in size to what is not. Within a step no more than 0.3 % is wrong. */
static const uint32_t segments[] = { 32, 16, 8, 4, 3, 2 };
#define SEGMENTS_MOST 45U /* what fills 64 KiB at MTU 1500 */
#define AGGREGATE_MOST 65535U

/* One in so many bytes of an aggregate of first to last segments is a header that it lacks. */
static uint32_t one_in(uint32_t mss, uint32_t header, uint32_t first, uint32_t last)
{
	const uint32_t both = first + last, lacks = (both - 2) * header; /* of two, one at each end of the step */

	return (both * mss + 2 * header + lacks / 2) / lacks;
}

static void put_steps(struct enforce *x, struct ruleset_chain *c, uint32_t mtu, uint32_t header, const char *again)
{
	const uint32_t mss = mtu > 2 * header ? mtu - header : header;
	uint32_t last = SEGMENTS_MOST;

	for (size_t i = 0; i < sizeof segments / sizeof *segments; i++) {
		const uint32_t most = (segments[i] - 1) * mss + header; /* of those with fewer */
		struct ruleset_rule *r;

		if (segments[i] > 2 && most >= AGGREGATE_MOST)
			continue;
		r = rule_new(x->b, c);
		if (segments[i] > 2)
			rule_put_longer(x->b, r, most);
		rule_put_one_in(x->b, r, one_in(mss, header, segments[i], last));
		rule_put_verdict(x->b, r, (uint32_t)NFT_GOTO, again);
		if (segments[i] > 2) {
			r = rule_new(x->b, c);
			rule_put_longer(x->b, r, most);
			rule_put_verdict(x->b, r, (uint32_t)NFT_RETURN, NULL);
		}
		last = segments[i] - 1;
	}
}

static void put_big(
	struct enforce *x, struct ruleset_chain *c, enum direction d, uint8_t family, bool stamped, const char *again)
{
	const uint32_t header = (family == 4 ? HEADERS_V4 : HEADERS_V6) + (stamped ? TIMESTAMPS : 0);

	for (size_t m = 0; m < x->b->n_mtus; m++) {
		struct ruleset_chain steps = { .name = arena_printf(x->b->arena, "%s_%uv%d%s", c->name, x->b->mtus[m],
						       family, stamped ? "ts" : "") };
		struct ruleset_rule *r = rule_new(x->b, c);

		desired_big(x->b, r, d, family, m);
		if (stamped)
			rule_put_stamped(x->b, r);
		rule_put_verdict(x->b, r, (uint32_t)NFT_GOTO, steps.name);
		put_steps(x, &steps, x->b->mtus[m], header, again);
		*desired_chain(x->b, steps.name) = steps;
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

	for (int stage = 0; stage < LAYERS_STAGES; stage++)
		layers_rules(x, &again, kinds, stage, d, of_tcp);
	if (again.rules.n == 0 || !desired_big_any(x->b, c, joined.name))
		return;
	for (uint8_t family = 4; family <= 6; family += 2)
		put_big(x, &joined, d, family, true, again.name);
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
