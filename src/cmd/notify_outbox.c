/* `portflow notify list | flush | drop`: what waits in the outbox, and what becomes of it.
 * A letter is named by its id; those of a target, as `notify list` shows it, by that.
 * list.def. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/reader.h"
#include "cmd/term.h"
#include "config/config.h"
#include "run/deliver.h"
#include "run/files.h"
#include "store/outbox.h"
#include "util/nearest.h"
#include "view/outbox.h"

enum { OPTION_JSON };

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

/* An id, TARGET or TARGET:RECIPIENT. */
static int choose(struct app *app, const struct args *args, struct outbox_choice *ret, struct err *err)
{
	const char *word = args->n_words ? args->words[0] : NULL, *colon;

	*ret = (struct outbox_choice){ .recipient = "" };
	if (!word)
		return 0;
	if (word[strspn(word, "0123456789")] == '\0') {
		errno = 0;
		ret->id = strtoll(word, NULL, 10);
		if (errno || ret->id <= 0)
			return err_set(
				err, ERR_USAGE, "\"%s\": an id is wanted, as `portflow notify list` shows it", word);
		return 0;
	}
	colon = strchr(word, ':');
	ret->target = colon ? arena_strndup(&app->arena, word, (size_t)(colon - word)) : word;
	ret->recipient = colon ? colon + 1 : "";
	return 0;
}

static bool chosen(const struct outbox_choice *which, const struct outbox_row *r)
{
	if (which->id)
		return r->letter == which->id || (!r->letter && r->id == which->id);
	if (!which->target)
		return !r->parked;
	return strcmp(r->target, which->target) == 0 &&
		(!*which->recipient || strcmp(r->recipient, which->recipient) == 0);
}

/* Nothing was found. */
static int no_such(const struct config *c, const struct outbox_choice *which, struct err *err)
{
	const char *near = NULL, *target = which->target ? which->target : "";

	if (which->id)
		return err_set(err, ERR_USAGE, "no message has the id %" PRId64 ": portflow notify list", which->id);
	for (size_t i = 0; i < c->targets.n; i++)
		near = nearest_better(target, near, c->targets.at[i].name);
	if (near && strcmp(near, target) != 0)
		return err_set(err, ERR_USAGE, "there is no target \"%s\"; did you mean \"%s\"?", target, near);
	return err_set(err, ERR_USAGE, "there is no message for \"%s%s%s\": portflow notify list", target,
		*which->recipient ? ":" : "", which->recipient);
}

/* Is something left of what was asked for: of all, those that are not given up? */
static int left_over(struct app *app, struct store *s, const struct outbox_choice *which, bool *ret, struct err *err)
{
	struct outbox_rows rows;
	size_t waiting, parked;

	if (store_outbox_count(s, &waiting, &parked, err) || store_outbox_list(s, &app->arena, &rows, err))
		return -1;
	if (!app->quiet)
		fprintf(app->out, "%zu waiting, %zu given up\n", waiting, parked);
	*ret = false;
	for (size_t i = 0; i < rows.n; i++)
		*ret |= chosen(which, &rows.at[i]);
	return 0;
}

static int run_flush(struct app *app, const struct args *args, struct err *err)
{
	cleanup_store struct store *s = NULL;
	const struct config *c;
	struct outbox_choice which;
	size_t n, in_vain;
	bool left;

	if (choose(app, args, &which, err) || !(c = open_outbox(app, STORE_WRITE, &s, err)) ||
		store_outbox_hurry(s, &which, &n, err))
		return -1;
	if (!n && (which.id || (which.target && !config_target(c, which.target, strlen(which.target)))))
		return no_such(c, &which, err);
	in_vain = deliver(app, s, c);
	if (left_over(app, s, &which, &left, err))
		return -1;
	if (in_vain && (left || !args->n_words))
		return 1;
	return left
		? err_set(err, ERR_BUSY,
			  "some were not tried: another run has them, time was up, or nobody can send them (portflow notify list)")
		: 0;
}

const struct command cmd_notify_flush = {
	.name = "notify flush",
	.args = "[ID | TARGET[:RECIPIENT]]",
	.summary = "try now what waits for delivery",
	.text = "With an ID that message, with a TARGET all of its messages, also those that were given up. Exit 1 when one that was tried was not "
		"accepted, 75 when some wait that were not tried: another run has them, time was up, or portflow-net is missing.",
	.words_max = 1,
	.run = run_flush,
};

static int run_drop(struct app *app, const struct args *args, struct err *err)
{
	cleanup_store struct store *s = NULL;
	const struct config *c;
	struct outbox_choice which;
	size_t n;

	if (choose(app, args, &which, err) || !(c = open_outbox(app, STORE_WRITE, &s, err)) ||
		store_outbox_drop(s, &which, &n, err))
		return -1;
	return n ? 0 : no_such(c, &which, err);
}

const struct command cmd_notify_drop = {
	.name = "notify drop",
	.args = "ID | TARGET[:RECIPIENT]",
	.summary = "give up a message for good",
	.text = "It is deleted; its events stay in `portflow events`. With a TARGET all of its messages that were given up, and no other.",
	.words_min = 1,
	.words_max = 1,
	.run = run_drop,
};
