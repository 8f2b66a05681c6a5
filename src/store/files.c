/* Making and judging the files: see files.h.
 * Files are made by O_EXCL and never follow a link, since root works here in a folder that belongs to somebody else.
 * store/ alone. */
#include "store/files.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/arena.h"

#define SERVICE_USER "portflow"
#define FOLDER_MODE 0750
#define FILE_MODE 0640

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");

	if (!folder)
		arena_oom();
	return folder;
}

int files_missing(const char *path, struct err *err)
{
	return err_set(err, ERR_FAIL, "%s: there is no database yet: `portflow apply` makes it", path);
}

static int cannot(const char *path, int errnum, struct err *err)
{
	if (errnum == EACCES)
		return err_set(err, ERR_PERM, "%s: not permitted: root and members of group %s may read the database",
			path, SERVICE_USER);
	return err_sys(err, ERR_FAIL, errnum, "%s", path);
}

int files_check(const char *path, int access_mode, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == ENOENT ? files_missing(path, err) : cannot(path, errno, err);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_FAIL, "%s: the database must be a regular file", path);
	if (access(path, access_mode) < 0)
		return access_mode & W_OK && errno == EACCES
			? err_set(err, ERR_PERM, "%s: not permitted to write the database: run as root", path)
			: cannot(path, errno, err);
	return 0;
}

/* Root's folder is the service user's, so that the timer can write there. */
static int make_folder(const char *folder, struct err *err)
{
	const struct passwd *pw;

	if (mkdir(folder, FOLDER_MODE) < 0) {
		if (errno == EEXIST)
			return 0;
		return err_sys(err, ERR_FAIL, errno, "%s: the database's folder cannot be made", folder);
	}
	if (geteuid() != 0 || !(pw = getpwnam(SERVICE_USER)))
		return 0;
	if (lchown(folder, pw->pw_uid, pw->pw_gid) < 0)
		return err_sys(err, ERR_FAIL, errno, "%s: chown", folder);
	return 0;
}

static int make_file(const char *folder, const char *path, struct err *err)
{
	struct stat st;
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);

	if (fd < 0)
		return errno == EEXIST ? 0 : err_sys(err, ERR_FAIL, errno, "%s: the database cannot be made", path);
	if (fchmod(fd, FILE_MODE) < 0 ||
		(geteuid() == 0 && (stat(folder, &st) < 0 || fchown(fd, st.st_uid, st.st_gid) < 0))) {
		err_sys(err, ERR_FAIL, errno, "%s: owner and mode of the new database", path);
		close(fd);
		return -1;
	}
	close(fd);
	return 0;
}

int files_make_folder(const char *path, struct err *err)
{
	char *folder = folder_of(path);
	int rc = make_folder(folder, err);

	free(folder);
	return rc;
}

int files_make(const char *path, struct err *err)
{
	char *folder;
	int rc;

	if (access(path, F_OK) == 0)
		return files_check(path, R_OK | W_OK, err);
	folder = folder_of(path);
	rc = make_folder(folder, err) || make_file(folder, path, err) ? -1 : 0;
	free(folder);
	return rc ? -1 : files_check(path, R_OK | W_OK, err);
}

/* -- copies ---------------------------------------------------------------------------------------------------------- */

bool files_same(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool equal_bytes(int x, int y)
{
	char a[16384], b[sizeof a];
	ssize_t n;

	while ((n = read(x, a, sizeof a)) > 0)
		for (ssize_t done = 0, part; done < n; done += part)
			if ((part = read(y, b, (size_t)(n - done))) <= 0 || memcmp(a + done, b, (size_t)part) != 0)
				return false;
	return n == 0 && read(y, b, 1) == 0;
}

bool files_equal(const char *a, const char *b)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int x = open(a, flags), y = open(b, flags);
	struct stat s, t;
	bool equal = x >= 0 && y >= 0 && fstat(x, &s) == 0 && fstat(y, &t) == 0 && S_ISREG(s.st_mode) &&
		S_ISREG(t.st_mode) && s.st_size == t.st_size && equal_bytes(x, y);

	if (x >= 0)
		close(x);
	if (y >= 0)
		close(y);
	return equal;
}

char *files_temp(struct arena *a, const char *path, struct err *err)
{
	char *temp = arena_printf(
		a, "%s.XXXXXX", path); /* a template of mkstemp(3), which puts six letters in the place of these */
	struct stat st;
	int fd;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		err_set(err, ERR_FAIL, "%s: not a regular file", path);
		return NULL;
	}
	fd = mkstemp(temp);
	if (fd < 0) {
		err_sys(err, ERR_FAIL, errno, "%s: no file can be made there", path);
		return NULL;
	}
	close(fd);
	return temp;
}

static int copy_bytes(int in, int out)
{
	char buf[65536];
	ssize_t n;

	while ((n = read(in, buf, sizeof buf)) > 0)
		for (ssize_t done = 0, part; done < n; done += part)
			if ((part = write(out, buf + done, (size_t)(n - done))) < 0)
				return -1;
	return n < 0 ? -1 : 0;
}

static int copy_file(const char *from, const char *to, struct err *err)
{
	int in = open(from, O_RDONLY | O_NONBLOCK | O_CLOEXEC), out = -1, rc = 0;
	struct stat st;

	if (in < 0)
		return err_sys(err, ERR_FAIL, errno, "%s: it cannot be read", from);
	if (fstat(in, &st) != 0 || !S_ISREG(st.st_mode))
		rc = err_set(err, ERR_FAIL, "%s: not a regular file", from);
	if (rc == 0 && (out = open(to, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0)
		rc = err_sys(err, ERR_FAIL, errno, "%s", to);
	if (rc == 0 && copy_bytes(in, out) != 0)
		rc = err_sys(err, ERR_FAIL, errno, "copying %s to %s", from, to);
	if (out >= 0)
		close(out);
	close(in);
	return rc;
}

int files_copy(const char *from, const char *to, struct arena *a, struct err *err)
{
	const char *wal = arena_printf(a, "%s-wal", from);

	if (copy_file(from, to, err))
		return -1;
	return access(wal, F_OK) == 0 ? copy_file(wal, arena_printf(a, "%s-wal", to), err) : 0;
}

int files_own_like(const char *path, const char *model, struct err *err)
{
	char *folder = folder_of(model);
	struct stat st;
	mode_t mode = FILE_MODE;
	int rc = stat(model, &st);

	if (rc == 0)
		mode = st.st_mode & 0777;
	else
		rc = stat(folder, &st);
	free(folder);
	if (rc != 0 || (geteuid() == 0 && lchown(path, st.st_uid, st.st_gid) != 0) || chmod(path, mode) != 0)
		return err_sys(err, ERR_FAIL, errno, "%s: owner and mode", path);
	return 0;
}

static int sync_path(const char *path, int flags)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
	int rc = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		close(fd);
	return rc;
}

int files_rename(const char *from, const char *to, struct err *err)
{
	char *folder = folder_of(to);
	int rc = sync_path(from, O_NOFOLLOW) != 0 || rename(from, to) != 0 || sync_path(folder, O_DIRECTORY) != 0;

	free(folder);
	return rc ? err_sys(err, ERR_FAIL, errno, "%s", to) : 0;
}
