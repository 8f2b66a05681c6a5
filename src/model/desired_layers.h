/* Between desired_enforce.c (chains, objects), desired_layers.c (the rules between) and held.c (which reads them back): the state of one
 * build, and what it builds by.
 * Nobody else includes it. */
#ifndef MODEL_DESIRED_LAYERS_H
#define MODEL_DESIRED_LAYERS_H

#include "model/desired_enforce.h"
#include "model/desired_match.h"

/* The quotas over one entry that act in the kernel, as subjects. */
struct cover {
	size_t at[QUOTA_SLOTS];
	size_t n;
};

struct enforce {
	struct desired_build *b;
	bool *used;                       /* by match: any entry has its keys */
	bool *possible;                   /* by possible_at(): some entry may have something there */
	size_t n;                         /* entries */
	struct cover *throttle, *block;   /* by entry */
	struct ruleset_chain chain, mine; /* of the direction in work */
};

/* subject: an index into config->entries, or behind them into config->quotas. */
const struct entry *enforce_subject(const struct enforce *x, size_t subject);
const struct policy *enforce_policy(const struct enforce *x, size_t subject);
/* How the entry's limit is kept. */
struct limit_way enforce_way(const struct enforce *x, size_t entry, enum direction d);
/* Is what is not TCP of it held to its limit before it is counted, too, lest it be counted and dropped by a full queue? The queue counts
 * the link layer's header as well, so the guard drops nothing that a queue with room would have taken. What comes in by a queue is as slow as
 * the guard wants it, but for what went past the queue: of a packet in fragments all but the first. */
bool enforce_guards(const struct enforce *x, size_t entry, enum direction d);
/* kind: 'l' of a configured limit, 'g' of a guard, 'b' of a burst hold, 't' of a throttle. */
const char *enforce_limit_object(const struct enforce *x, char kind, const struct entry *e, enum direction d);

/* -- what it builds by ------------------------------------------------------------------------------------------------ */

enum layer_id {
	NONE,
	BLOCK,
	EXPIRE,
	ALIVE,
	POLICE,
	GUARD,
	BURST,
	HOLD,
	TCUR,
	TNOW,
	TNEXT,
	TLIM,
	BCUR,
	BNOW,
	BNEXT,
	CLASS,
	LAYERS
};

enum has {
	HAS_NEVER,  /* by its configuration: no map for it alone */
	HAS_NOTNOW, /* but the map must be there: a run changes elements, not rules */
	HAS_NOW
};

/* Fills name and deadline of *value on HAS_NOW; value NULL: HAS_NEVER or not is all that is asked. */
typedef enum has layer_value(
	struct enforce *x, size_t entry, enum direction d, size_t slot, struct ruleset_elem *value);

struct layer {
	const char *name;
	enum set_data data;
	bool timed;
	bool directed; /* other elements for each direction; else both share one set */
	bool slots;
	layer_value *value;
};
extern const struct layer layers[LAYERS];

/* A rule: what is found in all of them, in this order, is dropped; what is found in CLASS waits in that class. */
#define RECIPE_STEPS 3
struct recipe {
	int stage;
	bool slots;
	struct {
		enum layer_id layer; /* NONE: no more */
		bool absent;         /* not found */
	} step[RECIPE_STEPS];
};
extern const struct recipe recipes[];
extern const size_t recipes_n;

/* The name of a layer's map for packets that are told apart so. */
const char *layer_map(struct enforce *x, const struct layer *l, const struct match *m, enum direction d, size_t slot);
/* Is there a map for such packets? */
bool layer_concerns(enum layer_id l, const struct match *m);
/* Appends the rule's expressions. */
void recipe_fill(struct enforce *x, struct ruleset_rule *r, const struct recipe *recipe, const struct match *m,
	enum direction d, size_t slot);

/* The chains in which the rules of a stage stand: the base chain, and the one behind it for packets of our own addresses. */
struct part {
	const char *chain, *mine;
	enum direction dir;
	int32_t priority;
	int first, last; /* stages */
};
const struct part *enforce_part(int stage, enum direction d); /* NULL: no rule of that stage in that direction */
/* Which quotas cover which entries; which matches occur. */
void enforce_find(struct enforce *x);

/* -- rules -------------------------------------------------------------------------------------------------------------- */

/* Once, before the rules: which maps the configuration can fill. */
void layers_find(struct enforce *x);
/* The rules of one stage, in the order of their effect, for kinds of entries: bits 1 << ENTRY_*. */
#define LAYERS_LIMITS 1  /* the stage of limits and guards */
#define LAYERS_STAGES 4  /* that drop */
#define LAYERS_CLASSES 4 /* the stage that names classes */
void layers_rules(struct enforce *x, struct ruleset_chain *c, unsigned int kinds, int stage, enum direction d,
	bool (*wanted)(const struct recipe *r, const struct match *m)); /* NULL: all */
/* Would there be any, in a stage from `first` to `last`? */
bool layers_any(const struct enforce *x, unsigned int kinds, int first, int last, enum direction d);

#endif
