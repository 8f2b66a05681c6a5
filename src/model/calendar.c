/* Local time in any zone: see calendar.h.
 * libc is asked one thing only, the offset of a moment; all else is arithmetic on it, so that gaps and repeated times follow one
 * rule: a local time W begins at the first t whose local time is >= W.
 * Anybody may call. */
#include "model/calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_S ((int64_t)86400)
#define HOUR_S ((int64_t)3600)
#define ZONE_DIR ":/usr/share/zoneinfo/"
#define ZONE_LOCAL ":/etc/localtime"
#define ZONE_MAX 64

/* Offsets are within 15 h since 1970 and two changes of one zone are at least 7 days apart (measured over tzdata 2025b), so a
 * window of twice this holds at most one change. */
#define OFFSET_MAX_S (16 * HOUR_S)

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t floor_mod(int64_t a, int64_t b)
{
	int64_t m = a % b;

	return m < 0 ? m + b : m;
}

static int64_t clamp(int64_t t, int64_t lo, int64_t hi)
{
	return t < lo ? lo : t > hi ? hi : t;
}

/* ---- dates ---- */

static bool leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static uint8_t month_days(int64_t year, int month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return (uint8_t)(days[month - 1] + (month == 2 && leap(year)));
}

/* Days from 1970-01-01 to the first of January. */
static int64_t year_start(int64_t year)
{
	int64_t y = year - 1;

	return 365 * y + floor_div(y, 4) - floor_div(y, 100) + floor_div(y, 400) - 719162;
}

int64_t calendar_days(struct civil_date d)
{
	int64_t days = year_start(d.year) + d.day - 1;

	for (int m = 1; m < d.month; m++)
		days += month_days(d.year, m);
	return days;
}

struct civil_date calendar_from_days(int64_t days)
{
	int64_t year = 1970 + floor_div(days * 400, 146097);
	int month = 1;

	while (year_start(year) > days)
		year--;
	while (year_start(year + 1) <= days)
		year++;
	days -= year_start(year);
	while (days >= month_days(year, month))
		days -= month_days(year, month++);
	return (struct civil_date){ (int32_t)year, (uint8_t)month, (uint8_t)(days + 1) };
}

bool calendar_valid(struct civil_date d)
{
	return d.year >= 1 && d.year <= 9999 && d.month >= 1 && d.month <= 12 && d.day >= 1 &&
		d.day <= month_days(d.year, d.month);
}

/* ---- zones ---- */

/* Names of the IANA database begin with a capital, each part with a letter, and hold no dot: this keeps out paths, POSIX rules
 * with a colon, and the folders right/ (whose seconds are no Unix time) and posix/. */
static bool zone_name_sane(const char *zone)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	const char *part = zone;
	size_t len = strlen(zone);

	if (len >= ZONE_MAX || zone[0] < 'A' || zone[0] > 'Z')
		return false;
	if (zone[strspn(zone, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/")])
		return false;
	for (; part; part = strchr(part, '/')) {
		part += *part == '/';
		if (!*part || !strchr(letters, *part))
			return false;
	}
	return true;
}

/* Makes libc's zone `zone`. libc has one zone a process, whatever we do; `current` only remembers which, so that asking again
 * costs no setenv and tzset. A full path is given because glibc then takes nothing from TZDIR, and an unknown zone has an empty
 * abbreviation where "Asia/Nowhere" would become a zone "Asia" at UTC. */
static void zone_use(const char *zone)
{
	static char current[ZONE_MAX];
	static bool set;
	char tz[sizeof ZONE_DIR + ZONE_MAX];

	if (set && strcmp(current, zone) == 0)
		return;
	if (!*zone)
		memcpy(tz, ZONE_LOCAL, sizeof ZONE_LOCAL);
	else
		snprintf(tz, sizeof tz, ZONE_DIR "%s", zone_name_sane(zone) ? zone : "UTC");
	if (setenv("TZ", tz, 1) != 0)
		arena_oom();
	tzset();
	set = strlen(zone) < sizeof current;
	if (set)
		memcpy(current, zone, strlen(zone) + 1);
}

bool calendar_zone_known(const char *zone)
{
	struct tm tm;
	time_t t = 0;

	if (!*zone)
		return true;
	if (!zone_name_sane(zone))
		return false;
	zone_use(zone);
	return localtime_r(&t, &tm) && tm.tm_zone && tm.tm_zone[0];
}

/* Local minus UTC of the zone in use. */
static int64_t offset(int64_t t)
{
	time_t when = (time_t)t;
	struct tm tm;

	return localtime_r(&when, &tm) ? tm.tm_gmtoff : 0;
}

/* The first t in (lo, hi] whose offset, modulo `unit`, is no longer that of lo; hi if none but hi's differs. */
static int64_t change_after(int64_t lo, int64_t hi, int64_t unit)
{
	int64_t was = floor_mod(offset(lo), unit);

	while (hi - lo > 1) {
		int64_t mid = lo + (hi - lo) / 2;

		if (floor_mod(offset(mid), unit) == was)
			lo = mid;
		else
			hi = mid;
	}
	return hi;
}

/* The first t whose local time is `wall` (local seconds since 1970-01-01 00:00) or later, in the zone in use. */
static int64_t moment(int64_t wall)
{
	int64_t lo = wall - OFFSET_MAX_S, hi = wall + OFFSET_MAX_S;
	int64_t before = offset(lo), after = offset(hi), change;

	if (before == after)
		return wall - before;
	change = change_after(lo, hi, INT64_MAX);
	if (wall - before < change)
		return wall - before;
	return wall - after > change ? wall - after : change;
}

int64_t calendar_moment(const char *zone, struct civil_date date, int hour, int minute)
{
	int64_t wall = calendar_days(date) * DAY_S + hour * HOUR_S + minute * (int64_t)60;

	zone_use(zone);
	return clamp(
		moment(clamp(wall, CALENDAR_MIN - 2 * DAY_S, CALENDAR_MAX + 2 * DAY_S)), CALENDAR_MIN, CALENDAR_MAX);
}

/* What the wall shows at t under this offset. */
static struct calendar_time shown(int64_t t, int32_t offset_s)
{
	int64_t wall = t + offset_s, days = floor_div(wall, DAY_S), second = floor_mod(wall, DAY_S);

	return (struct calendar_time){
		.date = calendar_from_days(days),
		.hour = (uint8_t)(second / HOUR_S),
		.minute = (uint8_t)(second / 60 % 60),
		.second = (uint8_t)(second % 60),
		.weekday = (uint8_t)(floor_mod(days + 3, 7) + 1), /* 1970-01-01 was a Thursday */
		.offset_s = offset_s,
	};
}

struct calendar_time calendar_local(const char *zone, int64_t t)
{
	t = clamp(t, CALENDAR_MIN, CALENDAR_MAX);
	zone_use(zone);
	return shown(t, (int32_t)offset(t));
}

char *calendar_rfc3339(const char *zone, int64_t t, char buf[CALENDAR_RFC3339])
{
	struct calendar_time l = calendar_local(zone, t);
	int32_t o;

	/* Offsets with seconds (Liberia until 1972) have no notation: the same moment, by the whole minute below. */
	if (l.offset_s % 60)
		l = shown(clamp(t, CALENDAR_MIN, CALENDAR_MAX), (int32_t)floor_div(l.offset_s, 60) * 60);
	o = l.offset_s < 0 ? -l.offset_s : l.offset_s;
	snprintf(buf, CALENDAR_RFC3339, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", l.date.year % 10000, l.date.month,
		l.date.day, l.hour, l.minute, l.second, l.offset_s < 0 ? '-' : '+', o / 3600 % 100, o / 60 % 60);
	return buf;
}

char *calendar_minute(const char *zone, int64_t t, char buf[CALENDAR_MINUTE])
{
	struct calendar_time l = calendar_local(zone, t);

	snprintf(buf, CALENDAR_MINUTE, "%04d-%02u-%02u %02u:%02u", l.date.year % 10000, l.date.month % 100u,
		l.date.day % 100u, l.hour % 100u, l.minute % 100u);
	return buf;
}

/* ---- cycles: number k begins at starts(rule, k), which never falls as k rises ---- */

static int64_t cycle_number(const struct cycle_rule *r, struct civil_date d)
{
	int64_t span = r->span_days ? r->span_days : 1;

	switch (r->unit) {
	case CYCLE_MONTH:
		return d.year * (int64_t)12 + d.month - 1;
	case CYCLE_WEEK:
		return floor_div(calendar_days(d) + 3 - (r->reset_day - 1), 7);
	case CYCLE_DAY:
		return calendar_days(d);
	case CYCLE_YEAR:
		return d.year;
	case CYCLE_SPAN:
		return floor_div(calendar_days(d) - calendar_days(r->from), span);
	case CYCLE_NEVER:
		break;
	}
	return 0;
}

/* The k-th reset day, as days from 1970. */
static int64_t cycle_day(const struct cycle_rule *r, int64_t k)
{
	struct civil_date d = { 0, 1, 1 };

	switch (r->unit) {
	case CYCLE_MONTH:
		d.year = (int32_t)floor_div(k, 12);
		d.month = (uint8_t)(floor_mod(k, 12) + 1);
		break;
	case CYCLE_YEAR:
		d.year = (int32_t)k;
		d.month = r->reset_month;
		break;
	case CYCLE_WEEK:
		return 7 * k - 3 + r->reset_day - 1;
	case CYCLE_SPAN:
		return calendar_days(r->from) + k * (r->span_days ? r->span_days : 1);
	case CYCLE_DAY:
	case CYCLE_NEVER:
		return k;
	}
	d.day = month_days(d.year, d.month);
	if (r->reset_day < d.day)
		d.day = r->reset_day;
	return calendar_days(d);
}

static int64_t cycle_start(const struct cycle_rule *r, int64_t k)
{
	int64_t day = clamp(cycle_day(r, k), CALENDAR_MIN / DAY_S - 2, CALENDAR_MAX / DAY_S + 2);

	return clamp(moment(day * DAY_S + r->reset_hour * HOUR_S), CALENDAR_MIN, CALENDAR_MAX);
}

struct cycle_span calendar_cycle(const struct cycle_rule *rule, int64_t t)
{
	struct cycle_span s = { CALENDAR_MIN, CALENDAR_MAX };
	int64_t k;

	if (rule->unit == CYCLE_NEVER)
		return s;
	t = clamp(t, CALENDAR_MIN, CALENDAR_MAX - 1);
	/* The local date only suggests k: where clocks go back over midnight a day has begun while the date is still the old one,
	 * and a day that a zone skips begins when the next one does: of equal starts the last k counts, the others are empty. */
	k = cycle_number(rule, calendar_local(rule->timezone, t).date);
	while ((s.end = cycle_start(rule, k + 1)) <= t)
		k++;
	while ((s.start = cycle_start(rule, k)) > t) {
		s.end = s.start;
		k--;
	}
	return s;
}

/* ---- buckets ---- */

/* Minutes and hours: cut where the local clock shows a full one, and where the offset changes by a part of one (Lord Howe's half
 * hour). A change by whole hours cuts nothing: each hour stays 3600 s long, so a repeated hour is an hour of its own. */
static struct cycle_span clock_bucket(const char *zone, int64_t unit, int64_t t)
{
	struct cycle_span s;
	int64_t o;

	zone_use(zone);
	o = floor_mod(offset(t), unit);
	s.start = t - floor_mod(t + o, unit);
	s.end = s.start + unit;
	if (floor_mod(offset(s.start), unit) != o)
		s.start = change_after(s.start, t, unit);
	if (floor_mod(offset(s.end - 1), unit) != o)
		s.end = change_after(t, s.end - 1, unit);
	return s;
}

static struct cycle_span bucket_span(const char *zone, enum bucket b, int64_t t)
{
	struct cycle_rule rule = { .unit = CYCLE_DAY, .reset_day = 1, .reset_month = 1, .timezone = zone };

	t = clamp(t, CALENDAR_MIN, CALENDAR_MAX - 1);
	switch (b) {
	case BUCKET_MINUTE:
		return clock_bucket(zone, 60, t);
	case BUCKET_HOUR:
		return clock_bucket(zone, HOUR_S, t);
	case BUCKET_DAY:
		break;
	case BUCKET_WEEK:
		rule.unit = CYCLE_WEEK;
		break;
	case BUCKET_MONTH:
		rule.unit = CYCLE_MONTH;
		break;
	case BUCKET_YEAR:
		rule.unit = CYCLE_YEAR;
		break;
	}
	return calendar_cycle(&rule, t);
}

int64_t calendar_floor(const char *zone, enum bucket b, int64_t t)
{
	return clamp(bucket_span(zone, b, t).start, CALENDAR_MIN, CALENDAR_MAX);
}

int64_t calendar_next(const char *zone, enum bucket b, int64_t t)
{
	return clamp(bucket_span(zone, b, t).end, CALENDAR_MIN, CALENDAR_MAX);
}
