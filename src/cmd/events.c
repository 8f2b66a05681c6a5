/* `portflow events`: what happened: tables rebuilt, counters reset, clocks that jumped, entries that came and went.
 * The database alone knows; the kernel is not asked.
 * list.def. */
#include "view/events.h"
#include "cmd/command.h"
#include "cmd/moment.h"
#include "cmd/reader.h"
#include "cmd/term.h"

enum { OPTION_SINCE, OPTION_JSON };

#define DEFAULT_S (30 * (int64_t)86400)

static int collect(struct app *app, const struct reader *r, const struct args *args, struct events *e, struct err *err)
{
	struct store_event *rows;
	size_t n;

	if (store_events(r->store, &app->arena, e->since, &rows, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		const ptrdiff_t at = rows[i].entry ? reader_find_id(r, rows[i].entry) : -1;
		const char *entry = at < 0 ? NULL : r->ledger.entries.at[at].name;

		if (args->n_words && (!entry || !reader_asked(args, entry)))
			continue;
		*vec_push(&app->arena, &e->rows) = (struct events_row){ rows[i].id, rows[i].time, entry, rows[i].kind,
			rows[i].text };
	}
	return 0;
}

static int run(struct app *app, const struct args *args, struct err *err)
{
	cleanup_str struct str out = STR_CEILING((size_t)256 << 20);
	cleanup_reader struct reader r = { 0 };
	struct events e = { .since = app->now > DEFAULT_S ? app->now - DEFAULT_S : 0 };

	if (reader_open(app, &r, err) || reader_names(&r, args, true, err))
		return -1;
	e.zone = r.zone;
	if (args->given[OPTION_SINCE] &&
		moment_parse("since", args->value[OPTION_SINCE], r.zone, app->now, false, &e.since, err))
		return -1;
	if (collect(app, &r, args, &e, err))
		return -1;
	if (args->given[OPTION_JSON])
		events_json(&e, &out);
	else
		events_text(&e, app_color(app, app->out), &app->arena, &out);
	return term_print(app->out, &out, err);
}

const struct command cmd_events = {
	.name = "events",
	.args = "[NAME...]",
	.summary = "what happened: tables rebuilt, counters reset, clocks that jumped",
	.text = "The events of the last 30 days, oldest first; with a NAME those of that entry.",
	.options = {
		[OPTION_SINCE] = { "since", "MOMENT", false, "DATE, \"DATE TIME\" or a span back from now (2d)" },
		[OPTION_JSON] = { "json", NULL, false, "one JSON document, docs/schema/events.schema.json" },
	},
	.words_max = -1,
	.run = run,
};
