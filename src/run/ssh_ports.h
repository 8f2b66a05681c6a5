/* By which ports this machine is reached with SSH: where servers listen, where systemd listens for them, and where a session lives
 * though its server is stopped, restarted or moved.
 * Reads /proc, the units' files and the environment; only root sees what processes of others have open.
 * run/ only. */
#ifndef RUN_SSH_PORTS_H
#define RUN_SSH_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/vec.h"

/* The fact of the database that keeps them. */
#define SSH_PORTS_FACT "keep_open"

struct ssh_port {
	const char *by; /* "sshd ssh.socket", "session" */
	uint16_t port;
	bool served; /* not by a session alone */
};
struct ssh_ports {
	VEC_OF(struct ssh_port) list; /* ascending */
};

struct ssh_ports ssh_ports_find(struct arena *a);

/* The port by which the user of this process is logged in, as sshd tells it in the environment (sudo may take it out); 0 none. */
uint16_t ssh_ports_caller(void);

#endif
