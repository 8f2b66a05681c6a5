/* Help, rendered from the rows of the commands: what -h, --help and `help` print.
 * Text only; the caller writes it.
 * main.c calls. */
#ifndef CMD_HELP_H
#define CMD_HELP_H

#include <stdbool.h>

#include "cmd/command.h"
#include "util/str.h"

/* command NULL: the program. whole: with the manual's paragraphs. */
void help_render(struct str *out, const struct command *command, bool whole);

#endif
