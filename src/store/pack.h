/* The hours of one day and all its entries in fewer bits than slices take: a year of hours is most of a database.
 * Bits, low first. Hours: their number (gamma), the seconds between their starts (gamma each). Then entry by entry: the step from
 * the entry before (gamma), which hours it has, which of these are estimated (one bit "all the same" and which, or one bit an
 * hour), and four numbers an hour: bytes, and how far the packets are from what they would be if their mean size were that of the
 * hour before. A number is its length against that of the same one in the hour before, and its bits below the highest: what moves
 * in neighbouring hours has nearly the same length, so that costs about one bit more than the number has.
 * A step of 0 ends it.
 * Readers believe nothing: a blob may come from anywhere.
 * store/ alone. */
#ifndef STORE_PACK_H
#define STORE_PACK_H

#include "store/slice.h"

#define PACK_HOURS_MAX 100

struct pack_hour {
	int64_t start;
	struct slice_reader slice;
};
/* hours ascending, 1 to PACK_HOURS_MAX; their slices are read to the end. False if one is damaged. */
bool pack_put(struct str *out, struct pack_hour *hours, size_t n);

struct pack_before {
	uint64_t v[SLICE_FIGURES];
	unsigned length[SLICE_FIGURES]; /* of the numbers as written */
};

/* struct pack_reader r = pack_read(start, blob, len); while (pack_next(&r, &hour, &row)) ...; if (r.bad) damaged.
 * Entry by entry, and hour by hour in each. */
struct pack_reader {
	const unsigned char *p;
	size_t bits, at;
	bool bad;
	size_t n_hours;
	int64_t start[PACK_HOURS_MAX];
	int64_t entry;
	size_t hour; /* the next one of entry; n_hours: next entry */
	bool has[PACK_HOURS_MAX], estimated[PACK_HOURS_MAX];
	struct pack_before before;
};
struct pack_reader pack_read(int64_t start, const void *blob, size_t len);
bool pack_next(struct pack_reader *r, size_t *ret_hour, struct slice_row *ret_row);

#endif
