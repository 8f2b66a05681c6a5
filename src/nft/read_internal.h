/* The readers of single messages, apart from the socket: what a dump brings, one message at a time.
 * So that any bytes can be tried on them; the caller guarantees a whole header and nlmsg_len bytes behind it, as nl/talk.c does.
 * nft/ and the fuzzers only. */
#ifndef NFT_READ_INTERNAL_H
#define NFT_READ_INTERNAL_H

#include "model/ruleset.h"
#include "nl/talk.h"

struct nft_reader {
	struct arena *arena;
	struct ruleset *out;
};

/* A talk_reply: adds what the message says (table, chain, rule, set, object, flowtable, by its type) to arg's ruleset.
 * arg: a struct nft_reader. */
int nft_read_reply(const struct nlmsghdr *nlh, void *arg, struct err *err);

/* A key of an interval set. */
struct nft_point {
	struct ruleset_elem elem;
	bool end; /* the key is the first one behind a range */
};

/* The elements of one set, message by message; nft_elems_end() pairs ends with starts when all are in. */
struct nft_elems {
	struct arena *arena;
	struct ruleset_set *set;
	uint64_t late_ms;      /* since the moment from which the ruleset's deadlines are counted */
	const char *last_name; /* neighbours often share their counter: one copy */
	VEC_OF(struct nft_point) points;
};

/* A talk_reply; arg: a struct nft_elems. */
int nft_elems_reply(const struct nlmsghdr *nlh, void *arg, struct err *err);
void nft_elems_end(struct nft_elems *x);

#endif
