/* One arena a run: everything that lives as long as the run comes from here and goes at once.
 * Memory is zeroed. Out of memory ends the process (arena_oom): a run may die at any instruction anyway.
 * Anybody may call. */
#ifndef UTIL_ARENA_H
#define UTIL_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_chunk;
struct arena {
	struct arena_chunk *head;
};

/* Returns n zeroed bytes aligned for any type; never NULL. */
void *arena_alloc(struct arena *a, size_t n) __attribute__((malloc, alloc_size(2), returns_nonnull));
/* n * size with the product checked. */
void *arena_array(struct arena *a, size_t n, size_t size) __attribute__((malloc, alloc_size(2, 3), returns_nonnull));
/* The n bytes at p become n + more, the new ones zeroed, where nothing was taken since and the chunk has room; else false and
 * nothing happens. */
bool arena_extend(struct arena *a, void *p, size_t n, size_t more);
char *arena_strdup(struct arena *a, const char *s) __attribute__((returns_nonnull));
/* Copies len bytes and adds a NUL. */
char *arena_strndup(struct arena *a, const char *s, size_t len) __attribute__((returns_nonnull));
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3), returns_nonnull));
void arena_free(struct arena *a);
#define cleanup_arena __attribute__((cleanup(arena_free)))
/* The one place that ends a run for want of memory. */
void arena_oom(void) __attribute__((noreturn));

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))

#endif
