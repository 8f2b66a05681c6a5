/* What comes in and is shaped: the IFB, its tree of classes, and the table that sends packets there. Compared in every run, since none of it
 * moves a generation: a device that goes takes its hook with it, an IFB that is down or gone takes all that is sent to it.
 * The order keeps packets from being sent where nobody takes them: the IFB is up and has its classes before the table names them, and the
 * table is gone before the IFB goes. run/ only. */
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "model/desired_ingress.h"
#include "nft/words.h"
#include "run/pass.h"
#include "tc/words.h"

#define MARK "portflow " /* of the table: and the database's UUID */
#define REFUSALS_MAX 2   /* of a batch with our table, by a kernel that says that something of it is not there */

/* -- what is there --------------------------------------------------------------------------------------------------- */

static int read_tree(struct pass *p, struct err *err)
{
	struct arena *a = &p->app->arena;
	struct links one = { 0 };
	struct link_device *d = vec_push(a, &one.devices);

	d->ifindex = p->ingress.ifb.ifindex;
	memcpy(d->name, SHAPE_IFB, sizeof SHAPE_IFB);
	return shape_read(p->shaper, a, &one, SHAPE_IN, &p->ingress.trees, err);
}

/* Somebody's device or table of our name is told of, and never touched. */
static void judge_owners(struct pass *p)
{
	p->facts.taken_in = ifb_foreign_text(&p->app->arena, &p->ingress.ifb);
	if (!p->ingress.have.present || strncmp(p->ingress.have.comment, MARK, sizeof MARK - 1) == 0)
		return;
	p->facts.taken_in = "there is a table netdev " RULESET_TABLE " that portflow did not make";
	p->ingress.have = (struct ruleset){ .family = RULESET_NETDEV, .comment = "" };
}

int pass_ingress_look(struct pass *p, struct err *err)
{
	p->ingress.looked = true;
	if (ifb_read(p->shaper, &p->ingress.ifb, err) < 0 ||
		(p->ingress.ifb.owner == IFB_OURS && read_tree(p, err) < 0) ||
		nft_read_ingress(p->talk, &p->app->arena, p->generation, &p->ingress.have, err) < 0)
		return -1;
	judge_owners(p);
	return 0;
}

/* -- what is wanted -------------------------------------------------------------------------------------------------- */

static void want_table(struct pass *p)
{
	struct arena *a = &p->app->arena;
	uint32_t *minors = arena_array(a, p->config->entries.n + 1, sizeof *minors);
	const struct ingress_wish w = { .config = p->config,
		.watch = &p->watch,
		.links = &p->links,
		.open = p->open.at,
		.n_open = p->open.n,
		.minors = minors,
		.ifb = p->ingress.ifb.ifindex };

	for (size_t i = 0; i < p->config->entries.n; i++)
		if (p->ways[limit_way_at(i, DIR_IN)].classed)
			minors[i] = p->minors[i];
	desired_ingress(a, &w, &p->ingress.want);
	p->ingress.want.comment = arena_printf(a, MARK "%s", p->ledger.uuid);
}

void pass_ingress_plan(struct pass *p, bool codel)
{
	struct arena *a = &p->app->arena;
	struct shape_device_list want = { 0 };

	p->ingress.wanted = false;
	for (size_t i = 0; i < p->config->entries.n; i++)
		p->ingress.wanted |= p->ways[limit_way_at(i, DIR_IN)].classed;
	if (!p->ingress.looked)
		return;
	want_table(p);
	p->ingress.replace = diff_whole(a, &p->ingress.want, &p->ingress.have, &p->ingress.diff);
	if (p->ingress.wanted)
		limit_tree_in(
			a, p->config, &p->facts, p->ways, p->minors, codel, p->ingress.ifb.ifindex, vec_push(a, &want));
	shape_plan(a, &want, &p->ingress.trees, &p->ingress.shape);
	p->ingress.differs |= pass_ingress_changes(p) > 0;
}

/* One that is there for nothing, with our mark. */
static bool idle_ifb(const struct pass *p)
{
	return !p->ingress.wanted && p->ingress.ifb.owner == IFB_OURS && *p->ingress.ifb.alias;
}

bool pass_ingress_differs(const struct pass *p)
{
	return p->ingress.differs;
}

size_t pass_ingress_changes(const struct pass *p)
{
	bool device = p->ingress.wanted ? !p->ingress.ifb.right : idle_ifb(p);

	if (!p->ingress.looked)
		return 0;
	return p->ingress.shape.steps.n + device + p->ingress.replace;
}

/* -- the way there --------------------------------------------------------------------------------------------------- */

/* Where packets are sent by the table that is there; 0: nowhere. */
static int sent_to(const struct ruleset *r)
{
	int ifindex = 0;

	for (size_t i = 0; i < r->chains.n; i++)
		for (size_t j = 0; j < r->chains.at[i].rules.n; j++)
			for (size_t k = 0; k < r->chains.at[i].rules.at[j].exprs.n; k++) {
				const struct rule_expr *e = &r->chains.at[i].rules.at[j].exprs.at[k];

				if (e->op == OP_DATA && e->len == sizeof ifindex)
					memcpy(&ifindex, e->data, sizeof ifindex);
			}
	return ifindex;
}

static int remove_table(struct pass *p, struct err *err)
{
	struct batch b = { 0 };
	int rc;

	nft_put_ingress_del(&b);
	rc = talk_batch(p->talk, &b, p->generation, err);
	p->generation += rc == 0;
	batch_free(&b);
	return rc;
}

/* The run ends with an error: what the table that is there sends away must arrive somewhere. */
static void open_up(struct pass *p)
{
	struct ifb now;
	struct err ignored;

	if (!p->ingress.have.present ||
		(ifb_read(p->shaper, &now, &ignored) == 0 && now.owner == IFB_OURS && now.up &&
			now.ifindex == sent_to(&p->ingress.have)))
		return;
	if (talk_generation(p->talk, &p->generation, &ignored) == 0)
		(void)remove_table(p, &ignored);
}

/* A timer must not hurt: where the kernel refuses, what comes in is policed in this run. */
static int give_way(struct pass *p, struct err *err)
{
	if (err->kind != ERR_STALE && p->mode == RUN_SAMPLE && !p->facts.refused_in) {
		p->facts.refused_in = arena_strdup(&p->app->arena, err->text);
		app_warn(p->app, "what comes in is policed until the next run: %s", err->text);
		return err_set(err, ERR_STALE, "%s", p->facts.refused_in);
	}
	if (err->kind != ERR_STALE)
		open_up(p);
	return -1;
}

static void remove_made(struct pass *p)
{
	struct err ignored;

	if (p->ingress.made)
		(void)ifb_delete(p->shaper, &p->ingress.ifb, &ignored);
	p->ingress.made = false;
}

/* A root that must be made anew takes its classes with it: nothing may be sent there meanwhile. */
static int leave_tree(struct pass *p, struct err *err)
{
	if (!p->ingress.shape.elements_away || !p->ingress.have.present)
		return 0;
	return remove_table(p, err) < 0 ? -1 : err_set(err, ERR_STALE, "the table that names classes was taken out");
}

static int make_ifb(struct pass *p, struct err *err)
{
	int was = p->ingress.ifb.ifindex;

	p->ingress.made = p->ingress.ifb.owner == IFB_NONE;
	if (ifb_make(p->shaper, &p->ingress.ifb, &p->ingress.ifb, err) < 0)
		return -1;
	if (p->ingress.ifb.ifindex == was)
		return 0;
	if (read_tree(p, err) < 0)
		return -1;
	pass_ingress_plan(p, p->codel);
	return 0;
}

int pass_ingress_before(struct pass *p, struct err *err)
{
	const struct shape_plan *s = &p->ingress.shape;

	if (!p->ingress.wanted || !pass_ingress_differs(p))
		return 0;
	if (leave_tree(p, err) == 0 && make_ifb(p, err) == 0 &&
		shape_execute(p->shaper, &p->app->arena, s->steps.at, s->before, err) == 0)
		return 0;
	remove_made(p);
	return give_way(p, err);
}

void pass_ingress_put(struct pass *p, struct batch *b)
{
	if (!p->ingress.replace)
		return;
	if (p->ingress.have.present)
		nft_put_ingress_del(b);
	nft_put_changes(b, &p->ingress.diff.changes, p->ingress.want.comment, 0);
}

/* A kernel that lacks a part of our table answers as if a device or a chain had just gone: it is asked once more, then taken at its word. */
static void doubt_table(struct pass *p, struct err *err)
{
	bool lacks = err->kind == ERR_STALE && err->errnum == ENOENT;

	if (!p->ingress.wanted || !p->ingress.replace || (err->kind == ERR_STALE && !lacks) ||
		(lacks && ++p->ingress_refusals < REFUSALS_MAX))
		return;
	if (lacks)
		err->kind = ERR_FAIL;
	err_wrap(
		err, "the kernel did not take the rules that shape what comes in (portflow doctor says what it lacks)");
	(void)give_way(p, err);
}

void pass_ingress_back(struct pass *p, struct err *err)
{
	const struct shape_plan *s = &p->ingress.shape;
	struct err back;

	if (p->ingress.wanted && pass_ingress_differs(p) && !p->ingress.made &&
		shape_rollback(p->shaper, &p->app->arena, s->steps.at, s->before, &back) < 0)
		err_wrap(err, "and the queues for what comes in could not be put back (%s)", back.text);
	remove_made(p);
	doubt_table(p, err);
	if (err->kind != ERR_STALE)
		open_up(p);
}

static int execute_after(struct pass *p, struct err *err)
{
	const struct shape_plan *s = &p->ingress.shape;
	const size_t before = p->ingress.wanted ? s->before : 0;

	if (shape_execute(p->shaper, &p->app->arena, s->steps.at + before, s->steps.n - before, err) < 0)
		return -1;
	return idle_ifb(p) ? ifb_delete(p->shaper, &p->ingress.ifb, err) : 0;
}

void pass_ingress_after(struct pass *p)
{
	struct err err;

	if (execute_after(p, &err) == 0 || p->late)
		return;
	p->late = arena_new(&p->app->arena, struct err);
	*p->late = err;
}

int pass_ingress_down(struct pass *p, struct err *err)
{
	const struct shape_device_list none = { 0 };

	if ((!p->shaper && shaper_open(&p->shaper, err) < 0) || talk_generation(p->talk, &p->generation, err) < 0 ||
		pass_ingress_look(p, err) < 0 || (p->ingress.have.present && remove_table(p, err) < 0))
		return -1;
	p->ingress.wanted = false;
	shape_plan(&p->app->arena, &none, &p->ingress.trees, &p->ingress.shape);
	return execute_after(p, err);
}

/* -- words ----------------------------------------------------------------------------------------------------------- */

void pass_ingress_note(struct pass *p)
{
	p->found.ingress |= p->mode != RUN_DOWN && p->ingress.wanted && pass_ingress_differs(p) && pass_unexplained(p);
}

void pass_ingress_explain(struct pass *p)
{
	const char *subject = "device " SHAPE_IFB;

	if (!pass_ingress_differs(p))
		return;
	if (!p->ingress.wanted)
		pass_say(p, '-', subject, "goes: what comes in waits no more", "what waits is let go first");
	else if (p->ingress.ifb.owner == IFB_NONE || p->ingress.made)
		pass_say(p, '+', subject, "what comes in waits in queues there (htb 7067:)", "connections stay");
	else
		pass_say(p, '~', subject,
			p->ingress.shape.steps.n ? pass_queues_tally(p, &p->ingress.shape)
						 : "which packets wait there is put right",
			"connections stay");
}

void pass_ingress_words(struct pass *p, struct str *out)
{
	const struct shape_plan *s = &p->ingress.shape;

	if (p->ingress.made)
		str_puts(out,
			"ip link add " SHAPE_IFB " txqueuelen 1000 type ifb\nip link set " SHAPE_IFB
			" alias portflow addrgenmode none up\n");
	tc_words(s->steps.at, s->before, out);
	if (p->ingress.replace && p->ingress.have.present)
		str_puts(out, "nft delete table netdev " RULESET_TABLE "\n");
	if (p->ingress.replace)
		nft_words(&p->ingress.diff.changes, p->ingress.want.comment, out);
	tc_words(s->steps.at + s->before, s->steps.n - s->before, out);
	if (idle_ifb(p))
		str_puts(out, "ip link delete " SHAPE_IFB "\n");
}
