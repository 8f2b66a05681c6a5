/* Policies, adjustments, and what a subject moved: see policies.h and store.h.
 * Who changes a figure by hand leaves a name and a time.
 * run/ and cmd/, through store.h. */
#include "store/policies.h"

#include "store/entry_row.h"
#include "store/slice.h"

/* -- policies --------------------------------------------------------------------------------------------------------- */

int policies_load(struct store *s, struct arena *a, struct ledger *l, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (db_stmt(s, STMT_POLICY_LIST, &q, err))
		return -1;
	while ((rc = db_step(s, q, err)) > 0) {
		struct ledger_policy *p = vec_push(a, &l->policies);
		int64_t told = sqlite3_column_int64(q, 3), quota = sqlite3_column_int64(q, 4),
			expiry_told = sqlite3_column_int64(q, 6);

		p->entry = sqlite3_column_int64(q, 0);
		p->state.cycle_start = sqlite3_column_int64(q, 1);
		p->state.cycle_end = sqlite3_column_int64(q, 2);
		p->state.told = (uint32_t)told;
		p->state.quota = (enum quota_state)quota;
		p->state.expires = sqlite3_column_int64(q, 5);
		p->state.expiry_told = (enum expiry_told)expiry_told;
		p->state.burst_until = sqlite3_column_int64(q, 7);
		if (told < 0 || told > UINT32_MAX || quota < QUOTA_OK || quota > QUOTA_BLOCKED ||
			expiry_told < EXPIRY_UNTOLD || expiry_told > EXPIRY_TOLD_OVER)
			return db_damaged(s, err, "a row of policy makes no sense");
	}
	return rc;
}

static bool nothing(const struct policy_state *p)
{
	return !p->cycle_start && !p->cycle_end && !p->told && p->quota == QUOTA_OK && !p->expires &&
		p->expiry_told == EXPIRY_UNTOLD && !p->burst_until;
}

int policies_put(struct store *s, const struct result *r, struct err *err)
{
	cleanup_stmt sqlite3_stmt *put = NULL;
	cleanup_stmt sqlite3_stmt *drop = NULL;

	if (r->policies.n == 0)
		return 0;
	if (db_stmt(s, STMT_POLICY_PUT, &put, err) || db_stmt(s, STMT_POLICY_DROP, &drop, err))
		return -1;
	for (size_t i = 0; i < r->policies.n; i++) {
		const struct policy_state *p = &r->policies.at[i].state;
		sqlite3_stmt *q = nothing(p) ? drop : put;

		db_bind_int(q, 1, r->policies.at[i].entry);
		if (q == put) {
			db_bind_int(q, 2, p->cycle_start);
			db_bind_int(q, 3, p->cycle_end);
			db_bind_int(q, 4, p->told);
			db_bind_int(q, 5, p->quota);
			db_bind_int(q, 6, p->expires);
			db_bind_int(q, 7, p->expiry_told);
			db_bind_int(q, 8, p->burst_until);
		}
		if (db_exec(s, q, err))
			return -1;
	}
	return 0;
}

int policies_merge(struct store *s, int64_t from, int64_t to, struct err *err)
{
	static const enum stmt steps[] = { STMT_POLICY_MERGE, STMT_ADJUST_MERGE };

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		cleanup_stmt sqlite3_stmt *q = NULL;

		if (db_stmt(s, steps[i], &q, err))
			return -1;
		db_bind_int(q, 1, from);
		db_bind_int(q, 2, to);
		if (db_exec(s, q, err))
			return -1;
	}
	return 0;
}

/* -- adjustments ------------------------------------------------------------------------------------------------------ */

static int adjustment_get(struct store *s, int64_t entry, struct usage *u, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (u->cycle.start == u->cycle.end)
		return 0;
	if (db_stmt(s, STMT_ADJUST_GET, &q, err))
		return -1;
	db_bind_int(q, 1, entry);
	db_bind_int(q, 2, u->cycle.start);
	db_bind_int(q, 3, u->cycle.end);
	rc = db_step(s, q, err);
	if (rc > 0) {
		u->adjustment.extra = db_bits(q, 0);
		u->adjustment.correction = sqlite3_column_int64(q, 1);
	}
	return rc < 0 ? -1 : 0;
}

static int adjustment_set(struct store *s, int64_t entry, const struct cycle_span *cycle, const struct adjustment *a,
	const char *who, int64_t now, struct err *err)
{
	const bool none = a->extra == 0 && a->correction == 0;
	cleanup_stmt sqlite3_stmt *q = NULL;

	if (db_stmt(s, none ? STMT_ADJUST_DROP : STMT_ADJUST_PUT, &q, err))
		return -1;
	db_bind_int(q, 1, entry);
	db_bind_int(q, 2, cycle->start);
	db_bind_int(q, 3, cycle->end);
	if (!none) {
		db_bind_int(q, 4, a->extra > INT64_MAX ? INT64_MAX : (int64_t)a->extra);
		db_bind_int(q, 5, a->correction);
		db_bind_text(q, 6, who);
		db_bind_int(q, 7, now);
	}
	return db_exec(s, q, err);
}

int store_adjust(struct store *s, int64_t entry, const struct cycle_span *cycle, const struct adjustment *a,
	const char *who, int64_t now, struct err *err)
{
	return adjustment_set(s, entry, cycle, a, who, now, err) ? err_wrap(err, "writing what was changed by hand")
								 : 0;
}

/* -- what a subject moved --------------------------------------------------------------------------------------------- */

int store_usage(struct store *s, int64_t entry, struct usage *ret, struct err *err)
{
	struct entry_row row;
	struct usage u = { 0 };

	if (entry_row_get(s, entry, &row, err))
		return -1;
	u.cycle = (struct cycle_span){ row.cycle_start, row.cycle_end };
	u.figures = row.cycle;
	u.total = row.total;
	if (adjustment_get(s, entry, &u, err))
		return -1;
	*ret = u;
	return 0;
}

int store_usages(struct store *s, const int64_t *entries, size_t n, struct usage *ret, struct err *err)
{
	cleanup_tx struct store *tx = NULL;

	if (db_begin_read(s, &tx, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (entries[i] && store_usage(s, entries[i], &ret[i], err))
			return -1;
	return db_commit(&tx, err);
}

int store_closed_cycle(struct store *s, int64_t entry, int64_t start, int64_t end, struct figures *ret, bool *ret_found,
	struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	struct figures f = { 0 };
	int rc;

	if (db_stmt(s, STMT_CYCLE_GET, &q, err))
		return -1;
	db_bind_int(q, 1, entry);
	db_bind_int(q, 2, start);
	db_bind_int(q, 3, end);
	rc = db_step(s, q, err);
	if (rc < 0)
		return -1;
	if (rc > 0 && !figures_get(sqlite3_column_blob(q, 0), (size_t)sqlite3_column_bytes(q, 0), &f))
		return db_damaged(s, err, "a row of cycle makes no sense");
	*ret = f;
	*ret_found = rc > 0;
	return 0;
}
