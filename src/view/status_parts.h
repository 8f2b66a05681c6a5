/* What the parts of status' text share.
 * status.c prints the table and the facts; status_quota.c what limits, blocks and quotas say in both.
 * These two. */
#ifndef VIEW_STATUS_PARTS_H
#define VIEW_STATUS_PARTS_H

#include "util/arena.h"
#include "view/status.h"
#include "view/table.h"

struct status_print {
	const struct status *s;
	const struct status_look *look;
	struct arena *a;
	struct str *out;
};

/* One cell: what limits or blocks the entry now. */
void status_standing(const struct status_print *p, struct table *t, const struct status_row *r);
/* The table of quotas, below that of entries; nothing where there is none. */
void status_quotas(const struct status_print *p);

/* Those entries and quotas that were asked for by name, each with all that is known of it. */
void status_facts(const struct status_print *p);
/* One line: the ports that nothing limits or blocks. */
void status_open_ports(const struct status_print *p);

/* In the family of units of the quota. */
const char *status_size(const struct status_print *p, const struct entry *subject, uint64_t bytes);
/* "in 10.0 Mbit/s, out 20.0 Mbit/s"; one of them must be there. */
const char *status_rates(const struct status_print *p, const struct rate rates[DIRS]);
/* The same of the limits that hold; one must. */
const char *status_limits(const struct status_print *p, const struct standing *s);
/* "5 min left" */
const char *status_left(const struct status_print *p, int64_t until);

#endif
