/* Messages of main.c itself, beside app_note() and app_warn() of command.h.
 * One writer for all of them, so that the journal's level and the program's name are never forgotten.
 * main.c calls. */
#ifndef CMD_APP_H
#define CMD_APP_H

#include "cmd/command.h"

/* "portflow: TEXT" at level error; further lines of text follow as they are. */
void app_error(const struct app *app, const char *text);
/* Is stderr the journal? systemd names its device and inode in JOURNAL_STREAM (sd-daemon(3)). */
bool app_stderr_is_journal(void);

#endif
