/* Hashing: a 64-bit hash of bytes (FNV-1a, for the known-state check and look-ups; no defence against an attacker who picks
 * keys, who is the administrator here), and a map from text to a number on an arena.
 * Anybody may call. */
#ifndef UTIL_HASH_H
#define UTIL_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"

#define HASH_START 0xcbf29ce484222325ULL

/* Continues h over len bytes. */
uint64_t hash_bytes(uint64_t h, const void *bytes, size_t len);
/* Continues h over a text and its end, so that ("ab","c") and ("a","bc") differ. */
uint64_t hash_text(uint64_t h, const char *text);
uint64_t hash_u64(uint64_t h, uint64_t v);

struct hash_slot {
	const char *key; /* not copied: must outlive the map */
	uint32_t value;
};
struct hash_map {
	struct arena *arena;
	struct hash_slot *slots;
	size_t n, cap;
};

void hash_map_init(struct hash_map *m, struct arena *a, size_t expected);
/* Adds key -> value; false and no change if the key is there already. */
bool hash_map_add(struct hash_map *m, const char *key, uint32_t value);
/* NULL if absent. */
const uint32_t *hash_map_get(const struct hash_map *m, const char *key);

#endif
