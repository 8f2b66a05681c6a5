/* One writer at a time, for a database and for a network namespace: two databases on one table, or two runs on one database,
 * would each spoil the other's baselines. Locks go with the process.
 * run/ and cmd/ call. */
#ifndef RUN_LOCK_H
#define RUN_LOCK_H

#include "run/app.h"
#include "util/err.h"

struct lock;

#define LOCK_WAIT_MS 10000
#define LOCK_DIR "/run/portflow"

/* Takes the lock of the database (PATH.lock beside it) and of this network namespace (/run/portflow/net-DEV-INO.lock); waits up to
 * timeout_ms, then ERR_BUSY. Makes the folder of the database, and /run/portflow, when they are missing. */
int lock_take(struct app *app, const char *database, int timeout_ms, struct lock **ret_lock, struct err *err);
void lock_release(struct lock *lock);
#define cleanup_lock __attribute__((cleanup(lock_cleanup)))
void lock_cleanup(struct lock **lock);

#endif
