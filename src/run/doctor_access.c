/* What the services' user must reach: asked of the kernel by becoming that user in a child, since modes, groups, access lists and
 * folders on the way all have a say.
 * doctor.c calls. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model/target.h"
#include "run/doctor.h"

/* Opens path as the user; the errno, 0 if it went well. */
static int try_open(const struct passwd *user, const char *path, int flags)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return errno;
	if (pid == 0) {
		if (initgroups(user->pw_name, user->pw_gid) < 0 || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0)
			_exit(EPERM);
		_exit(open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) < 0 ? errno : 0);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

struct need {
	const char *path;
	int flags;        /* of open() */
	const char *mode; /* for the cure */
	const char *owner;
};

static void ask(struct doctor *d, const struct passwd *user, const struct need *n, size_t *denied)
{
	int rc;

	if (access(n->path, F_OK) != 0)
		return;
	rc = try_open(user, n->path, n->flags);
	if (rc == 0)
		return;
	(*denied)++;
	/* a file given by -c is not the one that the services read */
	doctor_say(d, d->app->config_given ? FINDING_WARN : FINDING_FAIL, "access",
		arena_printf(d->arena, "chown %s %s; chmod %s %s", n->owner, n->path, n->mode, n->path),
		"user %s cannot %s %s: %s", user->pw_name, (n->flags & O_ACCMODE) == O_RDWR ? "write" : "read", n->path,
		strerror(rc));
}

static int is_ini(const struct dirent *e)
{
	const char *dot = strrchr(e->d_name, '.');

	return dot && dot != e->d_name && strcmp(dot, ".ini") == 0;
}

static void ask_folder(struct doctor *d, const struct passwd *user, const char *folder, size_t *denied)
{
	struct dirent **names;
	int n;

	ask(d, user, &(struct need){ folder, O_RDONLY | O_DIRECTORY, "0750", "root:" SERVICE_USER }, denied);
	n = scandir(folder, &names, is_ini, alphasort);
	for (int i = 0; i < n; i++) {
		ask(d, user,
			&(struct need){ arena_printf(d->arena, "%s/%s", folder, names[i]->d_name), O_RDONLY, "0640",
				"root:" SERVICE_USER },
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
static void ask_target(struct doctor *d, const struct passwd *user, const struct target *t, size_t *denied)
{
	const struct secret *const secrets[] = { &t->token, &t->url, &t->secret, &t->password };

	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
		if (secrets[i]->from == SECRET_FILE)
			ask(d, user, &(struct need){ secrets[i]->text, O_RDONLY, "0640", "root:" SERVICE_USER },
				denied);
	if (t->ca_file)
		ask(d, user, &(struct need){ t->ca_file, O_RDONLY, "0644", "root:root" }, denied);
}

static void ask_all(struct doctor *d, const struct passwd *user)
{
	const char *both = SERVICE_USER ":" SERVICE_USER, *database = d->config.settings.database;
	size_t denied = 0;

	ask(d, user, &(struct need){ d->app->config_path, O_RDONLY, "0640", "root:" SERVICE_USER }, &denied);
	if (strcmp(name_of(d->app->config_path), "portflow.ini") == 0)
		ask_folder(d, user, arena_printf(d->arena, "%s/portflow.d", folder_of(d->arena, d->app->config_path)),
			&denied);
	if (database) {
		ask(d, user, &(struct need){ folder_of(d->arena, database), O_RDONLY | O_DIRECTORY, "0750", both },
			&denied);
		ask(d, user, &(struct need){ database, O_RDWR, "0640", both }, &denied);
		ask(d, user, &(struct need){ arena_printf(d->arena, "%s-wal", database), O_RDWR, "0640", both },
			&denied);
		ask(d, user, &(struct need){ arena_printf(d->arena, "%s-shm", database), O_RDWR, "0640", both },
			&denied);
	}
	for (size_t i = 0; i < d->config.targets.n; i++)
		ask_target(d, user, &d->config.targets.at[i], &denied);
	if (denied == 0)
		doctor_say(d, FINDING_OK, "access", NULL, "user %s can read the configuration and write the database",
			user->pw_name);
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
		ask_all(d, user);
}
