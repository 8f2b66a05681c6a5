/* The least that `sample` and `apply` could do: the same reads and the same rows by bare libmnl and SQLite, nothing decided. A target as
 * "1.3 times the floor" then says how much of a run is ours.
 * tests/bench/ runs it:
 *   floor sample DB   dumps the counters of table inet portflow, then writes each one's baseline and a row of what it moved, in one
 *                     committed transaction (WAL, synchronous=FULL, as the program's); makes DB when it is not there
 *   floor dumps       dumps the table's chains, rules, sets, elements and objects */
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TABLE "portflow"
#define COUNTERS_MAX 400000
#define SETS_MAX 64

struct counter {
	char name[64];
	uint64_t handle, packets, bytes;
};

struct state {
	struct mnl_socket *nl;
	char *buffer;
	size_t size;
	uint32_t seq;
	struct counter *counters;
	size_t n_counters;
	char sets[SETS_MAX][64];
	size_t n_sets;
	size_t messages;
};

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(1);
}

static struct nlattr *attr_next(struct nlattr *a)
{
	return mnl_attr_next(a);
}

static int attr_ok(const struct nlattr *a, const void *end)
{
	return mnl_attr_ok(a, (int)((const char *)end - (const char *)a));
}

static void keep_data(struct counter *c, struct nlattr *nest)
{
	struct nlattr *a = mnl_attr_get_payload(nest);
	const char *end = (const char *)a + mnl_attr_get_payload_len(nest);

	for (; attr_ok(a, end); a = attr_next(a)) {
		uint64_t v;

		if (mnl_attr_get_payload_len(a) != sizeof v)
			continue;
		memcpy(&v, mnl_attr_get_payload(a), sizeof v);
		v = be64toh(v);
		if (mnl_attr_get_type(a) == NFTA_COUNTER_BYTES)
			c->bytes = v;
		if (mnl_attr_get_type(a) == NFTA_COUNTER_PACKETS)
			c->packets = v;
	}
}

static void keep_counter(struct state *s, const struct nlmsghdr *nlh)
{
	struct counter *c = &s->counters[s->n_counters];
	struct nlattr *a = mnl_nlmsg_get_payload_offset(nlh, sizeof(struct nfgenmsg));

	if (s->n_counters == COUNTERS_MAX)
		return;
	for (; attr_ok(a, mnl_nlmsg_get_payload_tail(nlh)); a = attr_next(a)) {
		if (mnl_attr_get_type(a) == NFTA_OBJ_NAME)
			snprintf(c->name, sizeof c->name, "%s", (const char *)mnl_attr_get_payload(a));
		if (mnl_attr_get_type(a) == NFTA_OBJ_HANDLE)
			memcpy(&c->handle, mnl_attr_get_payload(a), sizeof c->handle);
		if (mnl_attr_get_type(a) == NFTA_OBJ_DATA)
			keep_data(c, a);
	}
	s->n_counters++;
}

static void keep_set(struct state *s, const struct nlmsghdr *nlh)
{
	struct nlattr *a = mnl_nlmsg_get_payload_offset(nlh, sizeof(struct nfgenmsg));

	for (; attr_ok(a, mnl_nlmsg_get_payload_tail(nlh)); a = attr_next(a))
		if (mnl_attr_get_type(a) == NFTA_SET_NAME && s->n_sets < SETS_MAX)
			snprintf(s->sets[s->n_sets++], sizeof s->sets[0], "%s", (const char *)mnl_attr_get_payload(a));
}

/* Takes one dump in. 0 to go on, 1 at its end. */
static int take(struct state *s, ssize_t n)
{
	int len = (int)n;

	for (const struct nlmsghdr *nlh = (const void *)s->buffer; mnl_nlmsg_ok(nlh, len);
		nlh = mnl_nlmsg_next(nlh, &len)) {
		if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR)
			return 1;
		s->messages++;
		if (nlh->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWOBJ))
			keep_counter(s, nlh);
		if (nlh->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSET))
			keep_set(s, nlh);
	}
	return 0;
}

static void dump(struct state *s, uint16_t type, uint16_t table_attribute, uint16_t set_attribute, const char *set)
{
	char request[512];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(request);
	struct nfgenmsg *g;
	ssize_t n;

	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = ++s->seq;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof *g);
	*g = (struct nfgenmsg){ .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };
	mnl_attr_put_strz(nlh, table_attribute, TABLE);
	if (set)
		mnl_attr_put_strz(nlh, set_attribute, set);
	if (mnl_socket_sendto(s->nl, nlh, nlh->nlmsg_len) < 0)
		fail("send");
	do {
		n = mnl_socket_recvfrom(s->nl, s->buffer, s->size);
		if (n < 0)
			fail("receive");
	} while (!take(s, n));
}

static void sql(sqlite3 *db, const char *text)
{
	char *error = NULL;

	if (sqlite3_exec(db, text, NULL, NULL, &error) != SQLITE_OK) {
		fprintf(stderr, "floor: %s: %s\n", text, error);
		exit(1);
	}
}

static void step(sqlite3 *db, sqlite3_stmt *q)
{
	if (sqlite3_step(q) != SQLITE_DONE) {
		fprintf(stderr, "floor: %s\n", sqlite3_errmsg(db));
		exit(1);
	}
	sqlite3_reset(q);
}

static void store(struct state *s, const char *path)
{
	static const char schema[] =
		"CREATE TABLE IF NOT EXISTS baseline (name TEXT PRIMARY KEY, handle INTEGER, packets INTEGER, bytes INTEGER)"
		" WITHOUT ROWID;"
		"CREATE TABLE IF NOT EXISTS moved (time INTEGER, name TEXT, packets INTEGER, bytes INTEGER,"
		" PRIMARY KEY (time, name)) WITHOUT ROWID";
	int64_t now = (int64_t)time(NULL);
	sqlite3_stmt *baseline, *moved;
	sqlite3 *db;
	int on = 1;

	if (sqlite3_open(path, &db) != SQLITE_OK)
		fail(path);
	sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
	sql(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sql(db, schema);
	sql(db, "BEGIN IMMEDIATE");
	sqlite3_prepare_v2(db,
		"INSERT INTO baseline VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name) DO UPDATE SET handle = ?2, packets = ?3, bytes = ?4",
		-1, &baseline, NULL);
	sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO moved VALUES (?1, ?2, ?3, ?4)", -1, &moved, NULL);
	for (size_t i = 0; i < s->n_counters; i++) {
		const struct counter *c = &s->counters[i];

		if (c->packets == 0)
			continue;
		sqlite3_bind_text(baseline, 1, c->name, -1, SQLITE_STATIC);
		sqlite3_bind_int64(baseline, 2, (int64_t)c->handle);
		sqlite3_bind_int64(baseline, 3, (int64_t)c->packets);
		sqlite3_bind_int64(baseline, 4, (int64_t)c->bytes);
		step(db, baseline);
		sqlite3_bind_int64(moved, 1, now);
		sqlite3_bind_text(moved, 2, c->name, -1, SQLITE_STATIC);
		sqlite3_bind_int64(moved, 3, (int64_t)c->packets);
		sqlite3_bind_int64(moved, 4, (int64_t)c->bytes);
		step(db, moved);
	}
	sql(db, "COMMIT");
	sqlite3_finalize(baseline);
	sqlite3_finalize(moved);
	sqlite3_close(db);
}

int main(int argc, char **argv)
{
	struct state s = { .size = (size_t)64 << 10 };

	if (argc < 2)
		return 64;
	s.buffer = malloc(s.size);
	s.counters = calloc(COUNTERS_MAX, sizeof *s.counters);
	s.nl = mnl_socket_open(NETLINK_NETFILTER);
	if (!s.buffer || !s.counters || !s.nl || mnl_socket_bind(s.nl, 0, MNL_SOCKET_AUTOPID) < 0)
		fail("netlink");
	if (strcmp(argv[1], "dumps") == 0) {
		dump(&s, NFT_MSG_GETCHAIN, NFTA_CHAIN_TABLE, 0, NULL);
		dump(&s, NFT_MSG_GETRULE, NFTA_RULE_TABLE, 0, NULL);
		dump(&s, NFT_MSG_GETSET, NFTA_SET_TABLE, 0, NULL);
		for (size_t i = 0; i < s.n_sets; i++)
			dump(&s, NFT_MSG_GETSETELEM, NFTA_SET_ELEM_LIST_TABLE, NFTA_SET_ELEM_LIST_SET, s.sets[i]);
	}
	dump(&s, NFT_MSG_GETOBJ, NFTA_OBJ_TABLE, 0, NULL);
	if (strcmp(argv[1], "sample") == 0 && argc == 3)
		store(&s, argv[2]);
	printf("%zu messages, %zu counters\n", s.messages, s.n_counters);
	return 0;
}
