/* What a run does, in the user's words: the configuration against the one applied before, and what others had altered.
 * Running connections notice none of it: counting never touches a packet.
 * run/ only. */
#include <string.h>

#include "run/pass.h"
#include "util/units.h"

#define STAY "connections stay"

void pass_say(struct pass *p, char sign, const char *subject, const char *text, const char *effect)
{
	struct run_line *l = vec_push(&p->app->arena, &p->report->lines);

	*l = (struct run_line){ sign, subject, text, effect };
}

static const struct entry *find(const struct config *c, const struct entry *e)
{
	const bool quota = e->kind == ENTRY_QUOTA;
	const struct entry *at = !c ? NULL : quota ? c->quotas.at : c->entries.at;

	for (size_t i = 0, n = !c ? 0 : quota ? c->quotas.n : c->entries.n; i < n; i++)
		if (at[i].kind == e->kind && strcmp(at[i].name, e->name) == 0)
			return &at[i];
	return NULL;
}

bool pass_raised(const struct pass *p, const struct entry *e)
{
	const struct entry *was = find(p->applied, e);

	return was && was != e && was->quota.present && e->quota.present && was->quota.bytes < e->quota.bytes;
}

static const char *subject(struct pass *p, const struct entry *e)
{
	static const char *const kinds[ENTRY_KINDS] = { "port", "address", "interface", [ENTRY_QUOTA] = "quota" };

	return arena_printf(&p->app->arena, "%s %s", kinds[e->kind], e->name);
}

/* Moves to the arena. */
static const char *keep(struct pass *p, struct str *text)
{
	const char *copy = arena_strndup(&p->app->arena, text->p ? text->p : "", text->len);

	str_free(text);
	return copy;
}

static const char *value_of(struct pass *p, const struct entry *e, const char *key)
{
	struct str text = STR_CEILING((size_t)1 << 20);

	config_print_value(e, key, &text);
	return keep(p, &text);
}

static const char *counts(struct pass *p, const struct entry *e)
{
	struct arena *a = &p->app->arena;

	switch (e->kind) {
	case ENTRY_PORT:
		return arena_printf(a, "count %s %s", value_of(p, e, "protocols"), value_of(p, e, "ports"));
	case ENTRY_ADDRESS:
		return arena_printf(a, "count %s%s%s", value_of(p, e, "addresses"), e->ports.n ? " port " : "",
			value_of(p, e, "ports"));
	case ENTRY_QUOTA:
		return arena_printf(a, "sum up %s", value_of(p, e, "entries"));
	case ENTRY_INTERFACE:
	case ENTRY_FORWARDED:
	case ENTRY_TOTAL:
	case ENTRY_KINDS:
		break;
	}
	return arena_printf(a, "count all of %s",
		e->devices.n                     ? value_of(p, e, "interface")
			: *p->report->interfaces ? p->report->interfaces
						 : "the devices that will be watched");
}

/* A new section: what it counts, and what it does to the traffic. */
static const char *introduce(struct pass *p, const struct entry *e)
{
	static const char *const acting[] = { "limit", "limit_in", "limit_out", "quota", "quota_action", "expires",
		"burst_rate", "burst_limit" };
	struct str text = STR_CEILING((size_t)2 << 20);

	str_puts(&text, counts(p, e));
	for (size_t i = 0; i < sizeof acting / sizeof *acting; i++) {
		const char *value = value_of(p, e, acting[i]);

		if (*value)
			str_putf(&text, "; %s %s", acting[i], value);
	}
	return keep(p, &text);
}

static const char *what_changed(struct pass *p, const struct entry *was, const struct entry *is)
{
	struct str text = STR_CEILING((size_t)2 << 20);

	config_print_changes(was, is, &text);
	return keep(p, &text);
}

static void explain_present(struct pass *p, const struct entry *entries, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct entry *e = &entries[i], *was = find(p->applied, e);
		const char *text;

		if (!was) {
			pass_say(p, '+', subject(p, e), introduce(p, e), "");
			continue;
		}
		if (was == e || strcmp(text = what_changed(p, was, e), "") == 0)
			continue;
		pass_say(p, '~', subject(p, e), text, STAY);
	}
}

static void explain_gone(struct pass *p, const struct entry *entries, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!find(p->config, &entries[i]))
			pass_say(p, '-', subject(p, &entries[i]),
				entries[i].kind == ENTRY_QUOTA ? "history stays"
							       : "its last bytes are stored first, history stays",
				STAY);
}

static void explain_entries(struct pass *p)
{
	explain_present(p, p->config->entries.at, p->config->entries.n);
	explain_present(p, p->config->quotas.at, p->config->quotas.n);
	if (!p->applied || p->applied == p->config)
		return;
	explain_gone(p, p->applied->entries.at, p->applied->entries.n);
	explain_gone(p, p->applied->quotas.at, p->applied->quotas.n);
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
		pass_say(p, '!', table,
			p->adopt ? "of another database, is taken over"
				 : "of another database: apply refuses it, apply --adopt takes it over",
			STAY);
	else if (p->rebuild && p->wipe)
		pass_say(p, '!', table, "of an older state of this database, is made anew", STAY);
	else if (p->rebuild)
		pass_say(p, '+', table,
			arena_printf(a, "watch %s", *p->report->interfaces ? p->report->interfaces : "no device yet"),
			"");
	else if (n && !p->report->lines.n)
		pass_say(p, '~', table,
			arena_printf(a, n == 1 ? "%zu difference is put right" : "%zu differences are put right", n),
			STAY);
	if (p->reset)
		pass_say(p, '!', "counters", "somebody reset them: counting goes on from zero", STAY);
}

void pass_line(struct pass *p, char sign, const struct entry *e, const char *text)
{
	pass_say(p, sign, subject(p, e), text, "");
}

void pass_explain(struct pass *p)
{
	if (p->known)
		return;
	explain_entries(p);
	if (p->applied && p->applied != p->config && settings_differ(p))
		pass_say(p, '~', "portflow", "settings change", STAY);
	explain_kernel(p);
	pass_queues_explain(p);
	pass_ingress_explain(p);
}
