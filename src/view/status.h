/* What the machine moved, as people see it (a table) and as programs read it (JSON). The struct holds facts only; who calls
 * fills it from the database and the kernel. Times are Unix seconds; all memory is the caller's.
 * status calls. */
#ifndef VIEW_STATUS_H
#define VIEW_STATUS_H

#include "model/calendar.h"
#include "model/entry.h"
#include "model/open_ports.h"
#include "model/split.h"
#include "model/standing.h"
#include "model/trial.h"
#include "util/str.h"
#include "view/figure.h"

enum status_span { STATUS_EVER, STATUS_HOUR, STATUS_TODAY, STATUS_SPANS };

struct status_note {
	int64_t time;
	const char *text;
};
struct status_notes {
	struct status_note *at;
	size_t n, cap;
};

/* A quota: of an entry, or a [quota]. */
struct status_quota {
	const struct entry *subject;
	struct cycle_span cycle;
	uint64_t used, limit; /* bytes; with what was changed by hand */
	uint32_t permille;    /* of the limit */
	enum quota_state state;
	bool has_forecast;
	uint64_t forecast; /* used at the end of the cycle */
	/* only where one is asked for by name: */
	struct status_notes changes; /* by hand, in this cycle */
	const char *open_with;       /* the command that opens it; NULL: it holds nothing back */
};

/* How the limit that is configured is to be kept, and is. */
struct status_way {
	const char *method; /* NULL: there is none */
	const char *why;    /* as the end of a sentence; NULL: it goes without saying */
	bool looked;        /* the kernel was asked: */
	uint64_t bps;       /* what it has of it; 0: nothing */
};

struct status_row {
	enum entry_kind kind;
	const char *name;
	const struct entry *entry; /* what the INI says of it; NULL: portflow's own, or the INI cannot be read */
	bool counted;              /* false: the database does not know it yet (not applied); all figures are 0 */
	int64_t since;             /* counted: since when */
	struct figures figures[STATUS_SPANS];
	enum billing billing;
	struct cycle_span cycle; /* CALENDAR_MIN .. CALENDAR_MAX: never resets */
	const char *cycle_zone;
	uint64_t cycle_bytes; /* billed */
	struct figures older; /* older than the database, in no other figure */
	bool has_rate;
	uint64_t rate_bps[DIRS];
	struct index_list quotas; /* in status.quotas: its own first, then those that it shares */
	struct standing standing;
	const char *method[DIRS]; /* how what holds is kept: "police", "shape"; NULL: nothing does, or nothing passes */
	struct status_way way[DIRS];
};

/* Where the newest figures come from. */
enum status_source {
	STATUS_LIVE,     /* the kernel was read: figures are of now */
	STATUS_NO_RIGHT, /* nobody may read it but root: figures are of the last sample */
	STATUS_NO_TABLE, /* our table is not there: nothing is counted */
};

struct status {
	const char *node, *zone;
	int64_t now;
	int64_t created; /* the database */
	int64_t sampled; /* 0: never */
	enum status_source source;
	struct name_list interfaces;
	VEC_OF(struct status_row) rows;     /* port entries, then address, then interface entries */
	VEC_OF(struct status_quota) quotas; /* in the order of the rows, then those of [quota] sections */
	struct status_row forwarded, total;
	struct open_reasons open; /* ports that nothing limits or blocks */
	struct status_notes notes;
	const struct trial *trial; /* of `apply --confirm`, pending or rolled back; NULL: none */
	const char *trial_says;    /* for people; NULL: nothing */
	struct {
		bool looked;         /* the rest is valid */
		bool edited;         /* the files are not what was applied last */
		bool known;          /* pending is */
		bool differs;        /* known: from the configuration; else at least in its queues */
		uint64_t pending;    /* changes */
		const char *unknown; /* why, where it is not for want of the right to ask; NULL */
		const char *file;    /* that says what is wanted */
	} kernel;
};

struct status_look {
	size_t width; /* of the terminal; 0: no limit */
	bool color;
	bool utf8;    /* of the terminal: blocks may be drawn */
	bool verbose; /* raw figures beside those on the wire, and their ratio */
	enum unit_style style;
	const char *program; /* as commands are to be typed: "portflow -c FILE" */
	/* names[0..n): only these entries, each with all that is known of it; n = 0: all */
	const char *const *names;
	size_t n_names;
};

/* What total has and neither the entries of this kind nor forwarded: never negative. */
struct figures status_rest(const struct status *s, enum entry_kind kind, enum status_span span);
/* Is there an entry of this kind? */
bool status_has(const struct status *s, enum entry_kind kind);
/* Was this entry asked for? */
bool status_asked(const struct status_look *look, const struct status_row *row);

void status_text(const struct status *s, const struct status_look *look, struct arena *a, struct str *out);
void status_json(const struct status *s, const struct status_look *look, struct str *out);

#endif
