/* Sizes and rates: see units.h.
 * Whole numbers only, so that no rounding of floating point and no locale's comma comes in.
 * Anybody may call. */
#include "util/units.h"

#include <inttypes.h>
#include <stdio.h>

#define STEPS 7

/* v / unit, to the nearest 1 / p; p <= 100. */
static uint64_t scaled(uint64_t v, uint64_t unit, uint64_t p)
{
	/* an exa-unit times 100 has no room; 1000^6 and 1024^6 lose nothing by this */
	if (unit > UINT64_MAX / 256) {
		v >>= 10;
		unit >>= 10;
	}
	return v / unit * p + (v % unit * p + unit / 2) / unit;
}

/* The first form in which the rounded figure has at most three digits before the next unit takes over: so 999.6 kB is 1.00 MB. */
static char *print(uint64_t v, uint64_t base, const char *const names[STEPS], char buf[UNITS_TEXT])
{
	uint64_t unit = base, q;
	int i = 1;

	if (v < base) {
		snprintf(buf, UNITS_TEXT, "%" PRIu64 " %s", v, names[0]);
		return buf;
	}
	while (i < STEPS - 1 && scaled(v, unit, 1) >= base) {
		unit *= base;
		i++;
	}
	if ((q = scaled(v, unit, 100)) < 1000)
		snprintf(buf, UNITS_TEXT, "%" PRIu64 ".%02u %s", q / 100, (unsigned)(q % 100), names[i]);
	else if ((q = scaled(v, unit, 10)) < 1000)
		snprintf(buf, UNITS_TEXT, "%" PRIu64 ".%u %s", q / 10, (unsigned)(q % 10), names[i]);
	else
		snprintf(buf, UNITS_TEXT, "%" PRIu64 " %s", scaled(v, unit, 1), names[i]);
	return buf;
}

char *units_size(enum unit_style style, uint64_t bytes, char buf[UNITS_TEXT])
{
	static const char *const si[STEPS] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	static const char *const iec[STEPS] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };

	switch (style) {
	case UNITS_SI:
		return print(bytes, 1000, si, buf);
	case UNITS_IEC:
		return print(bytes, 1024, iec, buf);
	case UNITS_EXACT:
		break;
	}
	snprintf(buf, UNITS_TEXT, "%" PRIu64 " B", bytes);
	return buf;
}

char *units_rate(enum unit_style style, uint64_t bps, char buf[UNITS_TEXT])
{
	static const char *const names[STEPS] = { "bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s", "Pbit/s", "Ebit/s" };

	if (style != UNITS_EXACT)
		return print(bps, 1000, names, buf);
	snprintf(buf, UNITS_TEXT, "%" PRIu64 " bit/s", bps);
	return buf;
}

char *units_span(uint64_t seconds, char buf[UNITS_TEXT])
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	size_t i = 0;

	while (units[i].seconds > 1 && (seconds == 0 || seconds % units[i].seconds))
		i++;
	snprintf(buf, UNITS_TEXT, "%" PRIu64 " %s", seconds / units[i].seconds, units[i].name);
	return buf;
}
