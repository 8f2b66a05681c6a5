/* Entries that left the configuration within a period of which somebody gets a statement: what they moved until then belongs into it.
 * The database keeps them as text, a line each, until nobody can ask any more.
 * run/statement.c only. */
#ifndef RUN_REMOVED_H
#define RUN_REMOVED_H

#include "run/pass.h"

struct removed {
	int64_t row, when;              /* of the entry; Unix seconds */
	const char *target, *recipient; /* who would have heard of it */
};
struct removed_list {
	struct removed *at;
	size_t n, cap;
	struct hash_map known; /* each once */
	const char *stored;    /* as the database has it */
};

/* Those of before that are still gone, not longer ago than since. */
int removed_load(struct pass *p, int64_t since, struct removed_list *ret, struct err *err);
/* One that leaves now; once for each target and recipient. */
void removed_add(struct pass *p, struct removed_list *list, int64_t row, const char *target, const char *recipient);
/* Into the result of this run, where it changed. */
void removed_store(struct pass *p, const struct removed_list *list);

/* Calls each for every entry of what was applied last that the configuration has no more, by row; i: in p->applied->entries. */
void removed_each(struct pass *p, void (*each)(void *with, size_t i, int64_t row), void *with);

#endif
