/* Keeping a database: is it whole, copies of it, putting one back, names that change.
 * Who changes something holds the run's lock. Errors as in store.h.
 * run/ and cmd/ call. */
#ifndef STORE_KEEP_H
#define STORE_KEEP_H

#include "store/store.h"

/* Looks at all of it: SQLite's own check, the schema, every figure. ret_faults: one sentence each, in a; none: it is whole. */
int store_check(struct store *s, struct arena *a, struct name_list *ret_faults, struct err *err);

/* Copies the database, beside a running writer too, as one file that needs no -wal, 0600. dest is replaced only by a whole copy. */
int store_backup(struct store *s, const char *dest, struct err *err);
/* The same, written to out. */
int store_backup_to(struct store *s, FILE *out, struct err *err);

/* Checks `from`, then puts a copy of it in the place of the database at `path`, with that one's owner and mode and marked
 * `restored`. What was there is kept aside; ret_aside is its name in a, NULL if nothing was there. Nothing changes on failure. */
int store_restore(
	const char *path, const char *from, int64_t now, struct arena *a, const char **ret_aside, struct err *err);

/* Gives room that is not used back to the file system: sizes of the file before and after. */
int store_vacuum(struct store *s, uint64_t *ret_before, uint64_t *ret_after, struct err *err);

/* Moves the history of an entry to another name; an entry that has that name already keeps its own too, bucket by bucket. */
int store_rename(struct store *s, const char *from, const char *to, struct err *err);
/* Deletes an entry and all its figures; it must be retired and its counters gone. The bytes are overwritten. */
int store_forget(struct store *s, const char *name, struct err *err);

#endif
