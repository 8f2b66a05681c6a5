/* Moments for people, in a zone: dates in ISO form, 24 hours.
 * Texts in an arena, as table cells want them; JSON has RFC 3339 from the calendar.
 * The views call. */
#ifndef VIEW_WHEN_H
#define VIEW_WHEN_H

#include <stdint.h>

#include "model/calendar.h"
#include "util/arena.h"

/* "2026-11-25 10:02" */
const char *when_minute(struct arena *a, const char *zone, int64_t t);
/* "2026-11-25 10:02 +08:00" */
const char *when_offset(struct arena *a, const char *zone, int64_t t);
/* "10:02" on the day of `now`, else as when_minute. */
const char *when_near(struct arena *a, const char *zone, int64_t t, int64_t now);
/* A bucket's beginning as short as it is clear: "2026-11-25 10:02", "2026-11-25", "2026-11", "2026". */
const char *when_bucket(struct arena *a, const char *zone, enum bucket by, int64_t t);

#endif
