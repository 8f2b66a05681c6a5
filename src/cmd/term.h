/* What the terminal is like, and how figures are wanted: what the commands that print tables ask before they do.
 * The environment and the terminal are read here, so that view/ stays pure.
 * status, report, events and plan call. */
#ifndef CMD_TERM_H
#define CMD_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "run/app.h"
#include "util/err.h"
#include "util/str.h"
#include "util/units.h"

/* COLUMNS if it is set, else the terminal's width; 0, no limit, for a pipe or a file. */
size_t term_width(FILE *out);
/* Does the locale of the environment write UTF-8? */
bool term_utf8(void);
/* --bytes and --iec exclude each other: ERR_USAGE. */
int term_units(bool bytes, bool iec, enum unit_style *ret, struct err *err);

/* Writes the text to out; ERR_FAIL when it reached its ceiling and is not complete. */
int term_print(FILE *out, const struct str *text, struct err *err);

/* This program as a command is to be typed that means the same configuration: "portflow", "portflow -c FILE". */
const char *term_program(struct app *app);

#endif
