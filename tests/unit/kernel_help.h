/* What the tests of nft/ against a real kernel share: a network namespace of their own, nft at the keyboard, and a table that is
 * read, compared and mended as a run does it.
 * Tests of nft/ include, behind ruleset_help.h or what includes it. */
#ifndef KERNEL_HELP_H
#define KERNEL_HELP_H

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "nft/table.h"
#include "shell_help.h"

#define COMMENT "portflow 11111111-2222-3333-4444-555555555555 0123456789abcdef"

struct kernel {
	struct talk *talk;
	struct arena *arena;
	struct ruleset have;
	struct diff diff;
	uint32_t generation;
	struct err err;
};

/* What is wanted is wanted from now. */
static inline void kernel_look(struct kernel *k, struct ruleset *want, enum quota_check quotas)
{
	if (talk_generation(k->talk, &k->generation, &k->err) < 0 ||
		nft_read_all(k->talk, k->arena, k->generation, &k->have, &k->err) < 0)
		fail_msg("%s", k->err.text);
	want->now_ms = talk_clock();
	diff_rulesets(k->arena, want, &k->have, NULL, quotas, &k->diff);
}

/* One batch must do; two where the diff says so. Counters that nobody wants go behind it, as a run does. */
static inline void kernel_mend(struct kernel *k, struct ruleset *want, enum quota_check quotas, const char *what)
{
	struct batch b = { 0 };

	kernel_look(k, want, quotas);
	nft_put_changes(&b, &k->diff.changes, COMMENT, want->now_ms);
	if (talk_batch(k->talk, &b, k->generation, &k->err) < 0)
		fail_msg("%s: %s: %s", what, k->err.text, changes_text(k->arena, &k->diff));
	batch_free(&b);
	if (k->diff.partial) {
		kernel_mend(k, want, quotas, what);
		return;
	}
	for (size_t i = 0; i < k->diff.retired.n; i++)
		nft_put_counter_del(&b, k->diff.retired.at[i]->name);
	if (talk_batch(k->talk, &b, k->generation + (k->diff.changes.n > 0), &k->err) < 0)
		fail_msg("%s: retired: %s", what, k->err.text);
	batch_free(&b);
	kernel_look(k, want, quotas);
	if (k->diff.changes.n || k->diff.retired.n || k->diff.copies != 1)
		fail_msg("%s: afterwards %s", what, changes_text(k->arena, &k->diff));
}

static inline void kernel_open(struct kernel *k, struct arena *a)
{
	*k = (struct kernel){ .arena = a };
	if (talk_open(&k->talk, &k->err) < 0)
		fail_msg("%s", k->err.text);
}

static inline void kernel_drop(struct kernel *k)
{
	struct batch b = { 0 };

	nft_put_table_del(&b);
	if (talk_generation(k->talk, &k->generation, &k->err) < 0 ||
		talk_batch(k->talk, &b, k->generation, &k->err) < 0)
		fail_msg("%s", k->err.text);
	batch_free(&b);
}

static inline bool have_nft(void)
{
	return shell("command -v nft");
}

/* What an admin saves, his next boot loads. */
static inline void check_saved(const char *what)
{
	if (!shell("f=$(mktemp) && { echo flush ruleset; nft list ruleset; } >$f && nft -c -f $f; rc=$?; rm -f $f; exit $rc"))
		fail_msg("nft cannot load its own listing of %s", what);
}

/* false: nothing can be tried here. The machine's own rules are not touched. */
static inline bool kernel_own(void)
{
	if (unshare(CLONE_NEWNET) == 0)
		return true;
	printf("1..0 # SKIP a network namespace of its own: %s\n", errno == EPERM ? "run as root" : "not here");
	return false;
}

#endif
