/* All that is known of one entry or quota, and what would open it: see status_parts.h.
 * Whoever asks for a name wants to know why it is as it is, so what holds it now stands before everything else.
 * status.c calls. */
#include "view/status_parts.h"

#include <inttypes.h>
#include <string.h>

#include "model/billing.h"
#include "view/when.h"
#include "view/words.h"

static const struct table_column fact_columns[] = {
	{ "", ALIGN_LEFT, 0, 0 },
	{ "", ALIGN_LEFT, 0, 8 },
};

static void fact(struct table *t, const char *what, const char *text)
{
	table_cell(t, PAINT_DIM, what);
	table_cell(t, PAINT_NONE, text);
}

static const char *bytes(const struct status_print *p, uint64_t n)
{
	return figure_bytes(p->a, p->look->style, n);
}

static const char *rate(const struct status_print *p, uint64_t bps)
{
	return figure_rate(p->a, p->look->style, bps);
}

static bool never_resets(const struct cycle_span *c)
{
	return c->start == CALENDAR_MIN && c->end == CALENDAR_MAX;
}

/* -- what moved ------------------------------------------------------------------------------------------------------ */

static const char *cycle_text(const struct status_print *p, const struct status_row *r)
{
	const char *counts = billing_name(r->billing);

	if (never_resets(&r->cycle))
		return arena_printf(p->a, "%s (billing = %s), never resets", bytes(p, r->cycle_bytes), counts);
	return arena_printf(p->a, "%s (billing = %s) since %s, resets %s", bytes(p, r->cycle_bytes), counts,
		when_minute(p->a, r->cycle_zone, r->cycle.start), when_offset(p->a, r->cycle_zone, r->cycle.end));
}

static const char *direction_text(const struct status_print *p, const struct status_row *r, enum direction d)
{
	const struct figures *f = &r->figures[STATUS_EVER];

	return arena_printf(p->a, "%s, about %s packets (raw %s, %s packets; wire/raw %s)", bytes(p, f->bytes[d]),
		figure_count(p->a, f->packets[d]), bytes(p, f->raw_bytes[d]), figure_count(p->a, f->raw_packets[d]),
		figure_ratio(p->a, f->bytes[d], f->raw_bytes[d]));
}

static const char *span_text(const struct status_print *p, const struct status_row *r, enum status_span span)
{
	const struct figures *f = &r->figures[span];

	return arena_printf(p->a, "in %s, out %s", bytes(p, f->bytes[DIR_IN]), bytes(p, f->bytes[DIR_OUT]));
}

static void moved_facts(const struct status_print *p, struct table *t, const struct status_row *r)
{
	fact(t, "in", direction_text(p, r, DIR_IN));
	fact(t, "out", direction_text(p, r, DIR_OUT));
	fact(t, "this hour", span_text(p, r, STATUS_HOUR));
	fact(t, "today", span_text(p, r, STATUS_TODAY));
	if (r->counted)
		fact(t, "cycle", cycle_text(p, r));
	if (r->has_rate)
		fact(t, "rate",
			arena_printf(
				p->a, "in %s, out %s", rate(p, r->rate_bps[DIR_IN]), rate(p, r->rate_bps[DIR_OUT])));
	if (!figures_zero(&r->older))
		fact(t, "older",
			arena_printf(p->a, "in %s, out %s: counted before this database, in no other figure",
				bytes(p, r->older.bytes[DIR_IN]), bytes(p, r->older.bytes[DIR_OUT])));
	fact(t, "counted",
		r->counted ? arena_printf(p->a, "since %s", when_offset(p->a, p->s->zone, r->since)) : "not yet");
}

/* -- what holds ------------------------------------------------------------------------------------------------------- */

static const char *until_text(const struct status_print *p, const struct entry *e, int64_t until)
{
	return until < CALENDAR_MAX ? arena_printf(p->a, " until %s", when_offset(p->a, e->cycle.timezone, until)) : "";
}

/* Whose quota it is, where it is not the entry's own. */
static const char *whose(const struct status_print *p, const struct entry *by)
{
	return by->kind == ENTRY_QUOTA ? arena_printf(p->a, "the quota \"%s\"", by->name) : "its quota";
}

/* What each direction may have; a limit of its own may be below what holds both. */
static const char *held_text(const struct status_print *p, const struct standing *s)
{
	const uint64_t in = s->of[DIR_IN].bps, out = s->of[DIR_OUT].bps;

	if (!s->of[DIR_IN].by || !s->of[DIR_OUT].by)
		return arena_printf(p->a, "%s %s", rate(p, in | out), s->of[DIR_IN].by ? "in" : "out");
	return in == out ? arena_printf(p->a, "%s in each direction", rate(p, in))
			 : arena_printf(p->a, "%s in, %s out", rate(p, in), rate(p, out));
}

/* Where something is missing in the kernel, only one direction may be. */
static const char *one_way(const struct standing *s)
{
	const bool in = s->of[DIR_IN].by && !s->of[DIR_IN].bps, out = s->of[DIR_OUT].by && !s->of[DIR_OUT].bps;

	return in == out ? "" : in ? " coming in" : " going out";
}

static const char *standing_text(const struct status_print *p, const struct standing *s)
{
	const struct standing_rate *main = &s->of[standing_main(s)];

	switch (main->why) {
	case STANDING_FREE:
		break;
	case STANDING_CONFIGURED:
		return "open, within its limit";
	case STANDING_BURST:
		return arena_printf(p->a, "limited to %s%s, %s: a burst", held_text(p, s),
			until_text(p, main->by, main->until), status_left(p, main->until));
	case STANDING_QUOTA:
		return arena_printf(p->a, "%s%s%s: %s is used up", main->bps ? "throttled to " : "blocked",
			main->bps ? held_text(p, s) : one_way(s), until_text(p, main->by, main->until),
			whose(p, main->by));
	case STANDING_EXPIRED:
		return arena_printf(p->a, "blocked%s: expired on %s", one_way(s),
			when_offset(p->a, main->by->cycle.timezone, policy_expiry(main->by)));
	}
	return "open";
}

/* Where the kernel has another one than the file asks for, or none. */
static const char *kernel_text(const struct status_print *p, const struct status_row *r, enum direction d)
{
	const struct rate *want = &r->entry->limit[d];
	const struct status_way *w = &r->way[d];

	if (!w->looked || (want->present ? want->bps : 0) == w->bps)
		return "";
	if (!w->bps)
		return ", but the kernel does not have it";
	return arena_printf(p->a, ", but the kernel has %s", rate(p, w->bps));
}

static const char *limit_text(const struct status_print *p, const struct status_row *r)
{
	const bool any = r->entry->limit[DIR_IN].present || r->entry->limit[DIR_OUT].present;
	const char *text = any ? status_rates(p, r->entry->limit) : "none";

	for (enum direction d = 0; d < DIRS; d++) {
		const struct status_way *w = &r->way[d];
		const char *is = kernel_text(p, r, d);

		if (w->method)
			text = arena_printf(p->a, "%s; %s: %s%s%s%s", text, d == DIR_IN ? "in" : "out", w->method,
				w->why ? ", " : "", w->why ? w->why : "", is);
		else if (*is)
			text = arena_printf(p->a, "%s; %s: none%s", text, d == DIR_IN ? "in" : "out", is);
	}
	return text;
}

static const char *action_text(const struct status_print *p, const struct entry *e)
{
	switch (e->quota_action.kind) {
	case ACTION_ALERT:
		break;
	case ACTION_THROTTLE:
		return arena_printf(p->a, "then throttles to %s in each direction", rate(p, e->quota_action.bps));
	case ACTION_BLOCK:
		return "then blocks";
	}
	return "alerts only";
}

static const char *quota_text(const struct status_print *p, const struct status_quota *q)
{
	const struct entry *e = q->subject;
	const char *more = e->quota.bytes == q->limit
		? ""
		: arena_printf(p->a, ", %s of it by hand", status_size(p, e, q->limit - e->quota.bytes));
	const char *then = !q->has_forecast ? "" : arena_printf(p->a, ", forecast %s", status_size(p, e, q->forecast));
	const char *resets = q->cycle.end < CALENDAR_MAX
		? arena_printf(p->a, "resets %s", when_offset(p->a, e->cycle.timezone, q->cycle.end))
		: "never resets";

	return arena_printf(p->a, "%s of %s (%" PRIu32 ".%" PRIu32 " %%; billing = %s%s), %s, %s%s",
		status_size(p, e, q->used), status_size(p, e, q->limit), q->permille / 10, q->permille % 10,
		billing_name(e->billing), more, action_text(p, e), resets, then);
}

static void quota_facts(
	const struct status_print *p, struct table *t, const struct status_quota *q, const struct entry *of)
{
	fact(t, q->subject == of ? "quota" : arena_printf(p->a, "quota %s", q->subject->name), quota_text(p, q));
	for (size_t i = 0; i < q->changes.n; i++)
		fact(t, i ? "" : "by hand",
			arena_printf(p->a, "%s  %s",
				when_minute(p->a, q->subject->cycle.timezone, q->changes.at[i].time),
				q->changes.at[i].text));
}

static void expiry_fact(const struct status_print *p, struct table *t, const struct entry *e)
{
	const int64_t when = policy_expiry(e);

	if (!when)
		return;
	fact(t, "expires",
		when > p->s->now ? arena_printf(p->a, "%s, %s: then it is blocked",
					   when_offset(p->a, e->cycle.timezone, when), status_left(p, when))
				 : arena_printf(p->a, "%s: it is over", when_offset(p->a, e->cycle.timezone, when)));
}

static void burst_fact(const struct status_print *p, struct table *t, const struct entry *e)
{
	char window[UNITS_TEXT], hold[UNITS_TEXT];

	if (e->burst.rate.present)
		fact(t, "burst",
			arena_printf(p->a, "more than %s on average over %s: limited to %s for %s",
				rate(p, e->burst.rate.bps), units_span(e->burst.window_s, window),
				rate(p, e->burst.limit.bps), units_span(e->burst.hold_s, hold)));
}

static bool shares_ports(const struct entry *a, const struct entry *b)
{
	if ((a->protocols & b->protocols) == 0)
		return false;
	for (size_t i = 0, k = 0; i < a->ports.n && k < b->ports.n;) {
		if (a->ports.at[i].hi < b->ports.at[k].lo)
			i++;
		else if (b->ports.at[k].hi < a->ports.at[i].lo)
			k++;
		else
			return true;
	}
	return false;
}

/* Whole devices hold what passes them, and an address what comes and goes by it, whatever is said of a port itself. */
static bool holds_too(const struct status_row *x, const struct status_row *r)
{
	if (!x->entry || !x->standing.of[standing_main(&x->standing)].by || r->kind == ENTRY_INTERFACE)
		return false;
	if (x->kind == ENTRY_INTERFACE)
		return true;
	return x->kind == ENTRY_ADDRESS && r->kind == ENTRY_PORT && r->entry &&
		(x->entry->ports.n == 0 || shares_ports(x->entry, r->entry));
}

static void others_facts(const struct status_print *p, struct table *t, const struct status_row *r)
{
	for (size_t i = 0; i < p->s->rows.n; i++) {
		const struct status_row *x = &p->s->rows.at[i];

		if (!holds_too(x, r))
			continue;
		fact(t, "also held by",
			arena_printf(p->a, "%s (%s%s): %s", x->name,
				x->kind == ENTRY_ADDRESS ? "what is of " : "all of ",
				x->kind == ENTRY_ADDRESS || x->entry->devices.n ? covers_text(p->a, x->entry)
										: "the watched devices",
				x->standing.of[standing_main(&x->standing)].why == STANDING_CONFIGURED
					? status_limits(p, &x->standing)
					: standing_text(p, &x->standing)));
	}
}

static void open_fact(const struct status_print *p, struct table *t, const struct entry *e)
{
	const char *text = open_reasons_text(p->a, &p->s->open, e);

	if (*text)
		fact(t, "keep_open", arena_printf(p->a, "no limit or block touches %s", text));
}

/* The commands that would open it. */
static void cure_facts(const struct status_print *p, struct table *t, const struct status_row *r)
{
	const char *what = "open with";

	for (size_t i = 0; i < r->quotas.n; i++) {
		const struct status_quota *q = &p->s->quotas.at[r->quotas.at[i]];

		if (!q->open_with)
			continue;
		fact(t, what, q->open_with);
		what = "and with";
	}
	if (policy_expiry(r->entry) && policy_expiry(r->entry) <= p->s->now)
		fact(t, what,
			arena_printf(p->a, "a later date, expires = DATE in [%s %s], then: %s apply",
				kind_word(r->kind), r->name, p->look->program));
}

/* Of a whole interface that names none: those that are watched. */
static const char *all_covers_text(const struct status_print *p, const struct entry *e)
{
	const char *text = "the watched devices: ";

	if (e->kind != ENTRY_INTERFACE || e->devices.n)
		return covers_text(p->a, e);
	for (size_t i = 0; i < p->s->interfaces.n; i++)
		text = arena_printf(p->a, "%s%s%s", text, i ? "," : "", p->s->interfaces.at[i]);
	return p->s->interfaces.n ? text : arena_printf(p->a, "%snone is there yet", text);
}

static void put_row_facts(const struct status_print *p, const struct status_row *r)
{
	const struct table_look look = { 0, false, p->look->color, "  " }; /* sentences are never cut */
	struct table t;

	color_puts(p->out, p->look->color, PAINT_STRONG, r->name);
	str_putf(p->out, "  %s\n", kind_word(r->kind));
	table_init(&t, p->a, fact_columns, sizeof fact_columns / sizeof *fact_columns);
	if (r->entry->remark[0])
		fact(&t, "remark", r->entry->remark);
	fact(&t, "covers", all_covers_text(p, r->entry));
	fact(&t, "now", standing_text(p, &r->standing));
	cure_facts(p, &t, r);
	others_facts(p, &t, r);
	fact(&t, "limit", limit_text(p, r));
	for (size_t i = 0; i < r->quotas.n; i++)
		quota_facts(p, &t, &p->s->quotas.at[r->quotas.at[i]], r->entry);
	expiry_fact(p, &t, r->entry);
	burst_fact(p, &t, r->entry);
	open_fact(p, &t, r->entry);
	moved_facts(p, &t, r);
	table_render(&t, &look, p->out);
}

static void put_quota_facts(const struct status_print *p, const struct status_quota *q)
{
	const struct table_look look = { 0, false, p->look->color, "  " }; /* sentences are never cut */
	const struct entry *e = q->subject;
	const char *members = "";
	struct table t;

	for (size_t i = 0; i < e->members.n; i++)
		members = arena_printf(p->a, "%s%s%s", members, i ? ", " : "", e->members.at[i]);
	color_puts(p->out, p->look->color, PAINT_STRONG, e->name);
	str_puts(p->out, "  quota\n");
	table_init(&t, p->a, fact_columns, sizeof fact_columns / sizeof *fact_columns);
	if (e->remark[0])
		fact(&t, "remark", e->remark);
	fact(&t, "entries", members);
	fact(&t, "now",
		q->state == QUOTA_BLOCKED ? arena_printf(p->a, "blocks them%s", until_text(p, e, q->cycle.end))
			: q->state == QUOTA_THROTTLED
			? arena_printf(p->a, "throttles them to %s in each direction, shared%s",
				  rate(p, e->quota_action.bps), until_text(p, e, q->cycle.end))
			: "holds nothing back");
	if (q->open_with)
		fact(&t, "open with", q->open_with);
	quota_facts(p, &t, q, e);
	table_render(&t, &look, p->out);
}

static bool asked(const struct status_print *p, const char *name)
{
	for (size_t i = 0; i < p->look->n_names; i++)
		if (strcmp(p->look->names[i], name) == 0)
			return true;
	return false;
}

void status_facts(const struct status_print *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->s->rows.n; i++)
		if (asked(p, p->s->rows.at[i].name)) {
			str_puts(p->out, n++ ? "\n" : "");
			put_row_facts(p, &p->s->rows.at[i]);
		}
	for (size_t i = 0; i < p->s->quotas.n; i++)
		if (p->s->quotas.at[i].subject->kind == ENTRY_QUOTA && asked(p, p->s->quotas.at[i].subject->name)) {
			str_puts(p->out, n++ ? "\n" : "");
			put_quota_facts(p, &p->s->quotas.at[i]);
		}
}

void status_open_ports(const struct status_print *p)
{
	const char *text = open_reasons_text(p->a, &p->s->open, NULL);

	if (*text)
		str_putf(p->out, "\nkeep_open: no limit or block touches %s\n", text);
}
