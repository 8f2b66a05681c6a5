/* store/outbox.c: rows come with their events, go as letters under a lease, once.
 * Real SQLite files; time is an argument.
 * `make check-unit` runs it. */
#include "store_help.h"

#include <time.h>

#include "model/notice.h"
#include "store/keep.h"
#include "store/outbox.h"

/* One result with an event that goes to these. "a", "b:x", ... separated by blanks. */
static void event(struct fixture *f, int64_t now, const char *kind, const char *to)
{
	struct result r = {
		.now = now, .zone = "UTC", .keep_minutes = KEEP_ALL, .keep_hours = KEEP_ALL, .keep_days = KEEP_ALL
	};
	struct notice *n = arena_new(&f->arena, struct notice);
	struct result_event *e = vec_push(&f->arena, &r.events);

	*n = (struct notice){ kind, "it happened", (uint64_t)now, "web", "port", "80", "", "UTC", .used = 7 };
	e->kind = kind;
	e->text = "it happened";
	e->notice = n;
	while (*to) {
		size_t len = strcspn(to, " "), name = strcspn(to, ": ");
		struct route *route = vec_push(&f->arena, &e->routes);

		route->target = arena_strndup(&f->arena, to, name);
		route->recipient = name < len ? arena_strndup(&f->arena, to + name + 1, len - name - 1) : "";
		to += len;
		to += *to == ' ';
	}
	OK(f, store_result(f->s, &r, &f->err));
}

/* "letter:id,id target:recipient; ..." */
static const char *taken(struct fixture *f, const char *lease, int64_t now, size_t letters)
{
	struct outbox_rows rows;
	struct str out = STR_CEILING(4096);
	const char *text;

	OK(f, store_outbox_take(f->s, &f->arena, lease, now, letters, &rows, &f->err));
	for (size_t i = 0; i < rows.n; i++) {
		const struct outbox_row *r = &rows.at[i];
		struct notice n;

		assert_true(notice_get(&f->arena, r->notice, r->notice_len, &n));
		assert_int_equal(n.used, 7);
		if (i && rows.at[i - 1].letter == r->letter)
			str_putf(&out, ",%s", n.kind);
		else
			str_putf(&out, "%s%lld %s%s%s %s", i ? "; " : "", (long long)r->letter, r->target,
				*r->recipient ? ":" : "", r->recipient, n.kind);
	}
	text = arena_strdup(&f->arena, out.p ? out.p : "");
	str_free(&out);
	return text;
}

static void settle(struct fixture *f, const char *lease, int64_t letter, enum outbox_end end, int64_t next)
{
	const struct outbox_result r = { letter, end, next, "why" };

	OK(f, store_outbox_settle(f->s, lease, &r, 1, &f->err));
}

static void counts(struct fixture *f, size_t waiting, size_t parked)
{
	size_t w, p;

	OK(f, store_outbox_count(f->s, &w, &p, &f->err));
	assert_int_equal(w, waiting);
	assert_int_equal(p, parked);
}

static void together(void **state)
{
	struct fixture *f = fixture(state);

	event(f, T0, "one", "a b:x");
	event(f, T0, "two", "a");
	counts(f, 2, 0);
	assert_string_equal(taken(f, "L1", T0, 10), "1 a one,two; 2 b:x one");
	assert_string_equal(taken(f, "L2", T0 + 1, 10), ""); /* leased */
	event(f, T0 + 2, "three", "a");
	assert_string_equal(taken(f, "L3", T0 + 2, 10), "4 a three"); /* a letter that is tried stays what it is */
	settle(f, "L1", 1, OUTBOX_DELIVERED, 0);
	settle(f, "L1", 2, OUTBOX_LATER, T0 + 100);
	settle(f, "L3", 4, OUTBOX_PARKED, 0);
	counts(f, 1, 1);
	assert_string_equal(taken(f, "L4", T0 + 99, 10), "");
	assert_string_equal(taken(f, "L5", T0 + 100, 10), "2 b:x one");
}

static void leases(void **state)
{
	struct fixture *f = fixture(state);

	event(f, T0, "one", "a");
	event(f, T0, "one", "b");
	event(f, T0, "one", "c");
	assert_string_equal(taken(f, "L1", T0, 2), "1 a one; 2 b one");
	assert_string_equal(taken(f, "L2", T0, 2), "3 c one");
	/* the owner died */
	assert_string_equal(taken(f, "L3", T0 + OUTBOX_LEASE_S - 1, 10), "");
	assert_string_equal(taken(f, "L4", T0 + OUTBOX_LEASE_S, 1), "1 a one");
	/* he did not: what he says is not heard any more */
	settle(f, "L1", 1, OUTBOX_DELIVERED, 0);
	counts(f, 3, 0);
	settle(f, "L4", 1, OUTBOX_DELIVERED, 0);
	counts(f, 2, 0);
	/* a clock that was set back holds nothing up */
	assert_string_equal(taken(f, "L5", T0 - DAY, 10), "2 b one; 3 c one");
	settle(f, "L5", 2, OUTBOX_LATER, T0 + 2 * DAY);
	settle(f, "L5", 3, OUTBOX_LATER, T0 + HOUR);
	assert_string_equal(taken(f, "L6", T0, 10), "2 b one"); /* nobody waits for days */
	settle(f, "L6", 2, OUTBOX_DELIVERED, 0);
	assert_string_equal(taken(f, "L7", T0 + HOUR, 10), "3 c one");
}

static void renewed(void **state)
{
	struct fixture *f = fixture(state);
	size_t held;

	event(f, T0, "one", "a");
	event(f, T0, "one", "b");
	assert_string_equal(taken(f, "L1", T0, 10), "1 a one; 2 b one");
	OK(f, store_outbox_renew(f->s, "L1", T0 + 50, &held, &f->err));
	assert_int_equal(held, 2);
	assert_string_equal(taken(f, "L2", T0 + 50 + OUTBOX_LEASE_S - 1, 10), "");
	assert_string_equal(taken(f, "L3", T0 + 50 + OUTBOX_LEASE_S, 1), "1 a one");
	/* what is another's now stays his */
	OK(f, store_outbox_renew(f->s, "L1", T0 + 50 + OUTBOX_LEASE_S, &held, &f->err));
	assert_int_equal(held, 1);
	settle(f, "L1", 1, OUTBOX_DELIVERED, 0);
	counts(f, 2, 0);
	settle(f, "L3", 1, OUTBOX_DELIVERED, 0);
	counts(f, 1, 0);
	OK(f, store_outbox_renew(f->s, "L3", T0 + 200, &held, &f->err));
	assert_int_equal(held, 0);
}

static void fair(void **state)
{
	struct fixture *f = fixture(state);

	event(f, T0, "one", "a:1 a:2 a:3 a:4 b:1 b:2 c");
	/* a target with many recipients does not come before the others */
	assert_string_equal(taken(f, "L1", T0, 3), "1 a:1 one; 5 b:1 one; 7 c one");
	settle(f, "L1", 1, OUTBOX_LATER, T0 + 60);
	settle(f, "L1", 5, OUTBOX_LATER, T0 + 60);
	settle(f, "L1", 7, OUTBOX_LATER, T0 + 60);
	/* nor do those of it that were never tried come before the only one of another; within it they come first */
	assert_string_equal(taken(f, "L2", T0 + 60, 4), "2 a:2 one; 3 a:3 one; 6 b:2 one; 7 c one");
	assert_string_equal(taken(f, "L3", T0 + 60, 10), "1 a:1 one; 4 a:4 one; 5 b:1 one");
}

static void by_hand(void **state)
{
	struct fixture *f = fixture(state);
	struct outbox_rows rows;
	size_t n;

	event(f, T0, "one", "a b");
	taken(f, "L1", T0, 10);
	settle(f, "L1", 1, OUTBOX_PARKED, 0);
	settle(f, "L1", 2, OUTBOX_LATER, T0 + HOUR);
	event(f, T0, "two", "b");
	OK(f, store_outbox_list(f->s, &f->arena, &rows, &f->err));
	assert_int_equal(rows.n, 3);
	assert_true(rows.at[0].parked && rows.at[0].tries == 1);
	assert_string_equal(rows.at[0].why, "why");
	OK(f, store_outbox_hurry(f->s, &(struct outbox_choice){ .id = 0 }, &n, &f->err));
	assert_string_equal(taken(f, "L2", T0, 10), "2 b one; 3 b two");
	settle(f, "L2", 2, OUTBOX_LATER, T0 + HOUR);
	settle(f, "L2", 3, OUTBOX_LATER, T0 + HOUR);
	OK(f, store_outbox_hurry(f->s, &(struct outbox_choice){ .id = 1 }, &n, &f->err));
	assert_int_equal(n, 1);
	assert_string_equal(taken(f, "L3", T0, 10), "1 a one");
	OK(f, store_outbox_hurry(f->s, &(struct outbox_choice){ .id = 77 }, &n, &f->err));
	assert_int_equal(n, 0);
	OK(f, store_outbox_drop(f->s, &(struct outbox_choice){ .id = 2 }, &n, &f->err));
	assert_int_equal(n, 1);
	OK(f, store_outbox_drop(f->s, &(struct outbox_choice){ .id = 2 }, &n, &f->err));
	assert_int_equal(n, 0);
	counts(f, 2, 0);
}

/* Ids are not given again: an id in a message that was delivered must not be another message's. */
static void large(void **state)
{
	struct fixture *f = fixture(state);
	struct outbox_rows rows;

	for (int i = 0; i < 3; i++)
		event(f, T0, "one", "a");
	outside(f->path,
		"INSERT INTO outbox (event, target, recipient, created, notice) "
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4500) "
		"SELECT 1, 'a', '', 0, notice FROM n, outbox WHERE id = 1");
	OK(f, store_outbox_take(f->s, &f->arena, "L", T0, 2, &rows, &f->err));
	assert_int_equal(rows.n, 2 * OUTBOX_LETTER_ROWS);
	settle(f, "L", rows.at[0].letter, OUTBOX_DELIVERED, 0);
	settle(f, "L", rows.at[rows.n - 1].letter, OUTBOX_DELIVERED, 0);
	OK(f, store_outbox_take(f->s, &f->arena, "L", T0, 2, &rows, &f->err));
	assert_int_equal(rows.n, 503);
	settle(f, "L", rows.at[0].letter, OUTBOX_DELIVERED, 0);
	event(f, T0, "one", "a");
	assert_string_equal(taken(f, "M", T0, 1), "4504 a one");
}

static void restored(void **state)
{
	struct fixture *f = fixture(state);
	char copy[160];
	const char *aside;

	event(f, T0, "one", "a");
	snprintf(copy, sizeof copy, "%s.copy", f->path);
	OK(f, store_backup(f->s, copy, &f->err));
	store_close(f->s);
	f->s = NULL;
	OK(f, store_restore(f->path, copy, T0, &f->arena, &aside, &f->err));
	unlink(aside);
	reopen(f, STORE_WRITE);
	counts(f, 0, 1);
	assert_string_equal(taken(f, "L", T0, 10), "");
}

/* Another process writes: what is written beside other work does not wait for it, and is not lost. */
static void beside(void **state)
{
	struct fixture *f = *state;
	const struct outbox_result r = { 1, OUTBOX_DELIVERED, 0, "" };
	const time_t before = time(NULL);
	sqlite3 *other;

	event(f, T0, "one", "a");
	taken(f, "L", T0, 10);
	assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(store_outbox_settle_now(f->s, "L", &r, 1, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_BUSY);
	assert_in_range(time(NULL) - before, 0, 3);
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	counts(f, 1, 0);
	OK(f, store_outbox_settle_now(f->s, "L", &r, 1, &f->err));
	counts(f, 0, 0);
	sqlite3_close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(together, set_up_store, tear_down),
		cmocka_unit_test_setup_teardown(leases, set_up_store, tear_down),
		cmocka_unit_test_setup_teardown(renewed, set_up_store, tear_down),
		cmocka_unit_test_setup_teardown(fair, set_up_store, tear_down),
		cmocka_unit_test_setup_teardown(by_hand, set_up_store, tear_down),
		cmocka_unit_test_setup_teardown(large, set_up_store, tear_down),
		cmocka_unit_test_setup_teardown(beside, set_up_store, tear_down),
		cmocka_unit_test_setup_teardown(restored, set_up_store, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
