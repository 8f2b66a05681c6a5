/* The process: what main.c found out once and every run and command receives. No global state.
 * Messages for people have one writer, so that the journal's level and the program's name are never forgotten.
 * main.c fills it; run/ and cmd/ include. */
#ifndef RUN_APP_H
#define RUN_APP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "util/arena.h"

/* Whom the services run as, and whatever must not be root's work. */
#define SERVICE_USER "portflow"

enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct app {
	struct arena arena;
	int64_t now;             /* Unix seconds: read at the start, and once the lock is held */
	int64_t boot_time;       /* Unix seconds: now - CLOCK_BOOTTIME */
	int64_t up_ms;           /* CLOCK_BOOTTIME of the same moment, in milliseconds */
	const char *config_path; /* -c, default /etc/portflow.ini */
	bool config_given;       /* -c was used: no portflow.d beside it unless it is named portflow.ini */
	bool verbose, quiet;
	enum color_mode color;
	bool journal; /* stderr is the journal: lines begin with <N> */
	FILE *out;    /* data */
};

void app_clock(struct app *app);

/* Messages for people go to stderr as "portflow: ...", here, and nowhere else; quiet drops notes. */
void app_note(const struct app *app, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void app_warn(const struct app *app, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Should `stream` be coloured? --color > NO_COLOR > CLICOLOR_FORCE > isatty. */
bool app_color(const struct app *app, FILE *stream);

/* Lines that name a file and not the program, rendered and made safe already (config/diag.h). */
void app_diagnostics(const struct app *app, const char *text);

/* Of main.c: "portflow: TEXT" at level error; further lines of text follow as they are. */
void app_error(const struct app *app, const char *text);
/* Is stderr the journal? systemd names its device and inode in JOURNAL_STREAM (sd-daemon(3)). */
bool app_stderr_is_journal(void);

#endif
