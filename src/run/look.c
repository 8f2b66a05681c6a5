/* What the kernel has of what is wanted: see look.h.
 * The first half of a `plan`, which stops where nothing moved since the last run: then what is wanted is what is there.
 * cmd/ and run/doctor*.c call. */
#include "run/look.h"

#include <string.h>

#include "model/desired_enforce.h"
#include "run/pass.h"

#define TRIES 5 /* while others keep changing rules */

static int observe_until_still(struct pass *p, struct err *err)
{
	for (int tries = 1; pass_observe(p, err) < 0; tries++)
		if (err->kind != ERR_STALE || tries == TRIES)
			return -1;
	return 0;
}

/* As plan counts. */
static void count(struct pass *p, struct kernel_look *l)
{
	l->known = true;
	l->pending = p->diff.changes.n + p->shape.steps.n + pass_ingress_changes(p);
	l->differs = l->pending > 0;
}

/* Nobody's table is ours, one that is made anew holds nothing until then, and one that is only to count holds nothing at all. */
static struct ruleset *table_of(struct pass *p)
{
	static const struct ruleset none = { .comment = "" };
	struct ruleset *r = p->known ? &p->want.ruleset : &p->have;

	if (p->wipe || !r->present) {
		r = arena_new(&p->app->arena, struct ruleset);
		*r = none;
	}
	return r;
}

static void hold(struct pass *p, struct kernel_look *l, bool seen)
{
	const struct shape_device_list *in = &p->ingress.trees;

	l->facts = &p->facts;
	l->ways = p->ways;
	l->held = (struct held_input){ .config = p->config,
		.watch = &p->watch,
		.enforcement = &p->enforcement,
		.table = seen ? table_of(p) : &p->want.ruleset,
		.out = &p->facts.out,
		.out_wanted = &p->trees,
		.in = in };
	if (!seen || (p->known && !p->ingress.looked))
		return;
	l->held.ingress = &p->ingress.have;
	l->held.ingress_wanted = &p->ingress.want;
	l->held.ifb = p->ingress.ifb.owner == IFB_OURS && p->ingress.ifb.up ? p->ingress.ifb.ifindex : 0;
}

/* Only queues can be looked at by everybody. */
static int look_at_queues(struct pass *p, struct kernel_look *l, struct err *err)
{
	if (pass_queues_seen(p, err) < 0)
		return -1;
	pass_want(p);
	l->differs = p->shape.steps.n > 0;
	hold(p, l, false);
	return 0;
}

static int look(struct pass *p, struct kernel_look *l, struct err *err)
{
	if (pass_machine(p, err) < 0 || pass_policies(p, err) < 0)
		return -1;
	if (observe_until_still(p, err) < 0) {
		if (err->kind != ERR_PERM)
			l->unknown = arena_strdup(&p->app->arena, err->text);
		return look_at_queues(p, l, err);
	}
	if (p->known && desired_enforces(p->config))
		pass_want(p);
	count(p, l);
	hold(p, l, true);
	return 0;
}

int run_look(struct app *app, const struct look_from *from, struct kernel_look *ret_look, struct err *err)
{
	struct pass *p = arena_new(&app->arena, struct pass);
	struct kernel_look l = { 0 };
	int rc;

	*p = (struct pass){ .app = app,
		.mode = RUN_PLAN,
		.look = true,
		.report = arena_new(&app->arena, struct run_report),
		.config = from->config,
		.files_hash = from->files,
		.store = from->store,
		.ledger = *from->ledger };
	rc = from->store ? pass_compared(p, from->applied_holds, err) : 0;
	l.edited = p->applied_text && p->applied != p->config;
	if (rc == 0)
		rc = look(p, &l, err);
	shaper_close(p->shaper);
	talk_close(p->talk);
	if (rc == 0)
		*ret_look = l;
	return rc;
}
