/* Entries that left: see removed.h.
 * A line is "ROW WHEN TARGET RECIPIENT"; the recipient, which may be empty, goes to its end.
 * run/statement.c calls. */
#include "run/removed.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "util/hash.h"

#define FACT "statement.removed"
#define TEXT_MAX ((size_t)4 << 20)

static bool is_back(const struct pass *p, int64_t row)
{
	for (size_t i = 0; i < p->config->entries.n; i++)
		if (pass_row(p, i) == row)
			return true;
	return false;
}

int removed_load(struct pass *p, int64_t since, struct removed_list *ret, struct err *err)
{
	struct arena *a = &p->app->arena;
	const char *line;
	char *rest;

	*ret = (struct removed_list){ 0 };
	if (store_meta_get(p->store, a, FACT, &ret->stored, err))
		return -1;
	for (line = ret->stored; line && *line; line += *line == '\n') {
		struct removed r = { .row = strtoll(line, &rest, 10) };
		size_t len = strcspn(line, "\n"), name;
		const char *end = line + len;

		r.when = strtoll(rest, &rest, 10);
		line = end;
		if (*rest != ' ' || rest > end || r.when < since || is_back(p, r.row))
			continue;
		name = strcspn(++rest, " \n");
		if (rest[name] != ' ')
			continue;
		r.target = arena_strndup(a, rest, name);
		rest += name + 1;
		r.recipient = arena_strndup(a, rest, (size_t)(end - rest));
		*vec_push(a, ret) = r;
	}
	return 0;
}

void removed_add(struct pass *p, struct removed_list *list, int64_t row, const char *target, const char *recipient)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->at[i].row == row && strcmp(list->at[i].target, target) == 0 &&
			strcmp(list->at[i].recipient, recipient) == 0)
			return;
	*vec_push(&p->app->arena, list) = (struct removed){ row, p->app->now, target, recipient };
}

void removed_store(struct pass *p, const struct removed_list *list)
{
	cleanup_str struct str out = STR_CEILING(TEXT_MAX);

	for (size_t i = 0; i < list->n; i++)
		str_putf(&out, "%" PRId64 " %" PRId64 " %s %s\n", list->at[i].row, list->at[i].when, list->at[i].target,
			list->at[i].recipient);
	if (out.full || strcmp(out.len ? out.p : "", list->stored ? list->stored : "") == 0)
		return;
	*vec_push(&p->app->arena, &p->result.facts) = (struct fact){ FACT,
		out.len ? arena_strndup(&p->app->arena, out.p, out.len) : NULL };
}

static const char *entry_key(struct arena *a, const struct entry *e)
{
	return arena_printf(a, "%d %s", (int)e->kind, e->name);
}

/* 0: it never had one. */
static int64_t row_of(const struct pass *p, const struct entry *e)
{
	for (size_t i = 0; i < p->ledger.entries.n; i++)
		if (p->ledger.entries.at[i].kind == e->kind && strcmp(p->ledger.entries.at[i].name, e->name) == 0)
			return p->ledger.entries.at[i].id;
	return 0;
}

void removed_each(struct pass *p, void (*each)(void *with, size_t i, int64_t row), void *with)
{
	struct arena *a = &p->app->arena;
	struct hash_map here;

	if (!p->applied || p->applied == p->config)
		return;
	hash_map_init(&here, a, p->config->entries.n);
	for (size_t i = 0; i < p->config->entries.n; i++)
		hash_map_add(&here, entry_key(a, &p->config->entries.at[i]), (uint32_t)i);
	for (size_t i = 0; i < p->applied->entries.n; i++) {
		const struct entry *e = &p->applied->entries.at[i];
		int64_t row = hash_map_get(&here, entry_key(a, e)) ? 0 : row_of(p, e);

		if (row)
			each(with, i, row);
	}
}
