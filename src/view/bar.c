/* Bars: see bar.h.
 * The length is a fraction of two 64-bit numbers: by double, since a pixel's error is no error here.
 * The views call. */
#include "view/bar.h"

#include "util/str.h"

const char *bar_text(struct arena *a, uint64_t value, uint64_t most, unsigned width, bool utf8)
{
	cleanup_str struct str out = STR_CEILING(1024);
	const unsigned steps = utf8 ? 8 : 1;
	unsigned n;

	if (!value || !most)
		return "";
	n = (unsigned)((double)(value < most ? value : most) / (double)most * (double)(width * steps) + 0.5);
	if (!n)
		n = 1;
	for (unsigned i = 0; i < n / steps; i++)
		str_puts(&out, utf8 ? "\xe2\x96\x88" : "#");
	/* U+258F (one eighth) to U+2589 (seven) */
	if (n % steps) {
		const char block[3] = { '\xe2', '\x96', (char)(0x90 - (int)(n % steps)) };

		str_put(&out, block, sizeof block);
	}
	return arena_strdup(a, out.p);
}
