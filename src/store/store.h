/* The database: SQLite in WAL, synchronous=FULL, persistent WAL. All SQL is in store/. One writer (it holds the run's lock),
 * any number of readers, which never block it.
 * Two transactions a run: intent (before the kernel is changed) and result (after the counters are read): a kill at any
 * instruction loses nothing and doubles nothing (design.md section 3).
 * Errors: ERR_BUSY when SQLite stays locked for 5 s, ERR_PERM, ERR_FAIL with the cure in the text.
 * run/ and cmd/ call. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "model/entry.h"
#include "model/ledger.h"
#include "model/split.h"
#include "util/err.h"

struct store;

enum store_mode {
	STORE_READ,   /* must exist; never writes */
	STORE_WRITE,  /* must exist */
	STORE_CREATE, /* made (folder too, 0750; file 0640) when missing */
};

/* STORE_WRITE and STORE_CREATE bring a database of an older version to this one, after a copy of it was put beside it:
 * PATH.before-VERSION. */
int store_open(const char *path, enum store_mode mode, struct store **ret_store, struct err *err);
void store_close(struct store *s);
/* NULL, or what opening did that people want to know: an older database became one of this version. Until the store is closed. */
const char *store_migrated(const struct store *s);
#define cleanup_store __attribute__((cleanup(store_cleanup)))
void store_cleanup(struct store **s);

/* Everything the run needs to know, in one read transaction. Memory in a. See model/ledger.h. */
int store_load(struct store *s, struct arena *a, struct ledger *ret_ledger, struct err *err);
/* The same without the entries' sums, which a run leaves to store_result: a third of the memory. */
int store_load_counters(struct store *s, struct arena *a, struct ledger *ret_ledger, struct err *err);

/* Intent: new entries get their ids (written back into the ledger), new counters become pending, retired is marked, a pending
 * nonce, reset_seen with the new canary. One transaction; *ledger then says what the database says. l is that of one
 * of the loads, and grows in its arena; its entries and counters stay in the order of their ids. After an error *ledger is not to be used. */
int store_intent(struct store *s, struct ledger *l, const struct intent *i, struct err *err);

/* Result: baselines, figures into spans, hours, days, cycles, totals; events; epoch bound; known state; applied configuration;
 * retention; what result.judge decides on top. One transaction. */
int store_result(struct store *s, const struct result *r, struct err *err);

/* After what the result decided was put into the kernel, and retired counters dropped: their rows go (the entry's history stays), and
 * the kernel is known as of this generation, unless something is left to be done there. dropped: counter ids. */
int store_settled(struct store *s, const int64_t *dropped, size_t n, uint64_t generation, bool known, struct err *err);

/* `portflow quota`: the adjustment of that cycle becomes *a (all zero: none). From within result.judge, so that what is decided in the
 * same transaction sees it. */
int store_adjust(struct store *s, int64_t entry, const struct cycle_span *cycle, const struct adjustment *a,
	const char *who, int64_t now, struct err *err);

/* Small facts kept as text (node, applied.text, down, ...). NULL when absent. */
int store_meta_get(struct store *s, struct arena *a, const char *key, const char **ret_value, struct err *err);
int store_meta_set(struct store *s, const char *key, const char *value, struct err *err); /* value NULL: forget it */

/* Several of them, and an event of the machine (NULL: none), at once. One transaction. */
int store_meta_put(struct store *s, const struct fact *facts, size_t n, int64_t now, const struct result_event *event,
	struct err *err);

/* From now until the store is closed, everything that is read is of one moment (that of the first read after this), whatever a
 * writer does meanwhile. Only for STORE_READ. */
int store_freeze(struct store *s, struct err *err);

/* -- queries: readers ------------------------------------------------------------------------------------------------ */

struct store_sum { /* one entry's figures over a stretch of time */
	int64_t entry;
	struct figures figures;
};
/* Sums of every entry over [from, to) from spans (fine) or hours and days (coarse) as retention has them; entries without
 * traffic have no row. Both bounds should be hour boundaries of [portflow] timezone, else the part is in proportion. */
int store_sums(struct store *s, struct arena *a, int64_t from, int64_t to, struct store_sum **ret_rows, size_t *ret_n,
	struct err *err);

/* What moved in [from, to) as far as spans tell: a span that began before `from` gives its share by time; one that is longer than
 * to - from says nothing, and what it covers of the stretch is not known, nor is what lies before up_from (boot). Spans without
 * traffic are not stored: time between spans is known, and nothing moved in it. So spans must be kept as long as the stretch
 * (result.keep_minutes). ret_known_s: the seconds that are known. Also from within result.judge, which sees this very result. */
int store_window(struct store *s, struct arena *a, int64_t from, int64_t to, int64_t up_from,
	struct store_sum **ret_rows, size_t *ret_n, uint64_t *ret_known_s, struct err *err);

/* How far apart runs are: the median of the last STORE_INTERVALS of them that found traffic. 0: too few to tell. */
int store_interval(struct store *s, int64_t *ret_seconds, struct err *err);
#define STORE_INTERVALS 9
#define STORE_INTERVALS_LEAST 3

struct store_row { /* one bucket of one entry */
	int64_t start;
	int64_t entry;
	struct figures figures; /* wire-true figures; raw ones are 0 here */
	bool estimated;
};
/* Rows by bucket, ascending by start, then by entry id. `entries` NULL = all. zone: [portflow] timezone. */
int store_history(struct store *s, struct arena *a, enum bucket by, const char *zone, int64_t from, int64_t to,
	const int64_t *entries, size_t n_entries, struct store_row **ret_rows, size_t *ret_n, struct err *err);

struct store_cycle {
	int64_t entry, start, end;
	struct figures figures;
	bool closed;
};
int store_cycles(struct store *s, struct arena *a, int64_t from, int64_t to, struct store_cycle **ret_rows,
	size_t *ret_n, struct err *err);

/* Of the cycle that is stored as running, with what was adjusted for it; also from within result.judge. */
int store_usage(struct store *s, int64_t entry, struct usage *ret_usage, struct err *err);
/* The same of many, in one read transaction of its own; an entry 0 is passed over. */
int store_usages(struct store *s, const int64_t *entries, size_t n, struct usage *ret_usages, struct err *err);
/* The figures of a cycle that is over; ret_found false: it is not stored, and they are zero. */
int store_closed_cycle(struct store *s, int64_t entry, int64_t start, int64_t end, struct figures *ret_figures,
	bool *ret_found, struct err *err);

struct store_event {
	int64_t id, time;
	int64_t entry; /* 0: the machine's own */
	const char *kind, *text;
};
int store_events(
	struct store *s, struct arena *a, int64_t since, struct store_event **ret_rows, size_t *ret_n, struct err *err);

#endif
