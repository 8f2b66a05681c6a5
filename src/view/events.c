/* Events: see events.h.
 * The sentence is the event: it stands last and is never cut; a terminal too narrow for it goes on in the next line.
 * events calls. */
#include "view/events.h"

#include "view/json.h"
#include "view/table.h"
#include "view/when.h"

void events_text(const struct events *e, bool color, struct arena *a, struct str *out)
{
	static const struct table_column columns[] = {
		{ "time", ALIGN_LEFT, 0, 0 },
		{ "entry", ALIGN_LEFT, 50, 0 },
		{ "event", ALIGN_LEFT, 0, 0 },
	};
	const struct table_look look = { 0, e->rows.n > 1, color, "" };
	struct table t;

	if (!e->rows.n) {
		str_putf(out, "Nothing happened since %s.\n", when_minute(a, e->zone, e->since));
		return;
	}
	table_init(&t, a, columns, sizeof columns / sizeof *columns);
	for (size_t i = 0; i < e->rows.n; i++) {
		table_cell(&t, PAINT_NONE, when_minute(a, e->zone, e->rows.at[i].time));
		table_cell(&t, PAINT_NONE, e->rows.at[i].entry ? e->rows.at[i].entry : "");
		table_cell(&t, PAINT_NONE, e->rows.at[i].text);
	}
	table_render(&t, &look, out);
}

void events_json(const struct events *e, struct str *out)
{
	struct json j = JSON_INTO(out);

	json_open_object(&j);
	json_key(&j, "version");
	json_put_u64(&j, 1);
	json_key(&j, "events");
	json_open_array(&j);
	for (size_t i = 0; i < e->rows.n; i++) {
		const struct events_row *r = &e->rows.at[i];

		json_open_object(&j);
		json_key(&j, "id");
		json_put_u64(&j, (uint64_t)r->id);
		json_key(&j, "time");
		json_put_time(&j, e->zone, r->time);
		json_key(&j, "entry");
		json_put_text_or_null(&j, r->entry);
		json_key(&j, "kind");
		json_put_text(&j, r->kind);
		json_key(&j, "text");
		json_put_text(&j, r->text);
		json_close_object(&j);
	}
	json_close_array(&j);
	json_close_object(&j);
	json_end(&j);
}
