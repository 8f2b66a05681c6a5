/* The schema's files as bytes of this program: see schema.h.
 * By the assembler's .incbin, so that the file one reads and the text that runs are the same bytes.
 * store/ alone. */
#include "store/schema.h"

#include <stddef.h>

#define SCHEMA_FILE(n) \
	__asm__(".pushsection .rodata\n" \
		"schema_" #n \
		":\n" \
		".incbin \"src/store/schema/" #n \
		".sql\"\n" \
		".byte 0\n" \
		".popsection\n"); \
	extern const char schema_##n[] __attribute__((visibility("hidden")))

SCHEMA_FILE(001);
SCHEMA_FILE(002);
SCHEMA_FILE(003);
SCHEMA_FILE(004);
SCHEMA_FILE(005);

const char *schema_text(int version)
{
	static const char *const files[SCHEMA_VERSION + 1] = { NULL, schema_001, schema_002, schema_003, schema_004,
		schema_005 };

	return files[version];
}
