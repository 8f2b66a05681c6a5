/* Walls where there is no Landlock (before Linux 5.13, or left out of lsm=): a file system of mounts of the permitted files alone,
 * in a mount namespace of its own. Root makes that at once, another user in a user namespace, where the kernel lets him.
 * child/confine.c calls. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child/places.h"

/* Where the new root is put together: a folder that every machine has, and nothing of which is wanted. */
#define ROOM "/sys"

static bool write_line(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && dprintf(fd, "%s", line) > 0;

	if (fd >= 0)
		close(fd);
	return written;
}

static bool enter(void)
{
	const uid_t uid = geteuid();
	const gid_t gid = getegid();
	char line[64];

	if (uid == 0)
		return unshare(CLONE_NEWNS) == 0;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return false;
	snprintf(line, sizeof line, "%u %u 1\n", uid, uid);
	if (!write_line("/proc/self/setgroups", "deny") || !write_line("/proc/self/uid_map", line))
		return false;
	snprintf(line, sizeof line, "%u %u 1\n", gid, gid);
	return write_line("/proc/self/gid_map", line);
}

/* Shows path at its place. What is not there, or lies under ROOM, is left out. */
static bool show(const char *path)
{
	char at[PATH_MAX];
	struct stat st;
	int fd;

	if (*path != '/' || stat(path, &st) || snprintf(at, sizeof at, ROOM "%s", path) >= (int)sizeof at)
		return true;
	for (char *p = at + sizeof ROOM; *p; p++)
		if (*p == '/') {
			*p = '\0';
			mkdir(at, 0755);
			*p = '/';
		}
	if (S_ISDIR(st.st_mode)) {
		mkdir(at, 0755);
	} else if (access(at, F_OK)) {
		fd = open(at, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
		if (fd >= 0)
			close(fd);
	}
	return mount(path, at, NULL, MS_BIND | MS_REC, NULL) == 0;
}

static bool show_all(const struct confine *what)
{
	const char *path;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("portflow-net", ROOM, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755,size=1m"))
		return false;
	for (size_t i = 0; (path = places_at(what, i)); i++)
		if (!show(path))
			return false;
	path = places_loader();
	return !path || show(path);
}

bool walls_raise(const struct confine *what)
{
	const mode_t mask = umask(022);
	bool up = enter() && show_all(what);

	umask(mask);
	/* the new root takes the place of the old, which lies above it for a moment */
	return up &&
		mount(NULL, ROOM, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) ==
		0 &&
		chdir(ROOM) == 0 && syscall(SYS_pivot_root, ".", ".") == 0 && umount2(".", MNT_DETACH) == 0 &&
		chdir("/") == 0;
}
