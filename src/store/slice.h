/* How figures lie in the database. Numbers are varints: 7 bits a byte, low first, the high bit says that more follow.
 * `figures`: eight varints, raw behind wire, in before out, bytes before packets.
 * `slice`: the wire figures of many entries over one stretch of time, ascending by entry, none twice: the step from the entry
 * before, times two, plus one when estimated; then in bytes, out bytes, in packets, out packets. A whole row of the database is
 * one slice, since a sample touches every entry: one row to write where there would be a thousand, and no row's overhead.
 * `slices` of a span: groups of (seconds before `until` at which it began, bytes of the slice, the slice).
 * Readers believe nothing: a blob may come from anywhere.
 * store/ alone. */
#ifndef STORE_SLICE_H
#define STORE_SLICE_H

#include "model/split.h"
#include "util/str.h"

enum { SLICE_IN_BYTES, SLICE_OUT_BYTES, SLICE_IN_PACKETS, SLICE_OUT_PACKETS, SLICE_FIGURES };

struct slice_row {
	int64_t entry; /* > 0 */
	uint64_t v[SLICE_FIGURES];
	bool estimated;
};
struct slice_rows {
	struct slice_row *at;
	size_t n, cap;
};

void slice_rows_add(struct arena *a, struct slice_rows *rows, const struct slice_row *row);

#define VARINT_MAX 10

/* Returns the bytes written. */
size_t varint_put(unsigned char p[VARINT_MAX], uint64_t v);
/* NULL when cut short or longer than 64 bits; else what follows. */
const unsigned char *varint_get(const unsigned char *p, const unsigned char *end, uint64_t *ret_v);

#define FIGURES_MAX ((size_t)8 * VARINT_MAX)
/* Returns the bytes written. */
size_t figures_pack(const struct figures *f, char buf[FIGURES_MAX]);
/* False if the blob is not exactly eight varints. */
bool figures_get(const void *blob, size_t len, struct figures *ret_f);

struct slice_row slice_row_of(int64_t entry, const struct figures *f, bool estimated);
void slice_row_add(struct slice_row *to, const struct slice_row *from); /* saturates */
void slice_row_to(const struct slice_row *r, struct figures *to);       /* adds to the wire figures */
bool slice_row_zero(const struct slice_row *r);
/* The share of [lo, hi) in what r counted over [start, end), rounded so that the shares of all parts make the whole.
 * start == end: all of it, if that moment is in [lo, hi). */
struct slice_row slice_row_part(const struct slice_row *r, int64_t start, int64_t end, int64_t lo, int64_t hi);

/* before: the entry of the row appended last; 0 at first. */
void slice_append(struct str *out, int64_t before, const struct slice_row *row);
void slice_put(struct str *out, const struct slice_row *rows, size_t n);

/* Walks a slice: while (slice_next(&r, &row)) ...; if (r.bad) damaged. */
struct slice_reader {
	const unsigned char *p, *end;
	int64_t entry;
	bool bad;
};
struct slice_reader slice_read(const void *blob, size_t len);
bool slice_next(struct slice_reader *r, struct slice_row *ret_row);

void span_put_slice(struct str *out, uint64_t before_s, const void *slice, size_t len);
struct span_reader {
	const unsigned char *p, *end;
	bool bad;
};
struct span_reader span_read(const void *blob, size_t len);
bool span_next(struct span_reader *r, uint64_t *ret_before_s, struct slice_reader *ret_slice);

#endif
