/* A message as JSON, for who reads it by program: webhook and exec.
 * docs/schema/notify.json describes it.
 * notify/ alone. */
#ifndef NOTIFY_PAYLOAD_H
#define NOTIFY_PAYLOAD_H

#include "notify/notifier.h"

/* Without a line end. */
struct request_bytes payload_json(struct arena *a, const struct letter *l);

#endif
