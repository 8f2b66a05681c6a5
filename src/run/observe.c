/* What this machine and its kernel have now, as of one generation, and how that differs from what we want.
 * When nothing moved since our last run (boot, namespace, generation, and all that rules are made of), nothing more is read.
 * run/ only. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "model/bypass.h"
#include "model/desired_enforce.h"
#include "model/open_ports.h"
#include "nft/neighbours.h"
#include "run/facts.h"
#include "run/pass.h"
#include "tc/link.h"
#include "util/hash.h"

#define RULES_VERSION 8              /* of what desired.c makes: another one reads and compares everything once */
#define META_JOINS "joins_fragments" /* "yes" or "no": the kernel can */
#define META_TURNS "tells_turns"     /* the same, of one packet in so many */

int pass_where(struct pass *p, struct err *err)
{
	if (p->talk)
		return 0;
	return facts_boot_id(p->boot_id, err) < 0 || talk_open(&p->talk, err) < 0 ||
			talk_netns(p->talk, &p->netns, err) < 0
		? -1
		: 0;
}

int pass_machine(struct pass *p, struct err *err)
{
	struct arena *a = &p->app->arena;
	struct local_ports ports;

	if (pass_where(p, err) < 0 || links_read(a, &p->links, err) < 0)
		return -1;
	facts_local_ports(a, &ports);
	watch_devices(a, p->config, &p->links, p->ledger.devices, &ports, &p->watch);
	if (pass_open_ports(p, err) < 0 || pass_messages(p, err) < 0)
		return -1;
	open_ports_warn(a, p->config, p->open.at, p->open.n, &p->watch);
	p->machine_hash = watch_hash(hash_u64(hash_u64(HASH_START, RULES_VERSION), p->text_hash), &p->watch);
	for (size_t i = 0; i < p->open.n; i++)
		p->machine_hash = hash_u64(
			p->machine_hash, (uint64_t)p->open.at[i].protocol << 16 | p->open.at[i].port);
	p->machine_hash = hash_u64(p->machine_hash, (uint64_t)p->sender << 32 | p->resolver);
	p->report->interfaces = watch_names(a, &p->watch);
	return 0;
}

/* Only words come of it, so nothing here stops a run. */
void pass_bypass(struct pass *p)
{
	struct arena *a = &p->app->arena;
	struct neighbours n = { 0 };
	struct err err = { 0 };

	if (neighbours_flowtables(p->talk, a, &n, &err) < 0)
		app_warn(p->app, "whether a flowtable carries packets past the hooks is not known: %s", err.text);
	for (size_t i = 0; i < n.flowtables.n; i++) {
		struct bypass b;

		if (bypass_judge(a, p->config, &p->watch, &n.flowtables.at[i], &b))
			*vec_push(a, &p->watch.warnings) = (struct watch_warning){ .text = arena_printf(a, "%s; %s",
											   b.text, b.cure) };
	}
}

static bool as_we_left_it(const struct pass *p)
{
	const struct ledger *l = &p->ledger;

	return l->known && l->bound.present && l->bound.bound && !l->pending.present && !l->reset_seen &&
		strcmp(l->known_boot, p->boot_id) == 0 && l->known_netns == p->netns &&
		l->known_generation == p->generation && l->known_hash == p->hash && !pass_clock_moved(p) &&
		(p->mode != RUN_PLAN || p->look) && p->mode != RUN_DOWN;
}

enum canary { CANARY_GOOD, CANARY_ZERO, CANARY_MISSING, CANARY_OTHER };

static enum canary judge_canary(const struct pass *p)
{
	if (!p->canary_seen.present)
		return CANARY_MISSING;
	if (p->canary_seen.bytes == 0)
		return CANARY_ZERO;
	return p->canary_seen.bytes == strtoull(p->ledger.canary, NULL, 16) ? CANARY_GOOD : CANARY_OTHER;
}

/* Is the table there ours, and what is to be done with one that is not? */
static int judge_table(struct pass *p, struct err *err)
{
	p->where = (struct epoch){ .present = true, .bound = true, .netns = p->netns, .table_handle = p->have.handle };
	memcpy(p->where.boot_id, p->boot_id, UUID_TEXT);
	p->identity = p->have.present ? delta_identify(&p->ledger, p->have.comment, &p->where) : IDENTITY_NONE;
	switch (p->identity) {
	case IDENTITY_OTHER:
		return err_set(err, ERR_FAIL,
			"there is a table inet %s that portflow did not make. Nothing was changed. Rename it in your own ruleset, "
			"or delete it: nft delete table inet %s",
			RULESET_TABLE, RULESET_TABLE);
	case IDENTITY_FOREIGN:
		if (!p->adopt && p->mode != RUN_PLAN)
			return err_set(err, ERR_FAIL,
				"the table inet %s belongs to another database than %s. Nothing was changed. Name that database in "
				"[portflow] database, or take the table over with what this database knows: portflow apply --adopt",
				RULESET_TABLE, p->database);
		p->wipe = true;
		break;
	case IDENTITY_LOST:
		p->wipe = true;
		break;
	case IDENTITY_NONE:
	case IDENTITY_KNOWN:
	case IDENTITY_PENDING:
	case IDENTITY_COPY:
		break;
	}
	return 0;
}

/* As of this moment: a run may have begun long ago. */
void pass_want(struct pass *p)
{
	p->enforcement.now_ms = talk_clock();
	desired_build(&p->app->arena, p->config, &p->watch, &p->enforcement, &p->want);
}

static bool has_op(const struct ruleset *r, enum rule_op op)
{
	for (size_t c = 0; c < r->chains.n; c++)
		for (size_t i = 0; i < r->chains.at[c].rules.n; i++)
			for (size_t k = 0; k < r->chains.at[c].rules.at[i].exprs.n; k++)
				if (r->chains.at[c].rules.at[i].exprs.at[k].op == op)
					return true;
	return false;
}

/* Has the kernel what the rule is made of? Who only looks takes the word of the last run that tried, kept as `meta`. */
static int can(struct pass *p, const struct ruleset_rule *rule, const char *meta, bool *ret_can, struct err *err)
{
	const char *stored = NULL;

	if (p->store && store_meta_get(p->store, &p->app->arena, meta, &stored, err) < 0)
		return -1;
	if (p->mode == RUN_PLAN) {
		*ret_can = !stored || strcmp(stored, "no") != 0;
		return 0;
	}
	/* A no is asked for twice: what one refusal leaves out stays out until the table is built anew. */
	if (nft_can(p->talk, rule, ret_can, err) < 0 || (!*ret_can && nft_can(p->talk, rule, ret_can, err) < 0))
		return -1;
	return stored && strcmp(stored, *ret_can ? "yes" : "no") == 0
		? 0
		: store_meta_set(p->store, meta, *ret_can ? "yes" : "no", err);
}

/* What some kernels lack is wanted where this one has it, and was there as it was where the table has it. */
static int find_features(struct pass *p, struct err *err)
{
	struct ruleset_rule join = { 0 }, turn = { 0 };
	bool joins = has_op(&p->have, OP_TPROXY), turns = has_op(&p->have, OP_NUMGEN);

	desired_join_rule(&p->app->arena, &join);
	desired_turn_rule(&p->app->arena, &turn);
	if (p->mode != RUN_DOWN && !p->known) {
		if (!joins && desired_joins(p->config) && can(p, &join, META_JOINS, &joins, err) < 0)
			return -1;
		if (!turns && desired_enforces(p->config) && can(p, &turn, META_TURNS, &turns, err) < 0)
			return -1;
	}
	p->enforcement.joins = joins;
	p->enforcement.no_turns = !turns;
	return 0;
}

static void compare(struct pass *p)
{
	struct ruleset nothing = { .comment = "" };

	pass_want(p);
	p->rebuild = p->wipe || !p->have.present;
	diff_rulesets(
		&p->app->arena, &p->want.ruleset, p->wipe ? &nothing : &p->have, LEDGER_CANARY, QUOTA_THERE, &p->diff);
}

/* A copy is good for one restore: its canary is armed anew, so that the same file, or an older one, is known by its old canary
 * when it comes again. Nothing of such a table is taken: all of it may have been counted before. */
static void judge_canary_of_table(struct pass *p)
{
	enum canary c;

	p->canary_seen = (struct counter_value){ 0 };
	for (size_t i = 0; i < p->have.objects.n; i++) {
		const struct ruleset_object *o = &p->have.objects.at[i];

		if (o->kind == OBJECT_COUNTER && strcmp(o->name, LEDGER_CANARY) == 0)
			p->canary_seen = (struct counter_value){ true, o->handle, o->packets, o->bytes };
	}
	c = judge_canary(p);
	p->stale_copy = p->identity == IDENTITY_COPY && (c == CANARY_OTHER || c == CANARY_MISSING);
	p->wipe |= p->stale_copy;
	p->reset = !p->wipe && p->have.present && (p->ledger.reset_seen || c == CANARY_ZERO);
	p->arm = p->wipe || !p->have.present || c != CANARY_GOOD || p->identity == IDENTITY_COPY;
	p->arm_delete = p->arm && !p->wipe && c != CANARY_MISSING;
}

int pass_observe(struct pass *p, struct err *err)
{
	p->known = p->wipe = p->stale_copy = p->rebuild = p->arm = p->arm_delete = p->reset = false;
	p->have = (struct ruleset){ .comment = "" };
	p->want = (struct desired){ 0 };
	p->diff = (struct diff){ .copies = 1 };
	if (talk_generation(p->talk, &p->generation, err) < 0 || pass_queues(p, false, err) < 0)
		return -1;
	if (as_we_left_it(p) && p->shape.steps.n == 0 && !pass_ingress_differs(p)) {
		if (nft_read_counter(p->talk, LEDGER_CANARY, &p->canary_seen, err) < 0)
			return -1;
		p->where = p->ledger.bound;
		p->identity = IDENTITY_KNOWN;
		p->known = judge_canary(p) == CANARY_GOOD;
		if (p->known)
			return 0;
	}
	if (((!limit_may_shape(p->config) || !p->ingress.looked) && pass_queues(p, true, err) < 0) ||
		nft_read_table(p->talk, &p->app->arena, &p->have, err) < 0 || judge_table(p, err) < 0)
		return -1;
	if (p->have.present && nft_read_all(p->talk, &p->app->arena, p->generation, &p->have, err) < 0)
		return -1;
	judge_canary_of_table(p);
	if (find_features(p, err) < 0)
		return -1;
	compare(p);
	return 0;
}

/* Step 10: what was decided against what the kernel holds by now. Only what is enforced may differ: anything else is for the next run,
 * which writes down what it does beforehand. */
int pass_observe_again(struct pass *p, struct err *err)
{
	const struct epoch *ours = &p->where;

	p->have = (struct ruleset){ .comment = "" };
	if (talk_generation(p->talk, &p->generation, err) < 0 ||
		nft_read_all(p->talk, &p->app->arena, p->generation, &p->have, err) < 0)
		return -1;
	if (!p->have.present || p->have.handle != ours->table_handle)
		return err_set(err, ERR_STALE, "our table went while it was in use");
	if (p->known && find_features(p, err) < 0)
		return -1;
	pass_want(p);
	if (pass_carry(p, err) < 0)
		return -1;
	diff_rulesets(&p->app->arena, &p->want.ruleset, &p->have, LEDGER_CANARY, QUOTA_LEFT, &p->diff);
	for (size_t i = 0; i < p->diff.changes.of[CHANGE_OBJECT_ADD].n; i++)
		if (p->diff.changes.of[CHANGE_OBJECT_ADD].at[i].object->kind == OBJECT_COUNTER)
			return err_set(err, ERR_STALE, "somebody took counters out of our table");
	return 0;
}
