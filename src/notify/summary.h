/* The status now as a message: what `notify send` sends.
 * An item an entry: what moved today and in the running cycle, and its quotas; portflow's total last.
 * run/ and cmd/ include. */
#ifndef NOTIFY_SUMMARY_H
#define NOTIFY_SUMMARY_H

#include "notify/message.h"
#include "view/status.h"

void summary_of(struct arena *a, enum language l, const struct status *s, struct message *ret_message);

#endif
