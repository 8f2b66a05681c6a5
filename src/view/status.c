/* What status shows to people: see status.h.
 * One row an entry, then forwarded, rest and total, so that the sum can be checked by eye.
 * status calls. */
#include "view/status_parts.h"

#include <inttypes.h>
#include <string.h>

#include "model/billing.h"
#include "view/table.h"
#include "view/when.h"
#include "view/words.h"

struct figures status_rest(const struct status *s, enum entry_kind kind, enum status_span span)
{
	struct figures rest = s->total.figures[span];

	figure_less(&rest, &s->forwarded.figures[span]);
	for (size_t i = 0; i < s->rows.n; i++)
		if (s->rows.at[i].kind == kind)
			figure_less(&rest, &s->rows.at[i].figures[span]);
	return rest;
}

bool status_has(const struct status *s, enum entry_kind kind)
{
	for (size_t i = 0; i < s->rows.n; i++)
		if (s->rows.at[i].kind == kind)
			return true;
	return false;
}

bool status_asked(const struct status_look *look, const struct status_row *row)
{
	for (size_t i = 0; i < look->n_names; i++)
		if (strcmp(look->names[i], row->name) == 0)
			return true;
	return look->n_names == 0;
}

static const char *bytes(const struct status_print *p, uint64_t n)
{
	return figure_bytes(p->a, p->look->style, n);
}

static const char *rate(const struct status_print *p, uint64_t bps)
{
	return figure_rate(p->a, p->look->style, bps);
}

/* -- the lines above the table -------------------------------------------------------------------------------------- */

static void put_title(const struct status_print *p)
{
	const struct status *s = p->s;

	color_puts(p->out, p->look->color, PAINT_STRONG, s->node);
	str_puts(p->out, "  ");
	for (size_t i = 0; i < s->interfaces.n; i++) {
		str_puts(p->out, i ? "," : "");
		str_puts(p->out, s->interfaces.at[i]);
	}
	str_puts(p->out, s->interfaces.n ? "  " : "no interface yet  ");
	str_puts(p->out, when_offset(p->a, s->zone, s->now));
	if (s->sampled)
		str_putf(p->out, "  last sample %s", when_near(p->a, s->zone, s->sampled, s->now));
	str_putc(p->out, '\n');
}

static void put_warning(const struct status_print *p, const char *text)
{
	color_puts(p->out, p->look->color, PAINT_WARN, text);
	str_putc(p->out, '\n');
}

/* Is the kernel as the file wants it, and was the file ever taken up? */
static void put_kernel(const struct status_print *p)
{
	const char *program = p->look->program ? p->look->program : "portflow";
	const uint64_t n = p->s->kernel.pending;

	if (p->s->kernel.edited)
		put_warning(p,
			p->s->kernel.pending
				? arena_printf(p->a,
					  "%s was changed since it was applied: %" PRIu64
					  " change%s pending (%s plan shows them, %s apply makes them)",
					  p->s->kernel.file, n, n == 1 ? "" : "s", program, program)
				: arena_printf(p->a, "%s was changed since it was applied. Take it up with: %s apply",
					  p->s->kernel.file, program));
	if (p->s->kernel.unknown)
		put_warning(p,
			arena_printf(p->a, "What the kernel has of limits and blocks is not known: %s",
				p->s->kernel.unknown));
	else if (p->s->kernel.differs && !(p->s->kernel.edited && p->s->kernel.known))
		put_warning(p,
			p->s->kernel.known
				? arena_printf(p->a,
					  "The kernel differs from the configuration: %" PRIu64
					  " change%s pending (%s plan shows them, %s apply makes them)",
					  n, n == 1 ? "" : "s", program, program)
				: arena_printf(p->a,
					  "The kernel differs from the configuration, at least in its queues (as root, %s plan shows how, "
					  "%s apply mends it)",
					  program, program));
}

static void put_source(const struct status_print *p)
{
	const struct status *s = p->s;
	const char *when = s->sampled ? when_near(p->a, s->zone, s->sampled, s->now) : NULL;

	switch (s->source) {
	case STATUS_LIVE:
		break;
	case STATUS_NO_RIGHT:
		put_warning(p,
			when ? arena_printf(p->a,
				       "As of %s, the last sample: reading the kernel's counters needs root or CAP_NET_ADMIN.",
				       when)
			     : "Nothing is sampled yet, and reading the kernel's counters needs root or CAP_NET_ADMIN.");
		break;
	case STATUS_NO_TABLE:
		put_warning(p,
			when ? arena_printf(p->a,
				       "As of %s, the last sample. Nothing is counted now: our table is not in the kernel. Count with: portflow apply",
				       when)
			     : "Nothing is counted: our table is not in the kernel. Count with: portflow apply");
		break;
	}
	put_kernel(p);
	if (s->trial_says)
		put_warning(p, s->trial_says);
	for (size_t i = 0; i < s->notes.n; i++)
		put_warning(p,
			arena_printf(p->a, "%s  %s", when_near(p->a, s->zone, s->notes.at[i].time, s->now),
				s->notes.at[i].text));
	for (size_t i = 0; i < s->rows.n; i++)
		if (!s->rows.at[i].counted && s->source == STATUS_LIVE)
			put_warning(p,
				arena_printf(p->a, "%s is not counted yet. Count it with: portflow apply",
					s->rows.at[i].name));
}

/* -- the table ------------------------------------------------------------------------------------------------------ */

static const struct table_column columns[] = {
	{ "name", ALIGN_LEFT, 0, 8 },
	{ "ports", ALIGN_LEFT, 90, 8 },
	{ "in", ALIGN_UNIT, 0, 0 },
	{ "out", ALIGN_UNIT, 0, 0 },
	{ "this hour", ALIGN_UNIT, 80, 0 },
	{ "today", ALIGN_UNIT, 50, 0 },
	{ "cycle", ALIGN_UNIT, 40, 0 },
	{ "rate", ALIGN_UNIT, 60, 0 },
	{ "limit", ALIGN_LEFT, 35, 10 },
	{ "remark", ALIGN_LEFT, 70, 8 },
};

static void row_figures(
	const struct status_print *p, struct table *t, enum paint paint, const struct figures figures[STATUS_SPANS])
{
	table_cell(t, paint, bytes(p, figures[STATUS_EVER].bytes[DIR_IN]));
	table_cell(t, paint, bytes(p, figures[STATUS_EVER].bytes[DIR_OUT]));
	table_cell(t, paint, bytes(p, figure_both(figures[STATUS_HOUR].bytes)));
	table_cell(t, paint, bytes(p, figure_both(figures[STATUS_TODAY].bytes)));
}

static void put_row(const struct status_print *p, struct table *t, enum paint paint, const struct status_row *r)
{
	table_cell(t, paint, r->name);
	table_cell(t, paint, r->entry ? covers_text(p->a, r->entry) : "");
	row_figures(p, t, paint, r->figures);
	table_cell(t, paint, r->counted ? bytes(p, r->cycle_bytes) : "");
	table_cell(t, paint, r->has_rate ? rate(p, figure_both(r->rate_bps)) : "");
	status_standing(p, t, r);
	table_cell(t, paint, r->entry ? r->entry->remark : "");
}

static void put_rest(const struct status_print *p, struct table *t, enum entry_kind kind, const char *name)
{
	struct figures rest[STATUS_SPANS];

	for (int i = 0; i < STATUS_SPANS; i++)
		rest[i] = status_rest(p->s, kind, (enum status_span)i);
	table_cell(t, PAINT_DIM, name);
	table_cell(t, PAINT_DIM, "");
	row_figures(p, t, PAINT_DIM, rest);
	for (int i = 0; i < 4; i++)
		table_cell(t, PAINT_DIM, "");
}

static void put_sums(const struct status_print *p, struct table *t)
{
	const bool both = status_has(p->s, ENTRY_PORT) && status_has(p->s, ENTRY_ADDRESS);

	put_row(p, t, PAINT_DIM, &p->s->forwarded);
	if (both) {
		put_rest(p, t, ENTRY_PORT, "rest of ports");
		put_rest(p, t, ENTRY_ADDRESS, "rest of addresses");
	} else {
		put_rest(p, t, status_has(p->s, ENTRY_ADDRESS) ? ENTRY_ADDRESS : ENTRY_PORT, "rest");
	}
	put_row(p, t, PAINT_STRONG, &p->s->total);
}

static void put_table(const struct status_print *p)
{
	const struct table_look look = { p->look->width, true, p->look->color, "" };
	struct table t;

	table_init(&t, p->a, columns, sizeof columns / sizeof *columns);
	for (size_t i = 0; i < p->s->rows.n; i++)
		put_row(p, &t, PAINT_NONE, &p->s->rows.at[i]);
	put_sums(p, &t);
	table_render(&t, &look, p->out);
}

/* -- raw beside wire ------------------------------------------------------------------------------------------------ */

static const struct table_column raw_columns[] = {
	{ "name", ALIGN_LEFT, 0, 8 },
	{ "in", ALIGN_UNIT, 0, 0 },
	{ "raw in", ALIGN_UNIT, 50, 0 },
	{ "wire/raw", ALIGN_RIGHT, 0, 0 },
	{ "out", ALIGN_UNIT, 0, 0 },
	{ "raw out", ALIGN_UNIT, 50, 0 },
	{ "wire/raw", ALIGN_RIGHT, 0, 0 },
	{ "older", ALIGN_UNIT, 70, 0 },
};

static void raw_row(const struct status_print *p, struct table *t, const struct status_row *r)
{
	const struct figures *f = &r->figures[STATUS_EVER];
	uint64_t older = figure_both(r->older.bytes);

	table_cell(t, PAINT_NONE, r->name);
	for (int d = 0; d < DIRS; d++) {
		table_cell(t, PAINT_NONE, bytes(p, f->bytes[d]));
		table_cell(t, PAINT_NONE, bytes(p, f->raw_bytes[d]));
		table_cell(t, PAINT_NONE, figure_ratio(p->a, f->bytes[d], f->raw_bytes[d]));
	}
	table_cell(t, PAINT_NONE, older ? bytes(p, older) : "");
}

static void put_raw(const struct status_print *p)
{
	const struct table_look look = { p->look->width, true, p->look->color, "" };
	struct table t;

	str_puts(p->out,
		"\nOn the wire beside raw, as the kernel's hooks saw the packets (before they are cut, after they are joined):\n");
	table_init(&t, p->a, raw_columns, sizeof raw_columns / sizeof *raw_columns);
	for (size_t i = 0; i < p->s->rows.n; i++)
		raw_row(p, &t, &p->s->rows.at[i]);
	raw_row(p, &t, &p->s->forwarded);
	raw_row(p, &t, &p->s->total);
	table_render(&t, &look, p->out);
}

/* -- empty states ---------------------------------------------------------------------------------------------------- */

static const struct status_row *first_port(const struct status *s)
{
	for (size_t i = 0; i < s->rows.n; i++)
		if (s->rows.at[i].kind == ENTRY_PORT && s->rows.at[i].entry &&
			s->rows.at[i].entry->protocols & PROTO_TCP)
			return &s->rows.at[i];
	return NULL;
}

/* A command that moves something through the port, whatever listens there. */
static void put_try(struct str *out, const char *node, uint16_t port)
{
	switch (port) {
	case 22:
		str_putf(out, " Test with: ssh %s", node);
		break;
	case 443:
		str_putf(out, " Test with: curl https://%s", node);
		break;
	default:
		str_putf(out, " Test with: curl http://%s:%u", node, port);
	}
}

static void put_lesson(const struct status_print *p)
{
	const struct status *s = p->s;
	const struct status_row *port = first_port(s);

	if (!s->rows.n && s->trial && s->trial->state == TRIAL_ROLLED_BACK &&
		s->trial->before == TRIAL_BEFORE_NOTHING) {
		str_putf(p->out,
			"\nNothing is counted since the configuration was rolled back. Try it again with: %s apply --confirm\n",
			p->look->program ? p->look->program : "portflow");
		return;
	}
	if (!s->rows.n) {
		str_puts(p->out,
			"\nNo entries yet: add a section such as [port web] to the INI, then run: portflow apply\n");
		return;
	}
	for (size_t i = 0; i < s->rows.n; i++)
		if (!s->rows.at[i].counted || !figures_zero(&s->rows.at[i].figures[STATUS_EVER]))
			return;
	str_putf(p->out, "\nNo traffic of an entry yet. Counting since %s.",
		when_near(p->a, s->zone, s->rows.at[0].since, s->now));
	if (port)
		put_try(p->out, s->node, port->entry->ports.at[0].lo);
	str_putc(p->out, '\n');
}

void status_text(const struct status *s, const struct status_look *look, struct arena *a, struct str *out)
{
	const struct status_print p = { s, look, a, out };

	put_title(&p);
	put_source(&p);
	str_putc(out, '\n');
	if (!look->n_names) {
		put_table(&p);
		status_quotas(&p);
		if (look->verbose) {
			put_raw(&p);
			status_open_ports(&p);
		}
		put_lesson(&p);
		return;
	}
	status_facts(&p);
}
