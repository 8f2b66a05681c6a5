/* A growing text with a ceiling stated at birth. Reaching the ceiling sets `full` and cuts at the last whole write:
 * who prints checks `full` once at the end. Memory is malloc'ed; str_free() frees it.
 * Anybody may call. */
#ifndef UTIL_STR_H
#define UTIL_STR_H

#include <stdbool.h>
#include <stddef.h>

struct str {
	char *p; /* NUL-terminated once something was written; NULL before */
	size_t len, cap, ceiling;
	bool full;
};

#define STR_CEILING(bytes) ((struct str){ .ceiling = (bytes) })

void str_put(struct str *s, const char *bytes, size_t len);
void str_puts(struct str *s, const char *text);
void str_putc(struct str *s, char c);
void str_fill(struct str *s, char c, size_t n);
void str_putf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void str_free(struct str *s);
/* For __attribute__((cleanup(str_free))). */
#define cleanup_str __attribute__((cleanup(str_free)))

#endif
