/* Records on a pipe: see record.h.
 * The reader trusts no length: it compares before it adds.
 * model/request.c, child/ and net/ call. */
#include "util/record.h"

#include <inttypes.h>
#include <string.h>

/* The digits of RECORD_MAX. */
#define DIGITS_MAX 7

void record_put(struct str *out, const char *key, const char *bytes, size_t len)
{
	str_putf(out, "%s:%zu:", key, len);
	str_put(out, bytes, len);
	str_putc(out, '\n');
}

void record_text(struct str *out, const char *key, const char *text)
{
	if (text)
		record_put(out, key, text, strlen(text));
}

void record_number(struct str *out, const char *key, uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%" PRIu64, n);

	if (n)
		record_put(out, key, digits, (size_t)len);
}

void record_end(struct str *out)
{
	str_puts(out, ".\n");
}

enum step { STEP_FIELD, STEP_END, STEP_MORE, STEP_BAD };

/* KEY ":" LENGTH ":" */
static enum step read_head(const char *p, size_t len, size_t *ret_key_len, size_t *ret_head, size_t *ret_bytes)
{
	size_t i = 0, digits, n = 0;

	while (i < len && i < RECORD_KEY_MAX && ((p[i] >= 'a' && p[i] <= 'z') || p[i] == '_'))
		i++;
	if (i == len)
		return STEP_MORE;
	if (i == 0 || p[i] != ':')
		return STEP_BAD;
	*ret_key_len = i++;
	for (digits = 0; i < len && digits < DIGITS_MAX && p[i] >= '0' && p[i] <= '9'; digits++, i++)
		n = n * 10 + (size_t)(p[i] - '0');
	if (digits > 1 && p[i - digits] == '0')
		return STEP_BAD;
	if (i == len)
		return STEP_MORE;
	if (digits == 0 || p[i] != ':')
		return STEP_BAD;
	*ret_head = i + 1;
	*ret_bytes = n;
	return STEP_FIELD;
}

/* The field or the end at p; ret_taken: how many bytes that is, which may be more than there are (STEP_MORE). */
static enum step read_field(const char *p, size_t len, struct record_field *ret, size_t *ret_taken)
{
	size_t key_len = 0, head = 0, n = 0;
	enum step step;

	*ret_taken = 0;
	if (len && *p == '.') {
		*ret_taken = 2;
		return len == 1 ? STEP_MORE : p[1] == '\n' ? STEP_END : STEP_BAD;
	}
	step = read_head(p, len, &key_len, &head, &n);
	if (step != STEP_FIELD)
		return step;
	*ret_taken = head + n + 1;
	if (len < *ret_taken)
		return STEP_MORE;
	if (p[head + n] != '\n')
		return STEP_BAD;
	*ret = (struct record_field){ .key = p, .key_len = key_len, .bytes = p + head, .len = n };
	return STEP_FIELD;
}

long record_whole(const char *bytes, size_t len, size_t ceiling)
{
	struct record_field field;
	size_t at = 0, taken;

	if (ceiling > RECORD_MAX)
		ceiling = RECORD_MAX;
	for (;;) {
		enum step step = read_field(bytes + at, len - at, &field, &taken);

		at += taken;
		if (step == STEP_BAD || at > ceiling)
			return -1;
		if (step == STEP_MORE)
			return len > ceiling ? -1 : 0;
		if (step == STEP_END)
			return (long)at;
	}
}

bool record_next(struct record_reader *r, struct record_field *ret)
{
	size_t taken;
	enum step step;

	if (r->ended)
		return false;
	step = read_field(r->p, r->len, ret, &taken);
	if (step != STEP_FIELD && step != STEP_END)
		return false;
	r->p += taken;
	r->len -= taken;
	r->ended = step == STEP_END;
	return !r->ended;
}

bool record_ended(const struct record_reader *r)
{
	return r->ended && !r->len;
}

bool record_is(const struct record_field *f, const char *key)
{
	return f->key_len == strlen(key) && memcmp(f->key, key, f->key_len) == 0;
}

bool record_to_number(const struct record_field *f, uint64_t most, uint64_t *ret)
{
	uint64_t n = 0;

	if (!f->len)
		return false;
	for (size_t i = 0; i < f->len; i++)
		if (f->bytes[i] < '0' || f->bytes[i] > '9' || __builtin_mul_overflow(n, 10, &n) ||
			__builtin_add_overflow(n, (uint64_t)(f->bytes[i] - '0'), &n))
			return false;
	if (n > most)
		return false;
	*ret = n;
	return true;
}
