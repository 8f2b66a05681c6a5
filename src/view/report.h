/* History: rows of one entry and one stretch of time, as table, CSV and JSON. The struct holds facts only; who calls fills it
 * from the database and the kernel. Times are Unix seconds; all memory is the caller's.
 * report calls. */
#ifndef VIEW_REPORT_H
#define VIEW_REPORT_H

#include "model/calendar.h"
#include "model/entry.h"
#include "model/split.h"
#include "util/str.h"
#include "view/figure.h"

struct report_row {
	int64_t start;
	enum entry_kind kind;
	const char *name;
	struct figures figures; /* on the wire */
	bool estimated;         /* part of it was shared out over a boundary */
	bool open;              /* its time is not over yet */
};

struct report_sum {
	enum entry_kind kind;
	const char *name;
	struct figures figures;
};

struct report {
	const char *zone;
	const char *by;     /* as the user writes it: "hour", "cycle" */
	bool cycles;        /* rows are cycles, else */
	enum bucket bucket; /* rows are these */
	int64_t now, from, to;
	int64_t sampled; /* the last sample; 0: never */
	bool live;       /* rows hold what the kernel counted since then */
	VEC_OF(struct report_row) rows;
	VEC_OF(struct report_sum) sums; /* over [from, to): what was asked for, in the order of the INI */
	bool whole;                     /* nothing was left out: the next two are shown, and rest */
	struct figures forwarded, total;
};

struct report_look {
	size_t width; /* of the terminal; 0: no limit */
	bool color;
	bool utf8; /* the terminal shows more than ASCII */
	enum unit_style style;
};

/* What total has and neither the entries of this kind nor forwarded. */
struct figures report_rest(const struct report *r, enum entry_kind kind);

void report_text(const struct report *r, const struct report_look *look, struct arena *a, struct str *out);
void report_csv(const struct report *r, struct str *out);
void report_json(const struct report *r, struct str *out);

#endif
