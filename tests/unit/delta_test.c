/* Every byte once: what the baselines and the kernel's values give, for each thing that can happen to a table between two runs.
 * The rows of the rule are a table of cases over one counter; wire figures and attribution have ledgers of their own.
 * make check-unit runs it. */
#include "model/delta.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define UUID "11111111-2222-3333-4444-555555555555"
#define OTHER_UUID "11111111-2222-3333-4444-555555555556"
#define BOUND "0123456789abcdef"
#define PENDING "fedcba9876543210"
#define BOOT "aaaaaaaa-2222-3333-4444-555555555555"

static struct ledger_counter *add_counter(struct arena *a, struct ledger *l, int64_t entry, enum direction dir,
	enum counter_role role, const char *object)
{
	struct ledger_counter *c = vec_push(a, &l->counters);

	*c = (struct ledger_counter){ .id = (int64_t)(100 + l->counters.n),
		.entry = entry,
		.dir = dir,
		.role = role,
		.mtu = role == ROLE_BIG4 || role == ROLE_BIG6 ? 1500 : 0,
		.object = object,
		.handle = 7 };
	return c;
}

static void add_entry(struct arena *a, struct ledger *l, int64_t id, enum entry_kind kind, const char *name)
{
	struct ledger_entry *e = vec_push(a, &l->entries);

	e->id = id;
	e->kind = kind;
	e->name = name;
}

static void identify(void **state)
{
	static const struct {
		const char *name, *comment;
		struct {
			const char *boot;
			uint64_t netns, handle;
		} at;
		enum identity want;
	} cases[] = {
		{ "as we left it", "portflow " UUID " " BOUND, { BOOT, 5, 3 }, IDENTITY_KNOWN },
		{ "another boot", "portflow " UUID " " BOUND, { "bbbb", 5, 3 }, IDENTITY_COPY },
		{ "another namespace", "portflow " UUID " " BOUND, { BOOT, 6, 3 }, IDENTITY_COPY },
		{ "another table handle", "portflow " UUID " " BOUND, { BOOT, 5, 4 }, IDENTITY_COPY },
		{ "we died after the commit", "portflow " UUID " " PENDING, { BOOT, 5, 9 }, IDENTITY_PENDING },
		{ "a nonce nobody knows", "portflow " UUID " 0000000000000000", { BOOT, 5, 3 }, IDENTITY_LOST },
		{ "another database", "portflow " OTHER_UUID " " BOUND, { BOOT, 5, 3 }, IDENTITY_FOREIGN },
		{ "no comment", "", { BOOT, 5, 3 }, IDENTITY_OTHER },
		{ "a comment of somebody", "my own counters", { BOOT, 5, 3 }, IDENTITY_OTHER },
		{ "our word alone", "portflow ", { BOOT, 5, 3 }, IDENTITY_OTHER },
		{ "cut", "portflow " UUID " 0123456789abcde", { BOOT, 5, 3 }, IDENTITY_OTHER },
		{ "too long", "portflow " UUID " " BOUND "0", { BOOT, 5, 3 }, IDENTITY_OTHER },
		{ "no blank", "portflow " UUID "-" BOUND, { BOOT, 5, 3 }, IDENTITY_OTHER },
	};
	struct ledger l = { .uuid = UUID,
		.bound = { .present = true,
			.nonce = BOUND,
			.bound = true,
			.boot_id = BOOT,
			.netns = 5,
			.table_handle = 3 },
		.pending = { .present = true, .nonce = PENDING } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct epoch where = {
			.present = true, .netns = cases[i].at.netns, .table_handle = cases[i].at.handle
		};
		enum identity got;

		snprintf(where.boot_id, sizeof where.boot_id, "%s", cases[i].at.boot);
		got = delta_identify(&l, cases[i].comment, &where);
		if (got != cases[i].want)
			fail_msg("%s: %d", cases[i].name, (int)got);
		if (got <= IDENTITY_LOST && strcmp(where.nonce, cases[i].comment + strlen("portflow " UUID " ")) != 0)
			fail_msg("%s: nonce \"%s\"", cases[i].name, where.nonce);
	}
	l.bound.present = l.pending.present = false;
	assert_int_equal(delta_identify(&l, "portflow " UUID " " BOUND, &(struct epoch){ 0 }), IDENTITY_LOST);
	assert_int_equal(delta_identify(&l, "portflow " UUID " " PENDING, &(struct epoch){ 0 }), IDENTITY_LOST);
}

/* A bound row without its place (we died between intent and result) is no known identity. */
static void identify_unbound(void **state)
{
	struct ledger l = { .uuid = UUID, .bound = { .present = true, .nonce = BOUND } };

	(void)state;
	assert_int_equal(delta_identify(&l, "portflow " UUID " " BOUND, &(struct epoch){ 0 }), IDENTITY_COPY);
}

static void comment(void **state)
{
	cleanup_arena struct arena a = { 0 };

	(void)state;
	assert_string_equal(delta_comment(&a, UUID, BOUND), "portflow " UUID " " BOUND);
}

struct value {
	uint64_t packets, bytes, handle;
};

/* One counter of one entry: baseline 10 packets, 1000 bytes, handle 7 unless said. */
static const struct one {
	const char *name;
	enum identity identity;
	bool reset, older, pending, missing, fresh; /* fresh: baseline 0 */
	unsigned int copies;
	uint32_t overhead;
	struct value base, now;
	struct {
		uint64_t packets, bytes, raw_bytes;
	} want;
	bool want_older;
	size_t zeroed;
	bool baseline; /* written anew */
} one_cases[] = {
	{ .name = "known: the difference",
		.identity = IDENTITY_KNOWN,
		.now = { 15, 1700, 7 },
		.want = { 5, 700, 700 },
		.baseline = true },
	{ .name = "known: nothing moved", .identity = IDENTITY_KNOWN, .now = { 10, 1000, 7 } },
	{ .name = "known: the counter is gone", .identity = IDENTITY_KNOWN, .missing = true },
	{ .name = "pending table: all of it is ours",
		.identity = IDENTITY_PENDING,
		.now = { 3, 300, 7 },
		.want = { 3, 300, 300 },
		.baseline = true },
	{ .name = "pending table, also where it has outgrown an old baseline",
		.identity = IDENTITY_PENDING,
		.now = { 15, 1700, 9 },
		.want = { 15, 1700, 1700 },
		.baseline = true },
	{ .name = "pending counter in a known table",
		.identity = IDENTITY_KNOWN,
		.pending = true,
		.fresh = true,
		.now = { 4, 444, 12 },
		.want = { 4, 444, 444 },
		.baseline = true },
	{ .name = "pending counter that saw nothing: bound all the same",
		.identity = IDENTITY_KNOWN,
		.pending = true,
		.fresh = true,
		.now = { 0, 0, 12 },
		.baseline = true },
	{ .name = "pending counter with a baseline left over",
		.identity = IDENTITY_KNOWN,
		.pending = true,
		.now = { 15, 1700, 12 },
		.want = { 15, 1700, 1700 },
		.baseline = true },
	{ .name = "copy: the difference",
		.identity = IDENTITY_COPY,
		.now = { 15, 1700, 7 },
		.want = { 5, 700, 700 },
		.baseline = true },
	{ .name = "copy of older values: nothing", .identity = IDENTITY_COPY, .now = { 8, 800, 7 }, .baseline = true },
	{ .name = "copy with fewer packets alone: nothing",
		.identity = IDENTITY_COPY,
		.now = { 9, 1700, 7 },
		.baseline = true },
	{ .name = "copy, everything zeroed (nft -s): all of it",
		.identity = IDENTITY_COPY,
		.reset = true,
		.now = { 15, 1700, 7 },
		.want = { 15, 1700, 1700 },
		.baseline = true },
	{ .name = "lost: older than the database",
		.identity = IDENTITY_LOST,
		.pending = true,
		.fresh = true,
		.now = { 15, 1700, 9 },
		.want = { 15, 1700, 1700 },
		.want_older = true,
		.baseline = true },
	{ .name = "lost, whatever baseline came with the copy",
		.identity = IDENTITY_LOST,
		.now = { 15, 1700, 7 },
		.want = { 15, 1700, 1700 },
		.want_older = true,
		.baseline = true },
	{ .name = "all reset, canary gone: all of it",
		.identity = IDENTITY_KNOWN,
		.reset = true,
		.now = { 2, 200, 7 },
		.want = { 2, 200, 200 },
		.baseline = true },
	{ .name = "all reset, outgrown meanwhile: all of it",
		.identity = IDENTITY_KNOWN,
		.reset = true,
		.now = { 15, 1700, 7 },
		.want = { 15, 1700, 1700 },
		.baseline = true },
	{ .name = "all reset and nothing since",
		.identity = IDENTITY_KNOWN,
		.reset = true,
		.now = { 0, 0, 7 },
		.baseline = true },
	{ .name = "one counter reset: all of it, and told",
		.identity = IDENTITY_KNOWN,
		.now = { 2, 200, 7 },
		.want = { 2, 200, 200 },
		.zeroed = 1,
		.baseline = true },
	{ .name = "one counter reset, more bytes in fewer packets",
		.identity = IDENTITY_KNOWN,
		.now = { 9, 1700, 7 },
		.want = { 9, 1700, 1700 },
		.zeroed = 1,
		.baseline = true },
	{ .name = "one counter reset, more packets of fewer bytes",
		.identity = IDENTITY_KNOWN,
		.now = { 15, 900, 7 },
		.want = { 15, 900, 900 },
		.zeroed = 1,
		.baseline = true },
	{ .name = "handle changed and a smaller value: nobody knows, nothing",
		.identity = IDENTITY_KNOWN,
		.now = { 2, 200, 8 },
		.baseline = true },
	{ .name = "handle changed and a larger value: whoever made it chose that, nothing",
		.identity = IDENTITY_KNOWN,
		.now = { 15, 1700, 8 },
		.baseline = true },
	{ .name = "handle changed alone", .identity = IDENTITY_KNOWN, .now = { 10, 1000, 8 }, .baseline = true },
	{ .name = "rules doubled",
		.identity = IDENTITY_KNOWN,
		.copies = 2,
		.now = { 20, 2000, 7 },
		.want = { 5, 500, 500 },
		.baseline = true },
	{ .name = "rules threefold: rounded down",
		.identity = IDENTITY_KNOWN,
		.copies = 3,
		.now = { 18, 1800, 7 },
		.want = { 2, 266, 266 },
		.baseline = true },
	{ .name = "restored database: older", /* the identity still fits */
		.identity = IDENTITY_KNOWN,
		.older = true,
		.now = { 15, 1700, 7 },
		.want = { 5, 700, 700 },
		.want_older = true,
		.baseline = true },
	{ .name = "layer 2 is billed",
		.identity = IDENTITY_KNOWN,
		.overhead = 38,
		.now = { 15, 1700, 7 },
		.want = { 5, 700 + 5 * 38, 700 },
		.baseline = true },
	{ .name = "the largest values",
		.identity = IDENTITY_KNOWN,
		.base = { UINT64_MAX - 1, UINT64_MAX - 9, 7 },
		.now = { UINT64_MAX, UINT64_MAX, 7 },
		.want = { 1, 9, 9 },
		.baseline = true },
};

static void check_figures(const char *name, const struct figures *f, enum direction d, uint64_t packets, uint64_t bytes,
	uint64_t raw_bytes)
{
	if (f->packets[d] != packets || f->bytes[d] != bytes || f->raw_bytes[d] != raw_bytes)
		fail_msg("%s, direction %d: %" PRIu64 " packets, %" PRIu64 " bytes, %" PRIu64 " raw", name, (int)d,
			f->packets[d], f->bytes[d], f->raw_bytes[d]);
}

static void one_counter(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof one_cases / sizeof *one_cases; i++) {
		const struct one *x = &one_cases[i];
		cleanup_arena struct arena a = { 0 };
		struct ledger l = { 0 };
		struct counter_value now = { !x->missing, x->now.handle, x->now.packets, x->now.bytes };
		struct delta_input in = { .ledger = &l,
			.identity = x->identity,
			.reset = x->reset,
			.older = x->older,
			.copies = x->copies ? x->copies : 1,
			.values = &now,
			.link_overhead = x->overhead };
		struct delta_output out;
		struct ledger_counter *c;

		add_entry(&a, &l, 1, ENTRY_PORT, "web");
		c = add_counter(&a, &l, 1, DIR_OUT, ROLE_ALL, "p_web.out");
		c->pending = x->pending;
		c->packets = x->fresh ? 0 : x->base.handle ? x->base.packets : 10;
		c->bytes = x->fresh ? 0 : x->base.handle ? x->base.bytes : 1000;
		delta_compute(&a, &in, &out);
		if ((out.older != NULL) != x->want_older)
			fail_msg("%s: older", x->name);
		check_figures(x->name, x->want_older ? &out.older[0] : &out.delta[0], DIR_OUT, x->want.packets,
			x->want.bytes, x->want.raw_bytes);
		if (x->want_older)
			check_figures(x->name, &out.delta[0], DIR_OUT, 0, 0, 0);
		check_figures(x->name, &out.delta[0], DIR_IN, 0, 0, 0);
		if (out.zeroed != x->zeroed)
			fail_msg("%s: zeroed %zu", x->name, out.zeroed);
		if (out.baselines.n != (x->baseline ? 1 : 0))
			fail_msg("%s: %zu baselines", x->name, out.baselines.n);
		if (x->baseline) {
			const struct baseline *b = &out.baselines.at[0];

			if (b->counter != c->id || b->handle != x->now.handle || b->packets != x->now.packets ||
				b->bytes != x->now.bytes)
				fail_msg("%s: another baseline", x->name);
		}
	}
}

/* Ids with holes, counters out of order, one that is gone. */
static void attribution(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct ledger l = { 0 };
	/* p_b.out, p_a.out, p_b.in, p_quiet.in, p_gone.in */
	const struct counter_value now[] = { { true, 7, 4, 40 }, { true, 7, 3, 30 }, { true, 7, 2, 20 },
		{ true, 7, 0, 0 }, { false, 7, 9, 90 } };
	struct delta_input in = { .ledger = &l, .identity = IDENTITY_KNOWN, .copies = 1, .values = now };
	struct delta_output out;

	(void)state;
	add_entry(&a, &l, 40, ENTRY_PORT, "b");
	add_entry(&a, &l, 3, ENTRY_PORT, "a");
	add_entry(&a, &l, 41, ENTRY_PORT, "quiet");
	add_counter(&a, &l, 40, DIR_OUT, ROLE_ALL, "p_b.out");
	add_counter(&a, &l, 3, DIR_OUT, ROLE_ALL, "p_a.out");
	add_counter(&a, &l, 40, DIR_IN, ROLE_ALL, "p_b.in");
	add_counter(&a, &l, 41, DIR_IN, ROLE_ALL, "p_quiet.in");
	add_counter(&a, &l, 41, DIR_IN, ROLE_ALL, "p_gone.in");
	delta_compute(&a, &in, &out);
	check_figures("b", &out.delta[0], DIR_IN, 2, 20, 20);
	check_figures("b", &out.delta[0], DIR_OUT, 4, 40, 40);
	check_figures("a", &out.delta[1], DIR_IN, 0, 0, 0);
	check_figures("a", &out.delta[1], DIR_OUT, 3, 30, 30);
	check_figures("quiet", &out.delta[2], DIR_IN, 0, 0, 0);
	assert_int_equal(out.baselines.n, 3);
}

static void nothing(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct ledger l = { 0 };
	struct delta_input in = { .ledger = &l, .identity = IDENTITY_KNOWN, .copies = 1 };
	struct delta_output out;

	(void)state;
	delta_compute(&a, &in, &out);
	assert_int_equal(out.baselines.n, 0);
}

/* An entry and the total in one direction; what passed: 100 packets of 1,000 bytes, and trains of ten segments. */
static void wire_figures(void **state)
{
	static const struct {
		const char *name;
		bool v6;
		uint64_t trains, stamped, header;
		unsigned int copies;
		uint32_t overhead;
	} cases[] = {
		{ "v4, all with timestamps", false, 20, 20, 52, 1, 0 },
		{ "v4, none", false, 20, 0, 40, 1, 0 },
		{ "v6, all with timestamps", true, 20, 20, 72, 1, 0 },
		{ "v6, none", true, 20, 0, 60, 1, 0 },
		{ "v4, half", false, 20, 10, 46, 1, 0 },
		{ "more with timestamps than there are: a reading between two packets", false, 20, 21, 52, 1, 0 },
		{ "layer 2 is billed, for each segment", false, 20, 20, 52, 1, 14 },
		{ "layer 2 of v6", true, 20, 0, 60, 1, 38 },
		/* A copy of the rules counts everything twice, and an aggregate in each copy of the inner chain. */
		{ "rules doubled", false, 20, 20, 52, 2, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_arena struct arena a = { 0 };
		struct ledger l = { 0 };
		uint64_t mss = 1500 - cases[i].header, n = cases[i].trains, k = cases[i].copies;
		uint64_t big = n * (cases[i].header + 10 * mss), segments = 10 * n;
		uint64_t wire = 100 * 1000 + segments * 1500;
		const struct counter_value now[] = {
			{ true, 7, k * (100 + n), k * (100000 + big) },
			{ true, 7, k * k * n, k * k * big },
			{ true, 7, k * (100 + n), k * (100000 + big) },
			{ true, 7, k * k * n, k * k * big },
			{ true, 7, k * k * cases[i].stamped, 1 },
		};
		struct delta_input in = { .ledger = &l,
			.identity = IDENTITY_KNOWN,
			.copies = cases[i].copies,
			.values = now,
			.link_overhead = cases[i].overhead };
		struct delta_output out;

		add_entry(&a, &l, 1, ENTRY_PORT, "web");
		add_entry(&a, &l, 2, ENTRY_TOTAL, "");
		add_counter(&a, &l, 1, DIR_OUT, ROLE_ALL, "p_web.out");
		add_counter(&a, &l, 1, DIR_OUT, cases[i].v6 ? ROLE_BIG6 : ROLE_BIG4, "p_web.out.b1500");
		add_counter(&a, &l, 2, DIR_OUT, ROLE_ALL, "total.out");
		add_counter(&a, &l, 2, DIR_OUT, cases[i].v6 ? ROLE_BIG6 : ROLE_BIG4, "total.out.b1500");
		add_counter(&a, &l, 2, DIR_OUT, cases[i].v6 ? ROLE_TS6 : ROLE_TS4, "ts.out");
		delta_compute(&a, &in, &out);
		for (size_t e = 0; e < 2; e++)
			check_figures(cases[i].name, &out.delta[e], DIR_OUT, 100 + segments,
				wire + (100 + segments) * cases[i].overhead, 100000 + big);
		assert_int_equal(out.delta[0].raw_packets[DIR_OUT], 100 + n);
	}
}

/* The share is of one direction and family: what the other carries does not touch it. */
static void shares_apart(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct ledger l = { 0 };
	const struct counter_value now[] = {
		{ true, 7, 10, 10 * (52 + 10 * 1448) }, /* aggregates of v4, in */
		{ true, 7, 10, 1 },                     /* ... with timestamps */
		{ true, 7, 10, 10 * (40 + 10 * 1460) }, /* v4, out */
		{ true, 7, 0, 0 },
		{ true, 7, 10, 10 * (60 + 10 * 1440) }, /* v6, in */
		{ false, 0, 0, 0 },
		{ true, 7, 10, 10 * (72 + 10 * 1428) }, /* v6, out */
		{ true, 7, 10, 1 },
	};
	struct delta_input in = { .ledger = &l, .identity = IDENTITY_KNOWN, .copies = 1, .values = now };
	struct delta_output out;

	(void)state;
	add_entry(&a, &l, 2, ENTRY_TOTAL, "");
	add_counter(&a, &l, 2, DIR_IN, ROLE_BIG4, "b4.in");
	add_counter(&a, &l, 2, DIR_IN, ROLE_TS4, "ts4.in");
	add_counter(&a, &l, 2, DIR_OUT, ROLE_BIG4, "b4.out");
	add_counter(&a, &l, 2, DIR_OUT, ROLE_TS4, "ts4.out");
	add_counter(&a, &l, 2, DIR_IN, ROLE_BIG6, "b6.in");
	add_counter(&a, &l, 2, DIR_IN, ROLE_TS6, "ts6.in");
	add_counter(&a, &l, 2, DIR_OUT, ROLE_BIG6, "b6.out");
	add_counter(&a, &l, 2, DIR_OUT, ROLE_TS6, "ts6.out");
	delta_compute(&a, &in, &out);
	check_figures("in", &out.delta[0], DIR_IN, 90 + 90, 90 * 52 + 90 * 60, 0);
	check_figures("out", &out.delta[0], DIR_OUT, 90 + 90, 90 * 40 + 90 * 72, 0);
}

static uint64_t next_random(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	return *s ^= *s << 17;
}

/* One counter with its canary in the kernel, and what the database knows of both. A run does to them what run/ does: the canary is
 * armed anew after a reset and after a restore, and a copy that carries another canary than the last one is of a time before
 * that: nobody knows what of it was stored already, so its values are not taken. */
struct life {
	struct arena arena;
	struct ledger ledger;
	struct ledger_counter *base;
	struct counter_value now, saved;
	unsigned int canary, saved_canary, armed; /* 0: zeroed */
	enum identity identity;
	uint64_t passed, stored;
	bool peaceful;
};

static void sample(struct life *x)
{
	struct delta_input in = {
		.ledger = &x->ledger, .identity = x->identity, .reset = x->canary == 0, .copies = 1, .values = &x->now
	};
	struct delta_output out;

	if (x->identity == IDENTITY_COPY && x->canary != 0 && x->canary != x->armed) {
		x->now.packets = x->now.bytes = 0;
		x->base->pending = true;
	} else {
		delta_compute(&x->arena, &in, &out);
		x->stored += out.delta[0].bytes[DIR_OUT];
		if (out.baselines.n) {
			x->base->pending = false;
			x->base->handle = out.baselines.at[0].handle;
			x->base->packets = out.baselines.at[0].packets;
			x->base->bytes = out.baselines.at[0].bytes;
		}
	}
	if (x->identity == IDENTITY_COPY || x->canary != x->armed)
		x->canary = ++x->armed;
	x->identity = IDENTITY_KNOWN;
}

static void step(struct life *x, unsigned int what, uint64_t bytes)
{
	switch (what) {
	case 0: /* nft reset counters */
		x->now.bytes = x->now.packets = 0;
		x->canary = 0;
		x->peaceful = false;
		break;
	case 1: /* nft list ruleset > f; one saved between a reset and the next sample tells nothing of its age */
		if (x->canary) {
			x->saved = x->now;
			x->saved_canary = x->canary;
		}
		break;
	case 2: /* nft flush ruleset; nft -f f */
		if (!x->saved_canary)
			break;
		x->now = x->saved;
		x->canary = x->saved_canary;
		if (x->identity == IDENTITY_KNOWN)
			x->identity = IDENTITY_COPY;
		x->peaceful = false;
		break;
	case 3:
	case 4:
		sample(x);
		break;
	default:
		x->passed += bytes;
		x->now.bytes += bytes;
		x->now.packets++;
	}
}

/* Traffic, resets, saves, restores and samples in random order: never more than what passed is stored, and exactly that while
 * nobody interferes. */
static void lives(void **state)
{
	uint64_t seed = 0x243f6a8885a308d3U;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		struct life x = { .now = { true, 7, 0, 0 },
			.canary = 1,
			.armed = 1,
			.identity = IDENTITY_PENDING,
			.peaceful = true };

		add_entry(&x.arena, &x.ledger, 1, ENTRY_PORT, "web");
		x.base = add_counter(&x.arena, &x.ledger, 1, DIR_OUT, ROLE_ALL, "p_web.out");
		x.base->pending = true;
		for (int n = 0; n < 60; n++) {
			unsigned int what = (unsigned int)(next_random(&seed) % 16);

			/* A quarter of the lives has no trouble at all. */
			step(&x, i % 4 == 0 && what < 3 ? 5 : what, 64 + next_random(&seed) % 5000);
			if (x.stored > x.passed)
				fail_msg("life %d, step %d: %" PRIu64 " of %" PRIu64, i, n, x.stored, x.passed);
		}
		sample(&x);
		if (x.stored > x.passed || (x.peaceful && x.stored != x.passed))
			fail_msg("life %d: %" PRIu64 " of %" PRIu64, i, x.stored, x.passed);
		arena_free(&x.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identify),
		cmocka_unit_test(identify_unbound),
		cmocka_unit_test(comment),
		cmocka_unit_test(one_counter),
		cmocka_unit_test(attribution),
		cmocka_unit_test(nothing),
		cmocka_unit_test(wire_figures),
		cmocka_unit_test(shares_apart),
		cmocka_unit_test(lives),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
