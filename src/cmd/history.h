/* The rows of report, put together from the buckets of the database and what the kernel counted since.
 * Apart from the command, so that tests can bring a kernel of their own.
 * report calls. */
#ifndef CMD_HISTORY_H
#define CMD_HISTORY_H

#include "cmd/reader.h"
#include "view/report.h"

struct history_ask {
	const struct args *args; /* names */
	const char *by;          /* as the user wrote it */
	bool cycles;
	enum bucket bucket;
	int64_t from, to;
	bool to_given; /* else rows of the future are shown too: a clock was wrong then */
};

/* "minute" .. "year", "cycle": fills by, cycles, bucket. ERR_USAGE with the nearest word. */
int history_by(const char *word, struct history_ask *ret, struct err *err);
/* How far back it goes when nobody says. */
int64_t history_default_from(const struct history_ask *ask, const char *zone, int64_t now);

/* After reader_peek. All memory in app's arena. */
int history_report(
	struct app *app, const struct reader *r, const struct history_ask *ask, struct report *ret, struct err *err);

#endif
