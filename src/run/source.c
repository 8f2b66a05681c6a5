/* Which configuration holds in this run: the file, or the one that was applied last (design.md section 2: a timer must never
 * hurt).
 * run/ only. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "run/files.h"
#include "run/pass.h"
#include "run/trial_place.h"
#include "util/hash.h"

#define REFUSED_FACT "refused" /* what was told of last: refused_mark */
#define TEXT_MAX ((size_t)64 << 20)

/* A trial that is pending is found whatever the files say of the database. */
static void find_trial(struct pass *p)
{
	const char *place = p->mode == RUN_SAMPLE ? trial_place(p->app, p->database) : NULL;

	p->trial_elsewhere = place != NULL;
	if (place)
		p->database = place;
}

/* The files, or that they are not to be had: what was applied last then holds, if this is a timer's run. */
static int read_files(struct pass *p, struct files_state *ret, struct err *err)
{
	if (p->mode == RUN_SAMPLE)
		return run_config_of_timer(p->app, &p->config, ret, err);
	return run_config(p->app, &p->config, ret, err);
}

int pass_source(struct pass *p, struct err *err)
{
	struct files_state files;

	if (p->ending)
		return pass_trial_source(p);
	if (read_files(p, &files, err) == 0) {
		p->files_hash = files.hash;
		p->database = p->config->settings.database;
		find_trial(p);
		p->young = p->mode == RUN_SAMPLE && files_young(p->app, files.mtime);
		return 0;
	}
	p->young = err->kind == ERR_BUSY;
	if (!p->young && (err->kind != ERR_CONFIG || (p->mode != RUN_SAMPLE && p->mode != RUN_DOWN)))
		return -1;
	p->report->refused = p->mode == RUN_SAMPLE && !p->young;
	p->config = NULL;
	p->database = files_database(p->app, &p->app->arena); /* of what cannot be read the default holds */
	find_trial(p);
	return 0;
}

static const char *print_config(struct pass *p, const struct config *c)
{
	struct str text = STR_CEILING(TEXT_MAX);
	const char *copy;

	config_print(c, &text);
	copy = arena_strndup(&p->app->arena, text.p ? text.p : "", text.len);
	str_free(&text);
	return copy;
}

/* What the files are, of those that cannot be taken up. */
static const char *refused_mark(struct pass *p)
{
	struct arena *a = &p->app->arena;
	struct err why = { 0 };
	struct config_sources sources = { 0 };
	uint64_t h = HASH_START;

	if (files_load(p->app, a, &sources, &why) < 0)
		h = hash_text(h, why.text);
	for (size_t f = 0; f < sources.files.n; f++)
		h = hash_bytes(h, sources.files.at[f].bytes, sources.files.at[f].len);
	return arena_printf(a, "%016llx", (unsigned long long)h);
}

/* Files with an error are told of once, until there are others; told and remembered in one transaction, the result. */
static int note_refusal(struct pass *p, struct err *err)
{
	const char *told = NULL, *mark = p->report->refused ? refused_mark(p) : NULL;

	if (!p->store || p->mode == RUN_PLAN || (!mark && !p->config))
		return 0;
	if (store_meta_get(p->store, &p->app->arena, REFUSED_FACT, &told, err) < 0)
		return -1;
	if (mark ? told && strcmp(told, mark) == 0 : !told)
		return 0;
	*vec_push(&p->app->arena, &p->result.facts) = (struct fact){ REFUSED_FACT, mark };
	if (mark)
		pass_event(p, 0, "configuration_refused",
			"%s has an error; counting goes on with the configuration applied last", p->app->config_path);
	return 0;
}

/* The files are to the byte what they were when the applied text was printed from them: then it need not be printed, nor read. */
static int compare_files(struct pass *p, struct err *err)
{
	const char *mark = NULL;
	char *end;

	if (store_meta_get(p->store, &p->app->arena, "applied.mark", &mark, err) < 0)
		return -1;
	if (!mark || strlen(mark) != 33 || strtoull(mark, &end, 16) != p->files_hash || *end != ' ')
		return 0;
	p->text_hash = strtoull(end + 1, NULL, 16);
	p->applied = p->config;
	return 0;
}

/* The applied configuration as a struct: parsed only when it is not the file's, to the letter. */
static void parse_applied(struct pass *p)
{
	struct arena *a = &p->app->arena;
	struct diags diags = { .arena = a };
	struct config_sources sources = { 0 };

	if (!p->applied_text)
		return;
	if (p->config && strcmp(p->text, p->applied_text) == 0) {
		p->applied = p->config;
		return;
	}
	*vec_push(a, &sources.files) = (struct config_source){ "the applied configuration", p->applied_text,
		strlen(p->applied_text) };
	p->applied = config_parse(a, &sources, &diags);
}

static int read_applied(struct pass *p, struct err *err)
{
	struct arena *a = &p->app->arena;
	const char *down = NULL, *copies = NULL;

	if (p->store &&
		(store_meta_get(p->store, a, "down", &down, err) < 0 ||
			store_meta_get(p->store, a, "copies", &copies, err) < 0))
		return -1;
	p->down = down != NULL;
	p->found.copies = copies ? (unsigned int)strtoul(copies, NULL, 10) : 1;
	if (p->store && p->config && compare_files(p, err) < 0)
		return -1;
	if (p->applied)
		return 0;
	if (p->young)
		p->config = NULL;
	if (p->store && store_meta_get(p->store, a, "applied.text", &p->applied_text, err) < 0)
		return -1;
	if (p->config) {
		p->text = print_config(p, p->config);
		p->text_hash = hash_text(HASH_START, p->text);
		p->mark = arena_printf(a, "%016" PRIx64 " %016" PRIx64, p->files_hash, p->text_hash);
	}
	parse_applied(p);
	return 0;
}

int pass_compared(struct pass *p, bool applied_holds, struct err *err)
{
	if (!applied_holds)
		return read_applied(p, err);
	if (store_meta_get(p->store, &p->app->arena, "applied.text", &p->applied_text, err) < 0)
		return -1;
	p->applied = p->config;
	p->text_hash = hash_text(HASH_START, p->applied_text ? p->applied_text : "");
	return 0;
}

/* What was applied last holds. */
static void fall_back(struct pass *p)
{
	if (p->young && !p->report->says)
		p->report->says = arena_printf(&p->app->arena,
			"%s was written just now: the next run looks at it, until then what was applied last holds",
			p->app->config_path);
	p->fell_back = true;
	p->config = p->applied;
	p->text = p->applied_text;
	p->text_hash = hash_text(HASH_START, p->text);
	p->mark = NULL;
}

int pass_applied(struct pass *p, struct err *err)
{
	bool same;

	if (read_applied(p, err) < 0 || pass_trial(p, err) < 0)
		return -1;
	same = p->config && p->config == p->applied;
	if (note_refusal(p, err) < 0)
		return -1;
	if (p->applied && !same &&
		(!p->config || p->hold || (p->mode == RUN_SAMPLE && !p->config->settings.auto_apply)))
		fall_back(p);
	if (pass_trial_settle(p, err) < 0)
		return -1;
	if (p->config)
		files_find_secrets(p->app, p->config); /* the database has none */
	if (p->config || p->nothing_to_do)
		return 0;
	if (p->report->refused)
		return err_set(err, ERR_CONFIG,
			"%s has an error and no configuration was applied before: nothing is counted",
			p->app->config_path);
	/* the file is being written and is the first one: the next run takes it up */
	return err_set(err, ERR_BUSY, "%s was written just now: the next run takes it up", p->app->config_path);
}
