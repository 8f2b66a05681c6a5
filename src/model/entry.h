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

/* Kinds the user declares come first; the last two are portflow's own, one of each (design.md section 3). */
enum entry_kind { ENTRY_PORT, ENTRY_ADDRESS, ENTRY_INTERFACE, ENTRY_FORWARDED, ENTRY_TOTAL, ENTRY_KINDS };
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

/* Where in the user's files something stands. */
struct location {
	const char *file;   /* NULL: a default, no place */
	uint32_t line, col; /* from 1; 0 = unknown */
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
	struct cycle_rule cycle;
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
};

struct config {
	struct settings settings;
	VEC_OF(struct entry) entries; /* in the order of the files */
};

#endif
