/* Secrets hidden in what others said: see hide.h.
 * Each place of the text is compared with each secret: texts are short and secrets few.
 * net/ calls. */
#include "view/hide.h"

#include <string.h>
#include <strings.h>

#include "util/base64.h"

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 32) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* The byte that begins s, also where a url writes it as %41; *ret_len of s are it. */
static unsigned char byte_at(const char *s, size_t len, size_t *ret_len)
{
	const int high = len >= 3 && s[0] == '%' ? hex_digit(s[1]) : -1, low = high >= 0 ? hex_digit(s[2]) : -1;

	*ret_len = low >= 0 ? 3 : 1;
	return (unsigned char)(low >= 0 ? high << 4 | low : s[0]);
}

/* How much of text is s[0..n), letter by letter or escaped otherwise; 0: it begins with something else. */
static size_t same_at(const char *s, size_t n, const char *text, size_t len)
{
	size_t at = 0;

	for (size_t i = 0, step, text_step; i < n; i += step, at += text_step) {
		if (at == len || byte_at(s + i, n - i, &step) != byte_at(text + at, len - at, &text_step))
			return 0;
	}
	return at;
}

/* Most of text that is one of the parts of s[0..len), cut at any of `ends`; 0 if none begins it. */
static size_t part_at(const char *s, size_t len, const char *ends, size_t least, const char *text, size_t text_len)
{
	size_t longest = 0;

	for (size_t at = 0; at < len;) {
		size_t n = 0;

		while (at + n < len && !strchr(ends, s[at + n]))
			n++;
		if (n >= least)
			longest = larger(longest, same_at(s + at, n, text, text_len));
		at += n + 1;
	}
	return longest;
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

/* What a mail server may say of a login: the password, and as SASL's PLAIN and LOGIN write it (RFC 4616). */
struct login {
	const char *password; /* NULL: none */
	struct str plain, base64;
};

static void login_of(const struct request *q, struct login *ret)
{
	const char *user = q->mail.user ? q->mail.user : "", *password = q->mail.password;
	struct str both = STR_CEILING(strlen(user) + (password ? strlen(password) : 0) + 3);

	*ret = (struct login){ .password = password, .plain = STR_CEILING(8192), .base64 = STR_CEILING(8192) };
	if (!password || strlen(password) < HIDE_PASSWORD_LEAST)
		return;
	base64_put(&ret->base64, password, strlen(password));
	str_putc(&both, '\0');
	str_puts(&both, user);
	str_putc(&both, '\0');
	str_puts(&both, password);
	base64_put(&ret->plain, both.p, both.len);
	str_free(&both);
}

static void login_free(struct login *l)
{
	str_free(&l->plain);
	str_free(&l->base64);
}

static size_t login_at(const struct login *l, const char *text, size_t len)
{
	size_t found = 0;

	if (!l->password)
		return 0;
	found = part_at(l->password, strlen(l->password), "", HIDE_PASSWORD_LEAST, text, len);
	found = larger(found, part_at(l->base64.p, l->base64.len, "=", HIDE_PASSWORD_LEAST, text, len));
	return larger(found, part_at(l->plain.p, l->plain.len, "=", HIDE_PASSWORD_LEAST, text, len));
}

static size_t secret_at(const struct request *q, const struct login *l, const char *text, size_t len)
{
	size_t found = larger(q->url ? url_at(q->url, text, len) : 0, login_at(l, text, len));

	if (q->proxy)
		found = larger(found, url_at(q->proxy, text, len));
	for (size_t i = 0; q->kind == REQUEST_HTTP && i < q->headers.n; i++)
		found = larger(found, header_at(q->headers.at[i], text, len));
	return found;
}

void hide_secrets(struct str *out, const struct request *q, const char *text, size_t len)
{
	struct login login;

	login_of(q, &login);
	for (size_t at = 0; at < len;) {
		size_t n = secret_at(q, &login, text + at, len - at);

		if (n)
			str_puts(out, "(hidden)");
		else
			str_putc(out, text[at]);
		at += n ? n : 1;
	}
	login_free(&login);
}
