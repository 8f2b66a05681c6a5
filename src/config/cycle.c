/* Values: how a cycle runs and what it counts: billing, zone, cycle, day and hour of the reset. See values.h.
 * quota_reset_day means what quota_cycle says, so keys.def has quota_cycle first, and rows are read in that order.
 * config/ and docgen.c call. */
#include "config/values.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "model/calendar.h"

#define SPAN_DAYS_MAX 3660

/* -- billing --------------------------------------------------------------------------------------------------------- */

static const char *const billing_names[] = {
	[BILLING_OUT] = "out",
	[BILLING_IN] = "in",
	[BILLING_BOTH] = "both",
	[BILLING_MAX] = "max",
	[BILLING_RELAY] = "relay",
};

static int parse_billing(const struct value *v, void *field)
{
	int i = value_word(v, billing_names, sizeof billing_names / sizeof *billing_names);

	if (i < 0)
		return -1;
	*(enum billing *)field = (enum billing)i;
	return 0;
}

static void print_billing(const void *field, struct str *out)
{
	str_puts(out, billing_names[*(const enum billing *)field]);
}

const struct value_type type_billing = {
	.name = "out, in, both, max or relay", .parse = parse_billing, .print = print_billing
};

/* -- zone ------------------------------------------------------------------------------------------------------------ */

/* "asia/shanghai" -> "Asia/Shanghai" */
static const char *capitals(const struct value *v)
{
	char *text = arena_strdup(v->d->arena, v->text);
	bool first = true;

	for (char *p = text; *p; p++) {
		if (first && *p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
		else if (!first && *p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
		first = strchr("/_-", *p) != NULL;
	}
	return text;
}

static int parse_zone(const struct value *v, void *field)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	static const char more[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
	const char *cure = "as Asia/Shanghai; `timedatectl list-timezones` lists them";

	if (strspn(v->text, more) == v->len && strchr(letters, v->text[0]) && v->text[v->len - 1] != '/') {
		const char *other = capitals(v);

		if (calendar_zone_known(v->text)) {
			*(const char **)field = v->text;
			return 0;
		}
		if (strcmp(other, "Asia/Beijing") == 0 || strcmp(other, "Prc") == 0 || strcmp(other, "Cst") == 0)
			cure = "did you mean Asia/Shanghai?";
		else if (calendar_zone_known(other))
			cure = arena_printf(v->d->arena, "did you mean %s?", other);
	}
	return value_bad(v, cure, "this machine knows no such time zone");
}

static void print_zone(const void *field, struct str *out)
{
	str_puts(out, *(const char *const *)field);
}

const struct value_type type_zone = { .name = "time zone", .parse = parse_zone, .print = print_zone };

/* -- cycle ----------------------------------------------------------------------------------------------------------- */

static const char *const unit_names[] = {
	[CYCLE_MONTH] = "month",
	[CYCLE_WEEK] = "week",
	[CYCLE_DAY] = "day",
	[CYCLE_YEAR] = "year",
	[CYCLE_SPAN] = "30d from 2026-01-15",
	[CYCLE_NEVER] = "never",
};

/* The reset day of another unit means nothing here. */
static void set_unit(struct cycle_rule *c, enum cycle_unit unit)
{
	if (c->unit != unit)
		c->reset_day = c->reset_month = 1;
	c->unit = unit;
}

/* "30d from 2026-01-15" */
static int parse_span_cycle(const struct value *v, struct cycle_rule *c)
{
	struct value days = value_part(v, 0, strcspn(v->text, " ")), date;
	struct civil_date from;
	uint64_t seconds;
	const char *word = strstr(v->text, " from ");

	if (value_span(&days, &seconds))
		return -1;
	if (!seconds || seconds % 86400 || seconds / 86400 > SPAN_DAYS_MAX)
		return value_bad(
			v, "as 30d from 2026-01-15", "a cycle is of whole days, from 1d to %dd", SPAN_DAYS_MAX);
	if (!word)
		return value_bad(v, arena_printf(v->d->arena, "say when one began, as %s from 2026-01-15", days.text),
			"a cycle of days needs a first day");
	word += 6 + strspn(word + 6, " ");
	date = value_part(v, (size_t)(word - v->text), strlen(word));
	if (value_date(&date, &from))
		return -1;
	set_unit(c, CYCLE_SPAN);
	c->span_days = (uint32_t)(seconds / 86400);
	c->from = from;
	return 0;
}

static int parse_cycle(const struct value *v, void *field)
{
	static const struct {
		const char *wrong, *right;
	} others[] = {
		{ "monthly", "month" },
		{ "weekly", "week" },
		{ "daily", "day" },
		{ "yearly", "year" },
		{ "annual", "year" },
		{ "none", "never" },
	};
	struct cycle_rule *c = field;

	if (v->text[0] >= '0' && v->text[0] <= '9')
		return parse_span_cycle(v, c);
	for (size_t i = 0; i < sizeof unit_names / sizeof *unit_names; i++) {
		if (i == CYCLE_SPAN || !value_is(v, unit_names[i]))
			continue;
		set_unit(c, (enum cycle_unit)i);
		c->span_days = 0;
		c->from = (struct civil_date){ 0 };
		return 0;
	}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (value_is(v, others[i].wrong))
			return value_bad(v, arena_printf(v->d->arena, "write %s", others[i].right), "no such cycle");
	return value_word(v, unit_names, sizeof unit_names / sizeof *unit_names) < 0 ? -1 : 0;
}

static void print_cycle(const void *field, struct str *out)
{
	const struct cycle_rule *c = field;

	if (c->unit == CYCLE_SPAN)
		str_putf(out, "%ud from %04d-%02u-%02u", c->span_days, c->from.year, c->from.month, c->from.day);
	else
		str_puts(out, unit_names[c->unit]);
}

const struct value_type type_cycle = {
	.name = "month, week, day, year, never, or days from a date",
	.parse = parse_cycle,
	.print = print_cycle,
};

/* -- day and hour of the reset --------------------------------------------------------------------------------------- */

static const char *const weekdays[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

static int parse_month_day(const struct value *v, struct cycle_rule *c)
{
	uint64_t day;

	if (v->text[0] < '0' || v->text[0] > '9')
		return value_bad(
			v, "a day of the week needs \"quota_cycle = week\"", "a month's reset day is from 1 to 31");
	if (strchr(v->text, '-'))
		return value_bad(
			v, "a day of the year needs \"quota_cycle = year\"", "a month's reset day is from 1 to 31");
	if (value_number(v, 1, 31, &day))
		return -1;
	c->reset_day = (uint8_t)day;
	return 0;
}

static int parse_week_day(const struct value *v, struct cycle_rule *c)
{
	int i;

	for (size_t k = 0; k < 7; k++)
		if (v->len > 3 && strncasecmp(v->text, weekdays[k], 3) == 0)
			return value_bad(v, arena_printf(v->d->arena, "write %s", weekdays[k]),
				"a day of the week has three letters");
	if (v->text[0] >= '0' && v->text[0] <= '9')
		return value_bad(v, "as mon; a day of the month needs \"quota_cycle = month\"",
			"the cycle is a week: its reset day is from mon to sun");
	i = value_word(v, weekdays, 7);
	if (i < 0)
		return -1;
	c->reset_day = (uint8_t)(i + 1);
	return 0;
}

static int parse_year_day(const struct value *v, struct cycle_rule *c)
{
	struct diags unseen = { .arena = v->d->arena };
	struct value date = *v;
	struct civil_date d;

	/* In a leap year, so that 02-29 is a day: other years take the month's last one. */
	date.text = arena_printf(v->d->arena, "2024-%s", v->text);
	date.len = v->len + 5;
	date.d = &unseen;
	if (value_date(&date, &d))
		return value_bad(v, "as 01-31 for 31 January", "the cycle is a year: its reset day is MM-DD");
	c->reset_month = d.month;
	c->reset_day = d.day;
	return 0;
}

static int parse_reset_day(const struct value *v, void *field)
{
	struct cycle_rule *c = field;

	switch (c->unit) {
	case CYCLE_MONTH:
		return parse_month_day(v, c);
	case CYCLE_WEEK:
		return parse_week_day(v, c);
	case CYCLE_YEAR:
		return parse_year_day(v, c);
	case CYCLE_SPAN:
		return value_bad(v, "delete the line", "the cycle of %u days has its day in \"from\"", c->span_days);
	default:
		return value_bad(v, "delete the line", "\"quota_cycle = %s\" has no reset day", unit_names[c->unit]);
	}
}

static void print_reset_day(const void *field, struct str *out)
{
	const struct cycle_rule *c = field;

	if (c->unit == CYCLE_MONTH)
		str_putf(out, "%u", c->reset_day);
	else if (c->unit == CYCLE_WEEK)
		str_puts(out, weekdays[c->reset_day - 1]);
	else if (c->unit == CYCLE_YEAR)
		str_putf(out, "%02u-%02u", c->reset_month, c->reset_day);
}

const struct value_type type_reset_day = {
	.name = "day",
	.parse = parse_reset_day,
	.print = print_reset_day,
};

static int parse_reset_time(const struct value *v, void *field)
{
	uint8_t hour, minute;

	if (value_time(v, &hour, &minute))
		return -1;
	if (minute)
		return value_bad(v, arena_printf(v->d->arena, "use %02u:00", hour), "a cycle begins at a full hour");
	*(uint8_t *)field = hour;
	return 0;
}

static void print_reset_time(const void *field, struct str *out)
{
	str_putf(out, "%02u:00", *(const uint8_t *)field);
}

const struct value_type type_reset_time = {
	.name = "time of day", .parse = parse_reset_time, .print = print_reset_time
};
