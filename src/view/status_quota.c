/* Limits, blocks and quotas in status: see status_parts.h.
 * A quota's figures stand in the family of units in which it was written, unless exact numbers are asked for.
 * status.c calls. */
#include "view/status_parts.h"

#include <inttypes.h>

#include "view/bar.h"
#include "view/when.h"

#define BAR_WIDTH 10

/* -- what holds now -------------------------------------------------------------------------------------------------- */

/* "5 min left", of an hour and a half or more "2 h left"; the last minute is 1. */
const char *status_left(const struct status_print *p, int64_t until)
{
	const int64_t s = until > p->s->now ? until - p->s->now : 0;

	if (s < 5400)
		return arena_printf(p->a, "%" PRId64 " min left", s < 60 ? 1 : (s + 59) / 60);
	return s < 2 * 86400 ? arena_printf(p->a, "%" PRId64 " h left", (s + 1800) / 3600)
			     : arena_printf(p->a, "%" PRId64 " d left", (s + 43200) / 86400);
}

static const char *rate(const struct status_print *p, uint64_t bps)
{
	return figure_rate(p->a, p->look->style, bps);
}

const char *status_rates(const struct status_print *p, const struct rate rates[DIRS])
{
	const struct rate *in = &rates[DIR_IN], *out = &rates[DIR_OUT];

	if (in->present && out->present && in->bps == out->bps)
		return rate(p, in->bps);
	if (in->present && out->present)
		return arena_printf(p->a, "in %s, out %s", rate(p, in->bps), rate(p, out->bps));
	return in->present ? arena_printf(p->a, "in %s", rate(p, in->bps))
			   : arena_printf(p->a, "out %s", rate(p, out->bps));
}

const char *status_limits(const struct status_print *p, const struct standing *s)
{
	struct rate rates[DIRS] = { 0 };

	for (enum direction d = 0; d < DIRS; d++)
		if (s->of[d].why == STANDING_CONFIGURED)
			rates[d] = (struct rate){ true, s->of[d].bps };
	return status_rates(p, rates);
}

void status_standing(const struct status_print *p, struct table *t, const struct status_row *r)
{
	const struct standing_rate *main = &r->standing.of[standing_main(&r->standing)];

	switch (main->why) {
	case STANDING_FREE:
		table_cell(t, PAINT_NONE, "");
		break;
	case STANDING_CONFIGURED:
		table_cell(t, PAINT_NONE, status_limits(p, &r->standing));
		break;
	case STANDING_BURST:
		table_cell(t, PAINT_WARN, arena_printf(p->a, "limited, %s", status_left(p, main->until)));
		break;
	case STANDING_QUOTA:
		table_cell(t, main->bps ? PAINT_WARN : PAINT_BAD, main->bps ? "throttled" : "blocked");
		break;
	case STANDING_EXPIRED:
		table_cell(t, PAINT_BAD, "expired");
		break;
	}
}

/* -- the table of quotas ----------------------------------------------------------------------------------------------- */

static const struct table_column columns[] = {
	{ "quota", ALIGN_LEFT, 0, 8 },
	{ "used", ALIGN_UNIT, 0, 0 },
	{ "of", ALIGN_UNIT, 30, 0 },
	{ "%", ALIGN_RIGHT, 0, 0 },
	{ "", ALIGN_LEFT, 70, 0 },
	{ "resets", ALIGN_LEFT, 40, 0 },
	{ "forecast", ALIGN_UNIT, 50, 0 },
	{ "state", ALIGN_LEFT, 20, 0 },
};

const char *status_size(const struct status_print *p, const struct entry *subject, uint64_t bytes)
{
	return figure_bytes(p->a,
		p->look->style == UNITS_EXACT   ? UNITS_EXACT
			: subject->quota.binary ? UNITS_IEC
						: UNITS_SI,
		bytes);
}

/* "2026-12-01": a day begins it nearly always. */
static const char *reset_text(const struct status_print *p, const struct status_quota *q)
{
	const char *zone = q->subject->cycle.timezone;

	if (q->cycle.end >= CALENDAR_MAX)
		return "never";
	if (calendar_floor(zone, BUCKET_DAY, q->cycle.end) == q->cycle.end)
		return when_bucket(p->a, zone, BUCKET_DAY, q->cycle.end);
	return when_minute(p->a, zone, q->cycle.end);
}

static const char *state_text(const struct status_quota *q)
{
	switch (q->state) {
	case QUOTA_OK:
		return "";
	case QUOTA_WARNED:
		return q->permille >= 1000 ? "used up" : "warned";
	case QUOTA_THROTTLED:
		return "throttled";
	case QUOTA_BLOCKED:
		break;
	}
	return "blocked";
}

static enum paint paint_of(const struct status_quota *q)
{
	return q->state == QUOTA_BLOCKED ? PAINT_BAD : q->state == QUOTA_OK ? PAINT_NONE : PAINT_WARN;
}

static void put_quota(const struct status_print *p, struct table *t, const struct status_quota *q)
{
	const enum paint paint = paint_of(q);

	table_cell(t, PAINT_NONE, q->subject->name);
	table_cell(t, paint, status_size(p, q->subject, q->used));
	table_cell(t, PAINT_NONE, status_size(p, q->subject, q->limit));
	table_cell(t, paint, arena_printf(p->a, "%" PRIu32 ".%" PRIu32, q->permille / 10, q->permille % 10));
	table_cell(t, paint, bar_text(p->a, q->permille, 1000, BAR_WIDTH, p->look->utf8));
	table_cell(t, PAINT_NONE, reset_text(p, q));
	table_cell(t, q->has_forecast && q->forecast > q->limit ? PAINT_WARN : PAINT_NONE,
		q->has_forecast ? status_size(p, q->subject, q->forecast) : "");
	table_cell(t, paint, state_text(q));
}

void status_quotas(const struct status_print *p)
{
	const struct table_look look = { p->look->width, true, p->look->color, "" };
	struct table t;

	if (!p->s->quotas.n)
		return;
	str_putc(p->out, '\n');
	table_init(&t, p->a, columns, sizeof columns / sizeof *columns);
	for (size_t i = 0; i < p->s->quotas.n; i++)
		put_quota(p, &t, &p->s->quotas.at[i]);
	table_render(&t, &look, p->out);
}
