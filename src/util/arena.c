/* The arena of a run: see arena.h.
 * Chunks double up to 1 MiB, so that 8 MB of peak memory hold a thousand entries with room to spare.
 * Anybody may call. */
#include "util/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_MIN ((size_t)16 << 10)
#define CHUNK_MAX ((size_t)64 << 10)

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size;
	alignas(max_align_t) char data[];
};

void arena_oom(void)
{
	static const char text[] = "portflow: out of memory\n";

	if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
		_exit(1);
	_exit(1);
}

#define ALIGN alignof(max_align_t)

static struct arena_chunk *chunk(size_t size, bool zeroed)
{
	struct arena_chunk *c;

	if (size > SIZE_MAX / 2)
		arena_oom();
	c = zeroed ? calloc(1, sizeof *c + size) : malloc(sizeof *c + size);
	if (!c)
		arena_oom();
	c->used = 0;
	c->size = size;
	return c;
}

/* A piece of its own, behind the chunk that the next ones come from. */
static void *take_alone(struct arena *a, size_t n, bool zeroed)
{
	struct arena_chunk *c = chunk(n, zeroed), **at = a->head ? &a->head->next : &a->head;

	c->used = n;
	c->next = *at;
	*at = c;
	return c->data;
}

/* n bytes at a multiple of align, not zeroed. */
static void *take(struct arena *a, size_t n, size_t align)
{
	struct arena_chunk *c = a->head;
	size_t at = c ? (c->used + align - 1) & ~(align - 1) : 0;

	if (n >= CHUNK_MAX)
		return take_alone(a, n, false);
	if (!c || at > c->size || c->size - at < n) {
		size_t size = c ? 2 * c->size : CHUNK_MIN;

		if (size > CHUNK_MAX)
			size = CHUNK_MAX;
		c = chunk(size < n ? n : size, false);
		c->next = a->head;
		a->head = c;
		at = 0;
	}
	c->used = at + n;
	return c->data + at;
}

void *arena_alloc(struct arena *a, size_t n)
{
	return n < CHUNK_MAX ? memset(take(a, n, ALIGN), 0, n) : take_alone(a, n, true);
}

bool arena_extend(struct arena *a, void *p, size_t n, size_t more)
{
	struct arena_chunk *c = a->head;

	if (!c || (char *)p + n != c->data + c->used || c->size - c->used < more)
		return false;
	memset(c->data + c->used, 0, more);
	c->used += more;
	return true;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		arena_oom();
	return arena_alloc(a, total);
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *p = take(a, len + 1, 1);

	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	int n;
	char *p;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		arena_oom();
	p = take(a, (size_t)n + 1, 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

void arena_free(struct arena *a)
{
	struct arena_chunk *c, *next;

	for (c = a->head; c; c = next) {
		next = c->next;
		free(c);
	}
	a->head = NULL;
}
