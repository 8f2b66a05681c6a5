/* What the kernel counted since the baselines: see peek.h.
 * The same arithmetic as a run's, with nothing written.
 * cmd/ calls. */
#include "run/peek.h"

#include <stdlib.h>
#include <string.h>

#include "model/delta.h"
#include "nft/table.h"
#include "run/facts.h"

static int peek_counters(struct talk *t, struct arena *a, const struct config *c, const struct ledger *l,
	enum identity identity, struct figures *ret_delta, struct err *err)
{
	struct counter_value *values = arena_array(a, l->counters.n + 1, sizeof *values), canary;
	struct places by_name;
	struct delta_input in = {
		.ledger = l, .identity = identity, .copies = 1, .link_overhead = c->settings.link_overhead
	};
	struct delta_output out;

	ledger_places(l, a, &by_name);
	if (nft_read_counters(t, &by_name, values, err) < 0 || nft_read_counter(t, LEDGER_CANARY, &canary, err) < 0)
		return -1;
	if (identity == IDENTITY_COPY && canary.bytes != 0 && canary.bytes != strtoull(l->canary, NULL, 16))
		return 0; /* a copy of an earlier age: all of it was counted before */
	in.reset = l->reset_seen || (canary.present && canary.bytes == 0);
	in.values = values;
	delta_compute(a, &in, &out);
	memcpy(ret_delta, out.delta, l->entries.n * sizeof *ret_delta);
	return 0;
}

static int peek_table(struct talk *t, struct arena *a, const struct config *c, const struct ledger *l,
	struct figures *ret_delta, enum peek *ret_how, struct err *err)
{
	struct ruleset table = { .comment = "" };
	struct epoch where = { .present = true, .bound = true };
	enum identity identity;

	if (facts_boot_id(where.boot_id, err) < 0 || talk_netns(t, &where.netns, err) < 0 ||
		nft_read_table(t, a, &table, err) < 0)
		return -1;
	where.table_handle = table.handle;
	identity = table.present ? delta_identify(l, table.comment, &where) : IDENTITY_NONE;
	if (identity != IDENTITY_KNOWN && identity != IDENTITY_PENDING && identity != IDENTITY_COPY) {
		*ret_how = PEEK_NO_TABLE;
		return 0;
	}
	*ret_how = PEEK_LIVE;
	return peek_counters(t, a, c, l, identity, ret_delta, err);
}

int run_peek(struct app *app, struct arena *a, const struct config *c, const struct ledger *l,
	struct figures *ret_delta, enum peek *ret_how, struct err *err)
{
	struct talk *t = NULL;
	int rc;

	(void)app;
	memset(ret_delta, 0, l->entries.n * sizeof *ret_delta);
	rc = talk_open(&t, err);
	if (rc == 0)
		rc = peek_table(t, a, c, l, ret_delta, ret_how, err);
	talk_close(t);
	if (rc < 0 && err->kind == ERR_PERM) {
		*ret_how = PEEK_NO_RIGHT;
		return 0;
	}
	return rc;
}

int run_peek_quotas(struct arena *a, struct hash_map *ret_used_up, struct err *err)
{
	struct quota_list quotas = { 0 };
	struct talk *t = NULL;
	int rc = talk_open(&t, err);

	if (rc == 0)
		rc = nft_read_quotas(t, a, &quotas, err);
	talk_close(t);
	hash_map_init(ret_used_up, a, quotas.of.n);
	for (size_t i = 0; rc == 0 && i < quotas.of.n; i++)
		if (quotas.of.at[i].used >= quotas.of.at[i].limit)
			hash_map_add(ret_used_up, quotas.of.at[i].name, 0);
	return rc < 0 && err->kind != ERR_PERM ? -1 : 0;
}
