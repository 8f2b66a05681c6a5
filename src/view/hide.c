/* Secrets hidden in what others said: see hide.h.
 * Each place of the text is compared with each secret: texts are short and secrets few.
 * net/ calls. */
#include "view/hide.h"

#include <string.h>
#include <strings.h>

/* Longest of the parts of s[0..len), cut at any of `ends`, that begins text; 0 if none does. */
static size_t part_at(const char *s, size_t len, const char *ends, size_t least, const char *text, size_t text_len)
{
	size_t longest = 0;

	for (size_t at = 0; at < len;) {
		size_t n = 0;

		while (at + n < len && !strchr(ends, s[at + n]))
			n++;
		if (n >= least && n > longest && n <= text_len && memcmp(s + at, text, n) == 0)
			longest = n;
		at += n + 1;
	}
	return longest;
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* Login and what is behind the host; scheme, host and port are no secrets. */
static size_t url_at(const char *url, const char *text, size_t len)
{
	const char *host = strstr(url, "://"), *end, *login;
	size_t found;

	if (!host)
		return 0;
	host += 3;
	end = host + strcspn(host, "/?#");
	login = memrchr(host, '@', (size_t)(end - host));
	found = part_at(end, strlen(end), "/?&=#", HIDE_LEAST, text, len);
	if (login)
		found = larger(found, part_at(host, (size_t)(login - host), ":", HIDE_PASSWORD_LEAST, text, len));
	return found;
}

static size_t header_at(const char *line, const char *text, size_t len)
{
	const char *value = strchr(line, ':');

	if (!value || strncasecmp(line, "Content-Type:", 13) == 0)
		return 0;
	return part_at(value + 1, strlen(value + 1), " ", HIDE_LEAST, text, len);
}

static size_t secret_at(const struct request *q, const char *text, size_t len)
{
	const char *password = q->mail.password;
	size_t found = q->url ? url_at(q->url, text, len) : 0;

	if (q->proxy)
		found = larger(found, url_at(q->proxy, text, len));
	if (password)
		found = larger(found, part_at(password, strlen(password), "", HIDE_PASSWORD_LEAST, text, len));
	for (size_t i = 0; q->kind == REQUEST_HTTP && i < q->headers.n; i++)
		found = larger(found, header_at(q->headers.at[i], text, len));
	return found;
}

void hide_secrets(struct str *out, const struct request *q, const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		size_t n = secret_at(q, text + at, len - at);

		if (n)
			str_puts(out, "(hidden)");
		else
			str_putc(out, text[at]);
		at += n ? n : 1;
	}
}
