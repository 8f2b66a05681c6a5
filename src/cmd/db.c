/* `portflow db ...`: the database as a thing to keep: check, backup, restore, vacuum, rename, forget.
 * All take the database that the configuration names; those that change it hold the run's lock.
 * list.def. */
#include <string.h>
#include <unistd.h>

#include "cmd/command.h"
#include "model/target.h"
#include "run/files.h"
#include "run/lock.h"
#include "run/trial_look.h"
#include "store/keep.h"
#include "store/outbox.h"
#include "util/units.h"

static int configured(struct app *app, const struct config **ret, struct err *err)
{
	struct config *config;

	if (run_config(app, &config, NULL, err))
		return -1;
	*ret = config;
	return 0;
}

static int open_to_read(struct app *app, struct store **ret, const char **ret_path, struct err *err)
{
	const struct config *config;

	if (configured(app, &config, err) || store_open(config->settings.database, STORE_READ, ret, err))
		return -1;
	*ret_path = config->settings.database;
	return 0;
}

/* One that is there: to change what does not exist is a mistake of the path. */
static int open_to_change(
	struct app *app, const struct config *config, struct lock **ret_lock, struct store **ret, struct err *err)
{
	const char *path = config->settings.database;

	if (access(path, F_OK) == 0 && lock_take(app, path, LOCK_WAIT_MS, ret_lock, err))
		return -1;
	if (store_open(path, STORE_WRITE, ret, err))
		return -1;
	if (store_migrated(*ret))
		app_note(app, "%s", store_migrated(*ret));
	return 0;
}

/* -- check, backup ---------------------------------------------------------------------------------------------------- */

static int run_check(struct app *app, const struct args *args, struct err *err)
{
	cleanup_store struct store *s = NULL;
	struct name_list faults;
	const char *path;

	(void)args;
	if (open_to_read(app, &s, &path, err) || store_check(s, &app->arena, &faults, err))
		return -1;
	for (size_t i = 0; i < faults.n; i++)
		fprintf(app->out, "%s: %s\n", path, faults.at[i]);
	if (faults.n)
		return err_set(err, ERR_FAIL,
			"%s: the database is damaged: `portflow db restore BACKUP` puts a backup in its place and keeps this file aside",
			path);
	fprintf(app->out, "%s: whole\n", path);
	return 0;
}

const struct command cmd_db_check = {
	.name = "db check",
	.summary = "is the database whole?",
	.text = "Reads all of the database: what SQLite itself checks, the tables, and every figure in them. It changes nothing and may run "
		"at any time; exit code 1 and a line for each fault when it is not whole.",
	.run = run_check,
};

static int run_backup(struct app *app, const struct args *args, struct err *err)
{
	cleanup_store struct store *s = NULL;
	const char *path, *dest = args->words[0];
	const bool pipe = strcmp(dest, "-") == 0;

	if (pipe && isatty(fileno(app->out)))
		return err_set(
			err, ERR_USAGE, "db backup -: the terminal is no place for a database: redirect it to a file");
	if (open_to_read(app, &s, &path, err))
		return -1;
	if (pipe)
		return store_backup_to(s, app->out, err);
	if (store_backup(s, dest, err))
		return -1;
	app_note(app, "%s: a copy of %s", dest, path);
	return 0;
}

const struct command cmd_db_backup = {
	.name = "db backup",
	.args = "FILE|-",
	.summary = "copy the database to FILE, or to standard output",
	.text = "The copy is of one moment and whole, whatever runs meanwhile, and one file that holds everything; copying portflow.db "
		"itself would leave out what is still in portflow.db-wal. FILE is replaced only by a complete copy, and only its owner may "
		"read it. The configuration that was last applied is in it, without secrets.",
	.words_min = 1,
	.words_max = 1,
	.run = run_backup,
};

/* -- restore, vacuum -------------------------------------------------------------------------------------------------- */

/* Only this database knows what to roll back to. One that cannot be read knows nothing, and is what people restore over. */
static int nothing_on_trial(struct app *app, const struct config *config, struct err *err)
{
	cleanup_store struct store *s = NULL;
	struct trial t = { 0 };
	struct err unheard;

	if (store_open(config->settings.database, STORE_READ, &s, &unheard) ||
		trial_load(s, &app->arena, &t, &unheard) || t.state != TRIAL_PENDING)
		return 0;
	if (trial_is_over(app, &t))
		return err_set(err, ERR_BUSY,
			"a configuration was on trial until %s and is not rolled back yet: do it first, with: portflow sample",
			trial_clock(&app->arena, config->settings.timezone, t.until, app->now));
	return err_set(err, ERR_BUSY,
		"a configuration is on trial until %s, and this database knows what to roll back to: keep it first, with: portflow"
		" confirm; or wait",
		trial_clock(&app->arena, config->settings.timezone, t.until, app->now));
}

/* aside: the database that was there, which knows what was sent; NULL: there was none. */
static bool may_repeat_statements(const struct config *config, const char *aside)
{
	cleanup_store struct store *s = NULL;
	struct err unheard;

	for (size_t i = 0; i < config->targets.n; i++)
		if (config->targets.at[i].statement != STATEMENT_NONE)
			return !aside || store_open(aside, STORE_READ, &s, &unheard) != 0;
	return false;
}

/* What waited in it was told long ago, or is no news any more. */
static void tell_given_up(struct app *app, const char *path)
{
	cleanup_store struct store *s = NULL;
	struct err unheard;
	size_t waiting, parked;

	if (store_open(path, STORE_READ, &s, &unheard) == 0 &&
		store_outbox_count(s, &waiting, &parked, &unheard) == 0 && parked)
		app_note(app, "%zu message%s that waited in it %s given up: portflow notify list", parked,
			parked == 1 ? "" : "s", parked == 1 ? "is" : "are");
}

static int run_restore(struct app *app, const struct args *args, struct err *err)
{
	cleanup_lock struct lock *lock = NULL;
	const struct config *config;
	const char *aside, *path;

	if (configured(app, &config, err))
		return -1;
	path = config->settings.database;
	if (lock_take(app, path, LOCK_WAIT_MS, &lock, err) || nothing_on_trial(app, config, err) ||
		store_restore(path, args->words[0], app->now, &app->arena, &aside, err))
		return -1;
	if (aside)
		app_note(app, "%s: restored from %s; what was there is %s", path, args->words[0], aside);
	else
		app_note(app, "%s: restored from %s", path, args->words[0]);
	if (may_repeat_statements(config, aside))
		app_note(app,
			"no database tells which statements were sent since the backup was made: those come again, under the ids that they had");
	tell_given_up(app, path);
	app_note(app, "next: portflow plan, then portflow apply");
	return 0;
}

const struct command cmd_db_restore = {
	.name = "db restore",
	.args = "FILE",
	.summary = "put a backup in the place of the database",
	.text = "FILE is copied and checked first; a damaged one, one of a newer portflow, or another program's changes nothing. The "
		"database that was there is kept beside the new one, as portflow.db.before-DATE-TIME. The configuration that the backup "
		"holds is for `portflow config show --applied` only: the INI goes on to be what counts. Messages that waited in it are given up, "
		"and can be sent by hand (notify flush ID or TARGET). Statements that the database that was "
		"there has sent are not sent again. Where there was none, or none that can be read, those that were sent since the backup was "
		"made come again, with its figures, under the Message-ID or key that they had.",
	.words_min = 1,
	.words_max = 1,
	.run = run_restore,
};

static int run_vacuum(struct app *app, const struct args *args, struct err *err)
{
	cleanup_lock struct lock *lock = NULL;
	cleanup_store struct store *s = NULL;
	char from[UNITS_TEXT], to[UNITS_TEXT];
	const struct config *config;
	uint64_t before, after;

	(void)args;
	if (configured(app, &config, err) || open_to_change(app, config, &lock, &s, err) ||
		store_vacuum(s, &before, &after, err))
		return -1;
	app_note(app, "%s: %s before, %s now", config->settings.database, units_size(UNITS_SI, before, from),
		units_size(UNITS_SI, after, to));
	return 0;
}

const struct command cmd_db_vacuum = {
	.name = "db vacuum",
	.summary = "give unused room in the database back to the disk",
	.text = "What retention lets go stays in the file as room for what comes; after keep_hours or keep_days was made shorter, this "
		"makes the file smaller. It needs as much free room on the disk as the database has.",
	.run = run_vacuum,
};

/* -- rename, forget --------------------------------------------------------------------------------------------------- */

static bool in_configuration(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->entries.n; i++)
		if (strcmp(config->entries.at[i].name, name) == 0)
			return true;
	for (size_t i = 0; i < config->quotas.n; i++)
		if (strcmp(config->quotas.at[i].name, name) == 0)
			return true;
	return false;
}

static int check_name(const char *name, struct err *err)
{
	static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	const size_t n = strlen(name);

	if (n && n <= ENTRY_NAME_MAX && strspn(name, good) == n && name[0] != '_' && name[0] != '-')
		return 0;
	return err_set(err, ERR_USAGE,
		"\"%s\": a NAME has 1 to %d of A-Z a-z 0-9 _ - and begins with a letter or digit", name,
		ENTRY_NAME_MAX);
}

static int run_rename(struct app *app, const struct args *args, struct err *err)
{
	const char *from = args->words[0], *to = args->words[1];
	cleanup_lock struct lock *lock = NULL;
	cleanup_store struct store *s = NULL;
	const struct config *config;

	if (check_name(to, err) || configured(app, &config, err))
		return -1;
	if (in_configuration(config, from))
		return err_set(err, ERR_FAIL,
			"%s: the configuration still has this name and would begin a new history for it: rename the section in %s first,"
			" then this, then `portflow apply`",
			from, app->config_path);
	if (open_to_change(app, config, &lock, &s, err) || nothing_on_trial(app, config, err) ||
		store_rename(s, from, to, err))
		return -1;
	app_note(app, "the history of %s is that of %s now; next: portflow apply", from, to);
	return 0;
}

const struct command cmd_db_rename = {
	.name = "db rename",
	.args = "OLD NEW",
	.summary = "move the history of an entry to another name",
	.text = "The name is what history belongs to, so an entry whose section was renamed begins a new one. Rename the section in the "
		"INI, then `portflow db rename OLD NEW`, then `portflow apply`: no byte is lost, and what NEW counted meanwhile is added.",
	.words_min = 2,
	.words_max = 2,
	.run = run_rename,
};

static int run_forget(struct app *app, const struct args *args, struct err *err)
{
	cleanup_lock struct lock *lock = NULL;
	cleanup_store struct store *s = NULL;
	const struct config *config;

	if (configured(app, &config, err) || open_to_change(app, config, &lock, &s, err) ||
		nothing_on_trial(app, config, err) || store_forget(s, args->words[0], err))
		return -1;
	app_note(app, "%s: forgotten", args->words[0]);
	return 0;
}

const struct command cmd_db_forget = {
	.name = "db forget",
	.args = "NAME",
	.summary = "delete the history of an entry for good",
	.text = "For an entry that is no longer in the configuration: its figures, cycles and events are deleted and overwritten. Backups "
		"made before still hold them.",
	.words_min = 1,
	.words_max = 1,
	.run = run_forget,
};
