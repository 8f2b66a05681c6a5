/* Places of names in a list: in the list's order, with gaps, out of order, and names that are in no list.
 * Each answer is held against a walk over the list. The map must stay unmade while the order holds: it is what they save.
 * make check-unit runs it. */
#include "util/places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { N = 500 };

struct row {
	int before;
	const char *name;
	uint64_t behind;
};

struct list {
	struct arena arena;
	struct row rows[N];
	struct places places;
};

static void fill(struct list *l)
{
	*l = (struct list){ 0 };
	for (int i = 0; i < N; i++)
		l->rows[i].name = arena_printf(&l->arena, "p_%d.in", i);
	places_init(&l->places, &l->arena, &l->rows[0].name, sizeof *l->rows, N);
}

static void finds(struct list *l, size_t want)
{
	const char *copy = arena_strdup(&l->arena, l->rows[want].name); /* not the list's own text */
	size_t got = N;

	assert_true(places_find(&l->places, copy, &got));
	assert_int_equal(got, want);
	assert_string_equal(places_name(&l->places, want), copy);
}

static void in_order(void **state)
{
	struct list l;

	(void)state;
	fill(&l);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < N; i++)
			finds(&l, i);
		l.places.next = 0;
	}
	for (size_t i = 0; i < N; i += 1 + i % 7) /* a few are missing now and then */
		finds(&l, i);
	assert_false(l.places.mapped);
	arena_free(&l.arena);
}

static void out_of_order(void **state)
{
	struct list l;

	(void)state;
	fill(&l);
	for (size_t i = N; i-- > 0;)
		finds(&l, i);
	for (size_t i = 0; i < N; i++)
		finds(&l, i * 37 % N);
	finds(&l, N - 1);
	finds(&l, 0);
	arena_free(&l.arena);
}

static void in_no_list(void **state)
{
	struct list l;
	size_t place = 7;

	(void)state;
	fill(&l);
	l.places.stranger = "canary";
	finds(&l, 3);
	assert_false(places_find(&l.places, "canary", &place));
	assert_false(l.places.mapped); /* expected, so no reason to make one */
	finds(&l, 4);
	assert_false(places_find(&l.places, "p_500.in", &place));
	assert_false(places_find(&l.places, "", &place));
	assert_int_equal(place, 7);
	finds(&l, 2);
	places_init(&l.places, &l.arena, NULL, sizeof *l.rows, 0);
	assert_false(places_find(&l.places, "p_0.in", &place));
	arena_free(&l.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(out_of_order),
		cmocka_unit_test(in_no_list),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("places", tests, NULL, NULL);
}
