/* Lines of /proc/net/tcp and its sisters: see socket_row.h.
 * Numbers are hexadecimal, but for user and inode.
 * model/ and run/ call. */
#include "model/socket_row.h"

#include <ctype.h>
#include <string.h>

struct text {
	const char *at, *end;
};

static struct text next_word(struct text *line)
{
	struct text w;

	while (line->at < line->end && isspace((unsigned char)*line->at))
		line->at++;
	w.at = line->at;
	while (line->at < line->end && !isspace((unsigned char)*line->at))
		line->at++;
	w.end = line->at;
	return w;
}

static bool number(const char *at, const char *end, unsigned int base, uint64_t most, uint64_t *ret)
{
	uint64_t v = 0;

	if (at >= end)
		return false;
	for (; at < end; at++) {
		const int c = tolower((unsigned char)*at);
		const unsigned int digit = isdigit(c) ? (unsigned int)(c - '0')
			: c >= 'a' && c <= 'f'        ? (unsigned int)(c - 'a') + 10
						      : base;

		if (digit >= base || __builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, digit, &v) ||
			v > most)
			return false;
	}
	*ret = v;
	return true;
}

/* The kernel prints each four bytes of an address as one number of this machine's byte order. */
static bool address(const char *hex, size_t len, struct socket_row *r)
{
	if (len != 8 && len != 32)
		return false;
	r->family = len == 8 ? 4 : 6;
	memset(r->address, 0, sizeof r->address);
	for (size_t i = 0; i < len / 8; i++) {
		uint64_t v;
		uint32_t word;

		if (!number(hex + 8 * i, hex + 8 * (i + 1), 16, UINT32_MAX, &v))
			return false;
		word = (uint32_t)v;
		memcpy(r->address + 4 * i, &word, sizeof word);
	}
	return true;
}

enum { WORD_SLOT, WORD_LOCAL, WORD_STATE = 3, WORD_UID = 7, WORD_INODE = 9, WORDS };

bool socket_row(const char *line, size_t len, struct socket_row *ret)
{
	struct text rest = { line, line + len }, word[WORDS];
	struct socket_row r = { 0 };
	const char *colon;
	uint64_t port, state;

	for (size_t i = 0; i < WORDS; i++) {
		word[i] = next_word(&rest);
		if (word[i].at == word[i].end)
			return false;
	}
	if (word[WORD_SLOT].end[-1] != ':' ||
		!number(word[WORD_STATE].at, word[WORD_STATE].end, 16, UINT8_MAX, &state) ||
		!number(word[WORD_UID].at, word[WORD_UID].end, 10, UINT64_MAX, &r.uid) ||
		!number(word[WORD_INODE].at, word[WORD_INODE].end, 10, UINT64_MAX, &r.inode))
		return false;
	colon = memchr(word[WORD_LOCAL].at, ':', (size_t)(word[WORD_LOCAL].end - word[WORD_LOCAL].at));
	if (!colon || !number(colon + 1, word[WORD_LOCAL].end, 16, UINT16_MAX, &port) ||
		!address(word[WORD_LOCAL].at, (size_t)(colon - word[WORD_LOCAL].at), &r))
		return false;
	r.port = (uint16_t)port;
	r.state = (uint8_t)state;
	*ret = r;
	return true;
}

bool address_loopback(uint8_t family, const uint8_t address[16])
{
	static const uint8_t one[16] = { [15] = 1 }, mapped[13] = { [10] = 0xff, 0xff, 127 };

	if (family == 4)
		return address[0] == 127;
	return memcmp(address, one, sizeof one) == 0 || memcmp(address, mapped, sizeof mapped) == 0;
}
