/* Quotas, limits, elements that end, classes and verdicts, written to a real kernel and read back: equal at once, after nft saved
 * and loaded them, and when typed as nft commands; whatever somebody does to them is mended by one batch.
 * In a network namespace of its own; where that is not permitted, nothing runs.
 * make check-unit runs it. */
#include "diff_help.h"

#include <linux/netfilter.h>
#include <time.h>

#include "kernel_help.h"
#include "nft/words.h"

#define HOUR UINT64_C(3600000)
#define CLASS_1 0x70660001
#define CLASS_DEFAULT 0x7066fffe

/* What is left of a time that began with the program. */
static uint64_t left(uint64_t ms)
{
	static struct timespec start;
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	if (!start.tv_sec)
		start = now;
	return ms - (uint64_t)((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000);
}

/* -- a table of all there is -- */

static struct rule_expr *expr(struct arena *a, struct ruleset_rule *r, enum rule_op op, uint32_t key, const char *name)
{
	struct rule_expr *e = vec_push(a, &r->exprs);

	*e = (struct rule_expr){ .op = op, .reg = op == OP_VERDICT ? 0 : 1, .key = key, .name = name };
	return e;
}

/* [th dport] by the map, then what is given */
static struct ruleset_rule *by_port(
	struct arena *a, struct ruleset *r, size_t chain, enum rule_op op, const char *map, bool drop)
{
	struct ruleset_rule *x = vec_push(a, &r->chains.at[chain].rules);
	struct rule_expr *e = expr(a, x, OP_PAYLOAD, NFT_PAYLOAD_TRANSPORT_HEADER, NULL);

	e->offset = 2;
	e->len = 2;
	expr(a, x, op, 0, map);
	if (op == OP_DATA_MAP)
		expr(a, x, OP_META_SET, NFT_META_PRIORITY, NULL);
	if (drop)
		expr(a, x, OP_VERDICT, NF_DROP, NULL);
	return x;
}

static struct ruleset_set *map(
	struct arena *a, struct ruleset *r, const char *name, bool interval, bool timed, enum set_data data)
{
	struct ruleset_set *s = set(a, r, name, KEY_SERVICE, interval, data);

	s->timed = timed;
	return s;
}

static void verdict(
	struct arena *a, struct ruleset_set *s, uint16_t port, uint32_t code, const char *chain, uint64_t deadline)
{
	struct ruleset_elem *e = elem(a, s, port, port, chain);

	e->verdict = code;
	e->deadline = deadline;
}

static void sized(struct arena *a, struct ruleset *r, const char *name, enum object_kind kind, uint64_t limit,
	uint64_t used, uint32_t burst)
{
	struct ruleset_object *o;

	object(a, r, name, kind);
	o = &r->objects.at[r->objects.n - 1];
	o->limit = limit;
	o->bytes = used;
	o->burst = burst;
}

enum { QUOTAS, QUOTAS_LONG, LIMITS, HOLDS, GATE, GATE_LONG, CLASSES, BARRED };
enum { Q_WEB, Q_DNS, Q_FULL, L_WEB, L_DNS, L_MAX, Q_COUNTER };

static void chains(struct arena *a, struct ruleset *r)
{
	static const char *const names[] = { "enforce_in", "now", "next" };

	for (size_t i = 0; i < 3; i++) {
		struct ruleset_chain *c = vec_push(a, &r->chains);

		c->name = names[i];
		c->base = i == 0;
		c->hook = NF_INET_PRE_ROUTING;
		c->priority = i == 0 ? -310 : 0;
	}
	by_port(a, r, 0, OP_VMAP, "gate", false);
	by_port(a, r, 0, OP_VMAP, "gate_long", false);
	by_port(a, r, 0, OP_LOOKUP, "barred", true);
	by_port(a, r, 0, OP_LIMIT_MAP, "limits", true);
	by_port(a, r, 0, OP_LIMIT_MAP, "holds", true);
	by_port(a, r, 0, OP_DATA_MAP, "classes", false);
	by_port(a, r, 1, OP_QUOTA_MAP, "quotas", true);
	by_port(a, r, 1, OP_QUOTA_MAP, "quotas_long", true);
	expr(a, by_port(a, r, 2, OP_QUOTA_MAP, "quotas", false), OP_VERDICT, NF_ACCEPT, NULL);
}

static struct ruleset everything(struct arena *a)
{
	struct ruleset r = { .present = true, .comment = COMMENT };

	chains(a, &r);
	elem(a, map(a, &r, "quotas", false, false, DATA_QUOTA), 80, 80, "q_web");
	elem(a, &r.sets.at[QUOTAS], 443, 443, "q_web");
	elem(a, &r.sets.at[QUOTAS], 53, 53, "q_full");
	elem(a, map(a, &r, "quotas_long", true, true, DATA_QUOTA), 1000, 65535, "q_dns")->deadline = left(HOUR);
	elem(a, map(a, &r, "limits", false, true, DATA_LIMIT), 80, 80, "l_web");
	elem(a, &r.sets.at[LIMITS], 53, 53, "l_dns")->deadline = left(HOUR + 500);
	elem(a, map(a, &r, "holds", true, true, DATA_LIMIT), 1000, 2000, "l_web")->deadline = left(90 * 24 * HOUR);
	elem(a, &r.sets.at[HOLDS], 2001, 3000, "l_max");
	verdict(a, map(a, &r, "gate", false, true, DATA_VERDICT), 80, (uint32_t)NFT_GOTO, "now", left(HOUR));
	verdict(a, &r.sets.at[GATE], 81, (uint32_t)NFT_JUMP, "next", 0);
	verdict(a, &r.sets.at[GATE], 82, NF_DROP, NULL, left(HOUR));
	verdict(a, &r.sets.at[GATE], 83, NF_ACCEPT, NULL, 0);
	verdict(a, &r.sets.at[GATE], 84, (uint32_t)NFT_RETURN, NULL, 0);
	verdict(a, map(a, &r, "gate_long", true, true, DATA_VERDICT), 90, (uint32_t)NFT_GOTO, "now", left(HOUR));
	elem(a, map(a, &r, "classes", false, false, DATA_CLASS), 80, 80, NULL)->verdict = CLASS_1;
	elem(a, &r.sets.at[CLASSES], 443, 443, NULL)->verdict = CLASS_DEFAULT;
	elem(a, map(a, &r, "barred", true, true, DATA_NONE), 5000, 6000, NULL)->deadline = left(HOUR);
	sized(a, &r, "q_web", OBJECT_QUOTA, UINT64_C(100000000000), 5, 0);
	sized(a, &r, "q_dns", OBJECT_QUOTA, UINT64_C(1000000000000000), 0, 0);
	sized(a, &r, "q_full", OBJECT_QUOTA, 1000, 2000, 0);
	sized(a, &r, "l_web", OBJECT_LIMIT, 2500000, 0, 65536);
	sized(a, &r, "l_dns", OBJECT_LIMIT, 1000, 0, 65536);
	sized(a, &r, "l_max", OBJECT_LIMIT, UINT64_C(12500000000), 0, 65536);
	object(a, &r, "q_web", OBJECT_COUNTER);
	return r;
}

static bool told(const char *command)
{
	char line[1024];

	snprintf(line, sizeof line, "nft '%s'", command);
	return shell(line);
}

static void nothing_left(struct kernel *k, struct ruleset *want, const char *what)
{
	kernel_look(k, want, QUOTA_LEFT);
	if (k->diff.changes.n || k->diff.retired.n || k->diff.copies != 1)
		fail_msg("%s: %s", what, changes_text(k->arena, &k->diff));
}

static void written_and_read(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct ruleset want = everything(&a);
	struct kernel k;
	struct quota_list quotas;
	uint64_t writes;

	(void)state;
	kernel_open(&k, &a);
	kernel_mend(&k, &want, QUOTA_LEFT, "all of it");
	writes = talk_writes(k.talk);
	kernel_mend(&k, &want, QUOTA_LEFT, "again");
	assert_int_equal(talk_writes(k.talk), writes);
	for (size_t i = 0; i < k.have.objects.n; i++)
		if (strcmp(k.have.objects.at[i].name, "l_web") == 0)
			assert_int_equal(k.have.objects.at[i].use, 2);
	assert_int_equal(nft_read_quotas(k.talk, &a, &quotas, &k.err), 0);
	assert_int_equal(quotas.of.n, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct quota_value *q = &quotas.of.at[i];

		if (strcmp(q->name, "q_web") == 0)
			assert_true(q->limit == UINT64_C(100000000000) && q->used == 5);
		if (strcmp(q->name, "q_full") == 0)
			assert_true(q->limit == 1000 && q->used == 1000);
	}
	if (have_nft()) {
		/* the classes are listed as tc writes them */
		assert_true(shell("nft list map inet portflow classes | grep -q \"80 : 7066:1, 443 : 7066:fffe\""));
		check_saved("all of it");
	}
	kernel_drop(&k);
	assert_int_equal(nft_read_quotas(k.talk, &a, &quotas, &k.err), 0);
	assert_int_equal(quotas.of.n, 0);
	talk_close(k.talk);
}

/* nft list ruleset > f; nft flush ruleset; nft -f f */
static void saved_and_loaded(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct ruleset want = everything(&a);
	struct kernel k;
	int64_t began;

	(void)state;
	if (!have_nft())
		skip();
	kernel_open(&k, &a);
	/* What stood in the file for long is off by more than a run lets pass. */
	for (int tries = 0; tries < 20; tries++) {
		kernel_mend(&k, &want, QUOTA_LEFT, "before");
		began = talk_clock();
		assert_true(shell(
			"f=$(mktemp) && nft list ruleset >$f && nft flush ruleset && nft -f $f; rc=$?; rm -f $f; exit $rc"));
		if (talk_clock() - began < DIFF_DEADLINE_MS)
			break;
	}
	nothing_left(&k, &want, "loaded");
	kernel_drop(&k);
	talk_close(k.talk);
}

/* What -v shows makes the same table, line by line. */
static void typed(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct ruleset want = everything(&a), none = { .comment = "" };
	struct str words = STR_CEILING((size_t)1 << 20);
	struct kernel k;
	struct diff d;
	const char *script;

	(void)state;
	if (!have_nft())
		skip();
	kernel_open(&k, &a);
	diff_rulesets(&a, &want, &none, NULL, QUOTA_LEFT, &d);
	nft_words(&d.changes, COMMENT, &words);
	/* Where each nft takes long, deadlines would be off by what all the typing takes: there one nft is told all of it. */
	script = getenv("SLOW") ? arena_printf(&a, "nft() { echo \"$*\"; }\n{\n%s} | command nft -f -", words.p)
				: arena_printf(&a, "set -e\n%s", words.p);
	str_free(&words);
	if (!shell(script))
		fail_msg("nft refuses some of\n%s", script);
	nothing_left(&k, &want, "typed");
	kernel_drop(&k);
	talk_close(k.talk);
}

/* -- somebody at the keyboard -- */

static const char *const damages[] = {
	"delete element inet portflow quotas { 80 }",
	"delete element inet portflow quotas { 80 }; add element inet portflow quotas { 80 : \"q_dns\" }",
	"delete element inet portflow limits { 53 }; add element inet portflow limits { 53 : \"l_dns\" }",
	"delete element inet portflow limits { 53 }; add element inet portflow limits { 53 timeout 1h3s : \"l_dns\" }",
	"delete element inet portflow limits { 80 }; add element inet portflow limits { 80 timeout 1h : \"l_web\" }",
	"delete element inet portflow holds { 1000-2000 }; add element inet portflow holds { 1000-2000 timeout 1h : \"l_web\" }",
	"flush map inet portflow gate",
	"delete element inet portflow gate { 82 }; add element inet portflow gate { 82 timeout 1h : accept }",
	"flush map inet portflow classes",
	"delete element inet portflow classes { 80 }; add element inet portflow classes { 80 : 7066:2 }",
	"flush set inet portflow barred",
	"flush chain inet portflow enforce_in",
	"flush map inet portflow quotas; delete quota inet portflow q_web; add quota inet portflow q_web { over 100 mbytes }",
	"flush map inet portflow quotas; delete quota inet portflow q_web; add quota inet portflow q_web { until 100000000000 bytes }; "
	"add element inet portflow quotas { 80 : \"q_web\", 443 : \"q_web\" }",
	"reset quota inet portflow q_full",
	"flush map inet portflow limits; flush map inet portflow holds; delete limit inet portflow l_web; "
	"add limit inet portflow l_web { rate over 2500000 bytes/second burst 65535 bytes }",
	"flush map inet portflow limits; flush map inet portflow holds; delete limit inet portflow l_web; "
	"add limit inet portflow l_web { rate over 2500000 bytes/minute burst 65536 bytes }; "
	"add element inet portflow limits { 80 : \"l_web\" }",
	"flush map inet portflow limits; flush map inet portflow holds; delete limit inet portflow l_web; "
	"add limit inet portflow l_web { rate 2500000 bytes/second burst 65536 bytes }",
	"flush map inet portflow limits; flush map inet portflow holds; delete limit inet portflow l_web; "
	"add limit inet portflow l_web { rate over 2500000/second burst 65536 packets }",
	"add quota inet portflow more { over 5 mbytes }; add element inet portflow quotas { 22 : \"more\" }; "
	"add element inet portflow quotas_long { 22 timeout 1s : \"more\" }",
	"add quota inet portflow more { over 5 mbytes }; add rule inet portflow now quota name \"more\" drop",
	"add limit inet portflow more { rate 5/second }; add rule inet portflow now limit name \"more\" drop",
	"add chain inet portflow side; add element inet portflow gate { 90 timeout 1s : goto side }",
	"add map inet portflow more { type inet_service : quota; flags timeout; timeout 1h; }",
	"flush chain inet portflow enforce_in; delete map inet portflow limits; "
	"add map inet portflow limits { type inet_service : limit; flags timeout; timeout 1h; elements = { 80 : \"l_web\" }; }",
	"flush chain inet portflow enforce_in; delete set inet portflow barred; "
	"add set inet portflow barred { type inet_service; flags interval,timeout; gc-interval 9s; }",
	"flush chain inet portflow enforce_in; delete map inet portflow limits; "
	"add map inet portflow limits { type inet_service : quota; flags timeout; elements = { 80 : \"q_web\" }; }",
	"flush chain inet portflow enforce_in; delete map inet portflow limits; "
	"add map inet portflow limits { type inet_service : limit; elements = { 80 : \"l_web\" }; }",
	"flush chain inet portflow enforce_in; delete map inet portflow classes; "
	"add map inet portflow classes { type inet_service : mark; elements = { 80 : 5 }; }",
	"add rule inet portflow enforce_in meta mark set 5",
};

static void each_damage(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct kernel k;

	(void)state;
	if (!have_nft())
		skip();
	kernel_open(&k, &a);
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		struct ruleset want = everything(&a);

		kernel_mend(&k, &want, QUOTA_LEFT, damages[i]);
		if (!told(damages[i]))
			fail_msg("nft refuses: %s", damages[i]);
		kernel_look(&k, &want, QUOTA_LEFT);
		if (k.diff.changes.n + k.diff.retired.n == 0)
			fail_msg("not seen: %s", damages[i]);
		kernel_mend(&k, &want, QUOTA_LEFT, damages[i]);
	}
	kernel_drop(&k);
	talk_close(k.talk);
}

/* A kernel takes a change in place and ignores it: the new values must be there. */
static void changed(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct ruleset want = everything(&a);
	struct kernel k;

	(void)state;
	kernel_open(&k, &a);
	kernel_mend(&k, &want, QUOTA_LEFT, "before");
	want.objects.at[L_WEB].limit = 1250000;
	want.objects.at[Q_WEB].limit /= 2;
	kernel_mend(&k, &want, QUOTA_LEFT, "other sizes");
	want.objects.at[Q_WEB].bytes = UINT64_C(40000000000);
	want.objects.at[Q_FULL].bytes = 0;
	kernel_mend(&k, &want, QUOTA_LEFT, "more used");
	ruleset_set(&want, "holds")->elems.at[0].deadline = HOUR;
	ruleset_set(&want, "limits")->elems.at[0].deadline = 2 * HOUR;
	kernel_mend(&k, &want, QUOTA_LEFT, "other ends");
	kernel_drop(&k);
	talk_close(k.talk);
}

/* Elements that have ended hold their limit and chain for a while: both can go, and be made anew, in one batch. */
static void ended(void **state)
{
	static const struct timespec wait = { .tv_nsec = 300000000 };
	cleanup_arena struct arena a = { 0 };
	struct ruleset want = everything(&a), less = everything(&a);
	struct kernel k;
	struct batch b = { 0 };
	struct ruleset_chain *side;
	struct diff d;

	(void)state;
	kernel_open(&k, &a);
	elem(&a, ruleset_set(&want, "holds"), 7000, 8000, "l_dns")->deadline = 2000;
	elem(&a, ruleset_set(&want, "limits"), 7000, 7000, "l_dns")->deadline = 2000;
	verdict(&a, ruleset_set(&want, "gate_long"), 7000, (uint32_t)NFT_GOTO, "side", 2000);
	side = vec_push(&a, &want.chains);
	side->name = "side";
	/* sent as if they had long to go */
	diff_rulesets(&a, &want, &(struct ruleset){ .comment = "" }, NULL, QUOTA_LEFT, &d);
	for (size_t i = 0; i < d.changes.of[CHANGE_ELEM_ADD].n; i++) {
		struct ruleset_elem *e = arena_new(&a, struct ruleset_elem);

		*e = *d.changes.of[CHANGE_ELEM_ADD].at[i].elem;
		if (e->deadline == 2000)
			e->deadline = 100;
		d.changes.of[CHANGE_ELEM_ADD].at[i].elem = e;
	}
	nft_put_changes(&b, &d.changes, COMMENT, talk_clock());
	assert_int_equal(talk_generation(k.talk, &k.generation, &k.err), 0);
	if (talk_batch(k.talk, &b, k.generation, &k.err) < 0)
		fail_msg("%s", k.err.text);
	batch_free(&b);
	nanosleep(&wait, NULL);
	less.objects.at[L_DNS].limit = 2000;
	kernel_mend(&k, &less, QUOTA_LEFT, "ended");
	kernel_drop(&k);
	talk_close(k.talk);
}

/* What was decided a while ago ends at its moment all the same, and what is over by now lasts a tick. */
static void sent_late(void **state)
{
	const struct timespec wait = { 0, 300000000 };
	cleanup_arena struct arena a = { 0 };
	struct ruleset want = everything(&a);
	struct kernel k;
	struct batch b = { 0 };
	struct ruleset_set *s;

	(void)state;
	kernel_open(&k, &a);
	elem(&a, ruleset_set(&want, "limits"), 7000, 7000, "l_dns")->deadline = 2000;
	kernel_look(&k, &want, QUOTA_LEFT);
	nft_put_changes(&b, &k.diff.changes, COMMENT, talk_clock() - (int64_t)HOUR / 2);
	if (talk_batch(k.talk, &b, k.generation, &k.err) < 0)
		fail_msg("%s", k.err.text);
	batch_free(&b);
	nanosleep(&wait, NULL);
	kernel_look(&k, &want, QUOTA_LEFT);
	s = ruleset_set(&k.have, "quotas_long");
	assert_in_range(s->elems.at[0].deadline, HOUR / 2 - 60000, HOUR / 2 + 500);
	assert_int_equal(ruleset_set(&k.have, "limits")->elems.n, 2);
	kernel_drop(&k);
	talk_close(k.talk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sent_late),
		cmocka_unit_test(written_and_read),
		cmocka_unit_test(saved_and_loaded),
		cmocka_unit_test(typed),
		cmocka_unit_test(each_damage),
		cmocka_unit_test(changed),
		cmocka_unit_test(ended),
	};

	if (!kernel_own())
		return 0;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
