/* Does keep_open have the ports by which this machine is reached with SSH: that of the configuration that was applied, and of the files that
 * the next run takes up.
 * doctor.c calls. */
#include <string.h>

#include "model/open_ports.h"
#include "run/doctor.h"
#include "run/ssh_ports.h"

/* found: as the database keeps what `auto` found; NULL: whatever is there, since an apply looks again. */
static bool keeps(struct arena *a, const struct keep_open *k, const char *found, uint16_t port)
{
	struct tcp_ports known = { 0 };

	for (size_t i = 0; i < k->ports.n; i++)
		if (k->ports.at[i].protocol == PROTO_TCP && k->ports.at[i].port == port)
			return true;
	if (!k->automatic || !found)
		return k->automatic;
	tcp_ports_read(a, found, &known);
	return port == 22 || tcp_ports_have(&known, port);
}

/* The list of the files with what it lacks. */
static const char *longer_list(struct doctor *d, const struct ssh_ports *ssh)
{
	const struct keep_open *k = &d->config.settings.keep_open;
	const char *text = "";

	for (size_t i = 0; i < k->ports.n; i++)
		text = arena_printf(d->arena, "%s%s%s%u", text, *text ? ", " : "",
			k->ports.at[i].protocol == PROTO_UDP ? "udp/" : "", k->ports.at[i].port);
	for (size_t i = 0; i < ssh->list.n; i++)
		if (!keeps(d->arena, k, NULL, ssh->list.at[i].port))
			text = arena_printf(d->arena, "%s, %u", text, ssh->list.at[i].port);
	return text;
}

/* Before the first apply there is nothing that could hold anybody, and the database has its own line. */
void doctor_ssh(struct doctor *d)
{
	const struct keep_open *files = &d->config.settings.keep_open, *applied = d->applied_open;
	struct ssh_ports ssh;
	const char *text = "";
	size_t n = 0;
	bool listed = true; /* in the files, all of them */

	if (!applied || d->down || (!applied->automatic && !applied->ports.n))
		return;
	ssh = ssh_ports_find(d->arena);
	for (size_t i = 0; i < ssh.list.n; i++) {
		const struct ssh_port *p = &ssh.list.at[i];
		const bool file = keeps(d->arena, files, NULL, p->port);

		listed &= file;
		if (file && keeps(d->arena, applied, d->open ? d->open : "", p->port))
			continue;
		text = arena_printf(
			d->arena, "%s%s%u (%s)", text, n++ ? ", " : "", p->port, p->served ? p->by : "an SSH session");
	}
	if (n)
		doctor_say(d, FINDING_WARN, "ssh",
			listed ? "portflow apply"
			       : arena_printf(d->arena, "keep_open = %s in [portflow], then: portflow apply",
					 longer_list(d, &ssh)),
			"SSH is on port%s %s, which keep_open does not have: a limit or block may hold it",
			n > 1 ? "s" : "", text);
	else if (ssh.list.n)
		doctor_say(d, FINDING_OK, "ssh", NULL, "keep_open has each port with SSH that can be seen from here");
}
