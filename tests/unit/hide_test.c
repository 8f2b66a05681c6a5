/* What others said without the secrets of the request: whole, in the middle, several; words of everyday stay.
 * A webhook's address in a log is a webhook that everybody may use.
 * make check-unit runs it. */
#include "view/hide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *headers[] = { "Content-Type: application/json", "Authorization: Bearer abcdefgh.1234",
	"X-Key:  0123456789", "broken" };

static void hides(void **state)
{
	static const struct {
		const char *url, *proxy, *text, *want;
	} cases[] = {
		{ "https://h.test/hook/T0KEN-T0KEN", NULL, "no /hook/T0KEN-T0KEN here", "no /hook/(hidden) here" },
		{ "https://h.test/hook/T0KEN-T0KEN", NULL, "T0KEN-T0KE", "T0KEN-T0KE" },
		{ "https://h.test/hook/T0KEN-T0KEN", NULL, "T0KEN-T0KENT0KEN-T0KEN", "(hidden)(hidden)" },
		{ "https://h.test/send?access_key=T0KEN-T0KEN&x=1", NULL, "key T0KEN-T0KEN, x 1", "key (hidden), x 1" },
		{ "https://h.test?T0KEN-T0KEN", NULL, "T0KEN-T0KEN", "(hidden)" },
		{ "https://h.test/a/12345678/123456789", NULL, "123456789 12345678 1234567",
			"(hidden) (hidden) 1234567" },
		{ "https://longhost.test:8443/x", NULL, "longhost.test:8443", "longhost.test:8443" },
		{ "https://user:pass@h.test/", NULL, "user and pass at h.test", "(hidden) and (hidden) at h.test" },
		{ NULL, "http://me42:word@p.test:8080", "proxy me42:word", "proxy (hidden):(hidden)" },
		{ "https://h.test/", NULL, "Bearer abcdefgh.1234 and 0123456789", "Bearer (hidden) and (hidden)" },
		{ "https://h.test/", NULL, "send application/json", "send application/json" },
		{ "https://h.test/SECRETpath123", NULL, "no /%53ECRETpath12%33!", "no /(hidden)!" },
		{ "https://h.test/t%2F0KEN%7ET0KEN", NULL, "no t/0KEN~T0KEN, t%2f0KEN~T0KEN", "no (hidden), (hidden)" },
		{ "https://h.test/T0KEN-100%", NULL, "T0KEN-100% %zz %5", "(hidden) %zz %5" },
		{ "nonsense", NULL, "nonsense", "nonsense" },
		{ NULL, NULL, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_str struct str s = STR_CEILING(1000);
		struct request q = {
			.kind = REQUEST_HTTP, .url = cases[i].url, .proxy = cases[i].proxy, .headers = { headers, 4, 4 }
		};

		str_puts(&s, "");
		hide_secrets(&s, &q, cases[i].text, strlen(cases[i].text));
		if (strcmp(s.p ? s.p : "", cases[i].want) != 0)
			fail_msg("case %zu: got \"%s\"", i, s.p);
	}
}

static void passwords(void **state)
{
	static const struct {
		const char *password, *text, *want;
	} cases[] = {
		{ "sesame", "535 sesame is wrong, sesam is not", "535 (hidden) is wrong, sesam is not" },
		{ "two words", "two words", "(hidden)" },
		{ "abc", "abc", "abc" },
		{ "abcd", "abcd", "(hidden)" },
		{ "sesame", "535 bad AG1lAHNlc2FtZQ==", "535 bad (hidden)==" },
		{ "sesame", "334 c2VzYW1l?", "334 (hidden)?" },
		{ NULL, "x", "x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_str struct str s = STR_CEILING(1000);
		struct request q = { .kind = REQUEST_MAIL, .mail = { .user = "me", .password = cases[i].password } };

		hide_secrets(&s, &q, cases[i].text, strlen(cases[i].text));
		if (strcmp(s.p, cases[i].want) != 0)
			fail_msg("case %zu: got \"%s\"", i, s.p);
	}
}

/* Bytes of a body: NUL ends nothing. */
static void bytes(void **state)
{
	cleanup_str struct str s = STR_CEILING(1000);
	struct request q = { .kind = REQUEST_HTTP, .url = "https://h.test/T0KEN-T0KEN" };

	(void)state;
	hide_secrets(&s, &q, "a\0T0KEN-T0KEN", 13);
	assert_int_equal(s.len, 10);
	assert_memory_equal(s.p, "a\0(hidden)", 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hides),
		cmocka_unit_test(passwords),
		cmocka_unit_test(bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
