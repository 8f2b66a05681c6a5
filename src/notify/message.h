/* What one recipient is told in one go, before it takes any service's form: a title, and an item for each event.
 * Services differ in how bold is written, what must be escaped and how much they take; that is a struct markup, and the rest is here.
 * Pure. notify/ and run/ include. */
#ifndef NOTIFY_MESSAGE_H
#define NOTIFY_MESSAGE_H

#include "util/vec.h"
#include "view/i18n.h"

/* Figures by day, in a statement. */
struct message_day {
	const char *label; /* "2026-11-25" */
	int64_t start;     /* Unix seconds; of the part that is meant */
	uint64_t bytes[DIRS];
};
struct message_days {
	struct message_day *at; /* ascending; days without traffic are left out */
	size_t n, cap;
};

/* One line, and a bar in front of it. */
struct message_line {
	const char *text;
	uint32_t permille; /* of the bar, at most 1000 */
	bool bar;
};

struct message_item {
	const char *head; /* "web: quota used up: blocked" */
	VEC_OF(struct message_line) lines;
	const struct notice *notice; /* NULL: not of an event */
	bool list;                   /* its line is one, with commas: it may be shown in part */
	struct message_days days;    /* empty: no table */
};

struct message {
	enum language language;
	const char *node;
	const char *title; /* one line */
	VEC_OF(struct message_item) items;
	const char *csv; /* the same figures, for an attachment; NULL: none */
	bool statement;  /* what is left out is in the history, not among the events */
	bool cut;        /* something is left out already: say so */
};

/* Notices in the order of their time; they must outlive the message. */
void message_of(struct arena *a, enum language l, const char *node, const struct notice *const *notices, size_t n,
	struct message *ret_message);

/* What `notify test` sends. */
void message_test(struct arena *a, enum language l, const char *node, struct message *ret_message);

/* Addresses and ports may be thousands: the first of them, "and 140 more". */
const char *message_covers(struct arena *a, enum language l, const char *covers);

/* For who composes one: a line more, one with a bar; "in 1.20 GB, out 3.40 GB", "rate: in 1.20 Mbit/s, out 0 bit/s". */
void message_line(struct arena *a, struct message_item *item, const char *line);
void message_bar(struct arena *a, struct message_item *item, uint64_t permille, const char *line);
const char *message_moved(struct arena *a, enum language l, const uint64_t bytes[DIRS]);
const char *message_rate(struct arena *a, enum language l, const uint64_t bps[DIRS]);

struct markup {
	const char *bold, *bold_end;
	void (*put)(struct str *out, const char *text, size_t len); /* escapes */
	/* What is written, as the service counts it: the sum of its parts. */
	size_t (*size)(const char *written, size_t len);
	size_t most; /* that it takes; 0: no end. Items that do not fit are left out whole, and it is said; the first one, and a list, are shortened */
	bool title;  /* first line */
};
#define MESSAGE_LONGEST 300000           /* units, where a service sets no end: less than 1 MB */
extern const struct markup markup_plain; /* no bold, only cleaned */

/* "and more: portflow report" */
const char *message_more(const struct message *m);

void message_put(const struct message *m, const struct markup *how, struct str *out);

/* UTF-16 units, which is what Telegram and Discord count; of UTF-8 and as JSON at most three bytes each. */
size_t message_units(const char *text, size_t len);
size_t message_bytes(const char *text, size_t len);

#endif
