/* What holds each entry now: see gather_parts.h.
 * As the kernel has it. What was decided tells whose it is, and all there is where nobody could look.
 * gather_quota.c calls. */
#include <string.h>

#include "cmd/gather_parts.h"
#include "model/desired_enforce.h"

/* What could not be asked of the kernel is as the last run left it. */
static const struct hash_map *used_up(const struct gather *g, const struct decided *decided)
{
	const struct config *c = g->r->config;
	struct arena *a = &g->app->arena;
	struct hash_map *names;

	if (g->r->look->known)
		return &g->r->used_up;
	names = arena_new(a, struct hash_map);
	hash_map_init(names, a, 0);
	for (size_t i = 0; i < c->entries.n + c->quotas.n; i++) {
		const struct entry *e = i < c->entries.n ? &c->entries.at[i] : &c->quotas.at[i - c->entries.n];

		for (enum direction d = 0; d < DIRS && decided[i].quota >= QUOTA_THROTTLED; d++)
			for (int next = 0; next < 2; next++) {
				const char *name = enforce_quota_object(a, e, d, next);

				if (name)
					hash_map_add(names, name, 0);
			}
	}
	return names;
}

static void set_ways(const struct gather *g, struct status_row *row, size_t entry, const struct held *h)
{
	const struct kernel_look *l = g->r->look;

	for (enum direction d = 0; d < DIRS; d++) {
		const struct limit_way *w = &l->ways[limit_way_at(entry, d)];
		const struct standing_rate *is = &row->standing.of[d];

		row->way[d] = (struct status_way){ .looked = l->known, .bps = h->limit_bps[d] };
		if (row->entry->limit[d].present) {
			row->way[d].method = limit_method(w);
			row->way[d].why = limit_reason(&g->app->arena, l->facts, w);
		}
		if (is->by && is->bps) /* throttles and holds end by themselves: no class can */
			row->method[d] = is->why == STANDING_CONFIGURED && h->shaped[d] ? "shape" : "police";
	}
}

static void set_rows(const struct gather *g, struct status *s, const struct decided *decided, bool *acts)
{
	const struct config *c = g->r->config;
	struct held_input in = g->r->look->held;
	const struct held *all;

	in.used_up = used_up(g, decided);
	in.decided = decided;
	all = held_by_kernel(&g->app->arena, &in);
	for (size_t r = 0; r < s->rows.n; r++) {
		struct status_row *row = &s->rows.at[r];
		const size_t entry = (size_t)(row->entry - c->entries.at);

		row->standing = all[entry].standing;
		set_ways(g, row, entry, &all[entry]);
		for (size_t i = 0; i < all[entry].quotas.n; i++)
			acts[all[entry].quotas.at[i]] = true;
	}
}

/* A quota that holds nothing in the kernel does not block, whatever its figure says. */
static void set_states(const struct gather *g, struct status *s, const bool *acts)
{
	const struct config *c = g->r->config;

	for (size_t i = 0; i < s->quotas.n; i++) {
		struct status_quota *q = &s->quotas.at[i];
		const bool section = q->subject->kind == ENTRY_QUOTA;
		const size_t at = section ? c->entries.n + (size_t)(q->subject - c->quotas.at)
					  : (size_t)(q->subject - c->entries.at);

		if (acts[at])
			q->state = q->subject->quota_action.kind == ACTION_BLOCK ? QUOTA_BLOCKED : QUOTA_THROTTLED;
		else if (q->state >= QUOTA_THROTTLED)
			q->state = QUOTA_WARNED;
	}
}

static void set_decided(const struct gather *g, struct status *s, const struct decided *decided)
{
	const struct config *c = g->r->config;
	const struct standing *all = standings(&g->app->arena, c, decided);

	for (size_t r = 0; r < s->rows.n; r++) {
		struct status_row *row = &s->rows.at[r];

		row->standing = all[row->entry - c->entries.at];
		for (enum direction d = 0; d < DIRS; d++)
			if (row->standing.of[d].bps && row->standing.of[d].why > STANDING_CONFIGURED)
				row->method[d] = "police";
	}
}

void gather_held(const struct gather *g, struct status *s, const struct decided *decided)
{
	const struct kernel_look *l = g->r->look;
	const size_t n = g->r->config->entries.n + g->r->config->quotas.n;
	bool *acts = arena_array(&g->app->arena, n + 1, sizeof *acts);

	if (l) {
		s->kernel.looked = true;
		s->kernel.edited = l->edited;
		s->kernel.known = l->known;
		s->kernel.differs = l->differs;
		s->kernel.pending = l->pending;
		s->kernel.unknown = l->unknown;
		s->kernel.file = g->app->config_path;
	}
	if (!l || !l->held.table) {
		set_decided(g, s, decided);
		return;
	}
	set_rows(g, s, decided, acts);
	set_states(g, s, acts);
}
