/* Rules between entries: no packet may be counted by two entries of one kind. See check.h.
 * Ports are boxes (protocol, first, last), swept in the order of their first port: 60,000 of them cost a sort. Addresses form
 * trees of prefixes; at each prefix the boxes of it and of those around it are swept.
 * config/ calls. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "util/hash.h"

struct box {
	uint32_t proto, lo, hi; /* proto: bit number; lo..hi 0..65535 for an entry without ports */
	uint32_t entry;
};
struct boxes {
	VEC_OF(struct box) list;
};

/* Two entries and a port that both count; of the pairs of two entries the lowest port is told. */
struct conflict {
	uint32_t entry, other; /* other < entry: the later one in the files is where it is told */
	uint32_t proto, port;
	const struct prefix *prefix; /* NULL in [port] */
};
struct conflicts {
	VEC_OF(struct conflict) list;
};

struct checker {
	const struct config *c;
	const struct written *written;
	struct diags *d;
	struct arena *scratch;
	struct conflicts found;
};

static const char *const protocol_names[] = { "tcp", "udp", "sctp" };

static int by_box(const void *pa, const void *pb)
{
	const struct box *a = pa, *b = pb;

	if (a->proto != b->proto)
		return a->proto < b->proto ? -1 : 1;
	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	return (a->entry > b->entry) - (a->entry < b->entry);
}

static void add_box(struct checker *k, struct boxes *boxes, struct box box)
{
	struct box *added = vec_push(k->scratch, &boxes->list);

	*added = box;
}

static void add_boxes(struct checker *k, struct boxes *boxes, uint32_t entry)
{
	const struct entry *e = &k->c->entries.at[entry];

	for (uint32_t proto = 0; proto < 3; proto++) {
		if (e->ports.n && !(e->protocols & 1U << proto))
			continue;
		for (size_t i = 0; i < e->ports.n; i++)
			add_box(k, boxes, (struct box){ proto, e->ports.at[i].lo, e->ports.at[i].hi, entry });
		if (!e->ports.n)
			add_box(k, boxes, (struct box){ proto, 0, 65535, entry });
	}
}

/* Each box is compared with the one that reaches furthest among those before it: every box that overlaps another is found,
 * though not with all of its partners. */
static void sweep(struct checker *k, struct boxes *boxes, const struct prefix *prefix)
{
	const struct box *far = NULL;

	if (boxes->list.n < 2)
		return;
	qsort(boxes->list.at, boxes->list.n, sizeof *boxes->list.at, by_box);
	for (size_t i = 0; i < boxes->list.n; i++) {
		const struct box *b = &boxes->list.at[i];

		if (far && far->proto == b->proto && b->lo <= far->hi && b->entry != far->entry) {
			struct conflict *x = vec_push(k->scratch, &k->found.list);

			x->entry = b->entry > far->entry ? b->entry : far->entry;
			x->other = b->entry < far->entry ? b->entry : far->entry;
			x->proto = b->proto;
			x->port = b->lo;
			x->prefix = prefix;
		}
		if (!far || far->proto != b->proto || b->hi >= far->hi)
			far = b;
	}
}

static void find_in_ports(struct checker *k)
{
	struct boxes boxes = { 0 };

	for (uint32_t i = 0; i < k->c->entries.n; i++)
		if (k->c->entries.at[i].kind == ENTRY_PORT && !k->written[i].broken)
			add_boxes(k, &boxes, i);
	sweep(k, &boxes, NULL);
}

/* -- addresses ------------------------------------------------------------------------------------------------------- */

struct leaf {
	const struct prefix *prefix;
	uint32_t entry;
};
struct leaves {
	VEC_OF(struct leaf) list;
};

static int by_prefix(const void *pa, const void *pb)
{
	const struct leaf *a = pa, *b = pb;
	int order = a->prefix->family - b->prefix->family;

	if (!order)
		order = memcmp(a->prefix->addr, b->prefix->addr, sizeof a->prefix->addr);
	if (!order)
		order = a->prefix->len - b->prefix->len;
	return order ? order : (a->entry > b->entry) - (a->entry < b->entry);
}

static bool inside(const struct prefix *outer, const struct prefix *inner)
{
	unsigned whole = outer->len / 8, rest = outer->len % 8;

	if (outer->family != inner->family || outer->len > inner->len || memcmp(outer->addr, inner->addr, whole) != 0)
		return false;
	return !rest || !((outer->addr[whole] ^ inner->addr[whole]) >> (8 - rest));
}

static void find_in_addresses(struct checker *k)
{
	struct leaves leaves = { 0 };
	size_t *around; /* a stack: leaves whose prefix holds the present one */
	size_t depth = 0;

	for (uint32_t i = 0; i < k->c->entries.n; i++) {
		const struct entry *e = &k->c->entries.at[i];

		for (size_t j = 0; e->kind == ENTRY_ADDRESS && !k->written[i].broken && j < e->addresses.n; j++) {
			struct leaf *l = vec_push(k->scratch, &leaves.list);

			l->prefix = &e->addresses.at[j];
			l->entry = i;
		}
	}
	if (leaves.list.n < 2)
		return;
	qsort(leaves.list.at, leaves.list.n, sizeof *leaves.list.at, by_prefix);
	around = arena_array(k->scratch, leaves.list.n, sizeof *around);
	for (size_t i = 0; i < leaves.list.n; i++) {
		const struct leaf *l = &leaves.list.at[i], *next = l + 1;
		struct boxes boxes = { 0 };

		while (depth && !inside(leaves.list.at[around[depth - 1]].prefix, l->prefix))
			depth--;
		around[depth++] = i;
		/* Equal prefixes stand in a row: the last of them sees all. */
		if (depth < 2 || (i + 1 < leaves.list.n && inside(next->prefix, l->prefix)))
			continue;
		for (size_t j = 0; j < depth; j++)
			add_boxes(k, &boxes, leaves.list.at[around[j]].entry);
		sweep(k, &boxes, l->prefix);
	}
}

/* -- telling --------------------------------------------------------------------------------------------------------- */

static int by_pair(const void *pa, const void *pb)
{
	const struct conflict *a = pa, *b = pb;

	if (a->entry != b->entry)
		return a->entry < b->entry ? -1 : 1;
	if (a->other != b->other)
		return a->other < b->other ? -1 : 1;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return (a->proto > b->proto) - (a->proto < b->proto);
}

static uint32_t ports_of(const struct entry *e)
{
	uint32_t n = 0;

	for (size_t i = 0; i < e->ports.n; i++)
		n += (uint32_t)(e->ports.at[i].hi - e->ports.at[i].lo) + 1;
	return n;
}

static void put_range(struct str *out, uint32_t lo, uint32_t hi)
{
	if (lo > hi)
		return;
	str_puts(out, out->len ? ", " : "");
	str_putf(out, lo == hi ? "%u" : "%u-%u", lo, hi);
}

/* The ports of e without those of `less`. */
static void put_difference(struct str *out, const struct entry *e, const struct entry *less)
{
	for (size_t i = 0; i < e->ports.n; i++) {
		uint32_t lo = e->ports.at[i].lo, hi = e->ports.at[i].hi;

		for (size_t j = 0; j < less->ports.n && lo <= hi; j++) {
			if (less->ports.at[j].hi < lo || less->ports.at[j].lo > hi)
				continue;
			if (less->ports.at[j].lo > lo)
				put_range(out, lo, less->ports.at[j].lo - 1U);
			lo = less->ports.at[j].hi + 1U;
		}
		put_range(out, lo, hi);
	}
}

/* The wider one gives way: its ports without the other's. */
static const char *split(struct checker *k, const struct entry *a, const struct entry *b, const char *kind)
{
	const struct entry *wide = ports_of(a) > ports_of(b) ? a : b, *narrow = wide == a ? b : a;
	cleanup_str struct str text = STR_CEILING((size_t)1 << 20);

	put_difference(&text, wide, narrow);
	if (!text.len)
		return "delete it from one of them";
	if (text.len > 120)
		return arena_printf(k->d->arena, "take it out of [%s %s]", kind, wide->name);
	return arena_printf(k->d->arena, "in [%s %s] write \"ports = %s\"", kind, wide->name, text.p);
}

static bool port_in(const char *item, uint32_t port)
{
	char *end;
	unsigned long lo = strtoul(item, &end, 10), hi = lo;

	while (*end == ' ' || *end == '\t')
		end++;
	if (*end == '-')
		hi = strtoul(end + 1, NULL, 10);
	return lo <= port && port <= hi;
}

struct place check_port_place(const struct ini_section *s, uint32_t port)
{
	for (const struct ini_key *k = s->keys; k; k = k->next) {
		const char *p = k->value;

		if (strcmp(k->name, "ports") != 0)
			continue;
		while (*p) {
			p += strspn(p, " \t");
			if (port_in(p, port))
				return place_inside(&k->value_at, (size_t)(p - k->value), strcspn(p, ","));
			p += strcspn(p, ",");
			p += *p == ',';
		}
	}
	return check_key_place(s, "ports");
}

static void tell(struct checker *k, const struct conflict *x)
{
	const struct entry *e = &k->c->entries.at[x->entry], *other = &k->c->entries.at[x->other];
	const struct ini_section *s = k->written[x->entry].section;
	const char *kind = x->prefix ? "address" : "port", *cure;
	struct place at;

	if (!e->ports.n || !other->ports.n) {
		at = check_key_place(s, "addresses");
		diag_error(k->d, &at,
			other->ports.n || e->ports.n ? "without \"ports\" an entry counts every port"
						     : "delete it from one of them",
			"[address %s] in %s:%u counts the same address", other->name, other->where.file,
			other->where.line);
		return;
	}
	at = check_port_place(s, x->port);
	cure = split(k, e, other, kind);
	diag_error(k->d, &at, cure, "[%s %s] in %s:%u counts %s port %u%s too", kind, other->name, other->where.file,
		other->where.line, protocol_names[x->proto], x->port, x->prefix ? " of the same address" : "");
}

static void tell_all(struct checker *k)
{
	const struct conflict *last = NULL;

	if (!k->found.list.n)
		return;
	qsort(k->found.list.at, k->found.list.n, sizeof *k->found.list.at, by_pair);
	for (size_t i = 0; i < k->found.list.n; i++) {
		const struct conflict *x = &k->found.list.at[i];

		if (last && last->entry == x->entry && last->other == x->other)
			continue;
		tell(k, x);
		last = x;
	}
}

/* -- devices --------------------------------------------------------------------------------------------------------- */

static void take_device(struct checker *k, struct hash_map *seen, const char *device, uint32_t entry)
{
	struct place at = check_key_place(k->written[entry].section, "interface");
	const struct entry *other;
	bool chosen = strcmp(device, "auto") == 0;

	if (hash_map_add(seen, device, entry))
		return;
	other = &k->c->entries.at[*hash_map_get(seen, device)];
	diag_error(k->d, &at, "give each its own devices",
		chosen ? "[interface %s] in %s:%u counts the devices of [portflow] too"
		       : "[interface %s] in %s:%u counts %s too",
		other->name, other->where.file, other->where.line, device);
}

static void check_devices(struct checker *k)
{
	static const char *const automatic[] = { "auto" };
	struct hash_map seen;

	hash_map_init(&seen, k->scratch, 16);
	for (uint32_t i = 0; i < k->c->entries.n; i++) {
		const struct entry *e = &k->c->entries.at[i];
		const struct name_list *devices = e->devices.n ? &e->devices : &k->c->settings.devices;

		if (e->kind != ENTRY_INTERFACE || k->written[i].broken)
			continue;
		for (size_t j = 0; j < devices->n; j++)
			take_device(k, &seen, devices->at[j], i);
		if (!devices->n)
			take_device(k, &seen, automatic[0], i);
	}
}

void check_overlaps(const struct config *c, const struct written *written, struct arena *scratch, struct diags *d)
{
	struct checker k = { .c = c, .written = written, .d = d, .scratch = scratch };

	find_in_ports(&k);
	find_in_addresses(&k);
	tell_all(&k);
	check_devices(&k);
}
