/* The one calendar: local hours, days, months, cycles in any zone, whatever DST and clocks do. No clock inside: time is an
 * argument, Unix seconds (int64_t). A zone is an IANA name, "" the machine's own. The only module that touches libc's
 * zone (TZ, tzset, localtime_r), single-threaded by contract; a zone that calendar_zone_known refuses is taken for UTC.
 * Anybody may call. */
#ifndef MODEL_CALENDAR_H
#define MODEL_CALENDAR_H

#include "model/entry.h"

/* Earliest and latest times the calendar answers for: years 1970 to 2199. Outside it clamps, arguments and answers: from
 * CALENDAR_MAX on, next and a cycle's end are CALENDAR_MAX and rise no more. */
#define CALENDAR_MIN ((int64_t)0)
#define CALENDAR_MAX ((int64_t)7258118400)

enum bucket { BUCKET_MINUTE, BUCKET_HOUR, BUCKET_DAY, BUCKET_WEEK, BUCKET_MONTH, BUCKET_YEAR };

struct calendar_time {
	struct civil_date date;
	uint8_t hour, minute, second;
	uint8_t weekday;  /* 1 = Monday .. 7 = Sunday */
	int32_t offset_s; /* local minus UTC */
};

/* false if the machine's zone database has no such zone (a name that would silently mean UTC). */
bool calendar_zone_known(const char *zone);

struct calendar_time calendar_local(const char *zone, int64_t t);

/* The first moment at or after local DATE HOUR:MINUTE (a time that DST skips becomes the first moment after the gap; of a time
 * that occurs twice, the first). */
int64_t calendar_moment(const char *zone, struct civil_date date, int hour, int minute);

/* Start of the bucket that holds t, and of the next one. An hour is a local hour (zones of 30 and 45 minutes included); a DST
 * day has 23 or 25 of them and none is merged or lost; where the offset changes by half an hour, a half hour stands alone.
 * Weeks begin on Monday. */
int64_t calendar_floor(const char *zone, enum bucket b, int64_t t);
int64_t calendar_next(const char *zone, enum bucket b, int64_t t);

/* The cycle that holds t: start <= t < end. CYCLE_NEVER: start = CALENDAR_MIN, end = CALENDAR_MAX. */
struct cycle_span {
	int64_t start, end;
};
struct cycle_span calendar_cycle(const struct cycle_rule *rule, int64_t t);

/* Days from 1970-01-01 and back; proleptic Gregorian. */
int64_t calendar_days(struct civil_date d);
struct civil_date calendar_from_days(int64_t days);
bool calendar_valid(struct civil_date d);

/* RFC 3339 with offset, as "2026-11-25T10:00:00+08:00"; buf holds CALENDAR_RFC3339 bytes; returns buf. */
#define CALENDAR_RFC3339 32
char *calendar_rfc3339(const char *zone, int64_t t, char buf[CALENDAR_RFC3339]);

/* "2026-11-25 10:02"; buf holds CALENDAR_MINUTE bytes; returns buf. */
#define CALENDAR_MINUTE 20
char *calendar_minute(const char *zone, int64_t t, char buf[CALENDAR_MINUTE]);

#endif
