/* Lines, diagnostics and the whole parser: places, order, rendering, defaults, and what the golden pairs cannot show.
 * The rules of the INI themselves are in tests/golden/config.
 * make check-unit runs it. */
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/lines.h"

static struct config *parse(struct arena *a, struct diags *d, const char *one, const char *two)
{
	struct config_source files[] = { { "one", one, strlen(one) },
		{ "two", two ? two : "", two ? strlen(two) : 0 } };
	struct config_sources sources = { .files = { .at = files, .n = two ? 2 : 1 } };

	*d = (struct diags){ .arena = a };
	return config_parse(a, &sources, d);
}

static void lines_have_places(void **state)
{
	static const char text[] = "# c\n\n[port  web ]\r\n  \nports \t= 80 \nx=1\n[a]\n";
	struct arena a = { 0 };
	struct diags d = { .arena = &a };
	struct ini ini = { .arena = &a };
	const struct ini_section *s;

	(void)state;
	lines_read(&ini, "f", 7, text, sizeof text - 1, &d);
	assert_int_equal(d.list.n, 0);
	assert_int_equal(ini.sections.n, 2);
	s = &ini.sections.at[0];
	assert_string_equal(s->kind, "port");
	assert_string_equal(s->name, "web");
	assert_int_equal(s->at.where.line, 3);
	assert_int_equal(s->at.width, 12);
	assert_int_equal(s->at.file_no, 7);
	assert_false(s->empty);
	assert_string_equal(s->keys->name, "ports");
	assert_string_equal(s->keys->value, "80");
	assert_int_equal(s->keys->value_at.where.line, 5);
	assert_int_equal(s->keys->value_at.where.col, 10);
	assert_int_equal(s->keys->next->name_at.where.line, 6);
	assert_null(s->keys->next->next);
	assert_true(ini.sections.at[1].empty);
	arena_free(&a);
}

/* Values longer than inih's buffer go through it in pieces: every length around its edge, with blanks at the cut. */
static void long_values_arrive_whole(void **state)
{
	(void)state;
	for (size_t len = 150; len <= 420; len++)
		for (size_t blanks = 0; blanks < 3; blanks++) {
			struct arena a = { 0 };
			struct diags d = { .arena = &a };
			struct ini ini = { .arena = &a };
			char *text = arena_alloc(&a, 1000), *value = text + 14;

			memcpy(text, "[port a]\nkey =", 14);
			memset(value, 'x', len);
			for (size_t i = 180; i + 20 < len && blanks; i += blanks + 1)
				memset(value + i, ' ', blanks);
			lines_read(&ini, "f", 0, text, 14 + len, &d);
			if (d.list.n || !ini.sections.at[0].keys || ini.sections.at[0].keys->next)
				fail_msg("%zu bytes, %zu blanks: %s", len, blanks,
					d.list.n ? d.list.at[0].text : "lost");
			assert_int_equal(ini.sections.at[0].keys->value_len, len);
			assert_memory_equal(ini.sections.at[0].keys->value, value, len);
			arena_free(&a);
		}
}

static void full_width(void **state)
{
	static const struct {
		const char *text;
		char want;
	} cases[] = {
		{ "\xef\xbc\x90", '0' },
		{ "\xef\xbc\x8c", ',' },
		{ "\xef\xbc\x85", '%' },
		{ "\xef\xbc\x9d", '=' },
		{ "\xef\xbd\x9e", '~' },
		{ "\xe3\x80\x80", ' ' },
		{ "\xe3\x80\x81", ',' },
		{ "\xe7\xbd\x91", 0 }, /* a Chinese letter */
		{ "\xef\xbd\xb1", 0 }, /* a half-width one */
		{ "0", 0 },
		{ "\xef\xbc", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (lines_full_width(cases[i].text, strlen(cases[i].text)) != cases[i].want)
			fail_msg("case %zu: \"%s\"", i, cases[i].text);
}

static void diagnostics_are_sorted(void **state)
{
	struct arena a = { 0 };
	struct diags d;

	(void)state;
	assert_null(parse(&a, &d, "[port a]\nports = x\nremark = \"y\"\n[port b]\nports = 1, z\nfoo = 1\n", "junk\n"));
	assert_int_equal(d.errors, 5);
	for (size_t i = 1; i < d.list.n; i++) {
		const struct place *x = &d.list.at[i - 1].at, *y = &d.list.at[i].at;

		assert_true(x->file_no < y->file_no || (x->file_no == y->file_no && x->where.line < y->where.line));
	}
	assert_string_equal(d.list.at[4].at.where.file, "two");
	arena_free(&a);
}

static void rendered(struct diags *d, bool color, const char *want)
{
	cleanup_str struct str s = STR_CEILING(10000);

	diags_render(d, color, &s);
	assert_string_equal(s.p, want);
}

static void diagnostics_are_rendered(void **state)
{
	static const char line[] = "\xe7\xbd\x91\tab\x1b\xff = 1";
	struct arena a = { 0 };
	struct diags d = { .arena = &a };
	struct place at = { .where = { "f", 12, 5 }, .line = line, .line_len = sizeof line - 1, .width = 2 },
		     whole = { 0 };

	(void)state;
	diag_error(&d, &at, "cure", "te%s", "xt");
	rendered(&d, false,
		"f:12:5: error: text\n   12 | \xe7\xbd\x91\tab\xef\xbf\xbd\xef\xbf\xbd = 1\n      |   \t^~  cure\n");
	rendered(&d, true,
		"\033[1mf:12:5: \033[0m\033[1;31merror: \033[0mtext\n   12 | \xe7\xbd\x91\tab\xef\xbf\xbd\xef\xbf\xbd = 1\n"
		"      |   \t\033[32m^~\033[0m  cure\n");
	d = (struct diags){ .arena = &a };
	whole.where.file = "f";
	diag_warning(&d, &whole, "cure", "text");
	rendered(&d, false, "f: warning: text\n        cure\n");
	assert_int_equal(d.errors, 0);
	assert_int_equal(d.warnings, 1);
	arena_free(&a);
}

/* A configuration is total: nothing that a reader must know is left out. */
static void defaults_are_filled_in(void **state)
{
	struct arena a = { 0 };
	struct diags d;
	const struct config *c = parse(&a, &d, "[port a]\nports = 2, 1\n[address b]\naddresses = 192.0.2.1\n", NULL);
	const struct settings *s = &c->settings;

	(void)state;
	assert_int_equal(d.list.n, 0);
	assert_string_equal(s->database, "/var/lib/portflow/portflow.db");
	assert_true(s->auto_apply);
	assert_null(s->node);
	assert_string_equal(s->timezone, "");
	assert_int_equal(s->billing, BILLING_BOTH);
	assert_int_equal(s->cycle.unit, CYCLE_MONTH);
	assert_int_equal(s->cycle.reset_day, 1);
	assert_int_equal(s->keep_minutes.seconds, 2 * 86400);
	assert_int_equal(s->keep_hours.seconds, 400 * 86400);
	assert_true(s->keep_days.forever);
	assert_int_equal(c->entries.n, 2);
	assert_int_equal(c->entries.at[0].ports.n, 1); /* 1-2 */
	assert_int_equal(c->entries.at[0].protocols, PROTO_TCP | PROTO_UDP);
	assert_string_equal(c->entries.at[0].remark, "");
	assert_string_equal(c->entries.at[0].cycle.timezone, "");
	assert_int_equal(c->entries.at[0].where.line, 1);
	assert_int_equal(c->entries.at[1].kind, ENTRY_ADDRESS);
	assert_int_equal(c->entries.at[1].protocols, 0);
	arena_free(&a);
}

/* What acts is absent, and all that belongs to it is filled in. */
static void limits_are_filled_in(void **state)
{
	struct arena a = { 0 };
	struct diags d;
	const struct config *c = parse(&a, &d,
		"[portflow]\nquota_alerts = 90%, 10%\n[port a]\nports = 1\n[port b]\nports = 2\nlimit_out = 1mbit\n"
		"quota = 1GiB\nquota_alerts = 50%\nburst_rate = 2mbit\nburst_limit = 1mbit\nburst_hold = 1h\n",
		NULL);
	const struct entry *x = &c->entries.at[0], *y = x + 1;

	(void)state;
	assert_int_equal(d.list.n, 0);
	assert_int_equal(c->settings.limit_method, METHOD_AUTO);
	assert_false(c->settings.takeover);
	assert_true(c->settings.keep_open.automatic);
	assert_int_equal(c->settings.keep_open.ports.n, 0);
	assert_int_equal(c->settings.quota_alerts.n, 2);
	assert_int_equal(c->settings.quota_alerts.at[0], 10);
	assert_false(x->limit[DIR_IN].present || x->limit[DIR_OUT].present || x->quota.present || x->expires.present);
	assert_false(x->burst.rate.present || x->burst.limit.present);
	assert_int_equal(x->burst.window_s, 1800);
	assert_int_equal(x->burst.hold_s, 600);
	assert_int_equal(x->quota_action.kind, ACTION_ALERT);
	assert_int_equal(x->quota_alerts.n, 2);
	assert_int_equal(x->quota_alerts.at[1], 90);
	assert_false(y->limit[DIR_IN].present);
	assert_true(y->limit[DIR_OUT].present);
	assert_int_equal(y->limit[DIR_OUT].bps, 1000000);
	assert_true(y->quota.binary);
	assert_int_equal(y->quota.bytes, 1073741824);
	assert_int_equal(y->quota_alerts.n, 1);
	assert_int_equal(y->burst.window_s, 1800);
	assert_int_equal(y->burst.hold_s, 3600);
	arena_free(&a);
}

/* Members may stand in any file, before or behind; [quota] sections are no entries. */
static void quotas_find_their_entries(void **state)
{
	struct arena a = { 0 };
	struct diags d;
	const struct config *c = parse(&a, &d,
		"[quota q]\nentries = c, a\nquota = 1GB\nquota_action = throttle 1mbit\n[port a]\nports = 1\n",
		"[port b]\nports = 2\n[port c]\nports = 3\n");
	const struct entry *q;

	(void)state;
	assert_int_equal(d.list.n, 0);
	assert_int_equal(c->entries.n, 3);
	assert_int_equal(c->quotas.n, 1);
	q = &c->quotas.at[0];
	assert_int_equal(q->kind, ENTRY_QUOTA);
	assert_int_equal(q->member_at.n, 2);
	assert_int_equal(q->member_at.at[0], 2);
	assert_int_equal(q->member_at.at[1], 0);
	assert_int_equal(q->quota_action.bps, 1000000);
	assert_int_equal(q->where.line, 1);
	arena_free(&a);
}

static void changes_are_told(void **state)
{
	static const char was[] =
		"[port a]\nports = 1\nlimit = 20mbit\nremark = x\n[quota q]\nentries = a\nquota = 1GB\n";
	static const char is[] =
		"[port a]\nports = 1, 3\nquota = 1GB\n[quota q]\nentries = a\nquota = 2GB\nquota_action = block\n";
	struct arena a = { 0 };
	struct diags d;
	const struct config *old = parse(&a, &d, was, NULL), *new = parse(&a, &d, is, NULL);
	cleanup_str struct str entry = STR_CEILING(1000), quota = STR_CEILING(1000), same = STR_CEILING(1000);

	(void)state;
	config_print_changes(&old->entries.at[0], &new->entries.at[0], &entry);
	assert_string_equal(entry.p,
		"ports 1 -> 1, 3; remark x -> none; limit 20mbit -> none; quota none -> 1GB; "
		"quota_alerts none -> 80%, 100%; quota_action none -> alert");
	config_print_changes(&old->quotas.at[0], &new->quotas.at[0], &quota);
	assert_string_equal(quota.p, "quota 1GB -> 2GB; quota_action alert -> block");
	config_print_changes(&old->quotas.at[0], &old->quotas.at[0], &same);
	assert_int_equal(same.len, 0);
	arena_free(&a);
}

static void many_entries(void **state)
{
	cleanup_str struct str text = STR_CEILING(1 << 22);
	struct arena a = { 0 };
	struct diags d;

	(void)state;
	for (unsigned i = 1; i <= 60000; i++)
		str_putf(&text, "[port p%u]\nports = %u\n", i, i);
	assert_non_null(parse(&a, &d, text.p, NULL));
	str_puts(&text, "[port last]\nports = 60000-65535\n");
	assert_null(parse(&a, &d, text.p, NULL));
	assert_int_equal(d.errors, 1);
	assert_non_null(strstr(d.list.at[0].text, "[port p60000]"));
	arena_free(&a);
}

static uint64_t hash_of(const char *one, const char *two)
{
	struct config_source files[] = { { "one", one, strlen(one) }, { "two", two, strlen(two) } };

	return config_sources_hash(&(struct config_sources){ .files = { .at = files, .n = 2 }, .mtime = 5 });
}

static void sources_have_a_hash(void **state)
{
	static const char web[] = "[port web]\nports = 80\n", other[] = "[port web]\nports = 81\n";

	(void)state;
	assert_true(hash_of(web, "") == hash_of(web, ""));
	assert_true(hash_of(web, "") != hash_of(other, ""));
	assert_true(hash_of(web, "") != hash_of("", web));
	assert_true(hash_of("ab", "c") != hash_of("a", "bc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_have_places),
		cmocka_unit_test(long_values_arrive_whole),
		cmocka_unit_test(full_width),
		cmocka_unit_test(diagnostics_are_sorted),
		cmocka_unit_test(diagnostics_are_rendered),
		cmocka_unit_test(defaults_are_filled_in),
		cmocka_unit_test(limits_are_filled_in),
		cmocka_unit_test(quotas_find_their_entries),
		cmocka_unit_test(changes_are_told),
		cmocka_unit_test(many_entries),
		cmocka_unit_test(sources_have_a_hash),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
