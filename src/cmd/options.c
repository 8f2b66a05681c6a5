/* argv into a command's row, options and words: see options.h.
 * Two walks: the first finds the command (whose row says which options there are), the second takes the options.
 * main.c calls. */
#include "cmd/options.h"

#include <string.h>

#include "cmd/commands.h"
#include "util/nearest.h"

enum { GLOBAL_CONFIG, GLOBAL_VERBOSE, GLOBAL_QUIET, GLOBAL_COLOR, GLOBAL_HELP, GLOBAL_MANUAL, GLOBAL_VERSION, GLOBALS };

const struct option_row options_global[] = {
	[GLOBAL_CONFIG] = { "c", "FILE", false, "read FILE, not /etc/portflow.ini" },
	[GLOBAL_VERBOSE] = { "v", NULL, false, "say more" },
	[GLOBAL_QUIET] = { "q", NULL, false, "say less: no notes" },
	[GLOBAL_COLOR] = { "color", "WHEN", false, "auto, always or never; auto is on a terminal" },
	[GLOBAL_HELP] = { "h", NULL, false, "short help" },
	[GLOBAL_MANUAL] = { "help", NULL, false, "help, all of it" },
	[GLOBAL_VERSION] = { "version", NULL, false, "the version" },
	[GLOBALS] = { NULL, NULL, false, NULL },
};

struct walk {
	struct app *app;
	int argc;
	char **argv;
	struct invocation *in;
	struct err *err;
};

/* No option is a digit: -10GB is an amount. */
static bool is_option(const char *arg)
{
	return arg[0] == '-' && arg[1] != '\0' && (arg[1] < '0' || arg[1] > '9');
}

/* Does the row take its value from the next argument? */
static bool wants_next(const struct option_row *row)
{
	return row->value && !row->value_optional;
}

static bool name_is(const struct option_row *row, const char *name, size_t len)
{
	return strlen(row->name) == len && memcmp(row->name, name, len) == 0;
}

/* Index of the option in rows, or -1. */
static int find_row(const struct option_row *rows, size_t max, const char *name, size_t len)
{
	for (size_t i = 0; i < max && rows[i].name; i++)
		if (name_is(&rows[i], name, len))
			return (int)i;
	return -1;
}

/* Before the command is known: does any command's option of that name eat the next argument? A name means the same everywhere. */
static bool eats_next(const char *arg)
{
	const char *name = arg + 2;
	int i;

	if (arg[1] != '-')
		return arg[strlen(arg) - 1] == 'c' && !memchr(arg + 1, 'c', strlen(arg) - 2);
	i = find_row(options_global, OPTIONS_MAX, name, strlen(name));
	if (i >= 0)
		return wants_next(&options_global[i]);
	for (size_t c = 0; commands[c]; c++) {
		i = find_row(commands[c]->options, OPTIONS_MAX, name, strlen(name));
		if (i >= 0)
			return wants_next(&commands[c]->options[i]);
	}
	return false;
}

/* The words of argv in order, without options and their values. */
static int collect_words(struct walk *w, char **words)
{
	int n = 0;
	bool ended = false;

	for (int i = 1; i < w->argc; i++) {
		if (!ended && strcmp(w->argv[i], "--") == 0)
			ended = true;
		else if (ended || !is_option(w->argv[i]))
			words[n++] = w->argv[i];
		else if (eats_next(w->argv[i]))
			i++;
	}
	return n;
}

static int unknown_option(struct walk *w, const char *name, size_t len)
{
	const struct command *c = w->in->command;
	char typed[NEAREST_WORD_MAX + 1] = "";
	const char *near = NULL;

	if (len <= NEAREST_WORD_MAX)
		memcpy(typed, name, len);
	if (command_option_planned(c ? c->name : NULL, typed))
		return err_set(
			w->err, ERR_USAGE, "--%s is planned for a later version, this one does not have it", typed);
	for (size_t i = 0; options_global[i].name; i++)
		if (options_global[i].name[1])
			near = nearest_better(typed, near, options_global[i].name);
	for (size_t i = 0; c && i < OPTIONS_MAX && c->options[i].name; i++)
		near = nearest_better(typed, near, c->options[i].name);
	if (near)
		return err_set(w->err, ERR_USAGE, "unknown option --%.*s; did you mean --%s?", (int)len, name, near);
	return err_set(w->err, ERR_USAGE, "unknown option --%.*s; \"portflow %s%s-h\" lists those there are", (int)len,
		name, c ? c->name : "", c ? " " : "");
}

static int set_color(struct walk *w, const char *value)
{
	static const char *const words[] = {
		[COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcmp(value, words[i]) == 0) {
			w->app->color = (enum color_mode)i;
			return 0;
		}
	}
	return err_set(w->err, ERR_USAGE, "--color takes auto, always or never, not \"%s\"", value);
}

static int set_global(struct walk *w, int row, const char *value)
{
	switch (row) {
	case GLOBAL_CONFIG:
		w->app->config_path = value;
		w->app->config_given = true;
		return 0;
	case GLOBAL_COLOR:
		return set_color(w, value);
	case GLOBAL_VERBOSE:
		w->app->verbose = true;
		return 0;
	case GLOBAL_QUIET:
		w->app->quiet = true;
		return 0;
	case GLOBAL_HELP:
		w->in->ask = ASK_HELP;
		return 0;
	case GLOBAL_MANUAL:
		w->in->ask = ASK_MANUAL;
		return 0;
	default:
		w->in->ask = ASK_VERSION;
		return 0;
	}
}

/* -v, -qv, -cFILE, -c FILE; advances *i when the next argument is the value. */
static int take_letters(struct walk *w, int *i)
{
	for (const char *p = w->argv[*i] + 1; *p; p++) {
		const char letter[] = { *p, '\0' };
		int row = find_row(options_global, OPTIONS_MAX, letter, 1);
		const char *value = "";

		if (row < 0)
			return err_set(
				w->err, ERR_USAGE, "unknown option -%c; \"portflow -h\" lists those there are", *p);
		if (options_global[row].value) {
			value = p[1] ? p + 1 : *i + 1 < w->argc ? w->argv[++*i] : "";
			if (!*value)
				return err_set(w->err, ERR_USAGE, "-%c wants a value: -%c %s", *p, *p,
					options_global[row].value);
		}
		if (set_global(w, row, value))
			return -1;
		if (*value)
			return 0;
	}
	return 0;
}

/* --name, --name=VALUE, --name VALUE; advances *i when the next argument is the value. */
static int take_long(struct walk *w, int *i)
{
	const struct command *c = w->in->command;
	const char *name = w->argv[*i] + 2, *value = strchr(name, '=');
	size_t len = value ? (size_t)(value - name) : strlen(name);
	int global = len > 1 ? find_row(options_global, OPTIONS_MAX, name, len) : -1;
	int own = global < 0 && c ? find_row(c->options, OPTIONS_MAX, name, len) : -1;
	const struct option_row *row;

	if (global < 0 && own < 0)
		return unknown_option(w, name, len);
	row = global >= 0 ? &options_global[global] : &c->options[own];
	if (value)
		value++;
	if (value && !row->value)
		return err_set(w->err, ERR_USAGE, "--%s takes no value", row->name);
	if (!value && wants_next(row) && *i + 1 < w->argc)
		value = w->argv[++*i];
	if (wants_next(row) && (!value || !*value))
		return err_set(w->err, ERR_USAGE, "--%s wants a value: --%s=%s", row->name, row->name, row->value);
	if (global >= 0)
		return set_global(w, global, value ? value : "");
	w->in->args.given[own] = true;
	w->in->args.value[own] = value;
	return 0;
}

static int take_options(struct walk *w)
{
	for (int i = 1; i < w->argc; i++) {
		const char *arg = w->argv[i];

		if (strcmp(arg, "--") == 0)
			break;
		if (!is_option(arg))
			continue;
		if (arg[1] == '-' ? take_long(w, &i) : take_letters(w, &i))
			return -1;
	}
	return 0;
}

static int check_words(const struct command *c, const struct args *args, struct err *err)
{
	if (args->n_words < c->words_min)
		return err_set(err, ERR_USAGE, "\"%s\" wants %s", c->name, c->args);
	if (c->words_max >= 0 && args->n_words > c->words_max)
		return err_set(err, ERR_USAGE, "\"%s\" does not know what to do with \"%s\"", c->name,
			args->words[c->words_max]);
	return 0;
}

int options_parse(struct app *app, int argc, char **argv, struct invocation *ret, struct err *err)
{
	struct walk w = { .app = app, .argc = argc, .argv = argv, .in = ret, .err = err };
	char **words = arena_array(&app->arena, (size_t)argc + 1, sizeof *words);
	int n = collect_words(&w, words), used = 0;

	*ret = (struct invocation){ .ask = n ? ASK_RUN : ASK_NOTHING };
	if (n)
		ret->command = command_find(words[0], n > 1 ? words[1] : NULL, &used);
	if (n && !ret->command && !command_group(words[0]))
		return command_unknown(words[0], NULL, err);
	if (take_options(&w))
		return -1;
	if (n && !ret->command)
		return command_unknown(words[0], n > 1 ? words[1] : NULL, err);
	ret->args.words = words + used;
	ret->args.n_words = n - used;
	if (ret->ask != ASK_RUN)
		return 0;
	return check_words(ret->command, &ret->args, err);
}
