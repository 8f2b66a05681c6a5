/* A JSON writer that streams into a text: no tree, no allocation a value. Commas come by themselves; a value inside an object
 * follows a json_key(). Text is escaped, bytes that are not UTF-8 become U+FFFD, so the output is always valid JSON.
 * Whatever prints JSON calls. */
#ifndef VIEW_JSON_H
#define VIEW_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/str.h"

struct json {
	struct str *out;
	bool comma; /* the next value or key follows another one */
};

#define JSON_INTO(str) ((struct json){ .out = (str) })

void json_open_object(struct json *j);
void json_close_object(struct json *j);
void json_open_array(struct json *j);
void json_close_array(struct json *j);

void json_key(struct json *j, const char *key);

void json_put_text(struct json *j, const char *text);
/* text NULL: null. */
void json_put_text_or_null(struct json *j, const char *text);
void json_put_bytes(struct json *j, const char *bytes, size_t len);
void json_put_u64(struct json *j, uint64_t v);
/* n / 10, with one digit behind the point. */
void json_put_tenths(struct json *j, uint64_t n);
void json_put_bool(struct json *j, bool v);
void json_put_null(struct json *j);
/* RFC 3339 with the offset of the zone (IANA name, "" the machine's). */
void json_put_time(struct json *j, const char *zone, int64_t t);

/* The line feed that ends a document. */
void json_end(struct json *j);

#endif
