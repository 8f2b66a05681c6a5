/* The sockets of the kernel's texts /proc/net/tcp, tcp6, udp and udp6, a line each.
 * Pure: who reads the files hands their bytes in; they come from outside and are read to their length, whatever they hold.
 * model/ and run/ call. */
#ifndef MODEL_SOCKET_ROW_H
#define MODEL_SOCKET_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct socket_row {
	uint64_t uid, inode;
	uint8_t address[16]; /* its own, in network order; of IPv4 the first four bytes */
	uint8_t family;      /* 4, 6 */
	uint8_t state;       /* of TCP: 10 listens */
	uint16_t port;       /* 0: none */
};

/* false: the heading, or nothing of the kind. */
bool socket_row(const char *line, size_t len, struct socket_row *ret);
/* In network order, of IPv4 the first four bytes. One of IPv4 that is mapped to IPv6 too. */
bool address_loopback(uint8_t family, const uint8_t address[16]);

#endif
