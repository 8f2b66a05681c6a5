/* Text inside HTML: see html.h.
 * Cleaning comes first, so that no half character can swallow the entity behind it.
 * view/ and notify/ call. */
#include "view/html.h"

#include <string.h>

#include "util/utf8.h"

void html_put(struct str *out, const char *text, size_t len)
{
	static const char special[] = "&<>\"'";
	static const char *const entity[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&#39;" };

	while (len) {
		size_t plain = 0;

		while (plain < len && !memchr(special, text[plain], sizeof special - 1))
			plain++;
		utf8_put(out, text, plain);
		text += plain;
		len -= plain;
		if (!len)
			return;
		str_puts(out, entity[strchr(special, *text) - special]);
		text++;
		len--;
	}
}
