/* Reading counters and quotas: see table.h.
 * A dump walks the table's list from its start for each message, so it is quadratic; single requests are linear and win above
 * some 30,000 (kernel-facts.md section 7). run/ calls. */
#include <endian.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "nft/elems.h"
#include "nft/table.h"

#define REQUEST_MAX 512
#define REQUESTS_AT_ONCE 4096

struct reader {
	struct places *by_name;
	struct counter_value *values;
};

static int on_counter(const struct nlmsghdr *nlh, void *arg, struct err *err)
{
	struct reader *r = arg;
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	struct counter_value value;
	size_t at;

	if (nlh->nlmsg_type == NLMSG_ERROR) {
		if (nlh->nlmsg_len >= mnl_nlmsg_size(sizeof *e) && e->error == -ENOENT)
			return 0;
		return err_set(err, ERR_FAIL, "netfilter: a counter could not be read");
	}
	if (places_find(r->by_name, nft_counter_read(nlh, &value), &at))
		r->values[at] = value;
	return 0;
}

static int on_one(const struct nlmsghdr *nlh, void *arg, struct err *err)
{
	(void)err;
	nft_counter_read(nlh, arg);
	return 0;
}

static void put_names(struct nlmsghdr *nlh, const char *name, uint32_t type)
{
	mnl_attr_put_strz(nlh, NFTA_OBJ_TABLE, RULESET_TABLE);
	if (name)
		mnl_attr_put_strz(nlh, NFTA_OBJ_NAME, name);
	mnl_attr_put_u32(nlh, NFTA_OBJ_TYPE, htobe32(type));
}

static int read_some(struct talk *t, struct reader *r, size_t from, size_t n, char *requests, struct err *err)
{
	size_t len = 0;

	for (size_t i = from; i < from + n; i++) {
		struct nlmsghdr *nlh = talk_request(t, NFT_MSG_GETOBJ, 0, NFPROTO_INET);

		put_names(nlh, places_name(r->by_name, i), NFT_OBJECT_COUNTER);
		memcpy(requests + len, nlh, nlh->nlmsg_len);
		len += (nlh->nlmsg_len + 3U) & ~3U;
	}
	return talk_pipeline(t, requests, n, on_counter, r, err);
}

static int read_pipelined(struct talk *t, struct reader *r, struct err *err)
{
	char *requests = malloc((size_t)REQUESTS_AT_ONCE * REQUEST_MAX);
	int rc = 0;

	if (!requests)
		arena_oom();
	for (size_t from = 0, n; from < r->by_name->n && rc == 0; from += n) {
		n = r->by_name->n - from < REQUESTS_AT_ONCE ? r->by_name->n - from : REQUESTS_AT_ONCE;
		rc = read_some(t, r, from, n, requests, err);
	}
	free(requests);
	return rc;
}

int nft_read_counters(struct talk *t, struct places *by_name, struct counter_value *ret_values, struct err *err)
{
	struct reader r = { by_name, ret_values };
	const size_t n = by_name->n;
	struct nlmsghdr *nlh;

	memset(ret_values, 0, n * sizeof *ret_values);
	for (int tries = 0; n <= NFT_DUMP_MAX && tries < 5; tries++) {
		by_name->next = 0;
		nlh = talk_request(t, NFT_MSG_GETOBJ, NLM_F_DUMP, NFPROTO_INET);
		put_names(nlh, NULL, NFT_OBJECT_COUNTER);
		if (talk_dump(t, nlh, on_counter, &r, err) == 0)
			return 0;
		if (err->kind != ERR_STALE)
			return -1;
		memset(ret_values, 0, n * sizeof *ret_values);
	}
	/* Too many, or somebody keeps changing rules: single requests are never interrupted. */
	by_name->next = 0;
	return read_pipelined(t, &r, err);
}

int nft_read_counter(struct talk *t, const char *name, struct counter_value *ret_value, struct err *err)
{
	struct nlmsghdr *nlh = talk_request(t, NFT_MSG_GETOBJ, 0, NFPROTO_INET);

	*ret_value = (struct counter_value){ 0 };
	put_names(nlh, name, NFT_OBJECT_COUNTER);
	return talk_get(t, nlh, on_one, ret_value, err) < 0 && err->errnum != ENOENT ? -1 : 0;
}

struct quota_reader {
	struct arena *arena;
	struct quota_list *out;
};

static int on_quota(const struct nlmsghdr *nlh, void *arg, struct err *err)
{
	struct quota_reader *r = arg;
	struct ruleset_object o;

	(void)err;
	nft_object_read(r->arena, nlh, &o);
	if (o.kind == OBJECT_QUOTA)
		*vec_push(r->arena, &r->out->of) = (struct quota_value){ o.name, o.limit, o.bytes, o.handle };
	return 0;
}

int nft_read_quotas(struct talk *t, struct arena *a, struct quota_list *ret_quotas, struct err *err)
{
	struct quota_reader r = { a, ret_quotas };

	for (int tries = 0; tries < 5; tries++) {
		struct nlmsghdr *nlh = talk_request(t, NFT_MSG_GETOBJ, NLM_F_DUMP, NFPROTO_INET);

		*ret_quotas = (struct quota_list){ 0 };
		put_names(nlh, NULL, NFT_OBJECT_QUOTA);
		if (talk_dump(t, nlh, on_quota, &r, err) == 0)
			return 0;
		if (err->kind != ERR_STALE)
			break;
	}
	return -1;
}

void nft_settle(void)
{
	/* A grace period of RCU: packets run under it. A kernel without the call (nohz_full) answers EINVAL: the value is read
	 * once more before the counter goes. */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}
