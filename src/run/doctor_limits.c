/* How limits are kept: a line for each method and reason, with the entries that it is true of.
 * What was asked for and cannot be is what apply refuses, too.
 * doctor.c calls. */
#include <string.h>

#include "run/doctor.h"
#include "run/limits.h"

static bool same(const struct limit_way *x, const struct limit_way *y)
{
	return x->why == y->why && x->policed == y->policed && x->device == y->device;
}

/* One line for all that are kept as the first of them; those are done then. */
static void describe(
	struct doctor *d, const struct limit_facts *f, struct limit_way *ways, size_t first, enum direction dir)
{
	const struct limit_way way = ways[limit_way_at(first, dir)];
	struct doctor_names names = { 0 };

	for (size_t i = first; i < d->config.entries.n; i++) {
		struct limit_way *w = &ways[limit_way_at(i, dir)];

		if (w->why == LIMIT_NONE || !same(w, &way))
			continue;
		doctor_name(d, &names, d->config.entries.at[i].name);
		w->why = LIMIT_NONE;
	}
	doctor_say(d, FINDING_OK, "method", NULL, "what %s is %s (%s): %s", dir == DIR_IN ? "comes in" : "goes out",
		way.shaped ? "shaped" : "policed", limit_reason(d->arena, f, &way), doctor_named(d, &names));
}

void doctor_limits(struct doctor *d)
{
	struct limit_facts f;
	struct limit_way *ways;
	const char *impossible;
	struct err err = { 0 };

	if (run_limit_facts(d->arena, &d->config, &d->links, &d->watch, &f, &err) < 0) {
		doctor_say(d, FINDING_WARN, "method", NULL, "how limits are kept is not known: %s", err.text);
		return;
	}
	ways = limit_ways(d->arena, &d->config, &f);
	impossible = limit_impossible(d->arena, &d->config, &f, ways);
	if (impossible)
		doctor_say(
			d, FINDING_FAIL, "method", "edit the file as it says; then: portflow apply", "%s", impossible);
	for (enum direction dir = 0; dir < DIRS; dir++)
		for (size_t i = 0; i < d->config.entries.n; i++)
			if (ways[limit_way_at(i, dir)].why != LIMIT_NONE)
				describe(d, &f, ways, i, dir);
}
