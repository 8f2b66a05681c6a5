/* What the counters moved: see delta.h.
 * First the raw difference of each counter, then, entry by entry, the figures of the wire.
 * Pure; run/ calls. */
#include "model/delta.h"

#include <stdio.h>
#include <string.h>

#include "model/wire.h"
#include "util/saturate.h"

#define MARK "portflow "

const char *delta_comment(struct arena *a, const char *uuid, const char *nonce)
{
	return arena_printf(a, MARK "%s %s", uuid, nonce);
}

static bool same_place(const struct epoch *x, const struct epoch *y)
{
	return x->bound && x->netns == y->netns && x->table_handle == y->table_handle &&
		strcmp(x->boot_id, y->boot_id) == 0;
}

enum identity delta_identify(const struct ledger *l, const char *comment, struct epoch *where)
{
	size_t mark = strlen(MARK), uuid = UUID_TEXT - 1, nonce = NONCE_TEXT - 1;

	if (strncmp(comment, MARK, mark) != 0 || strlen(comment) != mark + uuid + 1 + nonce ||
		comment[mark + uuid] != ' ')
		return IDENTITY_OTHER;
	if (strncmp(comment + mark, l->uuid, uuid) != 0)
		return IDENTITY_FOREIGN;
	memcpy(where->nonce, comment + mark + uuid + 1, NONCE_TEXT);
	if (l->bound.present && strcmp(where->nonce, l->bound.nonce) == 0)
		return same_place(&l->bound, where) ? IDENTITY_KNOWN : IDENTITY_COPY;
	if (l->pending.present && strcmp(where->nonce, l->pending.nonce) == 0)
		return IDENTITY_PENDING;
	return IDENTITY_LOST;
}

struct moved {
	uint64_t packets, bytes;
};

struct work {
	struct arena *arena;
	const struct delta_input *in;
	struct delta_output *out;
	uint32_t *by_id;                             /* an entry's row -> its index in ledger->entries */
	int64_t last_id;                             /* the last row there */
	struct moved big[DIRS][2], stamped[DIRS][2]; /* of the total, v4 and v6 */
};

static bool is_v6(enum counter_role r)
{
	return r == ROLE_BIG6 || r == ROLE_TS6;
}

/* The value starts below its baseline though it is the same object: somebody reset this one counter. */
static bool zeroed(const struct work *w, const struct ledger_counter *c, const struct counter_value *now)
{
	return w->in->identity == IDENTITY_KNOWN && !w->in->reset && !c->pending && now->handle == c->handle &&
		(now->packets < c->packets || now->bytes < c->bytes);
}

/* A counter's own move. */
static struct moved move(const struct work *w, const struct ledger_counter *c, const struct counter_value *now)
{
	struct moved all = { now->packets, now->bytes };

	if (c->pending || w->in->reset || w->in->identity == IDENTITY_PENDING || w->in->identity == IDENTITY_LOST ||
		zeroed(w, c, now))
		return all;
	if (w->in->identity == IDENTITY_KNOWN &&
		now->handle != c->handle) /* made again by somebody, with whatever value */
		return (struct moved){ 0, 0 };
	if (now->packets >= c->packets && now->bytes >= c->bytes)
		return (struct moved){ now->packets - c->packets, now->bytes - c->bytes };
	return (struct moved){ 0, 0 };
}

/* Packets that passed `copies` of a rule were counted so often; an aggregate's rule is behind another such rule. */
static struct moved move_once(const struct work *w, size_t i)
{
	const struct ledger_counter *c = &w->in->ledger->counters.at[i];
	struct moved m = move(w, c, &w->in->values[i]);
	uint64_t copies = w->in->copies, by = c->role == ROLE_ALL ? copies : saturate_mul(copies, copies);

	if (by > 1) {
		m.packets /= by;
		m.bytes /= by;
	}
	return m;
}

static bool news(const struct ledger_counter *c, const struct counter_value *now)
{
	return now->present &&
		(c->pending || c->handle != now->handle || c->packets != now->packets || c->bytes != now->bytes);
}

static void note_baselines(struct work *w)
{
	const struct ledger *l = w->in->ledger;
	size_t n = 0;

	for (size_t i = 0; i < l->counters.n; i++)
		n += news(&l->counters.at[i], &w->in->values[i]);
	vec_reserve(w->arena, &w->out->baselines, n);
	for (size_t i = 0; i < l->counters.n; i++) {
		const struct ledger_counter *c = &l->counters.at[i];
		const struct counter_value *now = &w->in->values[i];

		if (!news(c, now))
			continue;
		w->out->zeroed += zeroed(w, c, now);
		*vec_push(w->arena, &w->out->baselines) = (struct baseline){ c->id, now->handle, now->packets,
			now->bytes };
	}
}

/* Entry rows have ids of the database; figures go by index. */
static void find_entries(struct work *w)
{
	const struct ledger *l = w->in->ledger;

	for (size_t i = 0; i < l->entries.n; i++)
		if (l->entries.at[i].id > w->last_id)
			w->last_id = l->entries.at[i].id;
	w->by_id = arena_array(w->arena, (size_t)w->last_id + 1, sizeof *w->by_id);
	for (size_t i = 0; i < l->entries.n; i++)
		w->by_id[l->entries.at[i].id] = (uint32_t)i;
}

static size_t entry_of(const struct work *w, const struct ledger_counter *c)
{
	return c->entry >= 0 && c->entry <= w->last_id ? w->by_id[c->entry] : 0;
}

static void add_moved(struct moved *to, const struct moved *m)
{
	to->packets += m->packets;
	to->bytes += m->bytes;
}

/* How many of the aggregates carried timestamps is known for the whole table. */
static void sum_total(struct work *w)
{
	const struct ledger *l = w->in->ledger;

	for (size_t i = 0; i < l->counters.n; i++) {
		const struct ledger_counter *c = &l->counters.at[i];

		struct moved m;

		if (c->role == ROLE_ALL || !w->in->values[i].present ||
			l->entries.at[entry_of(w, c)].kind != ENTRY_TOTAL)
			continue;
		m = move_once(w, i);
		if (c->role == ROLE_TS4 || c->role == ROLE_TS6)
			add_moved(&w->stamped[c->dir][is_v6(c->role)], &m);
		else
			add_moved(&w->big[c->dir][is_v6(c->role)], &m);
	}
}

static double timestamps(const struct work *w, enum direction dir, bool v6)
{
	const struct moved *big = &w->big[dir][v6], *stamped = &w->stamped[dir][v6];

	if (big->packets == 0 || stamped->packets >= big->packets)
		return 1;
	return (double)stamped->packets / (double)big->packets;
}

static void add_figures(struct work *w, const struct ledger_counter *c, const struct moved *m)
{
	struct figures *f = &(w->out->older ? w->out->older : w->out->delta)[entry_of(w, c)];
	uint64_t packets, bytes, overhead = w->in->link_overhead;

	if (c->role == ROLE_ALL) {
		f->raw_bytes[c->dir] += m->bytes;
		f->raw_packets[c->dir] += m->packets;
		f->bytes[c->dir] += m->bytes + m->packets * overhead;
		f->packets[c->dir] += m->packets;
	} else if (c->role == ROLE_BIG4 || c->role == ROLE_BIG6) {
		wire_extra(m->packets, m->bytes, c->mtu, is_v6(c->role), timestamps(w, c->dir, is_v6(c->role)),
			&packets, &bytes);
		f->bytes[c->dir] += bytes + packets * overhead;
		f->packets[c->dir] += packets;
	}
}

void delta_compute(struct arena *a, const struct delta_input *in, struct delta_output *ret_output)
{
	const struct ledger *l = in->ledger;
	struct work w = { .arena = a, .in = in, .out = ret_output };

	*ret_output = (struct delta_output){ .delta = arena_array(a, l->entries.n + 1, sizeof(struct figures)) };
	if (in->older || in->identity == IDENTITY_LOST)
		ret_output->older = arena_array(a, l->entries.n + 1, sizeof(struct figures));
	note_baselines(&w);
	find_entries(&w);
	sum_total(&w);
	for (size_t i = 0; i < l->counters.n; i++) {
		struct moved m = { 0, 0 };

		if (in->values[i].present)
			m = move_once(&w, i);
		if (m.packets || m.bytes)
			add_figures(&w, &l->counters.at[i], &m);
	}
}
