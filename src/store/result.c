/* The result of a run, in one transaction: see store.h.
 * Only rows that change are written: an entry without traffic costs a look.
 * run/, through store.h. */
#include <stdlib.h>

#include "store/cycle.h"
#include "store/hours.h"
#include "store/policies.h"
#include "store/rollup.h"

/* Nearly two years of hours: what a longer gap held before is booked to the first of them. */
#define HOURS_MAX 16384
#define EVENTS_KEPT 100000

struct hour_start {
	int64_t hour, day;
};

struct work {
	struct store *s;
	struct arena *a;
	const struct result *r;
	VEC_OF(struct hour_start) hours; /* the hours that hold [first from, now], ascending */
	size_t n_cuts;                   /* room in the next two */
	int64_t *cuts;
	struct piece *pieces;
	struct additions buckets; /* hours, then days */
	struct additions span;    /* start is the moment its measure began */
	struct cycle_work cycle;
};

/* Nothing is counted before the boot, and a clock that went back counts as now. */
static int64_t from_of(const struct result *r, const struct result_entry *e)
{
	int64_t from = e->from < r->up_from ? r->up_from : e->from;

	return from > r->now ? r->now : from;
}

static void list_hours(struct work *w)
{
	const struct result *r = w->r;
	int64_t from = r->now, t, day, next_day;

	for (size_t i = 0; i < r->entries.n; i++)
		if (!figures_zero(&r->entries.at[i].delta) && from_of(r, &r->entries.at[i]) < from)
			from = from_of(r, &r->entries.at[i]);
	if (r->now - from > HOURS_MAX * (int64_t)3600)
		from = r->now - HOURS_MAX * (int64_t)3600;
	t = calendar_floor(r->zone, BUCKET_HOUR, from);
	day = calendar_floor(r->zone, BUCKET_DAY, t);
	next_day = calendar_next(r->zone, BUCKET_DAY, t);
	do {
		struct hour_start *h = vec_push(w->a, &w->hours);

		if (t >= next_day) {
			day = next_day;
			next_day = calendar_next(r->zone, BUCKET_DAY, t);
		}
		h->hour = t;
		h->day = day;
		t = calendar_next(r->zone, BUCKET_HOUR, t);
	} while (t <= r->now && w->hours.n < (size_t)2 * HOURS_MAX);
	/* Cycles are cut at full hours too: twice is room enough where their zone's hours are others. */
	w->n_cuts = 2 * w->hours.n + 16;
	w->cuts = arena_array(w->a, w->n_cuts, sizeof *w->cuts);
	w->pieces = arena_array(w->a, w->n_cuts + 1, sizeof *w->pieces);
}

/* The hour that holds t; the first one if t is before all. */
static const struct hour_start *hour_of(const struct work *w, int64_t t)
{
	size_t lo = 0, hi = w->hours.n;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (w->hours.at[mid].hour <= t)
			lo = mid;
		else
			hi = mid;
	}
	return &w->hours.at[lo];
}

static size_t cut(struct work *w, const struct entry_row *row, const struct result_entry *e, int64_t from)
{
	size_t n = 0;

	for (size_t i = 0; i < w->hours.n; i++)
		if (w->hours.at[i].hour > from && w->hours.at[i].hour < w->r->now)
			w->cuts[n++] = w->hours.at[i].hour;
	if (e->cycle && cycle_turns(row, e, from, w->r->now))
		n = cycle_cuts(e->cycle, from, w->r->now, w->cuts, n, w->n_cuts);
	return split_span(&e->delta, from, w->r->now, w->r->up_from, w->cuts, n, w->pieces);
}

static void add(struct work *w, struct additions *to, int64_t start, int64_t entry, const struct piece *p)
{
	struct addition *a;
	struct slice_row row = slice_row_of(entry, &p->figures, p->estimated);

	if (slice_row_zero(&row))
		return;
	a = vec_push(w->a, to);
	a->start = start;
	a->row = row;
}

static size_t book(struct work *w, struct entry_row *row, const struct result_entry *e)
{
	const int64_t from = from_of(w->r, e);
	const struct piece whole = { .figures = e->delta };
	size_t n = cut(w, row, e, from);

	figures_add(&row->total, &e->delta);
	for (size_t i = 0; !e->members && i < n; i++) {
		add(w, &w->buckets, hour_of(w, w->pieces[i].start)->hour, e->entry, &w->pieces[i]);
	}
	if (!e->members)
		add(w, &w->span, from, e->entry, &whole);
	if (from < w->r->now) {
		row->rate_from = from;
		row->rate_to = w->r->now;
		row->rate = e->delta;
	}
	return n;
}

static int put_entry(struct work *w, const struct result_entry *e, struct err *err)
{
	const bool news = !figures_zero(&e->delta), older = e->older && !figures_zero(e->older);
	struct entry_row row;
	size_t n = 0;

	if (!news && !older && !e->cycle)
		return 0;
	if (entry_row_get(w->s, e->entry, &row, err))
		return -1;
	if (!news && !older && !cycle_turns(&row, e, w->r->now, w->r->now))
		return 0;
	if (news)
		n = book(w, &row, e);
	if (older)
		figures_add(&row.older, e->older);
	if (cycle_book(&w->cycle, &row, e, w->pieces, n, err))
		return -1;
	return entry_row_set(w->s, &row, err);
}

static int put_hours_and_days(struct work *w, struct err *err)
{
	rollup_sort(&w->buckets);
	if (rollup_add(w->s, BUCKET_HOUR, &w->buckets, err))
		return -1;
	for (size_t i = 0; i < w->buckets.n; i++)
		w->buckets.at[i].start = hour_of(w, w->buckets.at[i].start)->day;
	rollup_sort(&w->buckets);
	return rollup_add(w->s, BUCKET_DAY, &w->buckets, err);
}

static int put_entries(struct work *w, struct err *err)
{
	size_t news = 0;

	for (size_t i = 0; i < w->r->entries.n; i++)
		news += !figures_zero(&w->r->entries.at[i].delta);
	vec_reserve(w->a, &w->buckets, news);
	vec_reserve(w->a, &w->span, news);
	list_hours(w);
	for (size_t i = 0; i < w->r->entries.n; i++)
		if (!w->r->entries.at[i].members && put_entry(w, &w->r->entries.at[i], err))
			return -1;
	rollup_sort(&w->span);
	if (rollup_spans(w->s, w->r->now, &w->span, err) || put_hours_and_days(w, err))
		return -1;
	w->cycle.sums.n = 0;
	for (size_t i = 0; i < w->r->entries.n; i++)
		if (w->r->entries.at[i].members && put_entry(w, &w->r->entries.at[i], err))
			return -1;
	return hours_pack(w->s, w->r->zone, w->r->now, err);
}

/* -- the rest -------------------------------------------------------------------------------------------------------- */

static int put_baselines(struct store *s, const struct result *r, struct err *err)
{
	cleanup_stmt sqlite3_stmt *set = NULL;
	cleanup_stmt sqlite3_stmt *add = NULL;

	if (r->baselines.n == 0)
		return 0;
	if (db_stmt(s, STMT_BASELINE_SET, &set, err) || db_stmt(s, STMT_BASELINE_ADD, &add, err))
		return -1;
	for (size_t i = 0; i < r->baselines.n; i++) {
		const struct baseline *b = &r->baselines.at[i];
		sqlite3_stmt *q = set;

		for (;;) {
			db_bind_int(q, 1, b->counter);
			db_bind_bits(q, 2, b->handle);
			db_bind_bits(q, 3, b->packets);
			db_bind_bits(q, 4, b->bytes);
			if (db_exec(s, q, err))
				return -1;
			if (q == add || sqlite3_changes(s->db))
				break;
			q = add; /* pending until now */
		}
	}
	return 0;
}

static int put_facts(struct store *s, const struct fact *facts, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (store_meta_set(s, facts[i].key, facts[i].value, err))
			return -1;
	return 0;
}

/* A row for each who is told of the event that was just written. */
static int put_notice(struct store *s, const struct result_event *e, int64_t now, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	cleanup_str struct str bytes = STR_CEILING((size_t)4 << 20); /* addresses may be very many */
	const int64_t event = sqlite3_last_insert_rowid(s->db);

	if (!e->routes.n)
		return 0;
	notice_put(e->notice, &bytes);
	if (db_stmt(s, STMT_OUTBOX_ADD, &q, err))
		return -1;
	for (size_t i = 0; i < e->routes.n; i++) {
		db_bind_int(q, 1, event);
		db_bind_text(q, 2, e->routes.at[i].target);
		db_bind_text(q, 3, e->routes.at[i].recipient);
		db_bind_int(q, 4, now);
		db_bind_blob(q, 5, bytes.p, bytes.len);
		if (db_exec(s, q, err))
			return -1;
	}
	return 0;
}

static int put_statement(struct store *s, const struct result_statement *r, int64_t now, struct err *err)
{
	cleanup_stmt sqlite3_stmt *until = NULL;
	cleanup_stmt sqlite3_stmt *add = NULL;
	cleanup_stmt sqlite3_stmt *alone = NULL;
	cleanup_str struct str bytes = STR_CEILING((size_t)4 << 20);

	if (db_stmt(s, r->until < 0 ? STMT_STATEMENT_DROP : STMT_STATEMENT_PUT, &until, err) ||
		db_stmt(s, STMT_OUTBOX_ADD, &add, err) || db_stmt(s, STMT_OUTBOX_ALONE, &alone, err))
		return -1;
	db_bind_text(until, 1, r->target);
	db_bind_text(until, 2, r->recipient);
	db_bind_text(until, 3, r->period);
	if (r->until >= 0)
		db_bind_int(until, 4, r->until);
	if (db_exec(s, until, err))
		return -1;
	if (!r->notice)
		return 0;
	notice_put(r->notice, &bytes);
	db_bind_int(add, 1, 0);
	db_bind_text(add, 2, r->target);
	db_bind_text(add, 3, r->recipient);
	db_bind_int(add, 4, now);
	db_bind_blob(add, 5, bytes.p, bytes.len);
	return db_exec(s, add, err) || db_exec(s, alone, err) ? -1 : 0;
}

static int put_statements(struct store *s, const struct result *r, struct err *err)
{
	for (size_t i = 0; i < r->statements.n; i++)
		if (put_statement(s, &r->statements.at[i], r->now, err))
			return -1;
	return 0;
}

static int put_events(struct store *s, const struct result *r, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	cleanup_stmt sqlite3_stmt *trim = NULL;

	if (r->events.n == 0)
		return 0;
	if (db_stmt(s, STMT_EVENT_ADD, &q, err) || db_stmt(s, STMT_EVENT_TRIM, &trim, err))
		return -1;
	for (size_t i = 0; i < r->events.n; i++) {
		db_bind_int(q, 1, r->now);
		db_bind_int(q, 2, r->events.at[i].entry);
		db_bind_text(q, 3, r->events.at[i].kind);
		db_bind_text(q, 4, r->events.at[i].text);
		if (db_exec(s, q, err) || put_notice(s, &r->events.at[i], r->now, err))
			return -1;
	}
	db_bind_int(trim, 1, EVENTS_KEPT);
	return db_exec(s, trim, err);
}

static int put_epoch(struct store *s, const struct epoch *e, struct err *err)
{
	cleanup_stmt sqlite3_stmt *put = NULL;
	cleanup_stmt sqlite3_stmt *settle = NULL;

	if (!e->present)
		return 0;
	if (db_stmt(s, STMT_EPOCH_PUT, &put, err) || db_stmt(s, STMT_EPOCH_SETTLE, &settle, err))
		return -1;
	db_bind_int(put, 1, 0);
	db_bind_text(put, 2, e->nonce);
	db_bind_text(put, 3, e->boot_id);
	db_bind_bits(put, 4, e->netns);
	db_bind_bits(put, 5, e->table_handle);
	return db_exec(s, put, err) || db_exec(s, settle, err) ? -1 : 0;
}

static int put_state(struct store *s, const struct result *r, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;

	if ((r->node && store_meta_set(s, "node", r->node, err)) ||
		(r->applied && store_meta_set(s, "applied.text", r->applied, err)) ||
		(r->applied_mark && store_meta_set(s, "applied.mark", r->applied_mark, err)) ||
		put_facts(s, r->facts.at, r->facts.n, err) || db_stmt(s, STMT_STATE_RESULT, &q, err))
		return -1;
	db_bind_int(q, 1, r->now);
	db_bind_text(q, 2, r->zone);
	db_bind_int(q, 3, r->clear_reset);
	db_bind_int(q, 4, r->clear_restored);
	db_bind_int(q, 5, r->known);
	db_bind_text(q, 6, r->known_boot);
	db_bind_bits(q, 7, r->known_netns);
	db_bind_bits(q, 8, r->known_generation);
	db_bind_bits(q, 9, r->known_hash);
	db_bind_text(q, 10, r->devices);
	db_bind_int(q, 11, r->known_until);
	db_bind_int(q, 12, r->known_clock);
	return db_exec(s, q, err);
}

static bool quiet(const struct result *r)
{
	for (size_t i = 0; i < r->entries.n; i++)
		if (!figures_zero(&r->entries.at[i].delta) || r->entries.at[i].older)
			return false;
	return !r->baselines.n && !r->events.n && !r->statements.n && !r->policies.n && !r->bind.present &&
		!r->clear_reset && !r->clear_restored && !r->devices && !r->node && !r->applied && !r->applied_mark &&
		!r->facts.n;
}

static int store_all(struct store *s, const struct result *r, struct err *err)
{
	cleanup_arena struct arena a = { 0 };
	cleanup_tx struct store *tx = NULL;
	struct work w = { .s = s, .a = &a, .r = r, .cycle = { .s = s, .a = &a, .now = r->now } };

	if (db_begin(s, &tx, err) || rollup_rezone(s, r->zone, r->now, err) || put_entries(&w, err) ||
		(r->judge && r->judge(r->judge_arg, err)) || put_baselines(s, r, err) || put_events(s, r, err) ||
		put_statements(s, r, err) || policies_put(s, r, err) || put_epoch(s, &r->bind, err) ||
		rollup_expire(s, &a, r, err) || put_state(s, r, err) || db_commit(&tx, err))
		return err_wrap(err, "storing what was counted");
	return 0;
}

int store_result(struct store *s, const struct result *r, struct err *err)
{
	struct err ignored;
	int rc;

	if (!quiet(r))
		return store_all(s, r, err);
	/* Nothing moved: what a power cut could take is the time of this run, and that is not worth waiting for the disk. */
	if (db_run(s, "PRAGMA synchronous = NORMAL", err))
		return -1;
	rc = store_all(s, r, err);
	/* But what was decided in it is: it is on the disk before the kernel is told. */
	if (rc == 0 && !quiet(r))
		rc = db_sync(s, err);
	return db_run(s, "PRAGMA synchronous = FULL", rc ? &ignored : err) || rc ? -1 : 0;
}

int store_meta_put(struct store *s, const struct fact *facts, size_t n, int64_t now, const struct result_event *event,
	struct err *err)
{
	cleanup_arena struct arena a = { 0 };
	cleanup_tx struct store *tx = NULL;
	struct result r = { .now = now };

	if (event)
		*vec_push(&a, &r.events) = *event;
	return db_begin(s, &tx, err) || put_facts(s, facts, n, err) || put_events(s, &r, err) || db_commit(&tx, err)
		? -1
		: 0;
}
