/* Messages pass: see desired_messages.h.
 * Every packet that is limited and is not for an open port meets these rules: going out one comparison, or two; coming in one look into a
 * set that is nearly always empty, three where a resolver of this machine is.
 * Pure; desired_enforce.c calls. */
#include "model/desired_messages.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "model/desired_pass.h"
#include "model/desired_put.h"

/* As the kernel names them in dumps: behind an address of 4 bytes, behind one of 16. */
static const uint32_t behind[2][2] = { { 9, 10 }, { 2, 13 } };

static const uint16_t DNS_PORTS[] = { 53, 853 };

/* A set a family: with whom packets are exchanged, his port, and ours. */
struct noted {
	const char *name[2];
	enum set_key key[2];
	bool ours; /* our port is part of it */
};
/* Of the sender alone: however many questions others have the resolver ask, there is room for what he sends. */
static const struct noted answers = { { "answer4", "answer6" }, { KEY_ADDR4_SERVICES, KEY_ADDR6_SERVICES }, true };
/* Of the resolver, and for when that is full, since anybody of this machine can fill it: whom it asks, which are few. */
static const struct noted questions = { { "question4", "question6" }, { KEY_ADDR4_SERVICES, KEY_ADDR6_SERVICES },
	true };
static const struct noted servers = { { "server4", "server6" }, { KEY_ADDR4_SERVICE, KEY_ADDR6_SERVICE }, false };

/* Makes it at its first use. */
static const char *set_of(struct desired_build *b, const struct noted *n, uint8_t family)
{
	const char *name = n->name[family == 6];
	struct ruleset_set *s = ruleset_set(&b->out->ruleset, name);

	if (!s) {
		s = desired_set(b, name, n->key[family == 6], false, DATA_NONE);
		s->timed = s->dynamic = true;
	}
	return name;
}

static struct ruleset_rule *put_noted(struct desired_build *b, struct ruleset_chain *c, enum direction d,
	const struct noted *n, uint8_t family, enum rule_op op)
{
	const enum direction theirs = d == DIR_IN ? DIR_OUT : DIR_IN;
	struct ruleset_rule *r = rule_new(b, c);

	rule_put_family(b, r, family);
	rule_put_address(b, r, theirs, family);
	rule_put_port(b, r, theirs, behind[family == 6][0]);
	if (n->ours)
		rule_put_port(b, r, d, behind[family == 6][1]);
	rule_put_named(b, r, op, 0, set_of(b, n, family));
	return r;
}

static void let_in(struct desired_build *b, struct ruleset_chain *c, const struct noted *n)
{
	for (uint8_t family = 4; family <= 6; family += 2)
		rule_put_verdict(b, put_noted(b, c, DIR_IN, n, family, OP_LOOKUP), NF_ACCEPT, NULL);
}

/* What fits into no set goes out all the same. */
static const char *note_chain(
	struct desired_build *b, const char *name, const struct noted *first, const struct noted *full)
{
	struct ruleset_chain c = { .name = name };

	if (ruleset_chain(&b->out->ruleset, name))
		return name;
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct ruleset_rule *r = put_noted(b, &c, DIR_OUT, first, family, OP_UPDATE);

		if (!full)
			continue;
		rule_put_verdict(b, r, NF_ACCEPT, NULL);
		put_noted(b, &c, DIR_OUT, full, family, OP_UPDATE);
	}
	rule_put_verdict(b, rule_new(b, &c), NF_ACCEPT, NULL);
	*desired_chain(b, name) = c;
	return name;
}

/* chain: that notes it; NULL: it is not noted. */
static void put_end(struct desired_build *b, struct ruleset_rule *r, const char *chain)
{
	if (chain)
		rule_put_verdict(b, r, (uint32_t)NFT_GOTO, chain);
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

static void let_sender_out(struct desired_build *b, struct ruleset_chain *c, bool noted)
{
	const char *chain = noted ? note_chain(b, "message_out", &answers, NULL) : NULL;
	struct ruleset_rule *r = rule_new(b, c);

	rule_put_user_is(b, r, b->enforcement->sender);
	put_end(b, r, chain);
}

static void let_resolver_out(struct desired_build *b, struct ruleset_chain *c, bool noted)
{
	const char *chain = noted ? note_chain(b, "question_out", &questions, &servers) : NULL;
	struct ruleset_rule *r = rule_new(b, c);

	rule_put_port(b, r, DIR_IN, 1);
	rule_put_named(b, r, OP_LOOKUP, 0, dns(b));
	rule_put_user_is(b, r, b->enforcement->resolver);
	put_end(b, r, chain);
}

void desired_messages(struct desired_build *b, struct ruleset_chain *c, enum direction d, bool noted)
{
	if (b->enforcement->sender && d == DIR_OUT)
		let_sender_out(b, c, noted);
	else if (b->enforcement->sender)
		let_in(b, c, &answers);
	if (b->enforcement->resolver && d == DIR_OUT) {
		let_resolver_out(b, c, noted);
	} else if (b->enforcement->resolver) {
		let_in(b, c, &questions);
		let_in(b, c, &servers);
	}
}
