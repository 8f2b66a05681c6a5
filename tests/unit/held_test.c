/* What holds an entry as a table and queues have it: where they are as wanted it is what was decided, for every state that a policy can be in;
 * where something is missing, altered or added, it is what is there.
 * make check-unit runs it. */
#include "desired_help.h"

#include <linux/netfilter.h>

#include "model/desired_enforce.h"
#include "model/held.h"

#define NOW ((int64_t)1795600000) /* 2026-11-25 */
#define DAYS INT64_C(86400)

#define CONFIG \
	"[port web]\nports = 80, 8000-8999\nlimit = 8mbit\nquota = 1GB\nquota_action = block\n" \
	"[port slow]\nports = 81\nquota = 1GB\nquota_action = throttle 1mbit\nbilling = out\n" \
	"[port burst]\nports = 82\nburst_rate = 9mbit\nburst_limit = 2mbit\n" \
	"[port old]\nports = 83\nexpires = 2020-01-01\n[port young]\nports = 84\nexpires = 2099-01-01\n" \
	"[address host]\naddresses = 192.0.2.1, 2001:db8::/64\nlimit = 5mbit\n" \
	"[interface all]\nlimit_out = 100mbit\n" \
	"[quota plan]\nentries = web, slow, burst\nquota = 5GB\nquota_action = throttle 3mbit\nbilling = in\n"
enum { WEB, SLOW, BURST, OLD, YOUNG, HOST, ALL, PLAN, SUBJECTS };

struct kernel {
	struct arena a;
	const struct config *config;
	struct watch watch;
	struct policy policies[SUBJECTS];
	struct decided decided[SUBJECTS];
	uint32_t minors[SUBJECTS];
	struct limit_facts facts;
	struct enforcement enforcement;
	struct desired want;
	struct shape_device_list trees, wanted, none;
	struct hash_map used_up;
	struct held *held;
};

static void state_of(struct kernel *k, size_t subject, enum quota_state quota, int64_t burst_until)
{
	k->policies[subject].state.quota = k->decided[subject].quota = quota;
	k->policies[subject].state.burst_until = k->decided[subject].burst_until = burst_until;
}

static struct shape_device_list copy(struct arena *a, const struct shape_device_list *l)
{
	struct shape_device_list r = { 0 };

	for (size_t i = 0; i < l->n; i++) {
		struct shape_device *d = vec_push(a, &r);
		struct shape_class *at = arena_array(a, l->at[i].classes.n + 1, sizeof *at);

		*d = l->at[i];
		if (d->classes.n)
			memcpy(at, d->classes.at, d->classes.n * sizeof *at);
		d->classes.at = at;
	}
	return r;
}

/* shaped: what goes out. devices: as watch_of() has them, of which eth0 and eth1 are there. */
static void make_of(struct kernel *k, const char *config, const char *devices, bool shaped)
{
	struct arena *a = &k->a;

	k->config = config_of(a, config);
	k->watch = watch_of(a, devices);
	k->facts = (struct limit_facts){ .watch = &k->watch, .htb = true };
	for (int i = 1; i <= 2; i++)
		*vec_push(a, &k->facts.out) = (struct shape_device){ .ifindex = i,
			.name = { 'e', 't', 'h', (char)('0' + i - 1) },
			.major = SHAPE_OUT,
			.root = shaped ? SHAPE_ROOT_DEFAULT : SHAPE_ROOT_FOREIGN };
	k->enforcement = (struct enforcement){ .policies = k->policies,
		.ways = limit_ways(a, k->config, &k->facts),
		.minors = k->minors,
		.now_ms = NOW * 1000 };
	for (size_t i = 0; i < SUBJECTS; i++) {
		k->policies[i].state.cycle_start = NOW - DAYS;
		k->policies[i].state.cycle_end = k->decided[i].cycle_end = NOW + DAYS;
		k->minors[i] = (uint32_t)i + 1;
	}
}

static void make(struct kernel *k, bool shaped)
{
	make_of(k, CONFIG, "eth0:1500 eth1:9000", shaped);
	/* not whole bytes a second */
	((struct entry *)(uintptr_t)&k->config->entries.at[HOST])->limit[DIR_IN].bps++;
	((struct entry *)(uintptr_t)&k->config->entries.at[HOST])->limit[DIR_OUT].bps++;
	k->decided[OLD].expired = true;
}

static void build(struct kernel *k)
{
	struct arena *a = &k->a;

	desired_build(a, k->config, &k->watch, &k->enforcement, &k->want);
	limit_trees(a, k->config, &k->facts, k->enforcement.ways, k->minors, false, &k->wanted);
	k->trees = copy(a, &k->wanted);
	hash_map_init(&k->used_up, a, 0);
	for (size_t i = 0; i < k->config->entries.n + k->config->quotas.n; i++) {
		const size_t n = k->config->entries.n;
		const struct entry *e = i < n ? &k->config->entries.at[i] : &k->config->quotas.at[i - n];

		for (enum direction d = 0; d < DIRS; d++)
			if (k->decided[i].quota >= QUOTA_THROTTLED && enforce_quota_object(a, e, d, false))
				hash_map_add(&k->used_up, enforce_quota_object(a, e, d, false), 0);
	}
}

static void look(struct kernel *k)
{
	const struct held_input in = { .config = k->config,
		.watch = &k->watch,
		.enforcement = &k->enforcement,
		.table = &k->want.ruleset,
		.out = &k->trees,
		.out_wanted = &k->wanted,
		.in = &k->none,
		.used_up = &k->used_up,
		.decided = k->decided };

	k->held = held_by_kernel(&k->a, &in);
}

static const char *rate_text(struct arena *a, const struct standing_rate *r)
{
	return r->by ? arena_printf(a, "%llu %s of %s until %lld", (unsigned long long)r->bps, standing_word(r->why),
			       r->by->name, r->until == CALENDAR_MAX ? 0LL : (long long)(r->until - NOW))
		     : "free";
}

/* "8000000 configured of web until 0, shaped | free" */
static const char *text(struct kernel *k, size_t entry)
{
	const struct held *h = &k->held[entry];

	return arena_printf(&k->a, "%s%s | %s%s", rate_text(&k->a, &h->standing.of[DIR_IN]),
		h->shaped[DIR_IN] ? ", shaped" : "", rate_text(&k->a, &h->standing.of[DIR_OUT]),
		h->shaped[DIR_OUT] ? ", shaped" : "");
}

static void expect(struct kernel *k, size_t entry, const char *want, const char *what)
{
	look(k);
	if (strcmp(text(k, entry), want) != 0)
		fail_msg("%s: %s is \"%s\", not \"%s\"", what, k->config->entries.at[entry].name, text(k, entry), want);
}

/* Every state of each quota with every other, a hold or none, both methods. */
static void as_decided(void **state)
{
	static const enum quota_state quotas[] = { QUOTA_OK, QUOTA_WARNED, QUOTA_THROTTLED, QUOTA_BLOCKED };

	(void)state;
	for (unsigned int i = 0; i < 2 * 4 * 4 * 4 * 2; i++) {
		struct kernel k = { 0 };
		const struct standing *want;

		make(&k, i % 2);
		/* what each of them can be in */
		state_of(&k, WEB, quotas[i / 2 % 4] == QUOTA_THROTTLED ? QUOTA_BLOCKED : quotas[i / 2 % 4], 0);
		state_of(&k, SLOW, quotas[i / 8 % 4] == QUOTA_BLOCKED ? QUOTA_OK : quotas[i / 8 % 4], 0);
		state_of(&k, PLAN, quotas[i / 32 % 4] == QUOTA_BLOCKED ? QUOTA_OK : quotas[i / 32 % 4], 0);
		state_of(&k, BURST, QUOTA_OK, i / 128 % 2 ? NOW + 300 : 0);
		build(&k);
		look(&k);
		want = standings(&k.a, k.config, k.decided);
		for (size_t e = 0; e < k.config->entries.n; e++)
			for (enum direction d = 0; d < DIRS; d++) {
				const char *is = rate_text(&k.a, &k.held[e].standing.of[d]);
				const char *should = rate_text(&k.a, &want[e].of[d]);

				if (strcmp(is, should) != 0)
					fail_msg("case %u: %s: \"%s\", not \"%s\"", i, k.config->entries.at[e].name, is,
						should);
				if (k.held[e].shaped[d] != k.enforcement.ways[limit_way_at(e, d)].shaped)
					fail_msg("case %u: %s: shaped", i, k.config->entries.at[e].name);
			}
		arena_free(&k.a);
	}
}

static struct ruleset_set *set(struct kernel *k, const char *name)
{
	struct ruleset_set *s = ruleset_set(&k->want.ruleset, name);

	if (!s)
		fail_msg("no set %s", name);
	return s;
}

static struct ruleset_object *object(struct kernel *k, const char *name)
{
	for (size_t i = 0; i < k->want.ruleset.objects.n; i++)
		if (strcmp(k->want.ruleset.objects.at[i].name, name) == 0)
			return &k->want.ruleset.objects.at[i];
	fail_msg("no object %s", name);
	return NULL;
}

static struct ruleset_chain *chain(struct kernel *k, const char *name)
{
	struct ruleset_chain *c = (struct ruleset_chain *)(uintptr_t)ruleset_chain(&k->want.ruleset, name);

	if (!c)
		fail_msg("no chain %s", name);
	return c;
}

#define WEB_IN "8000000 configured of web until 0"
#define WEB_BOTH WEB_IN " | " WEB_IN
#define WEB_SHAPED WEB_BOTH ", shaped"
#define BLOCKED "0 quota of web until 86400 | 0 quota of web until 86400"

/* One damage each to a table in which everything holds. */
static void damaged(void **state)
{
	static const char other[] = "l_host.in";

	(void)state;
	for (int i = 0;; i++) {
		struct kernel k = { 0 };

		make(&k, i >= 20);
		if (i == 5 || i == 6 || i == 7)
			state_of(&k, WEB, QUOTA_BLOCKED, 0);
		if (i == 8 || i == 9)
			state_of(&k, SLOW, QUOTA_THROTTLED, 0);
		state_of(&k, BURST, QUOTA_OK, NOW + 300);
		build(&k);
		switch (i) {
		case 0: /* one key of several */
			set(&k, "police_tcp_in")->elems.n--;
			expect(&k, WEB, "free | " WEB_IN, "a port taken out of a map");
			break;
		case 1:
			set(&k, "police_tcpr_out")->elems.n = 0;
			expect(&k, WEB, WEB_IN " | free", "a range taken out of a map");
			break;
		case 2:
			set(&k, "police_udp_in")->elems.at[0].name = other;
			expect(&k, WEB, "free | " WEB_IN, "two limits over one entry");
			break;
		case 3:
			object(&k, "l_web.in")->limit = 125000;
			expect(&k, WEB, "1000000 configured of web until 0 | " WEB_IN, "another rate");
			break;
		case 4:
			object(&k, "l_web.in")->odd = true;
			expect(&k, WEB, "free | " WEB_IN, "a limit turned round");
			break;
		case 5:
			expect(&k, WEB, BLOCKED, "blocked");
			set(&k, "block_tcp")->elems.n = 0;
			expect(&k, WEB, BLOCKED, "blocked by its quota alone");
			hash_map_init(&k.used_up, &k.a, 0);
			expect(&k, WEB, WEB_BOTH, "blocked by nothing");
			assert_int_equal(k.held[WEB].quotas.n, 0);
			break;
		case 6:
			hash_map_init(&k.used_up, &k.a, 0);
			expect(&k, WEB, BLOCKED, "blocked by the set alone");
			assert_true(k.held[WEB].quotas.n > 0 && k.held[WEB].quotas.at[0] == WEB);
			set(&k, "block_tcp")->elems.at[0].deadline = 3600 * 1000;
			expect(&k, WEB, "0 quota of web until 3600 | 0 quota of web until 3600", "not for so long");
			break;
		case 7:
			k.want.ruleset.flags = 1;
			expect(&k, WEB, "free | free", "a table that sleeps");
			break;
		case 8:
			expect(&k, SLOW, "1000000 quota of slow until 86400 | 1000000 quota of slow until 86400",
				"throttled");
			set(&k, "hold_tcp_in")->elems.n = 0;
			expect(&k, SLOW, "free | 1000000 quota of slow until 86400",
				"the direction that it does not bill");
			set(&k, "tcur1_tcp")->elems.n = 0;
			set(&k, "tcur1_udp")->elems.n = 0;
			expect(&k, SLOW, "free | free", "in the next cycle nothing is used");
			hash_map_add(&k.used_up, "q_slow.next", 0);
			expect(&k, SLOW, "free | 1000000 quota of slow until 86400", "... until it is");
			break;
		case 9:
			object(&k, "t_slow.out")->limit = 1000;
			expect(&k, SLOW, "1000000 quota of slow until 86400 | 8000 quota of slow until 86400",
				"another throttle");
			break;
		case 10:
			expect(&k, BURST, "2000000 burst of burst until 300 | 2000000 burst of burst until 300",
				"a hold");
			set(&k, "burst_udp_out")->elems.n = 0;
			expect(&k, BURST, "2000000 burst of burst until 300 | free", "half of a hold");
			break;
		case 11:
			expect(&k, OLD, "0 expired of old until 0 | 0 expired of old until 0", "expired");
			set(&k, "expire_tcp")->elems.n--;
			set(&k, "expire_udp")->elems.n--;
			expect(&k, YOUNG, "free | free", "one that has not");
			break;
		case 12:
			expect(&k, YOUNG, "free | free", "alive");
			set(&k, "alive_tcp")->elems.n = 0;
			set(&k, "alive_udp")->elems.n = 0;
			expect(&k, YOUNG, "0 expired of young until 0 | 0 expired of young until 0",
				"not alive any more");
			break;
		case 13:
			chain(&k, "mine_in")->rules.n = 0;
			expect(&k, WEB, "free | " WEB_IN, "a chain emptied");
			expect(&k, HOST, "free | 5000001 configured of host until 0",
				"... and rules of addresses in it");
			break;
		case 14:
			chain(&k, "enforce_out")->priority = 500;
			expect(&k, WEB, WEB_IN " | free", "a chain moved");
			expect(&k, OLD, "0 expired of old until 0 | free", "a chain moved");
			break;
		case 15:
			chain(&k, "enforce_in")->rules.n = 0;
			expect(&k, WEB, "free | " WEB_IN, "a chain that nothing leads to");
			expect(&k, HOST, "free | 5000001 configured of host until 0",
				"... and the rules of addresses in it");
			break;
		case 16: {
			struct ruleset_chain *c = chain(&k, "mine_out");

			for (size_t r = 0; r < c->rules.n; r++)
				c->rules.at[r].exprs.at[c->rules.at[r].exprs.n - 1].key = NF_ACCEPT;
			expect(&k, WEB, WEB_IN " | free", "rules turned to accept");
			break;
		}
		case 17: {
			struct ruleset_chain *c = chain(&k, "mine_in");
			struct ruleset_rule all = { 0 };

			*vec_push(&k.a, &all.exprs) = (struct rule_expr){ .op = OP_VERDICT, .key = NF_ACCEPT };
			c->rules.at[0] = all;
			expect(&k, WEB, "free | " WEB_IN, "a rule before all others that takes everything");
			break;
		}
		case 18:
			set(&k, "police_tcpr_in")->odd = true;
			expect(&k, WEB, "free | " WEB_IN, "a map of another kind");
			break;
		case 19: {
			struct ruleset_set *s = set(&k, "police_udpr_in");
			struct ruleset_elem half = s->elems.at[0];

			s->elems.at[0].to[0] = 8499 >> 8;
			s->elems.at[0].to[1] = 8499 & 255;
			expect(&k, WEB, "free | " WEB_IN, "half a range");
			half.from[0] = 8500 >> 8;
			half.from[1] = 8500 & 255;
			*vec_push(&k.a, &s->elems) = half;
			expect(&k, WEB, WEB_BOTH, "a range in two pieces");
			s->elems.at[1].from[1]++;
			expect(&k, WEB, "free | " WEB_IN, "with a hole between them");
			break;
		}
		case 20:
			expect(&k, WEB, WEB_SHAPED, "shaped");
			expect(&k, ALL, "free | 100000000 configured of all until 0, shaped", "shaped as a whole");
			k.trees.at[0].root = SHAPE_ROOT_DEFAULT;
			k.trees.at[0].classes.n = 0;
			expect(&k, WEB, WEB_IN " | free", "no root");
			expect(&k, ALL, "free | free", "no root");
			break;
		case 21: {
			struct shape_class *c = (struct shape_class *)(uintptr_t)shape_class(&k.trees.at[0], WEB + 1);

			c->ceil_bytes = 125000;
			expect(&k, WEB, WEB_SHAPED, "of several devices the fastest");
			((struct shape_class *)(uintptr_t)shape_class(&k.trees.at[1], WEB + 1))->ceil_bytes = 250;
			expect(&k, WEB, WEB_IN " | 1000000 configured of web until 0, shaped",
				"another rate of a class");
			c->minor = 77;
			expect(&k, WEB, WEB_IN " | free", "no class");
			break;
		}
		case 22:
			set(&k, "class_tcp_out")->elems.n = 0;
			expect(&k, WEB, WEB_IN " | free", "no name of a class");
			break;
		case 23:
			set(&k, "class_tcp_out")->elems.at[0].verdict++;
			expect(&k, WEB, WEB_IN " | free", "another name of a class for a part");
			break;
		case 24:
			for (size_t s = 0; s < k.want.ruleset.sets.n; s++)
				for (size_t x = 0; k.want.ruleset.sets.at[s].data == DATA_CLASS &&
					x < k.want.ruleset.sets.at[s].elems.n;
					x++)
					k.want.ruleset.sets.at[s].elems.at[x].verdict ^= 1U << 16;
			expect(&k, WEB, WEB_IN " | free", "classes of somebody's");
			break;
		case 25:
			chain(&k, ENFORCE_CLASS_CHAIN)->rules.n = 0;
			expect(&k, WEB, WEB_IN " | free", "the chain of classes emptied");
			expect(&k, ALL, "free | 100000000 configured of all until 0, shaped",
				"... still shapes as a whole");
			break;
		case 26: /* the last class is that of the rest */
			k.trees.at[0].classes.n--;
			expect(&k, ALL, "free | free", "the rest goes past it");
			break;
		case 27: /* the file does not ask for it any more */
			((struct entry *)(uintptr_t)&k.config->entries.at[WEB])->limit[DIR_OUT].present = false;
			expect(&k, WEB, WEB_SHAPED, "a limit that is not asked for");
			break;
		default:
			arena_free(&k.a);
			if (i > 27)
				return;
			fail_msg("case %d", i);
		}
		arena_free(&k.a);
	}
}

static struct shape_class *class(struct kernel *k, size_t device, uint32_t minor)
{
	struct shape_class *c = (struct shape_class *)(uintptr_t)shape_class(&k->trees.at[device], minor);

	if (!c)
		fail_msg("no class %x on device %zu", minor, device);
	return c;
}

/* A whole interface that is not there, or none at all. */
static void no_device(void **state)
{
	static const struct {
		const char *config, *devices, *want, *shaped;
	} cases[] = {
		/* rules go by name: it is policed from its first packet on */
		{ "[interface all]\ninterface = ppp0\nlimit_out = 8mbit\n", "eth0:1500 ppp0:-",
			"free | 8000000 configured of all until 0", "free | 8000000 configured of all until 0" },
		{ "[interface all]\nlimit_out = 8mbit\n", "ppp0:-", "free | 8000000 configured of all until 0",
			"free | 8000000 configured of all until 0" },
		{ "[interface all]\nlimit = 8mbit\n", "", "free | free", "free | free" },
		{ "[interface all]\nquota = 1GB\nquota_action = block\n[port web]\nports = 80\nlimit_out = 8mbit\n", "",
			"free | free", "free | free" },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
		struct kernel k = { 0 };

		make_of(&k, cases[i / 2].config, cases[i / 2].devices, i % 2);
		build(&k);
		expect(&k, 0, i % 2 ? cases[i / 2].shaped : cases[i / 2].want, cases[i / 2].config);
		arena_free(&k.a);
	}
}

/* Packets of an entry are dropped, and no quota is decided to do it: it is the entry's, for as long as it is there. */
static void nobodys_block(void **state)
{
	struct kernel k = { 0 };

	(void)state;
	make(&k, false);
	state_of(&k, WEB, QUOTA_BLOCKED, 0);
	build(&k);
	k.decided[WEB].quota = QUOTA_OK;
	hash_map_init(&k.used_up, &k.a, 0);
	expect(&k, WEB, BLOCKED, "decided to be open, and still blocked");
	assert_int_equal(k.held[WEB].quotas.n, 0);
	set(&k, "block_tcp")->elems.at[0].deadline = 60 * 1000;
	expect(&k, WEB, "0 quota of web until 60 | 0 quota of web until 60", "for a minute more");
	arena_free(&k.a);

	k = (struct kernel){ 0 };
	make(&k, false);
	build(&k);
	for (size_t i = 0; i < 2; i++) {
		struct ruleset_set *s = set(&k, i ? "block_udp" : "block_tcp");

		*vec_push(&k.a, &s->elems) = (struct ruleset_elem){ .from = { 0, 82 }, .to = { 0, 82 } };
		s->sorted = false;
	}
	expect(&k, BURST, "0 quota of burst until 0 | 0 quota of burst until 0", "blocked by somebody, for ever");
	assert_int_equal(k.held[BURST].quotas.n, 0);
	expect(&k, SLOW, "free | free", "... nobody else is");
	arena_free(&k.a);
}

/* A device in the limit of all and in one of its own: the smaller one is its class. */
static void several_wholes(void **state)
{
	static const struct {
		const char *text, *all, *nic;
	} cases[] = {
		{ "[interface all]\nlimit_out = 100mbit\n[interface nic]\ninterface = eth0\nlimit_out = 50mbit\n",
			"free | 100000000 configured of all until 0, shaped",
			"free | 50000000 configured of nic until 0, shaped" },
		{ "[interface all]\nlimit_out = 100mbit\n[interface nic]\ninterface = eth0\nlimit_out = 200mbit\n",
			"free | 100000000 configured of all until 0, shaped",
			"free | 200000000 configured of nic until 0, shaped" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct kernel k = { 0 };

		make_of(&k, cases[i].text, "eth0:1500 eth1:1500", true);
		build(&k);
		expect(&k, 0, cases[i].all, "as it is wanted");
		expect(&k, 1, cases[i].nic, "as it is wanted");
		class(&k, 0, SHAPE_INNER)->ceil_bytes = 30000000 / 8;
		expect(&k, 0, cases[i].all, "of several devices the fastest");
		expect(&k, 1, "free | 30000000 configured of nic until 0, shaped", "slower than either");
		class(&k, 1, SHAPE_INNER)->ceil_bytes = 40000000 / 8;
		expect(&k, 0, "free | 40000000 configured of all until 0, shaped", "slower on both");
		k.trees.at[0].root = SHAPE_ROOT_DEFAULT;
		k.trees.at[0].classes.n = 0;
		expect(&k, 0, "free | free", "no queue on one of its devices");
		expect(&k, 1, "free | free", "no queue on its only one");
		arena_free(&k.a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_decided),
		cmocka_unit_test(damaged),
		cmocka_unit_test(no_device),
		cmocka_unit_test(nobodys_block),
		cmocka_unit_test(several_wholes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
