/* The table of all commands, made from list.def.
 * A file of its own, so that a test of the parser can bring a table of its own.
 * commands.c reads it through commands.h. */
#include "cmd/commands.h"

#define COMMAND(symbol) extern const struct command cmd_##symbol;
#include "cmd/list.def"
#undef COMMAND

const struct command *const commands[] = {
#define COMMAND(symbol) &cmd_##symbol,
#include "cmd/list.def"
#undef COMMAND
	NULL,
};
