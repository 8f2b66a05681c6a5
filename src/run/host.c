/* See host.h. /proc/sys/net is that of the caller's network namespace.
 * Nothing here is worth an error: what cannot be read is unknown.
 * run/ and cmd/ call. */
#include "run/host.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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

bool host_sysctl(struct arena *a, const char *name, uint64_t *ret_value)
{
	const char *text = host_text(a, arena_printf(a, "/proc/sys/%s", name));
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	*ret_value = strtoumax(text, &end, 10);
	return *end == '\0';
}
