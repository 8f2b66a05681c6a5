/* `confirm`: see trial_wait.h.
 * It needs nothing of the files but where the database is: what was edited meanwhile hinders nobody.
 * cmd/ calls. */
#include <string.h>
#include <unistd.h>

#include "model/open_ports.h"
#include "run/files.h"
#include "run/lock.h"
#include "run/ssh_ports.h"
#include "run/trial_look.h"
#include "run/trial_place.h"
#include "run/trial_wait.h"
#include "run/who.h"
#include "store/store.h"

/* As in the messages of the one that waits. */
static const char *zone_of_files(struct app *app)
{
	struct diags unheard = { .arena = &app->arena };
	struct config_sources sources = { 0 };
	struct err unread;
	const struct config *c = files_load(app, &app->arena, &sources, &unread)
		? NULL
		: config_parse(&app->arena, &sources, &unheard);

	return c ? c->settings.timezone : "";
}

/* Who confirms has come through just now: keep_open = auto is to know his port, though no server listened there when it looked. NULL: it
 * does, or is not asked. */
static int with_caller(struct arena *a, struct store *s, const char **ret_text, struct err *err)
{
	const uint16_t port = geteuid() == 0 ? ssh_ports_caller() : 0;
	const char *text = NULL;
	struct tcp_ports known = { 0 };

	*ret_text = NULL;
	if (port && store_meta_get(s, a, SSH_PORTS_FACT, &text, err) < 0)
		return -1;
	if (!text)
		return 0;
	tcp_ports_read(a, text, &known);
	if (!tcp_ports_have(&known, port))
		*ret_text = arena_printf(a, "%s%s%u %s", text, *text ? ", " : "", port, OPEN_BY_SESSION);
	return 0;
}

static int keep(struct app *app, struct store *s, struct trial *t, const char *zone, struct err *err)
{
	struct arena *a = &app->arena;
	struct result_event event = { .kind = TRIAL_EVENT_KEPT };
	struct fact facts[3] = { { TRIAL_FACT, NULL }, { TRIAL_FACT_BEFORE, NULL }, { SSH_PORTS_FACT, NULL } };
	size_t n = 2;

	if (with_caller(a, s, &facts[2].value, err) < 0)
		return -1;
	n += facts[2].value != NULL;
	t->state = TRIAL_CONFIRMED;
	t->ended = app->now;
	trial_name(who(a), t->by);
	facts[0].value = trial_print(a, t);
	event.text = arena_printf(a, "the configuration that %s took up on trial at %s is kept: confirmed by %s",
		*t->who ? t->who : "somebody", trial_clock(a, zone, t->began, app->now), t->by);
	if (store_meta_put(s, facts, n, app->now, &event, err) < 0)
		return -1;
	trial_place_drop(app);
	return 0;
}

int trial_confirm(
	struct app *app, struct trial *ret_trial, const char **ret_zone, enum confirmed *ret_how, struct err *err)
{
	const char *database = files_database(app, &app->arena), *place = trial_place(app, database);
	cleanup_lock struct lock *lock = NULL;
	cleanup_store struct store *s = NULL;

	*ret_trial = (struct trial){ 0 };
	*ret_zone = zone_of_files(app);
	*ret_how = CONFIRMED_NOTHING;
	if (place)
		database = place;
	if (access(database, F_OK) != 0)
		return store_open(database, STORE_WRITE, &s, err);
	if (lock_take(app, database, LOCK_WAIT_MS, &lock, err) < 0 || store_open(database, STORE_WRITE, &s, err) < 0)
		return -1;
	app_clock(app);
	if (trial_load(s, &app->arena, ret_trial, err) < 0)
		return -1;
	if (ret_trial->state == TRIAL_CONFIRMED)
		*ret_how = CONFIRMED_BEFORE;
	else if (ret_trial->state == TRIAL_ROLLED_BACK ||
		(ret_trial->state == TRIAL_PENDING && trial_is_over(app, ret_trial)))
		*ret_how = CONFIRMED_LATE;
	else if (ret_trial->state == TRIAL_PENDING) {
		*ret_how = CONFIRMED;
		return keep(app, s, ret_trial, *ret_zone, err);
	}
	return 0;
}
