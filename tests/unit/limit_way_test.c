/* Which limits are shaped, which are policed and why, and the trees that follow: for kinds of entries, methods, roots and devices that are
 * not there.
 * make check-unit runs it. */
#include "desired_help.h"

#include "model/limit_way.h"

/* "eth0:- eth1:fq": devices by number with the root that was read; "-" = the kernel's own, "7066" = ours, else somebody's kind. */
static struct limit_facts facts_of(struct arena *a, const struct watch *w, const char *roots)
{
	struct limit_facts f = { .watch = w, .htb = true };
	char name[DEVICE_NAME_MAX + 1], kind[16];
	int used;

	for (; sscanf(roots, " %15[^:]:%15s%n", name, kind, &used) == 2; roots += used) {
		struct shape_device *d = vec_push(a, &f.out);

		snprintf(d->name, sizeof d->name, "%s", name);
		d->ifindex = watch_find(w, name)->ifindex;
		if (strcmp(kind, "7066") == 0)
			d->root = SHAPE_ROOT_OURS;
		else if (strcmp(kind, "-") != 0)
			d->root = SHAPE_ROOT_FOREIGN;
		snprintf(d->kind, sizeof d->kind, "%s", kind);
		d->handle = 0x80010000;
	}
	return f;
}

#define ENTRIES \
	"[port web]\nports = 80\nlimit = 1mbit\n" \
	"[address whole]\naddresses = 192.0.2.1\nlimit_out = 2mbit\n" \
	"[address dns]\naddresses = 192.0.2.2\nports = 53\nlimit_out = 3mbit\n" \
	"[interface nic]\nlimit_out = 4mbit\n" \
	"[interface tunnel]\ninterface = wg0\nlimit_out = 5mbit\n" \
	"[port free]\nports = 81\nlimit_in = 1mbit\n" \
	"[address name]\naddresses = 192.0.2.3\nports = 80\nlimit_in = 6mbit\n" \
	"[interface side]\ninterface = side0\nlimit_in = 7mbit\n"

/* What is decided: one letter an entry and direction; lower case: police beside shaping. */
static const char *decided(struct arena *a, const char *settings, const char *devices, const char *roots, bool htb)
{
	static const char letters[] = { '.', 'S', 'a', 'i', 'd', 'h', 'f', 'r', 'c', 'w', 't' };
	struct watch w = watch_of(a, devices);
	struct config *c = config_of(a, arena_printf(a, "[portflow]\ntimezone = UTC\n%s" ENTRIES, settings));
	struct limit_facts f = facts_of(a, &w, roots);
	struct limit_way *ways;
	char *text = arena_array(a, 3 * c->entries.n + 1, 1);
	size_t n = 0;

	f.htb = htb;
	ways = limit_ways(a, c, &f);
	for (enum direction d = 0; d < DIRS; d++)
		for (size_t i = 0; i < c->entries.n; i++) {
			const struct limit_way *way = &ways[limit_way_at(i, d)];
			bool interface = c->entries.at[i].kind == ENTRY_INTERFACE;

			text[n++] = way->shaped && way->policed ? 'B' : letters[way->why];
			assert_int_equal(way->shaped, way->why == LIMIT_SHAPED);
			assert_int_equal(way->classed, way->shaped && !interface);
			assert_int_equal(way->why != LIMIT_NONE, way->shaped || way->policed);
			assert_int_equal(way->why != LIMIT_NONE, limit_method(way) != NULL);
			assert_int_equal(way->why != LIMIT_NONE, *limit_reason(a, &f, way) != '\0');
		}
	return text;
}

static void ways(void **state)
{
	static const struct {
		const char *settings, *devices, *roots, *decided;
		bool no_htb;
	} cases[] = {
		/* web, whole (whose port 80 is in web's class), dns, nic, tunnel */
		{ "", "eth0:1500 wg0:1420+", "eth0:- wg0:-", "i....iiiSBSSS...", false },
		{ "", "eth0:1500 wg0:1420+", "eth0:7066 wg0:7066", "i....iiiSBSSS...", false },
		{ "limit_method = shape\n", "eth0:1500 wg0:1420+", "eth0:- wg0:-", "S....SBwSBSSS...", false },
		{ "limit_method = shape\n", "eth0:1500 wg0:1420+", "eth0:fq wg0:-", "S....SBwffffS...", false },
		{ "limit_method = shape\n", "eth0:1500 wg0:1420+", "eth0:- wg0:-", "h....hhwhhhhh...", true },
		{ "limit_method = shape\n", "eth0:- wg0:1420+", "wg0:-", "d....ddwddddS...", false },
		{ "limit_method = police\n", "eth0:1500 wg0:1420+", "eth0:- wg0:-", "a....aaaaaaaa...", false },
		{ "", "eth0:1500 wg0:1420+", "eth0:- wg0:-", "i....iiihhhhh...", true },
		{ "", "eth0:1500 wg0:1420+", "eth0:fq wg0:-", "i....iiiffffS...", false },
		{ "", "eth0:1500 wg0:1420+", "eth0:- wg0:htb", "i....iiiSBSSf...", false },
		{ "takeover = yes\n", "eth0:1500 wg0:1420+", "eth0:fq wg0:htb", "i....iiiSBSSS...", false },
		{ "takeover = yes\nlimit_method = police\n", "eth0:1500 wg0:1420+", "eth0:fq wg0:htb",
			"a....aaaaaaaa...", false },
		/* one of two listed devices decides for both */
		{ "", "eth0:1500 eth1:1500 wg0:1420+", "eth0:- eth1:fq wg0:-", "i....iiiffffS...", false },
		{ "", "eth0:1500 eth1:- wg0:1420+", "eth0:- wg0:-", "i....iiiSBSSS...", false },
		{ "", "eth0:- eth1:- wg0:-+", "", "i....iiiddddd...", false },
		{ "", "", "", "i....iiiddddd...", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_arena struct arena a = { 0 };
		const char *got = decided(&a, cases[i].settings, cases[i].devices, cases[i].roots, !cases[i].no_htb);

		if (strcmp(got, cases[i].decided) != 0)
			fail_msg("%s on %s with %s: %s, wanted %s", cases[i].settings, cases[i].devices, cases[i].roots,
				got, cases[i].decided);
	}
}

static void crowded(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct config c = { 0 };
	struct watch w = watch_of(&a, "eth0:1500");
	struct limit_facts f = facts_of(&a, &w, "eth0:-");
	struct limit_way *ways;

	(void)state;
	for (size_t i = 0; i < SHAPE_MINOR_MAX + 2; i++) {
		struct entry *e = vec_push(&a, &c.entries);

		e->kind = i == 7 ? ENTRY_INTERFACE : ENTRY_PORT;
		e->limit[DIR_OUT] = (struct rate){ true, 8000 };
	}
	ways = limit_ways(&a, &c, &f);
	assert_true(ways[limit_way_at(SHAPE_MINOR_MAX, DIR_OUT)].classed);
	assert_int_equal(ways[limit_way_at(SHAPE_MINOR_MAX + 1, DIR_OUT)].why, LIMIT_CROWDED);
	assert_true(ways[limit_way_at(SHAPE_MINOR_MAX + 1, DIR_OUT)].policed);
	assert_true(ways[limit_way_at(7, DIR_OUT)].shaped);
	c.settings.limit_method = METHOD_SHAPE;
	assert_non_null(strstr(limit_impossible(&a, &c, &f, ways), "65533"));
}

static void words(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct watch w = watch_of(&a, "eth0:1500");
	struct config *c = config_of(&a, "[portflow]\nlimit_method = shape\n[port web]\nports = 80\nlimit = 1mbit\n");
	struct limit_facts f = facts_of(&a, &w, "eth0:fq");
	struct limit_way *ways = limit_ways(&a, c, &f);

	(void)state;
	assert_string_equal(limit_impossible(&a, c, &f, ways),
		"eth0 has a root qdisc that somebody configured (fq, handle 8001:), so limit_method = shape cannot be: let portflow "
		"replace it with `takeover = yes`, or write `limit_method = police`");
	c->settings.limit_method = METHOD_AUTO;
	assert_null(limit_impossible(&a, c, &f, ways));
	assert_true(limit_may_shape(c));
	c->settings.limit_method = METHOD_POLICE;
	assert_false(limit_may_shape(c));
	c->settings.limit_method = METHOD_SHAPE;
	f.htb = false;
	ways = limit_ways(&a, c, &f);
	assert_string_equal(limit_impossible(&a, c, &f, ways),
		"the kernel has no HTB, so limit_method = shape cannot be: write `limit_method = police`");
	f.refused = "the kernel refused";
	f.refused_in = f.refused;
	ways = limit_ways(&a, c, &f);
	assert_int_equal(ways[limit_way_at(0, DIR_OUT)].why, LIMIT_REFUSED);
	assert_null(limit_impossible(&a, c, &f, ways));
	c->entries.at[0].limit[DIR_OUT].present = false;
	assert_false(limit_may_shape(c));
}

/* What comes in. */
static void inward(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct watch w = watch_of(&a, "eth0:1500 eth1:9000 gone0:-");
	struct config *c = config_of(&a, "[portflow]\nlimit_method = shape\n" ENTRIES);
	struct limit_facts f = facts_of(&a, &w, "eth0:- eth1:-");
	const uint32_t minors[] = { 4, 0, 0, 0, 0, 2, 9, 0 };
	struct limit_way *ways = limit_ways(&a, c, &f);
	struct shape_device d;

	(void)state;
	assert_true(limit_may_shape_in(c));
	assert_string_equal(limit_reason(&a, &f, &ways[limit_way_at(0, DIR_IN)]), "it waits on ifb-portflow");
	limit_tree_in(&a, c, &f, ways, minors, false, 77, &d);
	assert_int_equal(d.ifindex, 77);
	assert_int_equal(d.major, SHAPE_IN);
	assert_true(d.takeover);
	assert_string_equal(d.name, "ifb-portflow");
	assert_int_equal(d.classes.n, 4);
	assert_int_equal(shape_class(&d, 4)->ceil_bytes, 125000);
	assert_int_equal(shape_class(&d, 2)->ceil_bytes, 125000);
	assert_int_equal(shape_class(&d, 9)->ceil_bytes, 750000);
	/* room for two frames of the largest */
	assert_in_range(shape_class(&d, 4)->cburst_ticks * (uint64_t)SHAPE_TICK_NS * 125000 / 1000000000, 18000, 19000);
	f.taken_in = "the shop";
	ways = limit_ways(&a, c, &f);
	assert_int_equal(ways[limit_way_at(0, DIR_IN)].why, LIMIT_TAKEN);
	assert_int_equal(ways[limit_way_at(0, DIR_OUT)].why, LIMIT_SHAPED);
	assert_string_equal(limit_impossible(&a, c, &f, ways),
		"the shop, so limit_method = shape cannot be: rename or delete it, or write `limit_method = police`");
	limit_tree_in(&a, c, &f, ways, minors, false, 77, &d);
	assert_int_equal(d.root, SHAPE_ROOT_DEFAULT);
	f.refused_in = "no such thing";
	ways = limit_ways(&a, c, &f);
	assert_string_equal(limit_reason(&a, &f, &ways[limit_way_at(0, DIR_IN)]), "no such thing");
	assert_null(limit_impossible(&a, c, &f, ways));
	c->settings.limit_method = METHOD_AUTO;
	assert_false(limit_may_shape_in(c));
}

/* Every way of keeping a limit makes another table, so another hash. */
static void hash(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct watch w = watch_of(&a, "eth0:1500 wg0:1420+");
	struct config *c = config_of(&a, ENTRIES);
	struct limit_facts open = facts_of(&a, &w, "eth0:- wg0:-"), ours = facts_of(&a, &w, "eth0:7066 wg0:-"),
			   foreign = facts_of(&a, &w, "eth0:fq wg0:-");

	(void)state;
	assert_true(limit_hash(1, c, limit_ways(&a, c, &open)) == limit_hash(1, c, limit_ways(&a, c, &ours)));
	assert_true(limit_hash(1, c, limit_ways(&a, c, &open)) != limit_hash(1, c, limit_ways(&a, c, &foreign)));
	assert_true(limit_hash(1, c, limit_ways(&a, c, &open)) != limit_hash(2, c, limit_ways(&a, c, &open)));
}

static const char *trees_of(struct arena *a, const char *settings, const char *devices, const char *roots)
{
	static const uint32_t minors[] = { 4, 2, 9, 0, 0, 0 };
	struct watch w = watch_of(a, devices);
	struct config *c = config_of(a, arena_printf(a, "[portflow]\ntimezone = UTC\n%s" ENTRIES, settings));
	struct limit_facts f = facts_of(a, &w, roots);
	struct shape_device_list want;
	const char *text = "";

	limit_trees(a, c, &f, limit_ways(a, c, &f), minors, false, &want);
	for (size_t i = 0; i < want.n; i++) {
		const struct shape_device *d = &want.at[i];

		assert_int_equal(d->root, SHAPE_ROOT_OURS);
		assert_int_equal(d->ifindex, watch_find(&w, d->name)->ifindex);
		assert_int_equal(d->takeover, c->settings.takeover);
		text = arena_printf(a, "%s%s", text, d->name);
		for (size_t k = 0; k < d->classes.n; k++)
			text = arena_printf(a, "%s %x=%llu", text, d->classes.at[k].minor,
				(unsigned long long)d->classes.at[k].ceil_bytes / 125);
		text = arena_printf(a, "%s; ", text);
	}
	return text;
}

static void trees(void **state)
{
	cleanup_arena struct arena a = { 0 };

	(void)state;
	assert_string_equal(trees_of(&a, "", "eth0:1500 eth1:1500 gone0:- wg0:1420+", "eth0:- eth1:- wg0:-"),
		"eth0 2=2000 4=1000 9=3000 fffe=4000 ffff=4000; eth1 2=2000 4=1000 9=3000 fffe=4000 ffff=4000; "
		"wg0 fffe=5000 ffff=5000; ");
	assert_string_equal(trees_of(&a, "", "eth0:1500 wg0:1420+", "eth0:fq wg0:-"), "wg0 fffe=5000 ffff=5000; ");
	assert_string_equal(trees_of(&a, "takeover = yes\n", "eth0:1500 wg0:1420+", "eth0:fq wg0:htb"),
		"eth0 2=2000 4=1000 9=3000 fffe=4000 ffff=4000; wg0 fffe=5000 ffff=5000; ");
	assert_string_equal(trees_of(&a, "limit_method = police\n", "eth0:1500 wg0:1420+", "eth0:- wg0:-"), "");
	/* a listed device with an [interface] of its own beside the one of all */
	assert_string_equal(trees_of(&a, "", "eth0:1500 wg0:1420", "eth0:- wg0:-"),
		"eth0 2=2000 4=1000 9=3000 fffe=4000 ffff=4000; wg0 2=2000 4=1000 9=3000 fffe=4000 ffff=4000; ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ways),
		cmocka_unit_test(crowded),
		cmocka_unit_test(words),
		cmocka_unit_test(inward),
		cmocka_unit_test(hash),
		cmocka_unit_test(trees),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
