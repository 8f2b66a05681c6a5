/* The plan: every pair of trees at random reaches what is wanted on a kernel simulated here, which refuses what HTB refuses and
 * complains when an element names a class that is not there, or when a class goes that did not empty.
 * make check-unit runs it. */
#include "shape_help.h"

#define DEVICES 3

struct sim {
	struct arena *arena;
	struct shape_device_list devices;
	bool named[DEVICES + 1][16]; /* entries' classes of a device that elements stand for */
	bool rollback;               /* elements are not looked at */
	const char *text;
};

static struct shape_device *sim_device(struct sim *k, int ifindex)
{
	for (size_t i = 0; i < k->devices.n; i++)
		if (k->devices.at[i].ifindex == ifindex)
			return &k->devices.at[i];
	fail_msg("%s: no device %d", k->text, ifindex);
	return NULL;
}

static struct shape_class *sim_class(struct sim *k, struct shape_device *d, uint32_t minor)
{
	(void)k;
	for (size_t i = 0; i < d->classes.n; i++)
		if (d->classes.at[i].minor == minor)
			return &d->classes.at[i];
	return NULL;
}

static bool sim_parent(const struct shape_device *d, uint32_t minor)
{
	for (size_t i = 0; i < d->classes.n; i++)
		if (d->classes.at[i].parent == minor)
			return true;
	return false;
}

#define check(condition) \
	do { \
		if (!(condition)) \
			fail_msg("%s: %s", k->text, #condition); \
	} while (0)

static void sim_add(struct sim *k, struct shape_device *d, const struct shape_class *c)
{
	size_t at = 0;

	check(d->root == SHAPE_ROOT_OURS);
	check(!sim_class(k, d, c->minor));
	check(c->parent == 0 || sim_class(k, d, c->parent));
	vec_push(k->arena, &d->classes);
	while (at + 1 < d->classes.n && d->classes.at[at].minor < c->minor)
		at++;
	memmove(&d->classes.at[at + 1], &d->classes.at[at], (d->classes.n - 1 - at) * sizeof *c);
	d->classes.at[at] = *c;
	d->classes.at[at].leaf = (struct shape_leaf){ 0 };
	d->classes.at[at].backlog_bytes = 0;
}

static void sim_delete(struct sim *k, struct shape_device *d, uint32_t minor)
{
	struct shape_class *c = sim_class(k, d, minor);

	check(c && !sim_parent(d, minor));
	if (!k->rollback) {
		check(minor > SHAPE_MINOR_MAX || !k->named[d->ifindex][minor]);
		check(c->backlog_bytes == 0);
	}
	memmove(c, c + 1, (size_t)(d->classes.at + d->classes.n - (c + 1)) * sizeof *c);
	d->classes.n--;
}

static void sim_set(struct sim *k, struct shape_device *d, const struct shape_class *to)
{
	struct shape_class *c = sim_class(k, d, to->minor);
	struct shape_class was;

	check(c && c->parent == to->parent);
	was = *c;
	*c = *to;
	c->odd = false;
	c->leaf = was.leaf;
	c->backlog_bytes = was.backlog_bytes;
	if (sim_parent(d, c->minor)) {
		c->quantum_bytes = was.quantum_bytes;
		c->prio = was.prio;
	}
}

static void sim_drain(struct sim *k, struct shape_device *d, const struct shape_step *s)
{
	for (size_t i = 0; i < s->n_minors; i++) {
		struct shape_class *c = sim_class(k, d, s->minors[i]);

		check(c);
		check(c->rate_bytes == SHAPE_OPEN_BYTES && c->ceil_bytes == SHAPE_OPEN_BYTES);
		c->backlog_bytes = 0;
	}
}

static void sim_root(struct sim *k, struct shape_device *d, const struct shape_step *s)
{
	if (s->kind == SHAPE_ROOT_ADD) {
		check(d->root != SHAPE_ROOT_OURS);
		check((d->root == SHAPE_ROOT_FOREIGN) == s->replace);
		d->root = SHAPE_ROOT_OURS;
		d->rest = s->device->rest;
		d->direct_packets = s->device->direct_packets;
		d->odd = false;
		return;
	}
	check(d->root == SHAPE_ROOT_OURS && d->classes.n == 0);
	d->root = SHAPE_ROOT_DEFAULT;
}

static void sim_step(struct sim *k, const struct shape_step *s)
{
	struct shape_device *d = sim_device(k, s->device->ifindex);
	struct shape_class *c;

	k->text = shape_step_text(k->arena, s);
	switch (s->kind) {
	case SHAPE_ROOT_ADD:
	case SHAPE_ROOT_DEL:
		sim_root(k, d, s);
		break;
	case SHAPE_CLASS_ADD:
		sim_add(k, d, s->to);
		break;
	case SHAPE_CLASS_SET:
		sim_set(k, d, s->to);
		break;
	case SHAPE_LEAF_SET:
		c = sim_class(k, d, s->to->minor);
		check(c && !sim_parent(d, c->minor));
		c->leaf = s->to->leaf;
		break;
	case SHAPE_CLASS_DEL:
		sim_delete(k, d, s->from->minor);
		break;
	case SHAPE_FILTER_DEL:
		check(d->filters.n > 0);
		d->filters.n--;
		break;
	case SHAPE_DRAIN:
		sim_drain(k, d, s);
		break;
	}
	k->text = arena_printf(k->arena, "after %s", k->text);
}

/* What the kernel does when nobody has done anything odd; with `odd`, anything. */
static struct shape_device random_have(struct arena *a, uint64_t *seed, const struct shape_device *want, bool odd)
{
	struct shape_device d = dice(seed, 3) ? random_want(a, seed, want->ifindex, dice(seed, 2)) : *want;
	struct shape_class *at = arena_array(a, d.classes.n + 1, sizeof *at);

	if (d.classes.n)
		memcpy(at, d.classes.at, d.classes.n * sizeof *at);
	d.classes.at = at;
	d.takeover = false;
	if (dice(seed, 8) == 0) {
		d.root = SHAPE_ROOT_FOREIGN;
		d.classes.n = 0;
		snprintf(d.kind, sizeof d.kind, "fq");
		d.handle = 0x80010000;
	}
	for (size_t i = 0; i < d.classes.n; i++) {
		struct shape_class *c = &at[i];

		c->backlog_bytes = dice(seed, 2) * 1000;
		if (odd && dice(seed, 8) == 0)
			switch (dice(seed, c->minor == SHAPE_INNER ? 3 : 5)) {
			case 0:
				c->odd = true;
				break;
			case 1:
				c->prio = 3;
				break;
			case 2:
				c->quantum_bytes = 1;
				break;
			case 3:
				c->leaf.kind = SHAPE_LEAF_OTHER;
				break;
			default:
				c->leaf = (struct shape_leaf){ 0 };
			}
		/* below a sibling, or right below the root */
		if (odd && c->minor != SHAPE_INNER && dice(seed, 20) == 0)
			c->parent = i > 0 && dice(seed, 2) ? at[i - 1].minor : 0;
	}
	if (odd && d.root == SHAPE_ROOT_OURS && dice(seed, 8) == 0)
		switch (dice(seed, 4)) {
		case 0:
			d.rest = 1;
			break;
		case 1:
			d.direct_packets = 0;
			break;
		case 2:
			d.odd = true;
			break;
		default:
			d.classes.n = 0;
		}
	return d;
}

static struct shape_device_list copy_of(struct arena *a, const struct shape_device_list *l)
{
	struct shape_device_list copy = { 0 };

	for (size_t i = 0; i < l->n; i++) {
		struct shape_device *d = vec_push(a, &copy);
		struct shape_class *at = arena_array(a, l->at[i].classes.n + 1, sizeof *at);

		*d = l->at[i];
		if (d->classes.n)
			memcpy(at, l->at[i].classes.at, d->classes.n * sizeof *at);
		d->classes.at = at;
		d->classes.cap = 0;
		d->classes.cap = d->classes.n;
	}
	return copy;
}

static void random_pair(
	struct arena *a, uint64_t *seed, bool odd, struct shape_device_list *want, struct shape_device_list *have)
{
	*want = (struct shape_device_list){ 0 };
	*have = (struct shape_device_list){ 0 };
	for (int i = 1; i <= DEVICES; i++) {
		struct shape_device w = random_want(a, seed, i, dice(seed, 2)), h = random_have(a, seed, &w, odd);

		*vec_push(a, have) = h;
		if (dice(seed, 5))
			*vec_push(a, want) = w;
	}
}

static const struct shape_device *wanted(const struct shape_device_list *want, int ifindex)
{
	for (size_t i = 0; i < want->n; i++)
		if (want->at[i].ifindex == ifindex)
			return &want->at[i];
	return NULL;
}

static bool refused(const struct shape_plan *p, int ifindex)
{
	for (size_t i = 0; i < p->refused.n; i++)
		if (p->refused.at[i]->ifindex == ifindex)
			return true;
	return false;
}

/* The batch between the steps: elements of all wanted classes, which must be there. */
static void name_all(struct sim *k, const struct shape_device_list *want, const struct shape_plan *p)
{
	memset(k->named, 0, sizeof k->named);
	for (size_t i = 0; i < want->n; i++) {
		struct shape_device *d = sim_device(k, want->at[i].ifindex);

		for (size_t c = 0; c < want->at[i].classes.n && !refused(p, d->ifindex); c++) {
			uint32_t minor = want->at[i].classes.at[c].minor;

			check(sim_class(k, d, minor));
			if (minor <= SHAPE_MINOR_MAX)
				k->named[d->ifindex][minor] = true;
		}
	}
}

static void reaches(void **state)
{
	uint64_t seed = 0x13198a2e03707344U;
	size_t away = 0, empty = 0, refusals = 0;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		cleanup_arena struct arena a = { 0 };
		struct shape_device_list want, have;
		struct shape_plan p, again;
		struct sim k = { .arena = &a, .text = "start" };

		random_pair(&a, &seed, round % 2, &want, &have);
		k.devices = copy_of(&a, &have);
		for (size_t i = 0; i < have.n; i++)
			for (size_t c = 0; c < have.at[i].classes.n; c++)
				if (have.at[i].classes.at[c].minor <= SHAPE_MINOR_MAX)
					k.named[have.at[i].ifindex][have.at[i].classes.at[c].minor] = true;
		shape_plan(&a, &want, &have, &p);
		if (p.elements_away)
			memset(k.named, 0, sizeof k.named);
		for (size_t i = 0; i < p.before; i++)
			sim_step(&k, &p.steps.at[i]);
		name_all(&k, &want, &p);
		for (size_t i = p.before; i < p.steps.n; i++)
			sim_step(&k, &p.steps.at[i]);
		for (size_t i = 0; i < k.devices.n; i++) {
			struct shape_device *d = &k.devices.at[i];
			const struct shape_device *w = wanted(&want, d->ifindex);

			if (refused(&p, d->ifindex))
				assert_int_equal(d->root, SHAPE_ROOT_FOREIGN);
			else if (!w || w->root == SHAPE_ROOT_DEFAULT)
				assert_int_not_equal(d->root, SHAPE_ROOT_OURS);
			else if (!same_tree(w, d))
				fail_msg("round %d, device %d: not what is wanted", round, d->ifindex);
		}
		shape_plan(&a, &want, &k.devices, &again);
		assert_int_equal(again.steps.n, 0);
		assert_false(again.elements_away);
		away += p.elements_away;
		empty += p.steps.n == 0;
		refusals += p.refused.n;
	}
	/* each kind of pair occurs */
	assert_true(away > 100 && empty > 20 && refusals > 100);
}

static void goes_back(void **state)
{
	uint64_t seed = 0xa4093822299f31d0U;

	(void)state;
	for (int round = 0; round < 1500; round++) {
		cleanup_arena struct arena a = { 0 };
		struct shape_device_list want, have;
		struct shape_plan p;
		struct sim k = { .arena = &a, .text = "start", .rollback = true };
		size_t done;

		random_pair(&a, &seed, false, &want, &have);
		k.devices = copy_of(&a, &have);
		shape_plan(&a, &want, &have, &p);
		done = dice(&seed, p.steps.n + 1);
		for (size_t i = 0; i < done; i++)
			sim_step(&k, &p.steps.at[i]);
		for (size_t i = done; i-- > 0;) {
			struct shape_step undo[2];
			size_t n = shape_undo(&p.steps.at[i], undo);

			for (size_t u = 0; u < n; u++)
				sim_step(&k, &undo[u]);
		}
		for (size_t i = 0; i < have.n; i++) {
			/* what was taken over does not come back */
			if (have.at[i].root == SHAPE_ROOT_FOREIGN)
				assert_int_not_equal(k.devices.at[i].root, SHAPE_ROOT_OURS);
			else if (!same_tree(&have.at[i], &k.devices.at[i]))
				fail_msg("round %d, device %d: %s", round, have.at[i].ifindex, k.text);
		}
	}
}

/* Words of the plans that matter most. */
static void plans(void **state)
{
	static const struct {
		uint64_t have, want; /* bit/s of the one entry; 0: none */
		const char *text;
	} cases[] = {
		{ 0, 0, "" },
		{ 20000000, 20000000, "|" },
		{ 0, 20000000,
			"eth0: root qdisc htb 7066: added, eth0: class 7066:fffe added without limit, "
			"eth0: class 7066:5 added at 20.0 Mbit/s, eth0: class 7066:5 given a queue of 2.10 MB, |" },
		{ 30000000, 20000000, "eth0: class 7066:5 set at 20.0 Mbit/s, |" },
		{ 1000000, 900000,
			"eth0: class 7066:5 set at 900 kbit/s, eth0: class 7066:5 given a queue of 225 kB, |" },
		{ 600000, 64000,
			"eth0: class 7066:5 set at 64.0 kbit/s, eth0: class 7066:5 given a queue of 81.9 kB, |" },
		{ 20000000, 0,
			"|eth0: class 7066:5 set without limit, eth0: what waits in the classes let go, eth0: class 7066:5 removed, "
			"eth0: class 7066:fffe removed, eth0: root qdisc htb 7066: removed, " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_arena struct arena a = { 0 };
		const struct shape_limit h = { 5, cases[i].have }, w = { 5, cases[i].want };
		struct shape_device have = want_of(&a, 1500, false, 0, &h, h.bps != 0);
		struct shape_device want = want_of(&a, 1500, false, 0, &w, w.bps != 0);
		struct shape_device_list haves = { &have, 1, 1 }, wants = { &want, 1, 1 };
		struct shape_plan p;
		const char *text = "";

		shape_plan(&a, &wants, &haves, &p);
		for (size_t s = 0; s < p.steps.n; s++)
			text = arena_printf(
				&a, "%s%s%s, ", text, s == p.before ? "|" : "", shape_step_text(&a, &p.steps.at[s]));
		if (p.before == p.steps.n && i > 0)
			text = arena_printf(&a, "%s|", text);
		assert_string_equal(text, cases[i].text);
	}
}

/* A class that owes is made anew where it is to be faster than what it owes it at: the one of an entry, and the one above all. */
static void debts(void **state)
{
	static const struct {
		uint64_t have, want; /* bit/s */
		uint32_t owes_ms;
		bool anew;
	} cases[] = {
		{ 8000, 60000000, 0, true }, /* it may let a packet go meanwhile */
		{ 8000, 9000, 0, true }, { 3999000, 4000000, 0, true }, { 8000, 8000, 50000, false },
		{ 9000, 8000, 50000, false }, { 4000000, 60000000, 0, false }, { 4000000, 60000000, 1000, false },
		/* somebody had it at a low rate, then raised it */
		{ 900000000, 60000000, 50000, true }, { 4000000, 60000000, 1001, true },
		{ 900000000, 1000000, 50000, false },
		{ 60000000, 60000000, 50000, false }, /* or its last packet left long ago */
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
		cleanup_arena struct arena a = { 0 };
		const size_t n = i / 2;
		const bool total = i % 2;
		const struct shape_limit h = { 5, total ? 100000000 : cases[n].have };
		const struct shape_limit w = { 5, total ? 100000000 : cases[n].want };
		struct shape_device have = want_of(&a, 1500, false, total ? cases[n].have : 0, &h, 1);
		struct shape_device want = want_of(&a, 1500, false, total ? cases[n].want : 0, &w, 1);
		struct shape_device_list haves = { &have, 1, 1 }, wants = { &want, 1, 1 };
		struct shape_plan p;

		for (size_t c = 0; c < have.classes.n; c++)
			if (have.classes.at[c].minor == (total ? SHAPE_INNER : 5))
				have.classes.at[c].owes_ticks = cases[n].owes_ms * (1000000 / SHAPE_TICK_NS);
		shape_plan(&a, &wants, &haves, &p);
		if (p.elements_away != cases[n].anew)
			fail_msg("case %zu, %s: anew: %d", n, total ? "all" : "an entry", p.elements_away);
		if (cases[n].have == cases[n].want && p.steps.n)
			fail_msg("case %zu: %zu steps", n, p.steps.n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans),
		cmocka_unit_test(debts),
		cmocka_unit_test(reaches),
		cmocka_unit_test(goes_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
