/* `portflow apply`, `plan`, `sample`, `down`: four faces of one run.
 * What they do is run/run.c; here is only what they print and the exit code.
 * list.def. */
#include <string.h>

#include "cmd/command.h"
#include "cmd/confirm.h"
#include "run/run.h"
#include "view/plan.h"

#define OUTPUT_MAX ((size_t)64 << 20)
#define EXIT_PENDING 2
#define EXIT_CONFIG 78

enum { APPLY_CONFIRM, APPLY_ADOPT, APPLY_JSON };
enum { PLAN_JSON };

static int print(struct app *app, const struct run_report *r, bool done, bool json, struct err *err)
{
	struct str out = STR_CEILING(OUTPUT_MAX);
	struct plan_line *lines = arena_array(&app->arena, r->lines.n + 1, sizeof *lines);
	struct plan plan = { .lines = lines,
		.n = r->lines.n,
		.changes = r->changes,
		.interfaces = r->interfaces,
		.entries = r->entries,
		.done = done,
		.trial = &r->trial,
		.zone = r->zone,
		.file = app->config_given ? app->config_path : NULL };
	int rc = 0;

	for (size_t i = 0; i < r->lines.n; i++)
		lines[i] = (struct plan_line){ r->lines.at[i].sign, r->lines.at[i].subject, r->lines.at[i].text,
			r->lines.at[i].effect };
	if (json)
		plan_json(&out, &plan);
	else if (!app->quiet || !done)
		plan_text(&out, &plan, app_color(app, app->out));
	if (out.full)
		rc = err_set(err, ERR_FAIL, "the output is longer than %zu bytes", OUTPUT_MAX);
	else if (out.len)
		fwrite(out.p, 1, out.len, app->out);
	str_free(&out);
	return rc;
}

/* [#] before each command, as wg-quick shows its work. */
static void show_commands(const struct app *app, const char *commands)
{
	while (*commands) {
		int n = (int)strcspn(commands, "\n");

		app_note(app, "[#] %.*s", n, commands);
		commands += n + (commands[n] == '\n');
	}
}

static int run_on_trial(struct app *app, const struct args *args, struct err *err)
{
	struct run_report report;
	uint64_t seconds;
	int signals;

	if (args->given[APPLY_ADOPT])
		return err_set(err, ERR_USAGE,
			"--adopt and --confirm: a table that was taken over is not given back. Take it over first, with: portflow"
			" apply --adopt");
	if (confirm_seconds(args->value[APPLY_CONFIRM], &seconds, err) < 0 ||
		confirm_begin(app, seconds, &report, &signals, err) < 0)
		return -1;
	show_commands(app, report.commands);
	/* what cannot be printed keeps nobody from rolling back */
	if (print(app, &report, true, args->given[APPLY_JSON], err) < 0)
		app_warn(app, "%s", err->text);
	fflush(app->out);
	return confirm_wait(app, seconds, signals, &report, err);
}

static int run_apply(struct app *app, const struct args *args, struct err *err)
{
	struct run_report report;

	if (args->given[APPLY_CONFIRM])
		return run_on_trial(app, args, err);
	if (run(app, RUN_APPLY, args->given[APPLY_ADOPT], &report, err) < 0)
		return -1;
	show_commands(app, report.commands);
	return print(app, &report, true, args->given[APPLY_JSON], err);
}

static int run_plan(struct app *app, const struct args *args, struct err *err)
{
	struct run_report report;

	if (run(app, RUN_PLAN, false, &report, err) < 0 || print(app, &report, false, args->given[PLAN_JSON], err) < 0)
		return -1;
	if (report.says)
		app_warn(app, "%s", report.says);
	return report.changes || report.lines.n ? EXIT_PENDING : 0;
}

static int run_sample(struct app *app, const struct args *args, struct err *err)
{
	struct run_report report;

	(void)args;
	if (run(app, RUN_SAMPLE, false, &report, err) < 0)
		return -1;
	if (report.says)
		app_note(app, "%s", report.says);
	else if (report.was_down)
		app_note(app, "counting was taken down: nothing was done. To count again: portflow apply");
	if (report.refused) {
		app_warn(app,
			"counting goes on with the configuration applied last; mend the file, then: portflow apply");
		return EXIT_CONFIG;
	}
	return app->verbose ? print(app, &report, true, false, err) : 0;
}

static int run_down(struct app *app, const struct args *args, struct err *err)
{
	struct run_report report;

	(void)args;
	if (run(app, RUN_DOWN, false, &report, err) < 0)
		return -1;
	app_note(app, "%s; nothing is counted until: portflow apply",
		report.changes ? "last bytes stored, table removed" : "there was nothing to remove");
	return 0;
}

const struct command cmd_apply = {
	.name = "apply",
	.summary = "take up the configuration and count by it",
	.text = "Reads the configuration, makes the kernel agree with it in one step, stores what was counted, and says what "
		"changed. With nothing to do it sends nothing. A configuration with any error changes nothing.\n\n"
		"With --confirm the configuration is on trial: the command stays in the foreground, and unless `portflow confirm` is "
		"run within the time, everything goes back to what was applied before: rules, limits, quotas and the applied "
		"configuration. So a limit that cuts off your own connection ends by itself. A lost terminal does not disturb it; "
		"Ctrl-C, or SIGTERM, rolls back at once; if the command is killed the next `portflow sample` rolls back once the time "
		"is over, and after a restart of the machine at once. What was counted during the trial is kept. The status is 0 when "
		"it was confirmed and 1 when it was rolled back. Where nothing was applied before, nothing is counted after the "
		"roll-back, and after `portflow down` counting is down again.\n\n"
		"Meanwhile `portflow sample` goes on with the configuration on trial, whatever is edited, `portflow apply` is refused "
		"with status 75, so are `portflow db restore`, `rename` and `forget`, and `portflow down` ends the trial. Afterwards the files that were rolled "
		"back are left alone until they change or `portflow apply` takes them up. A file that a timer, or portflow-edit.path, "
		"has taken up before is on trial no more: put the edited file in its place just before, or say auto_apply = no. A "
		"change of database cannot be tried.",
	.options = { [APPLY_CONFIRM] = { .name = "confirm",
			     .value = "60s",
			     .value_optional = true,
			     .summary =
				     "roll back unless `portflow confirm` comes within 60 s, or the time given (5s to 1d)" },
		[APPLY_ADOPT] = { .name = "adopt",
			.summary = "take over a table that another database made; what it counted is kept as older" },
		[APPLY_JSON] = { .name = "json",
			.summary = "print JSON; \"changes\" counts the messages to the kernel" } },
	.run = run_apply,
};

const struct command cmd_plan = {
	.name = "plan",
	.summary = "say what apply would do, and change nothing",
	.text = "Reads the configuration, the database and the kernel, and prints one line a change: + new, ~ different, - gone, "
		"! mind. The exit status is 2 when anything is pending.",
	.options = { [PLAN_JSON] = { .name = "json", .summary = "print JSON" } },
	.run = run_plan,
};

const struct command cmd_sample = {
	.name = "sample",
	.summary = "what the timer runs: read the file, mend the table, store the counts",
	.text = "Like apply, but made for a timer: silent on success. When the file has an error, or is younger than two seconds, "
		"counting goes on with the configuration applied last, which is said; an error is told with status 78 each time, "
		"but not one of a file so young, which may be half written. After down it only says so.",
	.run = run_sample,
};

const struct command cmd_down = {
	.name = "down",
	.summary = "store the last counts and remove everything from the kernel",
	.text = "Stays so: sample does nothing until the next apply. History and totals stay in the database.",
	.run = run_down,
};
