/* Which entry gets what, the numbers of the classes, and the figures of the tree.
 * Figures are worked out by hand: in the kernel's ticks, bytes and microseconds.
 * make check-unit runs it. */
#include "shape_help.h"

static void figures(void **state)
{
	/* bursts in ticks of 64 ns: 1 ms is 15,625 */
	static const struct {
		uint64_t bps;
		uint32_t mtu;
		uint64_t ceil;
		uint32_t cburst, fifo_out, fifo_in, target_out, target_in;
	} cases[] = {
		{ 8000, 1500, 1000, 47437500, 81920, 81920, 81920000, 2277000 },
		{ 8007, 1500, 1000, 47437500, 81920, 81920, 81920000, 2277000 },
		{ 8008, 1500, 1001, 47390110, 81920, 81920, 81838161, 2274725 },
		{ 64000, 1500, 8000, 5929688, 81920, 81920, 10240000, 284625 },
		{ 128000, 1500, 16000, 2964844, 81920, 81920, 5120000, 142312 },
		{ 256000, 1500, 32000, 1482422, 81920, 81920, 2560000, 71156 },
		{ 512000, 1500, 64000, 741211, 128000, 128000, 2000000, 35578 },
		{ 1000000, 1500, 125000, 379500, 250000, 250000, 2000000, 18216 },
		{ 10000000, 1500, 1250000, 37950, 2097152, 262144, 1677721, 5000 },
		{ 100000000, 1500, 12500000, 15625, 2097152, 1250000, 167772, 5000 },
		{ 100000000, 9000, 12500000, 22545, 2097152, 1250000, 167772, 5000 },
		{ 100000000000, 1500, 12500000000, 15625, 33554432, 33554432, 5000, 5000 },
		{ 8000, 65535, 1000, 2048531250, 81920, 81920, 81920000, 98329500 },
		{ 1000000, 0, 125000, 379500, 250000, 250000, 2000000, 18216 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_arena struct arena a = { 0 };
		const struct shape_limit l = { 5, cases[i].bps };
		struct shape_device d = want_of(&a, cases[i].mtu, false, 0, &l, 1);
		const struct shape_class *c = shape_class(&d, 5);

		assert_int_equal(d.classes.n, 2);
		assert_int_equal(c->parent, SHAPE_INNER);
		assert_int_equal(c->rate_bytes, 1000);
		assert_int_equal(c->ceil_bytes, cases[i].ceil);
		assert_int_equal(c->cburst_ticks, cases[i].cburst);
		assert_int_equal(c->leaf.kind, SHAPE_LEAF_FIFO);
		assert_int_equal(c->leaf.limit, cases[i].fifo_out);
		d = want_of(&a, cases[i].mtu, true, 0, &l, 1);
		c = shape_class(&d, 5);
		assert_int_equal(c->leaf.kind, SHAPE_LEAF_CODEL);
		assert_int_equal(c->leaf.target_us, cases[i].target_out);
		assert_int_equal(c->leaf.interval_us, cases[i].target_out + 95000);
		struct shape_wish in = { .mtu = cases[i].mtu, .major = SHAPE_IN, .codel = true, .limits = &l, .n = 1 };
		shape_want(&a, &in, &d);
		assert_int_equal(shape_class(&d, 5)->leaf.target_us, cases[i].target_in);
		in.codel = false;
		shape_want(&a, &in, &d);
		assert_int_equal(shape_class(&d, 5)->leaf.limit, cases[i].fifo_in);
	}
}

static void tree(void **state)
{
	cleanup_arena struct arena a = { 0 };
	const struct shape_limit l[] = { { 7, 20000000 }, { 1, 100000000000 } };
	struct shape_device d = want_of(&a, 1500, false, 0, NULL, 0);

	(void)state;
	assert_int_equal(d.root, SHAPE_ROOT_DEFAULT);
	assert_int_equal(d.classes.n, 0);
	d = want_of(&a, 1500, false, 0, l, 2);
	assert_int_equal(d.root, SHAPE_ROOT_OURS);
	assert_int_equal(d.rest, 0xffff);
	assert_int_equal(d.classes.n, 3);
	assert_int_equal(d.classes.at[0].minor, 1);
	assert_int_equal(d.classes.at[0].quantum_bytes, 60000);
	assert_int_equal(shape_class(&d, SHAPE_INNER)->parent, 0);
	assert_int_equal(shape_class(&d, SHAPE_INNER)->rate_bytes, SHAPE_OPEN_BYTES);
	/* no limit as a whole: the rest passes without a class, and the limit of 100 gbit is not cut by the class above */
	assert_null(shape_class(&d, SHAPE_REST));
	assert_true(shape_class(&d, 1)->ceil_bytes < SHAPE_OPEN_BYTES);
	d = want_of(&a, 1500, false, 50000000, l, 2);
	assert_int_equal(shape_class(&d, SHAPE_INNER)->rate_bytes, 6250000);
	assert_int_equal(shape_class(&d, SHAPE_REST)->ceil_bytes, 6250000);
	assert_int_equal(shape_class(&d, SHAPE_REST)->parent, SHAPE_INNER);
	for (size_t i = 0; i < d.classes.n; i++)
		assert_int_equal(d.classes.at[i].quantum_bytes, 6250);
	d = want_of(&a, 1500, false, 1000000, NULL, 0);
	assert_int_equal(d.classes.n, 2);
	assert_int_equal(d.classes.at[0].quantum_bytes, 1518);
	d = want_of(&a, 65535, false, 1000000, NULL, 0);
	assert_int_equal(d.classes.at[0].quantum_bytes, 60000);
}

static void minors(void **state)
{
	cleanup_arena struct arena a = { 0 };
	const char *const names[] = { "a", "b", "c", "d", "e", "f" };
	struct shape_minor had_at[] = { { "b", 4 }, { "gone", 1 }, { "c", 4 }, { "d", 2 }, { "d", 9 }, { "e", 0 },
		{ "f", 0xfffe } };
	const struct shape_minor_list had = { had_at, sizeof had_at / sizeof *had_at, 0 };
	static const uint32_t expected[] = { 1, 4, 3, 2, 5, 6 };
	struct shape_minor_list m, again;
	const char **many = arena_array(&a, SHAPE_MINOR_MAX + 1, sizeof *many);

	(void)state;
	assert_true(shape_minors(&a, names, 6, &had, &m));
	assert_int_equal(m.n, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_string_equal(m.at[i].name, names[i]);
		assert_int_equal(m.at[i].minor, expected[i]);
	}
	/* who comes later changes nothing for those who are there */
	assert_true(shape_minors(&a, names + 2, 3, &m, &again));
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(again.at[i].minor, expected[i + 2]);
	for (uint32_t i = 0; i <= SHAPE_MINOR_MAX; i++)
		many[i] = arena_printf(&a, "n%u", i);
	assert_true(shape_minors(&a, many, SHAPE_MINOR_MAX, &had, &m));
	assert_int_equal(m.at[SHAPE_MINOR_MAX - 1].minor, SHAPE_MINOR_MAX);
	assert_false(shape_minors(&a, many, SHAPE_MINOR_MAX + 1, &had, &m));
	assert_int_equal(m.n, SHAPE_MINOR_MAX);
	assert_true(shape_minors(&a, many, 0, &had, &m));
	assert_int_equal(m.n, 0);
}

static struct entry *add_entry(
	struct arena *a, struct config *c, enum entry_kind kind, uint16_t lo, uint16_t hi, uint8_t protocols)
{
	struct entry *e = vec_push(a, &c->entries);

	e->kind = kind;
	e->name = arena_printf(a, "e%zu", c->entries.n);
	e->protocols = protocols;
	if (lo)
		*vec_push(a, &e->ports) = (struct port_range){ lo, hi };
	e->limit[DIR_OUT] = (struct rate){ true, 1000000 };
	return e;
}

static void roles(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct config c = { 0 };
	struct shape_role *r;

	(void)state;
	add_entry(&a, &c, ENTRY_PORT, 80, 90, PROTO_TCP);
	add_entry(&a, &c, ENTRY_ADDRESS, 0, 0, 0);
	add_entry(&a, &c, ENTRY_ADDRESS, 90, 100, PROTO_TCP);
	add_entry(&a, &c, ENTRY_ADDRESS, 91, 100, PROTO_TCP);
	add_entry(&a, &c, ENTRY_ADDRESS, 80, 90, PROTO_UDP);
	add_entry(&a, &c, ENTRY_INTERFACE, 0, 0, 0);
	add_entry(&a, &c, ENTRY_PORT, 443, 443, PROTO_TCP)->limit[DIR_OUT].present = false;
	r = shape_roles(&a, &c, DIR_OUT);
	assert_true(r[0].classed && !r[0].total && !r[0].policed_beside);
	assert_true(r[1].classed && r[1].policed_beside);
	assert_true(r[2].classed && r[2].policed_beside);
	assert_true(r[3].classed && !r[3].policed_beside);
	assert_true(r[4].classed && !r[4].policed_beside);
	assert_true(!r[5].classed && r[5].total);
	assert_true(!r[6].classed);
	r = shape_roles(&a, &c, DIR_IN);
	for (size_t i = 0; i < c.entries.n; i++)
		assert_true(!r[i].classed && !r[i].total);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures),
		cmocka_unit_test(tree),
		cmocka_unit_test(minors),
		cmocka_unit_test(roles),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
