/* Tables: see table.h.
 * First the natural width of each column, then what has to give way, then the lines.
 * status, report, events and plan call. */
#include "view/table.h"

#include <string.h>

#include "util/utf8.h"

#define GAP 2

struct measure {
	size_t width; /* now */
	size_t natural;
	size_t figure, unit; /* ALIGN_UNIT: of the widest figure and unit */
	bool dropped;
};

void table_init(struct table *t, struct arena *a, const struct table_column *columns, size_t n)
{
	*t = (struct table){ .arena = a, .columns = columns, .n_columns = n };
}

void table_cell(struct table *t, enum paint paint, const char *text)
{
	struct table_cell *c = vec_push(t->arena, &t->cells);

	*c = (struct table_cell){ text, paint };
}

size_t table_rows(const struct table *t)
{
	return t->n_columns ? t->cells.n / t->n_columns : 0;
}

static size_t width_of(const char *text)
{
	return utf8_width(text, strlen(text));
}

/* Where the unit begins: behind the last blank; NULL if there is none. */
static const char *unit_of(const char *text)
{
	const char *blank = strrchr(text, ' ');

	return blank ? blank + 1 : NULL;
}

static size_t figure_width(const char *text, const char *unit)
{
	return unit ? utf8_width(text, (size_t)(unit - 1 - text)) : width_of(text);
}

static void grow(size_t *to, size_t n)
{
	if (n > *to)
		*to = n;
}

static void measure_column(const struct table *t, size_t c, bool header, struct measure *m)
{
	*m = (struct measure){ 0 };
	for (size_t i = c; i < t->cells.n; i += t->n_columns) {
		const char *text = t->cells.at[i].text;
		const char *unit = t->columns[c].align == ALIGN_UNIT ? unit_of(text) : NULL;

		grow(&m->figure, figure_width(text, unit));
		if (unit)
			grow(&m->unit, width_of(unit));
	}
	m->natural = m->figure + (m->unit ? 1 + m->unit : 0);
	if (header)
		grow(&m->natural, width_of(t->columns[c].title));
	m->width = m->natural;
}

static size_t total_width(const struct table *t, const struct measure *m)
{
	size_t sum = 0;

	for (size_t c = 0; c < t->n_columns; c++)
		if (!m[c].dropped)
			sum += m[c].width + (sum ? GAP : 0);
	return sum;
}

/* Cuts the columns that may be cut, the least important first, until the width is right or all are at their minimum. */
static void cut_columns(const struct table *t, struct measure *m, size_t width, bool droppable_ones)
{
	for (unsigned rank = UINT8_MAX + 1; rank-- > 0;)
		for (size_t c = t->n_columns; c-- > 0;) {
			const struct table_column *col = &t->columns[c];
			size_t sum = total_width(t, m), floor = col->min, over;

			if (sum <= width)
				return;
			if (m[c].dropped || col->drop != rank || !floor || (rank == 0) == droppable_ones ||
				m[c].width <= floor)
				continue;
			over = sum - width;
			m[c].width = m[c].width - floor > over ? m[c].width - over : floor;
		}
}

/* false: nothing left to drop. */
static bool drop_column(const struct table *t, struct measure *m)
{
	size_t least = t->n_columns;

	for (size_t c = 0; c < t->n_columns; c++)
		if (!m[c].dropped && t->columns[c].drop &&
			(least == t->n_columns || t->columns[c].drop > t->columns[least].drop))
			least = c;
	if (least == t->n_columns)
		return false;
	m[least].dropped = true;
	for (size_t c = 0; c < t->n_columns; c++)
		m[c].width = m[c].natural;
	return true;
}

static void fit(const struct table *t, struct measure *m, size_t width)
{
	for (;;) {
		cut_columns(t, m, width, true);
		if (total_width(t, m) <= width)
			return;
		if (!drop_column(t, m))
			break;
	}
	cut_columns(t, m, width, false);
}

/* An empty column says nothing, but takes room. */
static void drop_empty(const struct table *t, struct measure *m)
{
	for (size_t c = 0; c < t->n_columns; c++)
		m[c].dropped = t->columns[c].drop && !m[c].figure && !m[c].unit;
}

static void put_cell(
	struct str *out, const struct table_column *col, const struct measure *m, const char *text, bool last)
{
	size_t w = width_of(text), left = 0;
	const char *unit;

	if (w > m->width) {
		size_t n = utf8_cut(text, strlen(text), m->width - 1);

		w = utf8_width(text, n) + 1;
		utf8_put(out, text, n);
		str_puts(out, "\xe2\x80\xa6");
	} else {
		if (col->align == ALIGN_UNIT && (unit = unit_of(text)))
			left = m->width - m->unit - 1 - figure_width(text, unit);
		else if (col->align == ALIGN_UNIT && m->unit)
			left = m->width - m->unit - 1 - w;
		else if (col->align != ALIGN_LEFT)
			left = m->width - w;
		str_fill(out, ' ', left);
		utf8_put(out, text, strlen(text));
	}
	if (!last)
		str_fill(out, ' ', m->width - w - left);
}

static size_t last_column(const struct table *t, const struct measure *m)
{
	size_t last = 0;

	for (size_t c = 0; c < t->n_columns; c++)
		if (!m[c].dropped)
			last = c;
	return last;
}

/* Blanks at the end of a line help nobody. */
static void trim(struct str *out, size_t from)
{
	while (out->len > from && out->p[out->len - 1] == ' ')
		out->p[--out->len] = '\0';
}

static void put_header(const struct table *t, const struct measure *m, const struct table_look *look, struct str *out)
{
	size_t last = last_column(t, m), from;

	str_puts(out, look->indent);
	color_begin(out, look->color, PAINT_STRONG);
	from = out->len;
	for (size_t c = 0, n = 0; c < t->n_columns; c++) {
		struct table_column plain = t->columns[c];

		if (m[c].dropped)
			continue;
		if (plain.align == ALIGN_UNIT)
			plain.align = ALIGN_RIGHT;
		if (n++)
			str_fill(out, ' ', GAP);
		put_cell(out, &plain, &m[c], plain.title, c == last);
	}
	trim(out, from);
	color_end(out, look->color, PAINT_STRONG);
	str_putc(out, '\n');
}

static void put_row(
	const struct table *t, const struct measure *m, const struct table_look *look, size_t row, struct str *out)
{
	size_t last = last_column(t, m), from;

	str_puts(out, look->indent);
	from = out->len;
	for (size_t c = 0, n = 0; c < t->n_columns; c++) {
		const struct table_cell *cell = &t->cells.at[row * t->n_columns + c];

		if (m[c].dropped)
			continue;
		if (n++)
			str_fill(out, ' ', GAP);
		color_begin(out, look->color, cell->paint);
		put_cell(out, &t->columns[c], &m[c], cell->text, c == last);
		color_end(out, look->color, cell->paint);
	}
	trim(out, from);
	str_putc(out, '\n');
}

void table_render(const struct table *t, const struct table_look *look, struct str *out)
{
	struct measure *m = arena_array(t->arena, t->n_columns, sizeof *m);
	size_t indent = width_of(look->indent);

	for (size_t c = 0; c < t->n_columns; c++)
		measure_column(t, c, look->header, &m[c]);
	drop_empty(t, m);
	if (look->width)
		fit(t, m, look->width > indent ? look->width - indent : 1);
	if (look->header)
		put_header(t, m, look, out);
	for (size_t r = 0; r < table_rows(t); r++)
		put_row(t, m, look, r, out);
}
