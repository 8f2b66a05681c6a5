/* HTB and fq_codel on the loopback device, an IFB made and left to go with the namespace.
 * libnl speaks; what the kernel refuses is a missing feature.
 * run/doctor_kernel.c calls. */
#include "tc/probe.h"

#include <errno.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/tc.h>
#include <stdio.h>

#define LOOPBACK 1 /* its ifindex in every namespace */

/* The kind as the root of loopback, and gone again. */
static int try_qdisc(struct nl_sock *s, const char *kind)
{
	struct rtnl_qdisc *q = rtnl_qdisc_alloc();
	int rc;

	if (!q)
		return -NLE_NOMEM;
	rtnl_tc_set_ifindex(TC_CAST(q), LOOPBACK);
	rtnl_tc_set_parent(TC_CAST(q), TC_H_ROOT);
	rtnl_tc_set_handle(TC_CAST(q), TC_HANDLE(0x7066, 0));
	rc = rtnl_tc_set_kind(TC_CAST(q), kind);
	if (rc == 0)
		rc = rtnl_qdisc_add(s, q, NLM_F_CREATE | NLM_F_REPLACE);
	if (rc == 0)
		rc = rtnl_qdisc_delete(s, q);
	rtnl_qdisc_put(q);
	return rc;
}

static int try_htb(struct nl_sock *s)
{
	return try_qdisc(s, "htb");
}

static int try_fq_codel(struct nl_sock *s)
{
	return try_qdisc(s, "fq_codel");
}

static int try_ifb(struct nl_sock *s)
{
	struct rtnl_link *l = rtnl_link_alloc();
	int rc;

	if (!l)
		return -NLE_NOMEM;
	rtnl_link_set_name(l, "probe");
	rc = rtnl_link_set_type(l, "ifb");
	if (rc == 0)
		rc = rtnl_link_add(s, l, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_link_put(l);
	return rc;
}

const struct probe tc_probes[TC_PROBES] = {
	{ "htb", "HTB qdisc", PROBE_SHAPE, "sch_htb", "NET_SCH_HTB", NULL },
	{ "ifb", "IFB devices", PROBE_SHAPE, "ifb", "IFB", NULL },
	{ "fq-codel", "fq_codel qdisc", PROBE_FALLBACK, "sch_fq_codel", "NET_SCH_FQ_CODEL",
		"shaped classes get a plain queue" },
};

static int (*const attempts[TC_PROBES])(struct nl_sock *) = { try_htb, try_ifb, try_fq_codel };

int tc_probe(bool spare_ifb, struct probe_answer ret_answers[TC_PROBES], struct err *err)
{
	struct nl_sock *s = nl_socket_alloc();
	int rc = s ? nl_connect(s, NETLINK_ROUTE) : -NLE_NOMEM;

	if (rc < 0) {
		nl_socket_free(s);
		return err_set(err, ERR_FAIL, "netlink socket to rtnetlink: %s", nl_geterror(rc));
	}
	for (size_t i = 0; i < TC_PROBES; i++) {
		ret_answers[i] = (struct probe_answer){ 0 };
		if (spare_ifb && attempts[i] == try_ifb) {
			ret_answers[i].errnum = ENOPKG;
			continue;
		}
		rc = attempts[i](s);
		if (rc == 0)
			continue;
		ret_answers[i].errnum = EOPNOTSUPP;
		snprintf(ret_answers[i].text, sizeof ret_answers[i].text, "%s", nl_geterror(rc));
	}
	nl_socket_free(s);
	return 0;
}
