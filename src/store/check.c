/* Is a database whole? See keep.h.
 * Everything is read as those who use it read it; a fault is told and the look goes on, as far as SQLite can.
 * cmd/ and run/, through keep.h. */
#include <string.h>

#include "store/hours.h"
#include "store/keep.h"
#include "store/pack.h"
#include "store/schema.h"
#include "util/ids.h"

struct check {
	struct store *s;
	struct arena *a;
	struct name_list faults;
	struct ledger ledger;
	bool stranger; /* figures of an entry that is not there */
};

static void fault(struct check *c, const char *text)
{
	const char **at = vec_push(c->a, &c->faults);

	*at = arena_strdup(c->a, text);
}

/* A statement that cannot be run to its end is a fault, not an error of ours; but a lock or a missing permission is one. */
static int step(struct check *c, sqlite3_stmt *q, struct err *err)
{
	int rc = db_step(c->s, q, err);

	if (rc >= 0 || err->kind == ERR_BUSY || err->kind == ERR_PERM)
		return rc;
	fault(c, err->text);
	return 0;
}

static int check_file(struct check *c, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	cleanup_stmt sqlite3_stmt *keys = NULL;
	int rc;

	if (db_stmt(c->s, STMT_CHECK_FILE, &q, err) || db_stmt(c->s, STMT_CHECK_KEYS, &keys, err))
		return -1;
	while ((rc = step(c, q, err)) > 0) {
		const char *text = db_text(q, 0, c->a);

		if (strcmp(text, "ok") != 0)
			fault(c, text);
	}
	if (rc < 0 || (rc = step(c, keys, err)) < 0)
		return -1;
	if (rc > 0)
		fault(c,
			arena_printf(c->a, "rows of %s belong to an entry or counter that is not there",
				db_text(keys, 0, c->a)));
	return 0;
}

/* -- schema: that of the file against one made here ------------------------------------------------------------------- */

static int list_schema(struct store *s, struct arena *a, struct name_list *ret, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (db_stmt(s, STMT_SCHEMA_LIST, &q, err))
		return -1;
	while ((rc = db_step(s, q, err)) > 0) {
		const char **at = vec_push(a, ret);

		*at = db_text(q, 0, a);
	}
	return rc;
}

static int check_schema(struct check *c, struct err *err)
{
	cleanup_store struct store *fresh = NULL;
	struct name_list have = { 0 }, want = { 0 };
	bool same;

	if (db_memory(&fresh, err))
		return -1;
	for (int v = 1; v <= SCHEMA_VERSION; v++)
		if (db_run(fresh, schema_text(v), err))
			return -1;
	if (list_schema(fresh, c->a, &want, err) || list_schema(c->s, c->a, &have, err))
		return -1;
	same = have.n == want.n;
	for (size_t i = 0; same && i < have.n; i++)
		same = strcmp(have.at[i], want.at[i]) == 0;
	if (!same)
		fault(c, "its tables are not those that portflow makes");
	return 0;
}

/* -- figures ---------------------------------------------------------------------------------------------------------- */

static bool entry_known(const struct check *c, int64_t id)
{
	return IDS_PLACE(c->ledger.entries.at, c->ledger.entries.n, id, id) != SIZE_MAX;
}

static bool slice_whole(struct check *c, struct slice_reader r)
{
	struct slice_row row;

	while (slice_next(&r, &row))
		c->stranger |= !entry_known(c, row.entry);
	return !r.bad;
}

static bool span_whole(struct check *c, struct span_reader r)
{
	struct slice_reader slice = { 0 };
	uint64_t before;
	bool whole = true;

	while (span_next(&r, &before, &slice))
		whole &= before < (uint64_t)CALENDAR_MAX && slice_whole(c, slice);
	return whole && !r.bad;
}

static bool pack_whole(struct check *c, struct pack_reader r)
{
	struct slice_row row;
	size_t hour;

	while (pack_next(&r, &hour, &row))
		c->stranger |= !entry_known(c, row.entry);
	return !r.bad;
}

static int check_table(struct check *c, const char *name, enum stmt next, struct err *err)
{
	int64_t key = INT64_MIN;

	for (;;) {
		cleanup_stmt sqlite3_stmt *q = NULL;
		const void *blob;
		size_t len;
		bool whole;
		int rc;

		if (db_stmt(c->s, next, &q, err))
			return -1;
		db_bind_int(q, 1, key);
		rc = step(c, q, err);
		if (rc <= 0)
			return rc;
		key = sqlite3_column_int64(q, 0);
		blob = sqlite3_column_blob(q, 1);
		len = (size_t)sqlite3_column_bytes(q, 1);
		if (next == STMT_SPAN_NEXT)
			whole = span_whole(c, span_read(blob, len));
		else if (next == STMT_HOURS_NEXT)
			whole = pack_whole(c, pack_read(key, blob, len));
		else
			whole = slice_whole(c, slice_read(blob, len));
		if (!whole)
			fault(c, arena_printf(c->a, "%s %lld: its figures make no sense", name, (long long)key));
		if (key++ == INT64_MAX)
			return 0;
	}
}

static int check_cycles(struct check *c, struct err *err)
{
	struct store_cycle *rows;
	size_t n;

	if (store_cycles(c->s, c->a, INT64_MIN, INT64_MAX, &rows, &n, err) == 0)
		return 0;
	if (err->kind != ERR_FAIL)
		return -1;
	fault(c, err->text);
	return 0;
}

static int check_adjustments(struct check *c, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (db_stmt(c->s, STMT_ADJUST_ODD, &q, err) || (rc = step(c, q, err)) < 0)
		return -1;
	if (rc > 0 && sqlite3_column_int64(q, 0))
		fault(c, "a row of adjustment is of no cycle");
	return 0;
}

static int check_figures(struct check *c, struct err *err)
{
	if (store_load(c->s, c->a, &c->ledger, err)) {
		if (err->kind != ERR_FAIL)
			return -1;
		fault(c, err->text);
		return 0;
	}
	if (check_table(c, "span", STMT_SPAN_NEXT, err) || check_table(c, "hour", STMT_HOUR_NEXT, err) ||
		check_table(c, "hours", STMT_HOURS_NEXT, err) || check_table(c, "day", STMT_DAY_NEXT, err) ||
		check_cycles(c, err) || check_adjustments(c, err))
		return -1;
	if (c->stranger)
		fault(c, "there are figures of an entry that is not there");
	return 0;
}

int store_check(struct store *s, struct arena *a, struct name_list *ret_faults, struct err *err)
{
	struct check c = { .s = s, .a = a };

	if (check_file(&c, err) || check_schema(&c, err))
		return -1;
	/* What SQLite itself finds broken, or other tables: what is in them would only say the same in more words. */
	if (c.faults.n == 0 && check_figures(&c, err))
		return -1;
	*ret_faults = c.faults;
	return 0;
}
