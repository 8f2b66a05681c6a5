/* Who has an entry for a part of a period only: since he took it over from somebody, or until he lost it, or it was removed. His
 * statements are about that part, since what is before and after is not his business.
 * The database keeps them as text, a line each, until nobody can ask any more.
 * run/statement.c only. */
#ifndef RUN_SHARES_H
#define RUN_SHARES_H

#include "run/pass.h"

struct share {
	int64_t row;                    /* of the entry */
	int64_t from, until;            /* Unix seconds, full hours; 0: always, and still */
	const char *target, *recipient; /* whose it is; of any target, with statements or not */
	const char *rule;               /* "-", or the cycle of an entry that was removed, as shares_rule reads it */
	size_t next_of_row, next_of_reader; /* index + 1 of an earlier one; 0: none */
};
struct share_list {
	struct share *at;
	size_t n, cap;
	struct hash_map rows, readers; /* to lists of heads */
	VEC_OF(size_t) heads;
	const char *stored; /* as the database has it */
};

/* Those that somebody may still ask for. */
int shares_load(struct pass *p, struct share_list *ret, struct err *err);
/* What this run's configuration changes of them. */
void shares_change(struct pass *p, struct share_list *list);
/* Into the result of this run, where it changed. */
void shares_store(struct pass *p, const struct share_list *list);

/* The latest of an entry, or of a recipient: index + 1, as next; 0: none. */
size_t shares_of_row(const struct pass *p, const struct share_list *list, int64_t row);
size_t shares_of_reader(const struct pass *p, const struct share_list *list, const char *target, const char *recipient);

/* NULL: it tells none. */
const struct cycle_rule *shares_rule(struct arena *a, const struct share *s);

#endif
