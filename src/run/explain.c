/* What a run does, in the user's words: the configuration against the one applied before, and what others had altered.
 * Running connections notice none of it: counting never touches a packet.
 * run/ only. */
#include <string.h>

#include "run/pass.h"
#include "util/units.h"

#define STAY "connections stay"

static void line(struct pass *p, char sign, const char *subject, const char *text, const char *effect)
{
	struct run_line *l = vec_push(&p->app->arena, &p->report->lines);

	*l = (struct run_line){ sign, subject, text, effect };
}

static const struct entry *find(const struct config *c, const struct entry *e)
{
	for (size_t i = 0; c && i < c->entries.n; i++)
		if (c->entries.at[i].kind == e->kind && strcmp(c->entries.at[i].name, e->name) == 0)
			return &c->entries.at[i];
	return NULL;
}

static const char *subject(struct pass *p, const struct entry *e)
{
	static const char *const kinds[] = { "port", "address", "interface" };

	return arena_printf(&p->app->arena, "%s %s", kinds[e->kind], e->name);
}

/* The lines of an entry's section that say what it counts, without the header. */
static const char *section(struct pass *p, const struct entry *e)
{
	struct str text = STR_CEILING((size_t)1 << 20);
	const char *copy, *body;

	config_print_entry(e, &text);
	copy = arena_strndup(&p->app->arena, text.p ? text.p : "", text.len);
	str_free(&text);
	body = strchr(copy, '\n');
	return body ? body + 1 : copy;
}

/* The value of a key in such lines; "" if it is not there. */
static const char *value_of(struct pass *p, const char *lines, const char *key)
{
	size_t len = strlen(key);

	while (*lines) {
		size_t n = strcspn(lines, "\n");

		if (strncmp(lines, key, len) == 0 && strncmp(lines + len, " = ", 3) == 0)
			return arena_strndup(&p->app->arena, lines + len + 3, n - len - 3);
		lines += n + (lines[n] == '\n');
	}
	return "";
}

static const char *counts(struct pass *p, const struct entry *e)
{
	const char *lines = section(p, e);

	switch (e->kind) {
	case ENTRY_PORT:
		return arena_printf(
			&p->app->arena, "count %s %s", value_of(p, lines, "protocols"), value_of(p, lines, "ports"));
	case ENTRY_ADDRESS:
		return arena_printf(&p->app->arena, "count %s%s%s", value_of(p, lines, "addresses"),
			e->ports.n ? " port " : "", value_of(p, lines, "ports"));
	case ENTRY_INTERFACE:
	case ENTRY_FORWARDED:
	case ENTRY_TOTAL:
	case ENTRY_QUOTA:
	case ENTRY_KINDS:
		break;
	}
	return arena_printf(&p->app->arena, "count all of %s",
		e->devices.n                     ? value_of(p, lines, "interface")
			: *p->report->interfaces ? p->report->interfaces
						 : "the devices that will be watched");
}

/* Which keys of two sections differ: "ports 80 -> 80, 443". */
static const char *what_changed(struct pass *p, const struct entry *was, const struct entry *is)
{
	const char *old = section(p, was), *lines = section(p, is);
	char *text = arena_strdup(&p->app->arena, "");

	while (*lines) {
		size_t n = strcspn(lines, "\n"), k = strcspn(lines, " =");
		const char *key = arena_strndup(&p->app->arena, lines, k);
		const char *a = value_of(p, old, key), *b = value_of(p, lines, key);

		if (k < n && strcmp(a, b) != 0)
			text = arena_printf(&p->app->arena, "%s%s%s %s -> %s", text, *text ? "; " : "", key,
				*a ? a : "none", *b ? b : "none");
		lines += n + (lines[n] == '\n');
	}
	return text;
}

static void explain_entries(struct pass *p)
{
	for (size_t i = 0; i < p->config->entries.n; i++) {
		const struct entry *e = &p->config->entries.at[i], *was = find(p->applied, e);
		const char *text;

		if (!was) {
			line(p, '+', subject(p, e), counts(p, e), "");
			continue;
		}
		if (was == e || strcmp(text = what_changed(p, was, e), "") == 0)
			continue;
		line(p, '~', subject(p, e), text, STAY);
	}
	for (size_t i = 0; p->applied && p->applied != p->config && i < p->applied->entries.n; i++)
		if (!find(p->config, &p->applied->entries.at[i]))
			line(p, '-', subject(p, &p->applied->entries.at[i]),
				"its last bytes are stored first, history stays", STAY);
}

static bool settings_differ(struct pass *p)
{
	struct str was = STR_CEILING((size_t)1 << 20), is = STR_CEILING((size_t)1 << 20);
	bool differ;

	config_print_settings(&p->applied->settings, &was);
	config_print_settings(&p->config->settings, &is);
	differ = was.len != is.len || memcmp(was.p, is.p, is.len) != 0;
	str_free(&was);
	str_free(&is);
	return differ;
}

static void explain_kernel(struct pass *p)
{
	struct arena *a = &p->app->arena;
	size_t n = p->diff.changes.n;
	const char *table = "table inet " RULESET_TABLE;

	if (p->identity == IDENTITY_FOREIGN)
		line(p, '!', table,
			p->adopt ? "of another database, is taken over"
				 : "of another database: apply refuses it, apply --adopt takes it over",
			STAY);
	else if (p->rebuild && p->wipe)
		line(p, '!', table, "of an older state of this database, is made anew", STAY);
	else if (p->rebuild)
		line(p, '+', table,
			arena_printf(a, "watch %s", *p->report->interfaces ? p->report->interfaces : "no device yet"),
			"");
	else if (n && !p->report->lines.n)
		line(p, '~', table,
			arena_printf(a, n == 1 ? "%zu difference is put right" : "%zu differences are put right", n),
			STAY);
	if (p->reset)
		line(p, '!', "counters", "somebody reset them: counting goes on from zero", STAY);
}

void pass_explain(struct pass *p)
{
	if (p->known)
		return;
	explain_entries(p);
	if (p->applied && p->applied != p->config && settings_differ(p))
		line(p, '~', "portflow", "settings change", STAY);
	explain_kernel(p);
}
