/* An event as people are told of it: what happened to whom, in numbers, so that it can be said in any language and any service's form.
 * The outbox keeps it beside the event: delivery needs neither the configuration of then nor the kernel.
 * Pure. model/, view/, notify/, store/ and run/ include. */
#ifndef MODEL_NOTICE_H
#define MODEL_NOTICE_H

#include "model/entry.h"
#include "util/arena.h"
#include "util/str.h"

/* What a target may choose by `events`, as bits. */
enum notice_group {
	NOTICE_QUOTA = 1,
	NOTICE_BURST = 2,
	NOTICE_EXPIRY = 4,
	NOTICE_CYCLE = 8,
	NOTICE_HEALTH = 16, /* the machine's own: only to the targets of [portflow] */
	NOTICE_ALL = 31
};

/* The kind of a statement. Its subject names the period ("2026-11"), its text the entries that it is about, each as ID and a blank; its remark
 * the names of those that nobody hears of, for the operator. */
#define NOTICE_STATEMENT "statement"

/* Texts are never NULL. What a kind has no number for is 0. */
struct notice {
	const char *kind; /* the event's word: "quota_blocked" */
	const char *text; /* the event's English sentence */
	uint64_t time;    /* Unix seconds */

	const char *subject; /* NAME; "" the machine itself */
	const char *section; /* "port", "address", "interface", "quota", "" */
	const char *covers;  /* "80,443" */
	const char *remark;
	const char *zone; /* of the moments below; "" the machine's own */

	uint64_t used, limit; /* bytes of the running cycle; limit 0: no quota */
	uint64_t binary;      /* 1: the quota was written in KiB .. TiB */
	uint64_t percent;     /* that was passed: quota_threshold */
	uint64_t rate;        /* bit/s: a throttle's, or a hold's limit */
	uint64_t rate_in;     /* bit/s: what passed since the sample before */
	uint64_t rate_out;    /* bit/s */
	uint64_t average;     /* bit/s: of a burst */
	uint64_t most;        /* bit/s: what a burst passed */
	uint64_t window;      /* seconds of the average */
	uint64_t total;       /* bytes of a closed cycle */
	uint64_t from, until; /* Unix seconds: a closed cycle, the end of a hold, the moment of an expiry */
	uint64_t resets;      /* Unix seconds: end of the running cycle; 0 never */
	uint64_t minutes;     /* uncounted */
	uint64_t count;       /* of things mended or lost */
};

/* Of the machine itself, with nothing to add: no text is NULL. */
#define NOTICE_PLAIN .subject = "", .section = "", .covers = "", .remark = ""

/* The group of an event's word; what is no subject's is health. */
enum notice_group notice_group(const char *kind);
/* "quota", "burst", "expiry", "cycle", "health": the i-th; NULL behind the last. */
const char *notice_group_word(size_t i);

/* "en", "zh": the i-th; NULL behind the last. */
const char *language_word(size_t i);

/* As bytes for the outbox, and back. False: damaged; a field that this version does not know is passed over. */
void notice_put(const struct notice *n, struct str *out);
bool notice_get(struct arena *a, const void *bytes, size_t len, struct notice *ret_notice);

#endif
