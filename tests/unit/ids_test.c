/* Places of ids in lists that ascend by them: every list up to some length with every second id, and each id in and around it.
 * Each answer is held against a walk over the list.
 * make check-unit runs it. */
#include "util/ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { N = 40 };

struct row {
	char before;
	int64_t id;
	char behind[20];
};

static void every(void **state)
{
	struct row rows[N] = { 0 };

	(void)state;
	for (size_t i = 0; i < N; i++)
		rows[i].id = (int64_t)(2 * i) - 10;
	for (size_t n = 0; n <= N; n++)
		for (int64_t id = -12; id <= 2 * N; id++) {
			size_t want = SIZE_MAX;

			for (size_t i = 0; i < n; i++)
				if (rows[i].id == id)
					want = i;
			assert_int_equal(IDS_PLACE(rows, n, id, id), want);
		}
}

static void edges(void **state)
{
	const struct row *none = NULL;
	const int64_t far[] = { INT64_MIN, -1, INT64_MAX };

	(void)state;
	assert_int_equal(IDS_PLACE(none, 0, id, 1), SIZE_MAX);
	assert_int_equal(ids_place(far, sizeof *far, 3, INT64_MIN), 0);
	assert_int_equal(ids_place(far, sizeof *far, 3, INT64_MAX), 2);
	assert_int_equal(ids_place(far, sizeof *far, 3, 0), SIZE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every),
		cmocka_unit_test(edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
