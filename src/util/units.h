/* Sizes and rates as people read them: three significant digits and the unit, which is never left out.
 * Parsing is config/'s.
 * Anybody may call. */
#ifndef UTIL_UNITS_H
#define UTIL_UNITS_H

#include <stdint.h>

enum unit_style {
	UNITS_SI,    /* "1.50 GB": powers of 1000 */
	UNITS_IEC,   /* "1.40 GiB": powers of 1024; up to "1023 MiB" */
	UNITS_EXACT, /* "1500000000 B" */
};

/* Holds any size and rate. */
#define UNITS_TEXT 32

/* "999 B", "1.50 GB", "18.4 EB"; rounded to the nearest. Writes to buf and returns it. */
char *units_size(enum unit_style style, uint64_t bytes, char buf[UNITS_TEXT]);

/* "999 bit/s", "20.0 Mbit/s". Rates are powers of 1000 in both families, as they are written in the INI. */
char *units_rate(enum unit_style style, uint64_t bps, char buf[UNITS_TEXT]);

/* "30 min", "1 h", "7 d", "90 s": in the largest unit that leaves no rest. */
char *units_span(uint64_t seconds, char buf[UNITS_TEXT]);

#endif
