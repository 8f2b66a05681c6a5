/* Values: the lists of a section: ports, protocols, addresses, devices. See values.h.
 * Items are kept sorted (devices: as written), so that two spellings of one thing are one configuration.
 * config/ and docgen.c call. */
#include "config/values.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/nearest.h"

static void comma(struct str *out, size_t i)
{
	if (i)
		str_puts(out, ", ");
}

/* -- ports ----------------------------------------------------------------------------------------------------------- */

/* Digits at p up to `end`; false: not a port number. Sets *ret to 65536 for what is too large. */
static bool port_number(const char *p, const char *end, uint32_t *ret)
{
	uint32_t n = 0;

	if (p == end)
		return false;
	for (; p < end; p++) {
		if (*p < '0' || *p > '9')
			return false;
		n = n * 10 + (uint32_t)(*p - '0');
		if (n > 65536)
			n = 65536;
	}
	*ret = n;
	return true;
}

static int not_a_port(const struct value *v)
{
	static const char *const everything[] = { "all", "any", "*" };
	const char *text = v->text, *at;
	uint32_t n;

	for (size_t i = 0; i < sizeof everything / sizeof *everything; i++)
		if (strcmp(text, everything[i]) == 0)
			return value_bad(v, "write 1-65535", "ports are numbers");
	at = strpbrk(text, "/:");
	if (at && *at == ':' && port_number(text, at, &n))
		return value_bad(v, arena_printf(v->d->arena, "write %.*s-%s", (int)(at - text), text, at + 1),
			"a range has a \"-\"");
	if (at && *at == '/' && port_number(text, at, &n))
		return value_bad(v,
			arena_printf(v->d->arena, "write %.*s here and \"protocols = %s\" in a line of its own",
				(int)(at - text), text, at + 1),
			"the protocol has its own key");
	if (strpbrk(text, " \t;"))
		return value_bad(v, "write commas between ports, as 80, 443", "ports are separated by commas");
	return value_bad(v, "as 443 or 8000-8100", "ports are numbers");
}

static int take_port(const struct value *v, void *field)
{
	struct port_list *list = field;
	const char *end = v->text + v->len, *dash = memchr(v->text, '-', v->len);
	const char *low_end = dash ? dash : end, *high = dash ? dash + 1 : v->text;
	struct port_range *range;
	uint32_t lo, hi;

	while (low_end > v->text && low_end[-1] == ' ')
		low_end--;
	while (high < end && *high == ' ')
		high++;
	if (!port_number(v->text, low_end, &lo) || !port_number(high, end, &hi))
		return not_a_port(v);
	if (!lo || !hi || lo > 65535 || hi > 65535)
		return value_bad(v, NULL, "a port is from 1 to 65535");
	if ((v->text[0] == '0') || *high == '0')
		return value_bad(v, arena_printf(v->d->arena, dash ? "write %u-%u" : "write %u", lo, hi),
			"a number does not begin with 0");
	if (lo > hi)
		return value_bad(
			v, arena_printf(v->d->arena, "write %u-%u", hi, lo), "the range ends before it begins");
	range = vec_push(v->d->arena, list);
	*range = (struct port_range){ .lo = (uint16_t)lo, .hi = (uint16_t)hi };
	return 0;
}

static int parse_ports(const struct value *v, void *field)
{
	return value_items(v, take_port, field);
}

static int by_port(const void *pa, const void *pb)
{
	const struct port_range *a = pa, *b = pb;

	return a->lo != b->lo ? (a->lo < b->lo ? -1 : 1) : (a->hi > b->hi) - (a->hi < b->hi);
}

/* Sorted, and ranges that overlap or touch are one: 80, 81-90 is 80-90. */
static void finish_ports(const struct value *v, void *field)
{
	struct port_list *list = field;
	size_t n = 0;
	bool twice = false;

	if (!list->n)
		return;
	qsort(list->at, list->n, sizeof *list->at, by_port);
	for (size_t i = 1; i < list->n; i++) {
		if (list->at[i].lo <= list->at[n].hi && !twice) {
			twice = true;
			diag_warning(v->d, &v->at, "it counts once", "port %u is in the list twice", list->at[i].lo);
		}
		if (list->at[i].lo > list->at[n].hi + 1)
			list->at[++n] = list->at[i];
		else if (list->at[i].hi > list->at[n].hi)
			list->at[n].hi = list->at[i].hi;
	}
	list->n = n + 1;
}

static void print_ports(const void *field, struct str *out)
{
	const struct port_list *list = field;

	for (size_t i = 0; i < list->n; i++) {
		comma(out, i);
		str_putf(out, list->at[i].lo == list->at[i].hi ? "%u" : "%u-%u", list->at[i].lo, list->at[i].hi);
	}
}

const struct value_type type_ports = {
	.name = "list of ports and ranges",
	.list = true,
	.parse = parse_ports,
	.finish = finish_ports,
	.print = print_ports,
};

/* -- protocols ------------------------------------------------------------------------------------------------------- */

static const char *const protocol_names[] = { "tcp", "udp", "sctp" };
#define PROTOCOLS (sizeof protocol_names / sizeof *protocol_names)

static int take_protocol(const struct value *v, void *field)
{
	static const char *const later[] = { "dccp", "udplite" };
	static const char *const both[] = { "all", "any", "both", "tcp/udp", "tcp+udp", "tcpudp", "tcp udp" };
	uint8_t *bits = field;
	int i;

	for (size_t k = 0; k < sizeof later / sizeof *later; k++)
		if (value_is(v, later[k]))
			return value_bad(v, "delete it", "planned: not in this version yet");
	for (size_t k = 0; k < sizeof both / sizeof *both; k++)
		if (value_is(v, both[k]))
			return value_bad(v, "write tcp, udp", "protocols are named one by one");
	if (strncmp(v->text, "icmp", 4) == 0)
		return value_bad(v, "an [address NAME] without ports counts it", "%s has no ports", v->text);
	i = value_word(v, protocol_names, PROTOCOLS);
	if (i < 0)
		return -1;
	*bits = (uint8_t)(*bits | 1U << i);
	return 0;
}

static int parse_protocols(const struct value *v, void *field)
{
	return value_items(v, take_protocol, field);
}

static void print_protocols(const void *field, struct str *out)
{
	const uint8_t bits = *(const uint8_t *)field;
	size_t n = 0;

	for (size_t i = 0; i < PROTOCOLS; i++) {
		if (!(bits & 1U << i))
			continue;
		comma(out, n++);
		str_puts(out, protocol_names[i]);
	}
}

const struct value_type type_protocols = {
	.name = "list of tcp, udp, sctp",
	.list = true,
	.parse = parse_protocols,
	.print = print_protocols,
};

/* -- addresses and prefixes ------------------------------------------------------------------------------------------ */

static void print_prefix(const struct prefix *p, struct str *out)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(p->family == 4 ? AF_INET : AF_INET6, p->addr, text, sizeof text);
	str_puts(out, text);
	if (p->len != (p->family == 4 ? 32 : 128))
		str_putf(out, "/%u", p->len);
}

static const char *prefix_text(const struct value *v, const struct prefix *p)
{
	struct str s = STR_CEILING(64);
	const char *text;

	print_prefix(p, &s);
	text = arena_strdup(v->d->arena, s.p ? s.p : "");
	str_free(&s);
	return text;
}

static int not_an_address(const struct value *v)
{
	const char *text = v->text, *colon = strchr(text, ':');
	struct in_addr v4;
	char host[INET_ADDRSTRLEN];

	if (strchr(text, '%'))
		return value_bad(v, "delete the \"%\" and what is behind it", "an address has no device here");
	if (text[0] == '[')
		return value_bad(
			v, "delete the brackets; ports have their own key", "an address stands without brackets");
	if (colon && !strchr(colon + 1, ':') && (size_t)(colon - text) < sizeof host) {
		memcpy(host, text, (size_t)(colon - text));
		host[colon - text] = '\0';
		if (inet_pton(AF_INET, host, &v4) == 1)
			return value_bad(v,
				arena_printf(v->d->arena, "write %s here and \"ports = %s\"", host, colon + 1),
				"ports have their own key");
	}
	if (strchr(text, '-') && !strpbrk(text, "ghijklmnopqrstuvwxyz"))
		return value_bad(v, "write a prefix, as 192.0.2.0/28", "a range of addresses");
	if (strpbrk(text, " \t"))
		return value_bad(v, "write commas between addresses", "addresses are separated by commas");
	return value_bad(v, "as 192.0.2.5, 192.0.2.0/28, 2001:db8::/64", "it is no address and no prefix");
}

static void mask(struct prefix *p)
{
	for (unsigned bit = p->len; bit < sizeof p->addr * 8; bit++)
		p->addr[bit / 8] = (uint8_t)(p->addr[bit / 8] & ~(0x80U >> bit % 8));
}

static bool starts(const struct prefix *p, uint8_t family, const uint8_t *bytes, size_t n)
{
	return p->family == family && memcmp(p->addr, bytes, n) == 0;
}

/* Addresses that no packet of ours can have on a watched device. */
static int unusable(const struct value *v, const struct prefix *p)
{
	static const uint8_t zero[16], loop6[16] = { [15] = 1 }, mapped[12] = { [10] = 0xff, [11] = 0xff },
				       loop4[1] = { 127 };

	if (starts(p, 6, mapped, sizeof mapped))
		return value_bad(v,
			arena_printf(
				v->d->arena, "write %u.%u.%u.%u", p->addr[12], p->addr[13], p->addr[14], p->addr[15]),
			"an IPv4 address is written as such");
	if (!p->len)
		return value_bad(
			v, "all that a device carries is counted by an [interface NAME]", "it holds every address");
	if (starts(p, p->family, zero, sizeof zero))
		return value_bad(v, "write the machine's addresses, as `ip address` shows them",
			"no packet carries this address");
	if (starts(p, 4, loop4, 1) || starts(p, 6, loop6, 16))
		return value_bad(v, "delete it", "loopback does not count");
	return 0;
}

static int take_prefix(const struct value *v, void *field)
{
	struct prefix_list *list = field;
	struct prefix p = { 0 }, whole, *added;
	const char *slash = memchr(v->text, '/', v->len);
	char host[INET6_ADDRSTRLEN + 1];
	size_t len = slash ? (size_t)(slash - v->text) : v->len;
	uint32_t bits = 0;

	if (len >= sizeof host)
		return not_an_address(v);
	memcpy(host, v->text, len);
	host[len] = '\0';
	if (inet_pton(AF_INET, host, p.addr) == 1)
		p.family = 4;
	else if (inet_pton(AF_INET6, host, p.addr) == 1)
		p.family = 6;
	else
		return not_an_address(v);
	p.len = p.family == 4 ? 32 : 128;
	if (slash && (!port_number(slash + 1, v->text + v->len, &bits) || bits > p.len))
		return value_error(v, len, v->len - len, p.family == 4 ? "as /24" : "as /64",
			"a prefix of IPv%u has a length of 1 to %u", p.family, p.len);
	if (slash)
		p.len = (uint8_t)bits;
	whole = p;
	mask(&p);
	if (memcmp(whole.addr, p.addr, sizeof p.addr) != 0) {
		whole.len = whole.family == 4 ? 32 : 128;
		return value_bad(v,
			arena_printf(v->d->arena, "write %s, or %s for this one address", prefix_text(v, &p),
				prefix_text(v, &whole)),
			"the address has bits behind the prefix");
	}
	if (unusable(v, &p))
		return -1;
	added = vec_push(v->d->arena, list);
	*added = p;
	return 0;
}

static int parse_prefixes(const struct value *v, void *field)
{
	if (v->row->sections == SECTION_PORTFLOW && value_is(v, "none"))
		return 0;
	return value_items(v, take_prefix, field);
}

static int by_address(const void *pa, const void *pb)
{
	const struct prefix *a = pa, *b = pb;
	int order = a->family - b->family;

	if (!order)
		order = memcmp(a->addr, b->addr, sizeof a->addr);
	return order ? order : a->len - b->len;
}

static bool holds(const struct prefix *outer, const struct prefix *inner)
{
	struct prefix p = *inner;

	if (outer->family != inner->family || outer->len > inner->len)
		return false;
	p.len = outer->len;
	mask(&p);
	return memcmp(p.addr, outer->addr, sizeof p.addr) == 0;
}

/* Sorted; what lies inside another one of the list is dropped. */
static void finish_prefixes(const struct value *v, void *field)
{
	struct prefix_list *list = field;
	size_t n = 0;

	(void)v;
	if (!list->n)
		return;
	qsort(list->at, list->n, sizeof *list->at, by_address);
	for (size_t i = 1; i < list->n; i++)
		if (!holds(&list->at[n], &list->at[i]))
			list->at[++n] = list->at[i];
	list->n = n + 1;
}

static void print_prefixes(const void *field, struct str *out)
{
	const struct prefix_list *list = field;

	for (size_t i = 0; i < list->n; i++) {
		comma(out, i);
		print_prefix(&list->at[i], out);
	}
}

const struct value_type type_prefixes = {
	.name = "list of addresses and prefixes",
	.list = true,
	.parse = parse_prefixes,
	.finish = finish_prefixes,
	.print = print_prefixes,
};

/* -- devices --------------------------------------------------------------------------------------------------------- */

static int take_device(const struct value *v, void *field)
{
	struct name_list *list = field;
	const char *odd = strpbrk(v->text, ":@/* \t\"'");
	const char **added;

	/* "+" is a letter of a name like others; as the last one it is the pattern of iptables. */
	if (!odd && v->len && v->text[v->len - 1] == '+')
		odd = v->text + v->len - 1;
	if (odd && (*odd == ':' || *odd == '@') && odd > v->text)
		return value_bad(v, arena_printf(v->d->arena, "write %.*s", (int)(odd - v->text), v->text),
			*odd == ':' ? "an alias is no device of its own" : "the name ends before the \"@\"");
	if (odd && (*odd == '*' || *odd == '+'))
		return value_bad(v, "name each device, or write auto in [portflow]", "no patterns here");
	if (odd && (*odd == ' ' || *odd == '\t'))
		return value_bad(v, "write commas between devices, as eth0, eth1", "devices are separated by commas");
	if (odd || value_is(v, ".") || value_is(v, ".."))
		return value_bad(v, "names are what `ip link` shows", "it is no device's name");
	if (v->len > DEVICE_NAME_MAX)
		return value_bad(
			v, "names are what `ip link` shows", "a device's name has at most %d letters", DEVICE_NAME_MAX);
	if (value_is(v, "lo"))
		return value_bad(v, "delete it", "loopback does not count");
	if (value_is(v, "auto"))
		return value_bad(v,
			v->row->sections == SECTION_PORTFLOW ? "write auto alone, or the devices"
							     : "delete the line: [portflow] interface then holds",
			"auto stands alone in [portflow]");
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->at[i], v->text) == 0)
			return value_bad(v, "delete one of them", "the device is in the list twice");
	added = vec_push(v->d->arena, list);
	*added = v->text;
	return 0;
}

static int parse_devices(const struct value *v, void *field)
{
	const struct name_list *list = field;

	if (v->row->sections == SECTION_PORTFLOW && value_is(v, "auto") && !list->n)
		return 0;
	return value_items(v, take_device, field);
}

static void print_devices(const void *field, struct str *out)
{
	const struct name_list *list = field;

	for (size_t i = 0; i < list->n; i++) {
		comma(out, i);
		str_puts(out, list->at[i]);
	}
}

const struct value_type type_devices = {
	.name = "list of devices",
	.list = true,
	.parse = parse_devices,
	.print = print_devices,
};
