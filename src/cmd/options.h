/* argv into the command's row, its options and its words, and the options that every command has. Options may stand before or
 * after the command; "--" ends them.
 * Prints nothing and reads no environment, so that tests can call it.
 * main.c calls. */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include "cmd/command.h"

enum ask {
	ASK_RUN,
	ASK_NOTHING, /* no command given */
	ASK_HELP,    /* -h */
	ASK_MANUAL,  /* --help */
	ASK_VERSION,
};

struct invocation {
	enum ask ask;
	const struct command *command; /* NULL: none given; then ask is not ASK_RUN */
	struct args args;
};

/* The options of every command, for help and manual; name NULL at the end. One-letter names are written "-c". */
extern const struct option_row options_global[];

/* Fills config_path, config_given, verbose, quiet, color of app as well. ERR_USAGE with the nearest name. */
int options_parse(struct app *app, int argc, char **argv, struct invocation *ret, struct err *err);

#endif
