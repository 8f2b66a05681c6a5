/* Closing and opening cycles: see cycle.h.
 * A cycle is known by its two ends. Whatever the clock does, the cycle that holds the moment of a piece is opened (taken back
 * from the closed ones if it is there), so that no piece is lost and none lands in a cycle it does not belong to.
 * store/ alone. */
#include "store/cycle.h"

#include "util/ids.h"
#include "util/saturate.h"

bool cycle_turns(const struct entry_row *row, const struct result_entry *e, int64_t from, int64_t now)
{
	return row->cycle_start == row->cycle_end || row->cycle_rule != e->cycle_rule || from < row->cycle_start ||
		now >= row->cycle_end;
}

size_t cycle_cuts(const struct cycle_rule *rule, int64_t from, int64_t now, int64_t *cuts, size_t n, size_t max)
{
	struct cycle_span c;

	for (int64_t t = from; n < max; t = c.end) {
		size_t at = n;

		c = calendar_cycle(rule, t);
		if (c.end >= now || c.end <= t)
			break;
		while (at > 0 && cuts[at - 1] > c.end)
			at--;
		if (at > 0 && cuts[at - 1] == c.end)
			continue;
		for (size_t i = n++; i > at; i--)
			cuts[i] = cuts[i - 1];
		cuts[at] = c.end;
	}
	return n;
}

static struct cycle_span cycle_of(struct cycle_work *w, const struct result_entry *e, int64_t t)
{
	if (w->spans && w->rule == e->cycle_rule && w->span.start <= t && t < w->span.end)
		return w->span;
	w->span = calendar_cycle(e->cycle, t);
	w->rule = e->cycle_rule;
	w->spans = true;
	return w->span;
}

static int store_closed(struct cycle_work *w, const struct entry_row *row, struct err *err)
{
	return cycle_put(w->s, row->id, row->cycle_start, row->cycle_end, &row->cycle, err);
}

/* Makes the cycle run: with the figures it had if it was closed before, else with none. */
static int open_cycle(struct cycle_work *w, struct entry_row *row, struct cycle_span c, struct err *err)
{
	row->cycle_start = c.start;
	row->cycle_end = c.end;
	return cycle_take(w->s, row->id, c.start, c.end, &row->cycle, err);
}

static bool holds(const struct entry_row *row, int64_t t)
{
	return row->cycle_start <= t && t < row->cycle_end;
}

/* -- another rule: computed anew ------------------------------------------------------------------------------------- */

static int sums_of(struct cycle_work *w, struct cycle_span c, const struct cycle_cache_row **ret_row, struct err *err)
{
	struct cycle_cache_row row = { .span = c }, *kept;

	for (size_t i = 0; i < w->sums.n; i++)
		if (w->sums.at[i].span.start == c.start && w->sums.at[i].span.end == c.end) {
			*ret_row = &w->sums.at[i];
			return 0;
		}
	if (query_sums(w->s, w->a, c.start, c.end, &row.sums, &row.n, err))
		return -1;
	kept = vec_push(w->a, &w->sums);
	*kept = row;
	*ret_row = kept;
	return 0;
}

/* part of whole, in proportion. */
static uint64_t share(uint64_t of, uint64_t part, uint64_t whole)
{
	return whole ? saturate_scale(of, part, whole) : part;
}

/* Hours hold no raw figures: they follow by the entry's ratio of all time. */
static void estimate_raw(struct figures *f, const struct figures *total)
{
	for (int d = 0; d < DIRS; d++) {
		f->raw_bytes[d] = share(total->raw_bytes[d], f->bytes[d], total->bytes[d]);
		f->raw_packets[d] = share(total->raw_packets[d], f->packets[d], total->packets[d]);
	}
}

/* What the entry moved in c, as far as hours tell; ret_exact: its whole life is in c. */
static int moved_in(struct cycle_work *w, const struct entry_row *row, struct cycle_span c, struct figures *ret,
	bool *ret_exact, struct err *err)
{
	const struct cycle_cache_row *sums;
	size_t at;

	*ret_exact = c.start <= row->created;
	*ret = *ret_exact ? row->total : (struct figures){ 0 };
	if (*ret_exact)
		return 0;
	if (sums_of(w, c, &sums, err))
		return -1;
	at = IDS_PLACE(sums->sums, sums->n, entry, row->id);
	if (at != SIZE_MAX)
		*ret = sums->sums[at].figures;
	estimate_raw(ret, &row->total);
	return 0;
}

/* Hours and totals of the members hold this result already. */
static int compute_members(struct cycle_work *w, struct entry_row *row, const struct result_entry *e, struct err *err)
{
	const struct cycle_span c = { row->cycle_start, row->cycle_end };

	row->cycle = (struct figures){ 0 };
	for (size_t i = 0; i < e->n_members; i++) {
		struct entry_row member;
		struct figures part;
		bool exact;

		if (entry_row_get(w->s, e->members[i], &member, err) || moved_in(w, &member, c, &part, &exact, err))
			return -1;
		figures_add(&row->cycle, &part);
	}
	return 0;
}

static int compute(struct cycle_work *w, struct entry_row *row, const struct result_entry *e,
	const struct piece *pieces, size_t n, struct err *err)
{
	bool exact;

	if (e->members)
		return compute_members(w, row, e, err);
	if (moved_in(w, row, (struct cycle_span){ row->cycle_start, row->cycle_end }, &row->cycle, &exact, err))
		return -1;
	for (size_t i = 0; !exact && i < n; i++)
		if (holds(row, pieces[i].start))
			figures_add(&row->cycle, &pieces[i].figures);
	return 0;
}

/* -- booking --------------------------------------------------------------------------------------------------------- */

/* Leaves the running cycle for the one that holds t. */
static int turn(struct cycle_work *w, struct entry_row *row, const struct result_entry *e, int64_t t, bool *was_first,
	struct err *err)
{
	/* The one that ran is kept even when nothing moved in it; those that an outage skipped only if it left them a share. */
	if ((*was_first || !figures_zero(&row->cycle)) && store_closed(w, row, err))
		return -1;
	*was_first = false;
	return open_cycle(w, row, cycle_of(w, e, t), err);
}

/* The rule is another one. What ran by the old one ends with its own total if it is over; else it was never a cycle. */
static int change_rule(struct cycle_work *w, struct entry_row *row, const struct result_entry *e,
	const struct piece *pieces, size_t n, struct err *err)
{
	struct cycle_span c = cycle_of(w, e, w->now);

	if (w->now >= row->cycle_end) {
		for (size_t i = 0; i < n; i++)
			if (pieces[i].start < row->cycle_end)
				figures_add(&row->cycle, &pieces[i].figures);
		if (store_closed(w, row, err))
			return -1;
	}
	row->cycle_start = c.start;
	row->cycle_end = c.end;
	row->cycle_rule = e->cycle_rule;
	return compute(w, row, e, pieces, n, err);
}

static int book_pieces(struct cycle_work *w, struct entry_row *row, const struct result_entry *e,
	const struct piece *pieces, size_t n, bool first, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (figures_zero(&pieces[i].figures))
			continue;
		if (!holds(row, pieces[i].start) && turn(w, row, e, pieces[i].start, &first, err))
			return -1;
		figures_add(&row->cycle, &pieces[i].figures);
	}
	return holds(row, w->now) ? 0 : turn(w, row, e, w->now, &first, err);
}

/* The first cycle of a [quota]. */
static int begin_quota(struct cycle_work *w, struct entry_row *row, const struct result_entry *e, struct err *err)
{
	const struct cycle_span c = cycle_of(w, e, w->now);

	row->cycle_start = c.start;
	row->cycle_end = c.end;
	row->cycle_rule = e->cycle_rule;
	if (compute_members(w, row, e, err))
		return -1;
	row->total = row->cycle;
	return 0;
}

int cycle_book(struct cycle_work *w, struct entry_row *row, const struct result_entry *e, const struct piece *pieces,
	size_t n, struct err *err)
{
	const bool none = row->cycle_start == row->cycle_end;

	if (!e->cycle) {
		/* Retired: its last bytes go to the cycle that ran, which ends when the entry returns. */
		for (size_t i = 0; !none && i < n; i++)
			figures_add(&row->cycle, &pieces[i].figures);
		return 0;
	}
	if (!none && row->cycle_rule != e->cycle_rule)
		return change_rule(w, row, e, pieces, n, err);
	if (none && e->members)
		return begin_quota(w, row, e, err);
	if (none) {
		row->cycle_rule = e->cycle_rule;
		if (open_cycle(w, row, cycle_of(w, e, n ? pieces[0].start : w->now), err))
			return -1;
	}
	return book_pieces(w, row, e, pieces, n, !none, err);
}
