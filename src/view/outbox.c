/* The outbox for people and programs: see outbox.h.
 * Why something did not arrive stands last and is never cut.
 * notify list calls. */
#include "view/outbox.h"

#include "view/figure.h"
#include "view/json.h"
#include "view/table.h"
#include "view/when.h"

static const char *state(struct arena *a, const struct outbox *o, const struct outbox_letter *l)
{
	if (l->parked)
		return "given up";
	if (!l->next)
		return "waits";
	return arena_printf(a, "next try %s", when_minute(a, o->zone, l->next));
}

void outbox_text(const struct outbox *o, bool color, struct arena *a, struct str *out)
{
	static const struct table_column columns[] = {
		{ "id", ALIGN_RIGHT, 0, 0 },
		{ "target", ALIGN_LEFT, 0, 0 },
		{ "events", ALIGN_RIGHT, 0, 0 },
		{ "since", ALIGN_LEFT, 0, 0 },
		{ "tries", ALIGN_RIGHT, 0, 0 },
		{ "state", ALIGN_LEFT, 0, 0 },
		{ "why", ALIGN_LEFT, 0, 0 },
	};
	const struct table_look look = { 0, true, color, "" };
	struct table t;

	if (!o->letters.n) {
		str_puts(out, "Nothing waits for delivery.\n");
		return;
	}
	table_init(&t, a, columns, sizeof columns / sizeof *columns);
	for (size_t i = 0; i < o->letters.n; i++) {
		const struct outbox_letter *l = &o->letters.at[i];

		table_cell(&t, PAINT_NONE, figure_count(a, (uint64_t)l->id));
		table_cell(
			&t, PAINT_NONE, *l->recipient ? arena_printf(a, "%s:%s", l->target, l->recipient) : l->target);
		table_cell(&t, PAINT_NONE, figure_count(a, l->events));
		table_cell(&t, PAINT_NONE, when_minute(a, o->zone, l->created));
		table_cell(&t, PAINT_NONE, figure_count(a, l->tries));
		table_cell(&t, PAINT_NONE, state(a, o, l));
		table_cell(&t, PAINT_NONE, l->why);
	}
	table_render(&t, &look, out);
}

static void put_moment(struct json *j, const char *key, const char *zone, int64_t t)
{
	json_key(j, key);
	if (t)
		json_put_time(j, zone, t);
	else
		json_put_null(j);
}

void outbox_json(const struct outbox *o, struct str *out)
{
	struct json j = JSON_INTO(out);

	json_open_object(&j);
	json_key(&j, "version");
	json_put_u64(&j, 1);
	json_key(&j, "messages");
	json_open_array(&j);
	for (size_t i = 0; i < o->letters.n; i++) {
		const struct outbox_letter *l = &o->letters.at[i];

		json_open_object(&j);
		json_key(&j, "id");
		json_put_u64(&j, (uint64_t)l->id);
		json_key(&j, "target");
		json_put_text(&j, l->target);
		json_key(&j, "recipient");
		json_put_text_or_null(&j, *l->recipient ? l->recipient : NULL);
		json_key(&j, "events");
		json_put_u64(&j, l->events);
		put_moment(&j, "created", o->zone, l->created);
		json_key(&j, "tries");
		json_put_u64(&j, l->tries);
		put_moment(&j, "next", o->zone, l->next);
		json_key(&j, "state");
		json_put_text(&j, l->parked ? "parked" : "waiting");
		json_key(&j, "why");
		json_put_text_or_null(&j, *l->why ? l->why : NULL);
		json_close_object(&j);
	}
	json_close_array(&j);
	json_close_object(&j);
	json_end(&j);
}
