/* Where a name stands in a list: see places.h.
 * A few are looked at, since some of the list may be missing in what comes.
 * Anybody may call. */
#include "util/places.h"

#include <string.h>

#define LOOK_AHEAD 8

void places_init(struct places *p, struct arena *a, const char *const *first, size_t stride, size_t n)
{
	*p = (struct places){ .arena = a, .first = first, .stride = stride, .n = n };
}

const char *places_name(const struct places *p, size_t i)
{
	return *(const char *const *)(const void *)((const char *)p->first + i * p->stride);
}

static void make_map(struct places *p)
{
	hash_map_init(&p->map, p->arena, p->n);
	for (size_t i = 0; i < p->n; i++)
		hash_map_add(&p->map, places_name(p, i), (uint32_t)i);
	p->mapped = true;
}

bool places_find(struct places *p, const char *name, size_t *ret_place)
{
	const uint32_t *at;

	for (size_t i = p->next; i < p->n && i < p->next + LOOK_AHEAD; i++)
		if (strcmp(places_name(p, i), name) == 0) {
			*ret_place = i;
			p->next = i + 1;
			return true;
		}
	if (p->stranger && strcmp(name, p->stranger) == 0)
		return false;
	if (!p->mapped)
		make_map(p);
	at = hash_map_get(&p->map, name);
	if (!at)
		return false;
	*ret_place = *at;
	p->next = *at + 1;
	return true;
}
