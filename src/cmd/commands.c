/* Finding a command by its words: see commands.h.
 * What is planned is refused by name, so that nobody hunts for a typing error that is none.
 * main.c, docgen.c and help call. */
#include "cmd/commands.h"

#include <string.h>

#include "util/nearest.h"

static const char *const planned[] = {
	"notify",
	"discover",
	"top",
	"sessions",
	"talkers",
	"export",
	"collect",
	"push",
	"import",
	"web",
	"menu",
};

static const struct {
	const char *command, *option;
} planned_options[] = {
	{ "doctor", "measure" },
};

/* Does `name` ("db check") begin with this word, whole? */
static bool first_is(const char *name, const char *word)
{
	size_t n = strlen(word);

	return strncmp(name, word, n) == 0 && (name[n] == '\0' || name[n] == ' ');
}

static const char *second_of(const char *name)
{
	const char *blank = strchr(name, ' ');

	return blank ? blank + 1 : NULL;
}

const struct command *command_find(const char *first, const char *second, int *ret_words)
{
	for (size_t i = 0; commands[i]; i++) {
		const char *rest = second_of(commands[i]->name);

		if (!first_is(commands[i]->name, first))
			continue;
		if (!rest) {
			*ret_words = 1;
			return commands[i];
		}
		if (second && strcmp(rest, second) == 0) {
			*ret_words = 2;
			return commands[i];
		}
	}
	return NULL;
}

bool command_group(const char *first)
{
	for (size_t i = 0; commands[i]; i++)
		if (first_is(commands[i]->name, first) && second_of(commands[i]->name))
			return true;
	return false;
}

static int unknown_in_group(const char *first, const char *second, struct err *err)
{
	const char *near = NULL;
	char list[256] = "";
	size_t len = 0;

	for (size_t i = 0; commands[i]; i++) {
		const char *rest = second_of(commands[i]->name);
		int n;

		if (!rest || !first_is(commands[i]->name, first))
			continue;
		if (second)
			near = nearest_better(second, near, rest);
		n = snprintf(list + len, sizeof list - len, "%s%s", len ? ", " : "", rest);
		len += n > 0 && (size_t)n < sizeof list - len ? (size_t)n : 0;
	}
	if (!second)
		return err_set(err, ERR_USAGE, "\"%s\" wants one of: %s", first, list);
	if (near)
		return err_set(err, ERR_USAGE, "unknown command \"%s %s\"; did you mean \"%s %s\"?", first, second,
			first, near);
	return err_set(
		err, ERR_USAGE, "unknown command \"%s %s\"; \"%s\" wants one of: %s", first, second, first, list);
}

int command_unknown(const char *first, const char *second, struct err *err)
{
	const char *near = NULL;

	if (command_group(first))
		return unknown_in_group(first, second, err);
	for (size_t i = 0; i < sizeof planned / sizeof *planned; i++)
		if (strcmp(planned[i], first) == 0)
			return err_set(err, ERR_USAGE,
				"\"%s\" is planned for a later version, this one does not have it", first);
	for (size_t i = 0; commands[i]; i++)
		near = nearest_better(first, near, commands[i]->name);
	if (near)
		return err_set(err, ERR_USAGE, "unknown command \"%s\"; did you mean \"%s\"?", first, near);
	return err_set(err, ERR_USAGE, "unknown command \"%s\"; \"portflow help\" lists them", first);
}

bool command_option_planned(const char *command, const char *option)
{
	for (size_t i = 0; i < sizeof planned_options / sizeof *planned_options; i++)
		if (strcmp(planned_options[i].option, option) == 0 &&
			(!command || strcmp(planned_options[i].command, command) == 0))
			return true;
	return false;
}
