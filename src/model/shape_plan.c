/* Two trees of classes walked side by side.
 * What the kernel cannot change in place is few things, and each of them makes the root anew: rare, and one way to test.
 * run/ and tc/ call through shape_plan.h. */
#include "model/shape_plan.h"

#include "util/units.h"

#define DEPTH_MAX 8 /* of the kernel's HTB */

/* Of a class that has others below it the kernel neither uses nor changes quantum and prio. */
bool shape_class_equal(const struct shape_class *x, const struct shape_class *y)
{
	return x->minor == y->minor && x->parent == y->parent && x->rate_bytes == y->rate_bytes &&
		x->ceil_bytes == y->ceil_bytes && x->burst_ticks == y->burst_ticks &&
		x->cburst_ticks == y->cburst_ticks && x->odd == y->odd &&
		(x->minor == SHAPE_INNER || (x->quantum_bytes == y->quantum_bytes && x->prio == y->prio));
}

static bool near(uint32_t x, uint32_t y)
{
	return x > y ? x - y <= 2 : y - x <= 2;
}

/* CoDel's times are kept in units of 1,024 ns. */
bool shape_leaf_equal(const struct shape_leaf *x, const struct shape_leaf *y)
{
	return x->kind == y->kind && x->limit == y->limit && near(x->target_us, y->target_us) &&
		near(x->interval_us, y->interval_us);
}

struct planner {
	struct arena *arena;
	struct shape_plan *plan;
};

static struct shape_step *put(struct planner *p, enum shape_step_kind kind, const struct shape_device *d,
	const struct shape_class *from, const struct shape_class *to)
{
	struct shape_step *s = vec_push(p->arena, &p->plan->steps);

	s->kind = kind;
	s->device = d;
	s->from = from;
	s->to = to;
	return s;
}

/* -- away -- */

/* The class as fast as can be: what waits in it leaves at once, though the class above be slow. */
static void put_raise(struct planner *p, const struct shape_device *have, const struct shape_class *c)
{
	struct shape_class *open = arena_new(p->arena, struct shape_class);

	*open = *c;
	open->rate_bytes = open->ceil_bytes = SHAPE_OPEN_BYTES;
	open->burst_ticks = open->cburst_ticks = 1000000U / SHAPE_TICK_NS;
	open->odd = false;
	if (!shape_class_equal(open, c))
		put(p, SHAPE_CLASS_SET, have, c, open);
}

static unsigned int depth(const struct shape_device *d, const struct shape_class *c)
{
	unsigned int n = 0;

	while (c->parent != 0 && n < DEPTH_MAX && (c = shape_class(d, c->parent)) != NULL)
		n++;
	return n;
}

/* What must go, children before parents. */
struct doomed {
	const struct shape_device *have;
	bool root; /* all of it */
	VEC_OF(const struct shape_class *) classes;
};

static void doom_all(struct arena *a, struct doomed *d)
{
	d->root = true;
	for (unsigned int level = DEPTH_MAX + 1; level-- > 0;)
		for (size_t i = 0; i < d->have->classes.n; i++)
			if (depth(d->have, &d->have->classes.at[i]) == level)
				*vec_push(a, &d->classes) = &d->have->classes.at[i];
}

static void put_raises(struct planner *p, const struct doomed *d)
{
	for (size_t i = d->classes.n; i-- > 0;)
		put_raise(p, d->have, d->classes.at[i]);
}

static void put_deletes(struct planner *p, const struct doomed *d)
{
	uint32_t *minors = arena_array(p->arena, d->classes.n, sizeof *minors);
	struct shape_step *s;

	if (d->classes.n > 0) {
		for (size_t i = 0; i < d->classes.n; i++)
			minors[i] = d->classes.at[i]->minor;
		s = put(p, SHAPE_DRAIN, d->have, NULL, NULL);
		s->minors = minors;
		s->n_minors = d->classes.n;
	}
	for (size_t i = 0; i < d->classes.n; i++)
		put(p, SHAPE_CLASS_DEL, d->have, d->classes.at[i], NULL);
	if (d->root)
		put(p, SHAPE_ROOT_DEL, d->have, NULL, NULL);
}

/* -- there -- */

static void put_class(struct planner *p, const struct shape_device *want, const struct shape_class *c)
{
	put(p, SHAPE_CLASS_ADD, want, NULL, c);
	if (c->leaf.kind != SHAPE_LEAF_NONE)
		put(p, SHAPE_LEAF_SET, want, NULL, c);
}

/* All of them, the one above first. */
static void put_classes(struct planner *p, const struct shape_device *want)
{
	const struct shape_class *inner = shape_class(want, SHAPE_INNER);

	put_class(p, want, inner);
	for (size_t i = 0; i < want->classes.n; i++)
		if (&want->classes.at[i] != inner)
			put_class(p, want, &want->classes.at[i]);
}

static void put_tree(struct planner *p, const struct shape_device *want, bool replace)
{
	put(p, SHAPE_ROOT_ADD, want, NULL, NULL)->replace = replace;
	put_classes(p, want);
}

/* HTB keeps what a class owes, up to 60 s, when its rate changes (sch_htb.c, htb_change_class): a large packet that it let go at a low rate would
 * keep it silent for as long at the new one. At this many bytes a second such a packet is an eighth of a second. */
#define DEBT_BYTES 500000U
/* ... so that a class which owes so much at such a rate was slower before: somebody raised it. What it owes is of when its last packet left. */
#define DEBT_TICKS (1000000000U / SHAPE_TICK_NS)

static bool in_debt(const struct shape_class *have, const struct shape_class *want)
{
	if (have->ceil_bytes < DEBT_BYTES)
		return want->ceil_bytes > have->ceil_bytes;
	return want->ceil_bytes >= DEBT_BYTES && have->owes_ticks > DEBT_TICKS && !shape_class_equal(want, have);
}

/* Is there what cannot be changed in place? An extra class in the usual places has no children then, and can go by itself. */
static bool crooked(const struct shape_device *want, const struct shape_device *have)
{
	if (have->odd || have->rest != want->rest || have->direct_packets != want->direct_packets)
		return true;
	if (!shape_class(have, SHAPE_INNER) && have->classes.n > 0)
		return true;
	for (size_t i = 0; i < have->classes.n; i++) {
		const struct shape_class *c = &have->classes.at[i], *w = shape_class(want, c->minor);

		if ((c->parent != 0 && c->parent != SHAPE_INNER) || (w && (w->parent != c->parent || in_debt(c, w))))
			return true;
	}
	return false;
}

static void merge(
	struct planner *p, const struct shape_device *want, const struct shape_device *have, struct doomed *doomed)
{
	for (size_t i = 0, k = 0; i < want->classes.n || k < have->classes.n;) {
		const struct shape_class *w = i < want->classes.n ? &want->classes.at[i] : NULL;
		const struct shape_class *h = k < have->classes.n ? &have->classes.at[k] : NULL;

		if (!w || (h && h->minor < w->minor)) {
			*vec_push(p->arena, &doomed->classes) = h;
			k++;
			continue;
		}
		i++;
		if (!h || w->minor < h->minor) {
			put_class(p, want, w);
			continue;
		}
		k++;
		if (!shape_class_equal(w, h))
			put(p, SHAPE_CLASS_SET, want, h, w);
		if (w->leaf.kind != SHAPE_LEAF_NONE && !shape_leaf_equal(&w->leaf, &h->leaf))
			put(p, SHAPE_LEAF_SET, want, h, w);
	}
}

static void remake(struct planner *p, const struct shape_device *want, const struct shape_device *have)
{
	struct doomed all = { .have = have };

	p->plan->elements_away = true;
	doom_all(p->arena, &all);
	put_raises(p, &all);
	put_deletes(p, &all);
	put_tree(p, want, false);
}

/* They name classes of ours, or let packets past them; what goes below goes no sooner. */
static void put_filters(struct planner *p, const struct shape_device *have)
{
	for (size_t i = 0; i < have->filters.n; i++)
		put(p, SHAPE_FILTER_DEL, have, NULL, NULL)->filter = &have->filters.at[i];
}

/* What comes before the batch of nftables on one device; what is to go after it is noted in *doomed. */
static void one_device(
	struct planner *p, const struct shape_device *want, const struct shape_device *have, struct doomed *doomed)
{
	enum shape_root is = have ? have->root : SHAPE_ROOT_DEFAULT;

	doomed->have = have;
	if (is == SHAPE_ROOT_OURS)
		put_filters(p, have);
	if (!want || want->root != SHAPE_ROOT_OURS) {
		if (is == SHAPE_ROOT_OURS)
			doom_all(p->arena, doomed);
	} else if (is == SHAPE_ROOT_FOREIGN && !want->takeover) {
		*vec_push(p->arena, &p->plan->refused) = have;
	} else if (is != SHAPE_ROOT_OURS) {
		put_tree(p, want, is == SHAPE_ROOT_FOREIGN);
	} else if (crooked(want, have)) {
		remake(p, want, have);
	} else if (have->classes.n == 0) {
		put_classes(p, want);
	} else {
		merge(p, want, have, doomed);
	}
}

void shape_plan(struct arena *a, const struct shape_device_list *want, const struct shape_device_list *have,
	struct shape_plan *ret_plan)
{
	struct shape_plan plan = { 0 };
	struct planner p = { .arena = a, .plan = &plan };
	size_t n = 0;
	struct doomed *doomed = arena_array(a, want->n + have->n, sizeof *doomed);

	for (size_t i = 0; i < want->n; i++)
		one_device(&p, &want->at[i], shape_device(have, want->at[i].ifindex), &doomed[n++]);
	for (size_t i = 0; i < have->n; i++)
		if (!shape_device(want, have->at[i].ifindex))
			one_device(&p, NULL, &have->at[i], &doomed[n++]);
	plan.before = plan.steps.n;
	/* all at once, so that the devices empty side by side */
	for (size_t i = 0; i < n; i++)
		put_raises(&p, &doomed[i]);
	for (size_t i = 0; i < n; i++)
		put_deletes(&p, &doomed[i]);
	*ret_plan = plan;
}

/* -- back -- */

size_t shape_undo(const struct shape_step *s, struct shape_step ret_steps[2])
{
	struct shape_step u = { .device = s->device, .from = s->to, .to = s->from };

	switch (s->kind) {
	case SHAPE_ROOT_ADD:
		u.kind = SHAPE_ROOT_DEL;
		break;
	case SHAPE_ROOT_DEL:
		u.kind = SHAPE_ROOT_ADD;
		break;
	case SHAPE_CLASS_ADD:
		u.kind = SHAPE_CLASS_DEL;
		break;
	case SHAPE_CLASS_SET:
		u.kind = SHAPE_CLASS_SET;
		break;
	case SHAPE_LEAF_SET:
		/* that of a new class goes with it; what somebody put there is not known well enough */
		if (!s->from || (s->from->leaf.kind != SHAPE_LEAF_FIFO && s->from->leaf.kind != SHAPE_LEAF_CODEL))
			return 0;
		u.kind = SHAPE_LEAF_SET;
		break;
	case SHAPE_CLASS_DEL:
		u.kind = SHAPE_CLASS_ADD;
		ret_steps[0] = u;
		if (u.to->leaf.kind != SHAPE_LEAF_FIFO && u.to->leaf.kind != SHAPE_LEAF_CODEL)
			return 1;
		u.kind = SHAPE_LEAF_SET;
		ret_steps[1] = u;
		return 2;
	case SHAPE_FILTER_DEL: /* what it was is not known well enough */
	case SHAPE_DRAIN:
		return 0;
	}
	ret_steps[0] = u;
	return 1;
}

/* -- words -- */

static const char *rate_text(struct arena *a, const struct shape_class *c)
{
	char buf[UNITS_TEXT];

	return c->ceil_bytes >= SHAPE_OPEN_BYTES
		? "without limit"
		: arena_printf(a, "at %s", units_rate(UNITS_SI, 8 * c->ceil_bytes, buf));
}

const char *shape_place(struct arena *a, uint32_t major, uint32_t minor)
{
	return minor ? arena_printf(a, "%x:%x", major, minor) : arena_printf(a, "%x:", major);
}

static const char *leaf_text(struct arena *a, const struct shape_leaf *l)
{
	char buf[UNITS_TEXT];

	return l->kind == SHAPE_LEAF_CODEL ? "fq_codel"
					   : arena_printf(a, "a queue of %s", units_size(UNITS_SI, l->limit, buf));
}

const char *shape_step_text(struct arena *a, const struct shape_step *s)
{
	const char *device = s->device->name;
	uint32_t major = s->device->major;
	const struct shape_class *c = s->to ? s->to : s->from;
	const struct shape_filter *f = s->filter;

	switch (s->kind) {
	case SHAPE_ROOT_ADD:
		return arena_printf(a, "%s: root qdisc htb %x: %s", device, major,
			s->replace ? "in the place of another" : "added");
	case SHAPE_ROOT_DEL:
		return arena_printf(a, "%s: root qdisc htb %x: removed", device, major);
	case SHAPE_CLASS_ADD:
		return arena_printf(a, "%s: class %x:%x added %s", device, major, c->minor, rate_text(a, c));
	case SHAPE_CLASS_SET:
		return arena_printf(a, "%s: class %x:%x set %s", device, major, c->minor, rate_text(a, c));
	case SHAPE_CLASS_DEL:
		return arena_printf(a, "%s: class %x:%x removed", device, major, c->minor);
	case SHAPE_LEAF_SET:
		return arena_printf(a, "%s: class %x:%x given %s", device, major, c->minor, leaf_text(a, &c->leaf));
	case SHAPE_FILTER_DEL:
		return arena_printf(a, "%s: tc filter on %s (%s, pref %u) is not ours: removed", device,
			shape_place(a, major, f->minor), f->kind, f->pref);
	case SHAPE_DRAIN:
		break;
	}
	return arena_printf(a, "%s: what waits in the classes let go", device);
}
