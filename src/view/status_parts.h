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

#endif
