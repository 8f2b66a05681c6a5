/* The configuration, by the code that every command reads it with. Where it is broken the checks go on with the defaults, so that one
 * run shows everything.
 * doctor.c calls. */
#include "config/config.h"
#include "run/doctor.h"
#include "run/files.h"

static const struct config *defaults(struct doctor *d)
{
	struct diags none = { .arena = d->arena };
	const struct config_sources nothing = { 0 };

	return config_parse(d->arena, &nothing, &none);
}

static const struct config *read_config(struct doctor *d)
{
	struct diags wrong = { .arena = d->arena };
	struct config_sources sources;
	const struct config *c;
	struct err err = { 0 };

	if (files_load(d->app, d->arena, &sources, &err)) {
		doctor_say(d, err.kind == ERR_PERM ? FINDING_WARN : FINDING_FAIL, "configuration",
			err.kind == ERR_PERM ? "sudo portflow doctor" : NULL, "%s", err.text);
		return NULL;
	}
	d->files = config_sources_hash(&sources);
	c = config_parse(d->arena, &sources, &wrong);
	d->sound = wrong.errors == 0;
	if (wrong.errors)
		doctor_say(d, FINDING_FAIL, "configuration",
			arena_printf(d->arena, "portflow check %s", d->app->config_path),
			"%s has %zu error%s; the timer goes on with the configuration applied last",
			d->app->config_path, wrong.errors, wrong.errors == 1 ? "" : "s");
	else
		doctor_say(d, FINDING_OK, "configuration", NULL, "%s is correct: %zu entr%s", d->app->config_path,
			c->entries.n, c->entries.n == 1 ? "y" : "ies");
	return c;
}

void doctor_config(struct doctor *d)
{
	const struct config *c = read_config(d);

	if (!c)
		c = defaults(d);
	if (c)
		d->config = *c;
}
