/* A flowtable carries the packets of connections it has taken up past the hooks that count. What that means for the figures, in words:
 * which entries fall short, and the cure. Pure.
 * run/ calls; nft/neighbours.c fills struct flowtable. */
#ifndef MODEL_BYPASS_H
#define MODEL_BYPASS_H

#include <stdbool.h>

#include "model/entry.h"
#include "model/watch.h"
#include "util/arena.h"

struct flowtable {
	const char *table, *name; /* table as nft writes it: "inet filter" */
	bool hardware;            /* offloaded to the card as well */
	struct name_list devices;
};

struct bypass {
	const char *text; /* one sentence */
	const char *cure;
};

/* False: the flowtable holds no device that is watched, and nothing falls short. Texts live in a. */
bool bypass_judge(struct arena *a, const struct config *c, const struct watch *w, const struct flowtable *f,
	struct bypass *ret_bypass);

#endif
