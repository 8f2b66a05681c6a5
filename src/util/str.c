/* A growing text: see str.h.
 * Doubling, so n writes cost n; no allocation a write.
 * Anybody may call. */
#include "util/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/arena.h"

static bool reserve(struct str *s, size_t more)
{
	size_t cap = s->cap ? s->cap : 256;
	char *p;

	if (s->full || more > s->ceiling || s->len > s->ceiling - more) {
		s->full = true;
		return false;
	}
	if (s->len + more < s->cap)
		return true;
	while (cap <= s->len + more)
		cap *= 2;
	p = realloc(s->p, cap);
	if (!p)
		arena_oom();
	s->p = p;
	s->cap = cap;
	return true;
}

void str_put(struct str *s, const char *bytes, size_t len)
{
	if (!reserve(s, len))
		return;
	if (len)
		memcpy(s->p + s->len, bytes, len);
	s->len += len;
	s->p[s->len] = '\0';
}

void str_puts(struct str *s, const char *text)
{
	str_put(s, text, strlen(text));
}

void str_putc(struct str *s, char c)
{
	str_put(s, &c, 1);
}

void str_fill(struct str *s, char c, size_t n)
{
	if (!reserve(s, n))
		return;
	memset(s->p + s->len, c, n);
	s->len += n;
	s->p[s->len] = '\0';
}

void str_putf(struct str *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !reserve(s, (size_t)n))
		return;
	va_start(ap, fmt);
	vsnprintf(s->p + s->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	s->len += (size_t)n;
}

void str_free(struct str *s)
{
	free(s->p);
	*s = (struct str){ .ceiling = s->ceiling };
}
