/* Dumps of tables, chains, flowtables and rules of all families, read attribute by attribute: only names, hooks and the names of
 * expressions are wanted, and libnftnl would build the rest too.
 * run/ calls through neighbours.h. */
#include "nft/neighbours.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "nl/attr.h"
#include "nl/talk.h"

#define ATTEMPTS 5
#define OURS "inet portflow"
#define OURS_INGRESS "netdev portflow"

struct reader {
	struct arena *arena;
	struct neighbours n;
};

static const char *table_text(struct arena *a, const struct nlmsghdr *nlh, const struct nlattr *name)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);
	const char *family = g->nfgen_family == NFPROTO_INET ? "inet"
		: g->nfgen_family == NFPROTO_IPV4            ? "ip"
		: g->nfgen_family == NFPROTO_IPV6            ? "ip6"
		: g->nfgen_family == NFPROTO_ARP             ? "arp"
		: g->nfgen_family == NFPROTO_BRIDGE          ? "bridge"
		: g->nfgen_family == NFPROTO_NETDEV          ? "netdev"
							     : "?";

	return arena_printf(a, "%s %s", family, name ? attr_text(name) : "?");
}

static const char *hook_text(const struct nlmsghdr *nlh, uint32_t hook)
{
	static const char *const inet[] = { "prerouting", "input", "forward", "output", "postrouting", "ingress" };
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);

	if (g->nfgen_family == NFPROTO_NETDEV)
		return hook == NF_NETDEV_INGRESS ? "ingress" : hook == NF_NETDEV_EGRESS ? "egress" : "";
	if (g->nfgen_family == NFPROTO_ARP || hook >= sizeof inet / sizeof *inet)
		return "";
	return inet[hook];
}

static int on_table(const struct nlmsghdr *nlh, void *arg, struct err *err)
{
	struct reader *r = arg;
	const struct nlattr *a;

	(void)err;
	attr_each (a, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == NFTA_TABLE_NAME && strcmp(table_text(r->arena, nlh, a), OURS) == 0)
			r->n.ours = true;
	return 0;
}

static void read_hook(const struct nlmsghdr *nlh, const struct nlattr *nest, struct neighbour_chain *c)
{
	const struct nlattr *a;

	attr_each_nested (a, nest) {
		if (mnl_attr_get_type(a) == NFTA_HOOK_HOOKNUM)
			c->hook = hook_text(nlh, attr_be32(a));
		if (mnl_attr_get_type(a) == NFTA_HOOK_PRIORITY)
			c->priority = (int32_t)attr_be32(a);
	}
}

static int on_chain(const struct nlmsghdr *nlh, void *arg, struct err *err)
{
	struct reader *r = arg;
	struct neighbour_chain c = { .table = "", .name = "" };
	const char *type = "";
	const struct nlattr *a;

	(void)err;
	attr_each (a, nlh, sizeof(struct nfgenmsg)) {
		switch (mnl_attr_get_type(a)) {
		case NFTA_CHAIN_TABLE:
			c.table = table_text(r->arena, nlh, a);
			break;
		case NFTA_CHAIN_NAME:
			c.name = arena_strdup(r->arena, attr_text(a));
			break;
		case NFTA_CHAIN_TYPE:
			type = attr_text(a);
			break;
		case NFTA_CHAIN_HOOK:
			read_hook(nlh, a, &c);
			break;
		}
	}
	if (!c.hook || strcmp(c.table, OURS) == 0 || strcmp(c.table, OURS_INGRESS) == 0)
		return 0;
	if (strcmp(type, "nat") == 0)
		r->n.tracking = true;
	*vec_push(r->arena, &r->n.chains) = c;
	return 0;
}

static void read_devices(struct reader *r, const struct nlattr *hook, struct flowtable *f)
{
	const struct nlattr *a, *d;

	attr_each_nested (a, hook) {
		if (mnl_attr_get_type(a) != NFTA_FLOWTABLE_HOOK_DEVS)
			continue;
		attr_each_nested (d, a)
			if (mnl_attr_get_type(d) == NFTA_DEVICE_NAME)
				*vec_push(r->arena, &f->devices) = arena_strdup(r->arena, attr_text(d));
	}
}

static int on_flowtable(const struct nlmsghdr *nlh, void *arg, struct err *err)
{
	struct reader *r = arg;
	struct flowtable *f = vec_push(r->arena, &r->n.flowtables);
	const struct nlattr *a;

	(void)err;
	f->table = f->name = "";
	attr_each (a, nlh, sizeof(struct nfgenmsg)) {
		switch (mnl_attr_get_type(a)) {
		case NFTA_FLOWTABLE_TABLE:
			f->table = table_text(r->arena, nlh, a);
			break;
		case NFTA_FLOWTABLE_NAME:
			f->name = arena_strdup(r->arena, attr_text(a));
			break;
		case NFTA_FLOWTABLE_FLAGS:
			f->hardware = (attr_be32(a) & 1) != 0; /* NFT_FLOWTABLE_HW_OFFLOAD, not in older headers */
			break;
		case NFTA_FLOWTABLE_HOOK:
			read_devices(r, a, f);
			break;
		}
	}
	return 0;
}

static bool needs_tracking(const char *expr)
{
	static const char *const names[] = { "ct", "nat", "masq", "redir", "connlimit", "synproxy", "tproxy",
		"flow_offload" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(expr, names[i]) == 0)
			return true;
	return false;
}

static int on_rule(const struct nlmsghdr *nlh, void *arg, struct err *err)
{
	struct reader *r = arg;
	const struct nlattr *a, *e, *x;
	bool ours = false;

	(void)err;
	attr_each (a, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(a) == NFTA_RULE_TABLE) /* the kernel tells it before the expressions */
			ours = strcmp(table_text(r->arena, nlh, a), OURS) == 0;
		if (mnl_attr_get_type(a) != NFTA_RULE_EXPRESSIONS)
			continue;
		attr_each_nested (e, a)
			attr_each_nested (x, e)
				if (mnl_attr_get_type(x) == NFTA_EXPR_NAME && needs_tracking(attr_text(x)))
					*(ours ? &r->n.joins : &r->n.tracking) = true;
	}
	return 0;
}

static int dump(struct talk *t, uint16_t type, talk_reply *reply, struct reader *r, struct err *err)
{
	return talk_dump(t, talk_request(t, type, NLM_F_DUMP, AF_UNSPEC), reply, r, err);
}

static int read_flowtables(struct talk *t, struct reader *r, struct err *err)
{
	if (dump(t, NFT_MSG_GETFLOWTABLE, on_flowtable, r, err) == 0)
		return 0;
	/* a kernel without flowtables has none of them */
	if (err->errnum != EOPNOTSUPP && err->errnum != EINVAL)
		return -1;
	*err = (struct err){ 0 };
	return 0;
}

int neighbours_flowtables(struct talk *t, struct arena *a, struct neighbours *ret_neighbours, struct err *err)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		struct reader r = { .arena = a };

		if (read_flowtables(t, &r, err) == 0) {
			*ret_neighbours = r.n;
			return 0;
		}
		if (err->kind != ERR_STALE)
			return -1;
	}
	err->kind = ERR_BUSY;
	return -1;
}

static int read_once(struct talk *t, struct reader *r, struct err *err)
{
	if (dump(t, NFT_MSG_GETTABLE, on_table, r, err) < 0 || dump(t, NFT_MSG_GETCHAIN, on_chain, r, err) < 0)
		return -1;
	if (read_flowtables(t, r, err) < 0)
		return -1;
	return dump(t, NFT_MSG_GETRULE, on_rule, r, err);
}

int neighbours_read(struct arena *a, struct neighbours *ret_neighbours, struct err *err)
{
	struct talk *t;
	int rc = -1;

	if (talk_open(&t, err) < 0)
		return -1;
	for (int i = 0; i < ATTEMPTS && rc < 0; i++) {
		struct reader r = { .arena = a };

		rc = read_once(t, &r, err);
		if (rc == 0)
			*ret_neighbours = r.n;
		else if (err->kind != ERR_STALE)
			break;
	}
	talk_close(t);
	if (rc < 0 && err->kind == ERR_STALE)
		err->kind = ERR_BUSY;
	return rc;
}
