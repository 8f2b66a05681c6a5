/* A bar of text: eighths of a block where the terminal shows them, else "#".
 * It repeats what a figure beside it says, for the eye.
 * The views call. */
#ifndef VIEW_BAR_H
#define VIEW_BAR_H

#include <stdbool.h>
#include <stdint.h>

#include "util/arena.h"

/* value of most, in at most `width` columns; something is never nothing. */
const char *bar_text(struct arena *a, uint64_t value, uint64_t most, unsigned width, bool utf8);

#endif
