/* The ports that no limit, block or expiry touches ([portflow] keep_open), as this run has them.
 * So that nobody locks himself out of the machine.
 * run/ only. */
#include "run/pass.h"

#define SSH_PORT 22

void pass_open_ports(struct pass *p)
{
	const struct keep_open *k = &p->config->settings.keep_open;

	p->open.n = 0;
	for (size_t i = 0; i < k->ports.n; i++)
		*vec_push(&p->app->arena, &p->open) = k->ports.at[i];
	if (k->automatic)
		*vec_push(&p->app->arena, &p->open) = (struct open_port){ PROTO_TCP, SSH_PORT };
}
