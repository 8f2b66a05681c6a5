/* A trial as it is stored: what is written is read back, and what anybody may have written there instead is none.
 * When its time is over, and what is said of it.
 * make check-unit runs it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/trial.h"

#define BOOT "3f1c2d4e-0000-4000-8000-0123456789ab"
#define NOW ((int64_t)1767225600) /* 2026-01-01 00:00 UTC */

static struct trial pending(void)
{
	return (struct trial){ .state = TRIAL_PENDING,
		.before = TRIAL_BEFORE_APPLIED,
		.id = "0123456789abcdef",
		.boot_id = BOOT,
		.netns = UINT64_MAX,
		.began = NOW,
		.until = NOW + 60,
		.until_up_ms = 5060000,
		.files = 0x8000000000000001,
		.who = "root" };
}

static void there_and_back(void **state)
{
	cleanup_arena struct arena a = { 0 };

	(void)state;
	for (int s = 0; s < TRIAL_STATES; s++)
		for (int b = 0; b < TRIAL_BEFORES; b++) {
			struct trial t = pending(), got;

			t.state = (enum trial_state)s;
			t.before = (enum trial_before)b;
			t.ended = s * NOW;
			trial_name("user 1000", t.by);
			assert_string_equal(t.by, "user-1000");
			trial_parse(trial_print(&a, &t), &got);
			assert_int_equal(got.state, t.state);
			assert_int_equal(got.before, t.before);
			assert_string_equal(got.id, t.id);
			assert_string_equal(got.boot_id, t.boot_id);
			assert_true(got.netns == t.netns && got.files == t.files);
			assert_int_equal(got.began, t.began);
			assert_int_equal(got.until, t.until);
			assert_int_equal(got.until_up_ms, t.until_up_ms);
			assert_int_equal(got.ended, t.ended);
			assert_string_equal(got.who, "root");
			assert_string_equal(got.by, "user-1000");
		}
}

static void no_name(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct trial t = pending(), got;
	char name[300];

	(void)state;
	t.who[0] = '\0';
	trial_parse(trial_print(&a, &t), &got);
	assert_string_equal(got.who, "");
	assert_int_equal(got.state, TRIAL_PENDING);
	memset(name, 'x', sizeof name);
	name[sizeof name - 1] = '\0';
	trial_name(name, t.who);
	assert_int_equal(strlen(t.who), TRIAL_WHO - 1);
	trial_parse(trial_print(&a, &t), &got);
	assert_string_equal(got.who, t.who);
	trial_name("\xe5\xb0\x8f\n", t.who);
	assert_string_equal(t.who, "----");
}

/* Cut anywhere, with a byte more, with a word that is none. */
static void noise(void **state)
{
	cleanup_arena struct arena a = { 0 };
	static const char *const odd[] = { "", " ", "1", "yes",
		"2 1 1 a b 0000000000000000 1 1 1 1 0000000000000000 a b",
		"1 9 1 a b 0000000000000000 1 1 1 1 0000000000000000 a b",
		"1 1 7 a b 0000000000000000 1 1 1 1 0000000000000000 a b", "1 1 1 a b 0 1 1 1 1 0000000000000000 a b",
		"1 1 1 a b 0000000000000000 -1 1 1 1 0000000000000000 a b",
		"1 1 1 a b 0000000000000000 1 99999999999999999999 1 1 0000000000000000 a b",
		"1 1 1 a b 0000000000000000 1 1 1 1 0000000000000000 a \x7f" };
	struct trial t = pending(), got;
	const char *text;

	(void)state;
	trial_name("alice", t.by);
	text = trial_print(&a, &t);
	for (size_t n = 0; n < strlen(text) - 5; n++) {
		trial_parse(arena_strndup(&a, text, n), &got);
		assert_int_equal(got.state, TRIAL_NONE);
		assert_string_equal(got.id, "");
	}
	trial_parse(arena_printf(&a, "%s ", text), &got);
	assert_int_equal(got.state, TRIAL_PENDING);
	trial_parse(arena_printf(&a, "%s x", text), &got);
	assert_int_equal(got.state, TRIAL_NONE);
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		trial_parse(odd[i], &got);
		if (got.state != TRIAL_NONE)
			fail_msg("\"%s\" is a trial", odd[i]);
	}
	trial_parse("1 1 1 a b 0000000000000000 1 1 1 1 0000000000000000 a b", &got);
	assert_int_equal(got.state, TRIAL_PENDING);
}

static void over(void **state)
{
	struct trial t = pending();

	(void)state;
	assert_false(trial_over(&t, BOOT, UINT64_MAX, 5059999));
	assert_true(trial_over(&t, BOOT, UINT64_MAX, 5060000));
	/* another boot, whose clock began anew; another network namespace, where it is known */
	assert_true(trial_over(&t, "3f1c2d4e-0000-4000-8000-0123456789ac", UINT64_MAX, 1));
	assert_true(trial_over(&t, BOOT, 7, 1));
	assert_false(trial_over(&t, BOOT, 0, 1));
	t.state = TRIAL_CONFIRMED;
	assert_false(trial_over(&t, "", 7, INT64_MAX));
}

static void says(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct trial t = pending();

	(void)state;
	assert_non_null(
		strstr(trial_says(&a, &t, "Asia/Shanghai", NOW, false, false), "on trial until 08:01:00, and then"));
	assert_non_null(strstr(trial_says(&a, &t, "UTC", NOW + 86400, false, false), "until 2026-01-01 00:01:00, and"));
	assert_non_null(strstr(trial_says(&a, &t, "UTC", NOW, true, false), "was on trial until 00:01:00"));
	t.state = TRIAL_ROLLED_BACK;
	t.ended = NOW + 61;
	assert_null(trial_says(&a, &t, "UTC", NOW, false, false));
	assert_non_null(strstr(trial_says(&a, &t, "UTC", NOW, false, true),
		"rolled back at 00:01:01: the one applied before it holds until the file changes, or"));
	t.before = TRIAL_BEFORE_DOWN;
	assert_non_null(
		strstr(trial_says(&a, &t, "UTC", NOW, false, true), "counting is down until it is taken up by"));
	t.before = TRIAL_BEFORE_NOTHING;
	assert_non_null(strstr(trial_says(&a, &t, "UTC", NOW, false, true), "nothing is counted until the file"));
	t.state = TRIAL_CONFIRMED;
	assert_null(trial_says(&a, &t, "UTC", NOW, false, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(no_name),
		cmocka_unit_test(noise),
		cmocka_unit_test(over),
		cmocka_unit_test(says),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
