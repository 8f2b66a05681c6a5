/* Letters: see letter.h.
 * What cannot be composed has its problem written beside it, and is judged like one that was refused.
 * run/deliver.c calls. */
#include "run/letter.h"

#include <inttypes.h>
#include <string.h>

#include "run/secrets.h"
#include "util/hash.h"

size_t letter_split(struct arena *a, const struct outbox_rows *rows, struct letter_rows **ret)
{
	struct letter_rows *l = arena_array(a, rows->n + 1, sizeof *l);
	size_t n = 0;

	for (size_t i = 0; i < rows->n; i++) {
		if (!n || l[n - 1].first->letter != rows->at[i].letter)
			l[n++].first = &rows->at[i];
		l[n - 1].n++;
	}
	*ret = l;
	return n;
}

void letter_address(struct app *app, const struct config *c, struct letter_rows *l)
{
	const struct target *t = config_target(c, l->first->target, strlen(l->first->target));

	if (!t) {
		l->problem = "its [notify] section is gone";
		l->hopeless = true;
		return;
	}
	l->target = *t;
	l->problem = secrets_reveal(&app->arena, &l->target);
}

/* A key that is the same whatever database says it: a statement that is made twice, after a restored backup, can be known again. So it
 * is of names, and not of rows of a table. */
static const char *statement_key(struct arena *a, const char *node, const struct letter_rows *l, const struct notice *n,
	const struct statement_figures *f)
{
	uint64_t h = hash_text(hash_text(HASH_START, l->first->target), l->first->recipient);

	for (size_t i = 0; i < f->entries.n; i++)
		h = hash_text(h, f->entries.at[i].name);
	return arena_printf(a, "%s.statement.%" PRIu64 ".%" PRIu64 ".%016" PRIx64, node, n->from, n->until, h);
}

/* One that is damaged, as no event of ours writes it, still has its event. NULL: not even that. */
static const struct notice *notice_of(struct arena *a, const char *zone, const struct outbox_row *r)
{
	struct notice *n = arena_new(a, struct notice);

	if (notice_get(a, r->notice, r->notice_len, n))
		return n;
	if (!*r->kind || !*r->text)
		return NULL;
	*n = (struct notice){
		.kind = r->kind, .text = r->text, .time = (uint64_t)r->created, .zone = zone, NOTICE_PLAIN
	};
	return n;
}

void letter_write(struct app *app, struct letter_source *from, struct letter_rows *l, struct request *ret)
{
	struct arena *a = &app->arena;
	const struct notice **notices = arena_array(a, l->n, sizeof *notices);
	struct message m;
	struct letter letter = {
		.message = &m, .recipient = l->first->recipient, .time = l->first->created, .now = app->now
	};
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct notice *notice = notice_of(a, from->config->settings.timezone, &l->first[i]);

		if (notice)
			notices[n++] = notice;
	}
	if (!n) {
		l->problem = "the database has it damaged, and its event is gone";
		l->hopeless = true;
		return;
	}
	letter.key = arena_printf(a, "%s.%" PRId64 ".%" PRId64, from->node, l->first->created, l->first->letter);
	if (n == 1 && strcmp(notices[0]->kind, NOTICE_STATEMENT) == 0) {
		struct statement_figures figures = { 0 };
		struct err err = { 0 };

		if (stated_figures(&from->book, a, from->store, from->config, notices[0], &figures, &err)) {
			l->problem = arena_strdup(a, err.text);
			return;
		}
		letter.key = statement_key(a, from->node, l, notices[0], &figures);
		statement_of(a, l->target.language, from->node, notices[0], &figures, l->target.attach_csv, &m);
	} else {
		message_of(a, l->target.language, from->node, notices, n, &m);
	}
	notifier_of(l->target.type)->build(a, &l->target, &letter, ret);
}
