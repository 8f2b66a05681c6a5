/* Packed figures: what goes in comes out, extremes included, and rubbish is told from figures.
 * Random slices from a fixed seed; each pack is also cut short at every byte and damaged at every bit.
 * make check-unit runs it. */
#include "store/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CEILING STR_CEILING((size_t)1 << 20)

static uint64_t seed = 88172645463325252;

static uint64_t roll(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

static void varints(void **state)
{
	static const struct {
		uint64_t v;
		size_t len;
	} cases[] = { { 0, 1 }, { 127, 1 }, { 128, 2 }, { 16383, 2 }, { 16384, 3 }, { UINT32_MAX, 5 }, { INT64_MAX, 9 },
		{ UINT64_MAX, 10 } };
	static const unsigned char too_long[] = { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02 };
	unsigned char buf[VARINT_MAX];
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t n = varint_put(buf, cases[i].v);

		assert_int_equal(n, cases[i].len);
		assert_ptr_equal(varint_get(buf, buf + n, &v), buf + n);
		assert_true(v == cases[i].v);
		for (size_t cut = 0; cut < n; cut++)
			assert_null(varint_get(buf, buf + cut, &v));
	}
	assert_null(varint_get(too_long, too_long + sizeof too_long, &v)); /* 2^64 */
	memset(buf, 0xff, sizeof buf);
	assert_null(varint_get(buf, buf + sizeof buf, &v));
}

static void figures(void **state)
{
	const struct figures want = {
		.bytes = { 1, UINT64_MAX }, .packets = { 0, 3 }, .raw_bytes = { 5, 6 }, .raw_packets = { 7, 8 }
	};
	struct figures have;
	char buf[FIGURES_MAX + 1];
	size_t n = figures_pack(&want, buf);

	(void)state;
	assert_true(figures_get(buf, n, &have));
	assert_memory_equal(&have, &want, sizeof want);
	assert_false(figures_get(buf, n - 1, &have));
	assert_false(figures_get(buf, n + 1, &have));
	assert_false(figures_get(NULL, 0, &have));
}

static size_t random_slice(struct slice_row *rows, size_t max)
{
	size_t n = roll(max + 1);
	int64_t entry = 0;

	for (size_t i = 0; i < n; i++) {
		rows[i].entry = entry += 1 + (int64_t)(roll(3) ? roll(2) : roll((uint64_t)1 << roll(50)));
		rows[i].estimated = roll(2);
		for (int k = 0; k < SLICE_FIGURES; k++)
			rows[i].v[k] = roll(9) ? roll((uint64_t)1 << roll(63)) : roll(2) ? 0 : UINT64_MAX;
	}
	return n;
}

static void slices(void **state)
{
	struct slice_row rows[20], row;

	(void)state;
	for (int round = 0; round < 300; round++) {
		cleanup_str struct str out = CEILING;
		size_t n = random_slice(rows, 20), i = 0;
		struct slice_reader r;

		memset(rows + n, 0, (20 - n) * sizeof *rows);
		slice_put(&out, rows, n);
		for (r = slice_read(out.p, out.len); slice_next(&r, &row); i++)
			assert_true(row.entry == rows[i].entry && row.estimated == rows[i].estimated &&
				memcmp(row.v, rows[i].v, sizeof row.v) == 0);
		assert_false(r.bad);
		assert_int_equal(i, n);
		if (n == 0)
			continue;
		r = slice_read(out.p, out.len - 1);
		while (slice_next(&r, &row))
			;
		assert_true(r.bad);
	}
}

static void bad_slices(void **state)
{
	static const struct {
		const char *what;
		unsigned char bytes[24];
		size_t len;
	} cases[] = {
		{ "entry 0", { 1, 1, 1, 1, 1 }, 5 },
		{ "the same entry twice", { 2, 1, 1, 1, 1, 0, 1, 1, 1, 1 }, 10 },
		{ "entries that wrap",
			{ 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1, 1, 1, 1, 4, 1, 1, 1, 1 }, 19 },
	};
	struct slice_row row;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct slice_reader r = slice_read(cases[i].bytes, cases[i].len);

		while (slice_next(&r, &row))
			;
		if (!r.bad)
			fail_msg("%s: taken", cases[i].what);
	}
}

static void put_span(struct str *out, uint64_t before_s, const struct slice_row *rows, size_t n)
{
	cleanup_str struct str slice = CEILING;

	slice_put(&slice, rows, n);
	span_put_slice(out, before_s, slice.p, slice.len);
}

static void spans(void **state)
{
	struct slice_row rows[2] = { { .entry = 1, .v = { 5 } }, { .entry = 9, .v = { 6 } } }, row;
	cleanup_str struct str out = CEILING;
	struct slice_reader slice = { 0 };
	struct span_reader r;
	uint64_t before;

	(void)state;
	put_span(&out, 60, rows, 2);
	put_span(&out, 3600, rows, 1);
	r = span_read(out.p, out.len);
	assert_true(span_next(&r, &before, &slice));
	assert_int_equal(before, 60);
	assert_true(slice_next(&slice, &row) && slice_next(&slice, &row) && !slice_next(&slice, &row));
	assert_true(span_next(&r, &before, &slice));
	assert_int_equal(before, 3600);
	assert_false(span_next(&r, &before, &slice));
	assert_false(r.bad);
	r = span_read(out.p, out.len - 1);
	while (span_next(&r, &before, &slice))
		;
	assert_true(r.bad);
}

/* The share of a part, and that parts make the whole. */
static void parts(void **state)
{
	const struct slice_row whole = { .entry = 1, .v = { 100, UINT64_MAX, 7, 0 } };
	struct slice_row sum = { .entry = 1 };

	(void)state;
	for (int64_t at = 1000; at < 1007; at++) {
		struct slice_row part = slice_row_part(&whole, 1000, 1007, at, at + 1);

		assert_true(part.estimated);
		slice_row_add(&sum, &part);
	}
	assert_memory_equal(sum.v, whole.v, sizeof whole.v);
	assert_true(slice_row_part(&whole, 1000, 1007, 0, 1000).v[0] == 0);
	assert_true(slice_row_part(&whole, 1000, 1007, 1007, 2000).v[0] == 0);
	assert_false(slice_row_part(&whole, 1000, 1007, 1000, 1007).estimated);
	assert_true(slice_row_part(&whole, 1000, 1000, 1000, 1001).v[0] == 100); /* no length: all or nothing */
	assert_true(slice_row_part(&whole, 1000, 1000, 1001, 1002).v[0] == 0);
	sum = (struct slice_row){ .v = { UINT64_MAX - 5 } };
	slice_row_add(&sum, &whole);
	assert_true(sum.v[0] == UINT64_MAX);
}

/* -- packs -------------------------------------------------------------------------------------------------------------- */

#define HOURS 30
#define ROWS 12

struct made {
	struct slice_row rows[HOURS][ROWS];
	size_t n[HOURS];
	int64_t start[HOURS];
	size_t hours;
};

static void make(struct made *m, struct str *pack)
{
	struct str slices[HOURS];
	struct pack_hour hours[HOURS];

	m->hours = 1 + roll(HOURS);
	for (size_t i = 0; i < m->hours; i++) {
		slices[i] = CEILING;
		m->n[i] = random_slice(m->rows[i], ROWS);
		m->start[i] = i ? m->start[i - 1] + 1 + (int64_t)roll(5000) : 1767225600;
		slice_put(&slices[i], m->rows[i], m->n[i]);
		hours[i] = (struct pack_hour){ m->start[i], slice_read(slices[i].p, slices[i].len) };
	}
	assert_true(pack_put(pack, hours, m->hours));
	for (size_t i = 0; i < m->hours; i++)
		str_free(&slices[i]);
}

static void packs(void **state)
{
	struct made m;

	(void)state;
	for (int round = 0; round < 300; round++) {
		cleanup_str struct str pack = CEILING;
		size_t at[HOURS] = { 0 }, h;
		struct pack_reader r;
		struct slice_row row;

		make(&m, &pack);
		r = pack_read(m.start[0], pack.p, pack.len);
		assert_int_equal(r.n_hours, m.hours);
		for (size_t i = 0; i < m.hours; i++)
			assert_int_equal(r.start[i], m.start[i]);
		while (pack_next(&r, &h, &row)) {
			const struct slice_row *want = &m.rows[h][at[h]++];

			assert_true(at[h] <= m.n[h]);
			assert_true(row.entry == want->entry && row.estimated == want->estimated &&
				memcmp(row.v, want->v, sizeof row.v) == 0);
		}
		assert_false(r.bad);
		for (size_t i = 0; i < m.hours; i++)
			assert_int_equal(at[i], m.n[i]);
	}
}

static void read_all(const char *bytes, size_t len)
{
	struct pack_reader r = pack_read(0, bytes, len);
	struct slice_row row;
	size_t h, n = 0;

	while (pack_next(&r, &h, &row)) {
		assert_true(h < r.n_hours);
		n++;
	}
	assert_true(n <= 8 * len + 100);
}

static void broken_packs(void **state)
{
	struct made m;

	(void)state;
	for (int round = 0; round < 5; round++) {
		cleanup_str struct str pack = CEILING;
		struct pack_reader r;
		struct slice_row row;
		size_t h;

		make(&m, &pack);
		for (size_t cut = 0; cut < pack.len; cut++)
			read_all(pack.p, cut);
		r = pack_read(0, pack.p, pack.len / 2);
		while (pack_next(&r, &h, &row))
			;
		assert_true(r.bad);
		for (size_t bit = 0; bit < 8 * pack.len; bit++) {
			pack.p[bit / 8] = (char)(pack.p[bit / 8] ^ 1 << bit % 8);
			read_all(pack.p, pack.len);
			pack.p[bit / 8] = (char)(pack.p[bit / 8] ^ 1 << bit % 8);
		}
	}
}

/* What the layout is for: a day of 100 busy entries. */
static void packs_are_small(void **state)
{
	cleanup_str struct str pack = CEILING;
	struct pack_hour hours[24];
	struct str slices[24];

	(void)state;
	for (int i = 0; i < 24; i++) {
		slices[i] = CEILING;
		for (int64_t entry = 1; entry <= 100; entry++) {
			uint64_t in = 7000000 + roll(14000000), out = in + roll(1000000);
			struct slice_row row = { entry, { in, out, in / (850 + roll(100)), out / (1000 + roll(200)) },
				true };

			slice_append(&slices[i], entry - 1, &row);
		}
		hours[i] = (struct pack_hour){ i * 3600, slice_read(slices[i].p, slices[i].len) };
	}
	assert_true(pack_put(&pack, hours, 24));
	if (pack.len > 24 * 100 * 10)
		fail_msg("%zu bytes, more than 10 an entry and hour", pack.len);
	for (int i = 0; i < 24; i++)
		str_free(&slices[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(varints),
		cmocka_unit_test(figures),
		cmocka_unit_test(slices),
		cmocka_unit_test(bad_slices),
		cmocka_unit_test(spans),
		cmocka_unit_test(parts),
		cmocka_unit_test(packs),
		cmocka_unit_test(broken_packs),
		cmocka_unit_test(packs_are_small),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
