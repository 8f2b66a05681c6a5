/* Whom this machine asks for names, from /etc/resolv.conf and nsswitch.conf, and whether a socket of its own is where they are asked.
 * Pure: who reads the file hands its text in.
 * run/ calls. */
#ifndef MODEL_NAME_SERVER_H
#define MODEL_NAME_SERVER_H

#include "model/links.h"
#include "model/socket_row.h"
#include "util/arena.h"
#include "util/vec.h"

struct name_server {
	const char *text;
	uint8_t address[16]; /* in network order; of IPv4 the first four bytes */
	uint8_t family;      /* 4, 6 */
	bool here;           /* it is one of this machine's: loopback, or a device has it */
};
struct name_servers {
	VEC_OF(struct name_server) of;
};

/* As resolv.conf(5) says: the first three, and 127.0.0.1 where none is named. Behind them systemd-resolved's, where nsswitch.conf(5) asks it
 * by itself. Texts may be NULL: there is no such file. */
void name_servers_read(
	struct arena *a, const char *resolv, const char *nsswitch, const struct links *l, struct name_servers *ret);

/* Does this socket of UDP take what is asked of the server? One that is bound to every address only where the server is here. */
bool name_server_is(const struct name_server *s, const struct socket_row *r);

#endif
