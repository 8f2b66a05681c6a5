/* [portflow] keep_open = auto: on which ports SSH servers listen, from the texts in which the kernel and systemd tell it, and what to
 * say of sections that cover such a port. Pure: who reads the files hands their bytes in.
 * run/ calls. */
#ifndef MODEL_OPEN_PORTS_H
#define MODEL_OPEN_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/entry.h"
#include "model/watch.h"
#include "util/arena.h"
#include "util/str.h"

struct tcp_ports {
	uint16_t *at; /* ascending, distinct */
	size_t n, cap;
};
void tcp_ports_add(struct arena *a, struct tcp_ports *to, uint16_t port);
bool tcp_ports_have(const struct tcp_ports *p, uint16_t port);

/* As the database keeps them: "22, 2222". Nothing for none; what is no port in a text is passed over, such as who listens there:
 * "22 sshd, 2222 sshd ssh.socket". */
void tcp_ports_put(const struct tcp_ports *p, struct str *out);
void tcp_ports_read(struct arena *a, const char *text, struct tcp_ports *to);

/* A line of /proc/net/tcp or tcp6. *ret_port and *ret_inode are set but for SOCKET_PASS. */
enum socket_line {
	SOCKET_PASS,    /* the heading, or a socket that matters to nobody here */
	SOCKET_LISTENS, /* not on loopback, which nothing of ours touches: X11 forwarding opens and closes those all day */
	SOCKET_TALKS, /* a connection; port 0: of loopback */
};
/* Only root's sockets: anybody may call his program sshd. */
enum socket_line socket_line(const char *line, size_t len, uint16_t *ret_port, uint64_t *ret_inode);

/* SSH_CONNECTION, "192.0.2.7 51234 192.0.2.1 2222": the port of this machine. 0: the text is not to the letter what sshd writes, or
 * the connection is one of loopback. */
uint16_t ssh_connection(const char *text);

/* The TCP ports of ListenStream= in a socket unit or a drop-in of it, on top of those of the files before it; an empty value takes
 * all of them back, as systemd.socket(5) says. */
void socket_unit(struct arena *a, const char *text, size_t len, struct tcp_ports *io);

/* Who has a port open when no server listens there: a connection that lives, in the texts of the database. */
#define OPEN_BY_SESSION "session"

/* Each port that is never limited or blocked, and why: "configured", "sshd, ssh.socket", "an SSH session", "auto". */
struct open_reason {
	struct open_port port;
	const char *why;
};
struct open_reasons {
	struct open_reason *at;
	size_t n, cap;
};
/* found: the text of the database, with who listens; NULL: nothing was looked for yet. Ascending by port within each reason. */
void open_ports_explain(struct arena *a, const struct keep_open *k, const char *found, struct open_reasons *ret);
/* "22 (sshd), udp/51820 (configured)"; of those alone that the entry covers, NULL: all. "" none. */
const char *open_reasons_text(struct arena *a, const struct open_reasons *r, const struct entry *covered_by);

/* One warning for each section that limits or blocks, and names a port that is never limited or blocked. */
void open_ports_warn(struct arena *a, const struct config *c, const struct open_port *open, size_t n, struct watch *w);

#endif
