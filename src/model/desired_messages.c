/* Messages pass: see desired_messages.h.
 * Every packet that is limited and is not for an open port meets these rules: going out one comparison, or two; coming in one look into a
 * set that is nearly always empty.
 * Pure; desired_enforce.c calls. */
#include "model/desired_messages.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "model/desired_pass.h"
#include "model/desired_put.h"

#define CHAIN "message_out"
/* As the kernel names them in dumps: behind an address of 4 bytes, behind one of 16. */
static const uint32_t behind[2][2] = { { 9, 10 }, { 2, 13 } };

static const uint16_t DNS_PORTS[] = { 53, 853 };

/* Makes it at its first use. */
static const char *answers(struct desired_build *b, uint8_t family)
{
	const char *name = family == 4 ? "answer4" : "answer6";
	struct ruleset_set *s = ruleset_set(&b->out->ruleset, name);

	if (!s) {
		s = desired_set(b, name, family == 4 ? KEY_ADDR4_SERVICES : KEY_ADDR6_SERVICES, false, DATA_NONE);
		s->timed = s->dynamic = true;
	}
	return name;
}

/* Whom it is exchanged with, and the two ports: theirs, ours. */
static void put_exchange(struct desired_build *b, struct ruleset_rule *r, enum direction d, uint8_t family)
{
	const enum direction theirs = d == DIR_IN ? DIR_OUT : DIR_IN;

	rule_put_family(b, r, family);
	rule_put_address(b, r, theirs, family);
	rule_put_port(b, r, theirs, behind[family == 6][0]);
	rule_put_port(b, r, d, behind[family == 6][1]);
}

static void let_in(struct desired_build *b, struct ruleset_chain *c)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct ruleset_rule *r = rule_new(b, c);

		put_exchange(b, r, DIR_IN, family);
		rule_put_named(b, r, OP_LOOKUP, 0, answers(b, family));
		rule_put_verdict(b, r, NF_ACCEPT, NULL);
	}
}

/* What cannot be noted since the set is full goes out all the same. */
static void note_chain(struct desired_build *b)
{
	struct ruleset_chain c = { .name = CHAIN };

	if (ruleset_chain(&b->out->ruleset, CHAIN))
		return;
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct ruleset_rule *r = rule_new(b, &c);

		put_exchange(b, r, DIR_OUT, family);
		rule_put_named(b, r, OP_UPDATE, 0, answers(b, family));
	}
	rule_put_verdict(b, rule_new(b, &c), NF_ACCEPT, NULL);
	*desired_chain(b, CHAIN) = c;
}

static void put_end(struct desired_build *b, struct ruleset_rule *r, bool noted)
{
	if (noted)
		rule_put_verdict(b, r, (uint32_t)NFT_GOTO, CHAIN);
	else
		desired_accept(b, r);
}

static const char *dns(struct desired_build *b)
{
	if (!ruleset_set(&b->out->ruleset, "dns")) {
		struct ruleset_set *s = desired_set(b, "dns", KEY_SERVICE, false, DATA_NONE);

		for (size_t i = 0; i < sizeof DNS_PORTS / sizeof *DNS_PORTS; i++)
			desired_ports(b, s, &(struct port_range){ DNS_PORTS[i], DNS_PORTS[i] }, NULL);
	}
	return "dns";
}

static void let_out(struct desired_build *b, struct ruleset_chain *c, bool noted)
{
	const struct enforcement *e = b->enforcement;
	struct ruleset_rule *r;

	if (e->sender) {
		r = rule_new(b, c);
		rule_put_user_is(b, r, e->sender);
		put_end(b, r, noted);
	}
	if (e->resolver) {
		r = rule_new(b, c);
		rule_put_port(b, r, DIR_IN, 1);
		rule_put_named(b, r, OP_LOOKUP, 0, dns(b));
		rule_put_user_is(b, r, e->resolver);
		put_end(b, r, noted);
	}
}

void desired_messages(struct desired_build *b, struct ruleset_chain *c, enum direction d, bool noted)
{
	if (!b->enforcement->sender && !b->enforcement->resolver)
		return;
	if (d == DIR_IN) {
		let_in(b, c);
		return;
	}
	if (noted)
		note_chain(b);
	let_out(b, c, noted);
}
