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

char *files_folder(const char *path)
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

int files_make(const char *path, struct err *err)
{
	char *folder;
	int rc;

	if (access(path, F_OK) == 0)
		return files_check(path, R_OK | W_OK, err);
	folder = files_folder(path);
	rc = make_folder(folder, err) || make_file(folder, path, err) ? -1 : 0;
	free(folder);
	return rc ? -1 : files_check(path, R_OK | W_OK, err);
}
