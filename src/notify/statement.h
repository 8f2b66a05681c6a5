/* A statement: what each of some entries moved on each day of a period, and in all.
 * Who calls reads the figures; days without traffic have no row.
 * Pure. run/ includes. */
#ifndef NOTIFY_STATEMENT_H
#define NOTIFY_STATEMENT_H

#include "notify/message.h"

struct statement_entry {
	const char *name, *covers,
		*remark;  /* covers and remark "" where the INI has the entry no more, or it is another's now */
	const char *part; /* of the period that it is about: "2026-11-25 10:00 - 2026-12-01 00:00"; "" all */
	enum billing billing;
	bool removed; /* the INI has it no more */
	struct message_days days;
};

struct statement_figures {
	VEC_OF(struct statement_entry) entries;
};

/* n: of the period, as the outbox has it. csv: the message gets one too. */
void statement_of(struct arena *a, enum language l, const char *node, const struct notice *n,
	const struct statement_figures *f, bool csv, struct message *ret_message);

#endif
