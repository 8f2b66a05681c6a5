/* `portflow status`: what every entry and the whole machine moved, now.
 * It takes no lock and changes nothing; without the right to read the kernel it shows what the database knows and as of when.
 * list.def. */
#include "cmd/command.h"
#include "cmd/gather.h"
#include "cmd/term.h"

enum { OPTION_JSON, OPTION_BYTES, OPTION_IEC };

static int run(struct app *app, const struct args *args, struct err *err)
{
	cleanup_str struct str out = STR_CEILING((size_t)256 << 20);
	cleanup_reader struct reader r = { 0 };
	struct status_look look = { .verbose = app->verbose };
	struct status s;
	const char **names;

	if (term_units(args->given[OPTION_BYTES], args->given[OPTION_IEC], &look.style, err) ||
		reader_open(app, &r, err) || reader_names(&r, args, false, err) || reader_peek(app, &r, err))
		return -1;
	reader_look(app, &r);
	r.detail = args->n_words > 0;
	if (gather_status(app, &r, &s, err))
		return -1;
	names = arena_array(&app->arena, (size_t)args->n_words + 1, sizeof *names);
	for (int i = 0; i < args->n_words; i++)
		names[i] = args->words[i];
	look.names = names;
	look.n_names = (size_t)args->n_words;
	look.width = term_width(app->out);
	look.color = app_color(app, app->out);
	look.utf8 = term_utf8();
	look.program = term_program(app);
	if (args->given[OPTION_JSON])
		status_json(&s, &look, &out);
	else
		status_text(&s, &look, &app->arena, &out);
	return term_print(app->out, &out, err);
}

const struct command cmd_status = {
	.name = "status",
	.args = "[NAME...]",
	.summary = "what every entry and the whole machine moved, now",
	.text = "One row an entry: in and out of all time, then in + out of this hour, of today, the billed figure of the running cycle, and the "
		"rate since the last sample. The last rows are what was forwarded, the rest, and the total: the entries of a kind + "
		"forwarded + rest = total. Columns that do not fit the terminal are left out, the least important first.\n"
		"The column limit says what holds each entry now: a rate, a quota that throttles or blocks, a burst's hold, its expiry: as the "
		"kernel has it (without the right to read its table: as the last run decided). Where that is not what the configuration wants, or the file was changed since it was applied, a line above says so; "
		"with a NAME the row limit has both. Quotas follow with "
		"what is used of them, the day of the reset, and a forecast: what will be used by then if the last seven days go on; not before a "
		"tenth of the cycle and a day of counting.\n"
		"With a NAME, of an entry or a [quota], it tells all that shapes its limit, block and figure, what was changed by hand in this cycle, and the "
		"command that would open it. With -v the kernel's raw figures stand beside those of the wire.\n"
		"Figures are read from the database, then from the kernel. Without the right to read the kernel (root, or CAP_NET_ADMIN) they are "
		"those of the last sample, and the first lines say so.",
	.options = {
		[OPTION_JSON] = { "json", NULL, false, "one JSON document, docs/schema/status.schema.json" },
		[OPTION_BYTES] = { "bytes", NULL, false, "exact numbers instead of three digits" },
		[OPTION_IEC] = { "iec", NULL, false, "KiB, MiB, GiB: powers of 1024" },
	},
	.words_max = -1,
	.run = run,
};
