/* What the database knows about the kernel's counters, and the facts of one run that change it. The contract between the pure
 * part that computes deltas (model/delta.c) and the store that keeps them.
 * All memory in the run's arena. run/, store/, model/ include. */
#ifndef MODEL_LEDGER_H
#define MODEL_LEDGER_H

#include "model/calendar.h"
#include "model/entry.h"
#include "model/notice.h"
#include "model/policy.h"
#include "model/split.h"
#include "util/err.h"
#include "util/places.h"

#define NONCE_TEXT 17 /* 16 hex digits and NUL */
#define UUID_TEXT 37

/* One table in one network namespace of one boot. Table handles are given by the kernel and rise within a boot, so nobody can
 * copy one (kernel-facts.md section 2). */
struct epoch {
	bool present;
	char nonce[NONCE_TEXT]; /* in the table's comment: finds our table, proves nothing */
	bool bound;             /* the next three are valid */
	char boot_id[UUID_TEXT];
	uint64_t netns; /* SO_NETNS_COOKIE, or a hash of st_dev and st_ino */
	uint64_t table_handle;
};

/* What a counter counts of its entry and direction. */
enum counter_role {
	ROLE_ALL,  /* every packet */
	ROLE_BIG4, /* TCP over IPv4 longer than `mtu` */
	ROLE_BIG6,
	ROLE_TS4, /* table-wide: of those in BIG4 of the total, the ones whose TCP header has room for timestamps */
	ROLE_TS6,
	ROLES
};

struct ledger_counter {
	int64_t id;              /* row */
	int64_t entry;           /* entry row */
	const char *object;      /* the name in the kernel, unique */
	uint64_t handle;         /* of the object; valid when not pending */
	uint64_t packets, bytes; /* baseline */
	uint32_t mtu;            /* ROLE_BIG*: layer-3 MTU; else 0 */
	enum direction dir : 8;  /* there may be 200,000 of these: they are kept small */
	enum counter_role role : 8;
	bool pending; /* not seen in the kernel yet: its first value is all ours */
	bool retired; /* out of every map; goes once its last value is stored */
};

/* What is stored of an entry's traffic. */
struct ledger_sums {
	struct figures total; /* of all time */
	struct figures older; /* bytes seen that are older than the database; in no other figure */
	/* the running cycle; start == end: none yet */
	int64_t cycle_start, cycle_end;
	struct figures cycle;
	uint64_t cycle_rule; /* hash of the cycle_rule it was cut by: another means compute it anew from the hours */
	/* the last stored sample of this entry that saw traffic: for the rate */
	int64_t rate_from, rate_to;
	struct figures rate;
};

struct ledger_entry {
	int64_t id;
	enum entry_kind kind;
	uint32_t class; /* minor number of its class; 0 none yet */
	const char *name;
	int64_t created;                /* when the database first knew it */
	const struct ledger_sums *sums; /* NULL: not asked for */
	bool retired;                   /* not in the configuration any more; history stays */
};

/* What was decided about an entry or a [quota]. */
struct ledger_policy {
	int64_t entry;
	struct policy_state state;
};

struct ledger {
	char uuid[UUID_TEXT];
	const char *node; /* NULL: not yet */
	int64_t created;
	int64_t sampled; /* when the last result was stored; 0 never */
	bool restored;   /* `db restore` put this file here and no result was stored since */
	struct epoch bound, pending;
	char canary[NONCE_TEXT];
	bool reset_seen; /* somebody zeroed the counters; deltas are the whole values until a result clears it */
	/* the kernel as we left it: nothing else need be read while all of this holds */
	bool known;
	char known_boot[UUID_TEXT];
	uint64_t known_netns, known_generation, known_hash;
	int64_t known_until; /* when the table changes by itself: it is known until then; 0 never */
	int64_t known_clock; /* the boot time by the clock of that run: a clock that was set since moves it */
	const char *devices; /* watched devices of the last run, blanks between; "" none */
	VEC_OF(struct ledger_entry) entries;
	VEC_OF(struct ledger_counter) counters;
	VEC_OF(struct ledger_policy) policies; /* ascending by entry */
};

/* The counter that every table of ours has beside those of the ledger, and that no rule refers to: its bytes are the nonce in
 * `canary`, and 0 once somebody reset the counters. */
#define LEDGER_CANARY "canary"

/* From the objects of l->counters to their indexes, while nothing is added to them. */
void ledger_places(const struct ledger *l, struct arena *a, struct places *ret_places);

/* Which class an entry waits in. */
struct ledger_class {
	int64_t entry; /* < 0: as in intent.new_counters */
	uint32_t class;
};

/* Written before the kernel is touched. */
struct intent {
	int64_t now;
	VEC_OF(struct ledger_entry) new_entries; /* id 0; found again by kind + name (a retired one comes back) */
	VEC_OF(struct ledger_counter)
	new_counters; /* pending; the row with the same object, if any, is replaced. entry < 0:
	                                              * that of new_entries.at[-entry - 1] */
	VEC_OF(int64_t) retire_entries;
	VEC_OF(int64_t) retire_counters;
	VEC_OF(int64_t) revive_counters;     /* retired ones that are wanted again: out of retirement, baseline kept */
	VEC_OF(struct ledger_class) classes; /* those that change, in this order */
	const char *pending_nonce;           /* NULL: no new table */
	const char *canary;                  /* NULL: unchanged; else the nonce about to be armed */
	bool reset_seen;                     /* with canary: somebody had zeroed the counters */
};

/* An entry's news of one run. */
struct result_entry {
	int64_t entry;
	struct figures delta;
	const struct figures *older;    /* not part of delta; NULL: none */
	int64_t from;                   /* delta was counted in [from, result.now) */
	const char *zone;               /* of its cycle */
	const struct cycle_rule *cycle; /* NULL: entry is retired: no cycle */
	uint64_t cycle_rule;            /* hash of *cycle; of a [quota], of its members too */
	/* NULL, or ENTRY_QUOTA: the rows of its members, whose deltas together are its own. It has cycles, but no hours, days or spans.
	 * Its first cycle, and the one that runs when cycle_rule becomes another or it was retired meanwhile, is what the members'
	 * hours have of it; what it is the total of begins there too. */
	const int64_t *members;
	size_t n_members;
};

/* What a counter has now: from here the next run counts. */
struct baseline {
	int64_t counter; /* row */
	uint64_t handle, packets, bytes;
};

struct result_event {
	int64_t entry;       /* 0: the machine's own */
	const char *subject; /* its name, not stored; NULL: the machine's own, or the text has it */
	const char *kind;    /* a word, as "table_rebuilt" */
	const char *text;    /* one English sentence */
	/* To whom it is told, and what: for the outbox. */
	struct notice *notice;    /* NULL where there are no routes */
	struct route_list routes; /* each a row; an empty recipient is the target's own */
};

/* A small fact, kept as text. */
struct fact {
	const char *key, *value; /* value NULL: forget it */
};

/* A statement that is due, or the first sight of one that will be. */
struct result_statement {
	const char *target, *recipient, *period;
	int64_t until;               /* made up to here; -1: nobody gets it any more */
	const struct notice *notice; /* NULL: nothing is told yet */
};

struct result {
	int64_t now;
	int64_t up_from;  /* boot time: nothing was counted before, for splitting gaps */
	const char *zone; /* [portflow] timezone */
	struct retention keep_minutes, keep_hours, keep_days;
	VEC_OF(struct result_entry)
	entries; /* those with a delta, with `older`, or with a cycle to open or close: every live entry */
	VEC_OF(struct baseline) baselines; /* those that changed; pending becomes false */
	VEC_OF(struct result_event) events;
	VEC_OF(struct result_statement) statements;
	VEC_OF(struct ledger_policy) policies; /* rows that changed; one that is all zero goes */
	/* NULL, or what decides: called inside the transaction once entries and spans are booked, which it reads by store_usage,
	 * store_closed_cycle and store_window. It adds to events, statements and policies. */
	int (*judge)(void *arg, struct err *err);
	void *judge_arg;
	struct epoch bind; /* present: what the table is now; the pending nonce is cleared */
	bool clear_reset, clear_restored;
	bool known; /* the next ones become the known state; else it is forgotten */
	char known_boot[UUID_TEXT];
	uint64_t known_netns, known_generation, known_hash;
	int64_t known_until, known_clock; /* as in struct ledger */
	const char *devices;              /* NULL: unchanged */
	const char *node;                 /* NULL: unchanged */
	const char *applied;              /* NULL: unchanged; else the text of the configuration, without secrets */
	const char *applied_mark;         /* NULL: unchanged; else what tells that the files give this text still */
	VEC_OF(struct fact) facts;        /* that change with it */
};

#endif
