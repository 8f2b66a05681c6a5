/* Chains, maps and rules of what comes in and is shaped: see desired_ingress.h.
 * Whoever replaces this table replaces it whole: it holds nothing that must be kept.
 * Pure; run/ and the tests call. */
#include "model/desired_ingress.h"

#include <arpa/inet.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "model/desired_match.h"
#include "model/desired_pass.h"
#include "model/desired_put.h"
#include "model/shape.h"

#define PRIORITY 1000000 /* behind everybody else */
#define REG 1
#define ETHER_TYPE_AT 12 /* in the frame */

const char *ingress_map(struct arena *a, const struct match *m)
{
	return arena_printf(a, "class_%s", m->stem);
}

static bool one_of(const char *kind, const char *const *kinds)
{
	for (; *kinds; kinds++)
		if (strcmp(kind, *kinds) == 0)
			return true;
	return false;
}

/* Does IP see packets of this device that it did not see as another's? Ports of a bridge hand theirs on; a macvlan's come from its card,
 * where they passed this hook. */
static bool first_to_see(const struct ingress_wish *w, const struct watched *d)
{
	static const char *const masters[] = { "bridge", "bond", "team", "openvswitch", NULL };
	static const char *const copies[] = { "macvlan", "macvtap", "ipvlan", "ipvtap", NULL };
	const struct link_device *l = links_at(w->links, d->ifindex);
	const struct link_device *master = l && l->master ? links_at(w->links, l->master) : NULL;
	const struct link_device *lower = l && l->lower && !l->lower_elsewhere ? links_at(w->links, l->lower) : NULL;

	if (master && one_of(master->kind, masters))
		return false;
	return !l || !one_of(l->kind, copies) || !lower || !watch_find(w->watch, lower->name);
}

static void device_chain(struct desired_build *b, const char *device)
{
	struct ruleset_chain c = { .name = arena_printf(b->arena, "in_%zu", b->out->ruleset.chains.n + 1),
		.base = true,
		.device = device,
		.hook = NF_NETDEV_INGRESS,
		.priority = PRIORITY };

	rule_put_verdict(b, rule_new(b, &c), (uint32_t)NFT_JUMP, "sort");
	*desired_chain(b, c.name) = c;
}

static void device_chains(struct desired_build *b, const struct ingress_wish *w)
{
	for (size_t i = 0; i < w->watch->devices.n; i++) {
		const struct watched *d = &w->watch->devices.at[i];

		if (d->present && first_to_see(w, d))
			device_chain(b, d->name);
	}
}

/* The device it came by has stripped the tag, and the kernel shows it where it was. */
static void leave_vlan(struct desired_build *b, struct ruleset_chain *c, uint16_t type)
{
	const uint16_t ether = ARPHRD_ETHER, tag = htons(type);
	struct ruleset_rule *r = rule_new(b, c);

	rule_put(b, r, OP_META, REG, NFT_META_IIFTYPE);
	rule_put_cmp(b, r, NFT_CMP_EQ, &ether, sizeof ether);
	rule_put_payload(b, r, REG, NFT_PAYLOAD_LL_HEADER, ETHER_TYPE_AT, sizeof tag);
	rule_put_cmp(b, r, NFT_CMP_EQ, &tag, sizeof tag);
	rule_put_verdict(b, r, (uint32_t)NFT_RETURN, NULL);
}

static void class_rule(
	struct desired_build *b, struct ruleset_chain *c, const struct match *m, const char *map, int ifb)
{
	struct ruleset_rule *r = rule_new(b, c);
	struct rule_expr *e;

	match_put_guard(b, r, m);
	match_put_key(b, r, m, DIR_IN);
	rule_put_named(b, r, OP_DATA_MAP, 0, map);
	rule_put(b, r, OP_META_SET, REG, NFT_META_PRIORITY);
	e = rule_put(b, r, OP_DATA, REG, 0);
	e->len = sizeof ifb;
	memcpy(e->data, &ifb, sizeof ifb);
	rule_put(b, r, OP_FWD, REG, 0);
}

static void classes(
	struct desired_build *b, struct ruleset_chain *c, const struct ingress_wish *w, enum entry_kind kind)
{
	for (size_t k = 0; k < matches_n; k++) {
		const struct match *m = &matches[k];
		struct ruleset_set *set = NULL;

		for (size_t i = 0; i < w->config->entries.n && m->kind == kind; i++) {
			const struct entry *e = &w->config->entries.at[i];
			const struct ruleset_elem value = { .verdict = SHAPE_IN << 16 | w->minors[i] };

			if (w->minors[i] == 0 || !match_has(m, e))
				continue;
			if (!set)
				set = desired_set(b, ingress_map(b->arena, m), m->key, m->interval, DATA_CLASS);
			match_fill(b, set, m, e, &value);
		}
		if (set)
			class_rule(b, c, m, set->name, w->ifb);
	}
}

void desired_ingress(struct arena *a, const struct ingress_wish *w, struct ruleset *ret_ruleset)
{
	struct desired out = { .ruleset = { .family = RULESET_NETDEV, .comment = "" } };
	struct enforcement open = { .open = w->open, .n_open = w->n_open };
	struct desired_build b = {
		.arena = a, .config = w->config, .watch = w->watch, .enforcement = &open, .out = &out
	};
	struct ruleset_chain sort = { .name = "sort" }, mine = { .name = "mine" };

	desired_own_sets(&b);
	device_chains(&b, w);
	leave_vlan(&b, &sort, ETH_P_8021Q);
	leave_vlan(&b, &sort, ETH_P_8021AD);
	desired_pass(&b, &sort, DIR_IN);
	classes(&b, &mine, w, ENTRY_PORT);
	if (mine.rules.n)
		desired_ours(&b, &sort, DIR_IN, (uint32_t)NFT_JUMP, mine.name);
	classes(&b, &sort, w, ENTRY_ADDRESS);
	for (size_t i = 0; i < w->config->entries.n; i++)
		out.ruleset.present |= w->minors[i] != 0;
	out.ruleset.present &= out.ruleset.chains.n > 0;
	if (!out.ruleset.present) {
		*ret_ruleset = (struct ruleset){ .family = RULESET_NETDEV, .comment = "" };
		return;
	}
	*desired_chain(&b, sort.name) = sort;
	if (mine.rules.n)
		*desired_chain(&b, mine.name) = mine;
	*ret_ruleset = out.ruleset;
}
