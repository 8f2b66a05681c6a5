/* Facts of this machine and this moment that a run needs: boot, namespace, random names, sysctls.
 * Read here and handed down, so that what is pure stays so.
 * run/ and cmd/ call. */
#ifndef RUN_FACTS_H
#define RUN_FACTS_H

#include "model/ledger.h"
#include "model/watch.h"
#include "run/app.h"
#include "util/err.h"

/* /proc/sys/kernel/random/boot_id: another one, another boot. */
int facts_boot_id(char ret_boot_id[UUID_TEXT], struct err *err);
/* 16 hex digits, never all zero. */
int facts_nonce(char ret_nonce[NONCE_TEXT], struct err *err);
/* This machine's host name, fit for messages; in a. */
const char *facts_node(struct arena *a);
/* Ports that outgoing connections are given; lo = 0 when unknown. In a. */
void facts_local_ports(struct arena *a, struct local_ports *ret_ports);

#endif
