/* Base64: see base64.h.
 * Three bytes are four letters.
 * Anybody may call. */
#include "util/base64.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_put(struct str *out, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i += 3) {
		unsigned a = p[i], b = i + 1 < len ? p[i + 1] : 0, c = i + 2 < len ? p[i + 2] : 0;

		str_putc(out, letters[a >> 2]);
		str_putc(out, letters[(a & 3) << 4 | b >> 4]);
		str_putc(out, i + 1 < len ? letters[(b & 15) << 2 | c >> 6] : '=');
		str_putc(out, i + 2 < len ? letters[c & 63] : '=');
	}
}
