/* Readers of statements: see readers.h.
 * An entry's own routes come first, then those of the quotas that it is in.
 * run/statement.c calls. */
#include "run/readers.h"

#include <string.h>

#include "model/target.h"

struct finding_readers {
	struct pass *p;
	struct reader_list *list;
};

struct readers *readers_of(struct reader_list *x, struct arena *a, const struct target *t, const char *recipient)
{
	const char *key = arena_printf(a, "%s\n%s", t->name, recipient);
	const uint32_t *at = hash_map_get(&x->known, key);
	struct readers *r;

	if (at)
		return &x->at[*at];
	hash_map_add(&x->known, key, (uint32_t)x->n);
	r = vec_push(a, x);
	*r = (struct readers){ .target = t, .recipient = recipient };
	return r;
}

/* Entries come in their order, but for those of a [quota]. */
static void add_entry(
	struct finding_readers *x, const struct target *t, const char *recipient, size_t entry, bool again)
{
	struct readers *r = readers_of(x->list, &x->p->app->arena, t, recipient);
	const size_t n = r->entries.n;

	r->again |= again;
	if (!n || r->entries.at[n - 1] != entry)
		*vec_push(&x->p->app->arena, &r->entries) = entry;
}

/* Who hears of an entry, and of a [quota] or two that it is in, has it once. */
static void once(struct finding_readers *x)
{
	size_t *seen = arena_array(&x->p->app->arena, x->p->config->entries.n + 1, sizeof *seen);

	for (size_t i = 0; i < x->list->n; i++) {
		struct index_list *list = &x->list->at[i].entries;
		size_t n = 0;

		for (size_t k = 0; x->list->at[i].again && k < list->n; k++)
			if (seen[list->at[k]] != i + 1) {
				seen[list->at[k]] = i + 1;
				list->at[n++] = list->at[k];
			}
		list->n = x->list->at[i].again ? n : list->n;
	}
}

/* Calls each for every recipient of these routes that gets statements. */
typedef void each_reader(
	struct finding_readers *x, const struct target *t, const char *recipient, size_t entry, bool again);

static void expand(
	struct finding_readers *x, const struct route_list *routes, each_reader *each, size_t entry, bool again)
{
	const struct config *c = x->p->config;

	for (size_t i = 0; i < routes->n; i++)
		for (size_t k = 0; k < c->targets.n; k++) {
			const struct target *t = &c->targets.at[k];
			const char *whom;

			if (t->statement == STATEMENT_NONE || strcmp(t->name, routes->at[i].target) != 0)
				continue;
			for (size_t n = 0; (whom = target_whom(t, routes->at[i].recipient, n)); n++)
				each(x, t, whom, entry, again);
		}
}

static void add_operator(
	struct finding_readers *x, const struct target *t, const char *recipient, size_t entry, bool again)
{
	(void)entry;
	(void)again;
	readers_of(x->list, &x->p->app->arena, t, recipient)->is_operator = true;
}

/* A [quota] is about its entries. */
static void find(struct finding_readers *x)
{
	const struct config *c = x->p->config;
	bool *heard = arena_array(&x->p->app->arena, c->entries.n + 1, sizeof *heard);
	cleanup_str struct str none = STR_CEILING((size_t)1 << 20);

	for (size_t i = 0; i < c->entries.n; i++) {
		expand(x, &c->entries.at[i].notify, add_entry, i, false);
		heard[i] = c->entries.at[i].notify.n;
	}
	for (size_t q = 0; q < c->quotas.n; q++)
		for (size_t i = 0; i < c->quotas.at[q].member_at.n; i++) {
			expand(x, &c->quotas.at[q].notify, add_entry, c->quotas.at[q].member_at.at[i], true);
			heard[c->quotas.at[q].member_at.at[i]] |= c->quotas.at[q].notify.n > 0;
		}
	once(x);
	for (size_t i = 0; i < c->entries.n; i++)
		if (!heard[i])
			str_putf(&none, "%s%s", none.len ? ", " : "", c->entries.at[i].name);
	x->list->none = none.len ? arena_strdup(&x->p->app->arena, none.p) : "";
	if (*x->list->none)
		expand(x, &c->settings.notify, add_operator, 0, false);
}

void readers_find(struct pass *p, struct reader_list *ret)
{
	struct finding_readers x = { p, ret };

	*ret = (struct reader_list){ .none = "" };
	hash_map_init(&ret->known, &p->app->arena, p->config->entries.n);
	if (pass_has_statements(p))
		find(&x);
}
