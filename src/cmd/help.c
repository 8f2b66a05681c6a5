/* Help: see help.h.
 * `help` is a command like any other, so it stands in its own list.
 * main.c calls. */
#include "cmd/help.h"

#include <string.h>

#include "cmd/commands.h"
#include "cmd/options.h"

#define COLUMN 26 /* where summaries begin */
#define WIDTH 80

static void put_row(struct str *out, const char *left, size_t left_len, const char *summary)
{
	str_puts(out, "  ");
	str_put(out, left, left_len);
	if (left_len + 4 > COLUMN) {
		str_putc(out, '\n');
		str_fill(out, ' ', COLUMN);
	} else {
		str_fill(out, ' ', COLUMN - 2 - left_len);
	}
	str_puts(out, summary);
	str_putc(out, '\n');
}

static void put_options(struct str *out, const struct option_row *rows, size_t max)
{
	for (size_t i = 0; i < max && rows[i].name; i++) {
		const struct option_row *r = &rows[i];
		const bool letter = r->name[1] == '\0';
		struct str left = STR_CEILING(256);

		str_putf(&left, "%s%s", letter ? "-" : "--", r->name);
		if (r->value && r->value_optional)
			str_putf(&left, "[=%s]", r->value);
		else if (r->value)
			str_putf(&left, "%s%s", letter ? " " : "=", r->value);
		put_row(out, left.p, left.len, r->summary);
		str_free(&left);
	}
}

/* Appends the words of a line to a paragraph whose last line is *column wide. */
static void put_words(struct str *out, const char *line, size_t len, size_t *column)
{
	const char *end = line + len;

	while (line < end) {
		size_t n = strcspn(line, " \n");

		if (*column && *column + 1 + n > WIDTH) {
			str_putc(out, '\n');
			*column = 0;
		}
		if (*column)
			str_putc(out, ' ');
		str_put(out, line, n);
		*column += n + (*column > 0);
		line += n;
		line += strspn(line, " ");
	}
}

/* Paragraphs are filled to WIDTH and end at an empty line; a line that begins with a blank is an example and stays as it is. */
static void put_text(struct str *out, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, "\n");
		bool plain = len && *text != ' ';

		if (plain) {
			put_words(out, text, len, &column);
		} else {
			if (column)
				str_putc(out, '\n');
			column = 0;
			str_put(out, text, len);
			str_putc(out, '\n');
		}
		text += len;
		if (*text)
			text++;
	}
	if (column)
		str_putc(out, '\n');
}

static void render_command(struct str *out, const struct command *c, bool whole)
{
	str_putf(out, "Usage: portflow %s", c->name);
	if (c->options[0].name)
		str_puts(out, " [OPTION...]");
	if (c->args && *c->args)
		str_putf(out, " %s", c->args);
	str_putf(out, "\n\n%s: %s.\n", c->name, c->summary);
	if (c->options[0].name) {
		str_puts(out, "\nOptions:\n");
		put_options(out, c->options, OPTIONS_MAX);
	}
	if (!whole) {
		str_putf(out, "\n\"portflow help %s\" says more, \"portflow -h\" lists commands and common options.\n",
			c->name);
		return;
	}
	str_puts(out, "\nOptions of every command:\n");
	put_options(out, options_global, OPTIONS_MAX);
	if (c->text && *c->text) {
		str_putc(out, '\n');
		put_text(out, c->text);
	}
}

static void put_commands(struct str *out)
{
	for (size_t i = 0; commands[i]; i++) {
		const struct command *c = commands[i];
		struct str left = STR_CEILING(256);

		str_putf(&left, "%s%s%s", c->name, c->args && *c->args ? " " : "", c->args ? c->args : "");
		put_row(out, left.p, left.len, c->summary);
		str_free(&left);
	}
}

static const char exits[] =
	"\nExit status:\n"
	"  0   done, nothing to do included\n"
	"  1   failed; doctor: a check failed\n"
	"  2   plan: changes are pending\n"
	"  64  wrong usage\n"
	"  75  another run is busy: try later\n"
	"  77  not permitted\n"
	"  78  the configuration has errors\n"
	"\nFiles:\n"
	"  /etc/portflow.ini, /etc/portflow.d/*.ini    the configuration: portflow.ini(5)\n"
	"  /var/lib/portflow/portflow.db               what was counted\n";

void help_render(struct str *out, const struct command *command, bool whole)
{
	if (command) {
		render_command(out, command, whole);
		return;
	}
	str_puts(out,
		"Usage: portflow [OPTION...] COMMAND\n\n"
		"Counts traffic by port, address and interface, exactly and without a daemon.\n\n"
		"Commands:\n");
	put_commands(out);
	str_puts(out, "\nOptions, before or after the command:\n");
	put_options(out, options_global, OPTIONS_MAX);
	if (whole)
		str_puts(out, exits);
	str_puts(out,
		"\nExamples:\n"
		"  portflow check /etc/portflow.ini && portflow apply\n"
		"  portflow report --by month\n");
}

static int run(struct app *app, const struct args *args, struct err *err)
{
	cleanup_str struct str text = STR_CEILING((size_t)1 << 20);
	const struct command *c = NULL;
	int used = 0;

	if (args->n_words) {
		c = command_find(args->words[0], args->n_words > 1 ? args->words[1] : NULL, &used);
		if (!c)
			return command_unknown(args->words[0], args->n_words > 1 ? args->words[1] : NULL, err);
		if (used < args->n_words)
			return err_set(
				err, ERR_USAGE, "\"help\" does not know what to do with \"%s\"", args->words[used]);
	}
	help_render(&text, c, true);
	fputs(text.p, app->out);
	return 0;
}

const struct command cmd_help = {
	.name = "help",
	.args = "[COMMAND]",
	.summary = "explain a command, or list them all",
	.text = "Without a COMMAND it lists commands, options, exit codes and files.",
	.words_max = 2,
	.run = run,
};
