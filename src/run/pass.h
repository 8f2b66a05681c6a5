/* The state of one run, between the files of run/ that each do a part of it. Filled from top to bottom.
 * One struct, since each part reads what the parts before it found.
 * run/ only. */
#ifndef RUN_PASS_H
#define RUN_PASS_H

#include "config/config.h"
#include "model/delta.h"
#include "model/desired.h"
#include "model/diff.h"
#include "model/ledger.h"
#include "model/trial.h"
#include "model/verdict.h"
#include "model/watch.h"
#include "nft/table.h"
#include "nl/talk.h"
#include "run/lock.h"
#include "run/run.h"
#include "store/store.h"
#include "tc/ifb.h"
#include "tc/shape.h"
#include "util/hash.h"

/* All quotas of the kernel at one moment. */
struct quota_read {
	struct quota_list list;
	struct hash_map at; /* names -> index */
};

struct pass {
	struct app *app;
	enum run_mode mode;
	bool adopt;
	bool look;  /* RUN_PLAN for who shows what is so: what is known need not be read */
	bool young; /* source.c: the files may be half written: they hold only if they are the applied ones */
	bool down;  /* the database: `down` was the last word */
	struct run_report *report;

	/* adjust.c */
	const struct run_adjust *adjust; /* NULL: nothing is changed by hand */
	size_t adjusted_at;              /* which subject */

	/* source.c: which configuration holds */
	struct config *config;
	struct config *applied;   /* what the last run took up; NULL none */
	const char *applied_text; /* NULL none, or the files are as they were then */
	const char *text;         /* config, printed; NULL: the files are as they were then */
	uint64_t text_hash;       /* of that text */
	uint64_t files_hash;      /* of the files that config was read from */
	const char *mark;         /* of both, to be stored with the text; NULL: it is there already */
	const char *database;

	/* trial.c */
	struct trial trial;     /* as the database has it */
	uint64_t trial_s;       /* `apply --confirm`: for how long; 0: for good */
	const char *ending;     /* the id of the trial that this run is to end; NULL: none */
	const char *ending_why; /* words for the event */
	bool trial_over;        /* its time is over */
	bool trial_elsewhere;   /* the files name another database than this one, which has it */
	bool trial_ends;        /* in this run */
	bool trial_begun;       /* by this run */
	bool rolling;           /* this run rolls it back */
	bool fell_back;         /* what was applied last holds, not the files */
	bool hold;              /* ... and that is so whatever the files say */
	bool nothing_to_do;     /* nothing is counted, and that is to stay so */
	bool reopen;            /* nothing was counted after a roll-back, but the files have changed since */

	/* the database */
	struct lock *lock;
	struct store *store;
	struct arena book; /* holds the ledger, until the result is put together */
	struct ledger ledger;

	/* observe.c: the machine */
	struct talk *talk;
	struct links links;
	struct watch watch;
	char boot_id[UUID_TEXT];
	bool probed; /* shape.c: facts.htb and codel are as the kernel said */
	bool codel;  /* ... and it has fq_codel */
	uint64_t netns;
	uint64_t machine_hash, hash; /* of all that the table is made of: without, with how limits are kept */

	/* observe.c: the table, as of one generation; made anew on each try */
	uint32_t generation;
	bool known;             /* as our last run left it: have, want and diff are empty */
	enum identity identity; /* before this run changed anything */
	struct epoch where;
	struct ruleset have;
	struct desired want;
	struct diff diff;
	bool reset;                       /* all counters were zeroed by somebody */
	bool arm;                         /* the canary must be made (anew) */
	bool arm_delete;                  /* ... and the old one goes */
	bool rebuild;                     /* the table is made in this run */
	bool wipe;                        /* ... after the one that is there was read and deleted */
	bool stale_copy;                  /* ... and holds nothing that was not counted before */
	bool due;                         /* policies.c: what was decided is not what the kernel holds */
	struct counter_value canary_seen; /* before this run changed anything */

	/* shape.c: queues; made anew on each try but for the first three */
	struct shaper *shaper;
	struct limit_facts facts;
	struct limit_way *ways;
	uint32_t *minors; /* by entry; 0: it has no class */
	struct shape_device_list trees;
	struct shape_plan shape;
	const struct shape_device *replaced; /* somebody's root, put there since limits were shaped; NULL none */
	struct err *late;                    /* what went wrong once the table was as it should be; NULL nothing */

	/* ingress.c: what comes in and is shaped; made anew on each try */
	struct {
		struct ifb ifb;                 /* as found, then as made */
		struct shape_device_list trees; /* what stands on it */
		struct shape_plan shape;
		struct ruleset have, want;
		struct diff diff; /* makes the table from nothing */
		bool looked;      /* the rest is known */
		bool differs;     /* something was not as it should be */
		bool wanted;      /* something waits there */
		bool replace;     /* the table is not as it should be */
		bool made;        /* the device, by this try */
	} ingress;

	unsigned int ingress_refusals; /* over all tries */

	/* what the commits of this run found, over all tries */
	struct {
		bool rebuilt; /* a table that should have been there was not */
		bool copied;  /* IDENTITY_COPY */
		bool reset;
		size_t mended;                       /* changes that no edit of ours explains */
		unsigned int copies;                 /* as in struct diff */
		const struct shape_device *replaced; /* as above */
		const struct shape_step *queues;     /* steps that no edit of ours explains */
		size_t n_queues;
		bool ingress;                      /* somebody altered what shapes what comes in */
		const struct ruleset_object *lost; /* counters of a table that was wiped */
		size_t n_lost;
		bool wiped;
	} found;

	/* intend.c */
	char nonce[NONCE_TEXT], canary[NONCE_TEXT];
	VEC_OF(int64_t) gone; /* rows of retired counters that the kernel has no more */

	/* account.c */
	struct arena reading;         /* holds the next two, until the result is put together */
	struct counter_value *values; /* of ledger.counters, index by index */
	struct places counters;       /* object -> that index */
	VEC_OF(const char *) drop;    /* objects that go once their last value is stored */
	VEC_OF(int64_t) drop_rows;    /* their rows, where they have one */
	struct result result;

	/* policies.c; by subject: config->entries, then config->quotas */
	size_t *at; /* index into ledger.entries; SIZE_MAX: none yet */
	struct policy
		*policies; /* before the kernel is changed, from the database; after the result, what was decided */

	struct quota_read quotas_before, quotas_after; /* quotas.c: the kernel's, around the counters */
	VEC_OF(struct open_port) open;                 /* keep_open, resolved */
	uint32_t sender, resolver;                     /* messages.c: as in struct enforcement */
	struct enforcement enforcement;                /* its now_ms: observe.c, at each comparison */
};

/* source.c */
int pass_source(struct pass *p, struct err *err);  /* before the lock: which file, which database */
int pass_applied(struct pass *p, struct err *err); /* after the database: what holds after all */
/* ... for who only looks, and has the configuration: its hash, and what was applied last. */
int pass_compared(struct pass *p, bool applied_holds, struct err *err);
/* trial.c */
int pass_trial(struct pass *p, struct err *err); /* between the two: what a trial makes of it */
int pass_trial_source(struct pass *p);           /* instead of pass_source, for a run that ends one */
/* When the configuration that holds is chosen: another one, if it is to be rolled back; what this run makes of the trial. */
int pass_trial_settle(struct pass *p, struct err *err);
/* Before the kernel is changed: from now on any later run can roll back. */
int pass_trial_begin(struct pass *p, struct err *err);
/* After everything was taken down. */
int pass_trial_down(struct pass *p, struct err *err);
/* observe.c */
/* Which boot, which network namespace; opens the talk. Once. */
int pass_where(struct pass *p, struct err *err);
int pass_machine(struct pass *p, struct err *err);
int pass_observe(struct pass *p, struct err *err);
int pass_observe_again(struct pass *p, struct err *err);
/* What is wanted as of this moment: p->want. */
void pass_want(struct pass *p);
void pass_bypass(struct pass *p); /* one more warning in watch for each flowtable that matters */
/* shape.c */
/* How each limit is kept, and the plan from the queues that are there to those that are wanted. all: look for queues of ours that nothing
 * wants any more, too. */
int pass_queues(struct pass *p, bool all, struct err *err);
/* An error in apply and plan, a warning in sample, where limit_method = shape cannot be. */
int pass_queues_possible(struct pass *p, struct err *err);
/* Of the plan: what comes before the table is changed; that undone, what was said in err stays; what comes after, whose failure waits in
 * p->late. */
int pass_queues_before(struct pass *p, struct err *err);
void pass_queues_back(struct pass *p, struct err *err);
void pass_queues_after(struct pass *p);
/* No queue of ours is left. */
int pass_queues_down(struct pass *p, struct err *err);
/* Is the kernel as it was left by the run before, and wanted as it was then, so that somebody else altered what differs? */
bool pass_unexplained(const struct pass *p);
/* Remembers what somebody did to queues of ours. */
void pass_queues_note(struct pass *p);
/* One more warning in watch where there are very many classes. */
void pass_queues_warn(struct pass *p);
/* Without the right to ask the kernel for anything but its queues: those of what goes out, and what is wanted of them. */
int pass_queues_seen(struct pass *p, struct err *err);
void pass_queues_explain(struct pass *p);
/* What the steps of one device do to its queues: "2 queues changed". */
const char *pass_queues_tally(struct pass *p, const struct shape_plan *s);
/* ingress.c */
/* Before it is decided how limits are kept: what is there. */
int pass_ingress_look(struct pass *p, struct err *err);
/* Afterwards: what is wanted, and the way to it. */
void pass_ingress_plan(struct pass *p, bool codel);
bool pass_ingress_differs(const struct pass *p);
/* How many things it changes, for those who only want to know. */
size_t pass_ingress_changes(const struct pass *p);
/* What comes before the table is changed; its own share of that batch; all that undone, what was said in err stays; what comes after: what
 * goes wrong there is in p->late. */
int pass_ingress_before(struct pass *p, struct err *err);
void pass_ingress_put(struct pass *p, struct batch *b);
void pass_ingress_back(struct pass *p, struct err *err);
void pass_ingress_after(struct pass *p);
/* Nothing of it is left, and nothing waits there any more. */
int pass_ingress_down(struct pass *p, struct err *err);
void pass_ingress_note(struct pass *p);
void pass_ingress_explain(struct pass *p);
/* For -v: what was sent, before the commands of the other table. */
void pass_ingress_words(struct pass *p, struct str *out);
/* intend.c */
int pass_intend(struct pass *p, struct err *err);
/* account.c */
int pass_read(struct pass *p, struct err *err);
int pass_account(struct pass *p, struct err *err);
/* policies.c */
size_t pass_subjects(const struct pass *p);
const struct entry *pass_subject(const struct pass *p, size_t i);
/* Is anything decided from run to run? */
bool pass_has_subjects(const struct pass *p);
/* Fills p->at; anew whenever the ledger got new entries. */
void pass_find_rows(struct pass *p);
/* Of the ledger; 0: none yet. */
int64_t pass_row(const struct pass *p, size_t subject);
/* All zero where nothing is stored. */
const struct policy_state *pass_stored_state(const struct pass *p, size_t subject);
/* Is there anything to decide, or something decided before that has no reason any more? */
bool pass_judged(const struct pass *p, size_t subject);
/* Before step 4: what the database knows, as of now. */
int pass_policies(struct pass *p, struct err *err);
/* Has a moment passed at which the table changes by itself, or was the clock set, since the kernel was known? */
bool pass_clock_moved(const struct pass *p);
/* result.judge: the verdicts, their events and states. arg: the pass. */
int pass_judge(void *arg, struct err *err);
/* One more warning in watch, or two, for runs that are too far apart for what is to be told. */
void pass_interval(struct pass *p);
/* quotas.c */
int pass_read_quotas(struct pass *p, struct quota_read *ret, struct err *err);
/* As read after the counters, so that it has not used less than they tell; NULL if it is not there. */
const struct quota_value *pass_kernel_quota(const struct pass *p, const char *object);
/* Does the kernel leave another part of a quota that acts than is decided? */
bool pass_quota_off(struct pass *p, const struct entry *e, const struct policy *is);
/* Step 10: what is wanted of quotas, from the moment of the counters to this one. */
int pass_carry(struct pass *p, struct err *err);
/* open_ports.c: before the hash of what is wanted */
int pass_open_ports(struct pass *p, struct err *err);
/* messages.c: the same */
int pass_messages(struct pass *p, struct err *err);
/* adjust.c: is there such a quota? ERR_USAGE with the nearest name */
int pass_find_adjusted(struct pass *p, struct err *err);
/* From within result.judge: was is what was decided of that quota before; *io_usage gets the new adjustment. */
int pass_adjust(struct pass *p, enum quota_state was, struct usage *io_usage, struct err *err);
/* At the end of the run: what was decided, or why the change was refused. */
int pass_adjusted(struct pass *p, struct err *err);
/* When the run failed: -1, with a word about what is stored all the same. */
int pass_adjusted_in_part(struct pass *p, struct err *err);
/* explain.c */
void pass_explain(struct pass *p);
/* Is its quota larger than when it was applied last? */
bool pass_raised(const struct pass *p, const struct entry *e);
/* A line of the report about an entry or quota. */
void pass_line(struct pass *p, char sign, const struct entry *e, const char *text);
/* ... about anything else. */
void pass_say(struct pass *p, char sign, const char *subject, const char *text, const char *effect);
/* foresee.c */
int pass_foresee(struct pass *p, struct err *err);

/* Of what cuts cycles: equal when they cut them alike. */
uint64_t pass_rule_hash(const struct cycle_rule *c);
/* statement.c: does any target want statements; those that are due, into the result */
bool pass_has_statements(const struct pass *p);
int pass_statements(struct pass *p, struct err *err);
/* tell.c: who hears of the events; once, when all of them are there */
int pass_tell(struct pass *p, struct err *err);

/* An event of this run; entry 0: the machine's own. Its notice is there for what only the caller knows. */
struct result_event *pass_event(struct pass *p, int64_t entry, const char *kind, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
