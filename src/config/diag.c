/* Diagnostics: see diag.h.
 * The source line is shown cut around the caret: a line may be a megabyte long, and may hold anything.
 * config/, run/ and cmd/ call. */
#include "config/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/nearest.h"
#include "util/utf8.h"

#define RENDER_MAX 1000
#define SHOWN_BYTES 160  /* of a source line */
#define SHOWN_BEFORE 100 /* of those, before the caret */

#define BOLD "\033[1m"
#define RED "\033[1;31m"
#define YELLOW "\033[1;33m"
#define GREEN "\033[32m"
#define PLAIN "\033[0m"

static void add(
	struct diags *d, enum diag_severity severity, const struct place *at, const char *cure, const char *text)
{
	struct diag *x = vec_push(d->arena, &d->list);

	x->severity = severity;
	x->at = *at;
	x->text = text;
	x->cure = cure;
	if (severity == DIAG_ERROR)
		d->errors++;
	else
		d->warnings++;
}

/* The longest texts quote one value, and values are cut to fit a line. */
static const char *format(struct arena *a, const char *fmt, va_list ap)
{
	char buf[1024];
	size_t len;
	int n = vsnprintf(buf, sizeof buf, fmt, ap);

	if (n < 0)
		return fmt;
	len = (size_t)n < sizeof buf ? (size_t)n : sizeof buf - 1;
	return arena_strndup(a, buf, len);
}

void diag_error(struct diags *d, const struct place *at, const char *cure, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(d, DIAG_ERROR, at, cure, format(d->arena, fmt, ap));
	va_end(ap);
}

void diag_warning(struct diags *d, const struct place *at, const char *cure, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(d, DIAG_WARNING, at, cure, format(d->arena, fmt, ap));
	va_end(ap);
}

void diags_drop_of_service(struct diags *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->list.n; i++)
		if (!d->list.at[i].of_service)
			d->list.at[kept++] = d->list.at[i];
	d->warnings -= d->list.n - kept;
	d->list.n = kept;
}

struct place place_inside(const struct place *at, size_t offset, size_t width)
{
	struct place p = *at;

	p.where.col += (uint32_t)offset;
	p.width = width ? (uint32_t)width : 1;
	return p;
}

struct ordered {
	const struct diag *diag;
};

static int compare(const void *pa, const void *pb)
{
	const struct ordered *a = pa, *b = pb;
	const struct place *x = &a->diag->at, *y = &b->diag->at;

	if (x->file_no != y->file_no)
		return x->file_no < y->file_no ? -1 : 1;
	if (x->where.line != y->where.line)
		return x->where.line < y->where.line ? -1 : 1;
	if (x->where.col != y->where.col)
		return x->where.col < y->where.col ? -1 : 1;
	return a->diag < b->diag ? -1 : a->diag > b->diag; /* they lie in one array, in the order they were made */
}

void diags_sort(struct diags *d)
{
	size_t n = d->list.n;
	struct ordered *order;
	struct diag *sorted;

	if (n < 2)
		return;
	order = arena_array(d->arena, n, sizeof *order);
	sorted = arena_array(d->arena, n, sizeof *sorted);
	for (size_t i = 0; i < n; i++)
		order[i].diag = &d->list.at[i];
	qsort(order, n, sizeof *order, compare);
	for (size_t i = 0; i < n; i++)
		sorted[i] = *order[i].diag;
	d->list.at = sorted;
	d->list.cap = n;
}

/* Moves to the start of the UTF-8 character that holds byte i. */
static size_t char_start(const char *p, size_t i)
{
	while (i && ((unsigned char)p[i] & 0xc0) == 0x80)
		i--;
	return i;
}

/* A blank for a blank and a tab for a tab, so that the caret stands below its byte on any terminal. */
static void put_gap(struct str *out, const char *p, size_t len)
{
	size_t from = 0;

	for (size_t i = 0; i <= len; i++) {
		if (i < len && p[i] != '\t')
			continue;
		str_fill(out, ' ', utf8_width(p + from, i - from));
		if (i < len)
			str_putc(out, '\t');
		from = i + 1;
	}
}

static void put_line(struct str *out, const char *p, size_t len)
{
	size_t from = 0;

	for (size_t i = 0; i <= len; i++) {
		if (i < len && p[i] != '\t')
			continue;
		utf8_put(out, p + from, i - from);
		if (i < len)
			str_putc(out, '\t');
		from = i + 1;
	}
}

static bool is_letter(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* "123456789:AAH-x1_YZ", as the token of a bot looks; an address of IPv6 does not. */
static bool has_token(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		size_t digits = 0, rest = 0, letters = 0;

		while (i + digits < len && p[i + digits] >= '0' && p[i + digits] <= '9')
			digits++;
		if (digits < 5 || i + digits >= len || p[i + digits] != ':') {
			i += digits;
			continue;
		}
		for (size_t k = i + digits + 1; k < len; k++) {
			if (!is_letter(p[k]) && !(p[k] >= '0' && p[k] <= '9') && p[k] != '-' && p[k] != '_')
				break;
			letters += is_letter(p[k]);
			rest++;
		}
		if (rest >= 5 && letters)
			return true;
		i += digits;
	}
	return false;
}

/* Where a path is wanted people write the secret itself, and so do they into a proxy. */
static bool seems_secret(const char *name, const char *value, size_t len)
{
	const size_t n = strlen(name);

	if (strcmp(name, "proxy") == 0)
		return memchr(value, '@', len) != NULL;
	return n > 5 && strcmp(name + n - 5, "_file") == 0 && len && (memchr(value, ':', len) || value[len - 1] == '/');
}

/* Of a secret that was cut over two lines: indented, neither a key nor a section. base64 ends in "=". */
static bool is_rest(const char *line, size_t len)
{
	size_t at = 0;

	if (!len || (line[0] != ' ' && line[0] != '\t'))
		return false;
	while (at < len && (line[at] == ' ' || line[at] == '\t'))
		at++;
	if (at < len && line[at] == '[')
		return false;
	while (at < len && line[at] != '=' && line[at] != ':')
		at++;
	while (at < len && line[at] == '=')
		at++;
	return at == len;
}

/* What follows the name in a line that holds a secret, or seems to by a slip in the name, must not reach a journal. Returns how much of the
 * line may be shown. */
static size_t shown(const struct place *at)
{
	static const char *const secret[] = { "token", "password", "pass", "secret", "url", "key", "hook" };
	char name[64];
	size_t len = 0;

	while (len < at->line_len && len < sizeof name - 1 && at->line[len] != '=' && at->line[len] != ':') {
		name[len] = at->line[len] >= 'A' && at->line[len] <= 'Z' ? (char)(at->line[len] - 'A' + 'a')
									 : at->line[len];
		len++;
	}
	while (len && (name[len - 1] == ' ' || name[len - 1] == '\t'))
		len--;
	name[len] = '\0';
	if (is_rest(at->line, at->line_len))
		return strspn(name, " \t");
	/* a secret in the wrong place */
	if (len < at->line_len &&
		(memmem(at->line, at->line_len, "://", 3) || has_token(at->line, at->line_len) ||
			seems_secret(name, at->line + len + 1, at->line_len - len - 1)))
		return len;
	if (len > 5 && strcmp(name + len - 5, "_file") == 0)
		return at->line_len;
	for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
		if (strstr(name, secret[i]) || nearest_better(name + strspn(name, " \t"), NULL, secret[i]))
			return len;
	return at->line_len;
}

static void put_hidden(struct str *out, const struct diag *x, size_t show, bool color)
{
	str_putf(out, "%5u | ", x->at.where.line);
	put_line(out, x->at.line, show);
	str_putf(out, " (hidden)\n      | %s^%s", color ? GREEN : "", color ? PLAIN : "");
	if (x->cure) {
		str_puts(out, "  ");
		utf8_put(out, x->cure, strlen(x->cure));
	}
	str_putc(out, '\n');
}

static void put_source(struct str *out, const struct diag *x, bool color)
{
	const struct place *at = &x->at;
	size_t caret = at->where.col ? at->where.col - 1 : 0, from = 0, to = at->line_len, end;
	size_t marks;

	if (shown(at) < at->line_len) {
		put_hidden(out, x, shown(at), color);
		return;
	}
	if (caret > at->line_len)
		caret = at->line_len;
	if (caret > SHOWN_BEFORE)
		from = char_start(at->line, caret - SHOWN_BEFORE);
	if (to - from > SHOWN_BYTES)
		to = char_start(at->line, from + SHOWN_BYTES);
	end = at->width < to - caret ? caret + at->width : to;
	str_putf(out, "%5u | %s", at->where.line, from ? "..." : "");
	put_line(out, at->line + from, to - from);
	str_puts(out, to < at->line_len ? "...\n" : "\n");
	str_puts(out, "      | ");
	str_puts(out, from ? "   " : "");
	put_gap(out, at->line + from, caret - from);
	str_puts(out, color ? GREEN : "");
	str_putc(out, '^');
	marks = utf8_width(at->line + caret, end - caret);
	if (marks > 1)
		str_fill(out, '~', marks - 1);
	str_puts(out, color ? PLAIN : "");
	if (x->cure) {
		str_puts(out, "  ");
		utf8_put(out, x->cure, strlen(x->cure));
	}
	str_putc(out, '\n');
}

static void put_diag(struct str *out, const struct diag *x, bool color)
{
	const struct location *w = &x->at.where;
	const char *file = w->file ? w->file : "portflow";
	bool error = x->severity == DIAG_ERROR;

	str_puts(out, color ? BOLD : "");
	utf8_put(out, file, strlen(file));
	if (w->line)
		str_putf(out, ":%u:%u", w->line, w->col ? w->col : 1);
	str_puts(out, color ? ": " PLAIN : ": ");
	str_puts(out, !color ? "" : error ? RED : YELLOW);
	str_puts(out, error ? "error: " : "warning: ");
	str_puts(out, color ? PLAIN : "");
	utf8_put(out, x->text, strlen(x->text));
	str_putc(out, '\n');
	if (x->at.line) {
		put_source(out, x, color);
	} else if (x->cure) {
		str_puts(out, "        ");
		utf8_put(out, x->cure, strlen(x->cure));
		str_putc(out, '\n');
	}
}

void diags_render(const struct diags *d, bool color, struct str *out)
{
	for (size_t i = 0; i < d->list.n; i++) {
		if (i == RENDER_MAX) {
			str_putf(out, "and %zu more like these\n", d->list.n - i);
			return;
		}
		put_diag(out, &d->list.at[i], color);
	}
}
