/* What passes whatever is configured: see desired_pass.h.
 * Few rules, the cheapest first, since every packet that is limited meets them.
 * Pure; desired_enforce.c and desired_ingress.c call. */
#include "model/desired_pass.h"

#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>

#include "model/desired_match.h"
#include "model/desired_put.h"

static const uint16_t DHCP_PORTS[] = { 67, 68, 546, 547 };

void desired_accept(struct desired_build *b, struct ruleset_rule *r)
{
	if (b->direct) {
		rule_put_data(b, r, &b->direct, sizeof b->direct);
		rule_put_priority(b, r);
	}
	rule_put_verdict(b, r, NF_ACCEPT, NULL);
}

static void put_service_elem(struct desired_build *b, struct ruleset_set *s, uint16_t port)
{
	const struct port_range one = { port, port };

	desired_ports(b, s, &one, NULL);
}

static void pass_protocol(struct desired_build *b, struct ruleset_chain *c, uint8_t protocol)
{
	struct ruleset_rule *r = rule_new(b, c);

	rule_put_meta_is(b, r, NFT_META_L4PROTO, protocol);
	desired_accept(b, r);
}

static void pass_dhcp(struct desired_build *b, struct ruleset_chain *c)
{
	struct ruleset_set *s = ruleset_set(&b->out->ruleset, "dhcp");
	struct ruleset_rule *r = rule_new(b, c);

	if (!s) {
		s = desired_set(b, "dhcp", KEY_SERVICE, false, DATA_NONE);
		for (size_t i = 0; i < sizeof DHCP_PORTS / sizeof *DHCP_PORTS; i++)
			put_service_elem(b, s, DHCP_PORTS[i]);
	}
	rule_put_meta_is(b, r, NFT_META_L4PROTO, IPPROTO_UDP);
	for (enum direction side = 0; side < DIRS; side++) {
		rule_put_port(b, r, side, 1);
		rule_put_named(b, r, OP_LOOKUP, 0, "dhcp");
	}
	desired_accept(b, r);
}

/* Of this machine alone: a guest's port 22 is the guest's. family 0: our addresses; 4, 6: the prefixes that NAT outside gives us. */
static void pass_open_rule(struct desired_build *b, struct ruleset_chain *c, enum direction d,
	const struct match_protocol *p, const char *set, uint8_t family)
{
	static const uint32_t local = RTN_LOCAL;
	struct ruleset_rule *r = rule_new(b, c);
	/* where nft, loading its own listing, puts it */
	bool first = b->out->ruleset.family == RULESET_INET;

	if (family && first)
		rule_put_family(b, r, family);
	rule_put_meta_is(b, r, NFT_META_L4PROTO, p->number);
	rule_put_port(b, r, d, 1);
	rule_put_named(b, r, OP_LOOKUP, 0, set);
	if (family && !first)
		rule_put_family(b, r, family);
	if (family) {
		rule_put_address(b, r, d, family);
		rule_put_named(b, r, OP_LOOKUP, 0, desired_own(b, family));
	} else {
		rule_put_address_type(b, r, d);
		rule_put_cmp(b, r, NFT_CMP_EQ, &local, sizeof local);
	}
	desired_accept(b, r);
}

static void pass_open(
	struct desired_build *b, struct ruleset_chain *c, enum direction d, const struct match_protocol *p)
{
	const struct enforcement *e = b->enforcement;
	const char *name = arena_printf(b->arena, "open_%s", p->name);
	bool made = ruleset_set(&b->out->ruleset, name) != NULL, any = false;

	for (size_t i = 0; i < e->n_open; i++) {
		if (e->open[i].protocol != p->bit)
			continue;
		any = true;
		if (!made)
			put_service_elem(b, desired_set(b, name, KEY_SERVICE, false, DATA_NONE), e->open[i].port);
	}
	if (!any)
		return;
	pass_open_rule(b, c, d, p, name, 0);
	for (uint8_t family = 4; family <= 6; family += 2)
		if (desired_own(b, family))
			pass_open_rule(b, c, d, p, name, family);
}

void desired_pass(struct desired_build *b, struct ruleset_chain *c, enum direction d)
{
	pass_protocol(b, c, IPPROTO_ICMP);
	pass_protocol(b, c, IPPROTO_ICMPV6);
	pass_dhcp(b, c);
	for (size_t i = 0; i < MATCH_PROTOCOLS; i++)
		pass_open(b, c, d, &match_protocols[i]);
}

void desired_ours(struct desired_build *b, struct ruleset_chain *c, enum direction d, uint32_t code, const char *chain)
{
	static const uint32_t local = RTN_LOCAL, anycast = RTN_ANYCAST, unicast = RTN_UNICAST;
	struct ruleset_rule *r = rule_new(b, c);

	rule_put_address_type(b, r, d);
	rule_put_cmp(b, r, NFT_CMP_EQ, &local, sizeof local);
	rule_put_verdict(b, r, code, chain);
	if (d == DIR_IN) { /* as in desired_rules.c */
		r = rule_new(b, c);
		rule_put_address_type(b, r, d);
		rule_put_cmp(b, r, NFT_CMP_EQ, &anycast, sizeof anycast);
		rule_put_verdict(b, r, code, chain);
	}
	for (uint8_t family = 4; family <= 6; family += 2) {
		if (!desired_own(b, family))
			continue;
		r = rule_new(b, c);
		rule_put_family(b, r, family);
		rule_put_address(b, r, d, family);
		rule_put_named(b, r, OP_LOOKUP, 0, desired_own(b, family));
		rule_put_address_type(b, r, d);
		rule_put_cmp(b, r, NFT_CMP_EQ, &unicast, sizeof unicast);
		rule_put_verdict(b, r, code, chain);
	}
}
