/* An IFB by single messages: see ifb.h.
 * The kernel takes no alias with a new device, so that is a second message; one that has none yet is known as ours all the same.
 * run/ calls. */
#include "tc/ifb.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <string.h>
#include <sys/socket.h>

#include "tc/shape_internal.h"

#define KIND "ifb"
#define MARK "portflow"
#define QUEUE 1000U /* packets between the queue and the way back; the kernel's 32 lose bursts */

#ifndef IFLA_INET6_ADDR_GEN_MODE
#define IFLA_INET6_ADDR_GEN_MODE 8
#endif
#define ADDR_GEN_NONE 1

static struct nl_msg *message(int type, int flags, int ifindex, unsigned int state)
{
	const struct ifinfomsg i = {
		.ifi_family = AF_UNSPEC, .ifi_index = ifindex, .ifi_flags = state, .ifi_change = state
	};
	struct nl_msg *m = nlmsg_alloc_simple(type, flags);

	if (!m || nlmsg_append(m, (void *)(uintptr_t)&i, sizeof i, NLMSG_ALIGNTO) < 0)
		arena_oom();
	return m;
}

/* Room is 4 kB: what libnl answers for want of it cannot happen. */
static void put(struct nl_msg *m, int type, const void *data, size_t len)
{
	if (nla_put(m, type, (int)len, data) < 0)
		arena_oom();
}

static struct nlattr *open_nest(struct nl_msg *m, int type)
{
	struct nlattr *nest = nla_nest_start(m, type);

	if (!nest)
		arena_oom();
	return nest;
}

/* -- reading -- */

static const struct nla_policy link_policy[IFLA_MAX + 1] = {
	[IFLA_MTU] = { .type = NLA_U32 },
	[IFLA_TXQLEN] = { .type = NLA_U32 },
	[IFLA_LINKINFO] = { .type = NLA_NESTED },
};

static int on_link(struct nl_msg *msg, void *arg)
{
	static const struct nla_policy info_policy[IFLA_INFO_MAX + 1] = {
		[IFLA_INFO_KIND] = { .type = NLA_STRING },
	};
	struct ifb *x = arg;
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct nlattr *tb[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	uint32_t queue;

	if (h->nlmsg_type != RTM_NEWLINK)
		return NL_OK;
	int rc = nlmsg_parse(h, sizeof(struct ifinfomsg), tb, IFLA_MAX, link_policy);
	if (rc < 0)
		return rc;
	const struct ifinfomsg *i = nlmsg_data(h);
	x->ifindex = i->ifi_index;
	x->up = (i->ifi_flags & IFF_UP) != 0;
	x->mtu = tb[IFLA_MTU] ? nla_get_u32(tb[IFLA_MTU]) : 0;
	queue = tb[IFLA_TXQLEN] ? nla_get_u32(tb[IFLA_TXQLEN]) : 0;
	if (tb[IFLA_LINKINFO] && nla_parse_nested(info, IFLA_INFO_MAX, tb[IFLA_LINKINFO], info_policy) >= 0 &&
		info[IFLA_INFO_KIND])
		nla_strlcpy(x->kind, info[IFLA_INFO_KIND], sizeof x->kind);
	if (tb[IFLA_IFALIAS])
		nla_strlcpy(x->alias, tb[IFLA_IFALIAS], sizeof x->alias);
	x->owner = strcmp(x->kind, KIND) == 0 && (*x->alias == '\0' || strcmp(x->alias, MARK) == 0) ? IFB_OURS
												    : IFB_FOREIGN;
	x->right = x->owner == IFB_OURS && *x->alias && x->up && queue >= QUEUE;
	return NL_OK;
}

int ifb_read(struct shaper *s, struct ifb *ret_ifb, struct err *err)
{
	struct nl_msg *m = message(RTM_GETLINK, 0, 0, 0);
	struct ifb x = { .owner = IFB_NONE };

	put(m, IFLA_IFNAME, SHAPE_IFB, sizeof SHAPE_IFB);
	if (shaper_get(s, m, on_link, &x) < 0 && s->refused != ENODEV)
		return err_sys(err, s->lost ? ERR_STALE : ERR_FAIL, s->refused, "reading the device " SHAPE_IFB);
	*ret_ifb = x;
	return 0;
}

/* -- changing -- */

static int change(struct shaper *s, struct nl_msg *m, const char *what, struct err *err)
{
	s->writes++;
	if (shaper_ask(s, m) == 0)
		return 0;
	/* where the answer was lost the next look tells what became of it */
	return err_sys(err, s->lost || s->refused == ENODEV || s->refused == EEXIST ? ERR_STALE : ERR_FAIL, s->refused,
		"the device " SHAPE_IFB " could not be %s: the kernel refused%s%s", what, *s->said ? ": " : "",
		s->said);
}

static int make(struct shaper *s, struct err *err)
{
	struct nl_msg *m = message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, 0);
	const uint32_t queue = QUEUE;
	struct nlattr *info;

	put(m, IFLA_IFNAME, SHAPE_IFB, sizeof SHAPE_IFB);
	put(m, IFLA_TXQLEN, &queue, sizeof queue);
	info = open_nest(m, IFLA_LINKINFO);
	put(m, IFLA_INFO_KIND, KIND, sizeof KIND);
	nla_nest_end(m, info);
	return change(s, m, "made", err);
}

/* Else it says hello to the neighbours of IPv6, which it has not. A kernel without IPv6 refuses, and need not be asked. */
static void no_addresses(struct shaper *s, int ifindex)
{
	struct nl_msg *m = message(RTM_NEWLINK, 0, ifindex, 0);
	const uint8_t none = ADDR_GEN_NONE;
	struct nlattr *families = open_nest(m, IFLA_AF_SPEC), *family = open_nest(m, AF_INET6);

	put(m, IFLA_INET6_ADDR_GEN_MODE, &none, sizeof none);
	nla_nest_end(m, family);
	nla_nest_end(m, families);
	s->writes++;
	(void)shaper_ask(s, m);
}

static int set_right(struct shaper *s, int ifindex, struct err *err)
{
	struct nl_msg *m = message(RTM_NEWLINK, 0, ifindex, IFF_UP);
	const uint32_t queue = QUEUE;

	put(m, IFLA_IFALIAS, MARK, sizeof MARK - 1);
	put(m, IFLA_TXQLEN, &queue, sizeof queue);
	return change(s, m, "set up", err);
}

const char *ifb_foreign_text(struct arena *a, const struct ifb *x)
{
	if (x->owner != IFB_FOREIGN)
		return NULL;
	return arena_printf(a, "the device " SHAPE_IFB " is somebody else's (%s%s%s)", *x->kind ? x->kind : "hardware",
		*x->alias ? ", alias " : "", x->alias);
}

int ifb_make(struct shaper *s, const struct ifb *have, struct ifb *ret_ifb, struct err *err)
{
	struct ifb x = *have;

	if (x.owner == IFB_FOREIGN)
		return err_set(err, ERR_FAIL, "the device " SHAPE_IFB " is somebody else's");
	if (x.owner == IFB_NONE && (make(s, err) < 0 || ifb_read(s, &x, err) < 0))
		return -1;
	if (x.owner != IFB_OURS)
		return err_set(err, ERR_STALE, "the device " SHAPE_IFB " went as soon as it was made");
	if (!x.right) {
		if (!x.up)
			no_addresses(s, x.ifindex);
		if (set_right(s, x.ifindex, err) < 0 || ifb_read(s, &x, err) < 0)
			return -1;
	}
	if (!x.right)
		return err_set(err, ERR_STALE, "the device " SHAPE_IFB " does not stay as it was set");
	*ret_ifb = x;
	return 0;
}

int ifb_delete(struct shaper *s, const struct ifb *have, struct err *err)
{
	if (have->owner != IFB_OURS)
		return 0;
	if (change(s, message(RTM_DELLINK, 0, have->ifindex, 0), "removed", err) == 0 || s->refused == ENODEV)
		return 0;
	return -1;
}
