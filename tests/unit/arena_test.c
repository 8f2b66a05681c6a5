/* The arena and the arrays that grow in it: alignment, zeroes, growth, and the end for want of memory.
 * Wrong sizes end the process, so they are asked for in a child.
 * make check-unit runs it. */
#include "util/arena.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/vec.h"

static void sizes(void **state)
{
	static const size_t cases[] = { 0, 1, 7, 8, 15, 16, 17, 16 << 10, 1, (16 << 10) - 1, 1 << 20, (1 << 20) + 1, 3,
		5 << 20, 1 };
	struct arena a = { 0 };
	unsigned char *at[sizeof cases / sizeof *cases];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		at[i] = arena_alloc(&a, cases[i]);
		assert_int_equal((uintptr_t)at[i] % alignof(max_align_t), 0);
		for (size_t k = 0; k < cases[i]; k++)
			if (at[i][k])
				fail_msg("byte %zu of %zu is not zero", k, cases[i]);
		memset(at[i], (int)i + 1, cases[i]);
	}
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t k = 0; k < cases[i]; k++)
			if (at[i][k] != i + 1)
				fail_msg("%zu bytes were written over", cases[i]);
	arena_free(&a);
	assert_null(a.head);
	arena_free(&a);
	assert_non_null(arena_alloc(&a, 1)); /* it can be used again */
	arena_free(&a);
}

static void texts(void **state)
{
	struct arena a = { 0 };
	char bytes[] = { 'a', '\0', 'b' }, *copy;

	(void)state;
	assert_string_equal(arena_strdup(&a, ""), "");
	assert_string_equal(arena_strdup(&a, "web"), "web");
	assert_string_equal(arena_strndup(&a, "website", 3), "web");
	copy = arena_strndup(&a, bytes, sizeof bytes);
	assert_memory_equal(copy, bytes, sizeof bytes);
	assert_int_equal(copy[3], 0);
	assert_string_equal(arena_printf(&a, "%s", ""), "");
	assert_string_equal(arena_printf(&a, "%s %d", "port", 443), "port 443");
	copy = arena_printf(&a, "%0*d", 100000, 7); /* longer than a chunk */
	assert_int_equal(strlen(copy), 100000);
	assert_int_equal(copy[99999], '7');
	arena_free(&a);
}

static void want_too_much(int which)
{
	struct arena a = { 0 };
	volatile size_t most = SIZE_MAX;

	if (which == 0)
		arena_alloc(&a, most);
	else if (which == 1)
		arena_array(&a, most / 8 + 1, 8); /* the product would be 8 */
	else
		arena_oom();
}

static void out_of_memory(void **state)
{
	static const char want[] = "portflow: out of memory\n";

	(void)state;
	for (int which = 0; which < 3; which++) {
		char text[sizeof want] = { 0 };
		int ends[2], status;
		pid_t pid;

		assert_int_equal(pipe(ends), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			dup2(ends[1], STDERR_FILENO);
			want_too_much(which);
			_exit(0);
		}
		close(ends[1]);
		assert_int_equal(read(ends[0], text, sizeof text), sizeof want - 1);
		close(ends[0]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
		assert_string_equal(text, want);
	}
}

struct item {
	uint32_t number;
	char pad[5];
};

static void vectors(void **state)
{
	struct arena a = { 0 };
	VEC_OF(struct item) v = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 10000; i++) {
		struct item *new = vec_push(&a, &v);
		static const struct item zero;

		assert_memory_equal(new, &zero, sizeof zero);
		assert_ptr_equal(new, &v.at[i]);
		assert_int_equal(v.n, i + 1);
		assert_true(v.cap >= v.n);
		new->number = i;
	}
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(v.at[i].number, i);
	arena_free(&a);
}

static void grown_in_place(void **state)
{
	struct arena a = { 0 };
	VEC_OF(struct item) v = { 0 }, reserved = { 0 };
	const struct item *began, *behind;
	char *text;

	(void)state;
	vec_push(&a, &v)->number = 1;
	began = v.at;
	for (uint32_t i = 0; i < 100; i++)
		vec_push(&a, &v);
	assert_ptr_equal(v.at, began);  /* nothing was taken meanwhile */
	text = arena_strdup(&a, "odd"); /* texts lie close together, at any address */
	assert_ptr_equal(arena_strdup(&a, "x"), text + 4);
	for (uint32_t i = 0; i < 100; i++)
		vec_push(&a, &v)->number = i;
	assert_ptr_not_equal(v.at, began);
	assert_string_equal(text, "odd");
	assert_int_equal(v.at[0].number, 1);
	assert_false(arena_extend(&a, text, 4, 1));
	vec_reserve(&a, &reserved, 3000);
	began = reserved.at;
	behind = arena_alloc(&a, 1);
	for (uint32_t i = 0; i < 3000; i++)
		vec_push(&a, &reserved);
	assert_ptr_equal(reserved.at, began);
	assert_true(behind >= reserved.at + 3000 || behind < reserved.at);
	vec_reserve(&a, &reserved, 5);
	assert_int_equal(reserved.cap, 3000);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(texts),
		cmocka_unit_test(out_of_memory),
		cmocka_unit_test(vectors),
		cmocka_unit_test(grown_in_place),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
