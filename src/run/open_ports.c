/* The ports that no limit, block or expiry touches ([portflow] keep_open), as this run has them.
 * So that nobody locks himself out of the machine: `auto` looks for SSH servers when root applies, and the database keeps what was
 * found for the timer, whose user does not see the processes of others.
 * run/ only. */
#include "model/open_ports.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/host.h"
#include "run/pass.h"

#define SSH_PORT 22
#define META_OPEN "keep_open"

struct listener {
	uint64_t inode;
	uint16_t port;
};

/* A port, and what has it open. */
struct reason {
	const char *by;
	uint16_t port;
};

struct search {
	struct arena *arena;
	VEC_OF(struct listener) listeners;
	struct tcp_ports found;
	VEC_OF(struct reason) reasons;
};

static void find_port(struct search *s, uint16_t port, const char *by)
{
	tcp_ports_add(s->arena, &s->found, port);
	for (size_t i = 0; i < s->reasons.n; i++)
		if (s->reasons.at[i].port == port && strcmp(s->reasons.at[i].by, by) == 0)
			return;
	*vec_push(s->arena, &s->reasons) = (struct reason){ by, port };
}

/* -- sockets of servers that run ----------------------------------------------------------------------------------------- */

static void read_listeners(struct search *s, const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while (f && (len = getline(&line, &room, f)) >= 0) {
		struct listener l;
		const enum socket_line what = socket_line(line, (size_t)len, &l.port, &l.inode);

		if (what == SOCKET_END)
			break;
		if (what == SOCKET_LISTENS)
			*vec_push(s->arena, &s->listeners) = l;
	}
	free(line);
	if (f)
		fclose(f);
}

/* NULL: it is none. */
static const char *server_name(const char *pid)
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
	return strcmp(name, "sshd") == 0 ? "sshd" : strcmp(name, "dropbear") == 0 ? "dropbear" : NULL;
}

static void find_inode(struct search *s, const char *link, const char *by)
{
	char *end;
	uint64_t inode;

	if (strncmp(link, "socket:[", 8) != 0)
		return;
	inode = strtoull(link + 8, &end, 10);
	for (size_t i = 0; *end == ']' && i < s->listeners.n; i++)
		if (s->listeners.at[i].inode == inode)
			find_port(s, s->listeners.at[i].port, by);
}

static void look_at_server(struct search *s, const char *pid, const char *by)
{
	char path[NAME_MAX + 16];
	DIR *d;

	snprintf(path, sizeof path, "/proc/%s/fd", pid);
	d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));) {
		char link[64];
		ssize_t n = readlinkat(dirfd(d), e->d_name, link, sizeof link - 1);

		if (n > 0) {
			link[n] = '\0';
			find_inode(s, link, by);
		}
	}
	if (d)
		closedir(d);
}

static void look_at_processes(struct search *s)
{
	DIR *d = s->listeners.n ? opendir("/proc") : NULL;

	for (struct dirent *e; d && (e = readdir(d));) {
		const char *by = isdigit((unsigned char)e->d_name[0]) ? server_name(e->d_name) : NULL;

		if (by)
			look_at_server(s, e->d_name, by);
	}
	if (d)
		closedir(d);
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
		find_port(s, ports.at[i], unit);
}

/* -- the answer ---------------------------------------------------------------------------------------------------------- */

static struct search search(struct arena *a)
{
	static const char *const units[] = { "ssh.socket", "sshd.socket", "dropbear.socket" };
	struct search s = { .arena = a };

	read_listeners(&s, "/proc/self/net/tcp");
	read_listeners(&s, "/proc/self/net/tcp6");
	look_at_processes(&s);
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		look_at_unit(&s, units[i]);
	return s;
}

/* "22 sshd, 2222 sshd ssh.socket": what is no number is passed over by who wants the ports. */
static const char *text_of(struct arena *a, const struct search *s)
{
	struct str text = STR_CEILING((size_t)1 << 20);
	const char *copy;

	for (size_t i = 0; i < s->found.n; i++) {
		str_putf(&text, "%s%u", i ? ", " : "", s->found.at[i]);
		for (size_t k = 0; k < s->reasons.n; k++)
			if (s->reasons.at[k].port == s->found.at[i])
				str_putf(&text, " %s", s->reasons.at[k].by);
	}
	copy = arena_strndup(a, text.p ? text.p : "", text.len);
	str_free(&text);
	return copy;
}

/* Whoever logs in there must hear of it before the session ends. */
static void tell_closed(struct pass *p, const char *stored, const struct search *s)
{
	struct tcp_ports before = { 0 };

	tcp_ports_read(&p->app->arena, stored, &before);
	for (size_t i = 0; i < before.n; i++) {
		bool still = before.at[i] == SSH_PORT;

		for (size_t k = 0; k < s->found.n; k++)
			still |= s->found.at[k] == before.at[i];
		if (!still)
			app_warn(p->app,
				"keep_open = auto: no SSH server listens on port %u any more, so limits and blocks hold there; to keep "
				"it open write: keep_open = %u, %u",
				before.at[i], SSH_PORT, before.at[i]);
	}
}

/* Only root sees what processes of others have open. Stored before the kernel is told: who comes after us says the same. */
static int find_servers(struct pass *p, struct tcp_ports *ret, struct err *err)
{
	struct arena *a = &p->app->arena;
	const char *stored = NULL, *text;
	const bool root = geteuid() == 0;
	struct search s;

	if (p->store && store_meta_get(p->store, a, META_OPEN, &stored, err) < 0)
		return -1;
	if (stored && (!root || (p->mode != RUN_APPLY && p->mode != RUN_PLAN))) {
		tcp_ports_read(a, stored, ret);
		return 0;
	}
	s = search(a);
	*ret = s.found;
	if (root && stored)
		tell_closed(p, stored, &s);
	text = text_of(a, &s);
	if (!root || p->mode == RUN_PLAN || (stored && strcmp(stored, text) == 0))
		return 0;
	return store_meta_set(p->store, META_OPEN, text, err);
}

int pass_open_ports(struct pass *p, struct err *err)
{
	const struct keep_open *k = &p->config->settings.keep_open;
	struct tcp_ports tcp = { 0 };

	p->open.n = 0;
	for (size_t i = 0; i < k->ports.n; i++)
		*vec_push(&p->app->arena, &p->open) = k->ports.at[i];
	if (!k->automatic)
		return 0;
	if (p->mode != RUN_DOWN && find_servers(p, &tcp, err) < 0)
		return -1;
	tcp_ports_add(&p->app->arena, &tcp, SSH_PORT);
	for (size_t i = 0; i < tcp.n; i++)
		*vec_push(&p->app->arena, &p->open) = (struct open_port){ PROTO_TCP, tcp.at[i] };
	return 0;
}
