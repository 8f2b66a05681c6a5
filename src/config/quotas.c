/* Values: quotas: their size, what is told of them, what they do, and the entries that share one. See values.h.
 * A size keeps the family of units in which it was written, since figures of it are printed in that.
 * config/ and docgen.c call. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "config/values.h"
#include "util/units.h"

/* -- size ------------------------------------------------------------------------------------------------------------ */

static int parse_quota(const struct value *v, void *field)
{
	struct quota_size q = { .present = true };

	if (value_is(v, "none") || value_is(v, "unlimited") || value_is(v, "0"))
		return value_bad(v, "delete the line: without it there is none", "a size is wanted");
	if (value_size(v, &q.bytes))
		return -1;
	if (!q.bytes)
		return value_bad(v, "from 1B; without the line there is no quota", "a quota of nothing");
	q.binary = v->len > 2 && (v->text[v->len - 2] | 0x20) == 'i';
	*(struct quota_size *)field = q;
	return 0;
}

static void print_quota(const void *field, struct str *out)
{
	const struct quota_size *q = field;

	if (q->present)
		value_put_size(out, q->bytes, q->binary);
}

static void quota_also(const void *field, struct str *out)
{
	const struct quota_size *q = field;
	char text[UNITS_TEXT];

	print_quota(field, out);
	str_putf(out, " = %s", units_size(q->binary ? UNITS_SI : UNITS_IEC, q->bytes, text));
	str_putf(out, " = %" PRIu64 " B", q->bytes);
}

const struct value_type type_quota = { .name = "size", .parse = parse_quota, .print = print_quota, .also = quota_also };

/* -- alerts ---------------------------------------------------------------------------------------------------------- */

static int take_alert(const struct value *v, void *field)
{
	struct percent_list *list = field;
	uint32_t percent, *added;

	if (value_percent(v, &percent))
		return -1;
	added = vec_push(v->d->arena, list);
	*added = percent;
	return 0;
}

static int parse_alerts(const struct value *v, void *field)
{
	return value_items(v, take_alert, field);
}

static void clear_alerts(void *field)
{
	*(struct percent_list *)field = (struct percent_list){ 0 };
}

static int by_number(const void *pa, const void *pb)
{
	const uint32_t *a = pa, *b = pb;

	return (*a > *b) - (*a < *b);
}

static void finish_alerts(const struct value *v, void *field)
{
	struct percent_list *list = field;
	size_t n = 0;

	if (!list->n)
		return;
	qsort(list->at, list->n, sizeof *list->at, by_number);
	for (size_t i = 1; i < list->n; i++)
		if (list->at[i] != list->at[n])
			list->at[++n] = list->at[i];
		else
			diag_warning(v->d, &v->at, "it is told once", "%u%% is in the list twice", list->at[i]);
	list->n = n + 1;
}

static void print_alerts(const void *field, struct str *out)
{
	const struct percent_list *list = field;

	for (size_t i = 0; i < list->n; i++)
		str_putf(out, "%s%u%%", i ? ", " : "", list->at[i]);
}

const struct value_type type_alerts = {
	.name = "list of percents",
	.list = true,
	.parse = parse_alerts,
	.finish = finish_alerts,
	.print = print_alerts,
	.clear = clear_alerts,
};

/* -- action ---------------------------------------------------------------------------------------------------------- */

static const char *const action_names[] = {
	[ACTION_ALERT] = "alert",
	[ACTION_THROTTLE] = "throttle RATE",
	[ACTION_BLOCK] = "block",
};

static int parse_action(const struct value *v, void *field)
{
	static const struct {
		const char *wrong, *right;
	} others[] = {
		{ "warn", "alert" },
		{ "none", "alert" },
		{ "notify", "alert" },
		{ "drop", "block" },
		{ "stop", "block" },
		{ "disable", "block" },
		{ "limit", "throttle 1mbit" },
		{ "throttle RATE", "throttle 1mbit" },
	};
	struct quota_act *act = field;
	size_t len = strcspn(v->text, " \t"), from = len + strspn(v->text + len, " \t");
	struct value rate = value_part(v, from, v->len - from);
	uint64_t bps;
	int i;

	if (len == strlen("throttle") && strncmp(v->text, "throttle", len) == 0 && strcmp(rate.text, "RATE") != 0) {
		if (!rate.len)
			return value_bad(v, "as throttle 1mbit", "say to which rate");
		if (value_rate(&rate, &bps))
			return -1;
		*act = (struct quota_act){ .kind = ACTION_THROTTLE, .bps = bps };
		return 0;
	}
	for (size_t k = 0; k < sizeof others / sizeof *others; k++)
		if (value_is(v, others[k].wrong))
			return value_bad(v, arena_printf(v->d->arena, "write %s", others[k].right), "no such action");
	i = value_word(v, action_names, sizeof action_names / sizeof *action_names);
	if (i < 0)
		return -1;
	*act = (struct quota_act){ .kind = (enum quota_action)i };
	return 0;
}

static void print_action(const void *field, struct str *out)
{
	const struct quota_act *act = field;

	if (act->kind != ACTION_THROTTLE) {
		str_puts(out, action_names[act->kind]);
		return;
	}
	str_puts(out, "throttle ");
	value_put_rate(out, act->bps);
}

static void action_also(const void *field, struct str *out)
{
	const struct quota_act *act = field;

	if (act->kind == ACTION_THROTTLE)
		value_put_rate_also(out, act->bps);
}

const struct value_type type_quota_action = {
	.name = "alert, throttle RATE, or block",
	.parse = parse_action,
	.print = print_action,
	.also = action_also,
};

/* -- entries of a [quota NAME] --------------------------------------------------------------------------------------- */

/* Whether there are such entries is seen when all sections are read (members.c). */
static int take_member(const struct value *v, void *field)
{
	struct name_list *list = field;
	const char **added;

	if (strpbrk(v->text, " \t;"))
		return value_bad(v, "write commas between entries, as web, game", "entries are separated by commas");
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->at[i], v->text) == 0)
			return value_bad(v, "delete one of them", "the entry is in the list twice");
	added = vec_push(v->d->arena, list);
	*added = v->text;
	return 0;
}

static int parse_members(const struct value *v, void *field)
{
	return value_items(v, take_member, field);
}

static void print_members(const void *field, struct str *out)
{
	const struct name_list *list = field;

	for (size_t i = 0; i < list->n; i++)
		str_putf(out, "%s%s", i ? ", " : "", list->at[i]);
}

const struct value_type type_members = {
	.name = "list of entries",
	.list = true,
	.parse = parse_members,
	.print = print_members,
};
