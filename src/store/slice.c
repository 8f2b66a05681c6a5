/* Writing and reading packed figures: see slice.h.
 * Bytes in, numbers out: no database here.
 * store/ alone. */
#include "store/slice.h"

#include "util/saturate.h"

void slice_rows_add(struct arena *a, struct slice_rows *rows, const struct slice_row *row)
{
	struct slice_row *at = vec_push(a, rows);

	*at = *row;
}

size_t varint_put(unsigned char p[VARINT_MAX], uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		p[n++] = (unsigned char)(v | 0x80);
	p[n++] = (unsigned char)v;
	return n;
}

const unsigned char *varint_get(const unsigned char *p, const unsigned char *end, uint64_t *ret_v)
{
	uint64_t v = 0;

	for (unsigned shift = 0; p < end && shift < 64; shift += 7) {
		unsigned char c = *p++;

		if (shift == 63 && c > 1)
			return NULL;
		v |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80) {
			*ret_v = v;
			return p;
		}
	}
	return NULL;
}

static void pick(const struct figures *f, uint64_t v[8])
{
	for (int d = 0; d < DIRS; d++) {
		v[d] = f->bytes[d];
		v[2 + d] = f->packets[d];
		v[4 + d] = f->raw_bytes[d];
		v[6 + d] = f->raw_packets[d];
	}
}

size_t figures_pack(const struct figures *f, char buf[FIGURES_MAX])
{
	uint64_t v[8];
	size_t n = 0;

	pick(f, v);
	for (int i = 0; i < 8; i++)
		n += varint_put((unsigned char *)buf + n, v[i]);
	return n;
}

bool figures_get(const void *blob, size_t len, struct figures *ret_f)
{
	const unsigned char *p = blob, *end = p ? p + len : p;
	uint64_t v[8];

	for (int i = 0; i < 8; i++)
		if (!p || !(p = varint_get(p, end, &v[i])))
			return false;
	if (p != end)
		return false;
	for (int d = 0; d < DIRS; d++) {
		ret_f->bytes[d] = v[d];
		ret_f->packets[d] = v[2 + d];
		ret_f->raw_bytes[d] = v[4 + d];
		ret_f->raw_packets[d] = v[6 + d];
	}
	return true;
}

struct slice_row slice_row_of(int64_t entry, const struct figures *f, bool estimated)
{
	return (struct slice_row){
		.entry = entry,
		.v = { f->bytes[DIR_IN], f->bytes[DIR_OUT], f->packets[DIR_IN], f->packets[DIR_OUT] },
		.estimated = estimated,
	};
}

void slice_row_add(struct slice_row *to, const struct slice_row *from)
{
	for (int i = 0; i < SLICE_FIGURES; i++)
		to->v[i] = saturate_add(to->v[i], from->v[i]);
	to->estimated |= from->estimated;
}

void slice_row_to(const struct slice_row *r, struct figures *to)
{
	for (int d = 0; d < DIRS; d++) {
		to->bytes[d] = saturate_add(to->bytes[d], r->v[SLICE_IN_BYTES + d]);
		to->packets[d] = saturate_add(to->packets[d], r->v[SLICE_IN_PACKETS + d]);
	}
}

bool slice_row_zero(const struct slice_row *r)
{
	return !(r->v[0] | r->v[1] | r->v[2] | r->v[3]);
}

static uint64_t share_until(uint64_t v, int64_t part, int64_t whole)
{
	__extension__ typedef unsigned __int128 wide;

	return (uint64_t)((wide)v * (uint64_t)part / (uint64_t)whole);
}

struct slice_row slice_row_part(const struct slice_row *r, int64_t start, int64_t end, int64_t lo, int64_t hi)
{
	struct slice_row part = { .entry = r->entry, .estimated = r->estimated };

	if (start >= end)
		return lo <= end && end < hi ? *r : part;
	if (lo <= start && end <= hi)
		return *r;
	lo = lo < start ? start : lo;
	hi = hi > end ? end : hi;
	if (lo >= hi)
		return part;
	part.estimated = true;
	for (int i = 0; i < SLICE_FIGURES; i++)
		part.v[i] = share_until(r->v[i], hi - start, end - start) -
			share_until(r->v[i], lo - start, end - start);
	return part;
}

void slice_append(struct str *out, int64_t before, const struct slice_row *row)
{
	unsigned char buf[(1 + SLICE_FIGURES) * VARINT_MAX];
	size_t len = varint_put(buf, (uint64_t)(row->entry - before) << 1 | row->estimated);

	for (int k = 0; k < SLICE_FIGURES; k++)
		len += varint_put(buf + len, row->v[k]);
	str_put(out, (const char *)buf, len);
}

void slice_put(struct str *out, const struct slice_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		slice_append(out, i ? rows[i - 1].entry : 0, &rows[i]);
}

struct slice_reader slice_read(const void *blob, size_t len)
{
	const unsigned char *p = len ? blob : NULL;

	return (struct slice_reader){ .p = p, .end = p ? p + len : NULL };
}

bool slice_next(struct slice_reader *r, struct slice_row *ret_row)
{
	uint64_t step;

	if (r->bad || r->p == r->end)
		return false;
	r->p = varint_get(r->p, r->end, &step);
	for (int k = 0; r->p && k < SLICE_FIGURES; k++)
		r->p = varint_get(r->p, r->end, &ret_row->v[k]);
	/* Entries must rise, and may not wrap. */
	if (!r->p || step < 2 || __builtin_add_overflow(r->entry, (int64_t)(step >> 1), &r->entry)) {
		r->bad = true;
		return false;
	}
	ret_row->entry = r->entry;
	ret_row->estimated = step & 1;
	return true;
}

void span_put_slice(struct str *out, uint64_t before_s, const void *slice, size_t len)
{
	unsigned char buf[2 * VARINT_MAX];
	size_t n = varint_put(buf, before_s);

	n += varint_put(buf + n, len);
	str_put(out, (const char *)buf, n);
	if (len)
		str_put(out, slice, len);
}

struct span_reader span_read(const void *blob, size_t len)
{
	const unsigned char *p = len ? blob : NULL;

	return (struct span_reader){ .p = p, .end = p ? p + len : NULL };
}

bool span_next(struct span_reader *r, uint64_t *ret_before_s, struct slice_reader *ret_slice)
{
	const unsigned char *p = r->p;
	uint64_t len;

	if (r->bad || p == r->end)
		return false;
	if (!(p = varint_get(p, r->end, ret_before_s)) || !(p = varint_get(p, r->end, &len)) ||
		len > (uint64_t)(r->end - p)) {
		r->bad = true;
		return false;
	}
	*ret_slice = slice_read(p, (size_t)len);
	r->p = p + len;
	return true;
}
