/* Command lines: what they mean, and what is said about wrong ones.
 * The table of commands is the test's own, so that no change of a command changes this.
 * make check-unit runs it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/commands.h"
#include "cmd/help.h"
#include "cmd/options.h"

static int run(struct app *app, const struct args *args, struct err *err)
{
	(void)app;
	(void)args;
	return err_set(err, ERR_FAIL, "not here");
}

static const struct command report = {
	.name = "report",
	.args = "[NAME...]",
	.summary = "history",
	.text = "First paragraph.\n\n    an example\n\nSecond paragraph.",
	.options = { { "since", "DATE", false, "from DATE on" }, { "json", NULL, false, "JSON" } },
	.words_max = -1,
	.run = run,
};
static const struct command apply = {
	.name = "apply",
	.summary = "apply the file",
	.options = { { "hold", "SPAN", true, "hold for SPAN" }, { "json", NULL, false, "JSON" } },
	.run = run,
};
static const struct command db_check = { .name = "db check", .summary = "check", .run = run };
static const struct command db_backup = {
	.name = "db backup", .args = "FILE", .summary = "back up", .words_min = 1, .words_max = 1, .run = run
};

const struct command *const commands[] = { &report, &apply, &db_check, &db_backup, NULL };

struct parsed {
	struct app app;
	struct invocation in;
	struct err err;
	int rc;
};

#define WORDS_MAX 8

/* Cuts a line at its blanks; '_' stands for an empty word. */
static void parse(const char *line, char *buffer, struct parsed *p)
{
	char *argv[WORDS_MAX + 2] = { (char[]){ "portflow" } };
	int argc = 1;

	*p = (struct parsed){ .app.config_path = "default" };
	memcpy(buffer, line, strlen(line) + 1);
	for (char *s = buffer; *s;) {
		size_t n = strcspn(s, " ");
		char *next = s[n] ? s + n + 1 : s + n;

		s[n] = '\0';
		argv[argc++] = strcmp(s, "_") == 0 ? s + 1 : s;
		s = next;
	}
	p->rc = options_parse(&p->app, argc, argv, &p->in, &p->err);
}

static void test_right(void **state)
{
	static const struct {
		const char *line;
		enum ask ask;
		const char *command; /* NULL: none */
		const char *words;   /* a blank behind each */
		const char *given;   /* of the command's options: name, = and value if any, a blank behind each */
		const char *globals; /* letters: v q, c and the file */
	} cases[] = {
		{ "", ASK_NOTHING, NULL, "", "", "" },
		{ "-v", ASK_NOTHING, NULL, "", "", "v" },
		{ "-h", ASK_HELP, NULL, "", "", "" },
		{ "--help", ASK_MANUAL, NULL, "", "", "" },
		{ "--version", ASK_VERSION, NULL, "", "", "" },
		{ "report", ASK_RUN, "report", "", "", "" },
		{ "report web game", ASK_RUN, "report", "web game ", "", "" },
		{ "report -", ASK_RUN, "report", "- ", "", "" },
		{ "report -h", ASK_HELP, "report", "", "", "" },
		{ "report -10GB -v", ASK_RUN, "report", "-10GB ", "", "v" },
		{ "-qv report", ASK_RUN, "report", "", "", "vq" },
		{ "report -c x web", ASK_RUN, "report", "web ", "", "cx" },
		{ "-c report report", ASK_RUN, "report", "", "", "creport" },
		{ "-creport report", ASK_RUN, "report", "", "", "creport" },
		{ "-vc x report", ASK_RUN, "report", "", "", "vcx" },
		{ "report --since 1d web", ASK_RUN, "report", "web ", "since=1d ", "" },
		{ "report --since=1d web", ASK_RUN, "report", "web ", "since=1d ", "" },
		{ "--since report report", ASK_RUN, "report", "", "since=report ", "" },
		{ "--json report", ASK_RUN, "report", "", "json ", "" },
		{ "--color=never report", ASK_RUN, "report", "", "", "" },
		{ "--color never report", ASK_RUN, "report", "", "", "" },
		{ "report -- --json", ASK_RUN, "report", "--json ", "", "" },
		{ "-- report -v", ASK_RUN, "report", "-v ", "", "" },
		{ "apply --hold", ASK_RUN, "apply", "", "hold ", "" },
		{ "apply --hold=60s", ASK_RUN, "apply", "", "hold=60s ", "" },
		{ "db check", ASK_RUN, "db check", "", "", "" },
		{ "db -v check", ASK_RUN, "db check", "", "", "v" },
		{ "db backup -", ASK_RUN, "db backup", "- ", "", "" },
		{ "db backup -h", ASK_HELP, "db backup", "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_str struct str words = STR_CEILING(256), given = STR_CEILING(256), globals = STR_CEILING(256);
		char buffer[256];
		struct parsed p;

		parse(cases[i].line, buffer, &p);
		if (p.rc)
			fail_msg("\"%s\": %s", cases[i].line, p.err.text);
		if (p.in.ask != cases[i].ask)
			fail_msg("\"%s\": ask is %d", cases[i].line, (int)p.in.ask);
		if (strcmp(p.in.command ? p.in.command->name : "-", cases[i].command ? cases[i].command : "-") != 0)
			fail_msg("\"%s\": another command", cases[i].line);
		str_puts(&words, "");
		str_puts(&given, "");
		str_putf(&globals, "%s%s", p.app.verbose ? "v" : "", p.app.quiet ? "q" : "");
		for (int w = 0; w < p.in.args.n_words; w++)
			str_putf(&words, "%s ", p.in.args.words[w]);
		for (int o = 0; p.in.command && o < OPTIONS_MAX; o++)
			if (p.in.args.given[o])
				str_putf(&given, "%s%s%s ", p.in.command->options[o].name,
					p.in.args.value[o] ? "=" : "", p.in.args.value[o] ? p.in.args.value[o] : "");
		if (p.app.config_given)
			str_putf(&globals, "c%s", p.app.config_path);
		if (strcmp(words.p, cases[i].words) != 0 || strcmp(given.p, cases[i].given) != 0 ||
			strcmp(globals.p, cases[i].globals) != 0)
			fail_msg("\"%s\": words \"%s\", options \"%s\", common \"%s\"", cases[i].line, words.p, given.p,
				globals.p);
		arena_free(&p.app.arena);
	}
}

static void test_wrong(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{ "reprot", "unknown command \"reprot\"; did you mean \"report\"?" },
		{ "zzz", "unknown command \"zzz\"; \"portflow help\" lists them" },
		{ "_", "unknown command \"\"; \"portflow help\" lists them" },
		{ "top", "\"top\" is planned for a later version, this one does not have it" },
		{ "notify list", "\"notify\" is planned for a later version, this one does not have it" },
		{ "db", "\"db\" wants one of: check, backup" },
		{ "db chekc", "unknown command \"db chekc\"; did you mean \"db check\"?" },
		{ "db zzz", "unknown command \"db zzz\"; \"db\" wants one of: check, backup" },
		{ "db backup", "\"db backup\" wants FILE" },
		{ "db backup a b", "\"db backup\" does not know what to do with \"b\"" },
		{ "db check a", "\"db check\" does not know what to do with \"a\"" },
		{ "apply web", "\"apply\" does not know what to do with \"web\"" },
		{ "apply --hodl", "unknown option --hodl; did you mean --hold?" },
		{ "--measure", "--measure is planned for a later version, this one does not have it" },
		{ "report --confirm", "unknown option --confirm; \"portflow report -h\" lists those there are" },
		{ "report --sicne 1d", "unknown option --sicne; did you mean --since?" },
		{ "report --since", "--since wants a value: --since=DATE" },
		{ "report --since=", "--since wants a value: --since=DATE" },
		{ "report --json=1", "--json takes no value" },
		{ "report --c=x", "unknown option --c; \"portflow report -h\" lists those there are" },
		{ "report -x", "unknown option -x; \"portflow -h\" lists those there are" },
		{ "--hold", "unknown option --hold; \"portflow -h\" lists those there are" },
		{ "report -c", "-c wants a value: -c FILE" },
		{ "-c _ report", "-c wants a value: -c FILE" },
		{ "report --color", "--color wants a value: --color=WHEN" },
		{ "report --color=red", "--color takes auto, always or never, not \"red\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char buffer[256];
		struct parsed p;

		parse(cases[i].line, buffer, &p);
		if (p.rc != -1 || p.err.kind != ERR_USAGE)
			fail_msg("\"%s\": no usage error", cases[i].line);
		if (strcmp(p.err.text, cases[i].says) != 0)
			fail_msg("\"%s\": %s", cases[i].line, p.err.text);
		arena_free(&p.app.arena);
	}
}

static void test_help(void **state)
{
	cleanup_str struct str all = STR_CEILING(65536), one = STR_CEILING(65536);

	(void)state;
	help_render(&all, NULL, true);
	for (size_t i = 0; commands[i]; i++)
		if (!strstr(all.p, commands[i]->name))
			fail_msg("help lacks %s", commands[i]->name);
	for (size_t i = 0; options_global[i].name; i++)
		if (!strstr(all.p, options_global[i].summary))
			fail_msg("help lacks %s", options_global[i].name);
	help_render(&one, &report, true);
	assert_non_null(strstr(one.p, "Usage: portflow report [OPTION...] [NAME...]\n"));
	assert_non_null(strstr(one.p, "  --since=DATE"));
	assert_non_null(strstr(one.p, "\nFirst paragraph.\n\n    an example\n\nSecond paragraph.\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_help),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
