/* The ports that no limit, block or expiry touches ([portflow] keep_open), as this run has them.
 * So that nobody locks himself out of the machine: `auto` looks for SSH servers and sessions when root applies, and the database keeps
 * what was found for the timer, whose user does not see the processes of others.
 * run/ only. */
#include "model/open_ports.h"

#include <string.h>
#include <unistd.h>

#include "run/pass.h"
#include "run/ssh_ports.h"

#define SSH_PORT 22

/* "22 sshd, 2222 sshd ssh.socket": what is no number is passed over by who wants the ports. */
static const char *text_of(struct arena *a, const struct ssh_ports *found)
{
	struct str text = STR_CEILING((size_t)1 << 20);
	const char *copy;

	for (size_t i = 0; i < found->list.n; i++)
		str_putf(&text, "%s%u %s", i ? ", " : "", found->list.at[i].port, found->list.at[i].by);
	copy = arena_strndup(a, text.p ? text.p : "", text.len);
	str_free(&text);
	return copy;
}

static bool has(const struct ssh_ports *found, uint16_t port)
{
	for (size_t i = 0; i < found->list.n; i++)
		if (found->list.at[i].port == port)
			return true;
	return false;
}

/* Whoever logs in there must hear of it before the session ends. */
static void tell_closed(struct pass *p, const char *stored, const struct ssh_ports *found)
{
	struct tcp_ports before = { 0 };

	tcp_ports_read(&p->app->arena, stored, &before);
	for (size_t i = 0; i < before.n; i++)
		if (before.at[i] != SSH_PORT && !has(found, before.at[i]))
			app_warn(p->app,
				"keep_open = auto: no SSH server listens on port %u any more, so limits and blocks hold there; to keep "
				"it open write: keep_open = %u, %u",
				before.at[i], SSH_PORT, before.at[i]);
}

static void tell_sessions(struct pass *p, const struct ssh_ports *found)
{
	for (size_t i = 0; i < found->list.n; i++)
		if (found->list.at[i].port != SSH_PORT && !found->list.at[i].served)
			app_warn(p->app,
				"keep_open = auto: no SSH server listens on port %u, but somebody is logged in by it: it is kept open until "
				"an apply that finds neither; to keep it open for good write: keep_open = %u, %u",
				found->list.at[i].port, SSH_PORT, found->list.at[i].port);
}

/* Only root sees what processes of others have open. Stored before the kernel is told: who comes after us says the same. */
static int find_servers(struct pass *p, struct tcp_ports *ret, struct err *err)
{
	struct arena *a = &p->app->arena;
	const char *stored = NULL, *text;
	const bool root = geteuid() == 0;
	struct ssh_ports found;

	if (p->store && store_meta_get(p->store, a, SSH_PORTS_FACT, &stored, err) < 0)
		return -1;
	if (stored && (!root || p->look || (p->mode != RUN_APPLY && p->mode != RUN_PLAN))) {
		tcp_ports_read(a, stored, ret);
		return 0;
	}
	found = ssh_ports_find(a);
	for (size_t i = 0; i < found.list.n; i++)
		tcp_ports_add(a, ret, found.list.at[i].port);
	if (root && stored)
		tell_closed(p, stored, &found);
	if (root)
		tell_sessions(p, &found);
	text = text_of(a, &found);
	if (!root || p->mode == RUN_PLAN || (stored && strcmp(stored, text) == 0))
		return 0;
	return store_meta_set(p->store, SSH_PORTS_FACT, text, err);
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
