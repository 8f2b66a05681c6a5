/* What the tests of tables share: small tables in few words, and a list of changes applied to one as the kernel would.
 * The kernel's own rules are kept: nothing is added twice, nothing goes that is still used, ranges do not overlap.
 * Tests of model/diff and model/desired include. */
#ifndef RULESET_HELP_H
#define RULESET_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <linux/netfilter/nf_tables.h>

#include "model/diff.h"

static inline uint64_t next_random(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	return *s ^= *s << 17;
}

/* A key in hexadecimal, its own length. */
static inline const char *key_text(struct arena *a, enum set_key key, const uint8_t *k)
{
	char text[2 * SET_KEY_MAX + 1] = "";

	if (key == KEY_IFNAME)
		return arena_strndup(a, (const char *)k, strnlen((const char *)k, SET_KEY_MAX));
	if (key == KEY_SERVICE)
		return arena_printf(a, "%u", (unsigned int)k[0] << 8 | k[1]);
	for (size_t i = 0; i < set_key_type(key)->len; i++)
		snprintf(text + 2 * i, 3, "%02x", k[i]);
	return arena_strdup(a, text);
}

/* "80-90:web" */
static inline const char *elem_text(struct arena *a, const struct ruleset_set *s, const struct ruleset_elem *e)
{
	const char *from = key_text(a, s->key, e->from), *to = key_text(a, s->key, e->to);

	return arena_printf(a, "%s%s%s%s%s", from, s->interval && strcmp(from, to) != 0 ? "-" : "",
		s->interval && strcmp(from, to) != 0 ? to : "", e->name ? ":" : "", e->name ? e->name : "");
}

static inline const char *set_text(struct arena *a, const struct ruleset_set *s)
{
	const char *text = "";

	for (size_t i = 0; i < s->elems.n; i++)
		text = arena_printf(a, "%s%s%s", text, i ? " " : "", elem_text(a, s, &s->elems.at[i]));
	return text;
}

static inline const char *change_text(struct arena *a, const struct change *c)
{
	static const char *const word[CHANGE_KINDS] = {
		[CHANGE_TABLE_ADD] = "+table",
		[CHANGE_TABLE_FLAGS] = "flags",
		[CHANGE_CHAIN_FLUSH] = "flush",
		[CHANGE_ELEM_DEL] = "-elem",
		[CHANGE_SET_FLUSH] = "empty",
		[CHANGE_CHAIN_DEL] = "-chain",
		[CHANGE_SET_DEL] = "-set",
		[CHANGE_FLOWTABLE_DEL] = "-flowtable",
		[CHANGE_OBJECT_DEL] = "-object",
		[CHANGE_CHAIN_ADD] = "+chain",
		[CHANGE_OBJECT_ADD] = "+object",
		[CHANGE_OBJECT_SET] = "=object",
		[CHANGE_SET_ADD] = "+set",
		[CHANGE_ELEM_ADD] = "+elem",
		[CHANGE_RULE_ADD] = "+rule",
	};

	return arena_printf(a, "%s %s%s%s", word[c->kind], c->name, c->elem ? " " : "",
		c->elem ? elem_text(a, c->set, c->elem) : "");
}

/* In the order of the batch, ", " between. */
static inline const char *changes_text(struct arena *a, const struct diff *d)
{
	const char *text = "";

	for (enum change_kind k = 0; k < CHANGE_KINDS; k++)
		for (size_t i = 0; i < d->changes.of[k].n; i++)
			text = arena_printf(
				a, "%s%s%s", text, *text ? ", " : "", change_text(a, &d->changes.of[k].at[i]));
	for (size_t i = 0; i < d->retired.n; i++)
		text = arena_printf(a, "%s%sretired %s", text, *text ? ", " : "", d->retired.at[i]->name);
	return text;
}

/* -- a kernel of few words -- */

#define REFUSE(...) return arena_printf(a, __VA_ARGS__)

static inline bool rule_names(const struct ruleset_rule *r, bool chain, const char *name)
{
	for (size_t i = 0; i < r->exprs.n; i++) {
		const struct rule_expr *e = &r->exprs.at[i];

		if (e->name && strcmp(e->name, name) == 0 && (chain ? e->op == OP_VERDICT : expr_names_set(e)))
			return true;
	}
	return false;
}

static inline bool named_by_rule(const struct ruleset *r, bool chain, const char *name)
{
	for (size_t i = 0; i < r->chains.n; i++)
		for (size_t j = 0; j < r->chains.at[i].rules.n; j++)
			if (rule_names(&r->chains.at[i].rules.at[j], chain, name))
				return true;
	return false;
}

static inline bool named_by_elem(const struct ruleset *r, enum set_data data, const char *name)
{
	for (size_t i = 0; i < r->sets.n; i++)
		for (size_t j = 0; j < r->sets.at[i].elems.n && r->sets.at[i].data == data; j++)
			if (r->sets.at[i].elems.at[j].name && strcmp(r->sets.at[i].elems.at[j].name, name) == 0)
				return true;
	return false;
}

static inline bool has_object(const struct ruleset *r, enum object_kind kind, const char *name)
{
	for (size_t i = 0; i < r->objects.n; i++)
		if (r->objects.at[i].kind == kind && strcmp(r->objects.at[i].name, name) == 0)
			return true;
	return false;
}

/* The kind of map that leads to objects of this kind. */
static inline enum set_data data_of(enum object_kind kind)
{
	return kind == OBJECT_COUNTER  ? DATA_COUNTER
		: kind == OBJECT_QUOTA ? DATA_QUOTA
		: kind == OBJECT_LIMIT ? DATA_LIMIT
				       : DATA_NONE;
}

#define remove_at(v, i) (memmove(&(v)->at[i], &(v)->at[(i) + 1], ((v)->n - (i)-1) * sizeof((v)->at[0])), (void)(v)->n--)

static inline const char *apply_elem(struct arena *a, struct ruleset *r, const struct change *c)
{
	struct ruleset_set *s = ruleset_set(r, c->set->name);

	if (!s)
		REFUSE("element of no set %s", c->set->name);
	for (size_t i = 0; i < s->elems.n; i++) {
		const struct ruleset_elem *e = &s->elems.at[i];

		if (c->kind == CHANGE_ELEM_DEL && memcmp(e->from, c->elem->from, SET_KEY_MAX) == 0 &&
			memcmp(e->to, c->elem->to, SET_KEY_MAX) == 0) {
			remove_at(&s->elems, i);
			return NULL;
		}
		if (c->kind == CHANGE_ELEM_ADD && memcmp(e->from, c->elem->to, SET_KEY_MAX) <= 0 &&
			memcmp(e->to, c->elem->from, SET_KEY_MAX) >= 0)
			REFUSE("%s: %s is there", s->name, elem_text(a, s, e));
	}
	if (c->kind == CHANGE_ELEM_DEL)
		REFUSE("%s: no %s", s->name, elem_text(a, s, c->elem));
	if (memcmp(c->elem->from, c->elem->to, SET_KEY_MAX) > 0)
		REFUSE("%s: %s goes back", s->name, elem_text(a, s, c->elem));
	for (enum object_kind kind = OBJECT_COUNTER; kind < OBJECT_OTHER; kind++)
		if (s->data == data_of(kind) && !has_object(r, kind, c->elem->name))
			REFUSE("%s: no object %s", s->name, c->elem->name);
	if (c->elem->deadline && !s->timed)
		REFUSE("%s: cannot end", s->name);
	if (s->data == DATA_VERDICT && c->elem->name && !ruleset_chain(r, c->elem->name))
		REFUSE("%s: no chain %s", s->name, c->elem->name);
	*vec_push(a, &s->elems) = *c->elem;
	s->sorted = false;
	return NULL;
}

static inline const char *apply_chain(struct arena *a, struct ruleset *r, const struct change *c)
{
	struct ruleset_chain *x = (struct ruleset_chain *)(uintptr_t)ruleset_chain(r, c->name);

	if (c->kind == CHANGE_CHAIN_ADD) {
		if (x)
			REFUSE("chain %s is there", c->name);
		x = vec_push(a, &r->chains);
		*x = *c->chain;
		x->odd = false;
		memset(&x->rules, 0, sizeof x->rules);
		return NULL;
	}
	if (!x)
		REFUSE("no chain %s", c->name);
	if (c->kind == CHANGE_RULE_ADD) {
		for (size_t i = 0; i < c->rule->exprs.n; i++) {
			const struct rule_expr *e = &c->rule->exprs.at[i];

			if (e->op == OP_VERDICT && e->name && !ruleset_chain(r, e->name))
				REFUSE("rule of %s: no chain %s", c->name, e->name);
			if (expr_names_set(e) && !ruleset_set(r, e->name))
				REFUSE("rule of %s: no set %s", c->name, e->name);
		}
		*vec_push(a, &x->rules) = *c->rule;
		return NULL;
	}
	if (c->kind == CHANGE_CHAIN_DEL) {
		if (x->rules.n || named_by_rule(r, true, c->name) || named_by_elem(r, DATA_VERDICT, c->name))
			REFUSE("chain %s is used", c->name);
		remove_at(&r->chains, (size_t)(x - r->chains.at));
		return NULL;
	}
	x->rules.n = 0;
	return NULL;
}

static inline const char *apply_set(struct arena *a, struct ruleset *r, const struct change *c)
{
	struct ruleset_set *s = ruleset_set(r, c->name);

	if (c->kind == CHANGE_SET_ADD) {
		if (s)
			REFUSE("set %s is there", c->name);
		s = vec_push(a, &r->sets);
		*s = *c->set;
		s->odd = false;
		memset(&s->elems, 0, sizeof s->elems);
		return NULL;
	}
	if (!s)
		REFUSE("no set %s", c->name);
	if (c->kind == CHANGE_SET_FLUSH) {
		s->elems.n = 0;
		return NULL;
	}
	if (named_by_rule(r, false, c->name))
		REFUSE("set %s is used", c->name);
	remove_at(&r->sets, (size_t)(s - r->sets.at));
	return NULL;
}

static inline const char *apply_object(struct arena *a, struct ruleset *r, const struct change *c)
{
	if (c->kind == CHANGE_OBJECT_ADD) {
		if (has_object(r, c->object->kind, c->name))
			REFUSE("object %s is there", c->name);
		*vec_push(a, &r->objects) = *c->object;
		return NULL;
	}
	if (c->kind == CHANGE_OBJECT_DEL && named_by_elem(r, data_of(c->object->kind), c->name))
		REFUSE("object %s is used", c->name);
	for (size_t i = 0; i < r->objects.n; i++)
		if (strcmp(r->objects.at[i].name, c->name) == 0 && r->objects.at[i].kind == c->object->kind) {
			if (c->kind == CHANGE_OBJECT_DEL)
				remove_at(&r->objects, i);
			else
				r->objects.at[i].limit = c->object->limit; /* and nothing else */
			return NULL;
		}
	REFUSE("no object %s", c->name);
}

static inline const char *apply_change(struct arena *a, struct ruleset *r, const struct change *c)
{
	switch (c->kind) {
	case CHANGE_TABLE_ADD:
		if (r->present)
			REFUSE("the table is there");
		r->present = true;
		return NULL;
	case CHANGE_TABLE_FLAGS:
		r->flags = 0;
		return NULL;
	case CHANGE_FLOWTABLE_DEL:
		for (size_t i = 0; i < r->flowtables.n; i++)
			if (strcmp(r->flowtables.at[i], c->name) == 0)
				remove_at(&r->flowtables, i);
		return NULL;
	case CHANGE_ELEM_DEL:
	case CHANGE_ELEM_ADD:
		return apply_elem(a, r, c);
	case CHANGE_CHAIN_FLUSH:
	case CHANGE_CHAIN_DEL:
	case CHANGE_CHAIN_ADD:
	case CHANGE_RULE_ADD:
		return apply_chain(a, r, c);
	case CHANGE_SET_FLUSH:
	case CHANGE_SET_DEL:
	case CHANGE_SET_ADD:
		return apply_set(a, r, c);
	case CHANGE_OBJECT_DEL:
	case CHANGE_OBJECT_ADD:
	case CHANGE_OBJECT_SET:
		return apply_object(a, r, c);
	case CHANGE_KINDS:
		break;
	}
	REFUSE("a change of no kind");
}

/* NULL, or why the kernel would refuse. */
static inline const char *apply_changes(struct arena *a, struct ruleset *r, const struct diff *d)
{
	const char *refused = NULL;

	for (enum change_kind k = 0; k < CHANGE_KINDS && !refused; k++)
		for (size_t i = 0; i < d->changes.of[k].n && !refused; i++)
			refused = apply_change(a, r, &d->changes.of[k].at[i]);
	return refused;
}

/* A copy that shares no list with its original. */
static inline struct ruleset ruleset_copy(struct arena *a, const struct ruleset *from)
{
	struct ruleset r = *from;

#define COPY_LIST(v) \
	((v).at = (v).n ? memcpy(arena_array(a, (v).n, sizeof((v).at[0])), (v).at, (v).n * sizeof((v).at[0])) : NULL, \
		(v).cap = (v).n)
	COPY_LIST(r.chains);
	COPY_LIST(r.sets);
	COPY_LIST(r.objects);
	COPY_LIST(r.flowtables);
	for (size_t i = 0; i < r.sets.n; i++)
		COPY_LIST(r.sets.at[i].elems);
	for (size_t i = 0; i < r.chains.n; i++) {
		COPY_LIST(r.chains.at[i].rules);
		for (size_t j = 0; j < r.chains.at[i].rules.n; j++)
			COPY_LIST(r.chains.at[i].rules.at[j].exprs);
	}
#undef COPY_LIST
	return r;
}

#endif
