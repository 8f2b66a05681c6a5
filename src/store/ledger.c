/* The ledger read, and the intent written: see store.h and model/ledger.h.
 * What is read may be anybody's file, so words and numbers are checked before others believe them.
 * run/ and cmd/, through store.h. */
#include <string.h>

#include "store/policies.h"
#include "store/slice.h"
#include "util/hash.h"
#include "util/ids.h"

#define WORD_MAX 100             /* names of entries and of kernel objects */
#define COUNTERS_RESERVED 400000 /* ids may have holes: no more room than this is made at once */

static bool word_ok(const char *w)
{
	size_t n = 0;

	while (w[n] > ' ' && w[n] < 0x7f)
		n++;
	return n && n <= WORD_MAX && !w[n];
}

static int load_state(struct store *s, struct arena *a, struct ledger *l, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (db_stmt(s, STMT_STATE_GET, &q, err) || (rc = db_step(s, q, err)) < 0)
		return -1;
	if (rc == 0)
		return db_damaged(s, err, "its one row of state is missing");
	db_text_into(q, 0, l->uuid, sizeof l->uuid);
	l->created = sqlite3_column_int64(q, 1);
	l->sampled = sqlite3_column_int64(q, 2);
	l->restored = sqlite3_column_int(q, 3);
	db_text_into(q, 4, l->canary, sizeof l->canary);
	l->reset_seen = sqlite3_column_int(q, 5);
	l->known = sqlite3_column_int(q, 6);
	db_text_into(q, 7, l->known_boot, sizeof l->known_boot);
	l->known_netns = db_bits(q, 8);
	l->known_generation = db_bits(q, 9);
	l->known_hash = db_bits(q, 10);
	l->devices = db_text(q, 11, a);
	l->known_until = sqlite3_column_int64(q, 12);
	l->known_clock = sqlite3_column_int64(q, 13);
	return 0;
}

static int load_epochs(struct store *s, struct ledger *l, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (db_stmt(s, STMT_EPOCH_GET, &q, err))
		return -1;
	while ((rc = db_step(s, q, err)) > 0) {
		bool pending = sqlite3_column_int(q, 0);
		struct epoch *e = pending ? &l->pending : &l->bound;

		e->present = true;
		e->bound = !pending;
		db_text_into(q, 1, e->nonce, sizeof e->nonce);
		db_text_into(q, 2, e->boot_id, sizeof e->boot_id);
		e->netns = db_bits(q, 3);
		e->table_handle = db_bits(q, 4);
	}
	return rc;
}

static bool column_figures(sqlite3_stmt *q, int at, struct figures *f)
{
	const void *blob = sqlite3_column_blob(q, at);

	return figures_get(blob, (size_t)sqlite3_column_bytes(q, at), f);
}

static bool load_sums(sqlite3_stmt *q, struct ledger_sums *x)
{
	x->cycle_start = sqlite3_column_int64(q, 7);
	x->cycle_end = sqlite3_column_int64(q, 8);
	x->cycle_rule = db_bits(q, 10);
	x->rate_from = sqlite3_column_int64(q, 11);
	x->rate_to = sqlite3_column_int64(q, 12);
	return column_figures(q, 5, &x->total) && column_figures(q, 6, &x->older) && column_figures(q, 9, &x->cycle) &&
		column_figures(q, 13, &x->rate);
}

static int load_entries(struct store *s, struct arena *a, bool sums, struct ledger *l, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (db_stmt(s, sums ? STMT_ENTRY_LIST : STMT_ENTRY_NAMES, &q, err))
		return -1;
	while ((rc = db_step(s, q, err)) > 0) {
		struct ledger_entry *e = vec_push(a, &l->entries);
		int64_t kind = sqlite3_column_int64(q, 1), class = sqlite3_column_int64(q, sums ? 14 : 5);
		struct ledger_sums *x = sums ? arena_new(a, struct ledger_sums) : NULL;

		e->id = sqlite3_column_int64(q, 0);
		e->kind = (enum entry_kind)kind;
		e->name = db_text(q, 2, a);
		e->created = sqlite3_column_int64(q, 3);
		e->retired = sqlite3_column_int(q, 4);
		e->sums = x;
		e->class = (uint32_t) class;
		if (kind < 0 || kind >= ENTRY_KINDS || class < 0 || class > UINT16_MAX || !word_ok(e->name) ||
			(x && !load_sums(q, x)))
			return db_damaged(s, err, "a row of entry makes no sense");
	}
	return rc;
}

/* Room for as many counters as there may be, lest the list move while it grows. */
static int reserve_counters(struct store *s, struct arena *a, struct ledger *l, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int64_t last;

	if (db_stmt(s, STMT_COUNTER_LAST, &q, err) || db_step(s, q, err) < 0)
		return -1;
	last = sqlite3_column_int64(q, 0);
	if (last > 0)
		vec_reserve(a, &l->counters, (size_t)(last < COUNTERS_RESERVED ? last : COUNTERS_RESERVED));
	return 0;
}

static int load_counters(struct store *s, struct arena *a, struct ledger *l, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (reserve_counters(s, a, l, err) || db_stmt(s, STMT_COUNTER_LIST, &q, err))
		return -1;
	while ((rc = db_step(s, q, err)) > 0) {
		struct ledger_counter *c = vec_push(a, &l->counters);
		int64_t dir = sqlite3_column_int64(q, 2), role = sqlite3_column_int64(q, 3),
			mtu = sqlite3_column_int64(q, 4);

		c->id = sqlite3_column_int64(q, 0);
		c->entry = sqlite3_column_int64(q, 1);
		c->dir = (enum direction)dir;
		c->role = (enum counter_role)role;
		c->mtu = (uint32_t)mtu;
		c->object = db_text(q, 5, a);
		c->retired = sqlite3_column_int(q, 6);
		c->pending = true;
		if (dir < 0 || dir >= DIRS || role < 0 || role >= ROLES || mtu < 0 || mtu > UINT32_MAX ||
			!word_ok(c->object))
			return db_damaged(s, err, "a row of counter makes no sense");
	}
	return rc;
}

/* Both tables are walked in the order of their rows: a look-up for each counter costs three times as much. */
static int load_baselines(struct store *s, struct ledger *l, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	size_t i = 0;
	int rc;

	if (db_stmt(s, STMT_BASELINE_LIST, &q, err))
		return -1;
	while ((rc = db_step(s, q, err)) > 0) {
		int64_t id = sqlite3_column_int64(q, 0);
		struct ledger_counter *c;

		while (i < l->counters.n && l->counters.at[i].id < id)
			i++;
		if (i == l->counters.n || l->counters.at[i].id != id)
			continue;
		c = &l->counters.at[i];
		c->pending = false;
		c->handle = db_bits(q, 1);
		c->packets = db_bits(q, 2);
		c->bytes = db_bits(q, 3);
	}
	return rc;
}

static int load(struct store *s, struct arena *a, bool sums, struct ledger *ret_ledger, struct err *err)
{
	cleanup_tx struct store *tx = NULL;
	struct ledger l = { 0 };

	if (db_begin_read(s, &tx, err) || load_state(s, a, &l, err) || load_epochs(s, &l, err) ||
		load_entries(s, a, sums, &l, err) || load_counters(s, a, &l, err) || load_baselines(s, &l, err) ||
		policies_load(s, a, &l, err) || store_meta_get(s, a, "node", &l.node, err))
		return -1;
	if (db_commit(&tx, err))
		return -1;
	s->arena = a;
	*ret_ledger = l;
	return 0;
}

int store_load(struct store *s, struct arena *a, struct ledger *ret_ledger, struct err *err)
{
	return load(s, a, true, ret_ledger, err);
}

int store_load_counters(struct store *s, struct arena *a, struct ledger *ret_ledger, struct err *err)
{
	return load(s, a, false, ret_ledger, err);
}

int store_meta_get(struct store *s, struct arena *a, const char *key, const char **ret_value, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (db_stmt(s, STMT_META_GET, &q, err))
		return -1;
	db_bind_text(q, 1, key);
	rc = db_step(s, q, err);
	if (rc >= 0)
		*ret_value = rc ? db_text(q, 0, a) : NULL;
	return rc < 0 ? -1 : 0;
}

int store_meta_set(struct store *s, const char *key, const char *value, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;

	if (db_stmt(s, value ? STMT_META_SET : STMT_META_DROP, &q, err))
		return -1;
	db_bind_text(q, 1, key);
	if (value)
		db_bind_text(q, 2, value);
	return db_exec(s, q, err);
}

/* -- intent ---------------------------------------------------------------------------------------------------------- */

static struct ledger_entry *entry_by_id(struct ledger *l, int64_t id)
{
	const size_t at = IDS_PLACE(l->entries.at, l->entries.n, id, id);

	return at == SIZE_MAX ? NULL : &l->entries.at[at];
}

static struct ledger_counter *counter_by_id(struct ledger *l, int64_t id)
{
	const size_t at = IDS_PLACE(l->counters.at, l->counters.n, id, id);

	return at == SIZE_MAX ? NULL : &l->counters.at[at];
}

_Static_assert(ENTRY_QUOTA == 5, "stmt.def has this number");

static int flag_rows(struct store *s, enum stmt which, const int64_t *ids, size_t n, int value, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;

	if (db_stmt(s, which, &q, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		db_bind_int(q, 1, ids[i]);
		db_bind_int(q, 2, value);
		if (db_exec(s, q, err))
			return -1;
	}
	return 0;
}

static int retire(struct store *s, struct ledger *l, const struct intent *in, struct err *err)
{
	if (flag_rows(s, STMT_ENTRY_RETIRE, in->retire_entries.at, in->retire_entries.n, 1, err) ||
		flag_rows(s, STMT_COUNTER_RETIRE, in->retire_counters.at, in->retire_counters.n, 1, err) ||
		flag_rows(s, STMT_COUNTER_RETIRE, in->revive_counters.at, in->revive_counters.n, 0, err))
		return -1;
	for (size_t i = 0; i < in->retire_entries.n; i++) {
		struct ledger_entry *e = entry_by_id(l, in->retire_entries.at[i]);

		if (e)
			e->retired = true;
	}
	for (size_t i = 0; i < in->retire_counters.n + in->revive_counters.n; i++) {
		bool retired = i < in->retire_counters.n;
		struct ledger_counter *c = counter_by_id(
			l, retired ? in->retire_counters.at[i] : in->revive_counters.at[i - in->retire_counters.n]);

		if (c)
			c->retired = retired;
	}
	return 0;
}

static int entry_find(struct store *s, const struct ledger_entry *e, int64_t *ret_id, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	int rc;

	if (db_stmt(s, STMT_ENTRY_FIND, &q, err))
		return -1;
	db_bind_int(q, 1, e->kind);
	db_bind_text(q, 2, e->name);
	rc = db_step(s, q, err);
	*ret_id = rc > 0 ? sqlite3_column_int64(q, 0) : 0;
	return rc < 0 ? -1 : 0;
}

static int entry_add(struct store *s, const struct ledger_entry *e, int64_t now, int64_t *ret_id, struct err *err)
{
	static const unsigned char zero[8];
	cleanup_stmt sqlite3_stmt *q = NULL;

	if (db_stmt(s, STMT_ENTRY_ADD, &q, err))
		return -1;
	db_bind_int(q, 1, e->kind);
	db_bind_text(q, 2, e->name);
	db_bind_int(q, 3, now);
	db_bind_blob(q, 4, zero, sizeof zero);
	if (db_exec(s, q, err))
		return -1;
	*ret_id = sqlite3_last_insert_rowid(s->db);
	return 0;
}

/* A name that comes back continues its history (keys-and-commands.md section 1). */
static int add_entries(struct store *s, struct ledger *l, const struct intent *in, int64_t *ids, struct err *err)
{
	for (size_t i = 0; i < in->new_entries.n; i++) {
		const struct ledger_entry *want = &in->new_entries.at[i];
		struct ledger_entry *have;

		if (!word_ok(want->name))
			return err_set(err, ERR_FAIL, "%s: no name for an entry", want->name);
		if (entry_find(s, want, &ids[i], err))
			return -1;
		if (ids[i]) {
			if (flag_rows(s, STMT_ENTRY_RETIRE, &ids[i], 1, 0, err))
				return -1;
			have = entry_by_id(l, ids[i]);
			if (have)
				have->retired = false;
			continue;
		}
		if (entry_add(s, want, in->now, &ids[i], err))
			return -1;
		have = vec_push(s->arena, &l->entries);
		have->id = ids[i];
		have->kind = want->kind;
		have->name = arena_strdup(s->arena, want->name);
		have->created = in->now;
	}
	return 0;
}

static int counter_add(struct store *s, const struct ledger_counter *c, int64_t *ret_id, struct err *err)
{
	cleanup_stmt sqlite3_stmt *drop = NULL;
	cleanup_stmt sqlite3_stmt *add = NULL;

	if (db_stmt(s, STMT_COUNTER_DROP_OBJECT, &drop, err) || db_stmt(s, STMT_COUNTER_ADD, &add, err))
		return -1;
	db_bind_text(drop, 1, c->object);
	db_bind_int(add, 1, c->entry);
	db_bind_int(add, 2, c->dir);
	db_bind_int(add, 3, c->role);
	db_bind_int(add, 4, c->mtu);
	db_bind_text(add, 5, c->object);
	if (db_exec(s, drop, err) || db_exec(s, add, err))
		return -1;
	*ret_id = sqlite3_last_insert_rowid(s->db);
	return 0;
}

/* The ledger without the counters whose objects are added anew. */
static void forget_objects(struct ledger *l, const struct intent *in)
{
	cleanup_arena struct arena a = { 0 };
	struct hash_map names;
	size_t kept = 0;

	hash_map_init(&names, &a, in->new_counters.n);
	for (size_t i = 0; i < in->new_counters.n; i++)
		hash_map_add(&names, in->new_counters.at[i].object, 0);
	for (size_t i = 0; i < l->counters.n; i++)
		if (!hash_map_get(&names, l->counters.at[i].object))
			l->counters.at[kept++] = l->counters.at[i];
	l->counters.n = kept;
}

static int add_counters(
	struct store *s, struct ledger *l, const struct intent *in, const int64_t *new_ids, struct err *err)
{
	if (in->new_counters.n)
		forget_objects(l, in);
	for (size_t i = 0; i < in->new_counters.n; i++) {
		struct ledger_counter c = in->new_counters.at[i], *at;

		if (!word_ok(c.object) || (c.entry < 0 && (uint64_t)-c.entry > in->new_entries.n))
			return err_set(err, ERR_FAIL, "%s: no counter of an entry", c.object);
		if (c.entry < 0)
			c.entry = new_ids[-c.entry - 1];
		if (counter_add(s, &c, &c.id, err))
			return -1;
		c.object = arena_strdup(s->arena, c.object);
		c.pending = true;
		c.retired = false;
		c.handle = c.packets = c.bytes = 0;
		at = vec_push(s->arena, &l->counters);
		*at = c;
	}
	return 0;
}

static int put_classes(
	struct store *s, struct ledger *l, const struct intent *in, const int64_t *new_ids, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;

	if (in->classes.n && db_stmt(s, STMT_ENTRY_CLASS, &q, err))
		return -1;
	for (size_t i = 0; i < in->classes.n; i++) {
		struct ledger_class c = in->classes.at[i];
		struct ledger_entry *e;

		if (c.entry < 0)
			c.entry = new_ids[-c.entry - 1];
		db_bind_int(q, 1, c.entry);
		db_bind_int(q, 2, c.class);
		if (db_exec(s, q, err))
			return -1;
		e = entry_by_id(l, c.entry);
		if (e)
			e->class = c.class;
	}
	return 0;
}

static int put_epoch(struct store *s, const struct epoch *e, bool pending, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;

	if (db_stmt(s, STMT_EPOCH_PUT, &q, err))
		return -1;
	db_bind_int(q, 1, pending);
	db_bind_text(q, 2, e->nonce);
	db_bind_text(q, 3, e->boot_id);
	db_bind_bits(q, 4, e->netns);
	db_bind_bits(q, 5, e->table_handle);
	return db_exec(s, q, err);
}

static int put_marks(struct store *s, struct ledger *l, const struct intent *in, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;
	struct epoch pending = { .present = true };

	if (in->pending_nonce) {
		snprintf(pending.nonce, sizeof pending.nonce, "%s", in->pending_nonce);
		if (put_epoch(s, &pending, true, err))
			return -1;
		l->pending = pending;
	}
	if (!in->canary)
		return 0;
	if (db_stmt(s, STMT_STATE_CANARY, &q, err))
		return -1;
	db_bind_text(q, 1, in->canary);
	db_bind_int(q, 2, in->reset_seen);
	if (db_exec(s, q, err))
		return -1;
	snprintf(l->canary, sizeof l->canary, "%s", in->canary);
	l->reset_seen |= in->reset_seen;
	return 0;
}

/* The kernel is about to be another than the one that was known; a run that dies here leaves rows that the next must look at. */
static int forget_known(struct store *s, struct err *err)
{
	cleanup_stmt sqlite3_stmt *q = NULL;

	return db_stmt(s, STMT_STATE_UNKNOWN, &q, err) || db_exec(s, q, err) ? -1 : 0;
}

int store_intent(struct store *s, struct ledger *l, const struct intent *in, struct err *err)
{
	cleanup_arena struct arena a = { 0 };
	cleanup_tx struct store *tx = NULL;
	int64_t *ids = arena_array(&a, in->new_entries.n + 1, sizeof *ids);

	if (!s->arena)
		return err_set(err, ERR_FAIL, "intent before the ledger was read");
	if (db_begin(s, &tx, err) || retire(s, l, in, err) || add_entries(s, l, in, ids, err) ||
		add_counters(s, l, in, ids, err) || put_classes(s, l, in, ids, err) || put_marks(s, l, in, err) ||
		forget_known(s, err) || db_commit(&tx, err))
		return err_wrap(err, "writing what this run is about to do");
	return 0;
}

int store_settled(struct store *s, const int64_t *dropped, size_t n, uint64_t generation, bool known, struct err *err)
{
	cleanup_tx struct store *tx = NULL;
	cleanup_stmt sqlite3_stmt *drop = NULL;
	cleanup_stmt sqlite3_stmt *state = NULL;

	if (db_begin(s, &tx, err) || db_stmt(s, STMT_COUNTER_DROP, &drop, err) ||
		db_stmt(s, STMT_STATE_SETTLED, &state, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		db_bind_int(drop, 1, dropped[i]);
		if (db_exec(s, drop, err))
			return -1;
	}
	db_bind_bits(state, 1, generation);
	db_bind_int(state, 2, known);
	return db_exec(s, state, err) ? -1 : db_commit(&tx, err);
}
