/* Queues of a run: what stands at the roots of the devices, which limits are shaped because of it, and the steps from the trees of classes
 * that are there to those that are wanted.
 * The order is that of model/shape_plan.h: at no moment does an element of nftables name a class that is not there. run/ only. */
#include <string.h>

#include "run/limits.h"
#include "run/pass.h"
#include "util/hash.h"

#define CLASSES_MANY 5000 /* a second and a half of the kernel's time */

static bool any_ours(const struct shape_device_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->at[i].root == SHAPE_ROOT_OURS)
			return true;
	return false;
}

/* Does the kernel have HTB and fq_codel? Asked at most once a run: a refused request each. */
static int probe(struct pass *p, struct err *err)
{
	if (p->probed)
		return 0;
	if (shape_probe(p->shaper, &p->facts.htb, &p->codel, err) < 0)
		return -1;
	p->probed = true;
	return 0;
}

/* in: what comes in is looked at too. */
static int read_queues(struct pass *p, bool in, struct err *err)
{
	if (!p->shaper && shaper_open(&p->shaper, err) < 0)
		return -1;
	if (shape_read(p->shaper, &p->app->arena, &p->links, SHAPE_OUT, &p->facts.out, err) < 0 ||
		(in && pass_ingress_look(p, err) < 0))
		return -1;
	if (!limit_may_shape(p->config) && !limit_may_shape_in(p->config))
		return 0;
	if (any_ours(&p->facts.out) || any_ours(&p->ingress.trees)) {
		p->facts.htb = true;
		return 0;
	}
	return probe(p, err);
}

static bool any_codel(const struct shape_device_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; k < l->at[i].classes.n; k++)
			if (l->at[i].classes.at[k].leaf.kind == SHAPE_LEAF_CODEL)
				return true;
	return false;
}

/* What ours has as queues of classes tells what the kernel has, so that a run with nothing to do need not ask. */
static bool codel_at_work(const struct pass *p)
{
	if (p->probed)
		return p->codel;
	return any_codel(&p->facts.out) || any_codel(&p->ingress.trees);
}

static bool has_class(const struct pass *p, size_t entry)
{
	return p->ways[limit_way_at(entry, DIR_OUT)].classed || p->ways[limit_way_at(entry, DIR_IN)].classed;
}

static void find_minors(struct pass *p)
{
	struct arena *a = &p->app->arena;
	size_t n = 0, *of = arena_array(a, p->config->entries.n + 1, sizeof *of);
	const char **names;
	struct shape_minor_list had = { 0 }, minors;

	p->minors = arena_array(a, p->config->entries.n + 1, sizeof *p->minors);
	for (size_t i = 0; i < p->config->entries.n; i++)
		if (has_class(p, i))
			of[n++] = i;
	if (n == 0)
		return;
	names = arena_array(a, n, sizeof *names);
	pass_find_rows(p);
	for (size_t i = 0; i < n; i++) {
		names[i] = p->config->entries.at[of[i]].name;
		if (p->at[of[i]] != SIZE_MAX)
			*vec_push(a, &had) = (struct shape_minor){ names[i], p->ledger.entries.at[p->at[of[i]]].class };
	}
	shape_minors(a, names, n, &had, &minors);
	for (size_t i = 0; i < minors.n; i++)
		p->minors[of[i]] = minors.at[i].minor;
}

static void plan(struct pass *p, bool codel)
{
	struct arena *a = &p->app->arena;

	limit_trees(a, p->config, &p->facts, p->ways, p->minors, codel, &p->trees);
	shape_plan(a, &p->trees, &p->facts.out, &p->shape);
	pass_ingress_plan(p, codel);
}

/* Is there a queue to be made? */
static bool makes_queues(const struct pass *p)
{
	return (p->trees.n && p->shape.steps.n) || (p->ingress.wanted && p->ingress.shape.steps.n);
}

/* Had limits been shaped as before but for a root that somebody put on a device since? */
static void find_replaced(struct pass *p)
{
	struct arena *a = &p->app->arena;
	struct limit_facts before = p->facts;
	const struct shape_device *by = NULL;

	p->replaced = NULL;
	for (size_t i = 0; i < p->config->entries.n && !by; i++)
		by = p->ways[limit_way_at(i, DIR_OUT)].device;
	if (!by || !p->ledger.known || p->facts.out.n == 0)
		return;
	before.out.at = arena_array(a, before.out.n, sizeof *before.out.at);
	memcpy(before.out.at, p->facts.out.at, before.out.n * sizeof *before.out.at);
	for (size_t i = 0; i < before.out.n; i++)
		before.out.at[i].root = SHAPE_ROOT_DEFAULT;
	if (limit_hash(p->machine_hash, p->config, limit_ways(a, p->config, &before)) == p->ledger.known_hash)
		p->replaced = by;
}

/* From the facts: how each limit is kept, and the plan. */
static void choose(struct pass *p)
{
	p->ways = limit_ways(&p->app->arena, p->config, &p->facts);
	p->hash = limit_hash(p->machine_hash, p->config, p->ways);
	find_minors(p);
	p->enforcement.ways = p->ways;
	p->enforcement.minors = p->minors;
	plan(p, codel_at_work(p));
}

int pass_queues(struct pass *p, bool all, struct err *err)
{
	bool in = limit_may_shape_in(p->config);

	p->facts.watch = &p->watch;
	p->facts.out = (struct shape_device_list){ 0 };
	p->shape = (struct shape_plan){ 0 };
	p->trees = (struct shape_device_list){ 0 };
	memset(&p->ingress, 0, sizeof p->ingress);
	p->facts.taken_in = NULL;
	if ((all || limit_may_shape(p->config) || in) && read_queues(p, all || in, err) < 0)
		return -1;
	choose(p);
	find_replaced(p);
	if (!makes_queues(p) || p->probed)
		return 0;
	if (probe(p, err) < 0)
		return -1;
	plan(p, p->codel);
	return 0;
}

int pass_queues_seen(struct pass *p, struct err *err)
{
	if (run_limit_facts(&p->app->arena, p->config, &p->links, &p->watch, &p->facts, err) < 0)
		return -1;
	choose(p);
	return 0;
}

/* A timer must not hurt: where the kernel refuses a class the limits are policed in this run. */
static int give_way(struct pass *p, struct err *err)
{
	if (err->kind == ERR_STALE || p->mode != RUN_SAMPLE || p->facts.refused)
		return -1;
	p->facts.refused = arena_strdup(&p->app->arena, err->text);
	app_warn(p->app, "limits are policed until the next run: %s", err->text);
	return err_set(err, ERR_STALE, "%s", p->facts.refused);
}

int pass_queues_before(struct pass *p, struct err *err)
{
	if (shape_execute(p->shaper, &p->app->arena, p->shape.steps.at, p->shape.before, err) == 0)
		return 0;
	return give_way(p, err);
}

void pass_queues_back(struct pass *p, struct err *err)
{
	struct err back;

	if (shape_rollback(p->shaper, &p->app->arena, p->shape.steps.at, p->shape.before, &back) < 0)
		err_wrap(err, "and the queues could not be put back (%s)", back.text);
}

static int execute_after(struct pass *p, struct err *err)
{
	const size_t before = p->shape.before;

	return shape_execute(p->shaper, &p->app->arena, p->shape.steps.at + before, p->shape.steps.n - before, err);
}

void pass_queues_after(struct pass *p)
{
	struct err err;

	p->late = NULL;
	if (execute_after(p, &err) == 0)
		return;
	p->late = arena_new(&p->app->arena, struct err);
	*p->late = err;
}

int pass_queues_down(struct pass *p, struct err *err)
{
	struct shape_device_list none = { 0 };

	if (read_queues(p, false, err) < 0)
		return -1;
	shape_plan(&p->app->arena, &none, &p->facts.out, &p->shape);
	p->shape.before = 0;
	return execute_after(p, err);
}

int pass_queues_possible(struct pass *p, struct err *err)
{
	const char *text = limit_impossible(&p->app->arena, p->config, &p->facts, p->ways);

	if (!text || p->mode == RUN_DOWN)
		return 0;
	if (p->mode != RUN_SAMPLE)
		return err_set(err, ERR_CONFIG, "%s", text);
	app_warn(p->app, "%s; until then limits are policed", text);
	return 0;
}

bool pass_unexplained(const struct pass *p)
{
	return p->ledger.known && p->ledger.known_hash == p->hash && !pass_clock_moved(p) &&
		strcmp(p->ledger.known_boot, p->boot_id) == 0 && p->ledger.known_netns == p->netns;
}

void pass_queues_warn(struct pass *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->config->entries.n; i++)
		n += has_class(p, i);
	if (n > CLASSES_MANY)
		*vec_push(&p->app->arena, &p->watch.warnings) = (struct watch_warning){
			.text = arena_printf(&p->app->arena,
				"%zu limits are shaped: making so many classes takes the kernel seconds, which grow with "
				"their square; `limit_method = police` has no such cost",
				n)
		};
}

void pass_queues_note(struct pass *p)
{
	if (p->shape.steps.n && pass_unexplained(p))
		p->found.queues = p->shape.steps.at, p->found.n_queues = p->shape.steps.n;
	if (p->replaced)
		p->found.replaced = p->replaced;
}

/* -- words ----------------------------------------------------------------------------------------------------------- */

struct tally {
	bool root_add, root_del;
	size_t added, changed, removed, filters;
	bool replace;
};

static void count_step(struct tally *t, const struct shape_step *s)
{
	switch (s->kind) {
	case SHAPE_ROOT_ADD:
		t->root_add = true;
		t->replace = s->replace;
		break;
	case SHAPE_ROOT_DEL:
		t->root_del = true;
		break;
	case SHAPE_CLASS_ADD:
		t->added++;
		break;
	case SHAPE_CLASS_DEL:
		t->removed++;
		break;
	case SHAPE_CLASS_SET:
		/* one that is raised before it goes is not changed */
		t->changed += s->to->ceil_bytes < SHAPE_OPEN_BYTES;
		break;
	case SHAPE_LEAF_SET:
		t->changed += s->from && shape_class_equal(s->from, s->to);
		break;
	case SHAPE_FILTER_DEL:
		t->filters++;
		break;
	case SHAPE_DRAIN:
		break;
	}
}

static const char *tally_text(struct arena *a, const struct tally *t)
{
	const struct {
		size_t n;
		const char *one, *more;
	} of[] = { { t->added, "queue added", "queues added" }, { t->changed, "queue changed", "queues changed" },
		{ t->removed, "queue removed", "queues removed" },
		{ t->filters, "filter removed", "filters removed" } };
	const char *text = "";

	for (size_t i = 0; i < sizeof of / sizeof *of; i++)
		if (of[i].n)
			text = arena_printf(a, "%s%s%zu %s", text, *text ? ", " : "", of[i].n,
				of[i].n == 1 ? of[i].one : of[i].more);
	return *text ? text : "the queue of all is put right";
}

const char *pass_queues_tally(struct pass *p, const struct shape_plan *s)
{
	struct tally t = { 0 };

	for (size_t i = 0; i < s->steps.n; i++)
		count_step(&t, &s->steps.at[i]);
	return t.root_add ? "its queues are made anew" : tally_text(&p->app->arena, &t);
}

static void explain_device(struct pass *p, const struct shape_device *d, const struct tally *t)
{
	struct arena *a = &p->app->arena;
	const char *subject = arena_printf(a, "device %s", d->name), *stay = "connections stay";
	const struct shape_device *had = shape_device(&p->facts.out, d->ifindex);

	if (t->replace && had)
		pass_say(p, '!', subject,
			arena_printf(a,
				"its root qdisc (%s, handle %x:) is replaced by ours, and not put back afterwards",
				had->kind, had->handle >> 16),
			stay);
	else if (t->root_add && t->root_del)
		pass_say(p, '~', subject, "its queues are made anew", stay);
	else if (t->root_add)
		pass_say(p, '+', subject, "what goes out waits in queues (htb 7066:)", stay);
	else if (t->root_del)
		pass_say(p, '-', subject, "its queues go, the kernel's own comes back", "what waits is sent first");
	else
		pass_say(p, '~', subject, tally_text(a, t), stay);
}

void pass_queues_explain(struct pass *p)
{
	bool *done = arena_array(&p->app->arena, p->shape.steps.n + 1, sizeof *done);

	for (size_t i = 0; i < p->shape.steps.n; i++) {
		const struct shape_device *d = p->shape.steps.at[i].device;
		struct tally t = { 0 };

		for (size_t k = i; k < p->shape.steps.n && !done[i]; k++)
			if (p->shape.steps.at[k].device->ifindex == d->ifindex) {
				done[k] |= k > i;
				count_step(&t, &p->shape.steps.at[k]);
			}
		if (!done[i])
			explain_device(p, d, &t);
	}
}
