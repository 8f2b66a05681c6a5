/* Hashing: see hash.h.
 * Open addressing, at most half full.
 * Anybody may call. */
#include "util/hash.h"

#include <string.h>

#define FNV_PRIME 0x100000001b3ULL

uint64_t hash_bytes(uint64_t h, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * FNV_PRIME;
	return h;
}

uint64_t hash_text(uint64_t h, const char *text)
{
	return hash_bytes(h, text, strlen(text) + 1);
}

uint64_t hash_u64(uint64_t h, uint64_t v)
{
	return hash_bytes(h, &v, sizeof v);
}

static struct hash_slot *find(const struct hash_map *m, const char *key)
{
	size_t i = (size_t)hash_text(HASH_START, key) & (m->cap - 1);

	while (m->slots[i].key && strcmp(m->slots[i].key, key) != 0)
		i = (i + 1) & (m->cap - 1);
	return &m->slots[i];
}

void hash_map_init(struct hash_map *m, struct arena *a, size_t expected)
{
	size_t cap = 16;

	while (cap < 2 * expected)
		cap *= 2;
	*m = (struct hash_map){ .arena = a, .cap = cap, .slots = arena_array(a, cap, sizeof *m->slots) };
}

bool hash_map_add(struct hash_map *m, const char *key, uint32_t value)
{
	struct hash_slot *s;

	if (2 * (m->n + 1) > m->cap) {
		struct hash_map more;

		hash_map_init(&more, m->arena, m->cap);
		for (size_t i = 0; i < m->cap; i++)
			if (m->slots[i].key)
				*find(&more, m->slots[i].key) = m->slots[i];
		more.n = m->n;
		*m = more;
	}
	s = find(m, key);
	if (s->key)
		return false;
	*s = (struct hash_slot){ key, value };
	m->n++;
	return true;
}

const uint32_t *hash_map_get(const struct hash_map *m, const char *key)
{
	const struct hash_slot *s = find(m, key);

	return s->key ? &s->value : NULL;
}
