/* What the parts of gathering share: the sums of a moment, and how the kernel's part is added to them.
 * One struct, filled by gather_status.
 * gather*.c. */
#ifndef CMD_GATHER_PARTS_H
#define CMD_GATHER_PARTS_H

#include "cmd/gather.h"

struct gather {
	struct app *app;
	const struct reader *r;
	struct cycle_span hour, today;
	struct store_sum *hours, *days;
	size_t n_hours, n_days;
};

/* Sums are in the order of their entries. */
struct figures gather_sum_of(const struct store_sum *sums, size_t n, int64_t entry);
/* The part of the delta that was counted at `since` or later; index: of the ledger's entry. */
void gather_add_since(const struct gather *g, size_t index, int64_t since, struct figures *to);
/* The running cycle by the rule as it is now: the ledger has its sum unless the rule or the time went on since; then it is that of the
 * members, which are indexes too. Live. */
int gather_cycle(const struct gather *g, const struct cycle_rule *rule, const size_t *members, size_t n, size_t index,
	struct cycle_span *ret_cycle, struct figures *ret, struct err *err);

/* After the rows: quotas, and what holds for each row. */
int gather_quotas(const struct gather *g, struct status *s, struct err *err);
/* What holds, as the kernel has it. decided: by subject. */
void gather_held(const struct gather *g, struct status *s, const struct decided *decided);

#endif
