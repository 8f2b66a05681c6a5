/* What the two halves of the diff share: what is compared, and what is known of it when the sets' turn comes.
 * Objects are compared first, since an element whose object goes must go before it.
 * Pure. diff.c and diff_sets.c only. */
#ifndef MODEL_DIFF_INTERNAL_H
#define MODEL_DIFF_INTERNAL_H

#include "model/diff.h"
#include "util/hash.h"

struct differ {
	struct arena *arena;
	struct ruleset *want, *have;
	struct diff *out;
	struct hash_map going[OBJECT_KINDS]; /* observed objects that are deleted in this batch; value: their index */
	bool sweep[SET_DATA]; /* something that goes is held by expired elements of timed maps of this kind */
};

struct change *diff_change(struct differ *d, enum change_kind kind, const char *name);
/* NULL equals NULL. */
bool diff_same_text(const char *x, const char *y);

/* The kind of object that elements name; OBJECT_KINDS: none. */
enum object_kind diff_object_of(enum set_data data);

/* Lists the changes of all sets; returns which wanted ones are made anew. d->going and d->sweep are filled. */
bool *diff_sets(struct differ *d);

#endif
