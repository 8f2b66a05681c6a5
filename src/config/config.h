/* From the bytes of the INI files to one configuration with every default filled in, or to a list of what is wrong with them.
 * Pure: no file, no clock. All memory in the arena.
 * run/ and cmd/ call. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "config/diag.h"
#include "model/entry.h"
#include "util/str.h"
#include "util/vec.h"

struct config_source {
	const char *name;  /* as messages call it */
	const char *bytes; /* must outlive the configuration */
	size_t len;
};

/* Files in the order of reading. */
struct config_sources {
	VEC_OF(struct config_source) files;
	int64_t mtime; /* of the youngest, Unix seconds */
};

/* Everything that is wrong goes to d, sorted by place. NULL when any of it is an error; warnings alone do not hinder. */
struct config *config_parse(struct arena *a, const struct config_sources *sources, struct diags *d);

/* A number that is the same when the same bytes would give the same configuration: the files' bytes, and the keys and defaults
 * that this program knows. */
uint64_t config_sources_hash(const struct config_sources *sources);

/* Where the database is, even when something else in the files is wrong: who only reads can then go on with what was applied. */
const char *config_database(struct arena *a, const struct config_sources *sources);

/* Secrets of *io that are SECRET_HIDDEN, since it was printed once, become those that stand in the files, where these have the same target
 * in a section without an error: whatever else is wrong with them, or was not taken up yet. */
void config_find_secrets(struct arena *a, const struct config_sources *sources, struct config *io);

/* The effective configuration as INI: every key with its value, defaults too. Parsed again it prints the same. */
void config_print(const struct config *c, struct str *out);

/* One section of it: settings, or an entry or quota. */
void config_print_settings(const struct settings *s, struct str *out);
void config_print_entry(const struct entry *e, struct str *out);

/* The value of one key of an entry or quota; nothing where it has none. */
void config_print_value(const struct entry *e, const char *key, struct str *out);
/* Which keys of two entries of one kind differ: "ports 80 -> 80, 443; limit 20mbit -> none"; nothing if none does. */
void config_print_changes(const struct entry *was, const struct entry *is, struct str *out);

/* The target of that name, of which len bytes count; NULL: there is none. */
const struct target *config_target(const struct config *c, const char *name, size_t len);

/* Is it a recipient that this target could have? */
bool config_recipient(const struct target *t, const char *recipient);

#endif
