/* What a command is: one const struct a file, one line in list.def. Dispatch, help, man synopsis and completion read the same
 * rows. main.c parses the options by the row and opens what `needs` names.
 * main.c, docgen.c and the commands include. */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "util/arena.h"
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

enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* One process. No global state: commands receive this. */
struct app {
	struct arena arena;
	int64_t now;             /* Unix seconds, read once */
	int64_t boot_time;       /* Unix seconds: now - CLOCK_BOOTTIME */
	const char *config_path; /* -c, default /etc/portflow.ini */
	bool config_given;       /* -c was used: no portflow.d beside it unless it is named portflow.ini */
	bool verbose, quiet;
	enum color_mode color;
	bool journal; /* stderr is the journal: lines begin with <N> */
	FILE *out;    /* data */
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

/* Messages for people go to stderr as "portflow: ...", here, and nowhere else; quiet drops notes. */
void app_note(const struct app *app, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void app_warn(const struct app *app, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Should `stream` be coloured? --color > NO_COLOR > CLICOLOR_FORCE > isatty. */
bool app_color(const struct app *app, FILE *stream);

#endif
