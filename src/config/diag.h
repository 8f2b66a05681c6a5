/* Diagnostics: what is wrong with the user's text, as values. They are collected, sorted by place and rendered at the end, so
 * that one run tells everything.
 * config/ makes them; run/ and cmd/ print them. */
#ifndef CONFIG_DIAG_H
#define CONFIG_DIAG_H

#include "model/entry.h"
#include "util/str.h"
#include "util/vec.h"

enum diag_severity { DIAG_ERROR, DIAG_WARNING };

/* A stretch of one line of the user's text. */
struct place {
	struct location where; /* col counts bytes; line 0: the file as a whole */
	uint32_t file_no;      /* which of the sources: for the order */
	const char *line;      /* the raw line, not terminated; NULL: there is none */
	size_t line_len;
	uint32_t width; /* bytes underlined, at least 1 */
};

struct diag {
	enum diag_severity severity;
	struct place at;
	const char *text;
	const char *cure; /* NULL: the text says it */
	bool of_service;  /* a warning that holds only where systemd does not give the service what is missed */
};

struct diags {
	struct arena *arena;
	VEC_OF(struct diag) list;
	size_t errors, warnings;
};

/* `cure` is not copied: a literal, or text of the same arena. Control bytes and broken UTF-8 in the text are shown as U+FFFD. */
void diag_error(struct diags *d, const struct place *at, const char *cure, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void diag_warning(struct diags *d, const struct place *at, const char *cure, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Takes out what is of_service: for those who run every minute. */
void diags_drop_of_service(struct diags *d);

/* The place `offset` bytes further on in the same line. */
struct place place_inside(const struct place *at, size_t offset, size_t width);

/* By file, line, column; equal places keep their order. */
void diags_sort(struct diags *d);

/* In GNU form, the source line with a caret below it, and the cure:
 *   FILE:LINE:COL: error: TEXT
 *      14 | SOURCE
 *         | ^~~~~~  CURE
 * After 1,000 of them it only says how many there are. */
void diags_render(const struct diags *d, bool color, struct str *out);

#endif
