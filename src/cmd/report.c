/* `portflow report`: history by minute, hour, day, week, month, cycle or year.
 * It takes no lock and changes nothing; whole buckets are shown, so that a row never means less than it says.
 * list.def. */
#include "cmd/command.h"
#include "cmd/history.h"
#include "cmd/moment.h"
#include "cmd/term.h"

enum { OPTION_BY, OPTION_SINCE, OPTION_UNTIL, OPTION_CSV, OPTION_JSON, OPTION_BYTES, OPTION_IEC };

/* since and until, or the defaults, made whole buckets. */
static int set_range(
	const struct app *app, const char *zone, const struct args *args, struct history_ask *ask, struct err *err)
{
	ask->from = history_default_from(ask, zone, app->now);
	ask->to = ask->cycles ? app->now : calendar_next(zone, ask->bucket, app->now);
	if (args->given[OPTION_SINCE]) {
		if (moment_parse("since", args->value[OPTION_SINCE], zone, app->now, false, &ask->from, err))
			return -1;
		if (!ask->cycles)
			ask->from = calendar_floor(zone, ask->bucket, ask->from);
	}
	if (args->given[OPTION_UNTIL]) {
		if (moment_parse("until", args->value[OPTION_UNTIL], zone, app->now, true, &ask->to, err))
			return -1;
		if (!ask->cycles && calendar_floor(zone, ask->bucket, ask->to) != ask->to)
			ask->to = calendar_next(zone, ask->bucket, ask->to);
		ask->to_given = true;
	}
	if (ask->from >= ask->to)
		return err_set(err, ERR_USAGE, "nothing lies between --since and --until");
	return 0;
}

static int run(struct app *app, const struct args *args, struct err *err)
{
	cleanup_str struct str out = STR_CEILING((size_t)1 << 30);
	cleanup_reader struct reader r = { 0 };
	struct history_ask ask = { .args = args };
	struct report_look look = {
		.width = term_width(app->out), .color = app_color(app, app->out), .utf8 = term_utf8()
	};
	struct report report;

	if (args->given[OPTION_CSV] && args->given[OPTION_JSON])
		return err_set(err, ERR_USAGE, "--csv and --json exclude each other");
	if (term_units(args->given[OPTION_BYTES], args->given[OPTION_IEC], &look.style, err) ||
		history_by(args->given[OPTION_BY] ? args->value[OPTION_BY] : "day", &ask, err) ||
		reader_open(app, &r, err) || reader_names(&r, args, true, err) ||
		set_range(app, r.zone, args, &ask, err) || reader_peek(app, &r, err) ||
		history_report(app, &r, &ask, &report, err))
		return -1;
	if (args->given[OPTION_CSV])
		report_csv(&report, &out);
	else if (args->given[OPTION_JSON])
		report_json(&report, &out);
	else
		report_text(&report, &look, &app->arena, &out);
	return term_print(app->out, &out, err);
}

const struct command cmd_report = {
	.name = "report",
	.args = "[NAME...]",
	.summary = "history: what every entry moved by hour, day, month, cycle",
	.text = "One row an entry and stretch of time, oldest first; then the sums: each entry, forwarded, rest and total. A stretch that is not over "
		"yet is marked with *, figures that were shared out over a boundary in proportion to time with ~. What the kernel counted "
		"since the last sample is included.\n"
		"Without --since it goes back an hour by minute, a day by hour, 30 days by day, 12 weeks by week, a year by month or cycle, and "
		"to the beginning by year. Whole stretches are shown. NAME may also be an entry that the INI no longer has, \"total\" or "
		"\"forwarded\".",
	.options = {
		[OPTION_BY] = { "by", "WORD", false, "minute, hour, day (the default), week, month, cycle or year" },
		[OPTION_SINCE] = { "since", "MOMENT", false, "DATE, \"DATE TIME\" or a span back from now (2d)" },
		[OPTION_UNTIL] = { "until", "MOMENT", false, "the same; a DATE means through that day" },
		[OPTION_CSV] = { "csv", NULL, false, "comma-separated values, exact numbers" },
		[OPTION_JSON] = { "json", NULL, false, "one JSON document, docs/schema/report.schema.json" },
		[OPTION_BYTES] = { "bytes", NULL, false, "exact numbers instead of three digits" },
		[OPTION_IEC] = { "iec", NULL, false, "KiB, MiB, GiB: powers of 1024" },
	},
	.words_max = -1,
	.run = run,
};
