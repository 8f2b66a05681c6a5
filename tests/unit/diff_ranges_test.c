/* What must change in a map of ranges: a range grows by the missing piece, what is right is not touched.
 * Cases by table, then random ranges against a map of all ports.
 * make check-unit runs it. */
#include "diff_help.h"

struct range {
	uint16_t from, to;
	const char *name;
};

static struct ruleset with_ranges(struct arena *a, const struct range *at, size_t n)
{
	struct ruleset r = { .present = true, .comment = "" };

	set(a, &r, "r", KEY_SERVICE, true, DATA_COUNTER);
	for (size_t i = 0; i < n && at[i].name; i++)
		elem(a, &r.sets.at[0], at[i].from, at[i].to, at[i].name);
	object(a, &r, "a", OBJECT_COUNTER);
	object(a, &r, "b", OBJECT_COUNTER);
	object(a, &r, "c", OBJECT_COUNTER);
	return r;
}

#define PIECES 4

static void ranges(void **state)
{
	static const struct {
		const char *name;
		struct range have[PIECES], want[PIECES];
		const char *expected;
	} cases[] = {
		{ "the same", { { 10, 20, "a" } }, { { 10, 20, "a" } }, "" },
		{ "grows upward", { { 10, 20, "a" } }, { { 10, 30, "a" } }, "+elem r 21-30:a" },
		{ "grows downward", { { 10, 20, "a" } }, { { 5, 20, "a" } }, "+elem r 5-9:a" },
		{ "grows both ways", { { 10, 20, "a" } }, { { 5, 30, "a" } }, "+elem r 5-9:a, +elem r 21-30:a" },
		{ "grows by one", { { 10, 20, "a" } }, { { 10, 21, "a" } }, "+elem r 21:a" },
		{ "grows to the last port", { { 10, 20, "a" } }, { { 10, 65535, "a" } }, "+elem r 21-65535:a" },
		{ "grew in pieces before", { { 10, 20, "a" }, { 21, 30, "a" } }, { { 10, 30, "a" } }, "" },
		{ "grew in pieces, up to the last port", { { 10, 20, "a" }, { 21, 65535, "a" } },
			{ { 10, 65535, "a" } }, "" },
		{ "shrinks", { { 10, 30, "a" } }, { { 10, 20, "a" } }, "-elem r 10-30:a, +elem r 10-20:a" },
		{ "shrinks by a piece of its own", { { 10, 20, "a" }, { 21, 30, "a" } }, { { 10, 20, "a" } },
			"-elem r 21-30:a" },
		{ "splits", { { 10, 30, "a" } }, { { 10, 15, "a" }, { 20, 30, "a" } },
			"-elem r 10-30:a, +elem r 10-15:a, +elem r 20-30:a" },
		{ "merges", { { 10, 15, "a" }, { 20, 30, "a" } }, { { 10, 30, "a" } }, "+elem r 16-19:a" },
		{ "merges three", { { 10, 11, "a" }, { 20, 21, "a" }, { 30, 31, "a" } }, { { 5, 40, "a" } },
			"+elem r 5-9:a, +elem r 12-19:a, +elem r 22-29:a, +elem r 32-40:a" },
		{ "goes", { { 10, 20, "a" }, { 30, 40, "b" } }, { { 30, 40, "b" } }, "-elem r 10-20:a" },
		{ "comes below", { { 30, 40, "b" } }, { { 10, 20, "a" }, { 30, 40, "b" } }, "+elem r 10-20:a" },
		{ "another counter", { { 10, 20, "a" } }, { { 10, 20, "b" } }, "-elem r 10-20:a, +elem r 10-20:b" },
		{ "another counter in the middle", { { 10, 30, "a" } },
			{ { 10, 15, "a" }, { 16, 20, "b" }, { 21, 30, "a" } },
			"-elem r 10-30:a, +elem r 10-15:a, +elem r 16-20:b, +elem r 21-30:a" },
		{ "neighbours stay", { { 10, 20, "a" }, { 21, 30, "b" } }, { { 10, 20, "a" }, { 21, 40, "b" } },
			"+elem r 31-40:b" },
		{ "the border moves", { { 10, 20, "a" }, { 21, 30, "b" } }, { { 10, 25, "a" }, { 26, 30, "b" } },
			"-elem r 21-30:b, +elem r 21-25:a, +elem r 26-30:b" },
		{ "neighbours swap", { { 10, 20, "a" }, { 21, 30, "b" } }, { { 10, 20, "b" }, { 21, 30, "a" } },
			"-elem r 10-20:a, -elem r 21-30:b, +elem r 10-20:b, +elem r 21-30:a" },
		{ "moves up by one", { { 10, 20, "a" } }, { { 11, 21, "a" } }, "-elem r 10-20:a, +elem r 11-21:a" },
		{ "the last port", { { 65535, 65535, "a" } }, { { 65535, 65535, "a" } }, "" },
		{ "up to the last port", { { 65000, 65535, "a" } }, { { 60000, 65535, "a" } },
			"+elem r 60000-64999:a" },
		{ "no longer to the last port", { { 65000, 65535, "a" } }, { { 65000, 65534, "a" } },
			"-elem r 65000-65535:a, +elem r 65000-65534:a" },
		{ "every port", { { 0 } }, { { 0, 65535, "a" } }, "+elem r 0-65535:a" },
		{ "every port, from pieces at the ends", { { 0, 0, "a" }, { 65535, 65535, "a" } },
			{ { 0, 65535, "a" } }, "+elem r 1-65534:a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_arena struct arena a = { 0 };
		struct ruleset have = with_ranges(&a, cases[i].have, PIECES),
			       want = with_ranges(&a, cases[i].want, PIECES);

		one_way(&a, cases[i].name, &want, &have, cases[i].expected, 1);
	}
}

static struct ruleset_elem *prefix(struct arena *a, struct ruleset_set *s, const char *from, const char *to)
{
	struct ruleset_elem *e = vec_push(a, &s->elems);

	inet_pton(AF_INET6, from, e->from);
	inet_pton(AF_INET6, to, e->to);
	e->name = "a";
	return e;
}

/* Steps carry over all sixteen bytes. */
static void prefixes(void **state)
{
	cleanup_arena struct arena a = { 0 };
	struct ruleset have = { .present = true, .comment = "" }, want = have;
	struct ruleset_set *h = set(&a, &have, "r", KEY_ADDR6, true, DATA_COUNTER);
	struct ruleset_set *w = set(&a, &want, "r", KEY_ADDR6, true, DATA_COUNTER);

	(void)state;
	object(&a, &have, "a", OBJECT_COUNTER);
	object(&a, &want, "a", OBJECT_COUNTER);
	prefix(&a, h, "2001:db8:1::", "2001:db8:1:ffff:ffff:ffff:ffff:ffff");
	prefix(&a, h, "ffff::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	prefix(&a, w, "2001:db8::", "2001:db8:3:ffff:ffff:ffff:ffff:ffff");
	prefix(&a, w, "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	one_way(&a, "prefixes", &want, &have,
		"+elem r 20010db8000000000000000000000000-20010db80000ffffffffffffffffffff:a, "
		"+elem r 20010db8000200000000000000000000-20010db80003ffffffffffffffffffff:a, "
		"+elem r ff000000000000000000000000000000-fffeffffffffffffffffffffffffffff:a",
		1);
}

#define PORTS 65536

/* Ranges without overlap, from a few ports upward; now and then up to the last one. */
static struct ruleset random_ranges(struct arena *a, uint64_t *seed, const char **map)
{
	static const char *const names[] = { "a", "b", "c" };
	struct ruleset r = with_ranges(a, NULL, 0);
	uint32_t span = next_random(seed) % 3 ? 40 : PORTS, port = (uint32_t)(next_random(seed) % 4);
	uint32_t top = next_random(seed) % 2 ? PORTS - span : 0;

	memset(map, 0, PORTS * sizeof *map);
	for (port += top; port < top + span;) {
		uint32_t len = (uint32_t)(1 + next_random(seed) % (span / 8)), to = port + len - 1;
		const char *name = names[next_random(seed) % 3];

		if (to >= top + span - 1)
			to = top + span - 1;
		elem(a, &r.sets.at[0], (uint16_t)port, (uint16_t)to, name);
		for (uint32_t p = port; p <= to; p++)
			map[p] = name;
		port = to + 1 + (uint32_t)(next_random(seed) % 3 ? 0 : next_random(seed) % (span / 8));
	}
	return r;
}

static void cover(const struct ruleset_set *s, const char **map)
{
	memset(map, 0, PORTS * sizeof *map);
	for (size_t i = 0; i < s->elems.n; i++) {
		const struct ruleset_elem *e = &s->elems.at[i];

		for (uint32_t p = (uint32_t)e->from[0] << 8 | e->from[1]; p <= ((uint32_t)e->to[0] << 8 | e->to[1]);
			p++) {
			if (map[p])
				fail_msg("port %u twice", p);
			map[p] = e->name;
		}
	}
}

/* Would this element be right where it stands? Then nobody may touch it. */
static bool right(const struct ruleset_elem *e, const char *const *want)
{
	for (uint32_t p = (uint32_t)e->from[0] << 8 | e->from[1]; p <= ((uint32_t)e->to[0] << 8 | e->to[1]); p++)
		if (!want[p] || strcmp(want[p], e->name) != 0)
			return false;
	return true;
}

static bool deleted(const struct diff *d, const struct ruleset_elem *e)
{
	for (size_t i = 0; i < d->changes.of[CHANGE_ELEM_DEL].n; i++)
		if (memcmp(d->changes.of[CHANGE_ELEM_DEL].at[i].elem->from, e->from, SET_KEY_MAX) == 0)
			return true;
	return false;
}

static void random_edits(void **state)
{
	static const char *want_map[PORTS], *have_map[PORTS], *got[PORTS];
	uint64_t seed = 0x13198a2e03707344U;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		cleanup_arena struct arena a = { 0 };
		struct ruleset have = random_ranges(&a, &seed, have_map), want = random_ranges(&a, &seed, want_map);
		struct ruleset after = ruleset_copy(&a, &have);
		struct diff d;
		const char *refused;

		diff_rulesets(&a, &want, &have, NULL, QUOTA_THERE, &d);
		refused = apply_changes(&a, &after, &d);
		if (refused)
			fail_msg("round %d: %s: %s", round, refused, changes_text(&a, &d));
		cover(&after.sets.at[0], got);
		for (uint32_t p = 0; p < PORTS; p++)
			if ((got[p] != NULL) != (want_map[p] != NULL) || (got[p] && strcmp(got[p], want_map[p]) != 0))
				fail_msg("round %d, port %u: %s", round, p, changes_text(&a, &d));
		/* Wanted ranges that touch may belong to one counter; then a kept range lies in one of them, not across. */
		for (size_t i = 0; i < have.sets.at[0].elems.n; i++) {
			const struct ruleset_elem *e = &have.sets.at[0].elems.at[i];

			if (!right(e, want_map) && !deleted(&d, e))
				fail_msg(
					"round %d: a wrong range stays: %s", round, elem_text(&a, &have.sets.at[0], e));
			for (size_t j = 0; j < want.sets.at[0].elems.n; j++) {
				const struct ruleset_elem *w = &want.sets.at[0].elems.at[j];

				if (memcmp(w->from, e->from, 2) <= 0 && memcmp(e->to, w->to, 2) <= 0 &&
					strcmp(w->name, e->name) == 0 && deleted(&d, e))
					fail_msg("round %d: %s was right", round, elem_text(&a, &have.sets.at[0], e));
			}
		}
		diff_rulesets(&a, &want, &after, NULL, QUOTA_THERE, &d);
		if (d.changes.n)
			fail_msg("round %d: afterwards %s", round, changes_text(&a, &d));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(random_edits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
