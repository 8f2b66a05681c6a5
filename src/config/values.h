/* Values: the text after "=" becomes a typed field, or a diagnostic with its cure.
 * A type is one const struct; rows of keys.def name it.
 * config/ and docgen.c call. */
#ifndef CONFIG_VALUES_H
#define CONFIG_VALUES_H

#include "config/diag.h"
#include "config/keys.h"
#include "model/target.h"
#include "util/str.h"

/* A value, or an item of a list, and where it stands. */
struct value {
	const char *text;
	size_t len;
	struct place at;           /* of the text */
	const struct key_row *row; /* NULL in tests of bare scalars */
	struct diags *d;
};

struct value_type {
	const char *name; /* as the manual calls it: "list of ports" */
	bool list;        /* may stand on several lines, which add up */
	bool free_text;   /* any text: full-width letters, " #" */
	/* One line's value into the field; for lists called once a line. -1: reported. */
	int (*parse)(const struct value *v, void *field);
	/* Once, after the last line: sorts, finds what does not fit together. NULL: nothing to do. */
	void (*finish)(const struct value *v, void *field);
	/* As it would be written; writes nothing for what has no written form (an empty list). List items are joined by ", ". */
	void (*print)(const void *field, struct str *out);
	/* Of a list that has a default: takes it away before the first line is read. NULL: the field is empty anyway. */
	void (*clear)(void *field);
	/* Where print writes something: the same in the other notation, as "20mbit = 2.50 MB/s". NULL: there is one notation. */
	void (*also)(const void *field, struct str *out);
};

/* Reports a fault at [offset, offset + width) of the value and returns -1. */
int value_error(const struct value *v, size_t offset, size_t width, const char *cure, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* A fault of the whole value: the message begins with the value in quotes. */
int value_bad(const struct value *v, const char *cure, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#ifdef __clang_analyzer__
/* It sees one file at a time and must be told. */
#define value_error(...) (value_error(__VA_ARGS__), -1)
#define value_bad(...) (value_bad(__VA_ARGS__), -1)
#endif

/* Faults that any value may have, but a free text: a comment behind it, a full-width character, a line too long for inih. */
int value_plain(const struct value *v);

/* Calls take() for each item of a comma list; empty items are reported. -1 if any call returned -1. */
int value_items(const struct value *v, int (*take)(const struct value *item, void *field), void *field);

/* Bytes [from, from + len) of a value, which must lie in it, as a value of its own. */
struct value value_part(const struct value *v, size_t from, size_t len);

bool value_is(const struct value *v, const char *word);
/* One of the words, the index; -1 reported with the nearest word. */
int value_word(const struct value *v, const char *const *words, size_t n);

/* Scalars of keys-and-commands.md section 2. Results only on 0. */
int value_rate(const struct value *v, uint64_t *ret_bps); /* bit/s, 8 kbit to 100 gbit */
int value_size(const struct value *v, uint64_t *ret_bytes);
int value_span(const struct value *v, uint64_t *ret_seconds);
int value_percent(const struct value *v, uint32_t *ret_percent); /* whole, 1 to 1000 */
int value_date(const struct value *v, struct civil_date *ret_date);
int value_time(const struct value *v, uint8_t *ret_hour, uint8_t *ret_minute);
int value_flag(const struct value *v, bool *ret);
/* A decimal number without unit, sign, leading zero or blank. */
int value_number(const struct value *v, uint64_t min, uint64_t max, uint64_t *ret);

/* What these read, so that it is read as the same number: in the largest unit that divides it, of the family it was written in. */
void value_put_rate(struct str *out, uint64_t bps);
void value_put_size(struct str *out, uint64_t bytes, bool binary);
void value_put_span(struct str *out, uint64_t seconds);
/* "20mbit = 2.50 MB/s" */
void value_put_rate_also(struct str *out, uint64_t bps);

extern const struct value_type type_flag, type_number, type_span, type_retention, type_path, type_node,
	type_remark,                                                          /* types.c */
	type_ports, type_protocols, type_prefixes, type_devices,              /* lists.c */
	type_billing, type_zone, type_cycle, type_reset_day, type_reset_time, /* cycle.c */
	type_limit, type_limit_in, type_limit_out, type_rate, type_limit_method, type_keep_open,
	type_expiry,                                              /* limits.c */
	type_quota, type_alerts, type_quota_action, type_members, /* quotas.c */
	type_target_type, type_language, type_groups, type_statement, type_tls, type_secret, type_url, type_secret_file,
	type_file, type_proxy, type_chat, type_room, type_address, type_addresses, type_login, type_command,
	type_routes; /* targets.c */

#endif
