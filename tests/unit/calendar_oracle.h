/* The brute-force calendar. It walks through time, asks libc what the wall shows, notes when each full local hour is first reached, and
 * counts dates like an odometer; it shares no arithmetic with calendar.c.
 * calendar*_test.c include it, behind cmocka.h. */
#ifndef CALENDAR_ORACLE_H
#define CALENDAR_ORACLE_H

#include <time.h>

#include "model/calendar.h"

#define DAY_S ((int64_t)86400)
/* From 1970 to 2100, or for half of the zones to 2039: behind a zone's table libc is eight times slower. */
#define DAYS 47847
#define DAYS_2039 25567
#define HOURS (DAYS * 24)
#define CHANGES_MAX 400

struct oracle {
	const char *zone;
	int64_t days;                /* how far it goes */
	int64_t n, first[HOURS + 1]; /* when the wall first showed this full hour, or a later one */
	int64_t change[CHANGES_MAX]; /* moments of another offset */
	size_t n_changes;
};

/* What the wall shows, as seconds since 1970-01-01 00:00 of the wall. */
static inline int64_t wall(int64_t t)
{
	time_t when = t;
	struct tm tm;

	assert_non_null(localtime_r(&when, &tm));
	return t + tm.tm_gmtoff;
}

/* Takes up (t - step, t]: whole when the offset stays, else in smaller steps, down to the second. */
static inline void oracle_step(struct oracle *o, int64_t t, int64_t step)
{
	int64_t shown = wall(t), before = wall(t - step) + step, finer = step > 3600 ? 3600 : step > 60 ? 60 : 1;

	if (shown != before && step > 1) {
		for (int64_t s = t - step + finer; s <= t; s += finer)
			oracle_step(o, s, finer);
		return;
	}
	if (shown != before) {
		assert_true(o->n_changes < CHANGES_MAX);
		o->change[o->n_changes++] = t;
	}
	for (; o->n <= o->days * 24 && o->n * 3600 <= shown; o->n++)
		o->first[o->n] = shown != before ? t : t - (shown - o->n * 3600);
}

static inline void oracle_fill(struct oracle *o, const char *zone, int64_t days)
{
	o->zone = zone;
	o->days = days;
	o->n_changes = 0;
	o->n = 0;
	assert_true(calendar_zone_known(zone));
	calendar_local(zone, 0); /* makes it libc's zone */
	for (int64_t t = -2 * DAY_S; o->n <= o->days * 24; t += 6 * 3600)
		oracle_step(o, t, 6 * 3600);
}

static inline bool near_change(const struct oracle *o, int64_t t, size_t *i)
{
	while (*i < o->n_changes && o->change[*i] < t - 4 * DAY_S)
		++*i;
	return *i < o->n_changes && o->change[*i] < t + 4 * DAY_S;
}

struct odometer {
	int64_t days; /* since 1970-01-01 */
	int year, month, day, weekday;
};

static inline int month_length(int year, int month)
{
	if (month == 2)
		return year % 400 == 0 || (year % 4 == 0 && year % 100 != 0) ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static inline void odometer_tick(struct odometer *o)
{
	o->days++;
	o->weekday = o->weekday % 7 + 1;
	if (++o->day <= month_length(o->year, o->month))
		return;
	o->day = 1;
	if (++o->month <= 12)
		return;
	o->month = 1;
	o->year++;
}

static inline bool resets(const struct cycle_rule *r, const struct odometer *o, int64_t from_days)
{
	int last = month_length(o->year, o->month);
	bool day = o->day == (r->reset_day < last ? r->reset_day : last);

	switch (r->unit) {
	case CYCLE_MONTH:
		return day;
	case CYCLE_YEAR:
		return day && o->month == r->reset_month;
	case CYCLE_WEEK:
		return o->weekday == r->reset_day;
	case CYCLE_DAY:
		return true;
	case CYCLE_SPAN:
		return (o->days - from_days) % r->span_days == 0;
	case CYCLE_NEVER:
		break;
	}
	return false;
}

/* The starts of a rule's cycles, without those that begin when the next one does. Returns how many. */
static inline size_t oracle_starts(
	const struct oracle *o, const struct cycle_rule *r, int64_t from_days, int64_t starts[DAYS])
{
	struct odometer date = { 0, 1970, 1, 1, 4 };
	size_t n = 0;

	for (; date.days < o->days; odometer_tick(&date)) {
		int64_t t;

		if (!resets(r, &date, from_days))
			continue;
		t = o->first[date.days * 24 + r->reset_hour];
		if (t < CALENDAR_MIN)
			continue;
		if (n && starts[n - 1] == t)
			n--;
		starts[n++] = t;
	}
	return n;
}

static inline void fail_at(const char *zone, const char *what, int64_t t, int64_t got, int64_t want)
{
	char a[CALENDAR_RFC3339], b[CALENDAR_RFC3339], c[CALENDAR_RFC3339];

	fail_msg("%s: %s of %s is %s, not %s", zone, what, calendar_rfc3339(zone, t, a), calendar_rfc3339(zone, got, b),
		calendar_rfc3339(zone, want, c));
}

static inline void check_cycle(const struct cycle_rule *r, const char *what, int64_t t, int64_t start, int64_t end)
{
	struct cycle_span s = calendar_cycle(r, t);

	if (s.start != start)
		fail_at(r->timezone, what, t, s.start, start);
	if (s.end != end)
		fail_at(r->timezone, what, t, s.end, end);
}

#endif
