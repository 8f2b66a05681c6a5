/* The outbox: messages that wait for delivery. Rows come with the events that they tell of, in the same transaction (store_result); here
 * they are taken under a lease, and what came of each letter is written.
 * A letter is all rows of one target and recipient that waited when it was first taken; it is tried, parked and dropped as a whole.
 * run/ and cmd/ call. */
#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

#include "store/store.h"

struct outbox_row {
	int64_t id, letter; /* letter: 0 not yet put together */
	int64_t created;    /* Unix seconds */
	int64_t tries;
	int64_t next; /* Unix seconds: not before */
	bool parked;
	const char *target, *recipient; /* recipient "": the target's own */
	const char *why;                /* of the last try; "" none */
	const void *notice;
	size_t notice_len;
	const char *kind, *text; /* of the event, for a notice that is damaged; "": it is of none, or that is gone */
};
struct outbox_rows {
	struct outbox_row *at;
	size_t n, cap;
};

#define OUTBOX_LEASE_S 60
/* A letter has at most as many rows; what is left goes into the next one. */
#define OUTBOX_LETTER_ROWS 2000

/* Rows that are due, at most `letters` letters, now leased to `lease` (any text that is nobody else's): by letter, then id. A lease
 * ends after OUTBOX_LEASE_S, whatever became of its owner, and at once when the clock is set back. */
int store_outbox_take(struct store *s, struct arena *a, const char *lease, int64_t now, size_t letters,
	struct outbox_rows *ret, struct err *err);

/* The lease begins anew. ret_letters: how many it still holds; what another run has taken since it ended is that one's. */
int store_outbox_renew(struct store *s, const char *lease, int64_t now, size_t *ret_letters, struct err *err);

enum outbox_end {
	OUTBOX_DELIVERED,
	OUTBOX_LATER,
	OUTBOX_PARKED,
	OUTBOX_UNTRIED /* as if it had not been taken */
};
struct outbox_result {
	int64_t letter;
	enum outbox_end end;
	int64_t next;    /* OUTBOX_LATER, OUTBOX_UNTRIED: not before, Unix seconds; 0: at once */
	const char *why; /* one line, no secrets */
};
/* Of letters that are still leased to `lease`; others are left alone. One transaction. _now waits for no other process: ERR_BUSY. */
int store_outbox_settle(
	struct store *s, const char *lease, const struct outbox_result *results, size_t n, struct err *err);
int store_outbox_settle_now(
	struct store *s, const char *lease, const struct outbox_result *results, size_t n, struct err *err);

/* Everything, without notices, by id. */
int store_outbox_list(struct store *s, struct arena *a, struct outbox_rows *ret, struct err *err);

/* What somebody asks for by hand. */
struct outbox_choice {
	int64_t id;            /* of a letter, or of a row that is in none yet; 0: by target */
	const char *target;    /* NULL, and no id: all */
	const char *recipient; /* "": each */
};
/* That letter; of a target those that are parked. Never all. ret_n: rows that this touched. */
int store_outbox_drop(struct store *s, const struct outbox_choice *which, size_t *ret_n, struct err *err);
/* Due at once. What was parked is tried again where an id or a target says which. */
int store_outbox_hurry(struct store *s, const struct outbox_choice *which, size_t *ret_n, struct err *err);

/* Of letters that wait and are of before then: how many, and why one does; "" nobody says. */
int store_outbox_stuck(
	struct store *s, struct arena *a, int64_t before, size_t *ret_n, const char **ret_why, struct err *err);
#define OUTBOX_STUCK_S 3600 /* one that waits for longer is worth a look */

/* Up to when statements were made. */
struct outbox_stated {
	const char *target, *recipient, *period;
	int64_t until;
};
int store_outbox_stated(
	struct store *s, struct arena *a, struct outbox_stated **ret_rows, size_t *ret_n, struct err *err);

/* How many letters wait, and how many are parked; recipients that wait in no letter yet count as one each. */
int store_outbox_count(struct store *s, size_t *ret_waiting, size_t *ret_parked, struct err *err);

#endif
