/* A CSV writer after RFC 4180 (comma, CRLF, quotes doubled). A text cell that a spreadsheet would take for a formula gets an
 * apostrophe in front.
 * report calls. */
#ifndef VIEW_CSV_H
#define VIEW_CSV_H

#include <stdbool.h>
#include <stdint.h>

#include "util/str.h"

struct csv {
	struct str *out;
	bool comma; /* the next cell is not the row's first */
};

#define CSV_INTO(str) ((struct csv){ .out = (str) })

void csv_text(struct csv *c, const char *text);
void csv_u64(struct csv *c, uint64_t v);
void csv_row_end(struct csv *c);

#endif
