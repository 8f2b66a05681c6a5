/* `portflow doctor`: the checks of run/doctor.h, printed.
 * Exit 1 only where a check failed; warnings are no failure.
 * list.def names it. */
#include "cmd/command.h"

#include "run/doctor.h"
#include "view/findings.h"

enum { OPTION_JSON };

static int run(struct app *app, const struct args *args, struct err *err)
{
	cleanup_str struct str out = STR_CEILING((size_t)1 << 20);
	struct doctor d = { .app = app, .arena = &app->arena };

	doctor_run(&d);
	if (args->given[OPTION_JSON])
		findings_json(&d.findings, &out);
	else
		findings_text(&d.findings, app_color(app, app->out), &out);
	if (fwrite(out.p, 1, out.len, app->out) != out.len)
		return err_set(err, ERR_FAIL, "the answer could not be written");
	return findings_worst(&d.findings) == FINDING_FAIL;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.args = "",
	.summary = "check what this machine has, and name the cure for what it lacks",
	.text = "Tries the kernel's features in a network namespace of its own, looks at the watched devices, at other rulesets, at the "
		"database, at what the services may read and at the timers. Changes nothing. A line a check: ok, warn or fail, what was "
		"seen, and below it the cure, as a command where there is one.\n\n"
		"Some checks need root. The output holds no secret; it names devices, files and tables.",
	.options = { [OPTION_JSON] = { .name = "json", .summary = "as JSON (docs/schema/doctor.schema.json)" } },
	.words_max = 0,
	.run = run,
};
