/* Years of figures in a database, through the program's own store: what reports cost and how a database grows cannot be waited for.
 * Entries are busy in three of four hours, with a few bytes or with gigabytes, each size as likely as the next.
 * tests/bench/ runs it: fill DB ENTRIES FIRST STEP COUNT
 *   COUNT results, each STEP seconds after the one before, the first at FIRST (Unix seconds); hours are kept for ever. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/store.h"

static uint64_t state = 88172645463325252u;

/* xorshift: the same figures in every run */
static uint64_t some(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static const struct cycle_rule month = { .unit = CYCLE_MONTH, .reset_day = 1, .timezone = "UTC" };

static _Noreturn void fail(const struct err *err)
{
	fprintf(stderr, "fill: %s\n", err->text);
	exit(1);
}

static void add_entries(struct store *s, struct arena *a, struct ledger *l, size_t entries, int64_t now)
{
	struct intent i = { .now = now };
	struct err err = { 0 };

	for (size_t n = l->entries.n; n < entries; n++) {
		struct ledger_entry *e = vec_push(a, &i.new_entries);

		e->kind = ENTRY_PORT;
		e->name = arena_printf(a, "customer-%03zu", n);
		e->created = now;
	}
	if (store_intent(s, l, &i, &err) < 0 || store_load(s, a, l, &err) < 0)
		fail(&err);
}

/* Between 1 and 2^bits, as many of a thousand as of a million. */
static uint64_t of_any_size(unsigned bits)
{
	return 1 + some() % ((uint64_t)1 << some() % (bits + 1));
}

static struct figures traffic(void)
{
	struct figures f = { 0 };

	for (int d = 0; d < DIRS; d++) {
		f.packets[d] = of_any_size(24);
		f.bytes[d] = f.packets[d] * (60 + some() % 1440);
		f.raw_packets[d] = f.packets[d];
		f.raw_bytes[d] = f.bytes[d];
	}
	return f;
}

static void one_result(struct store *s, const struct ledger *l, int64_t now, int64_t step)
{
	struct arena a = { 0 };
	struct err err = { 0 };
	struct result r = { .now = now,
		.zone = "UTC",
		.keep_minutes = { false, 172800 },
		.keep_hours = { true, 0 },
		.keep_days = { true, 0 } };

	for (size_t i = 0; i < l->entries.n; i++) {
		struct result_entry *e = vec_push(&a, &r.entries);

		e->entry = l->entries.at[i].id;
		e->from = now - step;
		e->zone = "UTC";
		e->cycle = &month;
		e->cycle_rule = 1;
		if (some() % 4 != 0)
			e->delta = traffic();
	}
	if (store_result(s, &r, &err) < 0)
		fail(&err);
	arena_free(&a);
}

int main(int argc, char **argv)
{
	struct arena a = { 0 };
	struct ledger l;
	struct err err = { 0 };
	struct store *s;

	if (argc != 6)
		return 64;
	int64_t first = strtoll(argv[3], NULL, 10), step = strtoll(argv[4], NULL, 10),
		count = strtoll(argv[5], NULL, 10);
	if (store_open(argv[1], STORE_CREATE, &s, &err) < 0 || store_load(s, &a, &l, &err) < 0)
		fail(&err);
	add_entries(s, &a, &l, (size_t)strtoull(argv[2], NULL, 10), first);
	for (int64_t i = 0; i < count; i++)
		one_result(s, &l, first + i * step, step);
	store_close(s);
	arena_free(&a);
	return 0;
}
