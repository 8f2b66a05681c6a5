/* What the two tests of model/diff share: tables built in few words, and a list of changes that is compared, applied and found
 * to leave nothing.
 * Tests of model/diff include. */
#ifndef DIFF_HELP_H
#define DIFF_HELP_H

#include "ruleset_help.h"

#include <arpa/inet.h>

static inline struct ruleset_elem *elem(
	struct arena *a, struct ruleset_set *s, uint16_t from, uint16_t to, const char *name)
{
	struct ruleset_elem *e = vec_push(a, &s->elems);

	*e = (struct ruleset_elem){ .name = name };
	memcpy(e->from, &(uint16_t){ htons(from) }, 2);
	memcpy(e->to, &(uint16_t){ htons(to) }, 2);
	s->sorted = false;
	return e;
}

static inline struct ruleset_set *set(
	struct arena *a, struct ruleset *r, const char *name, enum set_key key, bool interval, enum set_data data)
{
	struct ruleset_set *s = vec_push(a, &r->sets);

	s->name = name;
	s->key = key;
	s->interval = interval;
	s->data = data;
	return s;
}

static inline void object(struct arena *a, struct ruleset *r, const char *name, enum object_kind kind)
{
	struct ruleset_object *o = vec_push(a, &r->objects);

	o->name = name;
	o->kind = kind;
}

/* The same deadlines, counted from another moment. */
static inline void count_from(struct ruleset *r, int64_t now_ms)
{
	for (size_t i = 0; i < r->sets.n; i++)
		for (size_t j = 0; j < r->sets.at[i].elems.n; j++)
			if (r->sets.at[i].elems.at[j].deadline)
				r->sets.at[i].elems.at[j].deadline += (uint64_t)(r->now_ms - now_ms);
	r->now_ms = now_ms;
}

static inline void one_way(struct arena *a, const char *name, struct ruleset *want, struct ruleset *have,
	const char *expected, unsigned int copies)
{
	struct ruleset after = ruleset_copy(a, have);
	struct diff d;
	const char *got, *refused;
	size_t listed = 0;

	diff_rulesets(a, want, have, "canary", QUOTA_THERE, &d);
	got = changes_text(a, &d);
	if (strcmp(got, expected) != 0)
		fail_msg("%s:\n got %s\nwant %s", name, got, expected);
	for (enum change_kind k = 0; k < CHANGE_KINDS; k++)
		listed += d.changes.of[k].n;
	if (listed != d.changes.n)
		fail_msg("%s: %zu changes, says %zu", name, listed, d.changes.n);
	if (d.copies != copies)
		fail_msg("%s: copies %u", name, d.copies);
	count_from(&after, want->now_ms);
	refused = apply_changes(a, &after, &d);
	if (refused)
		fail_msg("%s: %s", name, refused);
	bool partial = d.partial;
	diff_rulesets(a, want, &after, "canary", QUOTA_THERE, &d);
	if (d.partial || d.changes.n != (partial ? d.changes.of[CHANGE_TABLE_FLAGS].n : 0))
		fail_msg("%s: afterwards %s", name, changes_text(a, &d));
}

#endif
