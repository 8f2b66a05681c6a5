/* `portflow check`: is the INI right? Needs no root, no kernel and no database.
 * The code path of every other command that reads the INI, and then nothing.
 * list.def. */
#include <inttypes.h>
#include <string.h>

#include "cmd/command.h"
#include "config/config.h"
#include "config/keys.h"
#include "config/values.h"
#include "model/calendar.h"
#include "model/policy.h"
#include "run/files.h"
#include "view/json.h"

enum { OPTION_JSON };

/* -- what was understood: the configuration with exact moments and numbers as comments ------------------------------- */

static void put_moment(struct str *out, const char *zone, int64_t t)
{
	char text[CALENDAR_RFC3339];

	str_puts(out, calendar_rfc3339(zone, t, text));
}

static void put_retention(struct str *out, const char *key, const struct retention *r, const char *zone, int64_t now)
{
	if (r->forever)
		return;
	str_putf(out, "# %s: %" PRIu64 " s, now back to ", key, r->seconds);
	put_moment(out, zone, (uint64_t)now > r->seconds ? now - (int64_t)r->seconds : 0);
	str_putc(out, '\n');
}

static void put_settings(struct str *out, const struct settings *s, int64_t now)
{
	config_print_settings(s, out);
	str_puts(out, "# now: ");
	put_moment(out, s->timezone, now);
	str_puts(out, *s->timezone ? "\n" : ", the machine's zone\n");
	put_retention(out, "keep_minutes", &s->keep_minutes, s->timezone, now);
	put_retention(out, "keep_hours", &s->keep_hours, s->timezone, now);
	put_retention(out, "keep_days", &s->keep_days, s->timezone, now);
}

/* Rates and sizes in the other notation. */
static void put_also(struct str *out, const struct entry *e)
{
	const unsigned section = section_of_entry(e->kind)->kind;

	for (size_t i = 0; i < key_rows_n; i++) {
		const struct key_row *row = &key_rows[i];
		cleanup_str struct str value = STR_CEILING(1 << 20), also = STR_CEILING(256);

		if (!(row->sections & section) || !row->type->also)
			continue;
		key_print(row, section, e, &value);
		if (value.len)
			row->type->also((const char *)e + row->field, &also);
		if (also.len)
			str_putf(out, "# %s: %s\n", row->name, also.p);
	}
}

static void put_expiry(struct str *out, const struct entry *e, int64_t now)
{
	const int64_t end = policy_expiry(e);

	if (!e->expires.present)
		return;
	str_puts(out, now < end ? "# expires: works until " : "# expires: blocked since ");
	put_moment(out, e->cycle.timezone, end);
	str_putc(out, '\n');
}

static void put_entry(struct str *out, const struct entry *e, int64_t now)
{
	struct cycle_span cycle = calendar_cycle(&e->cycle, now);
	uint64_t ports = 0;

	str_putc(out, '\n');
	config_print_entry(e, out);
	for (size_t i = 0; i < e->ports.n; i++)
		ports += (uint64_t)(e->ports.at[i].hi - e->ports.at[i].lo) + 1;
	if (ports)
		str_putf(out, "# %" PRIu64 " %s\n", ports, ports == 1 ? "port" : "ports");
	else if (e->kind == ENTRY_ADDRESS)
		str_puts(out, "# everything IP of these addresses\n");
	put_also(out, e);
	put_expiry(out, e, now);
	if (e->cycle.unit == CYCLE_NEVER) {
		str_puts(out, "# one cycle without end\n");
		return;
	}
	str_puts(out, "# cycle: ");
	put_moment(out, e->cycle.timezone, cycle.start);
	str_puts(out, " to ");
	put_moment(out, e->cycle.timezone, cycle.end);
	str_putc(out, '\n');
}

static void print_understood(const struct app *app, const struct config *c)
{
	cleanup_str struct str out = STR_CEILING((size_t)64 << 20);

	put_settings(&out, &c->settings, app->now);
	for (size_t i = 0; i < c->entries.n; i++)
		put_entry(&out, &c->entries.at[i], app->now);
	for (size_t i = 0; i < c->quotas.n; i++)
		put_entry(&out, &c->quotas.at[i], app->now);
	fwrite(out.p, 1, out.len, app->out);
}

/* -- JSON ------------------------------------------------------------------------------------------------------------ */

static void put_diagnostic(struct json *j, const struct diag *x)
{
	json_open_object(j);
	json_key(j, "severity");
	json_put_text(j, x->severity == DIAG_ERROR ? "error" : "warning");
	json_key(j, "file");
	json_put_text(j, x->at.where.file);
	json_key(j, "line");
	json_put_u64(j, x->at.where.line);
	json_key(j, "column");
	json_put_u64(j, x->at.where.col);
	json_key(j, "text");
	json_put_text(j, x->text);
	json_key(j, "cure");
	json_put_text_or_null(j, x->cure);
	json_close_object(j);
}

static void print_json(const struct app *app, const struct diags *d)
{
	cleanup_str struct str out = STR_CEILING((size_t)64 << 20);
	struct json j = JSON_INTO(&out);

	json_open_object(&j);
	json_key(&j, "version");
	json_put_u64(&j, 1);
	json_key(&j, "errors");
	json_put_u64(&j, d->errors);
	json_key(&j, "warnings");
	json_put_u64(&j, d->warnings);
	json_key(&j, "diagnostics");
	json_open_array(&j);
	for (size_t i = 0; i < d->list.n; i++)
		put_diagnostic(&j, &d->list.at[i]);
	json_close_array(&j);
	json_close_object(&j);
	json_end(&j);
	fwrite(out.p, 1, out.len, app->out);
}

/* -------------------------------------------------------------------------------------------------------------------- */

static void say_good(const struct app *app, const char *file, const struct config *c)
{
	static const char *const kinds[] = {
		[ENTRY_PORT] = "port", [ENTRY_ADDRESS] = "address", [ENTRY_INTERFACE] = "interface"
	};
	cleanup_str struct str text = STR_CEILING(256);

	for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
		size_t n = 0;

		for (size_t i = 0; i < c->entries.n; i++)
			n += c->entries.at[i].kind == kind;
		if (n)
			str_putf(&text, "%s%zu [%s]", text.len ? ", " : "", n, kinds[kind]);
	}
	if (c->quotas.n)
		str_putf(&text, ", %zu [quota]", c->quotas.n); /* of entries */
	if (text.len)
		app_note(app, "%s is correct: %s", file, text.p);
	else
		app_note(app, "%s is correct. It has no entry: only the whole machine is counted", file);
}

static int run(struct app *app, const struct args *args, struct err *err)
{
	struct diags d = { .arena = &app->arena };
	struct config_sources sources;
	const struct config *config;

	if (args->n_words) {
		app->config_path = args->words[0];
		app->config_given = true;
	}
	if (files_load(app, &app->arena, &sources, err))
		return -1;
	config = config_parse(&app->arena, &sources, &d);
	if (args->given[OPTION_JSON]) {
		print_json(app, &d);
		return d.errors ? err_set(err, ERR_CONFIG, "%s", "") : 0;
	}
	if (run_diagnostics(app, &d, err))
		return -1;
	if (app->verbose)
		print_understood(app, config);
	else
		say_good(app, sources.files.at[0].name, config);
	return 0;
}

const struct command cmd_check = {
	.name = "check",
	.args = "[FILE|-]",
	.summary = "is the configuration right? needs no root, kernel or database",
	.text = "Reads FILE, standard input, or the file that every other command would read, with portflow.d beside it, and reports every "
		"error in it with its place and its cure. It changes nothing and needs no privilege but to read the file.\n\n"
		"With -v it prints the configuration as it was understood, with all defaults, and as comments the moments between which each "
		"entry's present cycle runs and until which it works, and rates and sizes in both notations.",
	.options = { [OPTION_JSON] = { "json", NULL, false, "the diagnostics as JSON, on standard output" } },
	.words_max = 1,
	.run = run,
};
