/* Looking without the lock: see reader.h.
 * Configuration first, since it names the database; the kernel comes last and is the caller's, as counters only grow.
 * status, report and events call. */
#include "cmd/reader.h"

#include <string.h>

#include "config/config.h"
#include "run/files.h"
#include "util/ids.h"
#include "util/nearest.h"

int reader_applied(struct app *app, struct store *store, struct config **ret, struct err *err)
{
	struct diags d = { .arena = &app->arena };
	struct config_sources sources = { .mtime = app->now };
	const char *text;
	struct config *c;

	if (store_meta_get(store, &app->arena, "applied.text", &text, err))
		return -1;
	if (text)
		*vec_push(&app->arena, &sources.files) = (struct config_source){ "the applied configuration", text,
			strlen(text) };
	c = config_parse(&app->arena, &sources, &d);
	if (!c) /* of an older or newer version, perhaps: no entry is described then, all are still counted */
		c = config_parse(&app->arena, &(struct config_sources){ .mtime = app->now },
			&(struct diags){ .arena = &app->arena });
	*ret = c;
	return 0;
}

static const char *index_key(struct arena *a, enum entry_kind kind, const char *name)
{
	return arena_printf(a, "%d %s", (int)kind, kind == ENTRY_FORWARDED || kind == ENTRY_TOTAL ? "" : name);
}

static void make_index(struct app *app, struct reader *r)
{
	hash_map_init(&r->index, &app->arena, r->ledger.entries.n);
	for (size_t i = 0; i < r->ledger.entries.n; i++)
		hash_map_add(&r->index,
			index_key(&app->arena, r->ledger.entries.at[i].kind, r->ledger.entries.at[i].name),
			(uint32_t)i);
}

int reader_open(struct app *app, struct reader *ret, struct err *err)
{
	struct reader r = { 0 };
	struct config *config = NULL;
	struct files_state files = { 0 };
	struct err config_err;

	if (run_config(app, &config, &files, &config_err)) {
		if (config_err.kind != ERR_CONFIG) {
			*err = config_err;
			return -1;
		}
		app_warn(app, "%s\nShown is what was applied last.", config_err.text);
	}
	if (store_open(
		    config ? config->settings.database : files_database(app, &app->arena), STORE_READ, &r.store, err))
		return -1;
	r.config = config;
	if (store_freeze(r.store, err) || store_load(r.store, &app->arena, &r.ledger, err)) {
		store_close(r.store);
		return -1;
	}
	trial_look(app, r.store, config ? config->settings.timezone : "", files.hash, &r.trial);
	r.files = files.hash;
	r.applied = !config || r.trial.applied_holds;
	if (r.applied && reader_applied(app, r.store, &r.config, err)) {
		store_close(r.store);
		return -1;
	}
	make_index(app, &r);
	hash_map_init(&r.used_up, &app->arena, 0);
	r.zone = r.config->settings.timezone;
	*ret = r;
	return 0;
}

/* What a [quota] moved is what its members did. */
static void add_quotas(struct reader *r)
{
	const struct config *c = r->config;

	for (size_t q = 0; q < c->quotas.n; q++) {
		const struct index_list *members = &c->quotas.at[q].member_at;
		const ptrdiff_t to = reader_find(r, ENTRY_QUOTA, c->quotas.at[q].name);

		for (size_t i = 0; to >= 0 && i < members->n; i++) {
			const struct entry *e = &c->entries.at[members->at[i]];
			const ptrdiff_t at = reader_find(r, e->kind, e->name);

			if (at >= 0)
				figures_add(&r->delta[to], &r->delta[at]);
		}
	}
}

int reader_peek(struct app *app, struct reader *r, struct err *err)
{
	r->delta = arena_array(&app->arena, r->ledger.entries.n + 1, sizeof *r->delta);
	if (run_peek(app, &app->arena, r->config, &r->ledger, r->delta, &r->how, err))
		return -1;
	add_quotas(r);
	return r->how == PEEK_LIVE ? run_peek_quotas(&app->arena, &r->used_up, err) : 0;
}

void reader_look(struct app *app, struct reader *r)
{
	struct kernel_look *look = arena_new(&app->arena, struct kernel_look);
	const struct look_from from = { r->config, r->applied, r->files, &r->ledger, r->store };
	struct err err;

	if (run_look(app, &from, look, &err) < 0)
		*look = (struct kernel_look){ .unknown = arena_strdup(&app->arena, err.text) };
	r->look = look;
}

void reader_cleanup(struct reader *r)
{
	store_close(r->store);
	r->store = NULL;
}

ptrdiff_t reader_find(const struct reader *r, enum entry_kind kind, const char *name)
{
	const uint32_t *at = hash_map_get(&r->index, index_key(r->index.arena, kind, name));

	return at ? (ptrdiff_t)*at : -1;
}

ptrdiff_t reader_find_id(const struct reader *r, int64_t id)
{
	const size_t at = IDS_PLACE(r->ledger.entries.at, r->ledger.entries.n, id, id);

	return at == SIZE_MAX ? -1 : (ptrdiff_t)at;
}

/* When it is not: the nearest name, or NULL. */
static bool name_known(const struct reader *r, bool retired, const char *word, const char **ret_nearest)
{
	const char *nearest = NULL;

	for (size_t i = 0; i < r->config->entries.n; i++) {
		if (strcmp(r->config->entries.at[i].name, word) == 0)
			return true;
		nearest = nearest_better(word, nearest, r->config->entries.at[i].name);
	}
	for (size_t i = 0; i < r->config->quotas.n; i++) {
		if (strcmp(r->config->quotas.at[i].name, word) == 0)
			return true;
		nearest = nearest_better(word, nearest, r->config->quotas.at[i].name);
	}
	for (size_t i = 0; retired && i < r->ledger.entries.n; i++) {
		if (strcmp(r->ledger.entries.at[i].name, word) == 0)
			return true;
		nearest = nearest_better(word, nearest, r->ledger.entries.at[i].name);
	}
	*ret_nearest = nearest;
	return false;
}

static bool in_ledger(const struct reader *r, const char *word)
{
	for (size_t i = 0; i < r->ledger.entries.n; i++)
		if (r->ledger.entries.at[i].kind != ENTRY_FORWARDED && r->ledger.entries.at[i].kind != ENTRY_TOTAL &&
			strcmp(r->ledger.entries.at[i].name, word) == 0)
			return true;
	return false;
}

int reader_names(const struct reader *r, const struct args *args, bool retired, struct err *err)
{
	for (int i = 0; i < args->n_words; i++) {
		const char *nearest;

		if (name_known(r, retired, args->words[i], &nearest))
			continue;
		if (!retired && in_ledger(r, args->words[i]))
			return err_set(err, ERR_USAGE,
				"the INI has no entry \"%s\" any more; its history is told by: portflow report %s",
				args->words[i], args->words[i]);
		if (nearest)
			return err_set(err, ERR_USAGE, "there is no entry \"%s\"; did you mean \"%s\"?", args->words[i],
				nearest);
		return err_set(err, ERR_USAGE, "there is no entry \"%s\"; portflow status lists them", args->words[i]);
	}
	return 0;
}

bool reader_asked(const struct args *args, const char *name)
{
	for (int i = 0; i < args->n_words; i++)
		if (strcmp(args->words[i], name) == 0)
			return true;
	return args->n_words == 0;
}
