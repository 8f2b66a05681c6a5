/* What the kernel counted since the database's baselines, without the lock and without a change: for status and report.
 * Read the database first: counters only grow, so the sum is right beside a running sample.
 * cmd/ calls. */
#ifndef RUN_PEEK_H
#define RUN_PEEK_H

#include "model/entry.h"
#include "model/ledger.h"
#include "run/app.h"
#include "util/err.h"
#include "util/hash.h"

enum peek {
	PEEK_LIVE,     /* ret_delta is true as of now */
	PEEK_NO_RIGHT, /* CAP_NET_ADMIN is missing: ret_delta is zero */
	PEEK_NO_TABLE, /* no table of this database in this network namespace: ret_delta is zero */
};

/* ret_delta has l->entries.n elements. c: for link_overhead. */
int run_peek(struct app *app, struct arena *a, const struct config *c, const struct ledger *l,
	struct figures *ret_delta, enum peek *ret_how, struct err *err);

/* Of our quotas in the kernel those that let nothing more pass, by their names (enforce_quota_object). Without the right to ask: none. */
int run_peek_quotas(struct arena *a, struct hash_map *ret_used_up, struct err *err);

#endif
