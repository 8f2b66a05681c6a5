/* Moments: see when.h.
 * The calendar knows the zone; here is only the spelling.
 * The views call. */
#include "view/when.h"

#include <stdlib.h>

const char *when_minute(struct arena *a, const char *zone, int64_t t)
{
	char buf[CALENDAR_MINUTE];

	return arena_strdup(a, calendar_minute(zone, t, buf));
}

const char *when_offset(struct arena *a, const char *zone, int64_t t)
{
	int32_t offset = calendar_local(zone, t).offset_s;
	unsigned minutes = (unsigned)abs(offset) / 60;

	return arena_printf(
		a, "%s %c%02u:%02u", when_minute(a, zone, t), offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

const char *when_near(struct arena *a, const char *zone, int64_t t, int64_t now)
{
	const char *text = when_minute(a, zone, t);

	return calendar_floor(zone, BUCKET_DAY, t) == calendar_floor(zone, BUCKET_DAY, now) ? text + sizeof "2026-11-25"
											    : text;
}

const char *when_bucket(struct arena *a, const char *zone, enum bucket by, int64_t t)
{
	struct calendar_time c = calendar_local(zone, t);

	switch (by) {
	case BUCKET_DAY:
	case BUCKET_WEEK:
		return arena_printf(a, "%04d-%02u-%02u", c.date.year, c.date.month, c.date.day);
	case BUCKET_MONTH:
		return arena_printf(a, "%04d-%02u", c.date.year, c.date.month);
	case BUCKET_YEAR:
		return arena_printf(a, "%04d", c.date.year);
	case BUCKET_MINUTE:
	case BUCKET_HOUR:
		break;
	}
	return when_minute(a, zone, t);
}
