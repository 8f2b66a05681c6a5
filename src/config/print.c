/* The effective configuration as INI: see config.h.
 * Rows of keys.def print themselves; a long list goes on in further lines, which add up when they are read again.
 * run/ and cmd/ call. */
#include <string.h>

#include "config/config.h"
#include "config/keys.h"
#include "config/values.h"
#include "model/target.h"

#define LIST_LINE 100 /* bytes after which a list goes on in the next line */

static void print_list(const char *key, const char *p, struct str *out)
{
	while (*p) {
		size_t len = strlen(p);

		if (len > LIST_LINE) {
			for (len = LIST_LINE; len && p[len] != ','; len--)
				;
			if (!len)
				len = strcspn(p, ",");
		}
		str_putf(out, "%s = %.*s\n", key, (int)len, p);
		p += len;
		p += strspn(p, ", ");
	}
}

void key_print(const struct key_row *row, unsigned section, const void *base, struct str *out)
{
	const struct key_row *with = row->with ? key_find(row->with, section) : NULL;
	cleanup_str struct str needed = STR_CEILING(out->ceiling);

	if (with)
		with->type->print((const char *)base + with->field, &needed);
	if (!with || needed.len)
		row->type->print((const char *)base + row->field, out);
}

static void print_key(const struct key_row *row, unsigned section, const void *base, struct str *out)
{
	cleanup_str struct str value = STR_CEILING(out->ceiling);

	key_print(row, section, base, &value);
	if (!value.len)
		return;
	if (row->type->list)
		print_list(row->name, value.p, out);
	else
		str_putf(out, "%s = %s\n", row->name, value.p);
}

static void print_keys(unsigned section, const void *base, struct str *out)
{
	for (size_t i = 0; i < key_rows_n; i++)
		if (key_rows[i].sections & section)
			print_key(&key_rows[i], section, base, out);
}

static void print_target(const struct target *t, struct str *out)
{
	for (size_t i = 0; i < key_rows_n; i++)
		if ((key_rows[i].sections & SECTION_NOTIFY) && target_takes(t->type, key_rows[i].name))
			print_key(&key_rows[i], SECTION_NOTIFY, t, out);
}

void config_print_settings(const struct settings *s, struct str *out)
{
	str_puts(out, "[portflow]\n");
	if (!s->devices.n)
		str_puts(out, "interface = auto\n");
	print_keys(SECTION_PORTFLOW, s, out);
}

void config_print_entry(const struct entry *e, struct str *out)
{
	const struct section_row *section = section_of_entry(e->kind);

	str_putf(out, "[%s %s]\n", section->name, e->name);
	print_keys(section->kind, e, out);
}

void config_print(const struct config *c, struct str *out)
{
	config_print_settings(&c->settings, out);
	for (size_t i = 0; i < c->entries.n; i++) {
		str_putc(out, '\n');
		config_print_entry(&c->entries.at[i], out);
	}
	for (size_t i = 0; i < c->quotas.n; i++) {
		str_putc(out, '\n');
		config_print_entry(&c->quotas.at[i], out);
	}
	for (size_t i = 0; i < c->targets.n; i++) {
		str_putf(out, "\n[notify %s]\n", c->targets.at[i].name);
		print_target(&c->targets.at[i], out);
	}
}

void config_print_value(const struct entry *e, const char *key, struct str *out)
{
	const unsigned section = section_of_entry(e->kind)->kind;
	const struct key_row *row = key_find(key, section);

	if (row)
		key_print(row, section, e, out);
}

void config_print_changes(const struct entry *was, const struct entry *is, struct str *out)
{
	const unsigned section = section_of_entry(is->kind)->kind;

	for (size_t i = 0; i < key_rows_n; i++) {
		const struct key_row *row = &key_rows[i];
		cleanup_str struct str a = STR_CEILING(out->ceiling), b = STR_CEILING(out->ceiling);

		if (!(row->sections & section))
			continue;
		key_print(row, section, was, &a);
		key_print(row, section, is, &b);
		if (a.len != b.len || (a.len && memcmp(a.p, b.p, a.len) != 0))
			str_putf(out, "%s%s %s -> %s", out->len ? "; " : "", row->name, a.len ? a.p : "none",
				b.len ? b.p : "none");
	}
}
