/* The figures of status, put together from the ledger, the buckets of the database and what the kernel counted since.
 * Apart from the command, so that tests can bring a kernel of their own.
 * status calls. */
#ifndef CMD_GATHER_H
#define CMD_GATHER_H

#include "cmd/reader.h"
#include "view/status.h"

/* After reader_peek. All memory in app's arena. */
int gather_status(struct app *app, const struct reader *r, struct status *ret, struct err *err);

#endif
