/* Rules between a [quota NAME] and its entries: they exist, are of one kind, and few enough quotas act on each. See check.h.
 * Apart from what one section must say by itself, since an entry may stand in any file, before or behind its quota.
 * config/ calls. */
#include <string.h>
#include <strings.h>

#include "config/check.h"
#include "model/policy.h"
#include "util/hash.h"
#include "util/nearest.h"

#define ACTING_MAX \
	4 /* quotas of one entry that throttle or block: each takes a map of the kernel's table (design.md section 4) */

struct members {
	struct config *c;
	const struct ini *ini;
	struct diags *d;
	struct hash_map entries; /* name -> index */
	size_t *acting;          /* of each entry: quotas that throttle or block, its own too */
};

/* Where the section names it. */
static struct place place_of(const struct ini_section *s, const char *name)
{
	for (const struct ini_key *k = s->keys; k; k = k->next) {
		const char *p = k->value;

		if (strcmp(k->name, "entries") != 0)
			continue;
		while (*p) {
			size_t len;

			p += strspn(p, " \t,");
			len = strcspn(p, " \t,");
			if (len == strlen(name) && memcmp(p, name, len) == 0)
				return place_inside(&k->value_at, (size_t)(p - k->value), len);
			p += len;
		}
	}
	return check_key_place(s, "entries");
}

/* A section of that name was there, and what is wrong with it is told. */
static bool told(const struct members *m, const char *name)
{
	for (size_t i = 0; i < m->ini->sections.n; i++)
		if (strcmp(m->ini->sections.at[i].name, name) == 0)
			return true;
	return false;
}

static void unknown(const struct members *m, const struct written *w, const char *name)
{
	struct place at = place_of(w->section, name);
	const char *near = NULL;

	for (size_t i = 0; i < m->c->quotas.n; i++)
		if (strcmp(m->c->quotas.at[i].name, name) == 0) {
			diag_error(
				m->d, &at, "name the entries that share it", "\"%s\" is a [quota], not an entry", name);
			return;
		}
	if (told(m, name))
		return;
	for (size_t i = 0; i < m->c->entries.n; i++)
		near = nearest_better(name, near, m->c->entries.at[i].name);
	if (strcasecmp(name, "total") == 0)
		diag_error(m->d, &at, "an [interface NAME] counts the whole machine, and may have a \"quota\"",
			"\"%s\" is no entry", name);
	else
		diag_error(m->d, &at,
			near ? arena_printf(m->d->arena, "did you mean \"%s\"?", near)
			     : "write the NAME of a [port], [address] or [interface]",
			"there is no entry \"%s\"", name);
}

static void count_acting(struct members *m, const struct written *w, size_t entry)
{
	const char *name = m->c->entries.at[entry].name;
	struct place at;

	if (++m->acting[entry] != ACTING_MAX + 1)
		return;
	at = place_of(w->section, name);
	diag_error(m->d, &at, "let one of them only alert, or put entries together",
		"\"%s\" has more than %d quotas that throttle or block", name, ACTING_MAX);
}

static void resolve(struct members *m, struct entry *q, const struct written *w)
{
	const struct entry *entries = m->c->entries.at, *first = entries;

	for (size_t i = 0; i < q->members.n; i++) {
		const char *name = q->members.at[i];
		const uint32_t *index = hash_map_get(&m->entries, name);
		struct place at;
		size_t *added;

		if (!index) {
			unknown(m, w, name);
			continue;
		}
		if (!q->member_at.n)
			first = &entries[*index];
		if (first->kind != entries[*index].kind) {
			at = place_of(w->section, name);
			diag_error(m->d, &at, "make a [quota NAME] for each kind",
				"\"%s\" is of another kind than \"%s\": [%s], not [%s]", name, first->name,
				section_of_entry(entries[*index].kind)->name, section_of_entry(first->kind)->name);
			continue;
		}
		added = vec_push(m->d->arena, &q->member_at);
		*added = *index;
		if (policy_quota_acts(q))
			count_acting(m, w, *index);
	}
}

void check_quotas(
	struct config *c, const struct written *written, const struct ini *ini, struct arena *scratch, struct diags *d)
{
	struct members m = { .c = c, .ini = ini, .d = d };

	if (!c->quotas.n)
		return;
	hash_map_init(&m.entries, scratch, c->entries.n);
	m.acting = arena_array(scratch, c->entries.n + 1, sizeof *m.acting);
	for (uint32_t i = 0; i < c->entries.n; i++) {
		hash_map_add(&m.entries, c->entries.at[i].name, i);
		m.acting[i] = policy_quota_acts(&c->entries.at[i]);
	}
	for (size_t i = 0; i < c->quotas.n; i++)
		resolve(&m, &c->quotas.at[i], &written[i]);
}
