/* Sizes outside the INI: see size.h.
 * The reader is that of values.c, with one diagnostic turned into a sentence.
 * cmd/ calls. */
#include "config/size.h"

#include <string.h>

#include "config/values.h"

const char *size_read(struct arena *a, const char *text, uint64_t *ret_bytes)
{
	struct diags d = { .arena = a };
	struct value v = { .text = text, .len = strlen(text), .d = &d };

	if (value_plain(&v) == 0 && value_size(&v, ret_bytes) == 0)
		return NULL;
	if (!d.list.n)
		return "no size";
	return d.list.at[0].cure ? arena_printf(a, "%s: %s", d.list.at[0].text, d.list.at[0].cure) : d.list.at[0].text;
}

void size_put(struct str *out, uint64_t bytes, bool binary)
{
	value_put_size(out, bytes, binary);
}
