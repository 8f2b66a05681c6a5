/* See ssh_ports.h.
 * Whose a socket is stands in /proc/PID/fd; what it does, in the kernel's table of TCP: joined by inode.
 * run/ only. */
#include "run/ssh_ports.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/open_ports.h"
#include "run/host.h"

/* A socket that a process of an SSH server has open. */
struct held {
	uint64_t inode;
	const char *by; /* the server that may listen there; NULL: one that only talks */
	unsigned long pid, fd;
	enum socket_line does;
	uint16_t port; /* 0: loopback */
};

struct search {
	struct arena *arena;
	VEC_OF(struct held) held;
	struct ssh_ports found;
};

static struct ssh_port *found(struct search *s, uint16_t port)
{
	size_t at = 0;

	while (at < s->found.list.n && s->found.list.at[at].port < port)
		at++;
	if (at == s->found.list.n || s->found.list.at[at].port != port) {
		vec_push(s->arena, &s->found.list);
		memmove(s->found.list.at + at + 1, s->found.list.at + at,
			(s->found.list.n - 1 - at) * sizeof *s->found.list.at);
		s->found.list.at[at] = (struct ssh_port){ .port = port };
	}
	return &s->found.list.at[at];
}

static bool has_word(const char *words, const char *word)
{
	const size_t len = strlen(word);

	for (const char *p = words; (p = strstr(p, word)); p += len)
		if ((p == words || p[-1] == ' ') && (p[len] == ' ' || !p[len]))
			return true;
	return false;
}

static void served(struct search *s, uint16_t port, const char *by)
{
	struct ssh_port *p = found(s, port);

	if (!p->served)
		p->by = by;
	else if (!has_word(p->by, by))
		p->by = arena_printf(s->arena, "%s %s", p->by, by);
	p->served = true;
}

/* Where a server listens it is the better reason, and one that does not change with each login. */
static void lives(struct search *s, uint16_t port)
{
	struct ssh_port *p = found(s, port);

	if (!p->served)
		p->by = OPEN_BY_SESSION;
}

/* -- what processes of servers have open ------------------------------------------------------------------------------- */

/* sshd of OpenSSH 9.8 and later listens, and leaves each connection to the other two. */
static const struct program {
	const char *name;
	bool listens;
} programs[] = { { "sshd", true }, { "sshd-session", false }, { "sshd-auth", false }, { "dropbear", true } };

/* A name is anybody's choice: what he runs must be root's, too. */
static bool is_roots(const char *pid)
{
	uint32_t uid;

	return host_user(pid, &uid) && uid == 0;
}

/* NULL: it is none of them. */
static const struct program *program_of(const char *pid)
{
	char path[NAME_MAX + 16], name[32] = "";
	FILE *f;

	snprintf(path, sizeof path, "/proc/%s/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return NULL;
	if (!fgets(name, sizeof name, f))
		name[0] = '\0';
	fclose(f);
	name[strcspn(name, "\n")] = '\0';
	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
		if (strcmp(name, programs[i].name) == 0)
			return is_roots(pid) ? &programs[i] : NULL;
	return NULL;
}

struct holder {
	struct search *search;
	const struct program *program;
	unsigned long pid;
};

static void hold(void *arg, unsigned long fd, uint64_t inode)
{
	const struct holder *x = arg;

	*vec_push(x->search->arena, &x->search->held) = (struct held){
		.inode = inode, .by = x->program->listens ? x->program->name : NULL, .pid = x->pid, .fd = fd
	};
}

static void look_at_process(void *arg, const char *pid)
{
	struct holder x = { arg, program_of(pid), strtoul(pid, NULL, 10) };

	if (x.program)
		host_sockets(pid, hold, &x);
}

static int by_inode(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static int by_process(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	return x->pid != y->pid ? (x->pid < y->pid ? -1 : 1) : (x->fd > y->fd) - (x->fd < y->fd);
}

/* Several processes may have one socket. */
static void look_at_line(void *arg, const char *line, size_t len)
{
	const struct search *s = arg;
	struct held key = { 0 }, *h;
	uint16_t port;
	const enum socket_line does = socket_line(line, len, &port, &key.inode);

	if (does == SOCKET_PASS || !(h = bsearch(&key, s->held.at, s->held.n, sizeof key, by_inode)))
		return;
	while (h > s->held.at && h[-1].inode == key.inode)
		h--;
	for (; h < s->held.at + s->held.n && h->inode == key.inode; h++) {
		h->does = does;
		h->port = port;
	}
}

/* A process has one session, its first connection; the others are what it forwards for root, from any port. */
static void look_at_sockets(struct search *s)
{
	unsigned long talks = 0;

	host_processes(look_at_process, s);
	if (!s->held.n)
		return;
	qsort(s->held.at, s->held.n, sizeof *s->held.at, by_inode);
	host_lines("/proc/self/net/tcp", look_at_line, s);
	host_lines("/proc/self/net/tcp6", look_at_line, s);
	qsort(s->held.at, s->held.n, sizeof *s->held.at, by_process);
	for (size_t i = 0; i < s->held.n; i++) {
		const struct held *h = &s->held.at[i];

		if (h->does == SOCKET_LISTENS && h->by)
			served(s, h->port, h->by);
		if (h->does != SOCKET_TALKS || talks == h->pid)
			continue;
		talks = h->pid;
		if (h->port)
			lives(s, h->port);
	}
}

/* -- socket units -------------------------------------------------------------------------------------------------------- */

/* systemd.unit(5), the first wins; generators write those of Ubuntu's sshd_config. */
static const char *const unit_folders[] = {
	"/etc/systemd/system.control",
	"/run/systemd/system.control",
	"/run/systemd/transient",
	"/run/systemd/generator.early",
	"/etc/systemd/system",
	"/run/systemd/system",
	"/run/systemd/generator",
	"/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system",
	"/lib/systemd/system",
	"/run/systemd/generator.late",
};
#define FOLDERS (sizeof unit_folders / sizeof *unit_folders)

struct drop_in {
	const char *name, *path;
};
struct drop_ins {
	VEC_OF(struct drop_in) list;
};

static void add_drop_ins(struct search *s, const char *folder, struct drop_ins *to)
{
	DIR *d = opendir(folder);

	for (struct dirent *e; d && (e = readdir(d));) {
		const size_t len = strlen(e->d_name);
		bool hidden = e->d_name[0] == '.' || len < 6 || strcmp(e->d_name + len - 5, ".conf") != 0;

		for (size_t i = 0; i < to->list.n; i++)
			hidden |= strcmp(to->list.at[i].name, e->d_name) == 0;
		if (!hidden)
			*vec_push(s->arena, &to->list) = (struct drop_in){ arena_strdup(s->arena, e->d_name),
				arena_printf(s->arena, "%s/%s", folder, e->d_name) };
	}
	if (d)
		closedir(d);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct drop_in *)a)->name, ((const struct drop_in *)b)->name);
}

static void look_at_unit(struct search *s, const char *unit)
{
	struct arena *a = s->arena;
	struct drop_ins drop_ins = { { 0 } };
	struct tcp_ports ports = { 0 };
	const char *text = NULL;

	for (size_t i = 0; i < FOLDERS; i++) {
		if (!text)
			text = host_text(a, arena_printf(a, "%s/%s", unit_folders[i], unit));
		add_drop_ins(s, arena_printf(a, "%s/%s.d", unit_folders[i], unit), &drop_ins);
	}
	if (!text || !*text) /* there is none, or it is masked */
		return;
	socket_unit(a, text, strlen(text), &ports);
	if (drop_ins.list.n)
		qsort(drop_ins.list.at, drop_ins.list.n, sizeof *drop_ins.list.at, by_name);
	for (size_t i = 0; i < drop_ins.list.n; i++)
		if ((text = host_text(a, drop_ins.list.at[i].path)))
			socket_unit(a, text, strlen(text), &ports);
	for (size_t i = 0; i < ports.n; i++)
		served(s, ports.at[i], unit);
}

/* -- the answer ---------------------------------------------------------------------------------------------------------- */

uint16_t ssh_ports_caller(void)
{
	const char *connection = getenv("SSH_CONNECTION");

	return connection ? ssh_connection(connection) : 0;
}

struct ssh_ports ssh_ports_find(struct arena *a)
{
	static const char *const units[] = { "ssh.socket", "sshd.socket", "dropbear.socket" };
	struct search s = { .arena = a };
	const uint16_t caller = ssh_ports_caller();

	look_at_sockets(&s);
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		look_at_unit(&s, units[i]);
	if (caller)
		lives(&s, caller);
	return s.found;
}
