/* Writing and reading packed days: see pack.h.
 * The hours' slices are walked side by side, so that a day of 30,000 entries is never in memory as rows.
 * store/ alone. */
#include "store/pack.h"

#include <string.h>

/* What stands before the first hour of an entry. */
#define LENGTH_START 20
#define BYTES_START 1000

/* -- bits ------------------------------------------------------------------------------------------------------------ */

struct writer {
	struct str *out;
	uint64_t word; /* the lowest n bits are waiting */
	unsigned n;
};

static unsigned length_of(uint64_t v)
{
	return v ? 64 - (unsigned)__builtin_clzll(v) : 0;
}

static void put_bits(struct writer *w, uint64_t v, unsigned n)
{
	while (n) {
		unsigned part = n > 32 ? 32 : n;

		w->word |= (v & (((uint64_t)1 << part) - 1)) << w->n;
		w->n += part;
		for (; w->n >= 8; w->n -= 8, w->word >>= 8)
			str_putc(w->out, (char)(w->word & 0xff));
		v = part < 64 ? v >> part : 0;
		n -= part;
	}
}

static void put_unary(struct writer *w, unsigned n)
{
	for (; n; n--)
		put_bits(w, 1, 1);
	put_bits(w, 0, 1);
}

/* Elias gamma of v + 1. */
static void put_gamma(struct writer *w, uint64_t v)
{
	unsigned low = length_of(v + 1) - 1;

	put_unary(w, low);
	put_bits(w, v + 1, low);
}

static bool get_bit(struct pack_reader *r)
{
	bool bit;

	if (r->at >= r->bits) {
		r->bad = true;
		return false;
	}
	bit = r->p[r->at / 8] >> r->at % 8 & 1;
	r->at++;
	return bit;
}

static uint64_t get_bits(struct pack_reader *r, unsigned n)
{
	uint64_t v = 0;

	if (r->bits - r->at < n) {
		r->bad = true;
		return 0;
	}
	for (unsigned got = 0; got < n;) {
		unsigned skip = r->at % 8, part = 8 - skip < n - got ? 8 - skip : n - got;

		v |= (uint64_t)((unsigned)r->p[r->at / 8] >> skip & ((1U << part) - 1)) << got;
		got += part;
		r->at += part;
	}
	return v;
}

/* At most 64, else damaged. */
static unsigned get_unary(struct pack_reader *r)
{
	unsigned n = 0;

	while (n <= 64 && get_bit(r))
		n++;
	r->bad |= n > 64;
	return r->bad ? 0 : n;
}

static uint64_t get_gamma(struct pack_reader *r)
{
	unsigned low = get_unary(r);

	if (low > 63) {
		r->bad = true;
		return 0;
	}
	return ((uint64_t)1 << low | get_bits(r, low)) - 1;
}

/* -- flags and numbers ----------------------------------------------------------------------------------------------- */

static void put_flags(struct writer *w, const bool *flags, size_t n)
{
	bool same = true;

	for (size_t i = 1; i < n; i++)
		same &= flags[i] == flags[0];
	put_bits(w, same, 1);
	for (size_t i = 0; i < (same ? 1 : n); i++)
		put_bits(w, flags[i], 1);
}

static void get_flags(struct pack_reader *r, bool *flags, size_t n)
{
	const bool same = get_bit(r);

	for (size_t i = 0; i < n; i++)
		flags[i] = same && i ? flags[0] : get_bit(r);
}

static void put_number(struct writer *w, uint64_t v, unsigned *length)
{
	unsigned now = length_of(v), low = now ? now - 1 : 0;

	put_unary(w, now > *length ? now - *length : *length - now);
	if (now != *length)
		put_bits(w, now > *length, 1);
	put_bits(w, v, low);
	*length = now;
}

static uint64_t get_number(struct pack_reader *r, unsigned *length)
{
	unsigned step = get_unary(r), now = *length;

	if (step)
		now = get_bit(r) ? now + step : now - step;
	if (now > 64) { /* below 0 too */
		r->bad = true;
		return 0;
	}
	*length = now;
	return now ? (uint64_t)1 << (now - 1) | get_bits(r, now - 1) : 0;
}

/* The packets of these bytes if their packets are as large as those of the hour before. */
static uint64_t expected(uint64_t bytes, uint64_t bytes_before, uint64_t packets_before)
{
	__extension__ typedef unsigned __int128 wide;
	uint64_t product;

	if (bytes_before == 0)
		return 0;
	if (!__builtin_mul_overflow(bytes, packets_before, &product))
		return product / bytes_before;
	return (uint64_t)((wide)bytes * packets_before / bytes_before);
}

/* A difference as a number: small ones of either sign stay small. */
static uint64_t fold(uint64_t difference)
{
	return difference << 1 ^ (0 - (difference >> 63));
}

static uint64_t unfold(uint64_t v)
{
	return v >> 1 ^ (0 - (v & 1));
}

static void put_row(struct writer *w, const uint64_t v[SLICE_FIGURES], struct pack_before *b)
{
	for (int d = 0; d < DIRS; d++) {
		put_number(w, v[d], &b->length[d]);
		put_number(w, fold(v[2 + d] - expected(v[d], b->v[d], b->v[2 + d])), &b->length[2 + d]);
	}
	memcpy(b->v, v, sizeof b->v);
}

static void get_row(struct pack_reader *r, uint64_t v[SLICE_FIGURES])
{
	struct pack_before *b = &r->before;

	for (int d = 0; d < DIRS; d++) {
		v[d] = get_number(r, &b->length[d]);
		v[2 + d] = expected(v[d], b->v[d], b->v[2 + d]) + unfold(get_number(r, &b->length[2 + d]));
	}
	memcpy(b->v, v, sizeof b->v);
}

static const struct pack_before before_all = {
	.v = { BYTES_START, BYTES_START, 1, 1 },
	.length = { LENGTH_START, LENGTH_START, LENGTH_START / 2, LENGTH_START / 2 },
};

/* -- packs ----------------------------------------------------------------------------------------------------------- */

struct merge {
	struct slice_row row[PACK_HOURS_MAX];
	bool more[PACK_HOURS_MAX];
};

static bool advance(struct pack_hour *h, struct slice_row *row, bool *more)
{
	*more = slice_next(&h->slice, row);
	return !h->slice.bad;
}

static int64_t lowest(const struct merge *m, size_t n)
{
	int64_t entry = 0;

	for (size_t i = 0; i < n; i++)
		if (m->more[i] && (!entry || m->row[i].entry < entry))
			entry = m->row[i].entry;
	return entry;
}

static bool put_entry(struct writer *w, struct merge *m, struct pack_hour *hours, size_t n, int64_t entry)
{
	struct pack_before before = before_all;
	bool has[PACK_HOURS_MAX], estimated[PACK_HOURS_MAX];
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		has[i] = m->more[i] && m->row[i].entry == entry;
		if (has[i])
			estimated[k++] = m->row[i].estimated;
	}
	put_flags(w, has, n);
	put_flags(w, estimated, k);
	for (size_t i = 0; i < n; i++) {
		if (!has[i])
			continue;
		put_row(w, m->row[i].v, &before);
		if (!advance(&hours[i], &m->row[i], &m->more[i]))
			return false;
	}
	return true;
}

bool pack_put(struct str *out, struct pack_hour *hours, size_t n)
{
	struct writer w = { .out = out };
	struct merge m;
	int64_t before = 0, entry;

	put_gamma(&w, n);
	for (size_t i = 0; i < n; i++) {
		if (i)
			put_gamma(&w, (uint64_t)(hours[i].start - hours[i - 1].start));
		if (!advance(&hours[i], &m.row[i], &m.more[i]))
			return false;
	}
	for (; (entry = lowest(&m, n)) > 0; before = entry) {
		put_gamma(&w, (uint64_t)(entry - before));
		if (!put_entry(&w, &m, hours, n, entry))
			return false;
	}
	put_gamma(&w, 0);
	put_bits(&w, 0, (8 - w.n) % 8);
	return true;
}

struct pack_reader pack_read(int64_t start, const void *blob, size_t len)
{
	struct pack_reader r = { .p = blob, .bits = 8 * len };
	uint64_t n = get_gamma(&r);

	if (n < 1 || n > PACK_HOURS_MAX)
		r.bad = true;
	for (size_t i = 0; !r.bad && i < n; i++) {
		uint64_t step = i ? get_gamma(&r) : 0;

		if (step > (uint64_t)INT32_MAX ||
			__builtin_add_overflow(i ? r.start[i - 1] : start, (int64_t)step, &r.start[i]))
			r.bad = true;
	}
	r.n_hours = r.bad ? 0 : (size_t)n;
	r.hour = r.n_hours;
	return r;
}

static bool next_entry(struct pack_reader *r)
{
	bool estimated[PACK_HOURS_MAX];
	uint64_t step = get_gamma(r);
	size_t n = 0, k = 0;

	if (r->bad || step == 0)
		return false;
	if (step > (uint64_t)INT64_MAX || __builtin_add_overflow(r->entry, (int64_t)step, &r->entry))
		r->bad = true;
	get_flags(r, r->has, r->n_hours);
	for (size_t i = 0; i < r->n_hours; i++)
		n += r->has[i];
	get_flags(r, estimated, n);
	for (size_t i = 0; i < r->n_hours; i++)
		r->estimated[i] = r->has[i] && estimated[k++];
	r->before = before_all;
	r->hour = 0;
	return !r->bad;
}

bool pack_next(struct pack_reader *r, size_t *ret_hour, struct slice_row *ret_row)
{
	while (!r->bad) {
		if (r->hour >= r->n_hours && !next_entry(r))
			return false;
		while (r->hour < r->n_hours && !r->has[r->hour])
			r->hour++;
		if (r->hour >= r->n_hours)
			continue;
		get_row(r, ret_row->v);
		ret_row->entry = r->entry;
		ret_row->estimated = r->estimated[r->hour];
		*ret_hour = r->hour++;
		return !r->bad;
	}
	return false;
}
