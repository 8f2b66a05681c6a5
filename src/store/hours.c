/* Packing, unpacking and reading hours: see hours.h.
 * No row of `hour` lies inside the first and last hour of a pack, and no two packs overlap: so each hour is in one place.
 * store/ alone. */
#include "store/hours.h"

#include "store/pack.h"

static int damaged(struct store *s, struct err *err)
{
	return db_damaged(s, err, "the figures of an hour make no sense");
}

static int walk_packs(struct store *s, int64_t from, int64_t to, hours_fn *each, void *arg, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (db_stmt(s, STMT_HOURS_RANGE, &q, err))
		return -1;
	db_bind_int(q, 1, from);
	db_bind_int(q, 2, to);
	while ((rc = db_step(s, q, err)) > 0) {
		struct pack_reader r = pack_read(
			sqlite3_column_int64(q, 0), sqlite3_column_blob(q, 1), (size_t)sqlite3_column_bytes(q, 1));
		struct slice_row row;
		size_t h;

		while (pack_next(&r, &h, &row))
			if (from <= r.start[h] && r.start[h] < to)
				each(arg, r.start[h], &row);
		if (r.bad)
			return damaged(s, err);
	}
	return rc;
}

int hours_walk(struct store *s, int64_t from, int64_t to, hours_fn *each, void *arg, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (from >= to)
		return 0;
	if (walk_packs(s, from, to, each, arg, err) || db_stmt(s, STMT_HOUR_RANGE, &q, err))
		return -1;
	db_bind_int(q, 1, from);
	db_bind_int(q, 2, to);
	while ((rc = db_step(s, q, err)) > 0) {
		struct slice_reader r = slice_read(sqlite3_column_blob(q, 1), (size_t)sqlite3_column_bytes(q, 1));
		int64_t start = sqlite3_column_int64(q, 0);
		struct slice_row row;

		while (slice_next(&r, &row))
			each(arg, start, &row);
		if (r.bad)
			return damaged(s, err);
	}
	return rc;
}

int hours_first(struct store *s, int64_t *ret_start, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (db_stmt(s, STMT_HOUR_FIRST, &q, err) || (rc = db_step(s, q, err)) < 0)
		return -1;
	*ret_start = rc == 0 || sqlite3_column_type(q, 0) == SQLITE_NULL ? INT64_MAX : sqlite3_column_int64(q, 0);
	return 0;
}

int hours_expire(struct store *s, int64_t before, struct err *err)
{
	cleanup_stmt sqlite3_stmt *rows = NULL;
	cleanup_stmt sqlite3_stmt *packs = NULL;

	if (db_stmt(s, STMT_HOUR_EXPIRE, &rows, err) || db_stmt(s, STMT_HOURS_EXPIRE, &packs, err))
		return -1;
	db_bind_int(rows, 1, before);
	db_bind_int(packs, 1, before);
	return db_exec(s, rows, err) || db_exec(s, packs, err) ? -1 : 0;
}

/* -- unpacking ------------------------------------------------------------------------------------------------------- */

static int put_hour(struct store *s, int64_t start, const struct str *slice, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;

	if (slice->full)
		return err_set(err, ERR_FAIL, "%s: too many entries for one hour", s->name);
	if (db_stmt(s, STMT_HOUR_PUT, &q, err))
		return -1;
	db_bind_int(q, 1, start);
	db_bind_blob(q, 2, slice->p, slice->len);
	return db_exec(s, q, err);
}

static int unpack(struct store *s, struct pack_reader *r, struct str *slices, struct err *err)
{
	int64_t entry[PACK_HOURS_MAX] = { 0 };
	struct slice_row row;
	size_t h;

	for (size_t i = 0; i < PACK_HOURS_MAX; i++)
		slices[i] = STR_CEILING(DB_BLOB_MAX);
	while (pack_next(r, &h, &row)) {
		slice_append(&slices[h], entry[h], &row);
		entry[h] = row.entry;
	}
	if (r->bad)
		return damaged(s, err);
	for (size_t i = 0; i < r->n_hours; i++)
		if (put_hour(s, r->start[i], &slices[i], err))
			return -1;
	return 0;
}

int hours_unpack(struct store *s, int64_t start, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	cleanup_stmt sqlite3_stmt *drop = NULL;
	struct str slices[PACK_HOURS_MAX] = { 0 };
	struct pack_reader r;
	int rc;

	if (db_stmt(s, STMT_HOURS_GET, &q, err) || db_stmt(s, STMT_HOURS_DROP, &drop, err))
		return -1;
	db_bind_int(q, 1, start);
	rc = db_step(s, q, err);
	if (rc <= 0)
		return rc;
	r = pack_read(sqlite3_column_int64(q, 0), sqlite3_column_blob(q, 1), (size_t)sqlite3_column_bytes(q, 1));
	rc = unpack(s, &r, slices, err);
	for (size_t i = 0; i < PACK_HOURS_MAX; i++)
		str_free(&slices[i]);
	if (rc)
		return -1;
	db_bind_int(drop, 1, sqlite3_column_int64(q, 0));
	return db_exec(s, drop, err);
}

/* -- packing --------------------------------------------------------------------------------------------------------- */

/* What is to become one pack. The slices are copies: a row's bytes are gone after the next step. */
struct day {
	struct arena arena;
	struct pack_hour hours[PACK_HOURS_MAX];
	size_t n;
	int64_t end; /* of the calendar's day */
};

static int put_pack(struct store *s, struct day *d, struct err *err)
{
	cleanup_str struct str pack = STR_CEILING(DB_BLOB_MAX);
	cleanup_stmt sqlite3_stmt *put = NULL;
	cleanup_stmt sqlite3_stmt *drop = NULL;
	int64_t first = d->hours[0].start, last = d->hours[d->n - 1].start;

	if (db_stmt(s, STMT_HOURS_PUT, &put, err) || db_stmt(s, STMT_HOUR_DROP, &drop, err))
		return -1;
	if (!pack_put(&pack, d->hours, d->n))
		return damaged(s, err);
	if (pack.full)
		return err_set(err, ERR_FAIL, "%s: too many entries for one day", s->name);
	db_bind_int(put, 1, first);
	db_bind_int(put, 2, last);
	db_bind_blob(put, 3, pack.p, pack.len);
	db_bind_int(drop, 1, first);
	db_bind_int(drop, 2, last);
	return db_exec(s, put, err) || db_exec(s, drop, err) ? -1 : 0;
}

/* Collects the first day of rows before `before`; n = 0: there is none. */
static int collect(struct store *s, const char *zone, int64_t before, struct day *d, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (db_stmt(s, STMT_HOUR_RANGE, &q, err))
		return -1;
	db_bind_int(q, 1, INT64_MIN);
	db_bind_int(q, 2, before);
	while (d->n < PACK_HOURS_MAX && (rc = db_step(s, q, err)) != 0) {
		size_t len;

		if (rc < 0)
			return -1;
		if (d->n == 0)
			d->end = calendar_next(zone, BUCKET_DAY, sqlite3_column_int64(q, 0));
		else if (sqlite3_column_int64(q, 0) >= d->end)
			break;
		len = (size_t)sqlite3_column_bytes(q, 1);
		d->hours[d->n].start = sqlite3_column_int64(q, 0);
		d->hours[d->n++].slice = slice_read(arena_strndup(&d->arena, sqlite3_column_blob(q, 1), len), len);
	}
	return 0;
}

int hours_pack(struct store *s, const char *zone, int64_t now, struct err *err)
{
	const int64_t before = calendar_floor(zone, BUCKET_DAY, now);
	size_t n;
	int rc;

	do {
		struct day d = { 0 };

		rc = collect(s, zone, before, &d, err);
		if (rc == 0 && d.n)
			rc = put_pack(s, &d, err);
		n = d.n;
		arena_free(&d.arena);
	} while (rc == 0 && n);
	return rc;
}
