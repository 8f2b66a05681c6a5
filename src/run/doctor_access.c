/* What the services' user must reach: the configuration, what it names, and the database.
 * access.c asks; here is what it is asked about.
 * doctor.c calls. */
#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "run/access.h"
#include "run/doctor.h"

static void ask(struct doctor *d, const struct access_need *n, size_t *denied)
{
	const char *cure, *why = access_denied(d->arena, n, &cure);

	if (!why)
		return;
	(*denied)++;
	/* a file given by -c is not the one that the services read */
	doctor_say(d, d->app->config_given ? FINDING_WARN : FINDING_FAIL, "access", cure, "%s", why);
}

static int is_ini(const struct dirent *e)
{
	const char *dot = strrchr(e->d_name, '.');

	return dot && dot != e->d_name && strcmp(dot, ".ini") == 0;
}

static void ask_folder(struct doctor *d, const char *folder, size_t *denied)
{
	struct dirent **names;
	int n;

	ask(d, &(struct access_need){ folder, O_RDONLY | O_DIRECTORY, "0750", "root:" SERVICE_USER }, denied);
	n = scandir(folder, &names, is_ini, alphasort);
	for (int i = 0; i < n; i++) {
		ask(d,
			&(struct access_need){ arena_printf(d->arena, "%s/%s", folder, names[i]->d_name), O_RDONLY,
				"0640", "root:" SERVICE_USER },
			denied);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

static const char *folder_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return !slash ? "." : slash == path ? "/" : arena_strndup(a, path, (size_t)(slash - path));
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Messages are sent as this user. */
static void ask_target(struct doctor *d, const struct target *t, size_t *denied)
{
	struct access_need need;

	for (size_t i = 0; access_target(t, i, &need); i++)
		if (need.path)
			ask(d, &need, denied);
}

static void ask_all(struct doctor *d)
{
	const char *both = SERVICE_USER ":" SERVICE_USER, *database = d->config.settings.database;
	size_t denied = 0;

	ask(d, &(struct access_need){ d->app->config_path, O_RDONLY, "0640", "root:" SERVICE_USER }, &denied);
	if (strcmp(name_of(d->app->config_path), "portflow.ini") == 0)
		ask_folder(
			d, arena_printf(d->arena, "%s/portflow.d", folder_of(d->arena, d->app->config_path)), &denied);
	if (database) {
		ask(d, &(struct access_need){ folder_of(d->arena, database), O_RDONLY | O_DIRECTORY, "0750", both },
			&denied);
		ask(d, &(struct access_need){ database, O_RDWR, "0640", both }, &denied);
		ask(d, &(struct access_need){ arena_printf(d->arena, "%s-wal", database), O_RDWR, "0640", both },
			&denied);
		ask(d, &(struct access_need){ arena_printf(d->arena, "%s-shm", database), O_RDWR, "0640", both },
			&denied);
	}
	for (size_t i = 0; i < d->config.targets.n; i++)
		ask_target(d, &d->config.targets.at[i], &denied);
	if (denied == 0)
		doctor_say(d, FINDING_OK, "access", NULL, "user %s can read the configuration and write the database",
			SERVICE_USER);
}

/* Everybody on the machine could read who moves how much, or change what is counted. */
static void open_to_all(struct doctor *d, const char *path, mode_t bits, const char *what)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & bits) != 0)
		doctor_say(d, FINDING_WARN, "access", arena_printf(d->arena, "chmod o-rwx %s", path),
			"everybody on this machine can %s %s", what, path);
}

void doctor_access(struct doctor *d)
{
	const struct passwd *user = getpwnam(SERVICE_USER);

	open_to_all(d, d->app->config_path, S_IWOTH, "change");
	if (d->config.settings.database)
		open_to_all(d, d->config.settings.database, S_IROTH | S_IWOTH, "read");
	if (!user)
		doctor_say(d, FINDING_WARN, "access", "make install, then systemd-sysusers",
			"there is no user " SERVICE_USER
			", which the services run as; the command line works without it");
	else if (!d->root)
		doctor_say(d, FINDING_WARN, "access", "sudo portflow doctor",
			"only root can try what user " SERVICE_USER " can read");
	else
		ask_all(d);
}
