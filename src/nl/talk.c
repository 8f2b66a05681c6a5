/* The socket to nfnetlink: see talk.h.
 * Dumps are drained to their end even when interrupted, else the next request on the socket fails with EPROTO.
 * nft/ and run/ call. */
#include "nl/talk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "nl/attr.h"
#include "util/arena.h"
#include "util/hash.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* asm-generic/socket.h since 5.14 */
#endif

#define BUFFER ((size_t)64 << 10)
#define PIPELINE 256
#define RECEIVE_BYTES (16 << 20)
#define REPLY_MAX ((size_t)1024) /* a reply to a request for one object */
#define RESTARTS 16              /* of a system call that EINTR keeps ending */

struct talk {
	int fd;
	uint32_t portid, seq;
	uint64_t writes;
	char *out, *in;
};

int talk_open(struct talk **ret_talk, struct err *err)
{
	struct talk *t = calloc(1, sizeof *t);
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof addr;
	int one = 1, bytes = RECEIVE_BYTES;

	if (!t || !(t->out = malloc(BUFFER)) || !(t->in = malloc(BUFFER)))
		arena_oom();
	t->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (t->fd < 0 || bind(t->fd, (struct sockaddr *)&addr, sizeof addr) < 0 ||
		getsockname(t->fd, (struct sockaddr *)&addr, &len) < 0) {
		err_sys(err, ERR_FAIL, errno, "netlink socket to netfilter");
		talk_close(t);
		return -1;
	}
	t->portid = addr.nl_pid;
	/* A kernel that lacks these answers with less text. */
	setsockopt(t->fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one);
	setsockopt(t->fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one);
	setsockopt(t->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
	*ret_talk = t;
	return 0;
}

void talk_close(struct talk *t)
{
	if (!t)
		return;
	if (t->fd >= 0)
		close(t->fd);
	free(t->out);
	free(t->in);
	free(t);
}

int talk_netns(struct talk *t, uint64_t *ret_id, struct err *err)
{
	socklen_t len = sizeof *ret_id;
	struct stat st;

	if (getsockopt(t->fd, SOL_SOCKET, SO_NETNS_COOKIE, ret_id, &len) == 0)
		return 0;
	if (stat("/proc/self/ns/net", &st) < 0)
		return err_sys(err, ERR_FAIL, errno, "/proc/self/ns/net");
	*ret_id = hash_u64(hash_u64(HASH_START, st.st_dev), st.st_ino);
	return 0;
}

int64_t talk_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint64_t talk_writes(const struct talk *t)
{
	return t->writes;
}

static struct nlmsghdr *header(void *at, uint16_t type, uint16_t flags, uint8_t family, uint16_t res_id)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(at);
	struct nfgenmsg *nfg;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof *nfg);
	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(res_id);
	return nlh;
}

static uint16_t nft_type(uint16_t type)
{
	return (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
}

struct nlmsghdr *talk_request(struct talk *t, uint16_t type, uint16_t flags, uint8_t family)
{
	return header(t->out, nft_type(type), flags, family, 0);
}

static int send_all(struct talk *t, const void *p, size_t len, struct err *err)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	ssize_t n;
	int tries = 0;

	do
		n = sendto(t->fd, p, len, 0, (struct sockaddr *)&to, sizeof to);
	while (n < 0 && (errno == EINTR || errno == EAGAIN) && ++tries < RESTARTS);
	if (n < 0)
		return err_sys(err, ERR_FAIL, errno, "sending to netfilter");
	if ((size_t)n != len)
		return err_set(err, ERR_FAIL, "sending to netfilter: %zd of %zu bytes taken", n, len);
	return 0;
}

static ssize_t receive(struct talk *t, int flags)
{
	ssize_t n;
	int tries = 0;

	do
		n = recv(t->fd, t->in, BUFFER, flags);
	while (n < 0 && errno == EINTR && ++tries < RESTARTS);
	return n;
}

/* Throws away what is queued, so that a failed exchange does not answer the next one. */
static void drain(struct talk *t)
{
	while (receive(t, MSG_DONTWAIT) > 0)
		;
}

static const char *extended_ack(const struct nlmsghdr *nlh)
{
	const struct nlattr *a;
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	size_t skip = sizeof *e;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += attr_align(e->msg.nlmsg_len) - sizeof e->msg;
	if (nlh->nlmsg_len < mnl_nlmsg_size(skip))
		return NULL;
	attr_each (a, nlh, skip)
		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG && *attr_text(a))
			return attr_text(a);
	return NULL;
}

/* 0 for an ack; else sets err. */
static int kernel_error(const struct nlmsghdr *nlh, struct err *err)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	const char *more;

	if (nlh->nlmsg_len < mnl_nlmsg_size(sizeof *e))
		return err_set(err, ERR_FAIL, "netfilter: a cut error message");
	if (e->error == 0)
		return 0;
	if (e->error == -EPERM) {
		err_set(err, ERR_PERM, "netfilter: Operation not permitted: run as root, or give CAP_NET_ADMIN");
		err->errnum = EPERM;
		return -1;
	}
	more = extended_ack(nlh);
	return err_sys(err, ERR_FAIL, -e->error, "netfilter%s%s", more ? ": " : "", more ? more : "");
}

struct dump {
	bool interrupted, done;
};

static int feed(struct talk *t, ssize_t got, struct dump *d, talk_reply *reply, void *arg, struct err *err)
{
	int len = (int)got;

	for (const struct nlmsghdr *nlh = (const void *)t->in; mnl_nlmsg_ok(nlh, len);
		nlh = mnl_nlmsg_next(nlh, &len)) {
		if (nlh->nlmsg_seq != t->seq || nlh->nlmsg_pid != t->portid)
			continue;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			d->interrupted = true;
		if (nlh->nlmsg_type == NLMSG_DONE) {
			d->done = true;
			return 0;
		}
		if (nlh->nlmsg_type == NLMSG_ERROR) {
			d->done = true;
			return kernel_error(nlh, err);
		}
		if (!d->interrupted && reply(nlh, arg, err) < 0)
			return -1;
	}
	return 0;
}

int talk_dump(struct talk *t, struct nlmsghdr *request, talk_reply *reply, void *arg, struct err *err)
{
	struct dump d = { 0 };

	request->nlmsg_seq = ++t->seq;
	if (send_all(t, request, request->nlmsg_len, err) < 0)
		return -1;
	while (!d.done) {
		ssize_t n = receive(t, 0);

		if (n < 0 && errno == ENOBUFS) {
			drain(t);
			return err_set(err, ERR_STALE, "netfilter: the receive buffer ran over");
		}
		if (n < 0)
			return err_sys(err, ERR_FAIL, errno, "receiving from netfilter");
		if (feed(t, n, &d, reply, arg, err) < 0) {
			drain(t);
			return -1;
		}
	}
	return d.interrupted ? err_set(err, ERR_STALE, "netfilter: rules changed while they were read") : 0;
}

int talk_get(struct talk *t, struct nlmsghdr *request, talk_reply *reply, void *arg, struct err *err)
{
	request->nlmsg_seq = ++t->seq;
	if (send_all(t, request, request->nlmsg_len, err) < 0)
		return -1;
	for (;;) {
		ssize_t n = receive(t, 0);
		const struct nlmsghdr *nlh = (const void *)t->in;

		if (n < 0)
			return err_sys(err, ERR_FAIL, errno, "receiving from netfilter");
		if (!mnl_nlmsg_ok(nlh, (int)n) || nlh->nlmsg_seq != t->seq)
			continue;
		if (nlh->nlmsg_type == NLMSG_ERROR)
			return kernel_error(nlh, err);
		return reply(nlh, arg, err);
	}
}

static int receive_many(struct talk *t, size_t due, char *in, talk_reply *reply, void *arg, struct err *err)
{
	struct mmsghdr msg[PIPELINE] = { 0 };
	struct iovec iov[PIPELINE];
	int tries = 0;

	for (size_t i = 0; i < PIPELINE; i++) {
		iov[i] = (struct iovec){ in + i * REPLY_MAX, REPLY_MAX };
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	while (due > 0) {
		int n = recvmmsg(t->fd, msg, (unsigned int)due, MSG_WAITFORONE, NULL);

		if (n < 0 && errno == EINTR && ++tries < RESTARTS)
			continue;
		if (n < 0)
			return err_sys(err, ERR_FAIL, errno, "receiving from netfilter");
		for (int i = 0; i < n; i++) {
			const struct nlmsghdr *nlh = (const void *)(in + (size_t)i * REPLY_MAX);

			if (!mnl_nlmsg_ok(nlh, (int)msg[i].msg_len))
				return err_set(err, ERR_FAIL, "netfilter: a cut reply");
			if (reply(nlh, arg, err) < 0)
				return -1;
		}
		due -= (size_t)n;
	}
	return 0;
}

int talk_pipeline(struct talk *t, void *requests, size_t n, talk_reply *reply, void *arg, struct err *err)
{
	char *at = requests, *in = malloc(PIPELINE * REPLY_MAX);
	int rc = 0;

	if (!in)
		arena_oom();
	while (n > 0 && rc == 0) {
		size_t due = n < PIPELINE ? n : PIPELINE;
		char *from = at;

		for (size_t i = 0; i < due; i++) {
			struct nlmsghdr *nlh = (void *)at;

			nlh->nlmsg_seq = ++t->seq;
			at += attr_align(nlh->nlmsg_len);
		}
		rc = send_all(t, from, (size_t)(at - from), err);
		if (rc == 0)
			rc = receive_many(t, due, in, reply, arg, err);
		n -= due;
	}
	if (rc < 0)
		drain(t);
	free(in);
	return rc;
}

static int on_generation(const struct nlmsghdr *nlh, void *arg, struct err *err)
{
	const struct nlattr *a;

	attr_each (a, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == NFTA_GEN_ID) {
			*(uint32_t *)arg = attr_be32(a);
			return 0;
		}
	return err_set(err, ERR_FAIL, "netfilter: no generation id in the reply");
}

int talk_generation(struct talk *t, uint32_t *ret_generation, struct err *err)
{
	return talk_get(t, talk_request(t, NFT_MSG_GETGEN, 0, AF_UNSPEC), on_generation, ret_generation, err);
}

struct nlmsghdr *batch_begin(struct batch *b, uint16_t type, uint16_t flags, uint8_t family)
{
	if (b->cap - b->len < 2 * BATCH_MESSAGE_MAX) {
		b->cap = b->cap ? 2 * b->cap : 4 * BATCH_MESSAGE_MAX;
		b->p = realloc(b->p, b->cap);
		if (!b->p)
			arena_oom();
	}
	if (b->len == 0) {
		struct nlmsghdr *nlh = header(b->p, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);

		mnl_attr_put_u32(nlh, NFNL_BATCH_GENID, 0); /* talk_batch() fills it in */
		b->len = attr_align(nlh->nlmsg_len);
	}
	return header(b->p + b->len, nft_type(type), flags, family, 0);
}

void batch_end(struct batch *b, const struct nlmsghdr *nlh)
{
	b->len += attr_align(nlh->nlmsg_len);
	b->messages++;
}

void batch_free(struct batch *b)
{
	free(b->p);
	*b = (struct batch){ 0 };
}

/* Numbers the messages, sets the generation, asks the last one for its ack. Returns the first sequence number. */
static uint32_t seal(struct talk *t, struct batch *b, uint32_t generation)
{
	struct nlmsghdr *nlh = (void *)b->p, *last = nlh;
	uint32_t first = t->seq + 1, id = htonl(generation);
	size_t at = 0;

	memcpy((char *)mnl_nlmsg_get_payload_offset(nlh, sizeof(struct nfgenmsg)) + sizeof(struct nlattr), &id,
		sizeof id);
	for (size_t i = 0; i <= b->messages; i++) {
		last = (void *)(b->p + at);
		last->nlmsg_seq = ++t->seq;
		at += attr_align(last->nlmsg_len);
	}
	last->nlmsg_flags |= NLM_F_ACK;
	nlh = header(b->p + at, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	nlh->nlmsg_seq = ++t->seq;
	b->len = at + attr_align(nlh->nlmsg_len);
	return first;
}

/* What the kernel said about the batch: its replies were queued while it was sent. */
static int outcome(struct talk *t, uint32_t first, struct err *err)
{
	bool ack = false, failed = false;
	struct err one = { 0 };

	for (;;) {
		ssize_t n = receive(t, MSG_DONTWAIT);
		int len = (int)n;

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			return err_set(err, ERR_STALE, "netfilter: the answer to a change was lost");
		for (const struct nlmsghdr *nlh = (const void *)t->in; mnl_nlmsg_ok(nlh, len);
			nlh = mnl_nlmsg_next(nlh, &len)) {
			if (nlh->nlmsg_type != NLMSG_ERROR || nlh->nlmsg_seq - first > t->seq - first)
				continue;
			if (kernel_error(nlh, &one) == 0) {
				ack = true;
			} else if (!failed) {
				failed = true;
				*err = one;
			}
		}
	}
	if (!failed && ack)
		return 0;
	if (!failed)
		return err_set(err, ERR_STALE, "netfilter: a change was not acknowledged");
	if (err->errnum == ERESTART || err->errnum == ENOENT || err->errnum == EEXIST || err->errnum == EBUSY)
		err->kind = ERR_STALE;
	return -1;
}

int talk_batch(struct talk *t, struct batch *b, uint32_t generation, struct err *err)
{
	uint32_t first;
	int bytes;

	if (b->messages == 0)
		return 0;
	drain(t);
	first = seal(t, b, generation);
	bytes = b->len > ((size_t)1 << 29) ? 1 << 30 : (int)(2 * b->len) + (64 << 10);
	setsockopt(t->fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
	if (send_all(t, b->p, b->len, err) < 0)
		return -1;
	t->writes += b->messages;
	return outcome(t, first, err);
}
