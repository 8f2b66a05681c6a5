/* Writes what is made from the tables of keys and commands: the sample INI, the lists in the manual, the completion.
 * One row in a table is then enough for a key or a command to be documented, and no text can forget one.
 * `make docs` runs it while building; nobody calls. */
#include <stdlib.h>
#include <string.h>

#include "cmd/commands.h"
#include "cmd/options.h"
#include "config/keys.h"
#include "config/values.h"
#include "model/target.h"
#include "util/str.h"

/* -- etc/portflow.ini ------------------------------------------------------------------------------------------------ */

static void ini_keys(struct str *out, unsigned kind, const char *written)
{
	for (size_t i = 0; i < key_rows_n; i++) {
		const struct key_row *k = &key_rows[i];
		const bool by_default = k->def && !k->inherits && strcmp(k->def, "none") != 0;

		if (!(k->sections & kind) || (k->required & kind) || strcmp(k->name, written) == 0)
			continue;
		str_putf(out, "# %s (%s", k->summary, by_default ? "default" : "example");
		str_putf(out, k->with ? "; needs %s)\n" : ")\n", k->with);
		str_putf(out, "#%s = %s\n", k->name, by_default ? k->def : k->example);
	}
}

/* A section for each service that takes a key which none before it takes, commented out, with all of its keys; the others by name. */
static void ini_target(struct str *out, enum target_type t)
{
	static const char *const names[TARGET_TYPES] = {
		[TARGET_telegram] = "ops", [TARGET_email] = "mail", [TARGET_webhook] = "hook", [TARGET_exec] = "program"
	};

	str_putf(out, "\n#[notify %s]\n#type = %s\n", names[t] ? names[t] : target_word(t), target_word(t));
	for (size_t i = 0; i < key_rows_n; i++) {
		const struct key_row *k = &key_rows[i];
		const bool by_default = k->def && !k->inherits;

		if (!(k->sections & SECTION_NOTIFY) || (k->required & SECTION_NOTIFY) || !target_takes(t, k->name))
			continue;
		str_putf(out, "# %s%s\n#%s = %s\n", k->summary, by_default ? " (default)" : "", k->name,
			by_default                            ? k->def
				: strcmp(k->name, "url") == 0 ? target_url(t)
							      : k->example);
	}
}

static bool takes_new_key(enum target_type t)
{
	for (size_t i = 0; i < key_rows_n; i++) {
		bool before = false;

		if (!(key_rows[i].sections & SECTION_NOTIFY) || !target_takes(t, key_rows[i].name))
			continue;
		for (enum target_type k = 0; k < t; k++)
			before |= target_takes(k, key_rows[i].name);
		if (!before)
			return true;
	}
	return false;
}

static void ini_targets(struct str *out)
{
	bool any = false;

	str_puts(out,
		"\n# Targets: who is told, by which service, once a \"notify\" names them. Of a secret and its file only one is written.\n");
	for (enum target_type t = 0; t < TARGET_TYPES; t++)
		if (takes_new_key(t))
			ini_target(out, t);
	for (enum target_type t = 0; t < TARGET_TYPES; t++)
		if (!takes_new_key(t)) {
			str_putf(out, "%s%s", any ? ", " : "\n# In the same way: ", target_word(t));
			any = true;
		}
	str_puts(out, any ? ".\n" : "");
}

static void ini(struct str *out)
{
	str_puts(out,
		"# What this machine counts and limits. portflow.ini(5) explains every key.\n"
		"# `portflow check` judges an edit, `portflow apply` takes it up. A line that begins with # or ; is a comment.\n\n"
		"[portflow]\n"
		"# devices to watch: those of the default routes\n"
		"interface = auto\n");
	ini_keys(out, SECTION_PORTFLOW, "interface");
	str_puts(out,
		"\n# Ports of this machine. The name is yours; a section a service.\n"
		"[port ssh]\nports = 22\n\n"
		"[port web]\nports = 80, 443\n");
	ini_keys(out, SECTION_PORT, "");
	str_puts(out,
		"\n# All traffic of the watched devices: what a provider bills.\n"
		"[interface machine]\nremark = what the provider bills\n");
	ini_keys(out, SECTION_INTERFACE, "remark");
	str_puts(out,
		"\n# Everything that an address of this machine moves.\n"
		"#[address customer]\n#addresses = 192.0.2.5, 2001:db8::/64\n"
		"\n# A quota that several entries share. It takes the keys of quotas and cycles that an entry takes.\n"
		"#[quota shared]\n#entries = ssh, web\n#quota = 1TB\n");
	ini_targets(out);
}

/* -- the manual ------------------------------------------------------------------------------------------------------ */

/* Text as roff takes it: no line begins with a control character, no backslash is one, a sentence begins a line. */
static void roff(struct str *out, const char *text, size_t len)
{
	bool begin = true;

	for (size_t i = 0; i < len; i++) {
		if (begin && (text[i] == '.' || text[i] == '\''))
			str_puts(out, "\\&");
		begin = false;
		if (text[i] == '\\') {
			str_puts(out, "\\e");
		} else if (i + 2 < len && strchr(".?!", text[i]) && text[i + 1] == ' ') {
			str_putc(out, text[i]);
			str_putc(out, '\n');
			begin = true;
			i++;
		} else {
			str_putc(out, text[i]);
		}
	}
}

/* Paragraphs end at an empty line; a line that begins with a blank is an example. */
static void paragraphs(struct str *out, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n"), blanks = strspn(text, " ");

		if (len == 0) {
			str_puts(out, ".Pp\n");
		} else if (blanks) {
			str_puts(out, ".Dl ");
			roff(out, text + blanks, len - blanks);
			str_putc(out, '\n');
		} else {
			roff(out, text, len);
			str_putc(out, '\n');
		}
		text += len;
		if (*text)
			text++;
	}
}

/* An argument of a macro that begins with one or may be a macro's name: in quotes. */
static void quoted(struct str *out, const char *text)
{
	str_putc(out, '"');
	for (; *text; text++) {
		if (*text == '"')
			str_putc(out, '"');
		roff(out, text, 1);
	}
	str_putc(out, '"');
}

static void man_keys(struct str *out, unsigned kind)
{
	str_puts(out, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < key_rows_n; i++) {
		const struct key_row *k = &key_rows[i];
		const char *def = k->inherits ? "what [portflow] says" : k->def_text ? k->def_text : k->def;

		if (!(k->sections & kind))
			continue;
		str_putf(out, ".It Ic %s No = Ar ", k->name);
		quoted(out, k->type->name);
		str_putc(out, '\n');
		paragraphs(out, k->text);
		str_puts(out, ".br\n");
		if (k->required & kind)
			str_puts(out, "Required.");
		else
			str_putf(out, "Default: %s.", def ? def : "none");
		if (k->with && !(key_find(k->with, kind)->required & kind))
			str_putf(out, "\nNeeds %s.", k->with);
		if (k->example)
			str_putf(out, "\nExample: %s", k->example);
		str_putc(out, '\n');
	}
	str_puts(out, ".El\n");
}

static void man_options(struct str *out, const struct option_row *rows, size_t max)
{
	for (size_t i = 0; i < max && rows[i].name; i++) {
		const struct option_row *r = &rows[i];
		const bool letter = r->name[1] == '\0';

		str_putf(out, ".It Fl %s%s", letter ? "" : "-", r->name);
		if (r->value)
			str_putf(out, "%s Ar ", letter ? "" : r->value_optional ? "Ns Oo Ns = Ns" : " Ns = Ns");
		if (r->value)
			quoted(out, r->value);
		if (r->value && r->value_optional)
			str_puts(out, " Oc");
		str_putc(out, '\n');
		roff(out, r->summary, strlen(r->summary));
		str_puts(out, "\n");
	}
}

static void man_commands(struct str *out)
{
	for (size_t i = 0; commands[i]; i++) {
		const struct command *c = commands[i];

		str_putf(out, ".It Ic %s", c->name);
		if (c->args && *c->args) {
			str_puts(out, " No ");
			quoted(out, c->args);
		}
		str_putc(out, '\n');
		roff(out, c->summary, strlen(c->summary));
		str_puts(out, ".\n");
		if (c->text && *c->text) {
			str_puts(out, ".Pp\n");
			paragraphs(out, c->text);
		}
		if (c->options[0].name) {
			str_puts(out, ".Bl -tag -width Ds\n");
			man_options(out, c->options, OPTIONS_MAX);
			str_puts(out, ".El\n");
		}
	}
}

/* The hand-written page on standard input; lines `.\" @WHAT` are replaced. */
static int man(struct str *out)
{
	static const char mark[] = ".\\\" @";
	char line[1024];

	str_puts(out, ".\\\" Made by `make docs` from the .in file beside it.\n");
	while (fgets(line, sizeof line, stdin)) {
		const char *what = line + sizeof mark - 1;

		if (strncmp(line, mark, sizeof mark - 1) != 0)
			str_puts(out, line);
		else if (strcmp(what, "commands\n") == 0)
			man_commands(out);
		else if (strcmp(what, "options\n") == 0)
			man_options(out, options_global, OPTIONS_MAX);
		else if (strcmp(what, "portflow\n") == 0)
			man_keys(out, SECTION_PORTFLOW);
		else if (strcmp(what, "port\n") == 0)
			man_keys(out, SECTION_PORT);
		else if (strcmp(what, "address\n") == 0)
			man_keys(out, SECTION_ADDRESS);
		else if (strcmp(what, "interface\n") == 0)
			man_keys(out, SECTION_INTERFACE);
		else if (strcmp(what, "quota\n") == 0)
			man_keys(out, SECTION_QUOTA);
		else if (strcmp(what, "notify\n") == 0)
			man_keys(out, SECTION_NOTIFY);
		else
			return -1;
	}
	return 0;
}

/* -- completion ------------------------------------------------------------------------------------------------------ */

static void bash_options(struct str *out, const struct option_row *rows, size_t max)
{
	for (size_t i = 0; i < max && rows[i].name; i++)
		str_putf(out, " %s%s", rows[i].name[1] ? "--" : "-", rows[i].name);
}

/* Words for a value such as "auto|always|never"; nothing for a value that has no fixed words. */
static void bash_values(struct str *out, const char *of, const struct option_row *rows, size_t max)
{
	for (size_t i = 0; i < max && rows[i].name; i++) {
		if (!rows[i].value || !strchr(rows[i].value, '|'))
			continue;
		str_putf(out, "\t\t'%s --%s') echo '", of, rows[i].name);
		for (const char *p = rows[i].value; *p; p++)
			str_putc(out, *p == '|' ? ' ' : *p);
		str_puts(out, "' ;;\n");
	}
}

static void bash(struct str *out)
{
	str_puts(out,
		"# bash completion of portflow, made by `make docs` from the tables of commands.\n"
		"_portflow_options() { # COMMAND\n\tcase $1 in\n");
	for (size_t i = 0; commands[i]; i++) {
		str_putf(out, "\t'%s') echo '", commands[i]->name);
		bash_options(out, commands[i]->options, OPTIONS_MAX);
		str_puts(out, "' ;;\n");
	}
	str_puts(out, "\tesac\n\techo '");
	bash_options(out, options_global, OPTIONS_MAX);
	str_puts(out,
		"'\n}\n_portflow_values() { # COMMAND OPTION\n\tcase \"$1 $2\" in\n"
		"\t\t*' --color') echo 'auto always never' ;;\n");
	for (size_t i = 0; commands[i]; i++)
		bash_values(out, commands[i]->name, commands[i]->options, OPTIONS_MAX);
	str_puts(out, "\tesac\n}\n_portflow_words() { # COMMAND: file, entry, or nothing\n\tcase $1 in\n");
	for (size_t i = 0; commands[i]; i++) {
		const char *args = commands[i]->args ? commands[i]->args : "";

		if (strstr(args, "FILE") || strstr(args, "NAME"))
			str_putf(out, "\t'%s') echo %s ;;\n", commands[i]->name,
				strstr(args, "FILE") ? "file" : "entry");
	}
	str_puts(out, "\tesac\n}\n_portflow_commands='");
	for (size_t i = 0; commands[i]; i++)
		str_putf(out, "%s%s", i ? "\n" : "", commands[i]->name);
	str_puts(out, "'\n");
}

int main(int argc, char **argv)
{
	cleanup_str struct str out = STR_CEILING((size_t)1 << 20);
	const char *what = argc == 2 ? argv[1] : "";
	int rc = 0;

	if (strcmp(what, "ini") == 0)
		ini(&out);
	else if (strcmp(what, "man") == 0)
		rc = man(&out);
	else if (strcmp(what, "bash") == 0)
		bash(&out);
	else
		rc = -1;
	if (rc) {
		fputs("usage: docgen ini|bash, or docgen man with a page on standard input\n", stderr);
		return 64;
	}
	return fwrite(out.p, 1, out.len, stdout) == out.len && fflush(stdout) == 0 ? 0 : 1;
}
