/* Statements that are due: see due.h.
 * A run states all that its clock has passed, so a stretch is two moments, and grows by itself while the clock is right.
 * run/statement.c calls. */
#include "model/due.h"

#include <inttypes.h>
#include <stdlib.h>

#include "util/str.h"
#include "util/vec.h"

#define DAY_S INT64_C(86400)
#define PACE_S (INT64_C(25) * 3600) /* between runs, at least one a day */

/* -- the clock --------------------------------------------------------------------------------------------------------- */

static void drop(struct due_clock *k, size_t i)
{
	k->n--;
	for (; i < k->n; i++)
		k->past[i] = k->past[i + 1];
}

/* What it has in common with others becomes one. Of too many the earliest goes: what ended in it is stale. */
static void push(struct due_clock *k, struct due_stretch s)
{
	size_t first = 0;

	if (s.until <= s.from)
		return;
	for (size_t i = k->n; i-- > 0;)
		if (k->past[i].from <= s.until && s.from <= k->past[i].until) {
			s.from = k->past[i].from < s.from ? k->past[i].from : s.from;
			s.until = k->past[i].until > s.until ? k->past[i].until : s.until;
			drop(k, i);
		}
	for (size_t i = 1; i < k->n; i++)
		if (k->past[i].until < k->past[first].until)
			first = i;
	if (k->n == DUE_STRETCHES)
		drop(k, first);
	k->past[k->n++] = s;
}

/* Up to where clocks went that are behind this one; not further back than what is stale. -1: none did. */
static int64_t been(const struct due_clock *k)
{
	int64_t latest = -1;

	for (size_t i = 0; i < k->n; i++)
		if (k->past[i].until <= k->now && k->past[i].until >= k->now - DUE_STALE_S && k->past[i].until > latest)
			latest = k->past[i].until;
	return latest;
}

/* The running stretch goes on from where an older one ends, since this run states what lies between. */
static void join(struct due_clock *k)
{
	const int64_t until = k->back ? been(k) : -1;

	if (until >= 0 && until < k->since)
		k->since = until;
	for (size_t i = k->n; i-- > 0;)
		if (k->past[i].until <= k->now && k->past[i].until >= k->since) {
			k->since = k->past[i].from < k->since ? k->past[i].from : k->since;
			drop(k, i);
			i = k->n; /* it may reach others now */
		}
}

void due_step(struct due_clock *k, int64_t sampled, int64_t now, struct due_clock *ret_next)
{
	k->now = now;
	k->back = sampled - now >= DUE_BACK_S;
	k->last = k->back ? -1 : sampled < now ? sampled : now;
	if (k->back) {
		push(k, (struct due_stretch){ k->since, sampled });
		k->since = now;
	}
	*ret_next = *k;
	if (sampled > 0 && now - sampled > DUE_STALE_S) {
		push(ret_next, (struct due_stretch){ k->since, sampled });
		ret_next->since = now - DUE_STALE_S;
	}
	join(ret_next);
}

void due_take(struct due_clock *k, const struct due_clock *other, int64_t sampled)
{
	for (size_t i = 0; i < other->n; i++)
		push(k, other->past[i]);
	push(k, (struct due_stretch){ other->since, sampled });
}

/* -- as text: "SINCE FROM UNTIL FROM UNTIL" ------------------------------------------------------------------------------ */

static bool number(const char **text, int64_t *ret)
{
	char *end;
	const long long n = strtoll(*text, &end, 10);

	if (end == *text || n < 0 || n > CALENDAR_MAX)
		return false;
	*ret = n;
	*text = end;
	return true;
}

void due_read(const char *text, struct due_clock *ret)
{
	struct due_stretch s;

	*ret = (struct due_clock){ 0 };
	if (!text || !number(&text, &ret->since))
		return;
	while (number(&text, &s.from) && number(&text, &s.until))
		push(ret, s);
}

const char *due_text(struct arena *a, const struct due_clock *k)
{
	cleanup_str struct str out = STR_CEILING(1024);

	if (!k->n && !k->since)
		return NULL;
	str_putf(&out, "%" PRId64, k->since);
	for (size_t i = 0; i < k->n; i++)
		str_putf(&out, " %" PRId64 " %" PRId64, k->past[i].from, k->past[i].until);
	return arena_strdup(a, out.p);
}

/* -- periods ----------------------------------------------------------------------------------------------------------- */

int64_t due_start(const struct due_cut *c, int64_t t)
{
	return c->rule ? calendar_cycle(c->rule, t).start : calendar_floor(c->zone, c->by, t);
}

int64_t due_end(const struct due_cut *c, int64_t t)
{
	return c->rule ? calendar_cycle(c->rule, t).end : calendar_next(c->zone, c->by, t);
}

/* Where to begin. A clock that was set back goes on from where clocks went before that were not ahead of it. */
static int64_t begin(const struct due_clock *k, const struct due_cut *c, int64_t until)
{
	const int64_t current = due_start(c, k->now), before = been(k);

	if (until < 0)
		return current;
	if (until <= (k->back ? current : due_end(c, k->now)))
		return until;
	return before < 0 ? current : due_start(c, before);
}

/* The clock went through some of it, and is believed: it ran for a day, or goes on at the pace of runs. One that was behind for a run
 * jumps on. */
static bool lived(const struct due_clock *k, int64_t from)
{
	return from <= k->last && (k->last - k->since >= DAY_S || k->now - k->last <= PACE_S);
}

static bool stated(const struct due_clock *k, int64_t end)
{
	for (size_t i = 0; i < k->n; i++)
		if (k->past[i].from < end && end <= k->past[i].until)
			return true;
	return false;
}

/* What is passed over is one with what was passed over before it. */
static void add(struct arena *a, struct due_list *list, int64_t from, int64_t until, bool told)
{
	struct due_period *last = list->n ? &list->at[list->n - 1] : NULL;

	if (last && !last->told && !told)
		last->until = until;
	else
		*vec_push(a, list) = (struct due_period){ from, until, told };
}

void due_periods(
	const struct due_clock *k, const struct due_cut *c, int64_t until, struct arena *a, struct due_list *ret)
{
	const int64_t current = due_start(c, k->now), stale = due_start(c, k->now - DUE_STALE_S);
	int64_t at = begin(k, c, until), end;

	if (at != until)
		add(a, ret, at, at, false);
	for (at = at < stale ? stale : at; at < current; at = end) {
		end = due_end(c, at);
		if (end > current || end <= at)
			return;
		add(a, ret, at, end, lived(k, at) || !stated(k, end));
	}
}
