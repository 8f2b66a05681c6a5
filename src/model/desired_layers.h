/* Between desired_enforce.c (chains, objects) and desired_layers.c (the rules between): the state of one build.
 * Two files, since one would be too long.
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
 * the link layer's header as well, so the guard drops nothing that a queue with room would have taken. */
bool enforce_guards(const struct enforce *x, size_t entry, enum direction d);
/* kind: 'l' of a configured limit, 'g' of a guard, 'b' of a burst hold, 't' of a throttle. */
const char *enforce_limit_object(const struct enforce *x, char kind, const struct entry *e, enum direction d);

/* Once, before the rules: which maps the configuration can fill. */
void layers_find(struct enforce *x);
/* The rules of one stage, in the order of their effect, for kinds of entries: bits 1 << ENTRY_*. */
#define LAYERS_STAGES 4  /* that drop */
#define LAYERS_CLASSES 4 /* the stage that names classes */
void layers_rules(struct enforce *x, struct ruleset_chain *c, unsigned int kinds, int stage, enum direction d);
/* Would there be any, in a stage from `first` to `last`? */
bool layers_any(const struct enforce *x, unsigned int kinds, int first, int last, enum direction d);

#endif
