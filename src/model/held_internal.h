/* Between held.c (rules, maps, what they mean) and held_shape.c (queues): the state of one look.
 * Two files, since one would be too long.
 * Nobody else includes it. */
#ifndef MODEL_HELD_INTERNAL_H
#define MODEL_HELD_INTERNAL_H

#include "model/desired_layers.h"
#include "model/held.h"

struct look {
	const struct held_input *in;
	struct arena *arena;
	struct desired_build build; /* of nothing but rules to compare with */
	struct desired scratch;
	struct enforce x;
	bool *live;                         /* by live_at(): the rule is there, and packets come to it */
	const struct ruleset_set **maps;    /* by map_at(); NULL: not there, or of another shape */
	struct ruleset_set *keys;           /* of the entry in work, by match */
	struct hash_map limits;             /* names -> objects of the table */
	const struct ruleset_set **in_maps; /* by match: of the ingress table; NULL: nothing is sent by it */
};

/* What of an entry's keys a map has. */
struct reading {
	bool all, none;   /* of its keys are there */
	const char *name; /* of what they lead to, where there is only one */
	bool mixed;       /* ... and there are several */
	uint32_t verdict;
	uint64_t ms; /* the shortest time that one of them is there; 0: for ever */
};

/* NULL: not there, or of another shape. Sorted. */
const struct ruleset_set *held_set(
	struct ruleset *r, const char *name, enum set_key key, bool interval, bool timed, enum set_data data);
/* A range may lie there in pieces, which are found side by side. */
void held_read_key(const struct ruleset_set *s, const struct ruleset_elem *key, struct reading *r);
/* Over all ways in which its packets are told apart. The rules that look there live, so the maps are there. */
struct reading held_read(const struct look *k, const struct entry *e, enum layer_id l, enum direction d, size_t slot);
/* ... do they? */
bool held_rules_live(const struct look *k, const struct entry *e, size_t recipe, enum direction d, size_t slot);
/* The kernel keeps bytes: what differs by less than one is what was asked for. */
uint64_t held_asked(uint64_t bps, const struct rate *r);

/* held_shape.c: once, which maps send packets to the IFB */
void held_find_ingress(struct look *k);
void held_shaped(struct look *k, size_t entry, enum direction d, struct held *h);

#endif
