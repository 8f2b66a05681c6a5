/* What happened, as a table and as JSON: people read the sentence, programs the word.
 * All memory is the caller's.
 * events calls. */
#ifndef VIEW_EVENTS_H
#define VIEW_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/str.h"
#include "util/vec.h"

struct events_row {
	int64_t id, time;
	const char *entry; /* NULL: the machine's own */
	const char *kind, *text;
};

struct events {
	const char *zone;
	int64_t since;
	VEC_OF(struct events_row) rows; /* oldest first */
};

void events_text(const struct events *e, bool color, struct arena *a, struct str *out);
void events_json(const struct events *e, struct str *out);

#endif
