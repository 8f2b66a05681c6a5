/* What a piece of text means to the reader, and the terminal's sequence for it. Meaning is never said by colour alone.
 * The user's theme chooses the shade.
 * table and whatever prints for people call. */
#ifndef VIEW_COLOR_H
#define VIEW_COLOR_H

#include <stdbool.h>

#include "util/str.h"

enum paint { PAINT_NONE, PAINT_STRONG, PAINT_DIM, PAINT_GOOD, PAINT_WARN, PAINT_BAD, PAINTS };

/* Around a text: nothing for PAINT_NONE or when `on` is false. */
void color_begin(struct str *out, bool on, enum paint paint);
void color_end(struct str *out, bool on, enum paint paint);

/* A whole piece. */
void color_puts(struct str *out, bool on, enum paint paint, const char *text);

#endif
