/* The services' user: see access.h.
 * Their sandbox (units/) hides folders too, which no look at the file system shows to who is outside of it.
 * run/ and cmd/notify.c call. */
#include "run/access.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* The first folder on the way that the user may not enter; NULL: none. */
static const char *closed_folder(struct arena *a, const struct passwd *user, const char *path)
{
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		const char *folder = arena_strndup(a, path, (size_t)(slash - path));

		if (try_open(user, arena_printf(a, "%s/.", folder), O_PATH))
			return folder;
	}
	return NULL;
}

/* ProtectHome= and PrivateTmp= of the units, unless somebody changed these. */
static bool hidden(const char *path)
{
	static const char *const folders[] = { "/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/" };
	static const char *const drop_ins[] = { "/etc/systemd/system/portflow-.service.d",
		"/etc/systemd/system/portflow-sample.service.d" };

	for (size_t i = 0; i < sizeof drop_ins / sizeof *drop_ins; i++)
		if (access(drop_ins[i], F_OK) == 0)
			return false;
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if (strncmp(path, folders[i], strlen(folders[i])) == 0)
			return true;
	return false;
}

const char *access_denied(struct arena *a, const struct access_need *need, const char **ret_cure)
{
	const struct passwd *user = geteuid() == 0 ? getpwnam(SERVICE_USER) : NULL;
	char path[PATH_MAX];
	const char *folder;
	int rc;

	if (!user || !realpath(need->path, path))
		return NULL;
	*ret_cure = "keep it where they may go: in /etc/portflow.d, a database in /var/lib/portflow";
	if (hidden(path))
		return arena_printf(
			a, "%s is hidden from the services, whose units have ProtectHome= and PrivateTmp=", need->path);
	rc = try_open(user, path, need->flags);
	if (!rc)
		return NULL;
	folder = closed_folder(a, user, path);
	if (folder)
		return arena_printf(a, "user %s cannot enter %s, where %s lies", SERVICE_USER, folder, need->path);
	*ret_cure = arena_printf(a, "chown %s %s; chmod %s %s", need->owner, need->path, need->mode, need->path);
	return arena_printf(a, "user %s cannot %s %s: %s", SERVICE_USER,
		(need->flags & O_ACCMODE) == O_RDWR ? "write" : "read", need->path, strerror(rc));
}

bool access_target(const struct target *t, size_t i, struct access_need *ret)
{
	struct target copy = *t;
	const struct secret *s;
	const char *key;
	size_t n = 0;

	while ((s = target_secret(&copy, n, &key)) && n < i)
		n++;
	if (s)
		*ret = (struct access_need){ s->from == SECRET_FILE ? s->text : NULL, O_RDONLY, "0640",
			"root:" SERVICE_USER };
	else if (i == n)
		*ret = (struct access_need){ t->ca_file, O_RDONLY, "0644", "root:root" };
	else
		*ret = (struct access_need){ t->command.n ? t->command.at[0] : NULL, O_PATH, "0755", "root:root" };
	return i <= n + 1;
}

const char *access_target_denied(struct arena *a, const struct target *t)
{
	struct access_need need;
	const char *why = NULL, *cure;

	for (size_t i = 0; !why && access_target(t, i, &need); i++)
		if (need.path)
			why = access_denied(a, &need, &cure);
	return why ? arena_printf(a, "%s; %s", why, cure) : NULL;
}
