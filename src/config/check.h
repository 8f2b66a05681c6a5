/* Rules between sections and between the keys of one: names that clash, packets that two entries of one kind would count.
 * Apart from the parser, since they need all entries with their defaults.
 * config/ calls. */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "config/diag.h"
#include "config/keys.h"
#include "config/lines.h"
#include "model/entry.h"

/* A section that declares something, and whether its keys could be read. */
struct written {
	const struct ini_section *section;
	const struct section_row *kind;
	bool broken;
};

/* The value that declares port `port` of an entry, or the section's header. */
struct place check_port_place(const struct ini_section *s, uint32_t port);
/* The first value of a key, or the section's header. */
struct place check_key_place(const struct ini_section *s, const char *key);

/* One entry by itself. */
void check_entry(const struct entry *e, const struct written *w, const struct settings *settings, struct diags *d);

/* All entries: entries[i] was written as written[i]. Broken ones are left out. What is in scratch may go
 * afterwards. */
void check_overlaps(const struct config *c, const struct written *written, struct arena *scratch, struct diags *d);

/* All [quota NAME] sections: quotas[i] was written as written[i]. Fills their member_at, in the arena of d. */
void check_quotas(
	struct config *c, const struct written *written, const struct ini *ini, struct arena *scratch, struct diags *d);

/* All [notify NAME] sections, written[i] each, and all routes to them. routes.c. */
void check_targets(struct config *c, const struct written *written, const struct ini *ini, struct diags *d);

#endif
