/* Dumps: all root qdiscs and queues of the namespace; the classes of each device that has our root, and the filters of that root and of the
 * class above all others. Filters of a class without others below it are not asked for: HTB looks at none of them.
 * Parsed message by message: a qdisc of somebody else that libnl's own parser cannot read must not stop us, and the kernel's ticks are
 * compared exactly, where libnl rounds them to microseconds.
 * run/ calls through shape.h. */
#include <errno.h>
#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <stdlib.h>
#include <string.h>

#include "tc/shape_internal.h"

#define ATTEMPTS 5
#define MINOR(handle) ((handle)&TC_H_MIN_MASK)
#define MAJOR(handle) ((handle) >> 16)

struct queue {
	int ifindex;
	uint32_t minor;
	struct shape_leaf leaf;
};

struct reader {
	struct arena *arena;
	uint32_t major;
	struct shape_device_list devices; /* of the links, in their order */
	VEC_OF(struct queue) queues;
	struct shape_device *device; /* the one whose classes come in */
};

static const struct nla_policy tc_policy[TCA_MAX + 1] = {
	[TCA_KIND] = { .type = NLA_STRING },
};

static uint32_t u32_or(struct nlattr *a, uint32_t otherwise)
{
	return a && nla_len(a) >= (int)sizeof(uint32_t) ? nla_get_u32(a) : otherwise;
}

static struct shape_device *device_at(struct reader *r, int ifindex)
{
	for (size_t i = 0; i < r->devices.n; i++)
		if (r->devices.at[i].ifindex == ifindex)
			return &r->devices.at[i];
	return NULL;
}

static void root_options(struct shape_device *d, struct nlattr *options)
{
	struct nlattr *tb[TCA_HTB_MAX + 1];
	struct tc_htb_glob init;

	d->odd = true;
	if (!options || nla_parse_nested(tb, TCA_HTB_MAX, options, NULL) < 0 || !tb[TCA_HTB_INIT] ||
		nla_len(tb[TCA_HTB_INIT]) < (int)sizeof init)
		return;
	memcpy(&init, nla_data(tb[TCA_HTB_INIT]), sizeof init);
	d->rest = init.defcls;
	d->direct_packets = u32_or(tb[TCA_HTB_DIRECT_QLEN], 0);
	d->odd = tb[TCA_HTB_OFFLOAD] != NULL;
}

static struct shape_leaf leaf_of(const char *kind, struct nlattr *options)
{
	struct shape_leaf leaf = { .kind = SHAPE_LEAF_OTHER };
	struct nlattr *tb[TCA_FQ_CODEL_MAX + 1];

	if (!options)
		return leaf;
	if (strcmp(kind, "bfifo") == 0 && nla_len(options) >= (int)sizeof(struct tc_fifo_qopt)) {
		leaf.kind = SHAPE_LEAF_FIFO;
		leaf.limit = u32_or(options, 0);
	} else if (strcmp(kind, "fq_codel") == 0 && nla_parse_nested(tb, TCA_FQ_CODEL_MAX, options, NULL) >= 0) {
		leaf.kind = SHAPE_LEAF_CODEL;
		leaf.limit = u32_or(tb[TCA_FQ_CODEL_LIMIT], 0);
		/* The kernel keeps units of 1,024 ns and rounds down both ways: one more, sent again, is the same to it. */
		leaf.target_us = u32_or(tb[TCA_FQ_CODEL_TARGET], 0) + 1;
		leaf.interval_us = u32_or(tb[TCA_FQ_CODEL_INTERVAL], 0) + 1;
	}
	return leaf;
}

static int on_qdisc(struct nl_msg *msg, void *arg)
{
	struct reader *r = arg;
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct nlattr *tb[TCA_MAX + 1];
	int rc;

	if (h->nlmsg_type != RTM_NEWQDISC)
		return NL_OK;
	rc = nlmsg_parse(h, sizeof(struct tcmsg), tb, TCA_MAX, tc_policy);
	if (rc < 0)
		return rc;
	const struct tcmsg *t = nlmsg_data(h);
	const char *kind = tb[TCA_KIND] ? nla_get_string(tb[TCA_KIND]) : "";
	if (t->tcm_parent != TC_H_ROOT && MAJOR(t->tcm_parent) == r->major) {
		struct queue *q = vec_push(r->arena, &r->queues);

		q->ifindex = t->tcm_ifindex;
		q->minor = MINOR(t->tcm_parent);
		q->leaf = leaf_of(kind, tb[TCA_OPTIONS]);
	}
	struct shape_device *d = t->tcm_parent == TC_H_ROOT ? device_at(r, t->tcm_ifindex) : NULL;
	if (!d || t->tcm_handle == 0)
		return NL_OK;
	nla_strlcpy(d->kind, tb[TCA_KIND], sizeof d->kind);
	d->handle = t->tcm_handle;
	d->root = SHAPE_ROOT_FOREIGN;
	if (t->tcm_handle == r->major << 16 && strcmp(kind, "htb") == 0) {
		d->root = SHAPE_ROOT_OURS;
		root_options(d, tb[TCA_OPTIONS]);
	}
	return NL_OK;
}

static uint64_t rate_of(const struct tc_ratespec *r, struct nlattr *wide)
{
	return wide && nla_len(wide) >= (int)sizeof(uint64_t) ? nla_get_u64(wide) : r->rate;
}

static bool plain(const struct tc_ratespec *r)
{
	return r->overhead == 0 && r->mpu == 0 && (r->linklayer & TC_LINKLAYER_MASK) <= TC_LINKLAYER_ETHERNET;
}

static void class_options(struct shape_class *c, struct nlattr *options)
{
	struct nlattr *tb[TCA_HTB_MAX + 1];
	struct tc_htb_opt o;

	c->odd = true;
	if (!options || nla_parse_nested(tb, TCA_HTB_MAX, options, NULL) < 0 || !tb[TCA_HTB_PARMS] ||
		nla_len(tb[TCA_HTB_PARMS]) < (int)sizeof o)
		return;
	memcpy(&o, nla_data(tb[TCA_HTB_PARMS]), sizeof o);
	c->rate_bytes = rate_of(&o.rate, tb[TCA_HTB_RATE64]);
	c->ceil_bytes = rate_of(&o.ceil, tb[TCA_HTB_CEIL64]);
	c->burst_ticks = o.buffer;
	c->cburst_ticks = o.cbuffer;
	c->quantum_bytes = o.quantum;
	c->prio = o.prio;
	c->odd = !plain(&o.rate) || !plain(&o.ceil);
}

static void class_stats(struct shape_class *c, struct nlattr *nested)
{
	struct nlattr *stats[TCA_STATS_MAX + 1];
	struct gnet_stats_queue queue;
	struct tc_htb_xstats own;

	if (!nested || nla_parse_nested(stats, TCA_STATS_MAX, nested, NULL) < 0)
		return;
	if (stats[TCA_STATS_QUEUE] && nla_len(stats[TCA_STATS_QUEUE]) >= (int)sizeof queue) {
		memcpy(&queue, nla_data(stats[TCA_STATS_QUEUE]), sizeof queue);
		c->backlog_bytes = queue.backlog;
	}
	if (stats[TCA_STATS_APP] && nla_len(stats[TCA_STATS_APP]) >= (int)sizeof own) {
		memcpy(&own, nla_data(stats[TCA_STATS_APP]), sizeof own);
		c->owes_ticks = own.ctokens < 0 ? 0 - (uint32_t)own.ctokens : 0;
	}
}

static int on_class(struct nl_msg *msg, void *arg)
{
	struct reader *r = arg;
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct nlattr *tb[TCA_MAX + 1];
	int rc;

	if (h->nlmsg_type != RTM_NEWTCLASS)
		return NL_OK;
	rc = nlmsg_parse(h, sizeof(struct tcmsg), tb, TCA_MAX, tc_policy);
	if (rc < 0)
		return rc;
	const struct tcmsg *t = nlmsg_data(h);
	/* classes of somebody's qdisc deeper down, or of an ingress qdisc */
	if (t->tcm_ifindex != r->device->ifindex || MAJOR(t->tcm_handle) != r->major)
		return NL_OK;
	struct shape_class *c = vec_push(r->arena, &r->device->classes);
	c->minor = MINOR(t->tcm_handle);
	/* of a class right below the root the kernel says ffff:ffff */
	c->parent = t->tcm_parent == TC_H_ROOT ? 0 : MINOR(t->tcm_parent);
	class_options(c, tb[TCA_OPTIONS]);
	class_stats(c, tb[TCA_STATS2]);
	return NL_OK;
}

static int by_minor(const void *x, const void *y)
{
	const struct shape_class *p = x, *q = y;

	return (p->minor > q->minor) - (p->minor < q->minor);
}

int shaper_classes(struct shaper *s, struct arena *a, struct shape_device *d, struct err *err)
{
	struct reader r = { .arena = a, .major = d->major, .device = d };
	struct nl_msg *m = shaper_message(RTM_GETTCLASS, NLM_F_DUMP, d->ifindex, 0, 0);

	d->classes.n = 0;
	if (shaper_dump(s, m, on_class, &r, err) < 0)
		return -1;
	if (d->classes.n > 0)
		qsort(d->classes.at, d->classes.n, sizeof *d->classes.at, by_minor);
	return 0;
}

/* One of a preference is many: tables and their entries. */
static bool known_filter(const struct shape_device *d, const struct shape_filter *f)
{
	for (size_t i = d->filters.n; i-- > 0;) {
		const struct shape_filter *x = &d->filters.at[i];

		if (x->minor == f->minor && x->chain == f->chain && x->pref == f->pref && x->protocol == f->protocol)
			return true;
	}
	return false;
}

static int on_filter(struct nl_msg *msg, void *arg)
{
	struct reader *r = arg;
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct nlattr *tb[TCA_MAX + 1];
	struct shape_filter f;
	int rc;

	if (h->nlmsg_type != RTM_NEWTFILTER)
		return NL_OK;
	rc = nlmsg_parse(h, sizeof(struct tcmsg), tb, TCA_MAX, tc_policy);
	if (rc < 0)
		return rc;
	const struct tcmsg *t = nlmsg_data(h);
	if (t->tcm_ifindex != r->device->ifindex || MAJOR(t->tcm_parent) != r->major)
		return NL_OK;
	f = (struct shape_filter){ .minor = MINOR(t->tcm_parent),
		.chain = u32_or(tb[TCA_CHAIN], 0),
		.pref = (uint16_t)(t->tcm_info >> 16),
		.protocol = (uint16_t)t->tcm_info };
	if (tb[TCA_KIND])
		nla_strlcpy(f.kind, tb[TCA_KIND], sizeof f.kind);
	if (!known_filter(r->device, &f))
		*vec_push(r->arena, &r->device->filters) = f;
	return NL_OK;
}

/* A kernel that has no filters at all refuses to list them. */
static int read_filters(struct shaper *s, struct reader *r, struct shape_device *d, struct err *err)
{
	const uint32_t at[] = { 0, SHAPE_INNER };

	r->device = d;
	for (size_t i = 0; i < sizeof at / sizeof *at; i++)
		if (shaper_dump(s, shaper_message(RTM_GETTFILTER, NLM_F_DUMP, d->ifindex, d->major << 16 | at[i], 0),
			    on_filter, r, err) < 0 &&
			err->errnum != EOPNOTSUPP)
			return -1;
	return 0;
}

static int by_place(const void *x, const void *y)
{
	const struct queue *p = x, *q = y;

	if (p->ifindex != q->ifindex)
		return p->ifindex < q->ifindex ? -1 : 1;
	return (p->minor > q->minor) - (p->minor < q->minor);
}

static void give_leaves(struct reader *r)
{
	if (r->queues.n == 0)
		return;
	qsort(r->queues.at, r->queues.n, sizeof *r->queues.at, by_place);
	for (size_t i = 0; i < r->devices.n; i++) {
		struct shape_device *d = &r->devices.at[i];

		for (size_t k = 0; k < d->classes.n; k++) {
			const struct queue key = { .ifindex = d->ifindex, .minor = d->classes.at[k].minor };
			const struct queue *q = bsearch(&key, r->queues.at, r->queues.n, sizeof key, by_place);

			if (q)
				d->classes.at[k].leaf = q->leaf;
		}
	}
}

static int read_once(struct shaper *s, struct reader *r, struct err *err)
{
	if (shaper_dump(s, shaper_message(RTM_GETQDISC, NLM_F_DUMP, 0, 0, 0), on_qdisc, r, err) < 0)
		return -1;
	for (size_t i = 0; i < r->devices.n; i++)
		if (r->devices.at[i].root == SHAPE_ROOT_OURS &&
			(shaper_classes(s, r->arena, &r->devices.at[i], err) < 0 ||
				read_filters(s, r, &r->devices.at[i], err) < 0))
			return -1;
	give_leaves(r);
	return 0;
}

int shape_read(struct shaper *s, struct arena *a, const struct links *l, uint32_t major,
	struct shape_device_list *ret_devices, struct err *err)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		struct reader r = { .arena = a, .major = major };

		for (size_t k = 0; k < l->devices.n; k++) {
			struct shape_device *d = vec_push(a, &r.devices);

			d->ifindex = l->devices.at[k].ifindex;
			memcpy(d->name, l->devices.at[k].name, sizeof d->name);
			d->major = major;
		}
		if (read_once(s, &r, err) == 0) {
			*ret_devices = r.devices;
			return 0;
		}
		if (err->kind != ERR_STALE)
			return -1;
	}
	return err_set(err, ERR_BUSY, "queues changed during each of %d attempts to read them", ATTEMPTS);
}
