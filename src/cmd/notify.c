/* `portflow notify test | send`: is a target reachable, and the status as a message.
 * A test message goes to the service at once and past the outbox: what the service says is the answer.
 * list.def. */
#include <string.h>

#include "cmd/command.h"
#include "cmd/gather.h"
#include "notify/summary.h"
#include "run/access.h"
#include "run/deliver.h"
#include "run/facts.h"
#include "run/files.h"
#include "run/secrets.h"
#include "util/nearest.h"

static const struct config *configuration(struct app *app, struct err *err)
{
	struct config *c;

	return run_config(app, &c, NULL, err) ? NULL : c;
}

/* -- test ------------------------------------------------------------------------------------------------------------ */

struct attempt {
	const char *name; /* as it is printed: "mail:a@example.com" */
	const char *recipient;
	struct target target;
	const char *problem; /* NULL, or why nothing is sent */
	size_t sending;
};

struct attempts {
	VEC_OF(struct attempt) list;
};

static struct attempt *add_trial(struct app *app, struct attempts *all, const struct target *t, const char *recipient)
{
	struct attempt *x = vec_push(&app->arena, &all->list);

	x->target = *t;
	x->recipient = recipient;
	x->name = *recipient ? arena_printf(&app->arena, "%s:%s", t->name, recipient) : t->name;
	x->problem = secrets_reveal(&app->arena, &x->target);
	return x;
}

/* The target's own recipients; a mail each. */
static void add_own(struct app *app, struct attempts *all, const struct target *t)
{
	const char *whom;

	for (size_t i = 0; (whom = target_whom(t, "", i)); i++) {
		struct attempt *x = add_trial(app, all, t, whom);

		if (!target_reaches(t))
			x->problem = arena_printf(&app->arena,
				"it has no recipient of its own: portflow notify test %s:RECIPIENT", t->name);
	}
}

static int unknown(struct app *app, const struct config *c, const char *name, size_t len, struct err *err)
{
	const char *text = arena_strndup(&app->arena, name, len), *near = NULL;

	for (size_t i = 0; i < c->targets.n; i++)
		near = nearest_better(text, near, c->targets.at[i].name);
	if (near)
		return err_set(err, ERR_USAGE, "there is no target \"%s\"; did you mean \"%s\"?", text, near);
	return err_set(err, ERR_USAGE, "there is no target \"%s\": write a section [notify %s] into %s", text, text,
		app->config_path);
}

static int choose(
	struct app *app, const struct config *c, const struct args *args, struct attempts *all, struct err *err)
{
	const char *word = args->n_words ? args->words[0] : NULL, *colon = word ? strchr(word, ':') : NULL;
	const size_t len = colon ? (size_t)(colon - word) : word ? strlen(word) : 0;
	const struct target *t;

	if (!word) {
		for (size_t i = 0; i < c->targets.n; i++)
			add_own(app, all, &c->targets.at[i]);
		return c->targets.n
			? 0
			: err_set(err, ERR_USAGE, "there is no target: write a section [notify NAME] into %s",
				  app->config_path);
	}
	t = config_target(c, word, len);
	if (!t)
		return unknown(app, c, word, len, err);
	if (!colon)
		add_own(app, all, t);
	else if (config_recipient(t, colon + 1))
		add_trial(app, all, t, colon + 1);
	else
		return err_set(err, ERR_USAGE, "\"%s\" is no recipient of %s", colon + 1, target_word(t->type));
	return 0;
}

static const char *node_of(struct app *app, const struct config *c)
{
	return c->settings.node ? c->settings.node : facts_node(&app->arena);
}

/* status: NULL for a test. */
static void send_all(
	struct app *app, const char *node, const struct status *status, struct attempts *all, struct sending *list)
{
	char nonce[NONCE_TEXT] = "";
	struct err ignored;
	size_t n = 0;

	facts_nonce(nonce, &ignored);
	for (size_t i = 0; i < all->list.n; i++) {
		struct attempt *x = &all->list.at[i];
		struct message m;
		struct letter letter = { .message = &m,
			.recipient = x->recipient,
			.key = arena_printf(&app->arena, "%s.hand.%s.%zu", node, nonce, i),
			.time = app->now,
			.now = app->now };

		if (x->problem)
			continue;
		if (status)
			summary_of(&app->arena, x->target.language, status, &m);
		else
			message_test(&app->arena, x->target.language, node, &m);
		list[n].target = &x->target;
		notifier_of(x->target.type)->build(&app->arena, &x->target, &letter, &list[n].request);
		x->sending = n++;
	}
	deliver_send(app, list, n);
}

/* What root reads by hand the timers may not: then it is no success, unless these have a configuration of their own. */
static bool say_accepted(struct app *app, const struct attempt *x)
{
	const char *denied = access_target_denied(&app->arena, &x->target);

	if (!denied || app->config_given) {
		fprintf(app->out, "%s: accepted\n", x->name);
		if (denied)
			app_warn(
				app, "%s: with this configuration the services could not send it: %s", x->name, denied);
		return true;
	}
	fprintf(app->out, "%s: accepted now, but the services cannot send to it: %s\n", x->name, denied);
	return false;
}

static int send_now(
	struct app *app, const struct config *c, const struct args *args, const struct status *status, struct err *err)
{
	struct attempts all = { 0 };
	struct sending *list;
	int bad = 0;

	if (choose(app, c, args, &all, err))
		return -1;
	list = arena_array(&app->arena, all.list.n + 1, sizeof *list);
	send_all(app, status ? status->node : node_of(app, c), status, &all, list);
	for (size_t i = 0; i < all.list.n; i++) {
		const struct attempt *x = &all.list.at[i];
		const struct outcome *o = x->problem ? NULL : &list[x->sending].outcome;

		if (o && o->kind == OUTCOME_DONE) {
			bad |= !say_accepted(app, x);
			continue;
		}
		fprintf(app->out, "%s: not accepted: %s\n", x->name, o ? o->why : x->problem);
		bad = 1;
	}
	return bad;
}

static int run_test(struct app *app, const struct args *args, struct err *err)
{
	const struct config *c = configuration(app, err);

	return c ? send_now(app, c, args, NULL, err) : -1;
}

const struct command cmd_notify_test = {
	.name = "notify test",
	.args = "[TARGET[:RECIPIENT]]",
	.summary = "send a test message and say what the service answers",
	.text = "A real message to the target, or to all of them, at once. Exit 1 when one was not accepted, or when the "
		"services could not send it, since they may not read its secret.",
	.words_max = 1,
	.run = run_test,
};

static int run_send(struct app *app, const struct args *args, struct err *err)
{
	cleanup_reader struct reader r = { 0 };
	const struct config *c = configuration(app, err);
	struct status status;

	if (!c || reader_open(app, &r, err) || reader_peek(app, &r, err))
		return -1;
	reader_look(app, &r);
	if (gather_status(app, &r, &status, err))
		return -1;
	return send_now(app, c, args, &status, err);
}

const struct command cmd_notify_send = {
	.name = "notify send",
	.args = "[TARGET[:RECIPIENT]]",
	.summary = "send the status now",
	.text = "What `portflow status` shows, as a message to the target, or to all of them. Exit 1 when one was not accepted.",
	.words_max = 1,
	.run = run_send,
};
