/* From bytes to a configuration: see config.h.
 * Sections are read in the order of the files, but [portflow] first, since entries inherit from it; in a section the rows of
 * keys.def are walked, not the lines, so that a key may lean on an earlier row's.
 * run/ and cmd/ call. */
#include "config/config.h"

#include <string.h>
#include <strings.h>

#include "config/check.h"
#include "config/keys.h"
#include "config/lines.h"
#include "config/values.h"
#include "model/target.h"
#include "util/hash.h"
#include "util/nearest.h"

struct parser {
	struct arena *a;
	struct arena
		scratch; /* what is as large as the files and not part of the configuration: gone before the run goes on */
	struct diags *d;
	struct config *c;
	struct ini ini;
	/* of c->entries, c->quotas and c->targets, index by index */
	VEC_OF(struct written) written, written_quotas, written_targets;
	struct entry fresh; /* an entry that says nothing itself */
};

static const char name_rule[] = "a NAME is 1 to 32 of A-Z a-z 0-9 _ -; other text belongs in \"remark\"";

static const char *at_text(const struct parser *p, const struct place *at)
{
	return arena_printf(p->a, "%s:%u", at->where.file, at->where.line);
}

/* -- keys ------------------------------------------------------------------------------------------------------------ */

static void later_key(struct parser *p, const struct ini_key *k, const struct later_row *later)
{
	if (later->what)
		diag_error(p->d, &k->name_at, "delete the line", "\"%s\" is planned: %s are not in this version yet",
			k->name, later->what);
	else
		diag_error(p->d, &k->name_at, "delete the line", "\"%s\" is planned: it is not in this version yet",
			k->name);
}

/* "[port NAME] or [address NAME]" for a key that stands in another section. */
static const char *homes(struct parser *p, const char *key)
{
	const char *text = NULL;

	for (size_t i = 0; i < SECTION_KINDS; i++)
		if (key_find(key, section_rows[i].kind))
			text = text ? arena_printf(p->a, "%s or %s", text, section_rows[i].title)
				    : section_rows[i].title;
	return text;
}

static void unknown_key(struct parser *p, const struct ini_key *k, const struct written *w)
{
	const struct later_row *later = later_find(LATER_KEY, k->name);
	const char *home = homes(p, k->name), *near = NULL;

	if (later) {
		later_key(p, k, later);
		return;
	}
	if (home) {
		diag_error(p->d, &k->name_at, arena_printf(p->a, "it belongs in %s", home),
			"\"%s\" does not belong in %s", k->name, w->kind->title);
		return;
	}
	for (size_t i = 0; i < key_rows_n; i++)
		if (key_rows[i].sections & w->kind->kind)
			near = nearest_better(k->name, near, key_rows[i].name);
	for (size_t i = 0; i < key_rows_n && !near; i++)
		near = nearest_better(k->name, near, key_rows[i].name);
	for (size_t i = 0; i < later_rows_n; i++)
		if (later_rows[i].kind == LATER_KEY)
			near = nearest_better(k->name, near, later_rows[i].name);
	diag_error(p->d, &k->name_at,
		near ? arena_printf(p->a, "did you mean \"%s\"?", near) : "portflow.ini(5) lists the keys",
		"unknown key \"%s\" in [%s%s%s]", k->name, w->kind->name, w->kind->named ? " " : "", w->section->name);
}

static struct value value_of(struct parser *p, const struct key_row *row, const struct ini_key *k)
{
	return (struct value){ .text = k->value, .len = k->value_len, .at = k->value_at, .row = row, .d = p->d };
}

/* All lines of one key. */
static int read_key(struct parser *p, const struct key_row *row, const struct ini_section *s, void *base)
{
	void *field = (char *)base + row->field;
	const struct ini_key *first = NULL;
	struct value v;
	int ret = 0;

	for (const struct ini_key *k = s->keys; k; k = k->next) {
		if (strcmp(k->name, row->name) != 0)
			continue;
		if (first && !row->type->list) {
			diag_error(p->d, &k->name_at, "delete one of them", "\"%s\" stands in line %u already", k->name,
				first->name_at.where.line);
			ret = -1;
			continue;
		}
		if (!first && row->type->clear)
			row->type->clear(field);
		first = first ? first : k;
		v = value_of(p, row, k);
		if ((!row->type->free_text && value_plain(&v)) || row->type->parse(&v, field))
			ret = -1;
	}
	if (first && row->type->finish)
		row->type->finish(&v, field);
	return ret;
}

static bool has_key(const struct ini_section *s, const char *name)
{
	for (const struct ini_key *k = s->keys; k; k = k->next)
		if (strcmp(k->name, name) == 0)
			return true;
	return false;
}

/* A key that says nothing without another one. */
static void check_with(struct parser *p, const struct key_row *row, const struct written *w)
{
	const struct key_row *with = row->with ? key_find(row->with, w->kind->kind) : NULL;

	if (!with || (with->required & w->kind->kind))
		return;
	for (const struct ini_key *k = w->section->keys; k; k = k->next) {
		if (strcmp(k->name, row->name) != 0 || has_key(w->section, with->name))
			continue;
		diag_error(p->d, &k->name_at,
			arena_printf(p->a, "add a line, as \"%s = %s\", or delete this one", with->name, with->example),
			"\"%s\" without \"%s\"", row->name, with->name);
		return;
	}
}

/* Fills *base (struct settings, target or entry) from a section. */
static void read_section(struct parser *p, struct written *w, void *base)
{
	const struct ini_section *s = w->section;
	bool strange = s->broken;

	for (const struct ini_key *k = s->keys; k; k = k->next) {
		if (key_find(k->name, w->kind->kind))
			continue;
		unknown_key(p, k, w);
		strange = true;
	}
	w->broken = s->broken;
	for (size_t i = 0; i < key_rows_n; i++) {
		const struct key_row *row = &key_rows[i];

		if (!(row->sections & w->kind->kind))
			continue;
		if (read_key(p, row, s, base))
			w->broken = true;
		if (!strange)
			check_with(p, row, w);
		if (!(row->required & w->kind->kind) || has_key(s, row->name))
			continue;
		w->broken = true;
		if (!strange) /* else what was reported may be that key */
			diag_error(p->d, &s->at,
				arena_printf(p->a, "add a line, as \"%s = %s\"", row->name, row->example),
				"[%s %s] has no \"%s\"", s->kind, s->name, row->name);
	}
}

/* A default is written as the user would write it. */
static void set_default(struct parser *p, const struct key_row *row, void *base)
{
	struct value v = { .text = row->def, .len = strlen(row->def), .row = row, .d = p->d };

	v.at.where.file = "default";
	row->type->parse(&v, (char *)base + row->field);
	if (row->type->finish)
		row->type->finish(&v, (char *)base + row->field);
}

/* -- sections -------------------------------------------------------------------------------------------------------- */

static void unknown_section(struct parser *p, const struct ini_section *s)
{
	const struct later_row *later = later_find(LATER_SECTION, s->kind);
	const char *near = NULL;
	size_t letters = strcspn(s->kind, ":.\"'/=");

	if (later) {
		diag_error(p->d, &s->at, "delete the section",
			later->what ? "[%s NAME] is planned: %s are not in this version yet"
				    : "[%s] is planned: it is not in this version yet%s",
			later->name, later->what ? later->what : "");
		return;
	}
	for (size_t i = 0; i < SECTION_KINDS; i++) {
		const char *name = section_rows[i].name;

		if (strlen(name) == letters && strncmp(s->kind, name, letters) == 0)
			near = name;
	}
	if (near && letters < strlen(s->kind)) {
		diag_error(p->d, &s->at, arena_printf(p->a, "write [%s NAME]", near),
			"a blank is wanted between \"%s\" and the NAME", near);
		return;
	}
	for (size_t i = 0; i < SECTION_KINDS; i++)
		near = nearest_better(s->kind, near, section_rows[i].name);
	if (near)
		near = section_find(near)->title;
	diag_error(p->d, &s->at,
		near ? arena_printf(p->a, "did you mean %s?", near)
		     : "sections are [portflow], [port NAME], [address NAME], [interface NAME], [quota NAME], [notify NAME]",
		*s->kind ? "unknown section [%s%s%s]" : "a section without a name", s->kind, *s->name ? " " : "",
		s->name);
}

static bool letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool name_good(struct parser *p, const struct ini_section *s)
{
	static const char *const ours[] = { "forwarded", "rest", "total" };
	size_t len = strlen(s->name);

	if (!len) {
		diag_error(p->d, &s->at, arena_printf(p->a, "write [%s NAME], as [%s web]", s->kind, s->kind),
			"[%s] has no NAME", s->kind);
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (letter_or_digit(s->name[i]) || (i && (s->name[i] == '_' || s->name[i] == '-')))
			continue;
		diag_error(p->d, &s->at, name_rule,
			i || !strchr("_-", s->name[i]) ? "\"%s\": this is no NAME"
						       : "\"%s\": a NAME begins with a letter or a digit",
			s->name);
		return false;
	}
	if (len > ENTRY_NAME_MAX) {
		diag_error(p->d, &s->at, name_rule, "\"%s\": a NAME of %zu letters", s->name, len);
		return false;
	}
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (strcasecmp(ours[i], s->name) == 0) {
			diag_error(p->d, &s->at, "take another name", "\"%s\" is what status calls a line of its own",
				s->name);
			return false;
		}
	return true;
}

/* Whether a section stands for something: its kind is known, its name is good, it holds keys, and it is there once. */
static bool section_good(struct parser *p, struct hash_map *names, const struct ini_section *s, uint32_t index)
{
	const struct section_row *kind = section_find(s->kind);
	const struct ini_section *other;
	const uint32_t *seen;
	char *key;

	if (s->bad)
		return false;
	if (!kind) {
		unknown_section(p, s);
		return false;
	}
	if (kind->named && !name_good(p, s))
		return false;
	if (!kind->named && *s->name) {
		diag_error(p->d, &s->at, "write [portflow]", "[portflow] takes no name");
		return false;
	}
	/* targets have names of their own */
	key = arena_printf(&p->scratch, "%s%s", kind->kind == SECTION_NOTIFY ? "[notify]" : "",
		kind->named ? s->name : "[portflow]");
	for (char *c = key; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	if (!hash_map_add(names, key, index)) {
		seen = hash_map_get(names, key);
		other = &p->ini.sections.at[*seen];
		if (strcmp(other->kind, s->kind) == 0 && strcmp(other->name, s->name) == 0)
			diag_error(p->d, &s->at, "put its keys together in one place", "[%s%s%s] stands in %s already",
				s->kind, *s->name ? " " : "", s->name, at_text(p, &other->at));
		else
			diag_error(p->d, &s->at,
				"all entries and quotas share one set of names, in which case makes no difference: take another one",
				"the NAME \"%s\" is taken by [%s %s] in %s", s->name, other->kind, other->name,
				at_text(p, &other->at));
		return false;
	}
	if (!s->empty)
		return true;
	diag_error(p->d, &s->at,
		kind->kind == SECTION_PORTFLOW
			? "write a key below it, or delete the line"
			: arena_printf(p->a, "write a key below it, as \"%s\"",
				  kind->kind == SECTION_PORT              ? "ports = 443"
					  : kind->kind == SECTION_ADDRESS ? "addresses = 192.0.2.5"
					  : kind->kind == SECTION_QUOTA   ? "entries = web, game"
					  : kind->kind == SECTION_NOTIFY  ? "type = telegram"
									  : "interface = eth0"),
		"[%s%s%s] is empty", s->kind, *s->name ? " " : "", s->name);
	return false;
}

static void read_settings(struct parser *p, const struct ini_section *s)
{
	struct settings *settings = &p->c->settings;
	struct written w = { .section = s, .kind = section_find("portflow") };

	settings->cycle.timezone = "";
	for (size_t i = 0; i < key_rows_n; i++)
		if ((key_rows[i].sections & SECTION_PORTFLOW) && key_rows[i].def)
			set_default(p, &key_rows[i], settings);
	if (s) {
		settings->where = s->at.where;
		read_section(p, &w, settings);
	}
	settings->timezone = settings->cycle.timezone;
}

/* The default of a list hangs on the rest of its section: see read_entry. */
static void prepare_fresh(struct parser *p)
{
	p->fresh = (struct entry){
		.remark = "",
		.billing = p->c->settings.billing,
		.link_overhead = p->c->settings.link_overhead,
		.cycle = p->c->settings.cycle,
		.quota_alerts = p->c->settings.quota_alerts,
		.notify = p->c->settings.notify,
	};
	for (size_t i = 0; i < key_rows_n; i++)
		if ((key_rows[i].sections & SECTION_SUBJECTS) && key_rows[i].def && !key_rows[i].type->list)
			set_default(p, &key_rows[i], &p->fresh);
}

static enum entry_kind entry_kind_of(const struct section_row *kind)
{
	return kind->kind == SECTION_PORT       ? ENTRY_PORT
		: kind->kind == SECTION_ADDRESS ? ENTRY_ADDRESS
		: kind->kind == SECTION_QUOTA   ? ENTRY_QUOTA
						: ENTRY_INTERFACE;
}

static void read_entry(struct parser *p, const struct ini_section *s)
{
	const struct section_row *kind = section_find(s->kind);
	const bool quota = kind->kind == SECTION_QUOTA;
	struct entry *e = quota ? vec_push(p->a, &p->c->quotas) : vec_push(p->a, &p->c->entries);
	struct written *w = quota ? vec_push(&p->scratch, &p->written_quotas) : vec_push(&p->scratch, &p->written);

	w->section = s;
	w->kind = kind;
	*e = p->fresh;
	e->kind = entry_kind_of(w->kind);
	e->name = s->name;
	e->where = s->at.where;
	read_section(p, w, e);
	if (e->ports.n && !e->protocols && !w->broken)
		set_default(p, key_find("protocols", w->kind->kind), e);
	if (!w->broken)
		check_entry(e, w, &p->c->settings, p->d);
}

static void read_target(struct parser *p, const struct ini_section *s)
{
	struct target *t = vec_push(p->a, &p->c->targets);
	struct written *w = vec_push(&p->scratch, &p->written_targets);

	*w = (struct written){ .section = s, .kind = section_find(s->kind) };
	t->name = s->name;
	t->where = s->at.where;
	t->language = p->c->settings.language;
	for (size_t i = 0; i < key_rows_n; i++)
		if ((key_rows[i].sections & SECTION_NOTIFY) && key_rows[i].def)
			set_default(p, &key_rows[i], t);
	read_section(p, w, t);
}

/* As much as could be understood. */
static void read_entries(struct parser *p, const bool *good, const struct ini_section *settings)
{
	size_t n = 0;

	for (size_t i = 0; i < p->ini.sections.n; i++)
		n += good[i];
	p->c->entries.at = arena_array(
		p->a, n + 1, sizeof *p->c->entries.at); /* once, and not growing: there may be 60,000 */
	p->c->entries.cap = n + 1;
	for (size_t i = 0; i < p->ini.sections.n; i++) {
		const struct ini_section *s = &p->ini.sections.at[i];

		if (!good[i] || s == settings)
			continue;
		if (strcmp(s->kind, "notify") == 0)
			read_target(p, s);
		else
			read_entry(p, s);
	}
}

static struct config *parse(struct arena *a, const struct config_sources *sources, struct diags *d)
{
	struct parser p = { .a = a, .d = d, .c = arena_new(a, struct config) };
	const struct ini_section *settings = NULL;
	struct hash_map names;
	bool *good;

	p.ini.arena = &p.scratch;
	for (size_t i = 0; i < sources->files.n; i++) {
		const struct config_source *f = &sources->files.at[i];

		lines_read(&p.ini, f->name, (uint32_t)i, f->bytes, f->len, d);
	}
	good = arena_array(&p.scratch, p.ini.sections.n + 1, sizeof *good);
	hash_map_init(&names, &p.scratch, p.ini.sections.n);
	for (size_t i = 0; i < p.ini.sections.n; i++) {
		const struct ini_section *s = &p.ini.sections.at[i];

		good[i] = section_good(&p, &names, s, (uint32_t)i);
		if (good[i] && section_find(s->kind)->kind == SECTION_PORTFLOW)
			settings = s;
	}
	read_settings(&p, settings);
	prepare_fresh(&p);
	read_entries(&p, good, settings);
	check_overlaps(p.c, p.written.at, &p.scratch, d);
	check_quotas(p.c, p.written_quotas.at, &p.ini, &p.scratch, d);
	check_targets(p.c, p.written_targets.at, &p.ini, d);
	diags_sort(d);
	arena_free(&p.scratch);
	return p.c;
}

struct config *config_parse(struct arena *a, const struct config_sources *sources, struct diags *d)
{
	struct config *c = parse(a, sources, d);

	return d->errors ? NULL : c;
}

uint64_t config_sources_hash(const struct config_sources *sources)
{
	uint64_t h = HASH_START;

	for (size_t i = 0; i < key_rows_n; i++) {
		h = hash_text(hash_u64(h, key_rows[i].sections), key_rows[i].name);
		h = hash_text(h, key_rows[i].def ? key_rows[i].def : "");
	}
	for (size_t i = 0; i < sources->files.n; i++) {
		h = hash_u64(h, sources->files.at[i].len);
		h = hash_bytes(h, sources->files.at[i].bytes, sources->files.at[i].len);
	}
	return h;
}

static bool same_text(const char *x, const char *y)
{
	return x == y || (x && y && strcmp(x, y) == 0);
}

/* As far as its secrets go there, by the same way: else they would be told to somebody for whom they were not written. */
static bool same_place(const struct target *x, const struct target *y)
{
	cleanup_str struct str url = STR_CEILING(8192), other = STR_CEILING(8192);

	type_url.print(&x->url, &url);
	type_url.print(&y->url, &other);
	return x->type == y->type && same_text(url.p, other.p) && same_text(x->user, y->user) &&
		same_text(x->proxy, y->proxy) && same_text(x->ca_file, y->ca_file) && x->tls_off == y->tls_off;
}

void config_find_secrets(struct arena *a, const struct config_sources *sources, struct config *io)
{
	struct diags unheard = { .arena = a };
	const struct config *files = parse(a, sources, &unheard);

	for (size_t i = 0; i < io->targets.n; i++) {
		struct target *t = &io->targets.at[i];
		const struct target *in_file = config_target(files, t->name, strlen(t->name));
		struct target copy;
		struct secret *s;
		const char *key;

		if (!in_file || in_file->broken || !same_place(in_file, t))
			continue;
		copy = *in_file;
		for (size_t k = 0; (s = target_secret(t, k, &key)); k++) {
			const struct secret *of_file = target_secret(&copy, k, &key);

			if (s->from == SECRET_HIDDEN && of_file->from == SECRET_TEXT)
				*s = *of_file;
		}
	}
}

const char *config_database(struct arena *a, const struct config_sources *sources)
{
	struct diags unheard = { .arena = a };

	return parse(a, sources, &unheard)->settings.database;
}
