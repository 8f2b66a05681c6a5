/* Our tables in the kernel: read them as a struct ruleset, send a list of changes, read the counters. libnftnl and nf_tables
 * attributes stay in this room.
 * run/ calls. */
#ifndef NFT_TABLE_H
#define NFT_TABLE_H

#include "model/delta.h"
#include "model/diff.h"
#include "model/ruleset.h"
#include "nl/talk.h"
#include "util/places.h"

/* Only the table: present, comment, flags, handle. Absent is no error. One request. */
int nft_read_table(struct talk *t, struct arena *a, struct ruleset *ret_table, struct err *err);

/* Everything in the table, as of one generation: ERR_STALE when it moved meanwhile. objects hold the counters' values; deadlines
 * are right whenever in between each set was read. */
int nft_read_all(struct talk *t, struct arena *a, uint32_t generation, struct ruleset *ret_ruleset, struct err *err);

/* The same of `table netdev portflow`, through which what comes in is shaped. */
int nft_read_ingress(
	struct talk *t, struct arena *a, uint32_t generation, struct ruleset *ret_ruleset, struct err *err);

/* Only the counters: one dump, or pipelined single requests above NFT_DUMP_MAX, where the dump would be quadratic. by_name
 * holds their names; others are passed over. ret_values has as many elements; absent counters have present = false. */
#define NFT_DUMP_MAX 30000
int nft_read_counters(struct talk *t, struct places *by_name, struct counter_value *ret_values, struct err *err);
/* One counter; present = false if it is gone. */
int nft_read_counter(struct talk *t, const char *name, struct counter_value *ret_value, struct err *err);

/* Only the quotas, whatever their flags. Fresh memory in a. */
struct quota_value {
	const char *name;
	uint64_t limit, used; /* used: the kernel shows no more than the limit */
	uint64_t handle;
};
struct quota_list {
	VEC_OF(struct quota_value) of;
};
int nft_read_quotas(struct talk *t, struct arena *a, struct quota_list *ret_quotas, struct err *err);

/* Appends the changes to a batch. comment: of a table to be made. since_ms: the moment from which the deadlines of what is added are
 * counted (struct ruleset); they are sent relative to the clock. */
void nft_put_changes(struct batch *b, const struct change_list *changes, const char *comment, int64_t since_ms);
/* Single changes outside the diff. */
void nft_put_counter(struct batch *b, const char *name, uint64_t packets, uint64_t bytes);
void nft_put_counter_del(struct batch *b, const char *name);
void nft_put_table_del(struct batch *b);
/* `table netdev portflow`. */
void nft_put_ingress_del(struct batch *b);
/* Every rule of a chain, "" = of the whole table. */
void nft_put_flush(struct batch *b, const char *chain);

/* Has the kernel all that a rule is made of? It is made to try, in a batch that it then refuses. */
int nft_can(struct talk *t, const struct ruleset_rule *rule, bool *ret_can, struct err *err);

/* Waits until no CPU is inside a packet that saw the old rules: what was taken out of a map does not move after it. */
void nft_settle(void);

#endif
