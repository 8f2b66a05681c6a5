/* A moment as a user writes it behind an option: DATE, "DATE TIME", or a span back from now (2d).
 * Pure: the clock is an argument.
 * report, events and apply call. */
#ifndef CMD_MOMENT_H
#define CMD_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"

/* end: a DATE means through that day, as in `expires`, so the moment is the midnight behind it. ERR_USAGE names the option. */
int moment_parse(
	const char *option, const char *text, const char *zone, int64_t now, bool end, int64_t *ret, struct err *err);

/* A span, in seconds: 60s, 5min. ERR_USAGE names the option. */
int moment_span(const char *option, const char *text, int64_t least, int64_t most, int64_t *ret, struct err *err);

#endif
