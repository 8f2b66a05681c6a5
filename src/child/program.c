/* Which program may be started: see program.h.
 * Whoever may write a folder can put another file in its place, so the folders count as much as the file.
 * child/child.c calls. */
#include "child/program.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child/child.h"

static int check_one(const char *path, bool last, struct err *err)
{
	struct stat st;

	if (stat(path, &st))
		return err_sys(err, ERR_CONFIG, errno, "%s", path);
	if (st.st_uid != 0)
		return err_set(
			err, ERR_CONFIG, "%s does not belong to root, so it is not run: chown root %s", path, path);
	if (st.st_mode & S_IWOTH || (st.st_mode & S_IWGRP && st.st_gid != 0))
		return err_set(
			err, ERR_CONFIG, "others than root may write %s, so it is not run: chmod go-w %s", path, path);
	if (last && !S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG, "%s is no program", path);
	if (last && !(st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)))
		return err_set(err, ERR_CONFIG, "%s is not executable: chmod +x %s", path, path);
	return 0;
}

int program_check(struct arena *a, const char *path, const char **ret, struct err *err)
{
	char resolved[PATH_MAX], part[PATH_MAX];

	if (*path != '/')
		return err_set(err, ERR_CONFIG, "%s: a program is named by its whole path, from / on", path);
	if (!realpath(path, resolved))
		return err_sys(err, ERR_CONFIG, errno, "%s", path);
	for (const char *p = resolved; (p = strchr(p, '/')); p++) {
		size_t n = p == resolved ? 1 : (size_t)(p - resolved);

		memcpy(part, resolved, n);
		part[n] = '\0';
		if (check_one(part, false, err))
			return -1;
	}
	if (check_one(resolved, true, err))
		return -1;
	*ret = arena_strdup(a, resolved);
	return 0;
}

const char *child_helper(struct arena *a)
{
	char self[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	const char *beside, *installed;

	if (n <= 0)
		return NULL;
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	beside = arena_printf(a, "%s/portflow-net", self);
	installed = arena_printf(a, "%s/../libexec/portflow/portflow-net", self);
	return access(beside, F_OK) == 0 ? beside : access(installed, F_OK) == 0 ? installed : NULL;
}
