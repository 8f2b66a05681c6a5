/* Amounts: see figure.h.
 * The rounding is that of util/units.h; here is the memory.
 * The views call. */
#include "view/figure.h"

#include <inttypes.h>

#include "util/saturate.h"

const char *figure_bytes(struct arena *a, enum unit_style style, uint64_t bytes)
{
	char buf[UNITS_TEXT];

	return arena_strdup(a, units_size(style, bytes, buf));
}

const char *figure_rate(struct arena *a, enum unit_style style, uint64_t bits_per_second)
{
	char buf[UNITS_TEXT];

	return arena_strdup(a, units_rate(style, bits_per_second, buf));
}

const char *figure_count(struct arena *a, uint64_t n)
{
	return arena_printf(a, "%" PRIu64, n);
}

const char *figure_ratio(struct arena *a, uint64_t over, uint64_t under)
{
	return under ? arena_printf(a, "%.3f", (double)over / (double)under) : "-";
}

uint64_t figure_both(const uint64_t by_direction[DIRS])
{
	return saturate_add(by_direction[DIR_IN], by_direction[DIR_OUT]);
}

static uint64_t less(uint64_t from, uint64_t what)
{
	return from > what ? from - what : 0;
}

void figure_less(struct figures *from, const struct figures *what)
{
	for (int d = 0; d < DIRS; d++) {
		from->bytes[d] = less(from->bytes[d], what->bytes[d]);
		from->packets[d] = less(from->packets[d], what->packets[d]);
		from->raw_bytes[d] = less(from->raw_bytes[d], what->raw_bytes[d]);
		from->raw_packets[d] = less(from->raw_packets[d], what->raw_packets[d]);
	}
}
