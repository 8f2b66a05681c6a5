/* Small facts that the kernel and the system tell in files: sysctls, and texts under /proc and /sys.
 * All memory in the given arena.
 * run/ and cmd/ call. */
#ifndef RUN_HOST_H
#define RUN_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"

/* The whole text of a small file (at most 64 KiB of it), without blanks at its end; NULL if it cannot be read. */
const char *host_text(struct arena *a, const char *path);

/* Each line of a text that may be long, such as /proc/self/net/tcp. */
void host_lines(const char *path, void (*each)(void *arg, const char *line, size_t len), void *arg);

/* A sysctl that is one number: "net/bridge/bridge-nf-call-iptables". false if there is none. */
bool host_sysctl(struct arena *a, const char *name, uint64_t *ret_value);

/* Each process by its number, as /proc names them. */
void host_processes(void (*each)(void *arg, const char *pid), void *arg);
/* Each socket that a process has open; of others' processes only for root. */
void host_sockets(const char *pid, void (*each)(void *arg, unsigned long fd, uint64_t inode), void *arg);
/* Its effective user. */
bool host_user(const char *pid, uint32_t *ret_uid);

#endif
