/* status and report out of a real database with what the kernel counted since: the same bytes in every sum, cut at the hour, the
 * day and the cycle; names and what is said about wrong ones; an INI with errors only warns.
 * The kernel's part is made up here; the system tests bring a real one.
 * make check-unit runs it. */
#include "store_help.h"

#include <fcntl.h>

#include "cmd/gather.h"
#include "cmd/history.h"
#include "cmd/moment.h"
#include "cmd/reader.h"

#define NOW (T0 + 10 * DAY + 10 * HOUR + 600) /* 2026-01-11 10:10 UTC, a Sunday */

struct scene {
	struct fixture *f;
	char ini[128];
	struct app app;
	struct reader r;
	int64_t web, shop, total;
	struct err err;
};

static void write_ini(const struct scene *s, const char *more)
{
	FILE *out = fopen(s->ini, "w");

	assert_non_null(out);
	fprintf(out,
		"[portflow]\ndatabase = %s\ntimezone = UTC\nnode = hk1\n[port web]\nports = 80, 443\nremark = shop\n"
		"[port shop]\nports = 8080\nbilling = out\nquota_cycle = day\n%s",
		s->f->path, more);
	fclose(out);
}

/* Three entries; a sample every hour of the last two days, 1000 in and 2000 out for web, half for shop, ten times for total. */
static struct scene scene(void **state)
{
	struct scene s = { .f = fixture(state),
		.app = { .now = NOW, .boot_time = T0 - DAY, .quiet = true, .out = stdout } };

	s.web = add_entry(s.f, ENTRY_PORT, "web", T0);
	s.shop = add_entry(s.f, ENTRY_PORT, "shop", T0);
	s.total = add_entry(s.f, ENTRY_TOTAL, "total", T0);
	add_entry(s.f, ENTRY_FORWARDED, "forwarded", T0);
	for (int64_t t = NOW - 600 - 47 * HOUR; t <= NOW - 600; t += HOUR) {
		struct result_entry e[] = {
			{ .entry = s.web,
				.delta = bytes(1000, 2000),
				.from = t - HOUR,
				.zone = "UTC",
				.cycle = &monthly,
				.cycle_rule = 1 },
			{ .entry = s.shop,
				.delta = bytes(500, 1000),
				.from = t - HOUR,
				.zone = "UTC",
				.cycle = &daily,
				.cycle_rule = 2 },
			{ .entry = s.total,
				.delta = bytes(10000, 20000),
				.from = t - HOUR,
				.zone = "UTC",
				.cycle = &monthly,
				.cycle_rule = 1 },
		};
		struct result r = result_at(t);

		r.entries.at = e;
		r.entries.n = 3;
		r.devices = "eth0 eth1";
		OK(s.f, store_result(s.f->s, &r, &s.f->err));
	}
	store_close(s.f->s);
	s.f->s = NULL;
	snprintf(s.ini, sizeof s.ini, "%s/p.ini", s.f->folder);
	write_ini(&s, "");
	s.app.config_path = s.ini;
	s.app.config_given = true;
	return s;
}

/* 600 s since the last sample. */
static void open_with(struct scene *s, enum peek how, uint64_t in, uint64_t out)
{
	s->app.config_path = s->ini;
	if (reader_open(&s->app, &s->r, &s->err))
		fail_msg("%s", s->err.text);
	s->r.delta = arena_array(&s->app.arena, s->r.ledger.entries.n, sizeof *s->r.delta);
	s->r.how = how;
	s->r.delta[reader_find_id(&s->r, s->web)] = bytes(in, out);
	s->r.delta[reader_find_id(&s->r, s->total)] = bytes(2 * in, 2 * out);
}

static void close_scene(struct scene *s)
{
	reader_cleanup(&s->r);
	arena_free(&s->app.arena);
	unlink(s->ini);
}

static const struct status_row *row_of(const struct status *s, const char *name)
{
	for (size_t i = 0; i < s->rows.n; i++)
		if (strcmp(s->rows.at[i].name, name) == 0)
			return &s->rows.at[i];
	fail_msg("no row %s", name);
	return NULL;
}

static void status_adds_up(void **state)
{
	struct scene s = scene(state);
	const struct status_row *web, *shop;
	struct status st;

	open_with(&s, PEEK_LIVE, 6000, 12000);
	if (gather_status(&s.app, &s.r, &st, &s.err))
		fail_msg("%s", s.err.text);
	assert_string_equal(st.node, "hk1");
	assert_int_equal(st.interfaces.n, 2);
	assert_string_equal(st.interfaces.at[1], "eth1");
	assert_int_equal(st.sampled, NOW - 600);
	web = row_of(&st, "web");
	assert_int_equal(web->figures[STATUS_EVER].bytes[DIR_IN], 48 * 1000 + 6000);
	assert_int_equal(web->figures[STATUS_EVER].bytes[DIR_OUT], 48 * 2000 + 12000);
	assert_int_equal(web->figures[STATUS_HOUR].bytes[DIR_IN], 6000);
	assert_int_equal(web->figures[STATUS_TODAY].bytes[DIR_IN], 10 * 1000 + 6000);
	assert_int_equal(web->cycle_bytes, 48 * 3000 + 18000);
	assert_int_equal(web->cycle.start, T0);
	assert_true(web->has_rate);
	assert_int_equal(web->rate_bps[DIR_OUT], 12000 * 8 / 600);
	shop = row_of(&st, "shop");
	assert_int_equal(shop->cycle.start, T0 + 10 * DAY);
	assert_int_equal(shop->cycle_bytes, 10 * 1000);
	assert_true(shop->has_rate);
	assert_int_equal(shop->rate_bps[DIR_IN], 0);
	assert_int_equal(st.total.figures[STATUS_EVER].bytes[DIR_OUT], 48 * 20000 + 24000);
	assert_int_equal(status_rest(&st, ENTRY_PORT, STATUS_EVER).bytes[DIR_IN], 48 * (10000 - 1500) + 6000);
	close_scene(&s);
}

static void cut_at_boundaries(void **state)
{
	struct scene s = scene(state);
	const struct status_row *web;
	struct status st;

	/* 14 h and 20 min later, 00:30 the next day: of 870 minutes 30 are today's and this hour's, so are those of the cycle of a day */
	s.app.now = NOW - 600 + 14 * HOUR + 1800;
	open_with(&s, PEEK_LIVE, 870000, 0);
	s.r.delta[reader_find_id(&s.r, s.shop)] = bytes(0, 8700);
	if (gather_status(&s.app, &s.r, &st, &s.err))
		fail_msg("%s", s.err.text);
	web = row_of(&st, "web");
	assert_int_equal(web->figures[STATUS_EVER].bytes[DIR_IN], 48 * 1000 + 870000);
	assert_int_equal(web->figures[STATUS_HOUR].bytes[DIR_IN], 30000);
	assert_int_equal(web->figures[STATUS_TODAY].bytes[DIR_IN], 30000);
	assert_int_equal(web->cycle_bytes, 48 * 3000 + 870000);
	assert_int_equal(row_of(&st, "shop")->cycle_bytes, 300);
	close_scene(&s);
}

static const struct status_quota *quota_of(const struct status *s, const char *name)
{
	for (size_t i = 0; i < s->quotas.n; i++)
		if (strcmp(s->quotas.at[i].subject->name, name) == 0)
			return &s->quotas.at[i];
	fail_msg("no quota %s", name);
	return NULL;
}

/* web has moved 48 x 3000 in this month, and 18000 since; shop 10 x 1000 out today. */
static void quotas_and_limits(void **state)
{
	struct scene s = scene(state);
	const struct status_quota *web, *shop, *plan;
	const struct status_row *row;
	struct status st;

	write_ini(&s,
		"quota = 10KB\nquota_action = block\nlimit_in = 1mbit\n"
		"[quota plan]\nentries = web, shop\nquota = 1MB\nquota_action = throttle 2mbit\n"
		"[port old]\nports = 1\nexpires = 2025-01-01\n[port fresh]\nports = 2\nquota = 5KB\nquota_action = block\n");
	open_with(&s, PEEK_LIVE, 6000, 12000);
	if (gather_status(&s.app, &s.r, &st, &s.err))
		fail_msg("%s", s.err.text);
	assert_int_equal(st.quotas.n, 3);
	shop = quota_of(&st, "shop");
	assert_int_equal(shop->used, 10000);
	assert_int_equal(shop->permille, 1000);
	assert_int_equal(shop->state, QUOTA_BLOCKED);
	assert_int_equal(shop->cycle.end, T0 + 11 * DAY);
	assert_true(shop->has_forecast);
	assert_int_equal(shop->forecast, 10000);
	plan = quota_of(&st, "plan"); /* the database does not know it yet */
	assert_int_equal(plan->used, 0);
	assert_int_equal(plan->limit, 1000000);
	assert_false(plan->has_forecast);
	row = row_of(&st, "shop");
	assert_int_equal(row->quotas.n, 2);
	assert_ptr_equal(st.quotas.at[row->quotas.at[1]].subject, plan->subject);
	assert_int_equal(row->standing.of[DIR_IN].why, STANDING_QUOTA);
	assert_int_equal(row->standing.of[DIR_IN].bps, 0);
	assert_null(row->method[DIR_IN]);
	assert_int_equal(row_of(&st, "web")->quotas.n, 1);
	assert_int_equal(row_of(&st, "web")->standing.of[DIR_OUT].why, STANDING_FREE);
	/* not known to the database: nothing of it can be told */
	assert_int_equal(row_of(&st, "old")->standing.of[DIR_OUT].why, STANDING_FREE);
	assert_int_equal(quota_of(&st, "fresh")->used, 0);
	reader_cleanup(&s.r);

	write_ini(&s, "quota = 10001B\nquota_action = throttle 1mbit\nlimit = 3mbit\nexpires = 2026-01-01\n");
	open_with(&s, PEEK_LIVE, 6000, 12000);
	hash_map_add(&s.r.used_up, "q_shop", 0);
	if (gather_status(&s.app, &s.r, &st, &s.err))
		fail_msg("%s", s.err.text);
	assert_int_equal(
		quota_of(&st, "shop")->state, QUOTA_WARNED); /* the kernel's is of a cycle that is not told of yet */
	row = row_of(&st, "shop");
	assert_int_equal(row->standing.of[DIR_IN].why, STANDING_EXPIRED);
	reader_cleanup(&s.r);

	write_ini(&s, "[port extra]\nports = 3\n[quota all]\nentries = web, extra\nquota = 1MB\nquota_cycle = never\n");
	open_with(&s, PEEK_NO_RIGHT, 0, 0);
	if (gather_status(&s.app, &s.r, &st, &s.err))
		fail_msg("%s", s.err.text);
	web = quota_of(&st, "all");
	assert_int_equal(web->cycle.end, CALENDAR_MAX);
	assert_false(web->has_forecast);
	close_scene(&s);
}

/* Two days of 3000 an hour are known; 20 days and 13:50 h are to come, with 30 more bytes since the last sample. */
static void forecasts(void **state)
{
	struct scene s = scene(state);
	const uint64_t known = 10 * DAY + 10 * HOUR + 600, rest = 31 * DAY - known;
	uint64_t in = 48 * 1000 + 10, out = 48 * 2000 + 20, window = 7 * DAY;
	struct status st;

	write_ini(&s, "[port more]\nports = 3\n");
	s.app.config_path = s.ini;
	{
		FILE *f = fopen(s.ini, "w");

		assert_non_null(f);
		fprintf(f, "[portflow]\ndatabase = %s\ntimezone = UTC\n[port web]\nports = 80\nquota = 1GB\n",
			s.f->path);
		fclose(f);
	}
	open_with(&s, PEEK_LIVE, 10, 20);
	if (gather_status(&s.app, &s.r, &st, &s.err))
		fail_msg("%s", s.err.text);
	assert_int_equal(quota_of(&st, "web")->used, in + out);
	assert_true(quota_of(&st, "web")->has_forecast);
	assert_int_equal(quota_of(&st, "web")->forecast, in + out + in * rest / window + out * rest / window);
	close_scene(&s);
}

/* What is told of names alone. */
static void details(void **state)
{
	struct scene s = scene(state);
	struct status st;

	write_ini(&s, "quota = 10KB\nquota_action = block\n");
	open_with(&s, PEEK_LIVE, 0, 0);
	if (gather_status(&s.app, &s.r, &st, &s.err))
		fail_msg("%s", s.err.text);
	assert_null(quota_of(&st, "shop")->open_with);
	s.r.detail = true;
	if (gather_status(&s.app, &s.r, &st, &s.err))
		fail_msg("%s", s.err.text);
	/* over by nothing, and a tenth: 1001 bytes, rounded up */
	assert_string_equal(quota_of(&st, "shop")->open_with,
		arena_printf(&s.app.arena, "portflow -c %s quota add shop 2KB", s.ini));
	assert_int_equal(quota_of(&st, "shop")->changes.n, 0);
	assert_int_equal(st.open.n, 1);
	assert_int_equal(st.open.at[0].port.port, 22);
	assert_string_equal(st.open.at[0].why, "auto");
	close_scene(&s);
}

static void without_the_kernel(void **state)
{
	struct scene s = scene(state);
	const struct status_row *web;
	struct status st;

	open_with(&s, PEEK_NO_RIGHT, 0, 0);
	if (gather_status(&s.app, &s.r, &st, &s.err))
		fail_msg("%s", s.err.text);
	assert_int_equal(st.source, STATUS_NO_RIGHT);
	web = row_of(&st, "web");
	assert_int_equal(web->figures[STATUS_EVER].bytes[DIR_IN], 48 * 1000);
	assert_int_equal(web->rate_bps[DIR_IN], 1000 * 8 / 3600);
	close_scene(&s);
}

static void not_applied_yet(void **state)
{
	struct scene s = scene(state);
	struct status st;

	write_ini(&s, "[port new]\nports = 9\n");
	open_with(&s, PEEK_LIVE, 0, 0);
	if (gather_status(&s.app, &s.r, &st, &s.err))
		fail_msg("%s", s.err.text);
	assert_int_equal(st.rows.n, 3);
	assert_false(row_of(&st, "new")->counted);
	assert_true(row_of(&st, "web")->counted);
	close_scene(&s);
}

/* The scene's report with these names. */
static struct report report(struct scene *s, const char *by, int64_t from, int64_t to, char **words, int n_words)
{
	struct args args = { .words = words, .n_words = n_words };
	struct history_ask ask = { .args = &args, .from = from, .to = to };
	struct report rep;

	if (history_by(by, &ask, &s->err) || history_report(&s->app, &s->r, &ask, &rep, &s->err))
		fail_msg("%s", s->err.text);
	return rep;
}

static void history_by_hour(void **state)
{
	struct scene s = scene(state);
	struct report rep;

	open_with(&s, PEEK_LIVE, 6000, 12000);
	rep = report(&s, "hour", NOW - 600 - 2 * HOUR, NOW - 600 + HOUR, NULL, 0);
	assert_int_equal(rep.rows.n, 5);
	assert_string_equal(rep.rows.at[0].name, "web");
	assert_string_equal(rep.rows.at[1].name, "shop");
	assert_int_equal(rep.rows.at[0].start, NOW - 600 - 2 * HOUR);
	assert_int_equal(rep.rows.at[0].figures.bytes[DIR_IN], 1000);
	assert_false(rep.rows.at[2].open);
	assert_int_equal(rep.rows.at[4].start, NOW - 600);
	assert_int_equal(rep.rows.at[4].figures.bytes[DIR_OUT], 12000);
	assert_true(rep.rows.at[4].open);
	assert_true(rep.whole);
	assert_int_equal(rep.sums.n, 2);
	assert_int_equal(rep.sums.at[0].figures.bytes[DIR_IN], 2 * 1000 + 6000);
	assert_int_equal(rep.total.bytes[DIR_IN], 2 * 10000 + 12000);
	assert_int_equal(report_rest(&rep, ENTRY_PORT).bytes[DIR_IN], 2 * 10000 + 12000 - 2 * 1500 - 6000);
	close_scene(&s);
}

static void history_of_names(void **state)
{
	char web[] = "web", total[] = "total";
	char *words[] = { web, total };
	struct scene s = scene(state);
	struct report rep;

	open_with(&s, PEEK_LIVE, 6000, 12000);
	rep = report(&s, "day", T0, NOW + DAY, words, 2);
	assert_false(rep.whole);
	assert_int_equal(rep.rows.n, 6); /* the 9th, 10th and 11th */
	assert_int_equal(rep.rows.at[0].kind, ENTRY_PORT);
	assert_int_equal(rep.rows.at[1].kind, ENTRY_TOTAL);
	assert_int_equal(rep.rows.at[2].figures.bytes[DIR_IN], 24 * 1000);
	assert_int_equal(rep.rows.at[4].figures.bytes[DIR_IN], 10 * 1000 + 6000);
	assert_int_equal(rep.sums.at[0].figures.bytes[DIR_IN], 48 * 1000 + 6000);
	close_scene(&s);
}

/* Its members stand there already: it is shown only to who asks for it. */
static void history_of_a_quota(void **state)
{
	struct scene s = scene(state);
	int64_t members[] = { s.web, s.shop };
	struct result_entry e = { .delta = bytes(70, 80),
		.from = NOW - 60,
		.zone = "UTC",
		.cycle = &monthly,
		.cycle_rule = 3,
		.members = members };
	struct result r = result_at(NOW - 50);
	char plan[] = "plan";
	char *words[] = { plan };
	struct report rep;
	size_t n;

	open_with(&s, PEEK_LIVE, 0, 0);
	n = report(&s, "cycle", T0, NOW + DAY, NULL, 0).rows.n;
	reader_cleanup(&s.r);
	OK(s.f, store_open(s.f->path, STORE_WRITE, &s.f->s, &s.f->err));
	OK(s.f, store_load(s.f->s, &s.f->arena, &s.f->l, &s.f->err));
	e.entry = add_entry(s.f, ENTRY_QUOTA, "plan", NOW - 50);
	e.n_members = 2;
	r.entries.at = &e;
	r.entries.n = 1;
	OK(s.f, store_result(s.f->s, &r, &s.f->err));
	open_with(&s, PEEK_LIVE, 0, 0);
	rep = report(&s, "cycle", T0, NOW + DAY, NULL, 0);
	assert_int_equal(rep.rows.n, n);
	for (size_t i = 0; i < rep.sums.n; i++)
		assert_int_not_equal(rep.sums.at[i].kind, ENTRY_QUOTA);
	rep = report(&s, "cycle", T0, NOW + DAY, words, 1);
	assert_int_equal(rep.rows.n, 1);
	assert_int_equal(rep.rows.at[0].kind, ENTRY_QUOTA);
	assert_int_equal(rep.rows.at[0].figures.bytes[DIR_IN], 48 * 1500);
	close_scene(&s);
}

static void history_by_cycle(void **state)
{
	struct scene s = scene(state);
	struct report rep;

	/* the day has turned since the last sample: shop's new cycle is not in the database yet */
	s.app.now = NOW - 600 + 28 * HOUR;
	open_with(&s, PEEK_LIVE, 100, 0);
	s.r.delta[reader_find_id(&s.r, s.shop)] = bytes(0, 28000);
	rep = report(&s, "cycle", T0, s.app.now, NULL, 0);
	assert_false(rep.whole);
	assert_int_equal(rep.rows.n, 5);
	assert_string_equal(rep.rows.at[0].name, "web");
	assert_int_equal(rep.rows.at[0].figures.bytes[DIR_IN], 48 * 1000 + 100);
	assert_true(rep.rows.at[0].open);
	for (size_t i = 1; i < 5; i++)
		assert_string_equal(rep.rows.at[i].name, "shop");
	assert_int_equal(rep.rows.at[1].start, T0 + 8 * DAY);
	assert_int_equal(rep.rows.at[3].start, T0 + 10 * DAY);
	assert_int_equal(rep.rows.at[3].figures.bytes[DIR_OUT], 10 * 1000 + 14000);
	assert_false(rep.rows.at[3].open);
	assert_int_equal(rep.rows.at[4].start, T0 + 11 * DAY);
	assert_int_equal(rep.rows.at[4].figures.bytes[DIR_OUT], 14000);
	assert_true(rep.rows.at[4].open);
	close_scene(&s);
}

static void names(void **state)
{
	static const struct {
		const char *word;
		bool retired;
		const char *want; /* NULL: known */
	} cases[] = {
		{ "web", false, NULL },
		{ "total", true, NULL },
		{ "total", false, "there is no entry \"total\"" },
		{ "wbe", false, "there is no entry \"wbe\"; did you mean \"web\"?" },
		{ "SHOP", false, "did you mean \"shop\"?" },
		{ "nothing-like-it", false, "there is no entry \"nothing-like-it\"; portflow status lists them" },
	};
	struct scene s = scene(state);

	open_with(&s, PEEK_LIVE, 0, 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char word[64], *words[] = { word };
		struct args args = { .words = words, .n_words = 1 };
		int rc;

		snprintf(word, sizeof word, "%s", cases[i].word);
		rc = reader_names(&s.r, &args, cases[i].retired, &s.err);
		if (rc != (cases[i].want ? -1 : 0))
			fail_msg("case %zu: %d", i, rc);
		if (rc && (s.err.kind != ERR_USAGE || !strstr(s.err.text, cases[i].want)))
			fail_msg("case %zu: %s", i, s.err.text);
	}
	close_scene(&s);
}

/* The INI has an error: the applied configuration stands in, from the database that the INI still names. */
static void broken_ini(void **state)
{
	struct scene s = scene(state);
	struct status st;
	int keep, null;

	reopen(s.f, STORE_WRITE);
	OK(s.f,
		store_meta_set(
			s.f->s, "applied.text", "[portflow]\ntimezone = UTC\n[port web]\nports = 80\n", &s.f->err));
	store_close(s.f->s);
	s.f->s = NULL;
	write_ini(&s, "[port bad]\nports = many\n");
	/* the diagnostics are for the user, not for the test's log */
	fflush(stderr);
	keep = dup(STDERR_FILENO);
	null = open("/dev/null", O_WRONLY);
	dup2(null, STDERR_FILENO);
	open_with(&s, PEEK_LIVE, 0, 0);
	dup2(keep, STDERR_FILENO);
	close(null);
	close(keep);
	if (gather_status(&s.app, &s.r, &st, &s.err))
		fail_msg("%s", s.err.text);
	assert_int_equal(st.rows.n, 1);
	assert_int_equal(row_of(&st, "web")->figures[STATUS_EVER].bytes[DIR_IN], 48 * 1000);
	close_scene(&s);
}

static void moments(void **state)
{
	static const struct {
		const char *text;
		bool end;
		int64_t want; /* -1: refused */
	} cases[] = {
		{ "2026-01-11", false, T0 + 10 * DAY },
		{ "2026-01-11", true, T0 + 11 * DAY },
		{ "2026-01-11 10:00", true, T0 + 10 * DAY + 10 * HOUR },
		{ "2d", false, NOW - 2 * DAY },
		{ "90min", true, NOW - 5400 },
		{ "30s", false, NOW - 30 },
		{ "12h", false, NOW - 12 * HOUR },
		{ "999999999d", false, 0 },
		{ "9999999999d", false, -1 },
		{ "2", false, -1 },
		{ "30m", false, -1 },
		{ "2 d", false, -1 },
		{ "", false, -1 },
		{ "2026-02-30", false, -1 },
		{ "2026-1-1", false, -1 },
		{ "2026-01-11T10:00", false, -1 },
		{ "2026-01-11 24:00", false, -1 },
		{ "2026-01-11 10:00:00", false, -1 },
		{ "11.01.2026", false, -1 },
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t got = -1;
		int rc = moment_parse("since", cases[i].text, "UTC", NOW, cases[i].end, &got, &err);

		if (got != cases[i].want || (rc == 0) != (cases[i].want >= 0))
			fail_msg("\"%s\": %d, %lld", cases[i].text, rc, (long long)got);
	}
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, set_up_store, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(status_adds_up),
		IN_STORE(quotas_and_limits),
		IN_STORE(forecasts),
		IN_STORE(details),
		IN_STORE(cut_at_boundaries),
		IN_STORE(without_the_kernel),
		IN_STORE(not_applied_yet),
		IN_STORE(history_by_hour),
		IN_STORE(history_of_names),
		IN_STORE(history_of_a_quota),
		IN_STORE(history_by_cycle),
		IN_STORE(names),
		IN_STORE(broken_ini),
		cmocka_unit_test(moments),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
