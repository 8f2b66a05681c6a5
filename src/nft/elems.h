/* What comes by the ten thousand, read and written without an object each: elements of a set, counter objects.
 * libnftnl makes an object of each: ten times the time and memory.
 * nft/ only. */
#ifndef NFT_ELEMS_H
#define NFT_ELEMS_H

#include "model/delta.h"
#include "model/diff.h"
#include "model/ruleset.h"
#include "nl/talk.h"

/* Fills s->elems, deadlines counted from now_ms (Unix time); marks s odd when it holds what we never make (catch-all elements, ranges of concatenations). */
int nft_read_elems(struct talk *t, struct arena *a, enum ruleset_family family, int64_t now_ms, struct ruleset_set *s,
	struct err *err);

/* Appends n changes, all CHANGE_ELEM_ADD or all CHANGE_ELEM_DEL. add_late: how long ago, in ms, their deadlines were counted; NULL: they go. */
void nft_put_elems(
	struct batch *b, enum ruleset_family family, const struct change *c, size_t n, const int64_t *add_late);

/* The value of a counter object, and its name (in the message; "" if it has none). */
const char *nft_counter_read(const struct nlmsghdr *nlh, struct counter_value *ret_value);

/* One object of a dump or of a single request. */
void nft_object_read(struct arena *a, const struct nlmsghdr *nlh, struct ruleset_object *ret_object);

#endif
