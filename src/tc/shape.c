/* One message a step, each acknowledged before the next. Built on libnl's message layer like link.c: its objects of HTB have no name for
 * the room of unshaped packets, round bursts to microseconds, and send two tables of 1 kB with every class that no kernel reads.
 * run/ calls through shape.h. */
#include "tc/shape.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "tc/shape_internal.h"

#define LOOPBACK 1 /* its ifindex in every namespace */
#define HTB_VERSION 3
#define R2Q 10 /* the kernel's default; quanta are given with each class */

/* How long deleting waits for what is queued. A slow class is deep in debt after a large packet: it does not empty sooner. */
#define DRAIN_MS 1000
#define DRAIN_FIRST_MS 2
#define DRAIN_STEP_MS 50

/* -- exchange -- */

/* Sees each message before libnl does: what the kernel says about a request, also about one that it grants. */
static int on_message(struct nl_msg *msg, void *arg)
{
	struct shaper *s = arg;
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct nlmsgerr *e = nlmsg_data(h);
	int skip = NLMSG_HDRLEN + (int)sizeof *e;

	if (h->nlmsg_type != NLMSG_ERROR || !nlmsg_valid_hdr(h, (int)sizeof *e))
		return NL_OK;
	s->refused = -e->error;
	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return NL_OK;
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		skip += (int)(NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof e->msg);
	if ((int)h->nlmsg_len < skip)
		return NL_OK;
	struct nlattr *text = nla_find(
		(struct nlattr *)((char *)h + skip), (int)h->nlmsg_len - skip, NLMSGERR_ATTR_MSG);
	if (text) {
		nla_strlcpy(s->said, text, sizeof s->said);
		s->warnings += e->error == 0;
	}
	return NL_OK;
}

static int connect_anew(struct shaper *s)
{
	struct nl_sock *sock = nl_socket_alloc();
	int rc = sock ? nl_connect(sock, NETLINK_ROUTE) : -NLE_NOMEM, one = 1;

	if (rc >= 0)
		rc = nl_socket_modify_cb(sock, NL_CB_MSG_IN, NL_CB_CUSTOM, on_message, s);
	if (rc < 0) {
		nl_socket_free(sock);
		return rc;
	}
	/* A kernel that lacks these answers with less text. */
	(void)setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one);
	(void)setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one);
	nl_socket_free(s->sock);
	s->sock = sock;
	return 0;
}

/* An exchange that broke off leaves libnl waiting for an answer that never comes, or with one that nobody waits for. */
static void lose(struct shaper *s)
{
	s->lost = true;
	s->refused = EIO;
	(void)connect_anew(s);
}

int shaper_open(struct shaper **ret_shaper, struct err *err)
{
	struct shaper *s = calloc(1, sizeof *s);
	int rc;

	if (!s)
		arena_oom();
	rc = connect_anew(s);
	if (rc < 0) {
		shaper_close(s);
		return err_set(err, ERR_FAIL, "netlink socket to rtnetlink: %s", nl_geterror(rc));
	}
	*ret_shaper = s;
	return 0;
}

void shaper_close(struct shaper *s)
{
	if (!s)
		return;
	nl_socket_free(s->sock);
	free(s);
}

uint64_t shaper_writes(const struct shaper *s)
{
	return s->writes;
}

uint64_t shaper_warnings(const struct shaper *s)
{
	return s->warnings;
}

struct nl_msg *shaper_message(int type, int flags, int ifindex, uint32_t parent, uint32_t handle)
{
	const struct tcmsg t = {
		.tcm_family = AF_UNSPEC, .tcm_ifindex = ifindex, .tcm_parent = parent, .tcm_handle = handle
	};
	struct nl_msg *m = nlmsg_alloc_simple(type, flags);

	if (!m || nlmsg_append(m, (void *)(uintptr_t)&t, sizeof t, NLMSG_ALIGNTO) < 0)
		arena_oom();
	return m;
}

int shaper_ask(struct shaper *s, struct nl_msg *m)
{
	int rc;

	s->refused = 0;
	s->lost = false;
	s->said[0] = '\0';
	rc = nl_send_sync(s->sock, m);
	if (rc >= 0)
		return 0;
	if (s->refused == 0)
		lose(s);
	return -1;
}

int shaper_get(struct shaper *s, struct nl_msg *m, shaper_reply *f, void *arg)
{
	int rc = nl_socket_modify_cb(s->sock, NL_CB_VALID, NL_CB_CUSTOM, f, arg);

	s->refused = 0;
	s->lost = false;
	s->said[0] = '\0';
	if (rc >= 0)
		rc = nl_send_auto(s->sock, m);
	nlmsg_free(m);
	/* the answer, and the acknowledgement as a datagram of its own; a refusal is both */
	if (rc >= 0)
		rc = nl_recvmsgs_default(s->sock);
	if (rc >= 0)
		rc = nl_wait_for_ack(s->sock);
	if (rc >= 0)
		return 0;
	if (s->refused == 0)
		lose(s);
	return -1;
}

int shaper_dump(struct shaper *s, struct nl_msg *m, shaper_reply *f, void *arg, struct err *err)
{
	int rc = nl_socket_modify_cb(s->sock, NL_CB_VALID, NL_CB_CUSTOM, f, arg);

	s->refused = 0;
	if (rc >= 0)
		rc = nl_send_auto(s->sock, m);
	nlmsg_free(m);
	if (rc >= 0)
		rc = nl_recvmsgs_default(s->sock);
	if (rc >= 0 && s->refused == 0)
		return 0;
	/* ENOBUFS arrives as NLE_NOMEM */
	if (s->refused == ENODEV)
		return err_set(err, ERR_STALE, "reading queues: they changed meanwhile");
	if (s->refused)
		return err_sys(err, ERR_FAIL, s->refused, "reading queues");
	if (rc != -NLE_DUMP_INTR)
		lose(s);
	if (rc == -NLE_DUMP_INTR || rc == -NLE_NOMEM || rc == -NLE_AGAIN)
		return err_set(err, ERR_STALE, "reading queues: they changed meanwhile");
	return err_set(err, ERR_FAIL, "reading queues: %s", nl_geterror(rc));
}

/* -- the messages -- */

/* Room is 4 kB and the largest message is 200 bytes: what libnl answers for want of room cannot happen. */
static void put(struct nl_msg *m, int type, const void *data, size_t len)
{
	if (nla_put(m, type, (int)len, data) < 0)
		arena_oom();
}

static struct nlattr *open_options(struct nl_msg *m, const char *kind)
{
	struct nlattr *options;

	put(m, TCA_KIND, kind, strlen(kind) + 1);
	options = nla_nest_start(m, TCA_OPTIONS);
	if (!options)
		arena_oom();
	return options;
}

static struct nl_msg *root_add(const struct shape_step *s)
{
	const struct shape_device *d = s->device;
	const struct tc_htb_glob init = { .version = HTB_VERSION, .rate2quantum = R2Q, .defcls = d->rest };
	/* EXCL: a root that somebody configured meanwhile stays */
	struct nl_msg *m = shaper_message(RTM_NEWQDISC, NLM_F_CREATE | (s->replace ? NLM_F_REPLACE : NLM_F_EXCL),
		d->ifindex, TC_H_ROOT, d->major << 16);
	struct nlattr *options = open_options(m, "htb");

	put(m, TCA_HTB_INIT, &init, sizeof init);
	put(m, TCA_HTB_DIRECT_QLEN, &d->direct_packets, sizeof d->direct_packets);
	nla_nest_end(m, options);
	return m;
}

static struct tc_ratespec ratespec(uint64_t rate_bytes)
{
	/* with a link layer named the kernel asks for no table of rates */
	return (struct tc_ratespec){ .linklayer = TC_LINKLAYER_ETHERNET,
		.rate = rate_bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)rate_bytes };
}

static struct nl_msg *class_put(const struct shape_step *s, int flags)
{
	const struct shape_device *d = s->device;
	const struct shape_class *c = s->to;
	const struct tc_htb_opt o = {
		.rate = ratespec(c->rate_bytes),
		.ceil = ratespec(c->ceil_bytes),
		.buffer = c->burst_ticks,
		.cbuffer = c->cburst_ticks,
		.quantum = c->quantum_bytes,
		.prio = c->prio,
	};
	struct nl_msg *m = shaper_message(RTM_NEWTCLASS, flags, d->ifindex,
		c->parent ? d->major << 16 | c->parent : d->major << 16, d->major << 16 | c->minor);
	struct nlattr *options = open_options(m, "htb");

	put(m, TCA_HTB_PARMS, &o, sizeof o);
	if (c->rate_bytes > UINT32_MAX)
		put(m, TCA_HTB_RATE64, &c->rate_bytes, sizeof c->rate_bytes);
	if (c->ceil_bytes > UINT32_MAX)
		put(m, TCA_HTB_CEIL64, &c->ceil_bytes, sizeof c->ceil_bytes);
	nla_nest_end(m, options);
	return m;
}

static struct nl_msg *leaf_put(const struct shape_step *s)
{
	const struct shape_leaf *l = &s->to->leaf;
	const struct tc_fifo_qopt fifo = { .limit = l->limit };
	/* without a handle: the kernel takes a free one, or changes a queue of that kind in place */
	struct nl_msg *m = shaper_message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, s->device->ifindex,
		s->device->major << 16 | s->to->minor, 0);

	if (l->kind == SHAPE_LEAF_FIFO) {
		put(m, TCA_KIND, "bfifo", sizeof "bfifo");
		put(m, TCA_OPTIONS, &fifo, sizeof fifo);
	} else {
		struct nlattr *options = open_options(m, "fq_codel");

		put(m, TCA_FQ_CODEL_LIMIT, &l->limit, sizeof l->limit);
		put(m, TCA_FQ_CODEL_TARGET, &l->target_us, sizeof l->target_us);
		put(m, TCA_FQ_CODEL_INTERVAL, &l->interval_us, sizeof l->interval_us);
		nla_nest_end(m, options);
	}
	return m;
}

/* All of that preference. */
static struct nl_msg *filter_del(const struct shape_step *s)
{
	const struct shape_device *d = s->device;
	const struct shape_filter *f = s->filter;
	struct nl_msg *m = shaper_message(RTM_DELTFILTER, 0, d->ifindex, d->major << 16 | f->minor, 0);
	struct tcmsg *t = nlmsg_data(nlmsg_hdr(m));

	t->tcm_info = (uint32_t)f->pref << 16 | f->protocol;
	put(m, TCA_KIND, f->kind, strlen(f->kind) + 1);
	if (f->chain)
		put(m, TCA_CHAIN, &f->chain, sizeof f->chain);
	return m;
}

/* NULL: sends nothing. */
static struct nl_msg *message_of(const struct shape_step *s)
{
	const struct shape_device *d = s->device;

	switch (s->kind) {
	case SHAPE_ROOT_ADD:
		return root_add(s);
	case SHAPE_CLASS_ADD:
		return class_put(s, NLM_F_CREATE | NLM_F_EXCL);
	case SHAPE_CLASS_SET:
		return class_put(s, 0);
	case SHAPE_LEAF_SET:
		return leaf_put(s);
	case SHAPE_CLASS_DEL:
		return shaper_message(RTM_DELTCLASS, 0, d->ifindex, 0, d->major << 16 | s->from->minor);
	case SHAPE_ROOT_DEL:
		return shaper_message(RTM_DELQDISC, 0, d->ifindex, TC_H_ROOT, d->major << 16);
	case SHAPE_FILTER_DEL:
		return filter_del(s);
	case SHAPE_DRAIN:
		break;
	}
	return NULL;
}

int shape_probe(struct shaper *s, bool *ret_htb, bool *ret_codel, struct err *err)
{
	const char *const kinds[] = { "htb", "fq_codel" };
	bool have[2];

	for (size_t i = 0; i < 2; i++) {
		/* these flags without a handle always make one anew; htb refuses to start without options, fq_codel with 0 flows */
		struct nl_msg *m = shaper_message(
			RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_EXCL, LOOPBACK, TC_H_ROOT, 0);

		if (i == 0) {
			put(m, TCA_KIND, kinds[i], strlen(kinds[i]) + 1);
		} else {
			const uint32_t none = 0;
			struct nlattr *options = open_options(m, kinds[i]);

			put(m, TCA_FQ_CODEL_FLOWS, &none, sizeof none);
			nla_nest_end(m, options);
		}
		if (shaper_ask(s, m) == 0)
			return err_set(err, ERR_FAIL, "the kernel made a %s queue that it should refuse", kinds[i]);
		if (s->lost)
			return err_set(err, ERR_FAIL, "asking for %s: no answer from the kernel", kinds[i]);
		if (s->refused == EPERM)
			return err_sys(err, ERR_FAIL, EPERM, "asking for %s", kinds[i]);
		have[i] = s->refused == EINVAL;
	}
	*ret_htb = have[0];
	*ret_codel = have[1];
	return 0;
}

/* -- steps -- */

static bool moved_on(const struct shaper *s, enum shape_step_kind kind)
{
	switch (kind) {
	case SHAPE_ROOT_ADD:
	case SHAPE_CLASS_ADD:
		return s->refused == EEXIST || s->refused == ENODEV;
	case SHAPE_CLASS_SET:
	case SHAPE_CLASS_DEL:
	case SHAPE_ROOT_DEL:
	case SHAPE_FILTER_DEL:
		return s->refused == ENOENT || s->refused == ENODEV;
	case SHAPE_LEAF_SET:
	case SHAPE_DRAIN:
		break;
	}
	return s->refused == ENODEV;
}

static uint64_t waiting(struct shape_device *d, const struct shape_step *s)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < s->n_minors; i++) {
		const struct shape_class *c = shape_class(d, s->minors[i]);

		bytes += c ? c->backlog_bytes : 0;
	}
	return bytes;
}

/* What is left then is lost when the class goes. */
static void drain(struct shaper *s, const struct shape_step *step)
{
	int wait = DRAIN_FIRST_MS;

	for (int waited = 0;
		waited<DRAIN_MS; waited += wait, wait = 2 * wait> DRAIN_STEP_MS ? DRAIN_STEP_MS : 2 * wait) {
		cleanup_arena struct arena a = { 0 };
		struct shape_device now = { .ifindex = step->device->ifindex, .major = step->device->major };
		const struct timespec pause = { .tv_nsec = wait * 1000000L };
		struct err ignored;

		if (shaper_classes(s, &a, &now, &ignored) < 0 || waiting(&now, step) == 0)
			return;
		nanosleep(&pause, NULL);
	}
}

static int one(struct shaper *s, struct arena *a, const struct shape_step *step, struct err *err)
{
	struct nl_msg *m;

	if (step->kind == SHAPE_DRAIN) {
		drain(s, step);
		return 0;
	}
	m = message_of(step);
	s->writes++;
	if (shaper_ask(s, m) == 0)
		return 0;
	if (s->lost)
		return err_set(err, ERR_FAIL, "%s: no answer from the kernel", shape_step_text(a, step));
	return err_sys(err, moved_on(s, step->kind) ? ERR_STALE : ERR_FAIL, s->refused, "%s: the kernel refused%s%s",
		shape_step_text(a, step), *s->said ? ": " : "", s->said);
}

int shape_rollback(struct shaper *s, struct arena *a, const struct shape_step *steps, size_t n, struct err *err)
{
	int rc = 0;

	while (n-- > 0) {
		struct shape_step undo[2];
		struct err e;
		size_t count = shape_undo(&steps[n], undo);

		for (size_t i = 0; i < count; i++)
			if (one(s, a, &undo[i], &e) < 0 && rc == 0) {
				*err = e;
				rc = -1;
			}
	}
	return rc;
}

int shape_execute(struct shaper *s, struct arena *a, const struct shape_step *steps, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct err e, back;

		if (one(s, a, &steps[i], &e) == 0)
			continue;
		/* perhaps it was done: then it is undone, else there is nothing to undo */
		if (s->lost)
			(void)shape_rollback(s, a, &steps[i], 1, &back);
		if (shape_rollback(s, a, steps, i, &back) == 0)
			err_set(err, e.kind, "%s", e.text);
		else
			err_set(err, e.kind, "%s (and what was done before could not be undone: %s)", e.text,
				back.text);
		err->errnum = e.errnum;
		return -1;
	}
	return 0;
}
