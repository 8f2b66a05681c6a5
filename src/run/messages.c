/* Whose packets pass every block and limit, so that messages get out: who runs portflow-net, and who resolves names for it.
 * Nobody's where no message goes over the network or nothing is limited: then packets meet no rule for it.
 * run/ only. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "child/child.h"
#include "model/desired_enforce.h"
#include "model/target.h"
#include "run/pass.h"
#include "run/resolver.h"

#define META_RESOLVER "resolver" /* "UID ADDRESS": for runs that cannot see it, or come before it listens */

static int find_resolver(struct pass *p, struct err *err)
{
	struct arena *a = &p->app->arena;
	const char *stored = NULL, *text;
	struct resolver r;

	resolver_find(a, &p->links, &r);
	if (!r.here)
		return 0;
	if (p->store && store_meta_get(p->store, a, META_RESOLVER, &stored, err) < 0)
		return -1;
	if (!stored || !p->look)
		resolver_find_user(&r);
	if (!r.sure) {
		p->resolver = stored ? (uint32_t)strtoul(stored, NULL, 10) : 0;
		return 0;
	}
	p->resolver = r.uid;
	text = arena_printf(a, "%" PRIu32 " %s", r.uid, r.address);
	if (p->mode == RUN_PLAN || (stored && strcmp(stored, text) == 0))
		return 0;
	return store_meta_set(p->store, META_RESOLVER, text, err);
}

int pass_messages(struct pass *p, struct err *err)
{
	p->sender = p->resolver = 0;
	if (p->mode == RUN_DOWN || !desired_enforces(p->config) || !targets_use_network(p->config))
		return 0;
	p->sender = child_uid(&p->app->arena, SERVICE_USER);
	return p->sender ? find_resolver(p, err) : 0;
}
