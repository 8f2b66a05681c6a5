/* rtnetlink by libnl's message layer: three kinds of dump, a callback each.
 * Full libnl caches read statistics, neighbours' worth of attributes and allocate an object a row; a run needs nine numbers.
 * run/ and cmd/ call through link.h. */
#include "tc/link.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <sys/socket.h>

#define ATTEMPTS 5

#ifndef RTEXT_FILTER_SKIP_STATS
#define RTEXT_FILTER_SKIP_STATS (1 << 3)
#endif

struct reader {
	struct arena *arena;
	struct links links;
	unsigned char family; /* AF_ of the route dump under way */
};

static void cleanup_msg_(struct nl_msg **m)
{
	nlmsg_free(*m);
}

static void cleanup_sock_(struct nl_sock **s)
{
	nl_socket_free(*s);
}

static const struct nla_policy link_policy[IFLA_MAX + 1] = {
	[IFLA_IFNAME] = { .type = NLA_STRING, .maxlen = IFNAMSIZ },
	[IFLA_MTU] = { .type = NLA_U32 },
	[IFLA_LINK] = { .type = NLA_U32 },
	[IFLA_MASTER] = { .type = NLA_U32 },
	[IFLA_LINKINFO] = { .type = NLA_NESTED },
};

static const char *link_kind(struct arena *a, struct nlattr *linkinfo)
{
	static const struct nla_policy policy[IFLA_INFO_MAX + 1] = {
		[IFLA_INFO_KIND] = { .type = NLA_STRING },
	};
	struct nlattr *tb[IFLA_INFO_MAX + 1];

	if (linkinfo == NULL || nla_parse_nested(tb, IFLA_INFO_MAX, linkinfo, policy) < 0 || tb[IFLA_INFO_KIND] == NULL)
		return "";
	return arena_strdup(a, nla_get_string(tb[IFLA_INFO_KIND]));
}

static int on_link(struct nl_msg *msg, void *arg)
{
	struct reader *r = arg;
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct nlattr *tb[IFLA_MAX + 1];

	if (h->nlmsg_type != RTM_NEWLINK)
		return NL_OK;
	int rc = nlmsg_parse(h, sizeof(struct ifinfomsg), tb, IFLA_MAX, link_policy);
	if (rc < 0)
		return rc;
	const struct ifinfomsg *i = nlmsg_data(h);
	if (i->ifi_family != AF_UNSPEC || tb[IFLA_IFNAME] == NULL)
		return NL_OK;

	struct link_device *d = vec_push(r->arena, &r->links.devices);
	d->ifindex = i->ifi_index;
	nla_strlcpy(d->name, tb[IFLA_IFNAME], sizeof d->name);
	d->mtu = tb[IFLA_MTU] != NULL ? nla_get_u32(tb[IFLA_MTU]) : 0;
	d->up = (i->ifi_flags & IFF_UP) != 0;
	d->loopback = (i->ifi_flags & IFF_LOOPBACK) != 0;
	d->kind = link_kind(r->arena, tb[IFLA_LINKINFO]);
	d->master = tb[IFLA_MASTER] != NULL ? (int)nla_get_u32(tb[IFLA_MASTER]) : 0;
	d->lower = tb[IFLA_LINK] != NULL ? (int)nla_get_u32(tb[IFLA_LINK]) : 0;
	d->lower_elsewhere = tb[IFLA_LINK_NETNSID] != NULL;
	return NL_OK;
}

static int on_address(struct nl_msg *msg, void *arg)
{
	struct reader *r = arg;
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct nlattr *tb[IFA_MAX + 1];

	if (h->nlmsg_type != RTM_NEWADDR)
		return NL_OK;
	int rc = nlmsg_parse(h, sizeof(struct ifaddrmsg), tb, IFA_MAX, NULL);
	if (rc < 0)
		return rc;
	const struct ifaddrmsg *i = nlmsg_data(h);
	/* On a point-to-point device IFA_ADDRESS is the peer's, IFA_LOCAL is ours. */
	struct nlattr *own = tb[IFA_LOCAL] != NULL ? tb[IFA_LOCAL] : tb[IFA_ADDRESS];
	int len = i->ifa_family == AF_INET ? 4 : i->ifa_family == AF_INET6 ? 16 : 0;
	if (len == 0 || own == NULL || nla_len(own) != len)
		return NL_OK;

	struct link_address *x = vec_push(r->arena, &r->links.addresses);
	x->ifindex = (int)i->ifa_index;
	x->addr.family = len == 4 ? 4 : 6;
	x->addr.len = (uint8_t)(len * 8);
	memcpy(x->addr.addr, nla_data(own), (size_t)len);
	x->prefix_len = i->ifa_prefixlen;
	return NL_OK;
}

static void add_route(struct reader *r, int ifindex, uint32_t metric)
{
	struct link_route *x = vec_push(r->arena, &r->links.default_routes);

	x->family = r->family == AF_INET ? 4 : 6;
	x->ifindex = ifindex;
	x->metric = metric;
}

static int on_route(struct nl_msg *msg, void *arg)
{
	static const struct nla_policy policy[RTA_MAX + 1] = {
		[RTA_OIF] = { .type = NLA_U32 },
		[RTA_PRIORITY] = { .type = NLA_U32 },
		[RTA_TABLE] = { .type = NLA_U32 },
	};
	struct reader *r = arg;
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct nlattr *tb[RTA_MAX + 1];

	/* A big routing table is mostly not default routes: out before the attributes are looked at. */
	if (h->nlmsg_type != RTM_NEWROUTE || !nlmsg_valid_hdr(h, sizeof(struct rtmsg)))
		return NL_OK;
	const struct rtmsg *m = nlmsg_data(h);
	if (m->rtm_dst_len != 0 || m->rtm_family != r->family || m->rtm_type != RTN_UNICAST ||
		(m->rtm_flags & RTM_F_CLONED))
		return NL_OK;
	int rc = nlmsg_parse(h, sizeof(struct rtmsg), tb, RTA_MAX, policy);
	if (rc < 0)
		return rc;
	if ((tb[RTA_TABLE] != NULL ? nla_get_u32(tb[RTA_TABLE]) : m->rtm_table) != RT_TABLE_MAIN)
		return NL_OK;

	uint32_t metric = tb[RTA_PRIORITY] != NULL ? nla_get_u32(tb[RTA_PRIORITY]) : 0;
	if (tb[RTA_OIF] != NULL)
		add_route(r, (int)nla_get_u32(tb[RTA_OIF]), metric);
	if (tb[RTA_MULTIPATH] == NULL)
		return NL_OK;
	int left = nla_len(tb[RTA_MULTIPATH]);
	for (struct rtnexthop *n = nla_data(tb[RTA_MULTIPATH]); RTNH_OK(n, left);) {
		int step = RTNH_ALIGN(n->rtnh_len);
		add_route(r, n->rtnh_ifindex, metric);
		left -= step;
		n = (struct rtnexthop *)((char *)n + step);
	}
	return NL_OK;
}

/* Sends the prepared dump request and takes the answer in; a negative libnl error. */
static int dump(struct nl_sock *s, struct nl_msg *m, nl_recvmsg_msg_cb_t on_message, struct reader *r)
{
	int rc = nl_socket_modify_cb(s, NL_CB_VALID, NL_CB_CUSTOM, on_message, r);

	if (rc >= 0)
		rc = nl_send_auto(s, m);
	return rc < 0 ? rc : nl_recvmsgs_default(s);
}

static int dump_links(struct nl_sock *s, struct reader *r)
{
	const struct ifinfomsg i = { .ifi_family = AF_UNSPEC };
	struct nl_msg *m __attribute__((cleanup(cleanup_msg_))) = nlmsg_alloc_simple(RTM_GETLINK, NLM_F_DUMP);

	/* 2 kB of statistics a device that nobody here reads */
	if (m == NULL || nlmsg_append(m, (void *)(uintptr_t)&i, sizeof i, NLMSG_ALIGNTO) < 0 ||
		nla_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) < 0)
		return -NLE_NOMEM;
	return dump(s, m, on_link, r);
}

static int dump_addresses(struct nl_sock *s, struct reader *r)
{
	const struct ifaddrmsg i = { .ifa_family = AF_UNSPEC };
	struct nl_msg *m __attribute__((cleanup(cleanup_msg_))) = nlmsg_alloc_simple(RTM_GETADDR, NLM_F_DUMP);

	if (m == NULL || nlmsg_append(m, (void *)(uintptr_t)&i, sizeof i, NLMSG_ALIGNTO) < 0)
		return -NLE_NOMEM;
	return dump(s, m, on_address, r);
}

static int dump_routes(struct nl_sock *s, struct reader *r, unsigned char family)
{
	const struct rtmsg i = { .rtm_family = family, .rtm_table = RT_TABLE_MAIN };
	struct nl_msg *m __attribute__((cleanup(cleanup_msg_))) = nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_DUMP);

	if (m == NULL || nlmsg_append(m, (void *)(uintptr_t)&i, sizeof i, NLMSG_ALIGNTO) < 0)
		return -NLE_NOMEM;
	r->family = family;
	int rc = dump(s, m, on_route, r);
	/* fib_frontend.c: a namespace that never had a route has no main table, and says ENOENT */
	return rc == -NLE_OBJ_NOTFOUND ? 0 : rc;
}

static int read_once(struct reader *r)
{
	struct nl_sock *s __attribute__((cleanup(cleanup_sock_))) = nl_socket_alloc();

	if (s == NULL)
		return -NLE_NOMEM;
	int rc = nl_connect(s, NETLINK_ROUTE);
	if (rc < 0)
		return rc;
	/* Lets the kernel drop other tables' routes itself (since 4.20). Where it cannot, on_route() does. */
	int one = 1;
	(void)setsockopt(nl_socket_get_fd(s), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof one);

	if ((rc = dump_links(s, r)) < 0 || (rc = dump_addresses(s, r)) < 0 || (rc = dump_routes(s, r, AF_INET)) < 0)
		return rc;
	return dump_routes(s, r, AF_INET6);
}

int links_read(struct arena *a, struct links *ret_links, struct err *err)
{
	int rc = 0;

	for (int i = 0; i < ATTEMPTS; i++) {
		struct reader r = { .arena = a };
		rc = read_once(&r);
		if (rc >= 0) {
			*ret_links = r.links;
			return 0;
		}
		/* ENOBUFS arrives as NLE_NOMEM */
		if (rc != -NLE_DUMP_INTR && rc != -NLE_NOMEM && rc != -NLE_AGAIN)
			return err_set(err, rc == -NLE_PERM ? ERR_PERM : ERR_FAIL,
				"cannot read devices and routes from the kernel: %s", nl_geterror(rc));
	}
	return err_set(err, ERR_BUSY, "devices or routes changed during each of %d attempts to read them: %s", ATTEMPTS,
		nl_geterror(rc));
}
