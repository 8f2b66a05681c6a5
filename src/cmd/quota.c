/* `portflow quota ...`: what is used of a quota, or how much there is, changed by hand for the running cycle.
 * The change is one of run/'s: here are the words before and after it.
 * list.def. */
#include <string.h>

#include "cmd/command.h"
#include "cmd/term.h"
#include "config/size.h"
#include "run/run.h"
#include "run/who.h"
#include "view/figure.h"
#include "view/when.h"

static const char *const verbs[] = {
	[ADJUST_ADD] = "add",
	[ADJUST_TAKE] = "add",
	[ADJUST_RESET] = "reset",
	[ADJUST_USED] = "set-used",
	[ADJUST_MORE] = "set-used",
	[ADJUST_LESS] = "set-used",
};

/* portflow quota add web -10GB */
static const char *command_text(
	struct app *app, const struct entry *subject, const char *name, const struct adjust *ask)
{
	cleanup_str struct str out = STR_CEILING(4096);

	str_putf(&out, "%s quota %s %s", term_program(app), verbs[ask->kind], name);
	if (ask->kind != ADJUST_RESET)
		str_puts(&out,
			ask->kind == ADJUST_TAKE || ask->kind == ADJUST_LESS ? " -"
				: ask->kind == ADJUST_MORE                   ? " +"
									     : " ");
	if (ask->kind != ADJUST_RESET)
		size_put(&out, ask->bytes, subject->quota.binary);
	return arena_strndup(&app->arena, out.p, out.len);
}

static const char *change_text(struct app *app, const struct run_adjust *r, enum unit_style style)
{
	const char *size = figure_bytes(&app->arena, style, r->ask.bytes);

	switch (r->ask.kind) {
	case ADJUST_ADD:
		return arena_printf(&app->arena, "%s added", size);
	case ADJUST_TAKE:
		return arena_printf(&app->arena, "%s taken off", size);
	case ADJUST_RESET:
	case ADJUST_USED:
	case ADJUST_MORE:
	case ADJUST_LESS:
		break;
	}
	return "the figure is set";
}

static const char *state_text(struct app *app, const struct run_adjusted *d)
{
	if (d->is == QUOTA_BLOCKED)
		return d->was == QUOTA_BLOCKED ? ", still blocked" : ", blocked now";
	if (d->is == QUOTA_THROTTLED)
		return arena_printf(&app->arena, ", %s to %s in each direction",
			d->was == QUOTA_THROTTLED ? "still throttled" : "throttled now",
			figure_rate(&app->arena, UNITS_SI, d->subject->quota_action.bps));
	return d->was >= QUOTA_THROTTLED ? ", open again" : "";
}

static void tell(struct app *app, const struct run_adjust *r, const struct run_adjusted *d)
{
	const enum unit_style style = d->subject->quota.binary ? UNITS_IEC : UNITS_SI;
	struct arena *a = &app->arena;

	if (app->quiet)
		return;
	fprintf(app->out, "%s: %s", r->name, d->changed ? change_text(app, r, style) : "it is so already");
	if (d->changed && d->cycle.end < CALENDAR_MAX)
		fprintf(app->out, " until %s", when_offset(a, d->subject->cycle.timezone, d->cycle.end));
	fprintf(app->out, "; %s of %s used%s\n", figure_bytes(a, style, d->used), figure_bytes(a, style, d->limit),
		state_text(app, d));
	if (d->changed)
		fprintf(app->out, "Undo: %s\n", command_text(app, d->subject, r->name, &d->undo));
}

static int adjust(struct app *app, const char *name, struct adjust ask, struct err *err)
{
	struct run_adjust r = { .ask = ask, .name = name, .who = who(&app->arena) };
	struct run_report report;

	if (run_adjust(app, &r, &report, err) < 0)
		return -1;
	if (report.refused)
		app_warn(app,
			"the quota was changed by the configuration applied last; mend the file, then: portflow apply");
	tell(app, &r, &report.adjusted);
	return 0;
}

/* The sign in front of a size, and the size. */
static int size(struct app *app, const char *text, const char *signs, char *ret_sign, uint64_t *ret, struct err *err)
{
	const char *why;

	*ret_sign = *text && strchr(signs, *text) ? *text : '\0';
	why = size_read(&app->arena, text + (*ret_sign != '\0'), ret);
	return why ? err_set(err, ERR_USAGE, "%s", why) : 0;
}

static int run_add(struct app *app, const struct args *args, struct err *err)
{
	struct adjust ask = { 0 };
	char sign;

	if (size(app, args->words[1], "-", &sign, &ask.bytes, err))
		return -1;
	if (!ask.bytes)
		return err_set(err, ERR_USAGE, "\"%s\": nothing to add", args->words[1]);
	ask.kind = sign ? ADJUST_TAKE : ADJUST_ADD;
	return adjust(app, args->words[0], ask, err);
}

static int run_reset(struct app *app, const struct args *args, struct err *err)
{
	return adjust(app, args->words[0], (struct adjust){ .kind = ADJUST_RESET }, err);
}

static int run_set_used(struct app *app, const struct args *args, struct err *err)
{
	struct adjust ask = { 0 };
	char sign;

	if (size(app, args->words[1], "+-", &sign, &ask.bytes, err))
		return -1;
	ask.kind = sign == '+' ? ADJUST_MORE : sign == '-' ? ADJUST_LESS : ADJUST_USED;
	return adjust(app, args->words[0], ask, err);
}

#define OF_ALL \
	"NAME is an entry with a quota, or a [quota] section. It holds for the running cycle only: its end undoes it. What was blocked or " \
	"throttled by it opens at once, for connections that are open too, and what is over the quota then is blocked or throttled at once. " \
	"Who did it is written down and told by `events`; the command that takes it back is printed."

const struct command cmd_quota_add = {
	.name = "quota add",
	.args = "NAME SIZE",
	.summary = "give a quota more in this cycle",
	.text = OF_ALL
	"\n"
	"SIZE is written as in the INI, 10GB or 10GiB; with a minus in front it takes off what was added before.",
	.words_min = 2,
	.words_max = 2,
	.run = run_add,
};

const struct command cmd_quota_reset = {
	.name = "quota reset",
	.args = "NAME",
	.summary = "let a quota begin anew in this cycle: nothing of it is used",
	.text = OF_ALL "\nWhat was counted stays in every report; only the quota's figure begins at 0.",
	.words_min = 1,
	.words_max = 1,
	.run = run_reset,
};

const struct command cmd_quota_set_used = {
	.name = "quota set-used",
	.args = "NAME SIZE",
	.summary = "say how much of a quota is used in this cycle",
	.text = OF_ALL
	"\n"
	"For a machine that was reinstalled in mid-cycle, or a provider whose figure differs: what was counted stays in every report. "
	"SIZE is written as in the INI, 310GB or 310GiB; with a plus or a minus in front it is that much more or less than now.",
	.words_min = 2,
	.words_max = 2,
	.run = run_set_used,
};
