/* What a command is: one const struct a file, one line in list.def. Dispatch, help, man synopsis and completion read the same
 * rows. main.c parses the options by the row and opens what `needs` names.
 * main.c, docgen.c and the commands include. */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include <stdbool.h>

#include "run/app.h"
#include "util/err.h"

struct option_row {
	const char *name;    /* without "--" */
	const char *value;   /* NULL: a flag; else what its value is called, as "DATE" */
	bool value_optional; /* --confirm[=60s] */
	const char *summary;
};

#define OPTIONS_MAX 12

struct args {
	bool given[OPTIONS_MAX];        /* by index of the command's options[] */
	const char *value[OPTIONS_MAX]; /* NULL unless given with a value */
	char **words;                   /* what stands after the command's name */
	int n_words;
};

struct command {
	const char *name;    /* two words for sub-commands: "db check" */
	const char *args;    /* synopsis of the words, as "[NAME...]" */
	const char *summary; /* one line for help, no full stop */
	const char *text;    /* paragraphs for the manual */
	struct option_row options[OPTIONS_MAX];
	int words_min, words_max; /* words_max < 0: any number */
	/* Returns the exit code (0, or 2 of plan, 1 of doctor), or -1 with err, which main.c prints and maps. */
	int (*run)(struct app *app, const struct args *args, struct err *err);
};

#endif
