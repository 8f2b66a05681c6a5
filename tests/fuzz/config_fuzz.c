/* Any bytes as an INI: no crash, every fault can be rendered, and what is accepted prints as an INI that is accepted and prints
 * the same again.
 * make check-fuzz runs it for seconds; the corpus is tests/golden/config. */
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

static struct config *parse(struct arena *a, const char *bytes, size_t len, struct str *ret_text)
{
	struct config_source source = { .name = "fuzz", .bytes = bytes, .len = len };
	struct config_sources sources = { .files = { .at = &source, .n = 1 } };
	struct diags d = { .arena = a };
	struct config *c = config_parse(a, &sources, &d);

	diags_render(&d, true, ret_text);
	if (!c != !!d.errors)
		abort();
	return c;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct str said = STR_CEILING((size_t)64 << 20), once = said, twice = said;
	struct arena a = { 0 };
	struct config *c = parse(&a, (const char *)data, size, &said);

	if (c) {
		config_print(c, &once);
		c = parse(&a, once.p, once.len, &said);
		if (!c)
			abort();
		config_print(c, &twice);
		if (strcmp(once.p, twice.p) != 0)
			abort();
	}
	str_free(&said);
	str_free(&once);
	str_free(&twice);
	arena_free(&a);
	return 0;
}
