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

static bool port(const char **p, uint16_t *ret_port)
{
	char *end;
	unsigned long v;

	if (**p < '0' || **p > '9')
		return false;
	v = strtoul(*p, &end, 10);
	*p = end;
	*ret_port = (uint16_t)v;
	return v <= 65535;
}

struct local_ports host_local_ports(struct arena *a)
{
	struct local_ports ports = { 0 };
	struct {
		VEC_OF(struct port_range) list;
	} reserved = { 0 };
	const char *p = host_text(a, "/proc/sys/net/ipv4/ip_local_port_range");

	if (!p || !port(&p, &ports.range.lo))
		return (struct local_ports){ 0 };
	p += strspn(p, " \t");
	if (!port(&p, &ports.range.hi))
		return (struct local_ports){ 0 };
	/* "80,1000-2000": the kernel prints it ascending and joined */
	p = host_text(a, "/proc/sys/net/ipv4/ip_local_reserved_ports");
	while (p && *p) {
		struct port_range r;

		if (!port(&p, &r.lo))
			break;
		r.hi = r.lo;
		if (*p == '-' && (p++, !port(&p, &r.hi)))
			break;
		*vec_push(a, &reserved.list) = r;
		if (*p == ',')
			p++;
	}
	ports.reserved = reserved.list.at;
	ports.n_reserved = reserved.list.n;
	return ports;
}
