/* `portflow config show`: the effective configuration, of the file or as the last run applied it.
 * What it prints is an INI that `check` accepts and that prints the same again.
 * list.def. */
#include <string.h>

#include "cmd/command.h"
#include "config/config.h"
#include "config/keys.h"
#include "config/values.h"
#include "run/files.h"
#include "store/store.h"
#include "view/json.h"

#define OUTPUT_MAX ((size_t)64 << 20)

enum { OPTION_APPLIED, OPTION_JSON };

/* -- JSON: the keys of the INI; lists are arrays, flags and plain numbers are themselves, all else is text as it is written - */

static void put_items(struct json *j, const char *list)
{
	json_open_array(j);
	while (list && *list) {
		const char *comma = strstr(list, ", ");
		size_t len = comma ? (size_t)(comma - list) : strlen(list);

		json_put_bytes(j, list, len);
		list += len;
		list += comma ? 2 : 0;
	}
	json_close_array(j);
}

static void put_key(struct json *j, const struct key_row *row, unsigned section, const void *base)
{
	const void *field = (const char *)base + row->field;
	cleanup_str struct str text = STR_CEILING(OUTPUT_MAX);

	json_key(j, row->name);
	key_print(row, section, base, &text);
	if (row->type == &type_flag)
		json_put_bool(j, *(const bool *)field);
	else if (row->type == &type_number)
		json_put_u64(j, *(const uint32_t *)field);
	else if (row->type->list)
		put_items(j, text.p);
	else
		json_put_text_or_null(j, text.len ? text.p : NULL);
}

static void put_keys(struct json *j, unsigned section, const void *base)
{
	for (size_t i = 0; i < key_rows_n; i++)
		if (key_rows[i].sections & section)
			put_key(j, &key_rows[i], section, base);
}

static void put_target(struct json *j, const struct target *t)
{
	json_open_object(j);
	json_key(j, "name");
	json_put_text(j, t->name);
	for (size_t i = 0; i < key_rows_n; i++)
		if ((key_rows[i].sections & SECTION_NOTIFY) && target_takes(t->type, key_rows[i].name))
			put_key(j, &key_rows[i], SECTION_NOTIFY, t);
	json_close_object(j);
}

static void put_entries(struct json *j, const char *name, const struct entry *entries, size_t n)
{
	json_key(j, name);
	json_open_array(j);
	for (size_t i = 0; i < n; i++) {
		const struct entry *e = &entries[i];
		const struct section_row *section = section_of_entry(e->kind);

		json_open_object(j);
		json_key(j, "kind");
		json_put_text(j, section->name);
		json_key(j, "name");
		json_put_text(j, e->name);
		put_keys(j, section->kind, e);
		json_close_object(j);
	}
	json_close_array(j);
}

static void put_json(struct str *out, const struct config *c)
{
	struct json j = JSON_INTO(out);

	json_open_object(&j);
	json_key(&j, "version");
	json_put_u64(&j, 1);
	json_key(&j, "portflow");
	json_open_object(&j);
	put_keys(&j, SECTION_PORTFLOW, &c->settings);
	json_close_object(&j);
	put_entries(&j, "entries", c->entries.at, c->entries.n);
	put_entries(&j, "quotas", c->quotas.at, c->quotas.n);
	json_key(&j, "targets");
	json_open_array(&j);
	for (size_t i = 0; i < c->targets.n; i++)
		put_target(&j, &c->targets.at[i]);
	json_close_array(&j);
	json_close_object(&j);
	json_end(&j);
}

/* -------------------------------------------------------------------------------------------------------------------- */

/* Where the database is: a broken file is one reason to ask what was applied, so errors in it do not matter here. */
static const char *database(struct app *app)
{
	struct config_sources sources = { 0 };
	struct err ignored;

	if (files_load(app, &app->arena, &sources, &ignored))
		app_note(app, "%s cannot be read: asking the default database", app->config_path);
	return config_database(&app->arena, &sources);
}

static const struct config *applied(struct app *app, struct err *err)
{
	const char *path = database(app), *text = NULL;
	struct diags d = { .arena = &app->arena };
	struct config_source source = { .name = "the applied configuration" };
	struct config_sources sources = { .files = { .at = &source, .n = 1 } };
	cleanup_store struct store *store = NULL;
	const struct config *config;

	if (store_open(path, STORE_READ, &store, err) || store_meta_get(store, &app->arena, "applied.text", &text, err))
		return NULL;
	if (!text) {
		err_set(err, ERR_FAIL, "nothing was applied yet: portflow apply");
		return NULL;
	}
	source.bytes = text;
	source.len = strlen(text);
	config = config_parse(&app->arena, &sources, &d);
	return run_diagnostics(app, &d, err) ? NULL : config;
}

static const struct config *of_files(struct app *app, struct err *err)
{
	struct config *config;

	return run_config(app, &config, NULL, err) ? NULL : config;
}

static int run(struct app *app, const struct args *args, struct err *err)
{
	cleanup_str struct str out = STR_CEILING(OUTPUT_MAX);
	const struct config *config = args->given[OPTION_APPLIED] ? applied(app, err) : of_files(app, err);

	if (!config)
		return -1;
	if (args->given[OPTION_JSON])
		put_json(&out, config);
	else
		config_print(config, &out);
	fwrite(out.p, 1, out.len, app->out);
	return 0;
}

const struct command cmd_config_show = {
	.name = "config show",
	.summary = "the configuration with all its defaults",
	.text = "Prints the configuration as it is in effect, every key with its value, as an INI. With --applied it is the one that the last "
		"apply or sample took up, which the database keeps.",
	.options = {
		[OPTION_APPLIED] = { "applied", NULL, false, "the configuration that the last run took up" },
		[OPTION_JSON] = { "json", NULL, false, "as JSON" },
	},
	.run = run,
};
