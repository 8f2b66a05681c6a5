/* Headers of a mail: exact ones for the common cases, and for any text what must always hold: lines short enough, no line end but
 * a fold, pure ASCII, and the encoded words say what the text said.
 * tests/system/net.sh reads the same headers with Python's email.
 * make check-unit runs it. */
#include "util/mail_address.h"
#include "view/mail_header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void texts(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "Subject: " },
		{ "web used 80 % of 100 GB", "Subject: web used 80 % of 100 GB" },
		{ "a=b ?", "Subject: a=b ?" },
		{ "\xe5\xb0\x8f\xe8\x89\xbe", "Subject: =?UTF-8?B?5bCP6Im+?=" },
		{ "x\r\nBcc: y@example.com", "Subject: =?UTF-8?B?eCAgQmNjOiB5QGV4YW1wbGUuY29t?=" },
		{ "x\nBcc: y@example.com", "Subject: x Bcc: y@example.com" },
		{ "=?UTF-8?B?eA==?=", "Subject: =?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?=" },
		{ " x", "Subject: =?UTF-8?B?IHg=?=" },
		{ "x ", "Subject: =?UTF-8?B?eCA=?=" },
		{ "\xff", "Subject: =?UTF-8?B?77+9?=" },
		{ "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen",
			"Subject: one two three four five six seven eight nine ten eleven twelve\r\n thirteen fourteen fifteen" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_str struct str s = STR_CEILING(10000);

		mail_header_text(&s, "Subject", cases[i].text);
		if (strcmp(s.p, cases[i].want) != 0)
			fail_msg("\"%s\": got \"%s\"", cases[i].text, s.p);
	}
}

static void addresses(void **state)
{
	static const struct {
		const char *words, *want;
	} cases[] = {
		{ NULL, "From: a@example.com" },
		{ "", "From: a@example.com" },
		{ "portflow hk1", "From: portflow hk1 <a@example.com>" },
		{ "a, b", "From: =?UTF-8?B?YSwgYg==?= <a@example.com>" },
		{ "x <y@example.com>", "From: =?UTF-8?B?eCA8eUBleGFtcGxlLmNvbT4=?= <a@example.com>" },
		{ "\xe5\xb0\x8f", "From: =?UTF-8?B?5bCP?= <a@example.com>" },
		{ "a quite long name of a sender so that the address has no room left",
			"From: a quite long name of a sender so that the address has no room left\r\n <a@example.com>" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_str struct str s = STR_CEILING(10000);

		mail_header_address(&s, "From", cases[i].words, "a@example.com");
		if (strcmp(s.p, cases[i].want) != 0)
			fail_msg("case %zu: got \"%s\"", i, s.p);
	}
}

static void valid(void **state)
{
	static const struct {
		const char *address;
		bool want;
	} cases[] = {
		{ "a@example.com", true },
		{ "a.b+c@mail-1.example.com", true },
		{ "root@localhost", true },
		{ "a@xn--fiqs8s", true },
		{ "", false },
		{ "a", false },
		{ "@example.com", false },
		{ "a@", false },
		{ "a@.com", false },
		{ "a b@example.com", false },
		{ "a@b@example.com", false },
		{ "a@exam_ple.com", false },
		{ "<a@example.com>", false },
		{ "a@example.com>", false },
		{ "a@example.com\r\nRCPT TO:<b@example.com>", false },
		{ "a\n@example.com", false },
		{ "\xe5\xb0\x8f@example.com", false },
		{ "\"a\"@example.com", false },
		{ "1234567890123456789012345678901234567890123456789012345678901234@x", true },
		{ "12345678901234567890123456789012345678901234567890123456789012345@x", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (mail_address_valid(cases[i].address) != cases[i].want)
			fail_msg("\"%s\"", cases[i].address);
}

static unsigned sextet(char c)
{
	static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = strchr(all, c);

	assert_true(c && p);
	return (unsigned)(p - all);
}

/* What a reader makes of a header that is encoded words and folds alone. */
static void decode(const char *p, struct str *to)
{
	while (*p) {
		assert_memory_equal(p, "=?UTF-8?B?", 10);
		for (p += 10; *p != '?'; p += 4) {
			unsigned n = sextet(p[0]) << 18 | sextet(p[1]) << 12;

			n |= p[2] == '=' ? 0 : sextet(p[2]) << 6;
			n |= p[3] == '=' ? 0 : sextet(p[3]);
			str_putc(to, (char)(n >> 16));
			if (p[2] != '=')
				str_putc(to, (char)(n >> 8));
			if (p[3] != '=')
				str_putc(to, (char)n);
		}
		assert_memory_equal(p, "?=", 2);
		p += 2;
		if (*p) {
			assert_memory_equal(p, "\r\n ", 3);
			p += 3;
		}
	}
}

static void lines_are_short(const char *p, size_t most)
{
	for (size_t column = 0; *p; p++) {
		column = *p == '\n' ? 0 : column + 1;
		if (column > most + (*p == '\r') || (unsigned char)*p > '~')
			fail_msg("column %zu, byte %d", column, *p);
		if (*p == '\r')
			assert_true(p[1] == '\n' && (p[2] == ' '));
	}
}

/* Texts of all lengths, of characters of one to four bytes in changing order. */
static void any_length(void **state)
{
	static const char *const characters[] = { "\xe5\xb0\x8f", "x", "\xf0\x9f\x98\x80", "\xc3\xa9", " " };

	(void)state;
	for (size_t n = 0; n < 400; n++) {
		cleanup_str struct str text = STR_CEILING(10000), s = text, back = text;

		for (size_t i = 0; i < n; i++)
			str_puts(&text, characters[(i * i + n) % 5]);
		str_puts(&text, "\xc3\xa9");
		mail_header_text(&s, "Subject", text.p);
		lines_are_short(s.p, 78);
		decode(s.p + strlen("Subject: "), &back);
		assert_string_equal(back.p, text.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(addresses),
		cmocka_unit_test(valid),
		cmocka_unit_test(any_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
