/* Headers of a mail: see mail_header.h.
 * Encoded words are base64 where most of the text needs it and never cut a character in two; each fits a line of its own.
 * notify/ calls. */
#include "view/mail_header.h"

#include <string.h>

#include "util/base64.h"
#include "util/utf8.h"

#define LINE_MAX 78
#define WORD_HEAD "=?UTF-8?B?"
#define WORD_TAIL "?="
/* 45 bytes are 60 characters in base64: with head and tail 72, below the 75 of RFC 2047. */
#define WORD_BYTES 45
/* What a line may still hold so that a word of at least some characters goes there. */
#define WORD_LEAST 8

struct header {
	struct str *out;
	size_t column;
};

static void fold(struct header *h)
{
	str_puts(h->out, "\r\n ");
	h->column = 1;
}

/* Bytes of whole characters, at most `most`. */
static size_t whole_characters(const char *p, size_t len, size_t most)
{
	size_t n = 0;
	uint32_t code;

	while (n < len) {
		size_t step = utf8_decode(p + n, len - n, &code);

		if (n + step > most)
			break;
		n += step;
	}
	return n;
}

static void put_words(struct header *h, const char *p, size_t len)
{
	const size_t frame = strlen(WORD_HEAD WORD_TAIL);

	while (len) {
		size_t room = h->column + frame < LINE_MAX ? (LINE_MAX - h->column - frame) / 4 * 3 : 0, n;

		if (room < WORD_LEAST && h->column > 1) {
			fold(h);
			continue;
		}
		n = whole_characters(p, len, room < WORD_BYTES ? room : WORD_BYTES);
		str_puts(h->out, WORD_HEAD);
		base64_put(h->out, p, n);
		str_puts(h->out, WORD_TAIL);
		h->column += frame + (n + 2) / 3 * 4;
		p += n;
		len -= n;
		if (len)
			fold(h);
	}
}

/* Words of ASCII, folded between two of them; a run of spaces stays as it is. */
static void put_plain(struct header *h, const char *p, size_t len)
{
	size_t n;

	for (size_t at = 0; at < len; at += n) {
		size_t spaces = 0;

		while (at + spaces < len && p[at + spaces] == ' ')
			spaces++;
		n = spaces;
		while (at + n < len && p[at + n] != ' ')
			n++;
		if (spaces && h->column + n > LINE_MAX && h->column > 1) {
			str_puts(h->out, "\r\n");
			h->column = 0;
		}
		str_put(h->out, p + at, n);
		h->column += n;
	}
}

/* Readable as it stands: ASCII, nothing that looks like an encoded word, no word that a line cannot hold, no space at an end that
 * folding would lose. */
static bool is_plain(const char *p, size_t len)
{
	size_t word = 0;

	if (!len || p[0] == ' ' || p[len - 1] == ' ')
		return !len;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)p[i];

		word = c == ' ' ? 0 : word + 1;
		if (c < ' ' || c > '~' || word > LINE_MAX - 20 || (c == '=' && p[i + 1] == '?'))
			return false;
		if (c == ' ' && p[i + 1] == ' ') /* unfolding may not keep them */
			return false;
	}
	return true;
}

/* What is longer is no header's text; each bad byte becomes three. */
#define TEXT_MAX ((size_t)4096)

static void clean(struct str *to, const char *text)
{
	*to = STR_CEILING(3 * TEXT_MAX);
	utf8_put_line(to, text, strnlen(text, TEXT_MAX));
}

void mail_header_text(struct str *out, const char *name, const char *text)
{
	cleanup_str struct str value;
	struct header h = { out, strlen(name) + 2 };

	clean(&value, text);
	str_putf(out, "%s: ", name);
	if (!value.len)
		return;
	if (is_plain(value.p, value.len))
		put_plain(&h, value.p, value.len);
	else
		put_words(&h, value.p, value.len);
}

/* What RFC 5322 allows in a phrase without quotes. */
static bool is_phrase(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != ' ' &&
			!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~",
				p[i]))
			return false;
	return true;
}

void mail_header_address(struct str *out, const char *name, const char *words, const char *address)
{
	cleanup_str struct str value;
	struct header h = { out, strlen(name) + 2 };

	clean(&value, words ? words : "");
	str_putf(out, "%s: ", name);
	if (!value.len) {
		str_puts(out, address);
		return;
	}
	if (is_plain(value.p, value.len) && is_phrase(value.p, value.len))
		put_plain(&h, value.p, value.len);
	else
		put_words(&h, value.p, value.len);
	if (h.column + strlen(address) + 3 > LINE_MAX)
		fold(&h);
	else
		str_putc(out, ' ');
	str_putf(out, "<%s>", address);
}
