/* Errors as values: see err.h.
 * Formatting only; who prints and exits is main.c.
 * Anybody may call. */
#include "util/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int set(struct err *e, enum err_kind kind, int errnum, const char *fmt, va_list ap)
{
	e->kind = kind;
	e->errnum = errnum;
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	return -1;
}

int(err_set)(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(e, kind, 0, fmt, ap);
	va_end(ap);
	return -1;
}

int(err_sys)(struct err *e, enum err_kind kind, int errnum, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	set(e, kind, errnum, fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	snprintf(e->text + n, sizeof e->text - n, ": %s", strerror(errnum));
	if (kind == ERR_FAIL && (errnum == EPERM || errnum == EACCES))
		e->kind = ERR_PERM;
	return -1;
}

int(err_wrap)(struct err *e, const char *fmt, ...)
{
	char old[sizeof e->text];
	va_list ap;
	size_t n, rest;

	memcpy(old, e->text, sizeof old);
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof e->text - 2, fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	memcpy(e->text + n, ": ", 3);
	n += 2;
	rest = strnlen(old, sizeof e->text - n - 1);
	memcpy(e->text + n, old, rest);
	e->text[n + rest] = '\0';
	return -1;
}
