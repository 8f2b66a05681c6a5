/* Is the kernel as the configuration wants it, and was that taken up? What `plan` counts, and the limits that are not there.
 * Where the file cannot be read, or a trial holds another one, others have said so.
 * doctor.c calls. */
#include <inttypes.h>

#include "run/doctor.h"
#include "run/look.h"
#include "store/store.h"

/* The limits that the kernel does not have as the file asks for them. */
static void missing(struct doctor *d, const struct held *held, enum direction dir)
{
	struct doctor_names names = { 0 };

	for (size_t i = 0; i < d->config.entries.n; i++) {
		const struct entry *e = &d->config.entries.at[i];

		if (!e->limit[dir].present || held[i].limit_bps[dir] == e->limit[dir].bps)
			continue;
		doctor_name(d, &names, e->name);
	}
	if (names.n)
		doctor_say(d, FINDING_WARN, "method", "portflow apply",
			"not in the kernel as the file asks for it: what %s of %s",
			dir == DIR_IN ? "comes in" : "goes out", doctor_named(d, &names));
}

static void limits(struct doctor *d, const struct kernel_look *l)
{
	struct hash_map none;
	struct held_input in = l->held;
	const struct held *held;

	hash_map_init(&none, d->arena, 0);
	in.used_up = &none;
	in.decided = arena_array(d->arena, d->config.entries.n + d->config.quotas.n + 1, sizeof *in.decided);
	held = held_by_kernel(d->arena, &in);
	for (enum direction dir = 0; dir < DIRS; dir++)
		missing(d, held, dir);
}

static void tell(struct doctor *d, const struct kernel_look *l)
{
	if (l->edited)
		doctor_say(d, FINDING_WARN, "configuration", "portflow apply", "%s was changed since it was applied",
			d->app->config_path);
	if (l->unknown)
		doctor_say(d, FINDING_WARN, "kernel", "portflow plan",
			"whether it is as the configuration wants it is not known: %s", l->unknown);
	else if (l->known && l->differs)
		doctor_say(d, FINDING_WARN, "kernel", "portflow apply",
			"differs from the configuration: %" PRIu64 " change%s pending (portflow plan shows them)",
			l->pending, l->pending == 1 ? "" : "s");
	else if (l->differs)
		doctor_say(d, FINDING_WARN, "kernel", "sudo portflow apply",
			"differs from the configuration, at least in its queues (sudo portflow plan shows how)");
	else if (l->known)
		doctor_say(d, FINDING_OK, "kernel", NULL, "as the configuration wants it");
	if (l->differs)
		limits(d, l);
}

void doctor_differs(struct doctor *d)
{
	cleanup_store struct store *s = NULL;
	struct ledger ledger;
	struct kernel_look look;
	struct err unheard; /* the check of the database has said it */

	if (!d->sound || d->down || !d->config.settings.database ||
		store_open(d->config.settings.database, STORE_READ, &s, &unheard) < 0 ||
		store_load_counters(s, d->arena, &ledger, &unheard) < 0)
		return;
	if (run_look(d->app, &(struct look_from){ &d->config, false, d->files, &ledger, s }, &look, &unheard) < 0)
		doctor_say(d, FINDING_WARN, "kernel", NULL,
			"whether it is as the configuration wants it is not known: %s", unheard.text);
	else
		tell(d, &look);
}
