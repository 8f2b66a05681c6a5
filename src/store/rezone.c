/* Days cut anew after [portflow] timezone changed: see rollup.h.
 * Hours are the same in every zone that differs by whole hours, so days follow from them as far back as hours are kept.
 * store/ alone. */
#include <string.h>

#include "store/hours.h"
#include "store/query.h"
#include "store/rollup.h"

/* Hours of that many days are in memory at a time. */
#define STEP_S ((int64_t)31 * 86400)

struct recut {
	struct arena *a;
	const char *zone;
	int64_t start, end; /* the day asked last */
	struct additions days;
};

static void add_hour(void *arg, int64_t start, const struct slice_row *row)
{
	struct recut *x = arg;
	struct addition *add = vec_push(x->a, &x->days);

	if (start < x->start || start >= x->end) {
		x->start = calendar_floor(x->zone, BUCKET_DAY, start);
		x->end = calendar_next(x->zone, BUCKET_DAY, start);
	}
	add->start = x->start;
	add->row = *row;
}

static int recut(struct store *s, const char *zone, int64_t from, int64_t to, struct err *err)
{
	cleanup_arena struct arena a = { 0 };
	struct recut x = { .a = &a, .zone = zone };

	if (hours_walk(s, from, to, add_hour, &x, err))
		return -1;
	rollup_sort(&x.days);
	return rollup_add(s, BUCKET_DAY, &x.days, err);
}

/* One number of one row, with one parameter; ret_found false: no row or NULL. */
static int ask(struct store *s, enum stmt which, int64_t arg, int64_t *ret_value, bool *ret_found, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (db_stmt(s, which, &q, err))
		return -1;
	db_bind_int(q, 1, arg);
	rc = db_step(s, q, err);
	if (rc < 0)
		return -1;
	*ret_found = rc > 0 && sqlite3_column_type(q, 0) != SQLITE_NULL;
	*ret_value = sqlite3_column_int64(q, 0);
	return 0;
}

/* Another name, or the machine's own zone became another. */
static int zone_changed(struct store *s, const char *zone, int64_t now, bool *ret_changed, struct err *err)
{
	cleanup_arena struct arena a = { 0 };
	int64_t sampled, day;
	const char *was;
	bool found;

	if (query_base(s, &a, &sampled, &was, err) || ask(s, STMT_DAY_LAST, now, &day, &found, err))
		return -1;
	*ret_changed = sampled && (strcmp(was, zone) != 0 || (found && calendar_floor(zone, BUCKET_DAY, day) != day));
	return 0;
}

int rollup_rezone(struct store *s, const char *zone, int64_t now, struct err *err)
{
	cleanup_stmt sqlite3_stmt *drop = NULL;
	int64_t first, last, from;
	bool changed, found;

	if (zone_changed(s, zone, now, &changed, err))
		return -1;
	if (!changed)
		return 0;
	if (hours_first(s, &first, err) || ask(s, STMT_DAY_FIRST, first, &from, &found, err))
		return -1;
	if (!found) /* no day whose hours are all there */
		return 0;
	if (ask(s, STMT_HOUR_LAST, 0, &last, &found, err) || db_stmt(s, STMT_DAY_DROP, &drop, err))
		return -1;
	db_bind_int(drop, 1, from);
	if (db_exec(s, drop, err))
		return -1;
	for (; found && from <= last; from += STEP_S)
		if (recut(s, zone, from, from + STEP_S, err))
			return -1;
	return 0;
}
