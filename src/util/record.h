/* Records on a pipe between two processes: fields of a key and any bytes, with lengths said beforehand, so that nothing needs an
 * escape and a reader can refuse what is too long before it is there.
 *     record = field* ".\n"      field = KEY ":" LENGTH ":" BYTES "\n"
 * KEY is 1 to 16 of a-z and _, LENGTH decimal without leading zeros. A key may come more than once: a list.
 * model/request.c, child/ and net/ call. */
#ifndef UTIL_RECORD_H
#define UTIL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/str.h"

#define RECORD_KEY_MAX 16
/* Of a whole record. */
#define RECORD_MAX ((size_t)8 << 20)

void record_put(struct str *out, const char *key, const char *bytes, size_t len);
/* text NULL: no field. */
void record_text(struct str *out, const char *key, const char *text);
/* 0: no field. */
void record_number(struct str *out, const char *key, uint64_t n);
void record_end(struct str *out);

/* How long the first record in bytes is, its end included: 0 when more must come, -1 when it can be none. Only the frame is
 * looked at. ceiling: of what the reader takes, at most RECORD_MAX. */
long record_whole(const char *bytes, size_t len, size_t ceiling);

struct record_field {
	const char *key; /* not NUL-terminated */
	size_t key_len;
	const char *bytes; /* neither */
	size_t len;
};

/* struct record_reader r = RECORD_FROM(bytes, len); while (record_next(&r, &field)) ...; if (!record_ended(&r)) damaged. */
struct record_reader {
	const char *p;
	size_t len;
	bool ended;
};
#define RECORD_FROM(bytes, n) ((struct record_reader){ .p = (bytes), .len = (n) })
bool record_next(struct record_reader *r, struct record_field *ret);
/* The end was there, and nothing after it. */
bool record_ended(const struct record_reader *r);

bool record_is(const struct record_field *f, const char *key);
/* Decimal digits that fit; false otherwise. */
bool record_to_number(const struct record_field *f, uint64_t most, uint64_t *ret);

#endif
