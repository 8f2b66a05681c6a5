/* `portflow quota`: what comes of each request, by hand; then any requests in a row, each undone at once, against the figures that must come
 * of them.
 * make check-unit runs it. */
#include "model/adjust.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GB UINT64_C(1000000000)
#define MOST ((uint64_t)INT64_MAX)

static struct entry quota_of(enum billing billing, bool binary)
{
	return (struct entry){ .billing = billing, .quota = { .present = true, .binary = binary, .bytes = 100 * GB } };
}

struct answer {
	const char *name;
	struct adjust ask;
	struct adjustment before, after; /* after: of CHANGES */
	const char *why;                 /* of REFUSED */
	struct adjust undo;
	uint64_t used, limit; /* of CHANGES */
	enum adjust_answer answer;
};

/* 30 GB are counted. */
static const struct answer answers[] = {
	{ "add", { ADJUST_ADD, 5 * GB }, { 0, 0 }, { 5 * GB, 0 }, NULL, { ADJUST_TAKE, 5 * GB }, 30 * GB, 105 * GB,
		ADJUST_CHANGES },
	{ "add to what was added", { ADJUST_ADD, 5 * GB }, { 7, -1 }, { 5 * GB + 7, -1 }, NULL, { ADJUST_TAKE, 5 * GB },
		30 * GB - 1, 105 * GB + 7, ADJUST_CHANGES },
	{ "add nothing", { ADJUST_ADD, 0 }, { 7, 0 }, { 0 }, NULL, { 0 }, 0, 0, ADJUST_NOTHING },
	{ "add what fits", { ADJUST_ADD, MOST - 7 }, { 7, 0 }, { MOST, 0 }, NULL, { ADJUST_TAKE, MOST - 7 }, 30 * GB,
		MOST + 100 * GB, ADJUST_CHANGES },
	{ "add a byte too much", { ADJUST_ADD, MOST - 6 }, { 7, 0 }, { 0 }, "that is more than a quota can hold", { 0 },
		0, 0, ADJUST_REFUSED },
	{ "take all of it", { ADJUST_TAKE, 7 }, { 7, 3 }, { 0, 3 }, NULL, { ADJUST_ADD, 7 }, 30 * GB + 3, 100 * GB,
		ADJUST_CHANGES },
	{ "take more than was added", { ADJUST_TAKE, 8 }, { 7, 0 }, { 0 }, "only 7 B were added in this cycle", { 0 },
		0, 0, ADJUST_REFUSED },
	{ "take of nothing", { ADJUST_TAKE, 1 }, { 0, 0 }, { 0 }, "nothing was added in this cycle", { 0 }, 0, 0,
		ADJUST_REFUSED },
	{ "reset", { ADJUST_RESET, 0 }, { 9, 0 }, { 9, -30 * (int64_t)GB }, NULL, { ADJUST_MORE, 30 * GB }, 0,
		100 * GB + 9, ADJUST_CHANGES },
	{ "reset again", { ADJUST_RESET, 0 }, { 0, -30 * (int64_t)GB }, { 0 }, NULL, { 0 }, 0, 0, ADJUST_NOTHING },
	{ "reset below what is counted", { ADJUST_RESET, 0 }, { 0, -90 * (int64_t)GB }, { 0 }, NULL, { 0 }, 0, 0,
		ADJUST_NOTHING },
	{ "used", { ADJUST_USED, 31 * GB }, { 0, 0 }, { 0, GB }, NULL, { ADJUST_LESS, GB }, 31 * GB, 100 * GB,
		ADJUST_CHANGES },
	{ "used, once more", { ADJUST_USED, 29 * GB }, { 0, GB }, { 0, -(int64_t)GB }, NULL, { ADJUST_MORE, 2 * GB },
		29 * GB, 100 * GB, ADJUST_CHANGES },
	{ "used as it is", { ADJUST_USED, 31 * GB }, { 0, GB }, { 0 }, NULL, { 0 }, 0, 0, ADJUST_NOTHING },
	{ "used: the most", { ADJUST_USED, MOST }, { 0, 0 }, { 0, INT64_MAX - 30 * (int64_t)GB }, NULL,
		{ ADJUST_LESS, MOST - 30 * GB }, MOST, 100 * GB, ADJUST_CHANGES },
	{ "more", { ADJUST_MORE, GB }, { 0, -(int64_t)GB }, { 0, 0 }, NULL, { ADJUST_LESS, GB }, 30 * GB, 100 * GB,
		ADJUST_CHANGES },
	{ "more than fits", { ADJUST_MORE, MOST }, { 0, 1 }, { 0 }, "that is more than a quota can hold", { 0 }, 0, 0,
		ADJUST_REFUSED },
	{ "less", { ADJUST_LESS, 30 * GB }, { 0, 0 }, { 0, -30 * (int64_t)GB }, NULL, { ADJUST_MORE, 30 * GB }, 0,
		100 * GB, ADJUST_CHANGES },
	{ "less than nothing", { ADJUST_LESS, 30 * GB + 1 }, { 0, 0 }, { 0 }, "only 30.0 GB are used", { 0 }, 0, 0,
		ADJUST_REFUSED },
};

static void by_hand(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		const struct answer *x = &answers[i];
		cleanup_arena struct arena a = { 0 };
		struct entry e = quota_of(BILLING_BOTH, false);
		struct usage u = { .figures.bytes = { 10 * GB, 20 * GB }, .adjustment = x->before };
		struct adjustment after;
		struct adjust undo = { 0 };
		const char *why = NULL;
		enum adjust_answer got = adjust_decide(&a, &e, &u, &x->ask, &after, &undo, &why);

		if (got != x->answer)
			fail_msg("%s: answer %d, wanted %d", x->name, (int)got, (int)x->answer);
		if (got == ADJUST_REFUSED)
			assert_string_equal(why, x->why);
		if (got != ADJUST_CHANGES)
			continue;
		u.adjustment = after;
		if (after.extra != x->after.extra || after.correction != x->after.correction ||
			undo.kind != x->undo.kind || undo.bytes != x->undo.bytes || policy_used(&e, &u) != x->used ||
			policy_limit(&e, &u) != x->limit)
			fail_msg("%s: extra %" PRIu64 " correction %" PRId64 ", undo %d %" PRIu64 ", %" PRIu64
				 " of %" PRIu64,
				x->name, after.extra, after.correction, (int)undo.kind, undo.bytes, policy_used(&e, &u),
				policy_limit(&e, &u));
	}
}

static uint64_t any(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 20;
}

/* Whatever was done before, and whatever moved in between, undoing leads back. */
static void undone(void **state)
{
	static const enum billing modes[] = { BILLING_OUT, BILLING_IN, BILLING_BOTH, BILLING_MAX, BILLING_RELAY };
	uint64_t seed = 4;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		cleanup_arena struct arena a = { 0 };
		struct entry e = quota_of(modes[any(&seed) % 5], any(&seed) & 1);
		struct usage u = { .figures.bytes = { any(&seed) % (50 * GB), any(&seed) % (50 * GB) } };

		for (int step = 0; step < 6; step++) {
			struct adjust ask = { (enum adjust_kind)(any(&seed) % 6), any(&seed) % (60 * GB) }, undo, again;
			struct adjustment before = u.adjustment, there, back;
			const char *why;

			if (adjust_decide(&a, &e, &u, &ask, &there, &undo, &why) != ADJUST_CHANGES)
				continue;
			u.adjustment = there;
			if (ask.kind == ADJUST_USED)
				assert_int_equal(policy_used(&e, &u), ask.bytes);
			if (ask.kind == ADJUST_RESET)
				assert_int_equal(policy_used(&e, &u), 0);
			u.figures.bytes[DIR_OUT] += any(&seed) % GB;
			assert_int_equal(adjust_decide(&a, &e, &u, &undo, &back, &again, &why), ADJUST_CHANGES);
			assert_memory_equal(&back, &before, sizeof back);
			assert_int_equal(again.bytes, undo.bytes);
			if (any(&seed) & 1)
				u.adjustment = back;
		}
	}
}

static void words(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct entry e = quota_of(BILLING_OUT, false), iec = quota_of(BILLING_OUT, true);
	struct usage u = { .figures.bytes = { 0, 20 * GB } }, more = u, less = u;

	(void)state;
	more.adjustment.extra = 5 * GB;
	less.adjustment.correction = -20 * (int64_t)GB;
	assert_string_equal(adjust_words(&a, &e, &u, &more, &(struct adjust){ ADJUST_ADD, 5 * GB }),
		"5.00 GB added to the quota of this cycle, which is 105 GB now");
	assert_string_equal(adjust_words(&a, &e, &more, &u, &(struct adjust){ ADJUST_TAKE, 5 * GB }),
		"5.00 GB taken off the quota of this cycle, which is 100 GB now");
	assert_string_equal(adjust_words(&a, &iec, &u, &less, &(struct adjust){ ADJUST_RESET, 0 }),
		"what is used of the quota set from 18.6 GiB to 0 B");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),
		cmocka_unit_test(undone),
		cmocka_unit_test(words),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
