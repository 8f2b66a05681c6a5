/* `portflow notify ...`: is a target reachable, what waits for delivery, and what becomes of that.
 * A test message goes to the service at once and past the outbox: what the service says is the answer.
 * list.def. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/gather.h"
#include "cmd/term.h"
#include "notify/summary.h"
#include "run/access.h"
#include "run/deliver.h"
#include "run/facts.h"
#include "run/files.h"
#include "run/secrets.h"
#include "store/outbox.h"
#include "util/nearest.h"
#include "view/outbox.h"

enum { OPTION_JSON };

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

/* -- list, flush, drop ----------------------------------------------------------------------------------------------- */

/* When the INI has errors what was applied last stands in for it: its messages are not its fault. */
static const struct config *open_outbox(
	struct app *app, enum store_mode mode, struct store **ret_store, struct err *err)
{
	struct config *c = NULL;
	struct err wrong;

	if (run_config(app, &c, NULL, &wrong)) {
		if (wrong.kind != ERR_CONFIG)
			return *err = wrong, NULL;
		app_warn(app, "%s\nWhat was applied last is used.", wrong.text);
	}
	if (store_open(c ? c->settings.database : files_database(app, &app->arena), mode, ret_store, err) ||
		(!c && reader_applied(app, *ret_store, &c, err)))
		return NULL;
	files_find_secrets(app, c);
	return c;
}

static void collect(struct app *app, const struct outbox_rows *rows, struct outbox *o)
{
	for (size_t i = 0; i < rows->n; i++) {
		const struct outbox_row *r = &rows->at[i];
		const int64_t id = r->letter ? r->letter : r->id;
		struct outbox_letter *l = NULL;

		for (size_t k = o->letters.n; k > 0 && !l; k--)
			if (o->letters.at[k - 1].id == id)
				l = &o->letters.at[k - 1];
		if (!l) {
			l = vec_push(&app->arena, &o->letters);
			*l = (struct outbox_letter){ .id = id,
				.created = r->created,
				.next = r->next,
				.tries = (uint64_t)r->tries,
				.target = r->target,
				.recipient = r->recipient,
				.why = r->why,
				.parked = r->parked };
		}
		l->events++;
	}
}

static int run_list(struct app *app, const struct args *args, struct err *err)
{
	cleanup_str struct str out = STR_CEILING((size_t)256 << 20);
	cleanup_store struct store *s = NULL;
	const struct config *c = open_outbox(app, STORE_READ, &s, err);
	struct outbox o = { 0 };
	struct outbox_rows rows;

	if (!c || store_outbox_list(s, &app->arena, &rows, err))
		return -1;
	o.zone = c->settings.timezone;
	collect(app, &rows, &o);
	if (args->given[OPTION_JSON])
		outbox_json(&o, &out);
	else
		outbox_text(&o, app_color(app, app->out), &app->arena, &out);
	return term_print(app->out, &out, err);
}

const struct command cmd_notify_list = {
	.name = "notify list",
	.summary = "messages that wait for delivery or were given up",
	.text = "Each with its id, to whom it goes, how many events it tells, how often it was tried and what the service said.",
	.options = { [OPTION_JSON] = { "json", NULL, false, "one JSON document, docs/schema/outbox.schema.json" } },
	.run = run_list,
};

static int read_id(const char *word, int64_t *ret, struct err *err)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(word, &end, 10);
	if (errno || end == word || *end || v <= 0 || *word < '0' || *word > '9')
		return err_set(err, ERR_USAGE, "\"%s\": an id is wanted, as `portflow notify list` shows it", word);
	*ret = v;
	return 0;
}

static int no_such(int64_t id, struct err *err)
{
	return err_set(err, ERR_USAGE, "no message has the id %" PRId64 ": portflow notify list", id);
}

static bool is_there(const struct outbox_rows *rows, int64_t id)
{
	for (size_t i = 0; i < rows->n; i++)
		if (rows->at[i].letter == id || (!rows->at[i].letter && rows->at[i].id == id))
			return true;
	return false;
}

/* What is left of what was asked for: of one message, or of all that are not given up. */
static int left_over(struct app *app, struct store *s, int64_t id, bool *ret, struct err *err)
{
	struct outbox_rows rows;
	size_t waiting, parked;

	if (store_outbox_count(s, &waiting, &parked, err) || store_outbox_list(s, &app->arena, &rows, err))
		return -1;
	if (!app->quiet)
		fprintf(app->out, "%zu waiting, %zu given up\n", waiting, parked);
	*ret = id ? is_there(&rows, id) : waiting > 0;
	return 0;
}

static int run_flush(struct app *app, const struct args *args, struct err *err)
{
	cleanup_store struct store *s = NULL;
	const struct config *c;
	size_t n, in_vain;
	int64_t id = 0;
	bool left;

	if ((args->n_words && read_id(args->words[0], &id, err)) || !(c = open_outbox(app, STORE_WRITE, &s, err)) ||
		store_outbox_hurry(s, id, &n, err))
		return -1;
	if (id && !n)
		return no_such(id, err);
	in_vain = deliver(app, s, c);
	if (left_over(app, s, id, &left, err))
		return -1;
	if (in_vain && (left || !id))
		return 1;
	return left
		? err_set(err, ERR_BUSY,
			  "some were not tried: another run has them, time was up, or nobody can send them (portflow notify list)")
		: 0;
}

const struct command cmd_notify_flush = {
	.name = "notify flush",
	.args = "[ID]",
	.summary = "try now what waits for delivery",
	.text = "With an ID that message, also when it was given up. Exit 1 when one that was tried was not accepted, 75 when some wait that were not "
		"tried: another run has them, time was up, or portflow-net is missing.",
	.words_max = 1,
	.run = run_flush,
};

static int run_drop(struct app *app, const struct args *args, struct err *err)
{
	cleanup_store struct store *s = NULL;
	int64_t id = 0;
	size_t n;

	if (read_id(args->words[0], &id, err) || !open_outbox(app, STORE_WRITE, &s, err) ||
		store_outbox_drop(s, id, &n, err))
		return -1;
	return n ? 0 : no_such(id, err);
}

const struct command cmd_notify_drop = {
	.name = "notify drop",
	.args = "ID",
	.summary = "give up a message for good",
	.text = "It is deleted; its events stay in `portflow events`.",
	.words_min = 1,
	.words_max = 1,
	.run = run_drop,
};
