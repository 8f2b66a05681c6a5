/* Facts of this machine and this moment: see facts.h.
 * Small files of /proc, read once a run.
 * run/ and cmd/ call. */
#include "run/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* Up to size - 1 bytes and a NUL, without the newline at the end; -1 with errno. */
static int read_small(const char *path, char *ret_text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	do
		n = read(fd, ret_text, size - 1);
	while (n < 0 && errno == EINTR);
	close(fd);
	if (n < 0)
		return -1;
	while (n > 0 && ret_text[n - 1] == '\n')
		n--;
	ret_text[n] = '\0';
	return 0;
}

int facts_boot_id(char ret_boot_id[UUID_TEXT], struct err *err)
{
	static const char path[] = "/proc/sys/kernel/random/boot_id";
	char text[64];

	if (read_small(path, text, sizeof text) < 0)
		return err_sys(err, ERR_FAIL, errno, "%s", path);
	if (strlen(text) != UUID_TEXT - 1)
		return err_set(err, ERR_FAIL, "%s: not a boot id", path);
	memcpy(ret_boot_id, text, UUID_TEXT);
	return 0;
}

int facts_nonce(char ret_nonce[NONCE_TEXT], struct err *err)
{
	uint64_t v = 0;

	if (getrandom(&v, sizeof v, 0) != (ssize_t)sizeof v)
		return err_sys(err, ERR_FAIL, errno, "getrandom");
	snprintf(ret_nonce, NONCE_TEXT, "%016" PRIx64, v ? v : 1);
	return 0;
}

const char *facts_node(struct arena *a)
{
	char name[256] = "";

	if (gethostname(name, sizeof name - 1) < 0 || !*name)
		return "localhost";
	return arena_strdup(a, name);
}

/* "1,5-9,22" as the kernel prints it. */
static struct port_range *parse_ports(struct arena *a, const char *text, size_t *ret_n)
{
	VEC_OF(struct port_range) ranges = { 0 };
	char *end;

	while (*text >= '0' && *text <= '9') {
		struct port_range *r = vec_push(a, &ranges);

		r->lo = r->hi = (uint16_t)strtoul(text, &end, 10);
		if (*end == '-')
			r->hi = (uint16_t)strtoul(end + 1, &end, 10);
		text = *end == ',' ? end + 1 : end;
	}
	*ret_n = ranges.n;
	return ranges.at;
}

void facts_local_ports(struct arena *a, struct local_ports *ret_ports)
{
	char text[4096], *end;
	unsigned long lo, hi;

	*ret_ports = (struct local_ports){ 0 };
	if (read_small("/proc/sys/net/ipv4/ip_local_port_range", text, sizeof text) < 0)
		return;
	lo = strtoul(text, &end, 10);
	hi = strtoul(end, NULL, 10);
	if (lo == 0 || hi < lo || hi > UINT16_MAX)
		return;
	ret_ports->range = (struct port_range){ (uint16_t)lo, (uint16_t)hi };
	if (read_small("/proc/sys/net/ipv4/ip_local_reserved_ports", text, sizeof text) == 0)
		ret_ports->reserved = parse_ports(a, text, &ret_ports->n_reserved);
}
