/* Who gets statements, and of what: recipients of targets that want them, each with the entries that are routed to him.
 * A [quota] is about its entries.
 * run/statement.c only. */
#ifndef RUN_READERS_H
#define RUN_READERS_H

#include "run/pass.h"

struct readers {
	const struct target *target;
	const char *recipient;
	struct index_list entries; /* of config->entries */
	bool again;                /* some came by a [quota], and may be there already */
	bool is_operator;          /* [portflow] names him: he is told of entries that nobody hears of */
};
struct reader_list {
	struct readers *at;
	size_t n, cap;
	struct hash_map known;
	const char *none; /* names of the entries that nobody hears of */
};

void readers_find(struct pass *p, struct reader_list *ret);
/* One more, of no entry, if he is none yet. */
struct readers *readers_of(struct reader_list *x, struct arena *a, const struct target *t, const char *recipient);

#endif
