/* The decision of limit_way.h, and the trees that follow from it.
 * An entry's limit is kept the same way on all its devices: a policer is one bucket over all of them.
 * Pure; run/, cmd/ and the files desired*.c call. */
#include "model/limit_way.h"

#include <string.h>

#include "util/hash.h"

/* The devices that a limit of e holds on, by number; NULL: no more. */
static const struct watched *device_of(const struct entry *e, const struct watch *w, size_t i)
{
	static const struct watched absent;
	const struct watched *x;

	if (e->kind != ENTRY_INTERFACE || e->devices.n == 0)
		return i < w->devices.n ? &w->devices.at[i] : NULL;
	if (i >= e->devices.n)
		return NULL;
	x = watch_find(w, e->devices.at[i]);
	return x ? x : &absent;
}

static void judge_devices(
	const struct config *c, const struct limit_facts *f, const struct entry *e, struct limit_way *way)
{
	const struct watched *w;

	way->why = LIMIT_NO_DEVICE;
	for (size_t i = 0; (w = device_of(e, f->watch, i)) != NULL; i++) {
		const struct shape_device *root = w->present ? shape_device(&f->out, w->ifindex) : NULL;

		if (!root)
			continue;
		way->why = LIMIT_SHAPED;
		if (root->root == SHAPE_ROOT_FOREIGN && !c->settings.takeover) {
			way->why = LIMIT_FOREIGN;
			way->device = root;
			return;
		}
	}
}

static void judge_out(const struct config *c, const struct limit_facts *f, const struct entry *e, struct limit_way *way)
{
	if (c->settings.limit_method == METHOD_POLICE)
		way->why = LIMIT_ASKED;
	else if (f->refused)
		way->why = LIMIT_REFUSED;
	else if (!f->htb)
		way->why = LIMIT_NO_HTB;
	else
		judge_devices(c, f, e, way);
}

static bool any_device(const struct watch *w)
{
	for (size_t i = 0; i < w->devices.n; i++)
		if (w->devices.at[i].present)
			return true;
	return false;
}

static void judge_in(const struct config *c, const struct limit_facts *f, const struct entry *e, struct limit_way *way)
{
	if (c->settings.limit_method != METHOD_SHAPE)
		way->why = c->settings.limit_method == METHOD_POLICE ? LIMIT_ASKED : LIMIT_INWARD;
	else if (e->kind == ENTRY_INTERFACE)
		way->why = LIMIT_WHOLE;
	else if (f->refused_in)
		way->why = LIMIT_REFUSED;
	else if (!f->htb)
		way->why = LIMIT_NO_HTB;
	else if (f->taken_in)
		way->why = LIMIT_TAKEN;
	else
		way->why = any_device(f->watch) ? LIMIT_SHAPED : LIMIT_NO_DEVICE;
}

struct limit_way *limit_ways(struct arena *a, const struct config *c, const struct limit_facts *f)
{
	struct limit_way *ways = arena_array(a, DIRS * c->entries.n + 1, sizeof *ways);
	size_t classes = 0;

	for (enum direction d = 0; d < DIRS; d++) {
		const struct shape_role *roles = shape_roles(a, c, d);

		for (size_t i = 0; i < c->entries.n; i++) {
			const struct entry *e = &c->entries.at[i];
			struct limit_way *way = &ways[limit_way_at(i, d)];

			if (!e->limit[d].present)
				continue;
			way->inward = d == DIR_IN;
			if (d == DIR_OUT)
				judge_out(c, f, e, way);
			else
				judge_in(c, f, e, way);
			/* both directions of an entry have one number */
			if (way->why == LIMIT_SHAPED && roles[i].classed &&
				(d == DIR_IN || !ways[limit_way_at(i, DIR_IN)].classed) && classes++ >= SHAPE_MINOR_MAX)
				way->why = LIMIT_CROWDED;
			way->shaped = way->why == LIMIT_SHAPED;
			way->classed = way->shaped && roles[i].classed;
			way->policed = !way->shaped || roles[i].policed_beside;
		}
	}
	return ways;
}

uint64_t limit_hash(uint64_t h, const struct config *c, const struct limit_way *ways)
{
	for (size_t i = 0; i < DIRS * c->entries.n; i++)
		h = hash_u64(h, (uint64_t)ways[i].shaped << 1 | (uint64_t)ways[i].policed);
	return h;
}

/* -- words -- */

const char *limit_method(const struct limit_way *w)
{
	return w->why == LIMIT_NONE ? NULL : w->shaped ? "shape" : "police";
}

static const char *root_text(struct arena *a, const struct shape_device *d)
{
	return arena_printf(
		a, "%s has a root qdisc that somebody configured (%s, handle %x:)", d->name, d->kind, d->handle >> 16);
}

const char *limit_reason(struct arena *a, const struct limit_facts *f, const struct limit_way *w)
{
	switch (w->why) {
	case LIMIT_NONE:
		break;
	case LIMIT_SHAPED:
		if (w->inward)
			return w->policed ? "it waits on " SHAPE_IFB
					    "; the limits of ports shape a part of it, so a policer watches the sum"
					  : "it waits on " SHAPE_IFB;
		return w->policed
			? "its devices queue by HTB; the limits of ports shape a part of it, so a policer watches the sum"
			: "its devices queue by HTB";
	case LIMIT_ASKED:
		return "limit_method = police";
	case LIMIT_INWARD:
		return "queues are for what goes out, unless limit_method = shape";
	case LIMIT_NO_DEVICE:
		return "none of its devices is there yet";
	case LIMIT_NO_HTB:
		return "the kernel has no HTB";
	case LIMIT_FOREIGN:
		return root_text(a, w->device);
	case LIMIT_REFUSED:
		return w->inward ? f->refused_in : f->refused;
	case LIMIT_CROWDED:
		return arena_printf(
			a, "there are more limits than the %u classes that a device can have", SHAPE_MINOR_MAX);
	case LIMIT_WHOLE:
		return "what comes in by a whole interface is policed";
	case LIMIT_TAKEN:
		return f->taken_in;
	}
	return "";
}

const char *limit_impossible(
	struct arena *a, const struct config *c, const struct limit_facts *f, const struct limit_way *ways)
{
	for (size_t i = 0; i < DIRS * c->entries.n && c->settings.limit_method == METHOD_SHAPE; i++) {
		const struct limit_way *w = &ways[i];

		if (w->why == LIMIT_FOREIGN)
			return arena_printf(a,
				"%s, so limit_method = shape cannot be: let portflow replace it with `takeover = yes`, or write "
				"`limit_method = police`",
				root_text(a, w->device));
		if (w->why == LIMIT_TAKEN)
			return arena_printf(a,
				"%s, so limit_method = shape cannot be: rename or delete it, or write `limit_method = police`",
				f->taken_in);
		if (w->why == LIMIT_NO_HTB || w->why == LIMIT_CROWDED)
			return arena_printf(a, "%s, so limit_method = shape cannot be: write `limit_method = police`",
				limit_reason(a, f, w));
	}
	return NULL;
}

bool limit_may_shape(const struct config *c)
{
	if (c->settings.limit_method == METHOD_POLICE)
		return false;
	for (size_t i = 0; i < c->entries.n; i++)
		if (c->entries.at[i].limit[DIR_OUT].present)
			return true;
	return false;
}

bool limit_may_shape_in(const struct config *c)
{
	if (c->settings.limit_method != METHOD_SHAPE)
		return false;
	for (size_t i = 0; i < c->entries.n; i++)
		if (c->entries.at[i].limit[DIR_IN].present && c->entries.at[i].kind != ENTRY_INTERFACE)
			return true;
	return false;
}

/* -- trees -- */

/* The smallest shaped limit of the [interface] entries on a device; absent: none. */
static struct rate total_on(
	const struct config *c, const struct watch *w, const struct limit_way *ways, const struct watched *device)
{
	struct rate least = { 0 };

	for (size_t i = 0; i < c->entries.n; i++) {
		const struct entry *e = &c->entries.at[i];
		const struct limit_way *way = &ways[limit_way_at(i, DIR_OUT)];
		const struct watched *x;

		if (!way->shaped || way->classed || (least.present && e->limit[DIR_OUT].bps >= least.bps))
			continue;
		for (size_t k = 0; (x = device_of(e, w, k)) != NULL; k++)
			if (x == device)
				least = e->limit[DIR_OUT];
	}
	return least;
}

struct shape_limit_list {
	struct shape_limit *at;
	size_t n, cap;
};

static void want_device(struct arena *a, const struct limit_facts *f, const struct watched *w, struct shape_wish *wish,
	struct shape_device_list *want)
{
	struct shape_device *d;

	if (!w->present || !shape_device(&f->out, w->ifindex) || (!wish->total.present && wish->n == 0))
		return;
	wish->ifindex = w->ifindex;
	wish->name = w->name;
	wish->mtu = w->mtu;
	d = vec_push(a, want);
	shape_want(a, wish, d);
}

static struct shape_limit_list classes_of(
	struct arena *a, const struct config *c, const struct limit_way *ways, const uint32_t *minors, enum direction d)
{
	struct shape_limit_list limits = { 0 };

	for (size_t i = 0; i < c->entries.n; i++)
		if (ways[limit_way_at(i, d)].classed)
			*vec_push(a, &limits) = (struct shape_limit){ minors[i], c->entries.at[i].limit[d].bps };
	return limits;
}

void limit_trees(struct arena *a, const struct config *c, const struct limit_facts *f, const struct limit_way *ways,
	const uint32_t *minors, bool codel, struct shape_device_list *ret_want)
{
	struct shape_device_list want = { 0 };
	struct shape_limit_list limits = classes_of(a, c, ways, minors, DIR_OUT);
	struct shape_wish wish = { .major = SHAPE_OUT, .codel = codel, .takeover = c->settings.takeover };

	for (size_t i = 0; i < f->watch->devices.n; i++) {
		wish.limits = limits.at;
		wish.n = limits.n;
		wish.total = total_on(c, f->watch, ways, &f->watch->devices.at[i]);
		want_device(a, f, &f->watch->devices.at[i], &wish, &want);
	}
	for (size_t i = 0; i < f->watch->others.n; i++) {
		wish.n = 0;
		wish.total = total_on(c, f->watch, ways, &f->watch->others.at[i]);
		want_device(a, f, &f->watch->others.at[i], &wish, &want);
	}
	*ret_want = want;
}

void limit_tree_in(struct arena *a, const struct config *c, const struct limit_facts *f, const struct limit_way *ways,
	const uint32_t *minors, bool codel, int ifindex, struct shape_device *ret_want)
{
	struct shape_limit_list limits = classes_of(a, c, ways, minors, DIR_IN);
	struct shape_wish wish = { .ifindex = ifindex,
		.name = SHAPE_IFB,
		.major = SHAPE_IN,
		.codel = codel,
		.takeover = true, /* the device is ours */
		.limits = limits.at,
		.n = limits.n };

	for (size_t i = 0; i < f->watch->devices.n; i++)
		if (f->watch->devices.at[i].present && f->watch->devices.at[i].mtu > wish.mtu)
			wish.mtu = f->watch->devices.at[i].mtu;
	shape_want(a, &wish, ret_want);
}
