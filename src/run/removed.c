/* Entries that left: see removed.h.
 * A line is "ROW WHEN TARGET RECIPIENT"; the recipient, which may be empty, goes to its end.
 * run/statement.c calls. */
#include "run/removed.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "util/ids.h"

#define FACT "statement.removed"
#define TEXT_MAX ((size_t)64 << 20) /* a million of them */

/* By ledger.entries: those that the configuration has. */
static bool *present(const struct pass *p)
{
	bool *ret = arena_array(&p->app->arena, p->ledger.entries.n + 1, sizeof *ret);

	for (size_t i = 0; i < p->config->entries.n; i++)
		if (p->at[i] != SIZE_MAX)
			ret[p->at[i]] = true;
	return ret;
}

static const char *key_of(struct arena *a, const struct removed *r)
{
	return arena_printf(a, "%" PRId64 " %s %s", r->row, r->target, r->recipient);
}

static void add(struct pass *p, struct removed_list *list, const struct removed *r)
{
	struct arena *a = &p->app->arena;

	if (hash_map_add(&list->known, key_of(a, r), (uint32_t)list->n))
		*vec_push(a, list) = *r;
}

int removed_load(struct pass *p, int64_t since, struct removed_list *ret, struct err *err)
{
	struct arena *a = &p->app->arena;
	const bool *here = present(p);
	const char *line;
	char *rest;

	*ret = (struct removed_list){ 0 };
	hash_map_init(&ret->known, a, 0);
	if (store_meta_get(p->store, a, FACT, &ret->stored, err))
		return -1;
	for (line = ret->stored; line && *line; line += *line == '\n') {
		struct removed r = { .row = strtoll(line, &rest, 10) };
		size_t len = strcspn(line, "\n"), name;
		const size_t at = IDS_PLACE(p->ledger.entries.at, p->ledger.entries.n, id, r.row);
		const char *end = line + len;

		r.when = strtoll(rest, &rest, 10);
		line = end;
		if (*rest != ' ' || rest > end || r.when < since || (at != SIZE_MAX && here[at]))
			continue;
		name = strcspn(++rest, " \n");
		if (rest[name] != ' ')
			continue;
		r.target = arena_strndup(a, rest, name);
		rest += name + 1;
		r.recipient = arena_strndup(a, rest, (size_t)(end - rest));
		add(p, ret, &r);
	}
	return 0;
}

void removed_add(struct pass *p, struct removed_list *list, int64_t row, const char *target, const char *recipient)
{
	add(p, list, &(struct removed){ row, p->app->now, target, recipient });
}

void removed_store(struct pass *p, const struct removed_list *list)
{
	cleanup_str struct str out = STR_CEILING(TEXT_MAX);

	for (size_t i = 0; i < list->n; i++)
		str_putf(&out, "%" PRId64 " %" PRId64 " %s %s\n", list->at[i].row, list->at[i].when, list->at[i].target,
			list->at[i].recipient);
	if (out.full)
		app_warn(p->app,
			"too many entries were removed at once: some will be missing in the statements of this period");
	if (strcmp(out.len ? out.p : "", list->stored ? list->stored : "") == 0)
		return;
	*vec_push(&p->app->arena, &p->result.facts) = (struct fact){ FACT,
		out.len ? arena_strndup(&p->app->arena, out.p, out.len) : NULL };
}

static const char *entry_key(struct arena *a, enum entry_kind kind, const char *name)
{
	return arena_printf(a, "%d %s", (int)kind, name);
}

void removed_each(struct pass *p, void (*each)(void *with, size_t i, int64_t row), void *with)
{
	struct arena *a = &p->app->arena;
	const bool *here;
	struct hash_map left;

	if (!p->applied || p->applied == p->config)
		return;
	hash_map_init(&left, a, p->applied->entries.n);
	for (size_t i = 0; i < p->applied->entries.n; i++)
		hash_map_add(&left, entry_key(a, p->applied->entries.at[i].kind, p->applied->entries.at[i].name),
			(uint32_t)i);
	here = present(p);
	for (size_t i = 0; i < p->ledger.entries.n; i++) {
		const struct ledger_entry *e = &p->ledger.entries.at[i];
		const uint32_t *at = here[i] ? NULL : hash_map_get(&left, entry_key(a, e->kind, e->name));

		if (at)
			each(with, *at, e->id);
	}
}
