/* Moments behind options: see moment.h.
 * The same words as in the INI: 2026-11-25, 10:00, 90min; nothing is guessed.
 * report, events and apply call. */
#include "cmd/moment.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "model/calendar.h"
#include "util/units.h"

#define DIGITS_MAX 9

/* Exactly n digits; moves *p behind them. */
static bool digits(const char **p, int n, int *ret)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		if (!isdigit((unsigned char)(*p)[i]))
			return false;
		v = v * 10 + (*p)[i] - '0';
	}
	*p += n;
	*ret = v;
	return true;
}

static bool letter(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

static bool parse_date(const char **p, struct civil_date *ret)
{
	int year, month, day;

	if (!digits(p, 4, &year) || !letter(p, '-') || !digits(p, 2, &month) || !letter(p, '-') || !digits(p, 2, &day))
		return false;
	*ret = (struct civil_date){ year, (uint8_t)month, (uint8_t)day };
	return calendar_valid(*ret);
}

static bool parse_time(const char **p, int *ret_hour, int *ret_minute)
{
	return digits(p, 2, ret_hour) && letter(p, ':') && digits(p, 2, ret_minute) && *ret_hour < 24 &&
		*ret_minute < 60;
}

static bool parse_span(const char *p, int64_t *ret_seconds)
{
	static const struct {
		const char *unit;
		int64_t seconds;
	} units[] = { { "s", 1 }, { "min", 60 }, { "h", 3600 }, { "d", 86400 } };
	const size_t n = strspn(p, "0123456789");
	int v;

	if (n == 0 || n > DIGITS_MAX || !digits(&p, (int)n, &v))
		return false;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(p, units[i].unit) == 0) {
			*ret_seconds = v * units[i].seconds;
			return true;
		}
	return false;
}

static bool parse_moment(const char *text, const char *zone, bool end, int64_t *ret)
{
	struct civil_date date;
	int hour = 0, minute = 0;

	if (!parse_date(&text, &date))
		return false;
	if (*text == ' ') {
		text++;
		if (!parse_time(&text, &hour, &minute))
			return false;
	} else if (end) {
		date = calendar_from_days(calendar_days(date) + 1);
	}
	if (*text)
		return false;
	*ret = calendar_moment(zone, date, hour, minute);
	return true;
}

int moment_parse(
	const char *option, const char *text, const char *zone, int64_t now, bool end, int64_t *ret, struct err *err)
{
	int64_t seconds;

	if (parse_span(text, &seconds)) {
		*ret = now > seconds ? now - seconds : CALENDAR_MIN;
		return 0;
	}
	if (parse_moment(text, zone, end, ret))
		return 0;
	return err_set(err, ERR_USAGE,
		"--%s \"%s\" is no moment: write a date (2026-11-25), a date and a time (\"2026-11-25 10:00\") or a span back from "
		"now (90min, 12h, 2d)",
		option, text);
}

int moment_span(const char *option, const char *text, int64_t least, int64_t most, int64_t *ret, struct err *err)
{
	char lo[UNITS_TEXT], hi[UNITS_TEXT];
	int64_t seconds;

	if (!parse_span(text, &seconds))
		return err_set(err, ERR_USAGE, "--%s \"%s\" is no span: write it as 60s, 5min or 1h", option, text);
	if (seconds < least || seconds > most)
		return err_set(err, ERR_USAGE, "--%s \"%s\": at least %s and at most %s", option, text,
			units_span((uint64_t)least, lo), units_span((uint64_t)most, hi));
	*ret = seconds;
	return 0;
}
