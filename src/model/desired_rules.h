/* Between desired.c (counters, sets), desired_match.c (keys), desired_put.c (expressions) and desired_rules.c (chains): the state of one
 * build. Several files, since one would be too long; none is of use without the others.
 * Nobody else includes it. */
#ifndef MODEL_DESIRED_RULES_H
#define MODEL_DESIRED_RULES_H

#include "model/desired.h"

struct desired_build {
	struct arena *arena;
	const struct config *config;
	const struct watch *watch;
	const struct enforcement *enforcement; /* NULL: none */
	struct desired *out;
	uint32_t *mtus; /* distinct ones of the present devices */
	size_t n_mtus;
	/* Where they hold, rules need not look at the device again: one look costs what a counter does. */
	bool leave_first;        /* what counts at all passes a listed device: the rest leaves before everything else */
	bool all_total;          /* the total holds every listed device */
	bool one_mtu;            /* leave_first, and every listed device is there, with mtus[0] */
	uint32_t direct;         /* the class past all classes, for the chain in work; 0: packets keep theirs */
	const char **object;     /* by desired_slot(); NULL: no such counter */
	const char *ts[DIRS][2]; /* v4, v6 */
};

size_t desired_slot(
	const struct desired_build *b, size_t entity, enum direction dir, enum counter_role role, size_t mtu);
/* Finds or makes it. The address moves when another is made. */
struct ruleset_set *desired_set(
	struct desired_build *b, const char *name, enum set_key key, bool interval, enum set_data data);
/* Elements with the name, verdict and deadline of `value`; NULL: with none. */
void desired_prefix(
	struct desired_build *b, struct ruleset_set *s, const struct prefix *p, const struct ruleset_elem *value);
/* A range is one element of an interval map, and one a port elsewhere. */
void desired_ports(
	struct desired_build *b, struct ruleset_set *set, const struct port_range *p, const struct ruleset_elem *value);
/* The key of a device by name: the kernel compares all bytes, zeros behind the name too. */
void desired_device_key(uint8_t key[SET_KEY_MAX], const char *device);
/* A device that the set has already is left as it is. */
void desired_device(
	struct desired_build *b, struct ruleset_set *s, const char *device, const struct ruleset_elem *value);
/* At the end of the list; the address moves when another is made, so fill a chain as a value and put it in place afterwards. */
struct ruleset_chain *desired_chain(struct desired_build *b, const char *name);
/* Makes them, where the configuration has such prefixes. */
void desired_own_sets(struct desired_build *b);
/* "own4" or "own6" where there are such prefixes, else NULL. */
const char *desired_own(const struct desired_build *b, uint8_t family);
/* The packet is an aggregate of that family by a device of mtus[mtu]; of TCP that is longer than the least of them. */
void desired_big(struct desired_build *b, struct ruleset_rule *r, enum direction d, uint8_t family, size_t mtu);
/* TCP longer than the least of all goes to `chain` and comes back: all other packets pay for one rule, and UDP for half of it. false: there
 * is no device. */
bool desired_big_any(struct desired_build *b, struct ruleset_chain *c, const char *chain);
void desired_direction(struct desired_build *b, enum direction d);
/* Chains and objects of what is enforced. */
void desired_enforce(struct desired_build *b);

#endif
