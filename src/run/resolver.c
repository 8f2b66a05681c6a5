/* Who resolves names: see resolver.h.
 * A socket belongs to who opened it; what it is used by is looked up only where that is root.
 * run/ calls. */
#include "run/resolver.h"

#include <string.h>
#include <unistd.h>

#include "model/name_server.h"
#include "run/host.h"

struct search {
	struct name_servers servers;
	struct resolver *found;
	bool has; /* the process in work has its socket */
};

/* Of a daemon: what adduser and systemd's DynamicUser= give. Where port 53 is anybody's (net.ipv4.ip_unprivileged_port_start, as in
 * containers), a person who listens there must not become the one whose questions pass every block. */
static bool is_daemon(uint64_t uid)
{
	return uid < 1000 || (uid >= 61184 && uid <= 65519);
}

static void look_at_line(void *arg, const char *line, size_t len)
{
	struct search *s = arg;
	struct socket_row r;

	if (!socket_row(line, len, &r) || !is_daemon(r.uid))
		return;
	for (size_t i = 0; i < s->servers.of.n; i++) {
		const struct name_server *server = &s->servers.of.at[i];

		if (!name_server_is(server, &r) || s->found->uid)
			continue;
		s->found->address = server->text;
		s->found->uid = (uint32_t)r.uid;
		s->found->inode = r.inode;
	}
}

static void look_at_socket(void *arg, unsigned long fd, uint64_t inode)
{
	struct search *s = arg;

	(void)fd;
	s->has |= inode == s->found->inode;
}

static void look_at_process(void *arg, const char *pid)
{
	struct search *s = arg;

	s->has = false;
	if (!s->found->uid)
		host_sockets(pid, look_at_socket, s);
	if (s->has && !host_user(pid, &s->found->uid))
		s->found->uid = 0;
}

void resolver_find(struct arena *a, const struct links *l, struct resolver *ret)
{
	struct search s = { .found = ret };

	*ret = (struct resolver){ 0 };
	name_servers_read(a, host_text(a, "/etc/resolv.conf"), host_text(a, "/etc/nsswitch.conf"), l, &s.servers);
	host_lines("/proc/self/net/udp", look_at_line, &s);
	host_lines("/proc/self/net/udp6", look_at_line, &s);
	ret->here = ret->address;
	for (size_t i = 0; i < s.servers.of.n; i++)
		ret->here |= s.servers.of.at[i].here;
	ret->sure = ret->uid != 0;
}

void resolver_find_user(struct resolver *io)
{
	struct search s = { .found = io };

	if (!io->address || io->sure || geteuid() != 0)
		return;
	host_processes(look_at_process, &s);
	io->sure = true;
}
