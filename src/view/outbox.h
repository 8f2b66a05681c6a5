/* What waits for delivery, and what was given up, as a table and as JSON.
 * All memory is the caller's.
 * notify list calls. */
#ifndef VIEW_OUTBOX_H
#define VIEW_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/str.h"
#include "util/vec.h"

struct outbox_letter {
	int64_t id, created; /* Unix seconds */
	int64_t next;        /* not before; 0 at once */
	uint64_t events, tries;
	const char *target, *recipient; /* recipient "": the target's own */
	const char *why;                /* "" not tried yet */
	bool parked;
};

struct outbox {
	const char *zone;
	VEC_OF(struct outbox_letter) letters;
};

void outbox_text(const struct outbox *o, bool color, struct arena *a, struct str *out);
void outbox_json(const struct outbox *o, struct str *out);

#endif
