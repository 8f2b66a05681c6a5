/* What must change in sets and their elements: see diff.h.
 * Elements are compared by one merge over two sorted arrays, ranges by what they cover.
 * Pure; diff.c calls. */
#include <string.h>

#include "model/diff_internal.h"

static void elem_change(
	struct differ *d, enum change_kind kind, const struct ruleset_set *set, const struct ruleset_elem *e)
{
	struct change *c = diff_change(d, kind, set->name);

	c->set = set;
	c->elem = e;
}

static bool ends_soon(const struct ruleset_elem *e)
{
	return e->deadline && e->deadline < DIFF_DEADLINE_MS;
}

/* Each is counted from its own ruleset's moment. */
static bool deadline_right(const struct differ *d, uint64_t want, uint64_t have)
{
	int64_t late = d->want->now_ms - d->have->now_ms;

	if (!want || !have)
		return want == have;
	want += late > 0 ? (uint64_t)late : 0;
	have += late < 0 ? -(uint64_t)late : 0;
	return (want > have ? want - have : have - want) <= DIFF_DEADLINE_MS;
}

/* The object that set data leads to; OBJECT_KINDS: none. */
enum object_kind diff_object_of(enum set_data data)
{
	switch (data) {
	case DATA_COUNTER:
		return OBJECT_COUNTER;
	case DATA_QUOTA:
		return OBJECT_QUOTA;
	case DATA_LIMIT:
		return OBJECT_LIMIT;
	case DATA_NONE:
	case DATA_VERDICT:
	case DATA_CLASS:
	case SET_DATA:
		break;
	}
	return OBJECT_KINDS;
}

/* Does what the element leads to go in this batch? Then it must go before. */
static bool leads_nowhere(const struct differ *d, const struct ruleset_set *h, const struct ruleset_elem *e)
{
	enum object_kind kind = diff_object_of(h->data);

	if (!e->name)
		return false;
	if (h->data == DATA_VERDICT)
		return !ruleset_chain(d->want, e->name);
	return kind != OBJECT_KINDS && hash_map_get(&d->going[kind], e->name);
}

/* Is the kernel's element y of h good for x? */
static bool elem_right(
	const struct differ *d, const struct ruleset_set *h, const struct ruleset_elem *x, const struct ruleset_elem *y)
{
	return diff_same_text(x->name, y->name) && x->verdict == y->verdict &&
		deadline_right(d, x->deadline, y->deadline) && !leads_nowhere(d, h, y);
}

/* It goes by itself, and nothing has to go with it or take its place. */
static bool left_alone(const struct differ *d, const struct ruleset_set *h, const struct ruleset_elem *y)
{
	return ends_soon(y) && !leads_nowhere(d, h, y);
}

static void add_elem(struct differ *d, const struct ruleset_set *w, const struct ruleset_elem *x)
{
	if (!ends_soon(x))
		elem_change(d, CHANGE_ELEM_ADD, w, x);
}

static void diff_elems(struct differ *d, const struct ruleset_set *w, const struct ruleset_set *h)
{
	size_t i = 0, j = 0;

	while (i < w->elems.n || j < h->elems.n) {
		const struct ruleset_elem *x = i < w->elems.n ? &w->elems.at[i] : NULL;
		const struct ruleset_elem *y = j < h->elems.n ? &h->elems.at[j] : NULL;
		int order = !x ? 1 : !y ? -1 : memcmp(x->from, y->from, SET_KEY_MAX);

		i += order <= 0;
		j += order >= 0;
		if (order == 0 && elem_right(d, h, x, y))
			continue;
		if (y && order >= 0 && !(left_alone(d, h, y) && (order > 0 || ends_soon(x))))
			elem_change(d, CHANGE_ELEM_DEL, h, y);
		if (x && order <= 0)
			add_elem(d, w, x);
	}
}

static int compare(const uint8_t *x, const uint8_t *y)
{
	return memcmp(x, y, SET_KEY_MAX);
}

/* How many of the ranges begin at or below this key. */
static size_t begun(const struct ruleset_set *s, const uint8_t *key)
{
	size_t lo = 0, hi = s->elems.n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (compare(s->elems.at[mid].from, key) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The wanted range that wholly holds y and for which it is good; NULL if none. */
static const struct ruleset_elem *cover(
	const struct differ *d, const struct ruleset_set *w, const struct ruleset_set *h, const struct ruleset_elem *y)
{
	size_t n = begun(w, y->from);
	const struct ruleset_elem *x = n ? &w->elems.at[n - 1] : NULL;

	return x && compare(x->to, y->to) >= 0 && elem_right(d, h, x, y) ? x : NULL;
}

/* Is a wanted range that will be added on its ground? */
static bool in_the_way(const struct ruleset_set *w, const struct ruleset_elem *y)
{
	for (size_t n = begun(w, y->to); n > 0 && compare(w->elems.at[n - 1].to, y->from) >= 0; n--)
		if (!ends_soon(&w->elems.at[n - 1]))
			return true;
	return false;
}

static void add_piece(struct differ *d, const struct ruleset_set *w, const struct ruleset_elem *x, const uint8_t *from,
	const uint8_t *to)
{
	struct ruleset_elem *e = arena_new(d->arena, struct ruleset_elem);

	*e = *x;
	memcpy(e->from, from, SET_KEY_MAX);
	memcpy(e->to, to, SET_KEY_MAX);
	elem_change(d, CHANGE_ELEM_ADD, w, e);
}

/* What the kernel has and is wholly inside a wanted range of the same object stays; the holes between are added. */
static void diff_intervals(struct differ *d, const struct ruleset_set *w, const struct ruleset_set *h)
{
	size_t len = set_key_type(w->key)->len, j = 0;

	for (size_t i = 0; i < h->elems.n; i++) {
		const struct ruleset_elem *y = &h->elems.at[i];

		if (!cover(d, w, h, y) && (!left_alone(d, h, y) || in_the_way(w, y)))
			elem_change(d, CHANGE_ELEM_DEL, h, y);
	}
	for (size_t i = 0; i < w->elems.n; i++) {
		const struct ruleset_elem *x = &w->elems.at[i];
		uint8_t next[SET_KEY_MAX], end[SET_KEY_MAX];
		bool whole = false;

		if (ends_soon(x))
			continue;
		memcpy(next, x->from, sizeof next);
		for (; j < h->elems.n && compare(h->elems.at[j].from, x->to) <= 0; j++) {
			const struct ruleset_elem *y = &h->elems.at[j];

			if (compare(y->from, next) < 0 || cover(d, w, h, y) != x)
				continue;
			if (compare(y->from, next) > 0) {
				ruleset_step_key(y->from, len, -1, end);
				add_piece(d, w, x, next, end);
			}
			whole = compare(y->to, x->to) == 0;
			ruleset_step_key(y->to, len, 1, next);
		}
		if (!whole)
			add_piece(d, w, x, next, x->to);
	}
}

static bool set_shape_equal(const struct ruleset_set *x, const struct ruleset_set *y)
{
	return !y->odd && x->key == y->key && x->interval == y->interval && x->timed == y->timed &&
		x->dynamic == y->dynamic && x->data == y->data;
}

/* Kernels before 6.4 let go of a chain or an object only when the element goes, not with its set: it could not go in this batch. */
static void drop_set(struct differ *d, const struct ruleset_set *h)
{
	if (h->data == DATA_VERDICT || h->data == DATA_QUOTA || h->data == DATA_LIMIT)
		diff_change(d, CHANGE_SET_FLUSH, h->name)->set = h;
	diff_change(d, CHANGE_SET_DEL, h->name);
}

static void add_elems(struct differ *d, const struct ruleset_set *w)
{
	for (size_t i = 0; i < w->elems.n; i++)
		add_elem(d, w, &w->elems.at[i]);
}

static void diff_set(struct differ *d, struct ruleset_set *w, struct ruleset_set *h)
{
	if (w->dynamic)
		return;
	ruleset_sort(h);
	if (h->timed && d->sweep[h->data]) {
		diff_change(d, CHANGE_SET_FLUSH, h->name)->set = h;
		add_elems(d, w);
	} else if (w->interval) {
		diff_intervals(d, w, h);
	} else {
		diff_elems(d, w, h);
	}
}

bool *diff_sets(struct differ *d)
{
	bool *remade = arena_array(d->arena, d->want->sets.n + 1, sizeof *remade);

	for (size_t i = 0; i < d->want->sets.n; i++) {
		struct ruleset_set *w = &d->want->sets.at[i], *h = ruleset_set(d->have, w->name);

		ruleset_sort(w);
		if (h && set_shape_equal(w, h)) {
			diff_set(d, w, h);
			continue;
		}
		remade[i] = h != NULL;
		if (h)
			drop_set(d, h);
		diff_change(d, CHANGE_SET_ADD, w->name)->set = w;
		add_elems(d, w);
	}
	for (size_t i = 0; i < d->have->sets.n; i++)
		if (!ruleset_set(d->want, d->have->sets.at[i].name))
			drop_set(d, &d->have->sets.at[i]);
	return remade;
}
