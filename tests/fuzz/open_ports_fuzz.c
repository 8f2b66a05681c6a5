/* Any bytes as what tells where SSH servers listen and whom names are asked of: lines of /proc/net/tcp, a socket unit, SSH_CONNECTION,
 * resolv.conf, nsswitch.conf, the text that the database keeps.
 * Ports come out ascending and distinct, and what is kept is read back as it was.
 * libFuzzer calls. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/name_server.h"
#include "model/open_ports.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
	if (!right)
		abort();
}

static void check_ports(struct arena *a, const struct tcp_ports *p)
{
	cleanup_str struct str text = STR_CEILING((size_t)1 << 24);
	struct tcp_ports again = { 0 };

	for (size_t i = 0; i < p->n; i++) {
		check(p->at[i] != 0 && (i == 0 || p->at[i - 1] < p->at[i]));
		check(tcp_ports_have(p, p->at[i]));
	}
	tcp_ports_put(p, &text);
	tcp_ports_read(a, text.p ? text.p : "", &again);
	check(again.n == p->n && (p->n == 0 || memcmp(again.at, p->at, p->n * sizeof *p->at) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct arena a = { 0 };
	struct tcp_ports unit = { 0 }, kept = { 0 };
	const struct links links = { 0 };
	struct name_servers servers;
	struct socket_row row = { .port = 53 };
	uint16_t port = 1;
	uint64_t inode;

	/* copies of the exact length, so that one byte too far is seen */
	char *text = malloc(size ? size : 1);
	check(text != NULL);
	if (size)
		memcpy(text, data, size);
	socket_unit(&a, text, size, &unit);
	check_ports(&a, &unit);
	if (socket_line(text, size, &port, &inode) == SOCKET_LISTENS)
		check(port != 0);
	ssh_connection(arena_strndup(&a, text, size));
	name_servers_read(&a, arena_strndup(&a, text, size), arena_strndup(&a, text, size), &links, &servers);
	check(servers.of.n > 0 && servers.of.n < 5);
	for (size_t i = 0; i < servers.of.n; i++)
		name_server_is(&servers.of.at[i], &row);
	tcp_ports_read(&a, arena_strndup(&a, text, size), &kept);
	check_ports(&a, &kept);
	free(text);
	return 0;
}
