/* One writer at a time: see lock.h.
 * flock, since it belongs to the open file and so to the process alone; the files stay, empty.
 * run/ and cmd/ call. */
#include "run/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define POLL_MS 20
#define LOCK_MODE 0600

struct lock {
	int database, netns;
};

/* A lock in a folder that belongs to the service user must belong to it too, or the service could not open it after root.
 * Nobody else opens it: whoever can read a file can lock it, and who may look could stop all counting. */
static void own_alone(int fd, const char *folder)
{
	struct stat dir, own;

	if (fstat(fd, &own) < 0)
		return;
	if ((own.st_mode & 0777) != LOCK_MODE && fchmod(fd, LOCK_MODE) < 0)
		return; /* of another owner: then it is his to say who may */
	if (geteuid() != 0 || stat(folder, &dir) < 0 || own.st_uid == dir.st_uid)
		return;
	if (fchown(fd, dir.st_uid, dir.st_gid) < 0)
		return; /* then the service says so when it fails to open it */
}

/* The sandbox of our units leaves only their own folders writable: a database elsewhere is the usual reason for EROFS. */
static int cannot_make(const char *doing, const char *path, const char *folder, int errnum, struct err *err)
{
	if (errnum != EROFS)
		return err_sys(err, ERR_FAIL, errnum, "%s %s", doing, path);
	return err_set(err, ERR_FAIL,
		"%s %s: the file system is read-only here. When a unit of portflow says so, it needs a drop-in,"
		" /etc/systemd/system/portflow-.service.d/database.conf, with [Service] ReadWritePaths=%s",
		doing, path, folder);
}

static int open_lock(struct app *app, const char *path, int *ret_fd, struct err *err)
{
	char *folder = arena_strdup(&app->arena, path), *slash = strrchr(folder, '/');
	int fd;

	if (slash && slash != folder)
		*slash = '\0';
	else
		folder = arena_strdup(&app->arena, slash ? "/" : ".");
	if (mkdir(folder, 0750) < 0 && errno != EEXIST)
		return cannot_make("making the folder", folder, folder, errno, err);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, LOCK_MODE);
	if (fd < 0)
		return cannot_make("opening the lock", path, folder, errno, err);
	own_alone(fd, folder);
	*ret_fd = fd;
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static int wait_lock(int fd, int64_t until, const char *what, struct err *err)
{
	static const struct timespec pause = { 0, POLL_MS * 1000000L };

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(err, ERR_FAIL, errno, "locking %s", what);
		if (now_ms() >= until)
			return err_set(err, ERR_BUSY, "another portflow is working on %s: try again in a moment", what);
		nanosleep(&pause, NULL);
	}
	return 0;
}

int lock_take(struct app *app, const char *database, int timeout_ms, struct lock **ret_lock, struct err *err)
{
	struct lock *l = malloc(sizeof *l);
	int64_t until = now_ms() + timeout_ms;
	struct stat st;

	if (!l)
		arena_oom();
	*l = (struct lock){ -1, -1 };
	if (stat("/proc/self/ns/net", &st) < 0) {
		err_sys(err, ERR_FAIL, errno, "/proc/self/ns/net");
	} else if (open_lock(app, arena_printf(&app->arena, "%s.lock", database), &l->database, err) == 0 &&
		open_lock(app,
			arena_printf(&app->arena, LOCK_DIR "/net-%lx-%lx.lock", (unsigned long)st.st_dev,
				(unsigned long)st.st_ino),
			&l->netns, err) == 0 &&
		wait_lock(l->database, until, "this database", err) == 0 &&
		wait_lock(l->netns, until, "this machine's counters", err) == 0) {
		*ret_lock = l;
		return 0;
	}
	lock_release(l);
	return -1;
}

void lock_release(struct lock *lock)
{
	if (!lock)
		return;
	if (lock->netns >= 0)
		close(lock->netns);
	if (lock->database >= 0)
		close(lock->database);
	free(lock);
}

void lock_cleanup(struct lock **lock)
{
	lock_release(*lock);
}
