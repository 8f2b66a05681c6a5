/* What a command needs that only looks: the configuration, the database and its ledger, read in this order, without the lock.
 * When the INI has errors, the one applied last stands in for it, and a warning says so: who only looks is not stopped.
 * status, report, events and notify call. */
#ifndef CMD_READER_H
#define CMD_READER_H

#include <stddef.h>

#include "cmd/command.h"
#include "model/ledger.h"
#include "run/look.h"
#include "run/peek.h"
#include "run/trial_look.h"
#include "store/store.h"
#include "util/hash.h"

struct reader {
	struct store *store;
	struct config *config;   /* never NULL */
	bool applied;            /* ... and not what the files say, but what was applied last */
	uint64_t files;          /* what the files are */
	struct ledger ledger;    /* entries in the order of their ids */
	struct hash_map index;   /* of the ledger's entries by kind and name */
	const char *zone;        /* [portflow] timezone */
	struct figures *delta;   /* reader_peek: what the kernel counted since, by index of the ledger's entries */
	struct hash_map used_up; /* reader_peek: run_peek_quotas */
	struct trial_look trial; /* of `apply --confirm`: as long as one holds, config is what was applied */
	const struct kernel_look *look; /* reader_look; NULL: nobody looked */
	enum peek how;
	bool detail; /* who asks names entries: gather all that is known */
};

/* What was applied last, out of the database; the defaults when nothing was. */
int reader_applied(struct app *app, struct store *store, struct config **ret, struct err *err);

/* The database stands still for this reader until reader_cleanup. */
int reader_open(struct app *app, struct reader *ret, struct err *err);
/* Asks the kernel; after reader_open, so that nothing is counted twice. */
int reader_peek(struct app *app, struct reader *r, struct err *err);
/* ... also for what it has of limits, blocks and quotas. What cannot be found out is left open. */
void reader_look(struct app *app, struct reader *r);
void reader_cleanup(struct reader *r);
#define cleanup_reader __attribute__((cleanup(reader_cleanup)))

/* Where in the ledger's entries; -1 if the database does not know it. Kinds of which there is one go by kind, name NULL. */
ptrdiff_t reader_find(const struct reader *r, enum entry_kind kind, const char *name);
ptrdiff_t reader_find_id(const struct reader *r, int64_t id);

/* Is every word the name of an entry? retired: entries that are in the database alone count too, portflow's own as well.
 * ERR_USAGE with the nearest name. */
int reader_names(const struct reader *r, const struct args *args, bool retired, struct err *err);
/* Was this entry asked for? No words: every one was. */
bool reader_asked(const struct args *args, const char *name);

#endif
