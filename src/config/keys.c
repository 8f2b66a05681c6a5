/* The table of keys: see keys.h.
 * The rows are in keys.def and later.def.
 * config/ and docgen.c call. */
#include "config/keys.h"

#include <string.h>

#include "config/values.h"

#define SETTING(member) .field = offsetof(struct settings, member)
#define ENTRY(member) .field = offsetof(struct entry, member)
#define TARGET(member) .field = offsetof(struct target, member)
#define KEY(...) { __VA_ARGS__ },
const struct key_row key_rows[] = {
#include "config/keys.def"
};
const size_t key_rows_n = sizeof key_rows / sizeof *key_rows;

#define LATER(...) { __VA_ARGS__ },
const struct later_row later_rows[] = {
#include "config/later.def"
};
const size_t later_rows_n = sizeof later_rows / sizeof *later_rows;

const struct section_row section_rows[SECTION_KINDS] = {
	{ "portflow", SECTION_PORTFLOW, false, "[portflow]" },
	{ "port", SECTION_PORT, true, "[port NAME]" },
	{ "address", SECTION_ADDRESS, true, "[address NAME]" },
	{ "interface", SECTION_INTERFACE, true, "[interface NAME]" },
	{ "quota", SECTION_QUOTA, true, "[quota NAME]" },
	{ "notify", SECTION_NOTIFY, true, "[notify NAME]" },
};

const struct key_row *key_find(const char *name, unsigned section)
{
	for (size_t i = 0; i < key_rows_n; i++)
		if ((key_rows[i].sections & section) && strcmp(key_rows[i].name, name) == 0)
			return &key_rows[i];
	return NULL;
}

/* A name that ends with "_" stands for all that begin so. */
const struct later_row *later_find(enum later_kind kind, const char *name)
{
	for (size_t i = 0; i < later_rows_n; i++) {
		const char *known = later_rows[i].name;
		size_t len = strlen(known);

		if (later_rows[i].kind != kind)
			continue;
		if (known[len - 1] == '_' ? strncmp(known, name, len) == 0 : strcmp(known, name) == 0)
			return &later_rows[i];
	}
	return NULL;
}

const struct section_row *section_find(const char *name)
{
	for (size_t i = 0; i < SECTION_KINDS; i++)
		if (strcmp(section_rows[i].name, name) == 0)
			return &section_rows[i];
	return NULL;
}

const struct section_row *section_of_entry(enum entry_kind kind)
{
	static const char *const names[] = {
		[ENTRY_PORT] = "port",
		[ENTRY_ADDRESS] = "address",
		[ENTRY_INTERFACE] = "interface",
		[ENTRY_QUOTA] = "quota",
	};

	return section_find(names[kind]);
}
