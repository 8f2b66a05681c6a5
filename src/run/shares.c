/* Parts of periods: see shares.h.
 * A line is "ROW FROM UNTIL RULE TARGET RECIPIENT"; the recipient, which may be empty, goes to its end. The hour in which an entry changes
 * hands is still the former one's: figures are stored by the hour, none is lost or in two statements, and who comes sees nothing of before.
 * run/statement.c calls. */
#include "run/shares.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "model/due.h"
#include "model/target.h"
#include "util/ids.h"

#define FACT "statement.shares"
#define TEXT_MAX ((size_t)64 << 20) /* a million of them */
#define KEPT_S \
	(DUE_STALE_S + \
		INT64_C(400) * 86400) /* the longest period but for odd cycles, and until its statement is stale */

/* -- the list ---------------------------------------------------------------------------------------------------------- */

static const char *row_key(struct arena *a, int64_t row)
{
	return arena_printf(a, "%" PRId64, row);
}

static const char *reader_key(struct arena *a, const char *target, const char *recipient)
{
	return arena_printf(a, "%s\n%s", target, recipient);
}

static size_t head(const struct share_list *list, const struct hash_map *map, const char *key)
{
	const uint32_t *at = hash_map_get(map, key);

	return at ? list->heads.at[*at] : 0;
}

/* Puts it at the head of one chain; returns what was there. */
static size_t chain(struct arena *a, struct share_list *list, struct hash_map *map, const char *key)
{
	const uint32_t *at = hash_map_get(map, key);
	size_t was = 0;

	if (at) {
		was = list->heads.at[*at];
		list->heads.at[*at] = list->n;
	} else {
		hash_map_add(map, key, (uint32_t)list->heads.n);
		*vec_push(a, &list->heads) = list->n;
	}
	return was;
}

static void add(struct pass *p, struct share_list *list, const struct share *s)
{
	struct arena *a = &p->app->arena;
	struct share *to = vec_push(a, list);

	*to = *s;
	to->next_of_row = chain(a, list, &list->rows, row_key(a, s->row));
	to->next_of_reader = chain(a, list, &list->readers, reader_key(a, s->target, s->recipient));
}

size_t shares_of_row(const struct pass *p, const struct share_list *list, int64_t row)
{
	return list->n ? head(list, &list->rows, row_key(&p->app->arena, row)) : 0;
}

size_t shares_of_reader(const struct pass *p, const struct share_list *list, const char *target, const char *recipient)
{
	return list->n ? head(list, &list->readers, reader_key(&p->app->arena, target, recipient)) : 0;
}

/* -- as text ----------------------------------------------------------------------------------------------------------- */

static const char *word(struct arena *a, const char **line)
{
	size_t len = strcspn(*line, " \n");
	const char *ret = arena_strndup(a, *line, len);

	*line += len + ((*line)[len] == ' ');
	return ret;
}

/* Nobody asks for it any more: it ended, or began, too long ago, or its target is gone. */
static bool is_old(const struct pass *p, const struct share *s)
{
	const int64_t moment = s->until ? s->until : s->from;

	return moment < p->app->now - KEPT_S || !config_target(p->config, s->target, strlen(s->target));
}

int shares_load(struct pass *p, struct share_list *ret, struct err *err)
{
	struct arena *a = &p->app->arena;

	*ret = (struct share_list){ 0 };
	hash_map_init(&ret->rows, a, 0);
	hash_map_init(&ret->readers, a, 0);
	if (store_meta_get(p->store, a, FACT, &ret->stored, err))
		return -1;
	for (const char *line = ret->stored; line && *line;) {
		const char *end = line + strcspn(line, "\n");
		struct share s = { 0 };

		s.row = strtoll(word(a, &line), NULL, 10);
		s.from = strtoll(word(a, &line), NULL, 10);
		s.until = strtoll(word(a, &line), NULL, 10);
		s.rule = word(a, &line);
		s.target = word(a, &line);
		s.recipient = arena_strndup(a, line, (size_t)(end - line));
		line = end + (*end == '\n');
		if (s.row > 0 && s.from >= 0 && s.until >= 0 && !is_old(p, &s))
			add(p, ret, &s);
	}
	return 0;
}

void shares_store(struct pass *p, const struct share_list *list)
{
	cleanup_str struct str out = STR_CEILING(TEXT_MAX);

	for (size_t i = 0; i < list->n; i++) {
		const struct share *s = &list->at[i];

		if (s->from || s->until)
			str_putf(&out, "%" PRId64 " %" PRId64 " %" PRId64 " %s %s %s\n", s->row, s->from, s->until,
				s->rule, s->target, s->recipient);
	}
	if (out.full)
		app_warn(p->app,
			"too many entries were removed, or got others to tell: some will be missing in the statements of this period");
	if (strcmp(out.len ? out.p : "", list->stored ? list->stored : "") == 0)
		return;
	*vec_push(&p->app->arena, &p->result.facts) = (struct fact){ FACT,
		out.len ? arena_strndup(&p->app->arena, out.p, out.len) : NULL };
}

/* -- cycles of what is gone -------------------------------------------------------------------------------------------- */

static const char *rule_text(struct arena *a, const struct cycle_rule *c)
{
	return arena_printf(a, "%d,%" PRIu32 ",%" PRId64 ",%u,%u,%u,%s", (int)c->unit, c->span_days,
		c->unit == CYCLE_SPAN ? calendar_days(c->from) : 0, c->reset_day, c->reset_month, c->reset_hour,
		c->timezone);
}

const struct cycle_rule *shares_rule(struct arena *a, const struct share *s)
{
	struct cycle_rule *c = arena_new(a, struct cycle_rule);
	const char *text = s->rule;
	long long n[6];

	for (size_t i = 0; i < sizeof n / sizeof *n; i++) {
		char *end;

		n[i] = strtoll(text, &end, 10);
		if (end == text || *end != ',')
			return NULL;
		text = end + 1;
	}
	if (n[0] < CYCLE_MONTH || n[0] >= CYCLE_NEVER || n[1] < 0 || n[1] > UINT32_MAX || n[2] < 0 ||
		n[2] > CALENDAR_MAX / 86400 || n[3] < 0 || n[3] > 31 || n[4] < 0 || n[4] > 12 || n[5] < 0 ||
		n[5] > 23 || (n[0] == CYCLE_SPAN && !n[1]))
		return NULL;
	*c = (struct cycle_rule){ .unit = (enum cycle_unit)n[0],
		.span_days = (uint32_t)n[1],
		.from = calendar_from_days(n[2]),
		.reset_day = (uint8_t)n[3],
		.reset_month = (uint8_t)n[4],
		.reset_hour = (uint8_t)n[5],
		.timezone = text };
	return c;
}

/* -- changes ----------------------------------------------------------------------------------------------------------- */

/* A configuration, and what it says of each row of the ledger. */
struct side {
	const struct config *c;
	size_t *at;                /* by ledger.entries: of c->entries; SIZE_MAX: it has it not */
	struct hash_map targets;   /* names to indexes */
	struct index_list *quotas; /* by c->entries: those that it is in */
};
struct hearer {
	const char *target, *recipient;
};
struct hearers {
	struct hearer *at;
	size_t n, cap;
};

static struct side side_of(const struct pass *p, const struct config *c)
{
	struct arena *a = &p->app->arena;
	const struct ledger *l = &p->ledger;
	struct side s = { .c = c,
		.at = arena_array(a, l->entries.n + 1, sizeof *s.at),
		.quotas = arena_array(a, c->entries.n + 1, sizeof *s.quotas) };
	struct hash_map named;

	hash_map_init(&named, a, c->entries.n);
	for (size_t i = 0; i < c->entries.n; i++)
		hash_map_add(&named, c->entries.at[i].name, (uint32_t)i);
	for (size_t i = 0; i < l->entries.n; i++) {
		const uint32_t *at = hash_map_get(&named, l->entries.at[i].name);

		s.at[i] = at && c->entries.at[*at].kind == l->entries.at[i].kind ? *at : SIZE_MAX;
	}
	hash_map_init(&s.targets, a, c->targets.n);
	for (size_t i = 0; i < c->targets.n; i++)
		hash_map_add(&s.targets, c->targets.at[i].name, (uint32_t)i);
	for (size_t q = 0; q < c->quotas.n; q++)
		for (size_t i = 0; i < c->quotas.at[q].member_at.n; i++)
			*vec_push(a, &s.quotas[c->quotas.at[q].member_at.at[i]]) = q;
	return s;
}

static bool hears(const struct hearers *list, const struct hearer *h)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->at[i].target, h->target) == 0 && strcmp(list->at[i].recipient, h->recipient) == 0)
			return true;
	return false;
}

static void hear(struct arena *a, const struct side *s, const struct route_list *routes, struct hearers *ret)
{
	for (size_t i = 0; i < routes->n; i++) {
		const uint32_t *at = hash_map_get(&s->targets, routes->at[i].target);
		const struct target *t = at ? &s->c->targets.at[*at] : NULL;
		const char *whom;

		for (size_t n = 0; t && (whom = target_whom(t, routes->at[i].recipient, n)); n++)
			if (!hears(ret, &(struct hearer){ t->name, whom }))
				*vec_push(a, ret) = (struct hearer){ t->name, whom };
	}
}

/* Who hears of that row, by its own routes and those of the quotas that it is in. */
static struct hearers hearers_of(struct arena *a, const struct side *s, size_t row)
{
	struct hearers ret = { 0 };
	const size_t at = s->at[row];

	if (at == SIZE_MAX)
		return ret;
	hear(a, s, &s->c->entries.at[at].notify, &ret);
	for (size_t i = 0; i < s->quotas[at].n; i++)
		hear(a, s, &s->c->quotas.at[s->quotas[at].at[i]].notify, &ret);
	return ret;
}

static bool is_of(const struct share *s, const struct hearer *h)
{
	return strcmp(s->target, h->target) == 0 && strcmp(s->recipient, h->recipient) == 0;
}

/* His latest of that row; NULL none. */
static struct share *latest(struct share_list *list, size_t first, const struct hearer *h)
{
	for (size_t i = first; i; i = list->at[i - 1].next_of_row)
		if (is_of(&list->at[i - 1], h))
			return &list->at[i - 1];
	return NULL;
}

/* Did somebody have the row without him, who has it no more, or has it from then on? As far back as anybody asks. */
static bool had_others(const struct share_list *list, size_t first, const struct hearer *h, const struct hearers *after)
{
	for (size_t i = first; i; i = list->at[i - 1].next_of_row) {
		const struct share *s = &list->at[i - 1];

		if (!is_of(s, h) &&
			(s->from || (s->until && !hears(after, &(struct hearer){ s->target, s->recipient }))))
			return true;
	}
	return false;
}

static void leave(
	struct pass *p, struct share_list *list, int64_t row, const struct hearer *h, int64_t now, const char *rule)
{
	struct share *s = latest(list, shares_of_row(p, list, row), h);

	if (!s || s->until) {
		add(p, list,
			&(struct share){ .row = row,
				.until = now,
				.target = h->target,
				.recipient = h->recipient,
				.rule = rule });
		return;
	}
	s->until = now;
	s->rule = rule;
}

/* Who gets what nobody had has all of it, as who gets back what nobody else had meanwhile. */
static void join(struct pass *p, struct share_list *list, int64_t row, const struct hearer *h,
	const struct hearers *after, int64_t now)
{
	const size_t first = shares_of_row(p, list, row);
	struct share *s = latest(list, first, h);

	if (had_others(list, first, h, after))
		add(p, list,
			&(struct share){
				.row = row, .from = now, .target = h->target, .recipient = h->recipient, .rule = "-" });
	else if (s)
		s->until = 0;
}

void shares_change(struct pass *p, struct share_list *list)
{
	const int64_t hour = calendar_next(p->config->settings.timezone, BUCKET_HOUR, p->app->now - 1);
	struct side was, is;

	if (!p->applied || p->applied == p->config)
		return;
	was = side_of(p, p->applied);
	is = side_of(p, p->config);
	for (size_t i = 0; i < p->ledger.entries.n; i++) {
		cleanup_arena struct arena a = { 0 };
		const int64_t row = p->ledger.entries.at[i].id;
		const struct hearers before = hearers_of(&a, &was, i), after = hearers_of(&a, &is, i);
		const char *rule = "-";

		if (was.at[i] != SIZE_MAX && is.at[i] == SIZE_MAX)
			rule = rule_text(&p->app->arena, &p->applied->entries.at[was.at[i]].cycle);
		for (size_t k = 0; k < before.n; k++)
			if (!hears(&after, &before.at[k]))
				leave(p, list, row, &before.at[k], hour, rule);
		for (size_t k = 0; k < after.n; k++)
			if (!hears(&before, &after.at[k]))
				join(p, list, row, &after.at[k], &after, hour);
	}
}
