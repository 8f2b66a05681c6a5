/* The database: is it there, whole, and ours, and what does it say of the last run.
 * A missing one is no failure: the first `apply` makes it.
 * doctor.c calls. */
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "config/config.h"
#include "model/open_ports.h"
#include "run/doctor.h"
#include "run/ssh_ports.h"
#include "run/trial_look.h"
#include "store/keep.h"
#include "store/store.h"

#define ROOM_BYTES ((uint64_t)64 << 20) /* a year of a hundred entries is 10 MB */

static const char *folder_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return !slash ? "." : slash == path ? "/" : arena_strndup(a, path, (size_t)(slash - path));
}

static void room(struct doctor *d, const char *path)
{
	struct statvfs v;
	uint64_t bytes;

	if (statvfs(folder_of(d->arena, path), &v) != 0)
		return;
	bytes = (uint64_t)v.f_bavail * v.f_frsize;
	if (bytes < ROOM_BYTES)
		doctor_say(d, FINDING_WARN, "room", arena_printf(d->arena, "df -h %s", folder_of(d->arena, path)),
			"%s has %llu MB left; on a full disk figures wait in the kernel", folder_of(d->arena, path),
			(unsigned long long)bytes / 1000000);
}

static const struct keep_open *applied_open(struct doctor *d, struct store *s)
{
	struct err err = { 0 };
	struct diags unheard = { .arena = d->arena };
	struct config_sources sources = { 0 };
	const struct config *c;
	const char *text;

	if (store_meta_get(s, d->arena, "applied.text", &text, &err) < 0 || !text)
		return NULL;
	*vec_push(d->arena, &sources.files) = (struct config_source){ "the applied configuration", text, strlen(text) };
	c = config_parse(d->arena, &sources, &unheard);
	return c ? &c->settings.keep_open : NULL;
}

static void remember(struct doctor *d, struct store *s)
{
	struct err err = { 0 };
	struct ledger *l = arena_new(d->arena, struct ledger);
	const char *down = NULL;

	if (store_load(s, d->arena, l, &err) < 0)
		return; /* the check has said so */
	d->remembered = l->devices ? l->devices : "";
	d->sampled = l->sampled;
	if (store_meta_get(s, d->arena, SSH_PORTS_FACT, &d->open, &err) < 0)
		d->open = NULL;
	d->applied_open = applied_open(d, s);
	d->down = store_meta_get(s, d->arena, "down", &down, &err) == 0 && down;
}

/* A configuration that holds for a while, or that no run takes up, is what people wonder about. */
static void trial(struct doctor *d, struct store *s)
{
	struct trial_look look;

	trial_look(d->app, s, d->config.settings.timezone, d->files, &look);
	d->sound &= !look.applied_holds;
	if (look.says)
		doctor_say(d, FINDING_WARN, "trial",
			look.trial.state == TRIAL_PENDING ? "portflow confirm" : "portflow apply --confirm", "%s",
			look.says);
}

static void examine(struct doctor *d, struct store *s, const char *path)
{
	struct err err = { 0 };
	struct name_list faults = { 0 };

	if (store_check(s, d->arena, &faults, &err) < 0)
		doctor_say(d, FINDING_FAIL, "database", NULL, "%s", err.text);
	else if (faults.n > 0)
		doctor_say(d, FINDING_FAIL, "database", "portflow db restore BACKUP", "%s is damaged: %s%s", path,
			faults.at[0],
			faults.n > 1 ? arena_printf(d->arena, ", and %zu more (portflow db check)", faults.n - 1) : "");
	else
		doctor_say(d, FINDING_OK, "database", NULL, "%s is whole", path);
}

void doctor_database(struct doctor *d)
{
	cleanup_store struct store *s = NULL;
	const char *path = d->config.settings.database;
	struct err err = { 0 };
	struct stat st;

	if (!path)
		return;
	if (stat(path, &st) != 0) {
		doctor_say(d, FINDING_WARN, "database", "portflow apply", "%s is not there yet", path);
		return;
	}
	if (store_open(path, STORE_READ, &s, &err) < 0) {
		doctor_say(d, err.kind == ERR_PERM ? FINDING_WARN : FINDING_FAIL, "database",
			err.kind == ERR_PERM ? "sudo portflow doctor" : "portflow db restore BACKUP", "%s", err.text);
		return;
	}
	examine(d, s, path);
	remember(d, s);
	trial(d, s);
	room(d, path);
}

void doctor_open_ports(struct doctor *d)
{
	struct open_reasons open;
	const char *text;

	open_ports_explain(d->arena, &d->config.settings.keep_open, d->open, &open);
	text = open_reasons_text(d->arena, &open, NULL);
	if (*text)
		doctor_say(d, FINDING_OK, "open-ports", NULL, "keep_open: no limit or block touches %s", text);
	else
		doctor_say(d, FINDING_WARN, "open-ports", "keep_open = auto in [portflow], then: portflow apply",
			"no port is kept open: a block or limit may hold SSH too");
}
