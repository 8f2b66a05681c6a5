/* Rules for one entry: see check.h. What two entries may not do together is in overlap.c.
 * A limit of the kernel or of the database stands behind each of them; the message says which.
 * config/ calls. */
#include "config/check.h"

#include <string.h>

#include "model/calendar.h"

#define KEYS_MAX 65536    /* addresses x ports of one entry: each is an element of a kernel map */
#define ADDRESSES_MAX 256 /* of one prefix with ports */

struct place check_key_place(const struct ini_section *s, const char *key)
{
	for (const struct ini_key *k = s->keys; k; k = k->next)
		if (strcmp(k->name, key) == 0)
			return k->value_at;
	return s->at;
}

/* How many addresses a prefix holds, at most 2^32. */
static uint64_t addresses_of(const struct prefix *p)
{
	unsigned bits = (p->family == 4 ? 32U : 128U) - p->len;

	return UINT64_C(1) << (bits < 32 ? bits : 32);
}

static uint64_t ports_of(const struct entry *e)
{
	uint64_t n = 0;

	for (size_t i = 0; i < e->ports.n; i++)
		n += (uint64_t)(e->ports.at[i].hi - e->ports.at[i].lo) + 1;
	return n;
}

static void check_address(const struct entry *e, const struct written *w, struct diags *d)
{
	struct place at = check_key_place(w->section, "addresses");
	uint64_t addresses = 0, keys;

	if (!e->ports.n) {
		at = check_key_place(w->section, "protocols");
		if (e->protocols)
			diag_error(d, &at, "add \"ports\", or delete the line: without ports everything IP counts",
				"\"protocols\" without \"ports\"");
		return;
	}
	for (size_t i = 0; i < e->addresses.n; i++) {
		uint64_t n = addresses_of(&e->addresses.at[i]);

		addresses += n;
		if (n <= ADDRESSES_MAX)
			continue;
		diag_error(d, &at, "take a smaller prefix, or delete \"ports\"",
			"a prefix of more than %d addresses beside \"ports\"", ADDRESSES_MAX);
		return;
	}
	keys = addresses * ports_of(e);
	if (keys > KEYS_MAX)
		diag_error(d, &at, "take fewer ports or addresses, or split the entry",
			"%llu addresses x %llu ports: more than %d pairs in one entry", (unsigned long long)addresses,
			(unsigned long long)ports_of(e), KEYS_MAX);
}

/* Hours are kept in the zone of [portflow]; a cycle of another zone can be cut out of them only if its hours are the same. Months
 * of a few years show any difference that DST makes. */
static void check_zone(const struct entry *e, const struct written *w, const struct settings *settings, struct diags *d)
{
	const char *zone = e->cycle.timezone;
	struct place at = check_key_place(w->section, "timezone");

	if (strcmp(zone, settings->timezone) == 0)
		return;
	for (int year = 2025; year <= 2028; year++)
		for (uint8_t month = 1; month <= 12; month++) {
			int64_t t = calendar_days((struct civil_date){ .year = year, .month = month, .day = 15 }) *
				86400;
			int32_t difference = calendar_local(zone, t).offset_s -
				calendar_local(settings->timezone, t).offset_s;

			if (difference % 3600 == 0)
				continue;
			diag_error(d, &at, "take a zone that differs by whole hours",
				"%s and the zone of [portflow] differ by a part of an hour", zone);
			return;
		}
}

static const struct ini_key *find_key(const struct ini_section *s, const char *key)
{
	for (const struct ini_key *k = s->keys; k; k = k->next)
		if (strcmp(k->name, key) == 0)
			return k;
	return NULL;
}

static void check_limits(const struct written *w, struct diags *d)
{
	static const char *const single[] = { "limit_in", "limit_out" };

	for (size_t i = 0; i < sizeof single / sizeof *single; i++) {
		const struct ini_key *k = find_key(w->section, single[i]);

		if (k && find_key(w->section, "limit"))
			diag_error(d, &k->name_at, "keep \"limit\" for both directions, or the other two",
				"\"%s\" beside \"limit\", which is for each direction", k->name);
	}
}

/* The average is taken from single samples: what is gone from the database cannot be in it. A hold that lets more pass than what began it
 * ends nothing. */
static void check_burst(
	const struct entry *e, const struct written *w, const struct settings *settings, struct diags *d)
{
	const struct retention *kept = &settings->keep_minutes;
	struct place at = check_key_place(w->section, "burst_window");

	if (e->burst.rate.present && !kept->forever && e->burst.window_s > kept->seconds)
		diag_error(d, &at, "raise \"keep_minutes\" in [portflow], or take a shorter window",
			"the window is longer than samples are kept");
	if (e->burst.rate.present && e->burst.limit.bps > e->burst.rate.bps) {
		at = check_key_place(w->section, "burst_limit");
		diag_warning(d, &at, "take no more than \"burst_rate\"",
			"while held the entry may go on above the average that is too much");
	}
}

void check_entry(const struct entry *e, const struct written *w, const struct settings *settings, struct diags *d)
{
	check_limits(w, d);
	check_burst(e, w, settings, d);
	if (e->kind == ENTRY_ADDRESS)
		check_address(e, w, d);
	check_zone(e, w, settings, d);
}
