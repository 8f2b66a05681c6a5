/* Rules of [notify NAME] sections and of the routes that lead to them: each has the keys of its type and no other, each secret comes from one
 * place, each route leads somewhere. See check.h.
 * Apart from the values, since a target may stand in any file, before or behind whoever names it.
 * config/ calls. */
#include <string.h>

#include "config/check.h"
#include "config/config.h"
#include "config/values.h"
#include "model/target.h"
#include "util/nearest.h"

struct routing {
	struct config *c;
	const struct written *written; /* of targets */
	const struct ini *ini;
	struct diags *d;
	bool *used; /* targets */
};

static const struct ini_key *find_key(const struct ini_section *s, const char *key)
{
	for (const struct ini_key *k = s->keys; k; k = k->next)
		if (strcmp(k->name, key) == 0)
			return k;
	return NULL;
}

/* -- sections -------------------------------------------------------------------------------------------------------- */

static void check_foreign_keys(const struct target *t, const struct written *w, struct diags *d)
{
	for (const struct ini_key *k = w->section->keys; k; k = k->next)
		if (key_find(k->name, SECTION_NOTIFY) && !target_takes(t->type, k->name))
			diag_error(d, &k->name_at,
				arena_printf(
					d->arena, "%s takes: %s", target_word(t->type), target_keys(d->arena, t->type)),
				"\"%s\" is no key of type = %s", k->name, target_word(t->type));
}

/* From the file, from a file of its own, or from the service's credential NAME.KEY. */
static void check_secret(
	const struct target *t, const struct written *w, const char *key, struct secret *s, struct diags *d)
{
	const char *file = arena_printf(d->arena, "%s_file", key);
	const struct ini_key *second = find_key(w->section, file);

	if (second && find_key(w->section, key)) {
		diag_error(d, &second->name_at, "keep one of them", "\"%s\" beside \"%s\"", file, key);
		return;
	}
	if (s->from != SECRET_NONE || target_needs(t->type, key) == TARGET_MAY)
		return;
	*s = (struct secret){ .from = SECRET_CREDENTIAL, .text = arena_printf(d->arena, "%s.%s", t->name, key) };
	diag_warning(d, &w->section->at,
		arena_printf(d->arena, "write \"%s\" or \"%s\", or give the service that credential", key, file),
		"[notify %s] has no \"%s\": it must come as the credential %s", t->name, key, s->text);
	d->list.at[d->list.n - 1].of_service = true;
}

static void check_required(const struct target *t, const struct written *w, struct diags *d)
{
	for (size_t i = 0; i < key_rows_n; i++) {
		const struct key_row *row = &key_rows[i];
		const bool secret = row->type == &type_secret || (row->type == &type_url && !t->url.plain);

		if (!(row->sections & SECTION_NOTIFY) || secret || target_needs(t->type, row->name) != TARGET_MUST ||
			find_key(w->section, row->name))
			continue;
		diag_error(d, &w->section->at,
			arena_printf(d->arena, "add a line, as \"%s = %s\"", row->name,
				row->type == &type_url ? target_url(t->type) : row->example),
			"[notify %s] has no \"%s\"", t->name, row->name);
	}
}

static void check_scheme(const struct target *t, const struct written *w, struct diags *d)
{
	static const struct {
		bool mail;
		const char *scheme;
	} good[] = { { true, "smtp://" }, { true, "smtps://" }, { false, "https://" }, { false, "http://" } };
	struct place at = check_key_place(w->section, "url");

	if (t->url.from != SECRET_TEXT && t->url.from != SECRET_HIDDEN)
		return;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (good[i].mail == t->url.plain && strncmp(t->url.text, good[i].scheme, strlen(good[i].scheme)) == 0)
			return;
	if (t->url.plain)
		diag_error(d, &at, "as smtp://HOST:587 or smtps://HOST:465",
			"a mail server's url begins with smtp:// or smtps://");
	else
		diag_error(d, &at, "as the service prints it", "its url begins with https:// or http://");
}

/* Is nothing behind the host, but slashes? */
static bool is_bare(const char *url)
{
	const char *host = strstr(url, "://") + 3, *rest = host + strcspn(host, "/?#");

	return !rest[strspn(rest, "/")];
}

static void check_url_rest(const struct target *t, const struct written *w, struct diags *d)
{
	struct place at = check_key_place(w->section, "url");

	if (t->url.from != SECRET_TEXT)
		return;
	if (t->url.plain && !is_bare(t->url.text))
		diag_error(
			d, &at, "leave out what is behind them", "a mail server's url is scheme, host and port alone");
	else if (t->type == TARGET_ntfy && is_bare(t->url.text))
		diag_error(d, &at, "as https://ntfy.sh/TOPIC", "ntfy's url ends in a topic");
}

static void check_mail_tls(const struct target *t, const struct written *w, struct diags *d)
{
	const struct ini_key *tls = find_key(w->section, "tls");

	if (tls && t->tls_off && t->url.text && strncmp(t->url.text, "smtps://", 8) == 0)
		diag_error(
			d, &tls->value_at, "write smtp://, or delete the line", "smtps:// is TLS from the first byte");
}

static void check_target(struct target *t, const struct written *w, struct diags *d)
{
	struct secret *s;
	const char *key;

	t->url.plain = target_recipient(t->type) == RECIPIENT_MAIL;
	check_foreign_keys(t, w, d);
	check_required(t, w, d);
	for (size_t i = 0; (s = target_secret(t, i, &key)); i++)
		if (target_takes(t->type, key) && !(s->plain && s->from == SECRET_NONE))
			check_secret(t, w, key, s, d);
	if (t->user && t->password.from == SECRET_NONE)
		t->password = (struct secret){ .from = SECRET_CREDENTIAL,
			.text = arena_printf(d->arena, "%s.password", t->name) };
	check_scheme(t, w, d);
	check_url_rest(t, w, d);
	check_mail_tls(t, w, d);
}

/* -- routes ---------------------------------------------------------------------------------------------------------- */

/* A section of that name was there, and what is wrong with it is told. */
static bool told(const struct routing *r, const char *name)
{
	for (size_t i = 0; i < r->ini->sections.n; i++)
		if (strcmp(r->ini->sections.at[i].kind, "notify") == 0 &&
			strcmp(r->ini->sections.at[i].name, name) == 0)
			return true;
	return false;
}

/* The place of a route in the value of its key. */
static struct place place_of(const struct routing *r, const struct route *route)
{
	for (size_t i = 0; i < r->ini->sections.n; i++)
		for (const struct ini_key *k = r->ini->sections.at[i].keys; k; k = k->next) {
			const struct location *at = &k->value_at.where;

			if (strcmp(k->name, "notify") == 0 && at->line == route->where.line &&
				strcmp(at->file, route->where.file) == 0)
				return place_inside(&k->value_at, route->where.col - at->col,
					strlen(route->target) + (*route->recipient ? 1 + strlen(route->recipient) : 0));
		}
	return (struct place){ .where = route->where, .width = 1 };
}

static void unknown(const struct routing *r, const struct route *route)
{
	struct place at = place_of(r, route);
	const char *near = NULL;

	if (told(r, route->target))
		return;
	for (size_t i = 0; i < r->c->targets.n; i++)
		near = nearest_better(route->target, near, r->c->targets.at[i].name);
	if (strchr(route->target, '@'))
		diag_error(r->d, &at, "as mail:alice@example.com, with a [notify mail]",
			"\"%s\" is an address, not a target", route->target);
	else
		diag_error(r->d, &at,
			near ? arena_printf(r->d->arena, "did you mean \"%s\"?", near)
			     : arena_printf(r->d->arena, "write a section [notify %s]", route->target),
			"there is no target \"%s\"", route->target);
}

static void check_recipient(const struct routing *r, const struct route *route, const struct target *t)
{
	static const char *const examples[] = { [RECIPIENT_TEXT] = "a name",
		[RECIPIENT_MAIL] = "alice@example.com",
		[RECIPIENT_CHAT] = "123456789",
		[RECIPIENT_ROOM] = "!abc:example.com" };
	const enum recipient_kind kind = target_recipient(t->type);
	struct place at;

	if (*route->recipient) {
		if (config_recipient(t, route->recipient))
			return;
		at = place_of(r, route);
		diag_error(r->d, &at,
			kind == RECIPIENT_NONE
				? arena_printf(r->d->arena, "write %s alone: its url says who hears it", t->name)
				: arena_printf(r->d->arena, "as %s:%s", t->name, examples[kind]),
			"%s is no recipient of %s",
			/* a chat has no colon, but a token has */
			kind == RECIPIENT_CHAT && strchr(route->recipient, ':')
				? "that"
				: arena_printf(r->d->arena, "\"%s\"", route->recipient),
			target_word(t->type));
		return;
	}
	if (!target_reaches(t)) {
		at = place_of(r, route);
		diag_error(r->d, &at,
			arena_printf(r->d->arena, "write %s:%s, or \"%s\" in [notify %s]", t->name, examples[kind],
				kind == RECIPIENT_MAIL           ? "to"
					: kind == RECIPIENT_CHAT ? "chat_id"
								 : "room",
				t->name),
			"[notify %s] has no recipient of its own", t->name);
	}
}

static void check_routes(const struct routing *r, const struct route_list *routes)
{
	for (size_t i = 0; i < routes->n; i++) {
		const struct route *route = &routes->at[i];
		const struct target *t = config_target(r->c, route->target, strlen(route->target));

		if (!t) {
			unknown(r, route);
			continue;
		}
		r->used[t - r->c->targets.at] = true;
		if (!r->written[t - r->c->targets.at].broken)
			check_recipient(r, route, t);
	}
}

/* What is inherited was looked at where it is written. */
static void check_routes_of(const struct routing *r, const struct entry *entries, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (entries[i].notify.at != r->c->settings.notify.at)
			check_routes(r, &entries[i].notify);
}

void check_targets(struct config *c, const struct written *written, const struct ini *ini, struct diags *d)
{
	struct routing r = { c, written, ini, d, arena_array(d->arena, c->targets.n + 1, sizeof *r.used) };

	for (size_t i = 0; i < c->targets.n; i++) {
		const size_t errors = d->errors;

		if (!written[i].broken)
			check_target(&c->targets.at[i], &written[i], d);
		c->targets.at[i].broken = written[i].broken || d->errors > errors;
	}
	check_routes(&r, &c->settings.notify);
	check_routes_of(&r, c->entries.at, c->entries.n);
	check_routes_of(&r, c->quotas.at, c->quotas.n);
	for (size_t i = 0; i < c->targets.n; i++)
		if (!r.used[i])
			diag_warning(d, &written[i].section->at,
				arena_printf(d->arena, "write \"notify = %s\" in [portflow] or an entry",
					c->targets.at[i].name),
				"nobody is told anything through [notify %s]", c->targets.at[i].name);
}
