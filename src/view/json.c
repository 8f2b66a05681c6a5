/* JSON: see json.h.
 * Runs of plain bytes are copied at once; only quotes, backslashes, controls and bad UTF-8 are looked at one by one.
 * Whatever prints JSON calls. */
#include "view/json.h"

#include <inttypes.h>
#include <string.h>

#include "model/calendar.h"
#include "util/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static void separate(struct json *j)
{
	if (j->comma)
		str_putc(j->out, ',');
	j->comma = true;
}

static void open_with(struct json *j, char c)
{
	separate(j);
	str_putc(j->out, c);
	j->comma = false;
}

static void close_with(struct json *j, char c)
{
	str_putc(j->out, c);
	j->comma = true;
}

void json_open_object(struct json *j)
{
	open_with(j, '{');
}

void json_close_object(struct json *j)
{
	close_with(j, '}');
}

void json_open_array(struct json *j)
{
	open_with(j, '[');
}

void json_close_array(struct json *j)
{
	close_with(j, ']');
}

static bool plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void escape(struct json *j, unsigned char c)
{
	static const char named[] = "\bb\ff\nn\rr\tt\"\"\\\\";

	for (const char *n = named; *n; n += 2)
		if ((unsigned char)*n == c) {
			const char pair[2] = { '\\', n[1] };

			str_put(j->out, pair, 2);
			return;
		}
	str_putf(j->out, "\\u%04x", c);
}

static void put_text(struct json *j, const char *bytes, size_t len)
{
	const unsigned char *p = (const unsigned char *)bytes;
	uint32_t code;
	size_t i = 0;

	str_putc(j->out, '"');
	while (i < len) {
		size_t from = i, n;

		while (i < len && plain(p[i]))
			i++;
		str_put(j->out, bytes + from, i - from);
		if (i == len)
			break;
		if (p[i] < 0x80) {
			escape(j, p[i++]);
			continue;
		}
		n = utf8_decode(bytes + i, len - i, &code);
		if (code != UTF8_BAD)
			str_put(j->out, bytes + i, n);
		else
			str_puts(j->out, REPLACEMENT);
		i += n;
	}
	str_putc(j->out, '"');
}

void json_key(struct json *j, const char *key)
{
	separate(j);
	put_text(j, key, strlen(key));
	str_putc(j->out, ':');
	j->comma = false;
}

void json_put_text(struct json *j, const char *text)
{
	json_put_bytes(j, text, strlen(text));
}

void json_put_text_or_null(struct json *j, const char *text)
{
	if (text)
		json_put_text(j, text);
	else
		json_put_null(j);
}

void json_put_bytes(struct json *j, const char *bytes, size_t len)
{
	separate(j);
	put_text(j, bytes, len);
}

void json_put_u64(struct json *j, uint64_t v)
{
	separate(j);
	str_putf(j->out, "%" PRIu64, v);
}

void json_put_tenths(struct json *j, uint64_t n)
{
	separate(j);
	str_putf(j->out, "%" PRIu64 ".%" PRIu64, n / 10, n % 10);
}

void json_put_bool(struct json *j, bool v)
{
	separate(j);
	str_puts(j->out, v ? "true" : "false");
}

void json_put_null(struct json *j)
{
	separate(j);
	str_puts(j->out, "null");
}

void json_put_time(struct json *j, const char *zone, int64_t t)
{
	char buf[CALENDAR_RFC3339];

	json_put_text(j, calendar_rfc3339(zone, t, buf));
}

void json_end(struct json *j)
{
	str_putc(j->out, '\n');
	j->comma = false;
}
