/* Values: the types of scalar keys, each a reader of values.c, a range of its row, and how it is printed. See values.h.
 * Lists are in lists.c, cycles in cycle.c.
 * config/ and docgen.c call. */
#include <inttypes.h>
#include <string.h>

#include "config/values.h"
#include "util/nearest.h"
#include "util/units.h"

#define REMARK_BYTES 200
#define NODE_BYTES 64

static int parse_flag(const struct value *v, void *field)
{
	return value_flag(v, field);
}

static void print_flag(const void *field, struct str *out)
{
	str_puts(out, *(const bool *)field ? "yes" : "no");
}

const struct value_type type_flag = { .name = "yes or no", .parse = parse_flag, .print = print_flag };

static int parse_number(const struct value *v, void *field)
{
	uint64_t n = 0;

	if (value_number(v, v->row->min, v->row->max, &n))
		return -1;
	*(uint32_t *)field = (uint32_t)n;
	return 0;
}

static void print_number(const void *field, struct str *out)
{
	str_putf(out, "%" PRIu32, *(const uint32_t *)field);
}

const struct value_type type_number = { .name = "number", .parse = parse_number, .print = print_number };

/* -- numbers with units, as they are read ---------------------------------------------------------------------------- */

/* whole.part of a unit that has 10^digits parts, without zeros at the end. */
static void put_decimal(struct str *out, uint64_t whole, uint64_t part, int digits, const char *unit)
{
	for (; digits && part % 10 == 0; digits--)
		part /= 10;
	if (digits)
		str_putf(out, "%" PRIu64 ".%0*" PRIu64 "%s", whole, digits, part, unit);
	else
		str_putf(out, "%" PRIu64 "%s", whole, unit);
}

/* There is no unit of a bit: what is not a whole kbit has a point. */
void value_put_rate(struct str *out, uint64_t bps)
{
	if (bps % 1000000000 == 0)
		str_putf(out, "%" PRIu64 "gbit", bps / 1000000000);
	else if (bps % 1000000 == 0)
		str_putf(out, "%" PRIu64 "mbit", bps / 1000000);
	else
		put_decimal(out, bps / 1000, bps % 1000, 3, "kbit");
}

void value_put_rate_also(struct str *out, uint64_t bps)
{
	char text[UNITS_TEXT];

	value_put_rate(out, bps);
	str_putf(out, " = %s/s", units_size(UNITS_SI, bps / 8, text));
}

/* Eight digits behind the point are read, so a written part of a KiB is a multiple of 4 bytes; printed as bytes it would leave
 * its family. */
void value_put_size(struct str *out, uint64_t bytes, bool binary)
{
	static const char *const si[] = { "B", "KB", "MB", "GB", "TB" };
	static const char *const iec[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	const uint64_t base = binary ? 1024 : 1000;
	size_t i = 0;

	if (binary && bytes % 1024 && bytes % 4 == 0) {
		put_decimal(out, bytes / 1024, bytes % 1024 * 100000000 / 1024, 8, "KiB");
		return;
	}
	for (; i < 4 && bytes && bytes % base == 0; i++)
		bytes /= base;
	str_putf(out, "%" PRIu64 "%s", bytes, binary ? iec[i] : si[i]);
}

void value_put_span(struct str *out, uint64_t s)
{
	if (s % 86400 == 0)
		str_putf(out, "%" PRIu64 "d", s / 86400);
	else if (s % 3600 == 0)
		str_putf(out, "%" PRIu64 "h", s / 3600);
	else if (s % 60 == 0)
		str_putf(out, "%" PRIu64 "min", s / 60);
	else
		str_putf(out, "%" PRIu64 "s", s);
}

/* -- spans ----------------------------------------------------------------------------------------------------------- */

static int parse_span(const struct value *v, void *field)
{
	struct str text = STR_CEILING(64);
	uint64_t s = 0;

	if (value_span(v, &s))
		return -1;
	if (s >= v->row->min && s <= v->row->max) {
		*(uint64_t *)field = s;
		return 0;
	}
	value_put_span(&text, v->row->min);
	str_puts(&text, " to ");
	value_put_span(&text, v->row->max);
	value_bad(v, NULL, "it is from %s", text.p);
	str_free(&text);
	return -1;
}

static void print_span(const void *field, struct str *out)
{
	value_put_span(out, *(const uint64_t *)field);
}

const struct value_type type_span = { .name = "span", .parse = parse_span, .print = print_span };

static void print_retention(const void *field, struct str *out)
{
	const struct retention *r = field;

	if (r->forever)
		str_puts(out, "forever");
	else
		value_put_span(out, r->seconds);
}

static int retention_range(const struct value *v)
{
	const struct retention min = { .seconds = v->row->min }, max = { .seconds = v->row->max };
	struct str text = STR_CEILING(64);
	int ret;

	print_retention(&min, &text);
	str_puts(&text, " to ");
	print_retention(&max, &text);
	ret = value_bad(v, NULL, "it is from %s, or forever", text.p);
	str_free(&text);
	return ret;
}

static int parse_retention(const struct value *v, void *field)
{
	struct retention *r = field;
	uint64_t s = 0;

	if (value_is(v, "forever")) {
		*r = (struct retention){ .forever = true };
		return 0;
	}
	if (v->text[0] < '0' || v->text[0] > '9')
		return value_bad(v, nearest_distance(v->text, "forever") < 3 ? "did you mean \"forever\"?" : "as 90d",
			"it is a span, or forever");
	if (value_span(v, &s))
		return -1;
	if (s < v->row->min || s > v->row->max)
		return retention_range(v);
	*r = (struct retention){ .seconds = s };
	return 0;
}

const struct value_type type_retention = {
	.name = "span or forever", .parse = parse_retention, .print = print_retention
};

static void print_text(const void *field, struct str *out)
{
	const char *text = *(const char *const *)field;

	str_puts(out, text ? text : "");
}

static int parse_path(const struct value *v, void *field)
{
	if (v->text[0] != '/')
		return value_bad(v, "as /var/lib/portflow/portflow.db", "a path begins with \"/\"");
	if (v->text[v->len - 1] == '/')
		return value_bad(v, "name the file in it", "that is a folder");
	*(const char **)field = v->text;
	return 0;
}

const struct value_type type_path = { .name = "path", .parse = parse_path, .print = print_text };

static bool name_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static int parse_node(const struct value *v, void *field)
{
	for (size_t i = 0; i < v->len; i++)
		if (!name_letter(v->text[i]) && (i == 0 || !strchr("._-", v->text[i])))
			return value_bad(v, "as hk1", "a machine's name is made of A-Z a-z 0-9 . _ -");
	if (v->len > NODE_BYTES)
		return value_bad(v, NULL, "a machine's name has at most %d letters", NODE_BYTES);
	*(const char **)field = v->text;
	return 0;
}

const struct value_type type_node = { .name = "name", .parse = parse_node, .print = print_text };

static int parse_remark(const struct value *v, void *field)
{
	if (v->len > REMARK_BYTES)
		return value_error(v, REMARK_BYTES, v->len - REMARK_BYTES, "make it shorter",
			"a remark has at most %d bytes, this one has %zu", REMARK_BYTES, v->len);
	*(const char **)field = v->text;
	return 0;
}

const struct value_type type_remark = { .name = "text", .free_text = true, .parse = parse_remark, .print = print_text };
