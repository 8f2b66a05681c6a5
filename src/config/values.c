/* Values: see values.h. Here are the scalars: numbers with units, dates, times, words, texts.
 * Numbers are read digit by digit: strtol() would take signs, blanks, octal and overflow in silence.
 * config/ and docgen.c call. */
#include "config/values.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/lines.h"
#include "model/calendar.h"
#include "util/nearest.h"

int(value_error)(const struct value *v, size_t offset, size_t width, const char *cure, const char *fmt, ...)
{
	struct place at = place_inside(&v->at, offset, width);
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	diag_error(v->d, &at, cure, "%s", text);
	return -1;
}

int(value_bad)(const struct value *v, const char *cure, const char *fmt, ...)
{
	char text[384];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	diag_error(v->d, &v->at, cure, "\"%.*s%s\": %s", v->len > 60 ? 60 : (int)v->len, v->text,
		v->len > 60 ? "..." : "", text);
	return -1;
}

static const char *hint(const struct value *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static const char *hint(const struct value *v, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return arena_strdup(v->d->arena, text);
}

int value_plain(const struct value *v)
{
	for (size_t i = 0; i < v->len; i++) {
		char c = lines_full_width(v->text + i, v->len - i);

		if (c)
			return value_error(v, i, 3, hint(v, c == ' ' ? "type a plain blank" : "type \"%c\"", c),
				"a full-width character where an ASCII one is wanted");
		if (i && v->text[i] == '#' && (v->text[i - 1] == ' ' || v->text[i - 1] == '\t'))
			return value_bad(
				v, "write the comment on a line of its own", "text after a value is part of it");
	}
	if (v->at.line_len > INI_LINE_MAX && v->at.where.col + v->len > INI_LINE_MAX)
		return value_error(v, INI_LINE_MAX + 1 - v->at.where.col, 1,
			v->row && v->row->type->list ? "a list may go on in further lines with the same key" : NULL,
			"line of %zu bytes: at most %d are allowed", v->at.line_len, INI_LINE_MAX);
	return 0;
}

struct value value_part(const struct value *v, size_t from, size_t len)
{
	struct value part = *v;

	part.text = arena_strndup(v->d->arena, v->text + from, len);
	part.len = len;
	part.at = place_inside(&v->at, from, len);
	return part;
}

int value_items(const struct value *v, int (*take)(const struct value *item, void *field), void *field)
{
	bool told = false;
	int ret = 0;

	for (size_t from = 0, to; from <= v->len; from = to + 1) {
		const char *comma = memchr(v->text + from, ',', v->len - from);
		size_t a = from, b;
		struct value item;

		b = to = comma ? (size_t)(comma - v->text) : v->len;
		while (a < b && (v->text[a] == ' ' || v->text[a] == '\t'))
			a++;
		while (b > a && (v->text[b - 1] == ' ' || v->text[b - 1] == '\t'))
			b--;
		if (a == b) {
			if (!told)
				ret = value_error(v, comma ? to : to - 1, 1, "delete the comma",
					"nothing between the commas of a list");
			told = true;
			continue;
		}
		item = value_part(v, a, b - a);
		if (take(&item, field))
			ret = -1;
	}
	return ret;
}

bool value_is(const struct value *v, const char *word)
{
	return v->len == strlen(word) && memcmp(v->text, word, v->len) == 0;
}

int value_word(const struct value *v, const char *const *words, size_t n)
{
	const char *near;
	char all[128] = "";
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		if (value_is(v, words[i]))
			return (int)i;
	for (size_t i = 0; i < n && len < sizeof all; i++)
		len += (size_t)snprintf(all + len, sizeof all - len, "%s%s", i ? ", " : "", words[i]);
	near = nearest_word(v->text, words, n);
	return value_bad(v, near ? hint(v, "did you mean \"%s\"?", near) : NULL, "it is one of: %s", all);
}

/* -- numbers with units ---------------------------------------------------------------------------------------------- */

struct quantity {
	uint64_t whole, fraction, denominator; /* whole + fraction / denominator, a power of 10 */
	size_t digits;                         /* length of the number's text */
	const char *unit;                      /* the rest, "" none */
};

/* "1.5TB" -> 1, 5 / 10, "TB". At most 18 digits on either side of the point. */
static int quantity(const struct value *v, const char *example, struct quantity *ret)
{
	struct quantity q = { .denominator = 1 };
	const char *p = v->text;
	size_t n = 0, m = 0;

	for (; p[n] >= '0' && p[n] <= '9' && n < 19; n++)
		q.whole = q.whole * 10 + (uint64_t)(p[n] - '0');
	if (!n)
		return value_bad(
			v, hint(v, "as %s", example), p[0] == '-' || p[0] == '+' ? "no sign is wanted" : "no number");
	if (p[n] == '.')
		for (m = 1; p[n + m] >= '0' && p[n + m] <= '9' && m < 19; m++) {
			q.fraction = q.fraction * 10 + (uint64_t)(p[n + m] - '0');
			q.denominator *= 10;
		}
	if (n > 18 || m > 9)
		return value_bad(v, NULL, "too many digits");
	if (m == 1)
		return value_bad(v, hint(v, "as %s", example), "no digit after the point");
	if (p[n] == ',')
		return value_bad(v, "write a point, as 1.5", "a comma in a number");
	q.digits = n + m;
	q.unit = p + q.digits;
	if (*q.unit == ' ' || *q.unit == '\t')
		return value_bad(v, hint(v, "write %.*s%s", (int)q.digits, p, q.unit + strspn(q.unit, " \t")),
			"a blank in the value");
	*ret = q;
	return 0;
}

/* number x scale, whole and in range. */
static int scaled(const struct value *v, const struct quantity *q, uint64_t scale, const char *one, uint64_t *ret)
{
	uint64_t whole, part;

	if (__builtin_mul_overflow(q->whole, scale, &whole) || __builtin_mul_overflow(q->fraction, scale, &part) ||
		__builtin_add_overflow(whole, part / q->denominator, &whole) || whole > INT64_MAX)
		return value_bad(v, NULL, "too large");
	if (part % q->denominator)
		return value_bad(v, NULL, "not a whole number of %s", one);
	*ret = whole;
	return 0;
}

struct unit {
	const char *name;
	uint64_t scale;
};

static const struct unit *find_unit(const struct unit *units, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(units[i].name, name) == 0)
			return &units[i];
	return NULL;
}

#define RATE_MIN UINT64_C(8000)
#define RATE_MAX UINT64_C(100000000000) /* the kernel refuses or wraps above it (limit objects) */

int value_rate(const struct value *v, uint64_t *ret_bps)
{
	static const struct unit units[] = {
		{ "kbit", 1000 },
		{ "mbit", 1000000 },
		{ "gbit", 1000000000 },
		{ "kbps", 1000 },
		{ "mbps", 1000000 },
		{ "gbps", 1000000000 },
	};
	const struct unit *u;
	struct quantity q = { .unit = "" };
	uint64_t bps = 0;
	char letter;
	size_t n;

	if (quantity(v, "20mbit", &q))
		return -1;
	n = strlen(q.unit);
	letter = (char)(n ? q.unit[0] | 0x20 : 'm');
	if (n >= 2 && strchr("kmgKMG", q.unit[0]) && q.unit[1] == 'B' &&
		(strcmp(q.unit + 2, "/s") == 0 || strcmp(q.unit + 2, "ps") == 0 || !q.unit[2]))
		return value_bad(v,
			q.fraction ? "a rate is in bits: 8 times the bytes, as 80mbit"
				   : hint(v, "bits: write %" PRIu64 "%cbit", q.whole * 8, letter),
			"bytes a second");
	if (n > 2 && strcmp(q.unit + n - 2, "/s") == 0)
		return value_bad(
			v, hint(v, "write %.*sbit", (int)q.digits + 1, v->text), "\"/s\" is not part of a rate");
	u = find_unit(units, sizeof units / sizeof *units, q.unit);
	if (!u && (!n || (n == 1 && strchr("kmgKMG", q.unit[0]))))
		return value_bad(v, hint(v, "write %.*s%cbit", (int)q.digits, v->text, letter), "which unit?");
	if (!u)
		return value_bad(v, "kbit, mbit or gbit, as 20mbit", "unknown unit \"%s\"", q.unit);
	if (scaled(v, &q, u->scale, "bits", &bps))
		return -1;
	if (bps < RATE_MIN || bps > RATE_MAX)
		return value_bad(v, NULL, "a rate is from 8kbit to 100gbit");
	*ret_bps = bps;
	return 0;
}

int value_size(const struct value *v, uint64_t *ret_bytes)
{
	static const struct unit units[] = {
		{ "B", 1 },
		{ "KB", 1000 },
		{ "MB", 1000000 },
		{ "GB", 1000000000 },
		{ "TB", 1000000000000 },
		{ "KiB", 1024 },
		{ "MiB", 1048576 },
		{ "GiB", 1073741824 },
		{ "TiB", 1099511627776 },
	};
	const struct unit *u;
	struct quantity q = { .unit = "" };
	size_t n;

	if (quantity(v, "100GB", &q))
		return -1;
	n = strlen(q.unit);
	if (!n)
		return value_bad(v, hint(v, "write %sGB or %sGiB", v->text, v->text), "which unit?");
	if (n == 1 && strchr("kmgtKMGT", q.unit[0])) {
		char letter = (char)(q.unit[0] & ~0x20);

		return value_bad(v,
			hint(v, "write %.*s%cB or %.*s%ciB", (int)q.digits, v->text, letter, (int)q.digits, v->text,
				letter),
			"powers of 1000 or of 1024?");
	}
	if (n == 2 && strchr("KMGT", q.unit[0]) && q.unit[1] == 'b')
		return value_bad(
			v, hint(v, "write %.*s%cB", (int)q.digits, v->text, q.unit[0]), "bits? a size is in bytes");
	u = find_unit(units, sizeof units / sizeof *units, q.unit);
	if (!u)
		return value_bad(v, "KB MB GB TB or KiB MiB GiB TiB, as 100GB", "unknown unit \"%s\"", q.unit);
	return scaled(v, &q, u->scale, "bytes", ret_bytes);
}

int value_span(const struct value *v, uint64_t *ret_seconds)
{
	static const struct unit units[] = { { "s", 1 }, { "min", 60 }, { "h", 3600 }, { "d", 86400 } };
	static const struct unit others[] = {
		{ "second", 1 },
		{ "seconds", 1 },
		{ "sec", 1 },
		{ "minute", 60 },
		{ "minutes", 60 },
		{ "mins", 60 },
		{ "hour", 3600 },
		{ "hours", 3600 },
		{ "day", 86400 },
		{ "days", 86400 },
		{ "w", 604800 },
		{ "week", 604800 },
		{ "weeks", 604800 },
		{ "y", 31536000 },
		{ "year", 31536000 },
		{ "years", 31536000 },
	};
	static const char *const names[] = { "s", "min", "h", "d" };
	const struct unit *u = NULL;
	struct quantity q = { .unit = "" };

	if (quantity(v, "30d", &q))
		return -1;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(units[i].name, q.unit) == 0)
			u = &units[i];
	if (u)
		return scaled(v, &q, u->scale, "seconds", ret_seconds);
	if (!*q.unit)
		return value_bad(v, hint(v, "write %smin, %sh or %sd", v->text, v->text, v->text), "which unit?");
	if (strcasecmp(q.unit, "m") == 0)
		return value_bad(
			v, hint(v, "write %.*smin, or days as 30d", (int)q.digits, v->text), "minutes or months?");
	u = find_unit(units, sizeof units / sizeof *units, q.unit);
	if (u)
		return value_bad(
			v, hint(v, "write %.*s%s", (int)q.digits, v->text, u->name), "unknown unit \"%s\"", q.unit);
	u = find_unit(others, sizeof others / sizeof *others, q.unit);
	for (size_t i = 4; u && !q.fraction && i-- > 0;)
		if (u->scale % units[i].scale == 0)
			return value_bad(v,
				hint(v, "write %" PRIu64 "%s", q.whole * (u->scale / units[i].scale), names[i]),
				"unknown unit \"%s\"", q.unit);
	return value_bad(v, "s, min, h or d, as 30d", "unknown unit \"%s\"", q.unit);
}

int value_percent(const struct value *v, uint32_t *ret_percent)
{
	struct quantity q = { .unit = "" };
	uint64_t hundredths;

	if (quantity(v, "80%", &q))
		return -1;
	if (!*q.unit && !q.whole && q.fraction && !__builtin_mul_overflow(q.fraction, 100, &hundredths))
		return value_bad(
			v, hint(v, "write %" PRIu64 "%%", hundredths / q.denominator), "a share is written in percent");
	if (!*q.unit)
		return value_bad(v, hint(v, "write %s%%", v->text), "which unit?");
	if (strcmp(q.unit, "%") != 0)
		return value_bad(v, "as 80%", "unknown unit \"%s\"", q.unit);
	if (q.fraction || q.whole < 1 || q.whole > 1000)
		return value_bad(v, NULL, "whole percents from 1%% to 1000%%");
	*ret_percent = (uint32_t)q.whole;
	return 0;
}

int value_number(const struct value *v, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t n = 0;

	for (size_t i = 0; i < v->len; i++) {
		if (v->text[i] < '0' || v->text[i] > '9')
			return value_bad(v, NULL, "a plain number from %" PRIu64 " to %" PRIu64 " is wanted", min, max);
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t)(v->text[i] - '0'), &n))
			n = UINT64_MAX;
	}
	if (v->len > 1 && v->text[0] == '0')
		return value_bad(v, hint(v, "write %" PRIu64, n), "a number does not begin with 0");
	if (n < min || n > max)
		return value_bad(v, NULL, "it is from %" PRIu64 " to %" PRIu64, min, max);
	*ret = n;
	return 0;
}

/* -- dates, times, flags --------------------------------------------------------------------------------------------- */

/* At most `most` digits at *p, which moves behind them; -1 if there are none. */
static int digits(const char **p, size_t most)
{
	int x = 0;
	size_t n = 0;

	for (; n < most && **p >= '0' && **p <= '9'; n++)
		x = x * 10 + (*(*p)++ - '0');
	return n ? x : -1;
}

int value_date(const struct value *v, struct civil_date *ret_date)
{
	const char *p = v->text;
	int y = digits(&p, 4), m = -1, d = -1;
	struct civil_date date;

	if (*p && strchr("-./", *p)) {
		p++;
		m = digits(&p, 2);
	}
	if (m >= 0 && *p && strchr("-./", *p)) {
		p++;
		d = digits(&p, 2);
	}
	if (*p || y < 1000 || d < 0)
		return value_bad(v, "the year first, as 2027-03-01", "a date is YYYY-MM-DD");
	if (v->len != 10 || v->text[4] != '-' || v->text[7] != '-')
		return value_bad(v, hint(v, "write %04d-%02d-%02d", y, m, d), "a date is YYYY-MM-DD");
	date = (struct civil_date){ .year = y, .month = (uint8_t)m, .day = (uint8_t)d };
	if (!calendar_valid(date) || y < 1970 || y > 2199)
		return value_bad(v, NULL, "there is no such day");
	*ret_date = date;
	return 0;
}

/* What was meant by "8:00", "8" or "8:30 pm": true and *h, *m when it is clear. */
static bool meant_time(const char *p, int *h, int *m, bool *twelve)
{
	*h = digits(&p, 2);
	*m = 0;
	if (*p == ':') {
		p++;
		*m = digits(&p, 2);
	}
	p += strspn(p, " ");
	*twelve = strcasecmp(p, "am") == 0 || strcasecmp(p, "pm") == 0;
	if (strcasecmp(p, "pm") == 0)
		*h = *h % 12 + 12;
	else if (*twelve)
		*h %= 12;
	return (*twelve || !*p) && *h >= 0 && *h < 24 && *m >= 0 && *m < 60;
}

int value_time(const struct value *v, uint8_t *ret_hour, uint8_t *ret_minute)
{
	const char *p = v->text;
	int h = digits(&p, 2), m = -1;
	bool twelve;

	if (v->len == 5 && *p == ':' && p == v->text + 2) {
		p++;
		m = digits(&p, 2);
	}
	if (m >= 0 && p == v->text + 5) {
		if (h == 24 && !m)
			return value_bad(v, "write 00:00", "a day ends where the next begins");
		if (h > 23 || m > 59)
			return value_bad(v, NULL, "from 00:00 to 23:59");
		*ret_hour = (uint8_t)h;
		*ret_minute = (uint8_t)m;
		return 0;
	}
	if (!meant_time(v->text, &h, &m, &twelve))
		return value_bad(v, "as 08:00", "a time is HH:MM");
	return value_bad(v, hint(v, "write %02d:%02d", h, m), twelve ? "a time is of 24 hours" : "a time is HH:MM");
}

int value_flag(const struct value *v, bool *ret)
{
	static const char *const on[] = { "true", "1", "on", "y", "yes", "enable", "enabled" };
	static const char *const off[] = { "false", "0", "off", "n", "no", "disable", "disabled" };
	const char *meant = NULL;

	if (value_is(v, "yes") || value_is(v, "no")) {
		*ret = value_is(v, "yes");
		return 0;
	}
	for (size_t i = 0; i < sizeof on / sizeof *on; i++) {
		if (strcasecmp(v->text, on[i]) == 0)
			meant = "write yes";
		if (strcasecmp(v->text, off[i]) == 0)
			meant = "write no";
	}
	return value_bad(v, meant, "it is yes or no");
}
