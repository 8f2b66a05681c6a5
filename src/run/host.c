/* See host.h. /proc/sys/net is that of the caller's network namespace.
 * Nothing here is worth an error: what cannot be read is unknown.
 * run/ and cmd/ call. */
#include "run/host.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX ((size_t)64 << 10)

const char *host_text(struct arena *a, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	size_t len = 0;
	char *text;

	if (fd < 0)
		return NULL;
	text = arena_alloc(a, TEXT_MAX + 1);
	while (len < TEXT_MAX) {
		ssize_t n = read(fd, text + len, TEXT_MAX - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			close(fd);
			return NULL;
		}
		if (n == 0)
			break;
		len += (size_t)n;
	}
	close(fd);
	while (len > 0 && strchr(" \t\n", text[len - 1]))
		len--;
	text[len] = '\0';
	return text;
}

void host_lines(const char *path, void (*each)(void *arg, const char *line, size_t len), void *arg)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while (f && (len = getline(&line, &room, f)) >= 0)
		each(arg, line, (size_t)len);
	free(line);
	if (f)
		fclose(f);
}

bool host_sysctl(struct arena *a, const char *name, uint64_t *ret_value)
{
	const char *text = host_text(a, arena_printf(a, "/proc/sys/%s", name));
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	*ret_value = strtoumax(text, &end, 10);
	return *end == '\0';
}

void host_processes(void (*each)(void *arg, const char *pid), void *arg)
{
	DIR *d = opendir("/proc");

	for (struct dirent *e; d && (e = readdir(d));)
		if (isdigit((unsigned char)e->d_name[0]))
			each(arg, e->d_name);
	if (d)
		closedir(d);
}

static bool socket_inode(const char *link, uint64_t *ret)
{
	char *end;

	if (strncmp(link, "socket:[", 8) != 0)
		return false;
	*ret = strtoull(link + 8, &end, 10);
	return *end == ']';
}

void host_sockets(const char *pid, void (*each)(void *arg, unsigned long fd, uint64_t inode), void *arg)
{
	char path[NAME_MAX + 16];
	DIR *d;

	snprintf(path, sizeof path, "/proc/%s/fd", pid);
	d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));) {
		char link[64];
		ssize_t n = readlinkat(dirfd(d), e->d_name, link, sizeof link - 1);
		uint64_t inode;

		if (n <= 0)
			continue;
		link[n] = '\0';
		if (socket_inode(link, &inode))
			each(arg, strtoul(e->d_name, NULL, 10), inode);
	}
	if (d)
		closedir(d);
}

bool host_user(const char *pid, uint32_t *ret_uid)
{
	char path[NAME_MAX + 16], line[256], *real_end, *end;
	bool known = false;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%s/status", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, "Uid:", 4) == 0) { /* real, effective */
			strtoul(line + 4, &real_end, 10);
			*ret_uid = (uint32_t)strtoul(real_end, &end, 10);
			known = end > real_end;
			break;
		}
	if (f)
		fclose(f);
	return known;
}
