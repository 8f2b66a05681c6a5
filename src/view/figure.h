/* Amounts for people: three significant digits and always a unit, or the exact number when asked.
 * Texts in an arena, as table cells want them.
 * The views call. */
#ifndef VIEW_FIGURE_H
#define VIEW_FIGURE_H

#include <stdint.h>

#include "model/split.h"
#include "util/arena.h"
#include "util/units.h"

const char *figure_bytes(struct arena *a, enum unit_style style, uint64_t bytes);
/* Rates are in powers of 1000 whatever the style. */
const char *figure_rate(struct arena *a, enum unit_style style, uint64_t bits_per_second);
/* "1234567" */
const char *figure_count(struct arena *a, uint64_t n);
/* a / b as "1.035"; "-" when b is 0. */
const char *figure_ratio(struct arena *a, uint64_t over, uint64_t under);

/* In and out together; saturates. */
uint64_t figure_both(const uint64_t by_direction[DIRS]);
/* Takes `what` off each figure; what would be negative is 0. */
void figure_less(struct figures *from, const struct figures *what);

#endif
