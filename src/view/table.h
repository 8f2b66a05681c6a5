/* A table for people. It fits a width by cutting the columns that may be cut, then by dropping the least important column,
 * never by wrapping. Widths are those of a terminal, so CJK and emoji stay aligned. Cells are not copied.
 * Calling sequence: table_init, one table_cell a column and row, table_render.
 * status, report, events and plan call. */
#ifndef VIEW_TABLE_H
#define VIEW_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/str.h"
#include "util/vec.h"
#include "view/color.h"

enum align {
	ALIGN_LEFT,
	ALIGN_RIGHT,
	ALIGN_UNIT, /* "1.50 GB": the figure ends and the unit begins in one place in all rows */
};

struct table_column {
	const char *title;
	enum align align;
	uint8_t drop; /* 0: stays; else the column with the highest number goes first */
	uint8_t min;  /* 0: whole; else it may be cut with an ellipsis to this width */
};

struct table_cell {
	const char *text;
	enum paint paint;
};

struct table {
	struct arena *arena;
	const struct table_column *columns;
	size_t n_columns;
	VEC_OF(struct table_cell) cells; /* n_columns a row */
};

struct table_look {
	size_t width; /* columns of the terminal; 0: no limit */
	bool header;
	bool color;
	const char *indent; /* in front of every line; "" none */
};

void table_init(struct table *t, struct arena *a, const struct table_column *columns, size_t n);
/* Appends one cell; a row is full after n_columns of them. Control characters in text are shown as U+FFFD. */
void table_cell(struct table *t, enum paint paint, const char *text);
size_t table_rows(const struct table *t);
void table_render(const struct table *t, const struct table_look *look, struct str *out);

#endif
