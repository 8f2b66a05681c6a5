/* `portflow apply --confirm` and `portflow confirm`: a configuration on trial.
 * How the trial ends is run/trial_wait.c; here are the words and the exit codes.
 * list.def; apply.c calls the first. */
#include "cmd/confirm.h"

#include <unistd.h>

#include "cmd/moment.h"
#include "run/trial_wait.h"
#include "util/units.h"

#define TRIAL_DEFAULT_S 60
#define TRIAL_LEAST_S 5
#define TRIAL_MOST_S 86400

int confirm_seconds(const char *text, uint64_t *ret_seconds, struct err *err)
{
	int64_t s = TRIAL_DEFAULT_S;

	if (text && moment_span("confirm", text, TRIAL_LEAST_S, TRIAL_MOST_S, &s, err) < 0)
		return -1;
	*ret_seconds = (uint64_t)s;
	return 0;
}

int confirm_begin(struct app *app, uint64_t seconds, struct run_report *r, int *ret_signals, struct err *err)
{
	if (trial_guard(ret_signals, err) < 0)
		return -1;
	if (run_trial(app, seconds, r, err) == 0)
		return 0;
	if (r->trial.state == TRIAL_PENDING && r->begun) {
		struct err cause = *err;

		if (trial_back(app, "could not be taken up whole", r, err) < 0)
			app_error(app, cause.text);
		else
			*err = cause;
		app_warn(app, "%s", r->rolled_back ? r->rolled_back : "nothing is on trial");
	}
	return -1;
}

int confirm_wait(struct app *app, uint64_t seconds, int signals, struct run_report *r, struct err *err)
{
	char span[UNITS_TEXT];
	const char *zone = r->zone;
	const struct trial *t = &r->trial;

	if (t->state != TRIAL_PENDING) {
		app_warn(
			app, "this configuration was taken up before: there is nothing to try, and nothing to confirm");
		return 0;
	}
	app_note(app,
		"on trial until %s (%s). Does everything still work, a new connection to this machine too? Then run there: portflow confirm",
		trial_clock(&app->arena, zone, t->until, t->began), units_span(seconds, span));
	if (trial_wait(app, signals, r, err) < 0)
		return -1;
	app_note(app, "confirmed by %s at %s: the configuration stays", *t->by ? t->by : "somebody",
		trial_clock(&app->arena, zone, t->ended, app->now));
	return 0;
}

static const char *by(const struct trial *t)
{
	return *t->by ? t->by : "somebody";
}

static int run_confirm(struct app *app, const struct args *args, struct err *err)
{
	struct arena *a = &app->arena;
	const char *zone;
	struct trial t;
	enum confirmed how;

	(void)args;
	if (trial_confirm(app, &t, &zone, &how, err) < 0)
		return -1;
	switch (how) {
	case CONFIRMED:
		app_note(app, "confirmed: what was taken up at %s stays", trial_clock(a, zone, t.began, app->now));
		return 0;
	case CONFIRMED_BEFORE:
		app_note(app, "nothing is on trial: %s confirmed the last one at %s", by(&t),
			trial_clock(a, zone, t.ended, app->now));
		return 0;
	case CONFIRMED_NOTHING:
		app_note(app, "nothing is on trial");
		return 0;
	case CONFIRMED_LATE:
		break;
	}
	if (t.state == TRIAL_ROLLED_BACK)
		return err_set(err, ERR_FAIL,
			"too late: the configuration was rolled back at %s. Try it once more: portflow apply --confirm",
			trial_clock(a, zone, t.ended, app->now));
	return err_set(err, ERR_FAIL,
		"too late: the time was over at %s. The next run rolls back, as does: portflow sample. Or try it once more: portflow apply"
		" --confirm",
		trial_clock(a, zone, t.until, app->now));
}

const struct command cmd_confirm = {
	.name = "confirm",
	.summary = "keep what apply --confirm took up",
	.text = "Ends the trial that `portflow apply --confirm` began: the configuration stays, and who confirmed it and when is told by "
		"`portflow events`. Run it from a new connection: one that was open before may live on where a new one would not come "
		"through. With nothing on trial it says so, and the status is 0; when it comes too late the status is 1 and nothing "
		"changes.",
	.run = run_confirm,
};
