/* CSV: see csv.h.
 * Only text cells are guarded: figures are ours and never begin with a sign.
 * report calls. */
#include "view/csv.h"

#include <inttypes.h>
#include <string.h>

static void separate(struct csv *c)
{
	if (c->comma)
		str_putc(c->out, ',');
	c->comma = true;
}

/* Spreadsheets run what begins so, also behind a tab or a carriage return. */
static bool looks_like_formula(const char *text)
{
	return *text && strchr("=+-@\t\r", *text);
}

void csv_text(struct csv *c, const char *text)
{
	bool guard = looks_like_formula(text);

	separate(c);
	if (!strpbrk(text, "\",\r\n")) {
		if (guard)
			str_putc(c->out, '\'');
		str_puts(c->out, text);
		return;
	}
	str_puts(c->out, guard ? "\"'" : "\"");
	for (const char *p = text; *p; p++) {
		if (*p == '"')
			str_putc(c->out, '"');
		str_putc(c->out, *p);
	}
	str_putc(c->out, '"');
}

void csv_u64(struct csv *c, uint64_t v)
{
	separate(c);
	str_putf(c->out, "%" PRIu64, v);
}

void csv_row_end(struct csv *c)
{
	str_puts(c->out, "\r\n");
	c->comma = false;
}
