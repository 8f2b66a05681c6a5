/* Text in UTF-8: valid or not, how wide a terminal shows it, where it may be cut, and how it is printed safely.
 * Widths are those of libc's wcwidth, summed: what most terminals do; a family of emoji joined by U+200D counts each member.
 * No locale is needed. Anybody may call. */
#ifndef UTIL_UTF8_H
#define UTIL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/str.h"

/* What utf8_decode gives for bytes that are no character. */
#define UTF8_BAD UINT32_MAX

/* Whole and well-formed: no overlong forms, no surrogates, nothing above U+10FFFF. NUL is a character here. */
bool utf8_valid(const char *s, size_t len);

/* Reads one code point from s[0..len), len >= 1, and returns how many bytes it took, at least 1. Bad bytes are taken up to where
 * the next character may begin, as Unicode recommends. */
size_t utf8_decode(const char *s, size_t len, uint32_t *ret_code);

/* Columns of a terminal for text that goes out through utf8_put. */
size_t utf8_width(const char *s, size_t len);

/* Bytes of the longest beginning of whole clusters that is at most `width` columns wide. A cluster is a character with its
 * combining marks, emoji modifiers and what U+200D joins to it, or two regional indicators. */
size_t utf8_cut(const char *s, size_t len, size_t width);

/* Appends text; bad bytes, control characters (of terminals and of writing direction) and line separators as U+FFFD. */
void utf8_put(struct str *out, const char *s, size_t len);

/* The same, with line ends, tabs and other control characters of ASCII as spaces: what others said, in a line of ours. */
void utf8_put_line(struct str *out, const char *s, size_t len);

/* utf8_put within `width` columns: what is too wide is cut and ends in an ellipsis of one column. */
void utf8_put_fit(struct str *out, const char *s, size_t len, size_t width);

#endif
