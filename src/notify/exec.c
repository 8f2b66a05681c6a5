/* exec: a program of the user's gets the message as JSON on its standard input.
 * It runs as the service user without capabilities; child/ sees to that.
 * notify/notifier.c has it in its table. */
#include "notify/payload.h"

static void build(struct arena *a, const struct target *t, const struct letter *l, struct request *ret_request)
{
	*ret_request = (struct request){ .kind = REQUEST_EXEC, .argv = t->command, .body = payload_json(a, l) };
}

const struct notifier notifier_exec = { .type = "exec", .build = build };
