/* The table of keys: each key is one row of keys.def, and parser, errors, `config show`, sample INI and manual read the rows.
 * One place a key, so that none of them can forget one.
 * config/ and docgen.c call. */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/entry.h"

/* Kinds of sections, as bits. */
enum section_kind {
	SECTION_PORTFLOW = 1,
	SECTION_PORT = 2,
	SECTION_ADDRESS = 4,
	SECTION_INTERFACE = 8,
	SECTION_QUOTA = 16,
	SECTION_NOTIFY = 32,
	SECTION_ENTRIES = SECTION_PORT | SECTION_ADDRESS | SECTION_INTERFACE,
	SECTION_SUBJECTS = SECTION_ENTRIES | SECTION_QUOTA, /* all that become a struct entry */
};

struct str;
struct value_type; /* values.h */

struct key_row {
	const char *name;
	unsigned sections, required; /* section_kind bits: where it may stand, where it must */
	bool inherits;               /* what [portflow] says is the default */
	const char *with; /* the key without which this one says nothing, and is an error; NULL: it stands alone */
	const struct value_type *type;
	size_t field;      /* offset in struct settings ([portflow]), struct target ([notify]) or struct entry */
	uint64_t min, max; /* of numbers and spans */
	const char *def;   /* the default as it would be written; NULL: def_text says what holds */
	const char *def_text;
	const char *summary; /* one line */
	const char *text;    /* a paragraph of the manual */
	const char *example;
};

extern const struct key_row key_rows[];
extern const size_t key_rows_n;

const struct key_row *key_find(const char *name, unsigned section);

/* The value of a key of a section as it would be written; nothing where it has no written form, or the key it needs has none.
 * base: struct settings, target or entry. print.c. */
void key_print(const struct key_row *row, unsigned section, const void *base, struct str *out);

/* A name that a later release knows: why it is refused. */
enum later_kind { LATER_KEY, LATER_SECTION };
struct later_row {
	enum later_kind kind;
	const char *name;
	const char *what; /* "notifications", NULL: only planned */
};
extern const struct later_row later_rows[];
extern const size_t later_rows_n;
const struct later_row *later_find(enum later_kind kind, const char *name);

struct section_row {
	const char *name;
	enum section_kind kind;
	bool named;        /* [port NAME] */
	const char *title; /* "[port NAME]" */
};
#define SECTION_KINDS 6
extern const struct section_row section_rows[SECTION_KINDS];
const struct section_row *section_find(const char *name);
const struct section_row *section_of_entry(enum entry_kind kind);

#endif
