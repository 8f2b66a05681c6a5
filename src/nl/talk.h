/* The one socket to nfnetlink: who sends and receives for nft is here and nowhere else. Requests are built with libmnl;
 * replies go to a callback. Counts its writes, which is what the idempotence tests assert.
 * nft/ and run/ call. */
#ifndef NL_TALK_H
#define NL_TALK_H

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

struct talk;

/* Opens a socket in the caller's network namespace. */
int talk_open(struct talk **ret_talk, struct err *err);
void talk_close(struct talk *t);

/* Identity of the network namespace: SO_NETNS_COOKIE (Linux 5.14), else a hash of st_dev and st_ino of /proc/self/ns/net. */
int talk_netns(struct talk *t, uint64_t *ret_id, struct err *err);

/* Unix time in milliseconds. The kernel tells deadlines and takes them relative to the very moment: whoever exchanges them reads the clock
 * there, since a run may have begun long before. */
int64_t talk_clock(void);

/* Messages that change something, sent so far. */
uint64_t talk_writes(const struct talk *t);

/* Returns 0, or -1 with err set by the callback. The message is valid during the call only. */
typedef int talk_reply(const struct nlmsghdr *nlh, void *arg, struct err *err);

/* Begins a request in the talk's own buffer (valid until the next talk_ call): type is NFT_MSG_*, family NFPROTO_*. */
struct nlmsghdr *talk_request(struct talk *t, uint16_t type, uint16_t flags, uint8_t family);

/* Sends a request made with NLM_F_DUMP and feeds each reply. ERR_STALE when the kernel changed underneath (the rest is drained,
 * the socket is clean): the caller restarts on fresh memory. A partial dump is never success. */
int talk_dump(struct talk *t, struct nlmsghdr *request, talk_reply *reply, void *arg, struct err *err);

/* One request, at most one reply. An error of the kernel is in err->errnum (ENOENT: no such object). */
int talk_get(struct talk *t, struct nlmsghdr *request, talk_reply *reply, void *arg, struct err *err);

/* Many requests for single objects, pipelined: n messages back to back (sequence numbers are set here). Replies arrive in the
 * order of the requests; one that the kernel refuses is fed as its NLMSG_ERROR message. */
int talk_pipeline(struct talk *t, void *requests, size_t n, talk_reply *reply, void *arg, struct err *err);

/* The generation id of this namespace's rulesets. */
int talk_generation(struct talk *t, uint32_t *ret_generation, struct err *err);

/* -- batches -- */

/* One atomic change. An empty batch sends nothing. Memory is malloc'ed. */
struct batch {
	char *p;
	size_t len, cap;
	size_t messages;
};

/* Builds the headers of one message, with room for BATCH_MESSAGE_MAX bytes; batch_end() closes it. */
#define BATCH_MESSAGE_MAX ((size_t)64 << 10)
struct nlmsghdr *batch_begin(struct batch *b, uint16_t type, uint16_t flags, uint8_t family);
void batch_end(struct batch *b, const struct nlmsghdr *nlh);
void batch_free(struct batch *b);

/* Sends b under the generation it was planned from. ERR_STALE when that has passed, or when the kernel answered ENOENT, EEXIST
 * or EBUSY (something expired or was changed meanwhile): plan anew. Any other error says what the kernel said, with its
 * extended ack. Nothing was changed unless 0 is returned (or the answer was lost: ERR_STALE). */
int talk_batch(struct talk *t, struct batch *b, uint32_t generation, struct err *err);

#endif
