/* The table of all commands, made from list.def, and how a command is found by its words.
 * One table, so that dispatch, help, manual and completion cannot disagree.
 * main.c, docgen.c and help call. */
#ifndef CMD_COMMANDS_H
#define CMD_COMMANDS_H

#include <stdbool.h>

#include "cmd/command.h"

extern const struct command *const commands[]; /* NULL at the end */

/* The command whose name is first, or first and second (NULL if there is none); NULL if there is no such command.
 * ret_words: how many words its name has. */
const struct command *command_find(const char *first, const char *second, int *ret_words);
/* Is there a command "first SOMETHING"? */
bool command_group(const char *first);
/* Says why command_find() found nothing: planned, a group without its second word, or unknown, with the nearest name.
 * Returns -1. */
int command_unknown(const char *first, const char *second, struct err *err);
/* Is this option of this command planned, so that it is refused by name? command NULL: any command's. */
bool command_option_planned(const char *command, const char *option);

#endif
