/* Any bytes as a JSON text and as a key: jansson must read what we write, and where the bytes are UTF-8, read the same.
 * make check-fuzz runs it for some seconds.
 * libFuzzer calls. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "util/utf8.h"
#include "view/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_str struct str out = STR_CEILING((size_t)1 << 24);
	struct json j = JSON_INTO(&out);
	const char *bytes = (const char *)data;
	json_t *root, *text;

	json_open_array(&j);
	json_put_bytes(&j, bytes, size);
	json_put_u64(&j, size);
	json_close_array(&j);
	json_end(&j);
	root = json_loadb(out.p, out.len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
	if (!root || json_array_size(root) != 2 || json_integer_value(json_array_get(root, 1)) != (json_int_t)size)
		abort();
	text = json_array_get(root, 0);
	if (utf8_valid(bytes, size) &&
		(json_string_length(text) != size || memcmp(json_string_value(text), bytes, size) != 0))
		abort();
	json_decref(root);
	return 0;
}
