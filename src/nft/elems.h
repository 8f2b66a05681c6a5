/* What comes by the ten thousand, read without an object each: elements of a set, counter objects.
 * libnftnl makes an object of each: ten times the time and memory.
 * nft/ only. */
#ifndef NFT_ELEMS_H
#define NFT_ELEMS_H

#include "model/delta.h"
#include "model/ruleset.h"
#include "nl/talk.h"

/* Fills s->elems, deadlines counted from now_ms (Unix time); marks s odd when it holds what we never make (catch-all elements, ranges of concatenations). */
int nft_read_elems(struct talk *t, struct arena *a, int64_t now_ms, struct ruleset_set *s, struct err *err);

/* The value of a counter object, and its name (in the message; "" if it has none). */
const char *nft_counter_read(const struct nlmsghdr *nlh, struct counter_value *ret_value);

/* One object of a dump or of a single request. */
void nft_object_read(struct arena *a, const struct nlmsghdr *nlh, struct ruleset_object *ret_object);

#endif
