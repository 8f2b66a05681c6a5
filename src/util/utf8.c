/* UTF-8: see utf8.h.
 * The widths are a table of our own, since wcwidth needs a locale and a locale is state of the process. utf8_test compares the
 * table with wcwidth.
 * Anybody may call. */
#include "util/utf8.h"

#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define ELLIPSIS "\xe2\x80\xa6"    /* U+2026 */
#define JOINER 0x200d

struct code_range {
	uint32_t lo, hi;
};

static const struct code_range zero_width[] = {
#define ZERO(lo, hi) { lo, hi },
#define WIDE(lo, hi)
#include "util/width.def"
#undef ZERO
#undef WIDE
};

static const struct code_range double_width[] = {
#define ZERO(lo, hi)
#define WIDE(lo, hi) { lo, hi },
#include "util/width.def"
#undef ZERO
#undef WIDE
};

static bool in_ranges(const struct code_range *r, size_t n, uint32_t c)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (c > r[mid].hi)
			lo = mid + 1;
		else if (c < r[mid].lo)
			hi = mid;
		else
			return true;
	}
	return false;
}

size_t utf8_decode(const char *s, size_t len, uint32_t *ret_code)
{
	unsigned char b = (unsigned char)s[0], lo = 0x80, hi = 0xbf;
	uint32_t code;
	size_t n;

	*ret_code = UTF8_BAD;
	if (b < 0x80) {
		*ret_code = b;
		return 1;
	}
	if (b < 0xc2 || b > 0xf4)
		return 1;
	n = b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4;
	code = b & (0x7fu >> n);
	/* The second byte rules out overlong forms, surrogates and what is above U+10FFFF. */
	if (b == 0xe0)
		lo = 0xa0;
	else if (b == 0xed)
		hi = 0x9f;
	else if (b == 0xf0)
		lo = 0x90;
	else if (b == 0xf4)
		hi = 0x8f;
	for (size_t i = 1; i < n; i++) {
		if (i == len)
			return i;
		b = (unsigned char)s[i];
		if (b < lo || b > hi)
			return i;
		code = code << 6 | (b & 0x3f);
		lo = 0x80;
		hi = 0xbf;
	}
	*ret_code = code;
	return n;
}

bool utf8_valid(const char *s, size_t len)
{
	uint32_t code;

	for (size_t i = 0; i < len;) {
		i += utf8_decode(s + i, len - i, &code);
		if (code == UTF8_BAD)
			return false;
	}
	return true;
}

/* Would move the cursor, break the line or turn the direction of what follows. */
static bool harmful(uint32_t c)
{
	return c == UTF8_BAD || c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
		(c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static size_t code_width(uint32_t c)
{
	if (c < 0x300 || harmful(c))
		return 1;
	if (in_ranges(zero_width, sizeof zero_width / sizeof *zero_width, c))
		return 0;
	return in_ranges(double_width, sizeof double_width / sizeof *double_width, c) ? 2 : 1;
}

static bool regional_indicator(uint32_t c)
{
	return c >= 0x1f1e6 && c <= 0x1f1ff;
}

static bool emoji_modifier(uint32_t c)
{
	return c >= 0x1f3fb && c <= 0x1f3ff;
}

/* Bytes and columns of the cluster at s[0..len), len >= 1. */
static size_t cluster(const char *s, size_t len, size_t *ret_width)
{
	uint32_t first, before, c;
	size_t used = utf8_decode(s, len, &first), width = code_width(first), n, w;
	bool pair = regional_indicator(first);

	for (before = first; used < len; before = c) {
		n = utf8_decode(s + used, len - used, &c);
		w = code_width(c);
		if (w != 0 && (before != JOINER || harmful(c)) && !(pair && regional_indicator(c)) &&
			!emoji_modifier(c))
			break;
		pair = false;
		used += n;
		width += w;
	}
	*ret_width = width;
	return used;
}

size_t utf8_width(const char *s, size_t len)
{
	size_t width = 0;
	uint32_t code;

	for (size_t i = 0; i < len;) {
		i += utf8_decode(s + i, len - i, &code);
		width += code_width(code);
	}
	return width;
}

size_t utf8_cut(const char *s, size_t len, size_t width)
{
	size_t i = 0, n, w;

	for (; i < len; i += n, width -= w) {
		n = cluster(s + i, len - i, &w);
		if (w > width)
			break;
	}
	return i;
}

static void put(struct str *out, const char *s, size_t len, const char *control)
{
	size_t from = 0, i = 0, n;
	uint32_t code;

	for (; i < len; i += n) {
		n = utf8_decode(s + i, len - i, &code);
		if (!harmful(code))
			continue;
		str_put(out, s + from, i - from);
		str_puts(out, code < ' ' || code == 0x7f ? control : REPLACEMENT);
		from = i + n;
	}
	str_put(out, s + from, len - from);
}

void utf8_put(struct str *out, const char *s, size_t len)
{
	put(out, s, len, REPLACEMENT);
}

void utf8_put_line(struct str *out, const char *s, size_t len)
{
	put(out, s, len, " ");
}

void utf8_put_fit(struct str *out, const char *s, size_t len, size_t width)
{
	if (utf8_cut(s, len, width) == len) {
		utf8_put(out, s, len);
	} else if (width) {
		utf8_put(out, s, utf8_cut(s, len, width - 1));
		str_puts(out, ELLIPSIS);
	}
}
