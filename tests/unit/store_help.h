/* What the store's tests share: a folder of their own, a database in it, results in few words.
 * Real SQLite files, since what is tested is what a kill or a full disk leaves in them.
 * Tests of the store include. */
#ifndef STORE_HELP_H
#define STORE_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "store/store.h"

#define T0 ((int64_t)1767225600) /* 2026-01-01 00:00 UTC, a Thursday */
#define HOUR ((int64_t)3600)
#define DAY (24 * HOUR)
#define KEEP_ALL \
	{ \
		.forever = true \
	}

struct fixture {
	char folder[64], path[96];
	struct arena arena;
	struct store *s;
	struct err err;
	struct ledger l;
};

static const struct cycle_rule monthly = { .unit = CYCLE_MONTH, .reset_day = 1, .reset_month = 1, .timezone = "UTC" };
static const struct cycle_rule daily = { .unit = CYCLE_DAY, .reset_day = 1, .reset_month = 1, .timezone = "UTC" };

/* 0 or a test failure with the error's text. */
#define OK(f, call) \
	do { \
		if ((call) != 0) \
			fail_msg("%s: %s", #call, (f)->err.text); \
	} while (0)
#define FAILS(f, call, wanted_kind, words) \
	do { \
		(f)->err = (struct err){ 0 }; \
		if ((call) == 0) \
			fail_msg("%s: no error", #call); \
		if ((f)->err.kind != (wanted_kind) || !strstr((f)->err.text, (words))) \
			fail_msg("%s: kind %d: %s", #call, (int)(f)->err.kind, (f)->err.text); \
	} while (0)

static inline struct fixture *fixture(void **state)
{
	return *state;
}

static inline int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	if (!f)
		return -1;
	/* In memory where there is some: thousands of commits that wait for a disk are minutes. */
	snprintf(f->folder, sizeof f->folder, "%s/portflow-store-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(f->folder))
		return -1;
	snprintf(f->path, sizeof f->path, "%s/portflow.db", f->folder);
	*state = f;
	return 0;
}

static inline int set_up_store(void **state)
{
	struct fixture *f;

	if (set_up(state))
		return -1;
	f = *state;
	OK(f, store_open(f->path, STORE_CREATE, &f->s, &f->err));
	OK(f, store_load(f->s, &f->arena, &f->l, &f->err));
	return 0;
}

static inline int tear_down(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm", ".copy", ".copy-wal", ".copy-shm", ".copy-journal" };
	struct fixture *f = *state;
	char path[160];

	store_close(f->s);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		snprintf(path, sizeof path, "%s%s", f->path, ends[i]);
		unlink(path);
	}
	if (rmdir(f->folder) != 0)
		fprintf(stderr, "# %s is not empty\n", f->folder);
	arena_free(&f->arena);
	free(f);
	return 0;
}

static inline void reopen(struct fixture *f, enum store_mode mode)
{
	store_close(f->s);
	f->s = NULL;
	OK(f, store_open(f->path, mode, &f->s, &f->err));
	OK(f, store_load(f->s, &f->arena, &f->l, &f->err));
}

/* SQL on the file from outside. */
static inline void outside(const char *path, const char *sql)
{
	sqlite3 *db;
	char *message = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
	sqlite3_close(db);
}

static inline int64_t ask(const char *path, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *q;
	int64_t v;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	v = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return v;
}

static inline struct figures bytes(uint64_t in, uint64_t out)
{
	return (struct figures){
		.bytes = { in, out },
		.packets = { in / 1000, out / 1000 },
		.raw_bytes = { in - in / 20, out - out / 20 },
		.raw_packets = { in / 40000, out / 40000 },
	};
}

/* Adds an entry and returns its id. */
static inline int64_t add_entry(struct fixture *f, enum entry_kind kind, const char *name, int64_t now)
{
	struct ledger_entry e = { .kind = kind, .name = name };
	struct intent in = { .now = now };

	in.new_entries.at = &e;
	in.new_entries.n = 1;
	OK(f, store_intent(f->s, &f->l, &in, &f->err));
	for (size_t i = 0; i < f->l.entries.n; i++)
		if (f->l.entries.at[i].kind == kind && strcmp(f->l.entries.at[i].name, name) == 0)
			return f->l.entries.at[i].id;
	fail_msg("%s was not added", name);
	return 0;
}

static inline struct result result_at(int64_t now)
{
	return (struct result){
		.now = now,
		.zone = "UTC",
		.keep_minutes = KEEP_ALL,
		.keep_hours = KEEP_ALL,
		.keep_days = KEEP_ALL,
	};
}

/* One entry's traffic over [from, now), by a monthly cycle. */
static inline void sample(struct fixture *f, int64_t entry, int64_t from, int64_t now, struct figures delta)
{
	struct result_entry e = {
		.entry = entry, .delta = delta, .from = from, .zone = "UTC", .cycle = &monthly, .cycle_rule = 1
	};
	struct result r = result_at(now);

	r.entries.at = &e;
	r.entries.n = 1;
	OK(f, store_result(f->s, &r, &f->err));
}

#endif
