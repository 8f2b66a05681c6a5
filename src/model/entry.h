/* What the INI declares, as total structs: config/ fills in every default, so that a deleted key is a change like any other.
 * Presence is a bit or a tagged value, never a magic zero.
 * All memory belongs to the arena of the configuration. Anybody may include. */
#ifndef MODEL_ENTRY_H
#define MODEL_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/vec.h"

#define ENTRY_NAME_MAX 32
#define DEVICE_NAME_MAX 15 /* IFNAMSIZ - 1 */

/* Forwarded and total are portflow's own, one of each (design.md section 3). A [quota NAME] is no entry that counts, but it has a name,
 * a cycle and figures like one: the sums of its members. The numbers are stored. */
enum entry_kind { ENTRY_PORT, ENTRY_ADDRESS, ENTRY_INTERFACE, ENTRY_FORWARDED, ENTRY_TOTAL, ENTRY_QUOTA, ENTRY_KINDS };
enum direction { DIR_IN, DIR_OUT, DIRS };

enum { PROTO_TCP = 1, PROTO_UDP = 2, PROTO_SCTP = 4 };

/* What a cycle's figure counts. BOTH = in + out, MAX = the larger total, RELAY = 2 x (in + out). */
enum billing { BILLING_OUT, BILLING_IN, BILLING_BOTH, BILLING_MAX, BILLING_RELAY };

enum cycle_unit { CYCLE_MONTH, CYCLE_WEEK, CYCLE_DAY, CYCLE_YEAR, CYCLE_SPAN, CYCLE_NEVER };

struct civil_date {
	int32_t year;
	uint8_t month, day; /* 1-12, 1-31 */
};

struct cycle_rule {
	enum cycle_unit unit;
	uint32_t span_days;     /* CYCLE_SPAN: its length, >= 1 */
	struct civil_date from; /* CYCLE_SPAN: the first day of one cycle */
	uint8_t reset_day;    /* CYCLE_MONTH, CYCLE_YEAR: 1-31, a short month's last day; CYCLE_WEEK: 1 = Monday .. 7 */
	uint8_t reset_month;  /* CYCLE_YEAR: 1-12 */
	uint8_t reset_hour;   /* 0-23, in `timezone` */
	const char *timezone; /* IANA name; "" = the machine's own (/etc/localtime) */
};

struct port_range {
	uint16_t lo, hi; /* inclusive, 1-65535 */
};

struct prefix {
	uint8_t family;   /* 4 or 6 */
	uint8_t len;      /* bits: 0-32, 0-128 */
	uint8_t addr[16]; /* network order, host bits zero, the rest zero */
};

/* The growing lists (util/vec.h) that more than one struct has. */
struct port_list {
	struct port_range *at;
	size_t n, cap;
};
struct prefix_list {
	struct prefix *at;
	size_t n, cap;
};
struct name_list {
	const char **at;
	size_t n, cap;
};

struct index_list {
	size_t *at;
	size_t n, cap;
};
struct percent_list {
	uint32_t *at; /* ascending, distinct */
	size_t n, cap;
};

/* A local port that no limit, block or expiry touches. */
struct open_port {
	uint8_t protocol; /* PROTO_TCP or PROTO_UDP */
	uint16_t port;
};

/* [portflow] keep_open: `automatic` adds 22 and what SSH servers listen on when apply runs. */
struct keep_open {
	bool automatic;
	VEC_OF(struct open_port) ports; /* ascending, distinct */
};

enum limit_method { METHOD_AUTO, METHOD_SHAPE, METHOD_POLICE };

/* A rate that may be absent. */
struct rate {
	bool present;
	uint64_t bps; /* bit/s */
};

/* What a used-up quota does. */
enum quota_action { ACTION_ALERT, ACTION_THROTTLE, ACTION_BLOCK };
struct quota_act {
	enum quota_action kind;
	uint64_t bps; /* ACTION_THROTTLE: bit/s of each direction */
};

struct quota_size {
	bool present;
	bool binary; /* written in KiB .. TiB: it and what is used of it are printed in that family */
	uint64_t bytes;
};

/* Burst protection; there is none where rate is absent. */
struct burst {
	struct rate rate;  /* average of the busier direction over the window that is too much */
	struct rate limit; /* of each direction while held; present when rate is */
	uint64_t window_s, hold_s;
};

/* `expires`: works through that day, or to that minute of it. In the entry's zone. */
struct expiry {
	bool present;
	bool timed; /* hour and minute are given */
	struct civil_date date;
	uint8_t hour, minute;
};

/* Of messages. */
enum language { LANG_EN, LANG_ZH, LANGUAGES };

/* Where in the user's files something stands. */
struct location {
	const char *file;   /* NULL: a default, no place */
	uint32_t line, col; /* from 1; 0 = unknown */
};

/* `notify = ops, mail:a@example.com` */
struct route {
	const char *target;
	const char *recipient; /* "": the target's own */
	struct location where;
};
struct route_list {
	struct route *at;
	size_t n, cap;
};

struct entry {
	enum entry_kind kind;
	const char *name;
	const char *remark; /* valid UTF-8, "" if none */
	struct location where;
	struct port_list ports;       /* sorted, merged; empty in ENTRY_ADDRESS = all IP protocols */
	uint8_t protocols;            /* PROTO_ bits; 0 when ports is empty */
	struct prefix_list addresses; /* ENTRY_ADDRESS only; sorted by family, addr, len */
	struct name_list devices;     /* ENTRY_INTERFACE only; empty = [portflow] interface */
	enum billing billing;
	uint32_t link_overhead; /* the machine's */
	struct cycle_rule cycle;
	struct rate limit[DIRS];
	struct quota_size quota;
	struct percent_list quota_alerts;
	struct quota_act quota_action;
	struct expiry expires;
	struct burst burst;
	struct name_list members;    /* ENTRY_QUOTA: the entries that share it, as written */
	struct index_list member_at; /* the same as indexes into config->entries */
	struct route_list notify;
};

struct retention {
	bool forever;
	uint64_t seconds;
};

struct settings {
	struct location where;
	struct name_list devices; /* [portflow] interface; empty = auto */
	const char *database;
	bool auto_apply;
	struct prefix_list own;
	const char *node;        /* NULL: take the database's, or the host name at first use */
	const char *timezone;    /* IANA name; "" = the machine's own */
	enum billing billing;    /* of entries that do not say it, of forwarded and of total */
	struct cycle_rule cycle; /* the same */
	uint32_t link_overhead;  /* bytes a packet */
	struct retention keep_minutes, keep_hours, keep_days;
	struct percent_list quota_alerts; /* of entries and quotas that do not say it */
	enum limit_method limit_method;
	bool takeover; /* replace a root qdisc that somebody else configured */
	struct keep_open keep_open;
	enum language language;
	struct route_list notify; /* of what does not say it, and of the machine's own events */
};

struct target; /* target.h */
struct config {
	struct settings settings;
	VEC_OF(struct entry) entries; /* what counts, in the order of the files */
	VEC_OF(struct entry) quotas;  /* ENTRY_QUOTA, in the order of the files */
	VEC_OF(struct target) targets;
};

#endif
