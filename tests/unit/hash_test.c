/* Hashes against the published values of FNV-1a, and the map through growth, twins and misses.
 * The known values keep the known-state check of a database comparable between builds.
 * make check-unit runs it. */
#include "util/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void known_values(void **state)
{
	static const struct {
		const char *bytes;
		uint64_t want;
	} cases[] = {
		{ "", 0xcbf29ce484222325 },
		{ "a", 0xaf63dc4c8601ec8c },
		{ "b", 0xaf63df4c8601f1a5 },
		{ "foobar", 0x85944171f73967e8 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (hash_bytes(HASH_START, cases[i].bytes, strlen(cases[i].bytes)) != cases[i].want)
			fail_msg("hash of \"%s\"", cases[i].bytes);
	assert_true(hash_bytes(hash_bytes(HASH_START, "foo", 3), "bar", 3) == hash_bytes(HASH_START, "foobar", 6));
	assert_true(hash_bytes(HASH_START, "a\0b", 3) != hash_bytes(HASH_START, "a\0c", 3));
}

static void ends_count(void **state)
{
	(void)state;
	assert_true(hash_text(hash_text(HASH_START, "ab"), "c") != hash_text(hash_text(HASH_START, "a"), "bc"));
	assert_true(hash_text(HASH_START, "") != HASH_START);
	assert_true(hash_u64(HASH_START, 0) != hash_u64(HASH_START, 1));
	assert_true(hash_u64(HASH_START, 1) != hash_u64(HASH_START, 1ULL << 32));
	assert_true(hash_u64(hash_u64(HASH_START, 1), 2) != hash_u64(hash_u64(HASH_START, 2), 1));
}

static void map(void **state)
{
	enum { N = 5000 };
	struct arena a = { 0 };
	struct hash_map m;
	const char *keys[N];

	(void)state;
	for (size_t expected = 0; expected <= N; expected += N) {
		hash_map_init(&m, &a, expected);
		assert_null(hash_map_get(&m, "p_web.in"));
		for (uint32_t i = 0; i < N; i++) {
			keys[i] = arena_printf(&a, "p_%u.in", i);
			assert_true(hash_map_add(&m, keys[i], i));
			assert_int_equal(m.n, i + 1);
			assert_true(2 * m.n <= m.cap);
		}
		for (uint32_t i = 0; i < N; i++) {
			char copy[32];
			const uint32_t *got;

			memcpy(copy, keys[i], strlen(keys[i]) + 1); /* compared by text, not by address */
			got = hash_map_get(&m, copy);
			assert_true(got && *got == i);
			assert_false(hash_map_add(&m, copy, N + i));
			assert_int_equal(*hash_map_get(&m, keys[i]), i);
		}
		assert_int_equal(m.n, N);
		assert_null(hash_map_get(&m, "p_5000.in"));
		assert_null(hash_map_get(&m, ""));
		assert_true(hash_map_add(&m, "", 7));
		assert_int_equal(*hash_map_get(&m, ""), 7);
	}
	arena_free(&a);
}

/* At the moment it grows, a twin must still be seen. */
static void twin_at_growth(void **state)
{
	struct arena a = { 0 };
	struct hash_map m;

	(void)state;
	hash_map_init(&m, &a, 0);
	for (uint32_t i = 0; 2 * (m.n + 1) <= m.cap; i++)
		assert_true(hash_map_add(&m, arena_printf(&a, "%u", i), i));
	assert_false(hash_map_add(&m, "0", 99));
	assert_int_equal(*hash_map_get(&m, "0"), 0);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values),
		cmocka_unit_test(ends_count),
		cmocka_unit_test(map),
		cmocka_unit_test(twin_at_growth),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
