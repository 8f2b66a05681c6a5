/* Any bytes as text: what is printed is valid, harmless, as wide as said, and a cut leaves no half of anything.
 * The first byte is the width to cut to.
 * libFuzzer calls. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
	if (!right)
		abort();
}

/* Valid, and no control character of a terminal left. */
static void check_printed(const struct str *s)
{
	uint32_t code;

	check(utf8_valid(s->p ? s->p : "", s->len));
	for (size_t i = 0; i < s->len;) {
		i += utf8_decode(s->p + i, s->len - i, &code);
		check(code >= 0x20 && (code < 0x7f || code > 0x9f));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_str struct str whole = STR_CEILING((size_t)1 << 24), fit = STR_CEILING((size_t)1 << 24);
	const char *text = (const char *)data + 1;
	size_t len = size - 1, width, cut;

	if (size == 0)
		return 0;
	width = data[0];
	utf8_put(&whole, text, len);
	check_printed(&whole);
	check(utf8_width(whole.p ? whole.p : "", whole.len) == utf8_width(text, len));
	cut = utf8_cut(text, len, width);
	check(cut <= len && utf8_width(text, cut) <= width);
	check(utf8_cut(text, len, utf8_width(text, len)) == len);
	check(utf8_cut(text, cut, width) == cut);
	check(utf8_width(text, cut) + utf8_width(text + cut, len - cut) == utf8_width(text, len));
	utf8_put_fit(&fit, text, len, width);
	check_printed(&fit);
	check(utf8_width(fit.p ? fit.p : "", fit.len) <= width);
	return 0;
}
