/* Values: limits and what goes with them: rates, the method, ports that stay open, the day an entry ends. See values.h.
 * The rows of limit, limit_in and limit_out all point at limit[DIRS], since each is printed only where the others are not.
 * config/ and docgen.c call. */
#include <stdlib.h>
#include <string.h>

#include "config/values.h"

/* -- rates ----------------------------------------------------------------------------------------------------------- */

static int take_rate(const struct value *v, struct rate *ret)
{
	struct rate r = { .present = true };

	if (value_is(v, "none") || value_is(v, "unlimited") || value_is(v, "0"))
		return value_bad(v, "delete the line: without it there is none", "a rate is wanted");
	if (value_rate(v, &r.bps))
		return -1;
	*ret = r;
	return 0;
}

static int parse_rate(const struct value *v, void *field)
{
	return take_rate(v, field);
}

static void print_rate(const void *field, struct str *out)
{
	const struct rate *r = field;

	if (r->present)
		value_put_rate(out, r->bps);
}

static void rate_also(const void *field, struct str *out)
{
	value_put_rate_also(out, ((const struct rate *)field)->bps);
}

const struct value_type type_rate = { .name = "rate", .parse = parse_rate, .print = print_rate, .also = rate_also };

/* -- limit[DIRS] ----------------------------------------------------------------------------------------------------- */

static bool equal(const struct rate *limit)
{
	return limit[DIR_IN].present && limit[DIR_OUT].present && limit[DIR_IN].bps == limit[DIR_OUT].bps;
}

static int parse_limit(const struct value *v, void *field)
{
	struct rate *limit = field;

	if (take_rate(v, &limit[DIR_IN]))
		return -1;
	limit[DIR_OUT] = limit[DIR_IN];
	return 0;
}

static void print_limit(const void *field, struct str *out)
{
	if (equal(field))
		print_rate(field, out);
}

const struct value_type type_limit = { .name = "rate", .parse = parse_limit, .print = print_limit, .also = rate_also };

static int parse_limit_in(const struct value *v, void *field)
{
	return take_rate(v, (struct rate *)field + DIR_IN);
}

static void print_limit_in(const void *field, struct str *out)
{
	if (!equal(field))
		print_rate((const struct rate *)field + DIR_IN, out);
}

static void limit_in_also(const void *field, struct str *out)
{
	rate_also((const struct rate *)field + DIR_IN, out);
}

const struct value_type type_limit_in = {
	.name = "rate", .parse = parse_limit_in, .print = print_limit_in, .also = limit_in_also
};

static int parse_limit_out(const struct value *v, void *field)
{
	return take_rate(v, (struct rate *)field + DIR_OUT);
}

static void print_limit_out(const void *field, struct str *out)
{
	if (!equal(field))
		print_rate((const struct rate *)field + DIR_OUT, out);
}

static void limit_out_also(const void *field, struct str *out)
{
	rate_also((const struct rate *)field + DIR_OUT, out);
}

const struct value_type type_limit_out = {
	.name = "rate", .parse = parse_limit_out, .print = print_limit_out, .also = limit_out_also
};

/* -- method ---------------------------------------------------------------------------------------------------------- */

static const char *const method_names[] = {
	[METHOD_AUTO] = "auto",
	[METHOD_SHAPE] = "shape",
	[METHOD_POLICE] = "police",
};

static int parse_method(const struct value *v, void *field)
{
	int i = value_word(v, method_names, sizeof method_names / sizeof *method_names);

	if (i < 0)
		return -1;
	*(enum limit_method *)field = (enum limit_method)i;
	return 0;
}

static void print_method(const void *field, struct str *out)
{
	str_puts(out, method_names[*(const enum limit_method *)field]);
}

const struct value_type type_limit_method = {
	.name = "auto, shape or police", .parse = parse_method, .print = print_method
};

/* -- keep_open ------------------------------------------------------------------------------------------------------- */

/* "none" is kept as port 0 until the list is finished: beside a port it is a contradiction. */
static int take_open(const struct value *v, void *field)
{
	struct keep_open *open = field;
	const bool udp = strncmp(v->text, "udp/", 4) == 0, tcp = strncmp(v->text, "tcp/", 4) == 0;
	struct value digits = udp || tcp ? value_part(v, 4, v->len - 4) : *v;
	struct open_port *added;
	uint64_t port = 0;

	if (value_is(v, "auto")) {
		open->automatic = true;
		return 0;
	}
	if (!value_is(v, "none")) {
		if (!digits.len || strchr(digits.text, '/'))
			return value_bad(v, "as 22, or udp/51820", "it is a TCP port, or udp/PORT");
		if (strchr(digits.text, '-'))
			return value_bad(v, "name each port", "there are no ranges here");
		if (value_number(&digits, 1, 65535, &port))
			return -1;
		if (tcp)
			return value_bad(v, arena_printf(v->d->arena, "write %s", digits.text),
				"a port is TCP unless it says udp/");
	}
	added = vec_push(v->d->arena, &open->ports);
	*added = (struct open_port){ .protocol = udp ? PROTO_UDP : PROTO_TCP, .port = (uint16_t)port };
	return 0;
}

static int parse_open(const struct value *v, void *field)
{
	return value_items(v, take_open, field);
}

static void clear_open(void *field)
{
	*(struct keep_open *)field = (struct keep_open){ 0 };
}

static int by_open_port(const void *pa, const void *pb)
{
	const struct open_port *a = pa, *b = pb;

	return a->protocol != b->protocol ? a->protocol - b->protocol : a->port - b->port;
}

static void finish_open(const struct value *v, void *field)
{
	struct keep_open *open = field;
	size_t n = 0;
	bool none = false;

	if (!open->ports.n)
		return;
	qsort(open->ports.at, open->ports.n, sizeof *open->ports.at, by_open_port);
	none = !open->ports.at[0].port;
	if (open->automatic || (none && open->ports.at[open->ports.n - 1].port)) {
		diag_error(v->d, &v->at, "write it alone, or the ports", "%s stands alone", none ? "none" : "auto");
		return;
	}
	for (size_t i = 0; i < open->ports.n; i++) {
		const struct open_port *x = &open->ports.at[i];

		if (n && by_open_port(&open->ports.at[n - 1], x) == 0)
			diag_warning(v->d, &v->at, "it counts once", "port %u is in the list twice", x->port);
		else if (x->port)
			open->ports.at[n++] = *x;
	}
	open->ports.n = n;
}

static void print_open(const void *field, struct str *out)
{
	const struct keep_open *open = field;

	if (open->automatic || !open->ports.n)
		str_puts(out, open->automatic ? "auto" : "none");
	for (size_t i = 0; i < open->ports.n; i++)
		str_putf(out, "%s%s%u", i ? ", " : "", open->ports.at[i].protocol == PROTO_UDP ? "udp/" : "",
			open->ports.at[i].port);
}

const struct value_type type_keep_open = {
	.name = "auto, none, or list of ports",
	.list = true,
	.parse = parse_open,
	.finish = finish_open,
	.print = print_open,
	.clear = clear_open,
};

/* -- expires --------------------------------------------------------------------------------------------------------- */

static int parse_expiry(const struct value *v, void *field)
{
	struct expiry x = { .present = true };
	size_t len = strcspn(v->text, " \tTt"), from = len + strspn(v->text + len, " \t");
	struct value date = value_part(v, 0, len), time;

	if (value_is(v, "never") || value_is(v, "none"))
		return value_bad(v, "delete the line", "without it an entry does not end");
	if (len == 10 && (v->text[len] | 0x20) == 't')
		return value_bad(v, arena_printf(v->d->arena, "write %s %s", date.text, v->text + len + 1),
			"a blank stands between date and time");
	if (value_date(from < v->len && from == len ? v : &date, &x.date))
		return -1;
	if (from < v->len) {
		time = value_part(v, from, v->len - from);
		if (value_time(&time, &x.hour, &x.minute))
			return -1;
		x.timed = true;
	}
	*(struct expiry *)field = x;
	return 0;
}

static void print_expiry(const void *field, struct str *out)
{
	const struct expiry *x = field;

	if (!x->present)
		return;
	str_putf(out, "%04d-%02u-%02u", x->date.year, x->date.month, x->date.day);
	if (x->timed)
		str_putf(out, " %02u:%02u", x->hour, x->minute);
}

const struct value_type type_expiry = {
	.name = "date, or date and time", .parse = parse_expiry, .print = print_expiry
};
