/* History: see report.h.
 * One row a stretch and entry; then the sums, so that entries + forwarded + rest = total can be checked by eye.
 * report calls. */
#include "view/report.h"

#include "view/bar.h"
#include "view/csv.h"
#include "view/json.h"
#include "view/table.h"
#include "view/when.h"
#include "view/words.h"

#define BAR_WIDTH 16
#define SUMS_MORE 4 /* lines of sums beside those of the entries, at most */

static uint64_t both(const struct figures *f)
{
	return figure_both(f->bytes);
}

static bool has_kind(const struct report *r, enum entry_kind kind)
{
	for (size_t i = 0; i < r->sums.n; i++)
		if (r->sums.at[i].kind == kind)
			return true;
	return false;
}

struct figures report_rest(const struct report *r, enum entry_kind kind)
{
	struct figures rest = r->total;

	figure_less(&rest, &r->forwarded);
	for (size_t i = 0; i < r->sums.n; i++)
		if (r->sums.at[i].kind == kind)
			figure_less(&rest, &r->sums.at[i].figures);
	return rest;
}

/* -- for people ------------------------------------------------------------------------------------------------------- */

struct print {
	const struct report *r;
	const struct report_look *look;
	struct arena *a;
	struct table *t;
	uint64_t most; /* of all rows: the length of the bars */
};

static void put_figures(const struct print *p, enum paint paint, const struct figures *f)
{
	table_cell(p->t, paint, figure_bytes(p->a, p->look->style, f->bytes[DIR_IN]));
	table_cell(p->t, paint, figure_bytes(p->a, p->look->style, f->bytes[DIR_OUT]));
	table_cell(p->t, paint, figure_bytes(p->a, p->look->style, both(f)));
}

static const char *start_text(const struct print *p, const struct report_row *row)
{
	const struct report *r = p->r;
	const char *start = r->cycles ? when_minute(p->a, r->zone, row->start)
				      : when_bucket(p->a, r->zone, r->bucket, row->start);

	return arena_printf(p->a, "%s%s", start, row->open ? " *" : row->estimated ? " ~" : "");
}

static void put_row(const struct print *p, const struct report_row *row)
{
	table_cell(p->t, PAINT_NONE, start_text(p, row));
	table_cell(p->t, PAINT_NONE, row->name);
	put_figures(p, PAINT_NONE, &row->figures);
	table_cell(p->t, PAINT_DIM, bar_text(p->a, both(&row->figures), p->most, BAR_WIDTH, p->look->utf8));
}

/* What the marks mean, when there are any. */
static void put_legend(const struct print *p, struct str *out)
{
	bool open = false, estimated = false;

	for (size_t i = 0; i < p->r->rows.n; i++) {
		open = open || p->r->rows.at[i].open;
		estimated = estimated || (p->r->rows.at[i].estimated && !p->r->rows.at[i].open);
	}
	if (open)
		str_puts(out, "* not over yet\n");
	if (estimated)
		str_puts(out, "~ shared out in proportion to time\n");
}

static void put_sum(const struct print *p, enum paint paint, const char *name, const struct figures *f)
{
	table_cell(p->t, paint, "sum");
	table_cell(p->t, paint, name);
	put_figures(p, paint, f);
	table_cell(p->t, paint, "");
}

static void put_rest(const struct print *p, enum entry_kind kind, const char *name)
{
	struct figures rest = report_rest(p->r, kind);

	put_sum(p, PAINT_DIM, name, &rest);
}

static void put_sums(const struct print *p)
{
	const struct report *r = p->r;

	for (size_t i = 0; i < r->sums.n; i++)
		put_sum(p, PAINT_NONE, r->sums.at[i].name, &r->sums.at[i].figures);
	if (!r->whole)
		return;
	put_sum(p, PAINT_DIM, "forwarded", &r->forwarded);
	if (has_kind(r, ENTRY_PORT) && has_kind(r, ENTRY_ADDRESS)) {
		put_rest(p, ENTRY_PORT, "rest of ports");
		put_rest(p, ENTRY_ADDRESS, "rest of addresses");
	} else {
		put_rest(p, has_kind(r, ENTRY_ADDRESS) ? ENTRY_ADDRESS : ENTRY_PORT, "rest");
	}
	put_sum(p, PAINT_STRONG, "total", &r->total);
}

static void put_lines_above(const struct print *p, struct str *out)
{
	const struct report *r = p->r;

	if (!r->live && r->sampled)
		str_putf(out, "As of %s, the last sample.\n", when_near(p->a, r->zone, r->sampled, r->now));
	if (!r->rows.n)
		str_putf(out,
			"Nothing is stored from %s to %s. The figures come with each sample: the timer takes one every hour, you take one now with: portflow sample\n",
			when_minute(p->a, r->zone, r->from), when_minute(p->a, r->zone, r->to));
}

void report_text(const struct report *r, const struct report_look *look, struct arena *a, struct str *out)
{
	const struct table_column columns[] = {
		{ r->by, ALIGN_LEFT, 0, 0 },
		{ "name", ALIGN_LEFT, 0, 6 },
		{ "in", ALIGN_UNIT, 0, 0 },
		{ "out", ALIGN_UNIT, 0, 0 },
		{ "in + out", ALIGN_UNIT, 50, 0 },
		{ "", ALIGN_LEFT, 90, 0 },
	};
	const struct table_look table_look = { look->width, true, look->color, "" };
	struct table t;
	struct print p = { r, look, a, &t, 0 };

	table_init(&t, a, columns, sizeof columns / sizeof *columns);
	vec_reserve(a, &t.cells, (r->rows.n + r->sums.n + SUMS_MORE) * t.n_columns);
	for (size_t i = 0; i < r->rows.n; i++)
		if (both(&r->rows.at[i].figures) > p.most)
			p.most = both(&r->rows.at[i].figures);
	for (size_t i = 0; i < r->rows.n; i++)
		put_row(&p, &r->rows.at[i]);
	put_lines_above(&p, out);
	put_sums(&p);
	table_render(&t, &table_look, out);
	put_legend(&p, out);
}

/* -- for programs ----------------------------------------------------------------------------------------------------- */

void report_csv(const struct report *r, struct str *out)
{
	static const char *const titles[] = { "start", "kind", "name", "in_bytes", "out_bytes", "in_packets",
		"out_packets", "estimated", "open" };
	struct csv c = CSV_INTO(out);
	char time[CALENDAR_RFC3339];

	for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
		csv_text(&c, titles[i]);
	csv_row_end(&c);
	for (size_t i = 0; i < r->rows.n; i++) {
		const struct report_row *row = &r->rows.at[i];

		csv_text(&c, calendar_rfc3339(r->zone, row->start, time));
		csv_text(&c, kind_word(row->kind));
		csv_text(&c, row->name);
		csv_u64(&c, row->figures.bytes[DIR_IN]);
		csv_u64(&c, row->figures.bytes[DIR_OUT]);
		csv_u64(&c, row->figures.packets[DIR_IN]);
		csv_u64(&c, row->figures.packets[DIR_OUT]);
		csv_text(&c, row->estimated ? "yes" : "no");
		csv_text(&c, row->open ? "yes" : "no");
		csv_row_end(&c);
	}
}

static void json_figures(struct json *j, const struct figures *f)
{
	json_key(j, "in_bytes");
	json_put_u64(j, f->bytes[DIR_IN]);
	json_key(j, "out_bytes");
	json_put_u64(j, f->bytes[DIR_OUT]);
	json_key(j, "in_packets");
	json_put_u64(j, f->packets[DIR_IN]);
	json_key(j, "out_packets");
	json_put_u64(j, f->packets[DIR_OUT]);
}

static void json_row(struct json *j, const char *zone, const struct report_row *row)
{
	json_open_object(j);
	json_key(j, "start");
	json_put_time(j, zone, row->start);
	json_key(j, "name");
	json_put_text(j, row->name);
	json_key(j, "kind");
	json_put_text(j, kind_word(row->kind));
	json_figures(j, &row->figures);
	json_key(j, "estimated");
	json_put_bool(j, row->estimated);
	json_key(j, "open");
	json_put_bool(j, row->open);
	json_close_object(j);
}

static void json_sum(struct json *j, const char *key, const struct figures *f)
{
	json_key(j, key);
	json_open_object(j);
	json_figures(j, f);
	json_close_object(j);
}

static void json_whole(struct json *j, const struct report *r)
{
	const bool address_only = has_kind(r, ENTRY_ADDRESS) && !has_kind(r, ENTRY_PORT);
	struct figures rest = report_rest(r, address_only ? ENTRY_ADDRESS : ENTRY_PORT);

	json_sum(j, "forwarded", &r->forwarded);
	json_sum(j, "rest", &rest);
	json_sum(j, "total", &r->total);
}

void report_json(const struct report *r, struct str *out)
{
	struct json j = JSON_INTO(out);

	json_open_object(&j);
	json_key(&j, "version");
	json_put_u64(&j, 1);
	json_key(&j, "by");
	json_put_text(&j, r->by);
	json_key(&j, "from");
	json_put_time(&j, r->zone, r->from);
	json_key(&j, "to");
	json_put_time(&j, r->zone, r->to);
	json_key(&j, "live");
	json_put_bool(&j, r->live);
	json_key(&j, "rows");
	json_open_array(&j);
	for (size_t i = 0; i < r->rows.n; i++)
		json_row(&j, r->zone, &r->rows.at[i]);
	json_close_array(&j);
	if (r->whole)
		json_whole(&j, r);
	json_close_object(&j);
	json_end(&j);
}
