/* Tables for model/open_ports.c: lines of /proc/net/tcp, socket units, sections that cover an open port.
 * The lines are as a kernel printed them; the units as Debian, Ubuntu and their users write them.
 * `make check-unit` runs it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/open_ports.h"

#define N(a) (sizeof(a) / sizeof *(a))

#define REST " 00000000:00000000 00:00000000 00000000 "
#define ZERO6 "00000000000000000000000000000000"

static void test_socket_line(void **state)
{
	static const struct {
		const char *line;
		enum socket_line is;
		uint16_t port;
		uint64_t inode;
	} cases[] = {
		{ "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n",
			SOCKET_PASS, 0, 0 },
		{ "   0: 00000000:08AE 00000000:0000 0A" REST "    0        0 43210 1 0000000000000000 100 0 0 10 0\n",
			SOCKET_LISTENS, 2222, 43210 },
		{ "   1: " ZERO6 ":0016 " ZERO6 ":0000 0A" REST "    0        0 18446744073709551615 1 0\n",
			SOCKET_LISTENS, 22, UINT64_MAX },
		{ "   2: 01020A0A:FFFF 00000000:0000 0A" REST "    0        0 7 1\n", SOCKET_LISTENS, 65535, 7 },
		/* another user's */
		{ "   3: 00000000:1F90 00000000:0000 0A" REST " 1000        0 8 1\n", SOCKET_PASS, 0, 0 },
		/* loopback: 127.0.0.1, ::1, ::ffff:127.0.0.1 */
		{ "   4: 0100007F:177A 00000000:0000 0A" REST "    0        0 9 1\n", SOCKET_PASS, 0, 0 },
		{ "   5: 00000000000000000000000001000000:177A " ZERO6 ":0000 0A" REST "    0        0 9 1\n",
			SOCKET_PASS, 0, 0 },
		{ "   6: 0000000000000000FFFF00000100007F:177A " ZERO6 ":0000 0A" REST "    0        0 9 1\n",
			SOCKET_PASS, 0, 0 },
		/* connections: over IPv4, IPv6, loopback, of another user; one that is half closed */
		{ "  99: 0100000A:0016 0200000A:C350 01" REST "    0        0 12 2 1 21 4 27 10 -1\n", SOCKET_TALKS, 22,
			12 },
		{ "   1: 000066FD000000000000000001000000:08AE 000066FD000000000000000009000000:D808 01" REST
		  "    0        0 13 2\n",
			SOCKET_TALKS, 2222, 13 },
		{ "   7: 0100007F:0016 0100007F:C350 01" REST "    0        0 14 1\n", SOCKET_TALKS, 0, 14 },
		{ "  99: 0100000A:0016 0200000A:C350 01" REST " 1000        0 12 1\n", SOCKET_PASS, 0, 0 },
		{ "  99: 0100000A:0016 0200000A:C350 08" REST "    0        0 12 1\n", SOCKET_PASS, 0, 0 },
		{ "  99: 0100000A:0016 0200000A:C350 06" REST "    0        0 0 3\n", SOCKET_PASS, 0, 0 },
		{ "", SOCKET_PASS, 0, 0 },
		{ "\n", SOCKET_PASS, 0, 0 },
		{ "   0: 00000000:0000 00000000:0000 0A" REST "    0        0 43210 1\n", SOCKET_PASS, 0, 0 },
		{ "   0: 00000000 00000000:0000 0A" REST "    0        0 43210 1\n", SOCKET_PASS, 0, 0 },
		{ "   0: 00000000:10016 00000000:0000 0A" REST "    0        0 43210 1\n", SOCKET_PASS, 0, 0 },
		{ "   0: 00000000:0016 00000000:0000 0A" REST "    0        0 99999999999999999999 1\n", SOCKET_PASS, 0,
			0 },
		{ "   0: 00000000:0016 00000000:0000 0A" REST "    0        0\n", SOCKET_PASS, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		uint16_t port = 0;
		uint64_t inode = 0;

		if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ && strstr(cases[i].line, "7F"))
			continue;
		if (socket_line(cases[i].line, strlen(cases[i].line), &port, &inode) != cases[i].is)
			fail_msg("line %zu: %s", i, cases[i].line);
		assert_int_equal(port, cases[i].port);
		assert_true(inode == cases[i].inode);
	}
}

static void test_ssh_connection(void **state)
{
	static const struct {
		const char *text;
		uint16_t port;
	} cases[] = { { "192.0.2.7 51234 192.0.2.1 2222", 2222 }, { "2001:db8::7 1 2001:db8::1 65535", 65535 },
		{ "fe80::7%eth0 51234 fe80::1%eth0 22", 22 }, { "fe80::7%a 51234 fe80::1 22", 22 },
		/* of loopback */
		{ "127.0.0.1 51234 127.0.0.1 22", 0 }, { "::1 51234 ::1 22", 0 }, { "192.0.2.7 51234 127.1.2.3 22", 0 },
		/* what sshd does not write */
		{ "", 0 }, { "UNKNOWN 65535 UNKNOWN 65535", 0 }, { "192.0.2.7 51234 192.0.2.1", 0 },
		{ "192.0.2.7 51234 192.0.2.1 ", 0 }, { "192.0.2.7 51234 192.0.2.1 0", 0 },
		{ "192.0.2.7 0 192.0.2.1 22", 0 }, { "192.0.2.7 51234 192.0.2.1 65536", 0 },
		{ "192.0.2.7 51234 192.0.2.1 022", 0 }, { "192.0.2.7 51234 192.0.2.1 +22", 0 },
		{ "192.0.2.7 51234 192.0.2.1 22 ", 0 }, { "192.0.2.7 51234 192.0.2.1 22\n", 0 },
		{ "192.0.2.7 51234 192.0.2.1 22 23", 0 }, { " 192.0.2.7 51234 192.0.2.1 22", 0 },
		{ "192.0.2.7  51234 192.0.2.1 22", 0 }, { "192.0.2.7\t51234 192.0.2.1 22", 0 },
		{ "192.0.2.7 51234 2001:db8::1 22", 0 }, { "192.0.2 51234 192.0.2.1 22", 0 },
		{ "192.0.2.7%eth0 51234 192.0.2.1%eth0 22", 0 }, { "fe80::7% 51234 fe80::1% 22", 0 },
		{ "here 51234 there 22", 0 }, { "192.0.2.7 51234 192.0.2.1 ssh", 0 },
		{ "1111:2222:3333:4444:5555:6666:255.255.255.255.255.255 1 ::2 22", 0 }, { "51234 192.0.2.1 22", 0 },
		{ "22", 0 } };

	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		if (ssh_connection(cases[i].text) != cases[i].port)
			fail_msg("\"%s\": %u", cases[i].text, ssh_connection(cases[i].text));
}

static const char *put(struct arena *a, const struct tcp_ports *p)
{
	cleanup_str struct str text = STR_CEILING(4096);

	tcp_ports_put(p, &text);
	return arena_strdup(a, text.p ? text.p : "");
}

static void test_socket_unit(void **state)
{
	static const struct {
		const char *files[3], *ports;
	} cases[] = {
		{ { "[Unit]\nDescription=x\n[Socket]\nListenStream=22\nAccept=no\n[Install]\nWantedBy=sockets.target\n" },
			"22" },
		{ { "[Socket]\nListenStream=22\n", "[Socket]\nListenStream=\nListenStream=2222\n" }, "2222" },
		{ { "[Socket]\nListenStream=22\n", "[Socket]\nListenStream=2222" }, "22, 2222" },
		{ { "[Socket]\nListenStream=22\n",
			  "[Socket]\nListenStream=\nListenStream=0.0.0.0:2200\nListenStream=[::]:2201\n",
			  "[Socket]\n  ListenStream = 192.0.2.1:2202  \n" },
			"2200, 2201, 2202" },
		{ { "[Socket]\nListenStream=/run/ssh.sock\nListenStream=@ssh\nListenStream=vsock::22\nListenStream=%t/x\n"
		    "ListenStream=127.0.0.1:24\nListenStream=[::1]:25\nListenStream=0\nListenStream=65536\nListenStream=ssh\n" },
			"" },
		{ { "ListenStream=1\n[Socket]\n#ListenStream=2\n;ListenStream=3\nListenDatagram=4\nlistenstream=5\n"
		    "ListenStream=6\n[Service]\nListenStream=7\n" },
			"6" },
		{ { "[Socket]\r\nListenStream=22\r\n" }, "22" },
		{ { "[Socket]\n\n=\nListenStream\nListenStream =22" }, "22" },
		{ { "" }, "" },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct arena a = { 0 };
		struct tcp_ports ports = { 0 };

		for (size_t f = 0; f < 3 && cases[i].files[f]; f++)
			socket_unit(&a, cases[i].files[f], strlen(cases[i].files[f]), &ports);
		if (strcmp(put(&a, &ports), cases[i].ports) != 0)
			fail_msg("case %zu: %s, wanted %s", i, put(&a, &ports), cases[i].ports);
		arena_free(&a);
	}
}

static void test_kept_text(void **state)
{
	static const char *const cases[][2] = { { "", "" }, { "22", "22" }, { "2222, 22", "22, 2222" },
		{ "22,22 ,23", "22, 23" }, { "x, 0, 65536, 65535, -1, 000022", "65535" }, { ", ,", "" } };

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct arena a = { 0 };
		struct tcp_ports ports = { 0 };

		tcp_ports_read(&a, cases[i][0], &ports);
		assert_string_equal(put(&a, &ports), cases[i][1]);
		arena_free(&a);
	}
}

/* The list as people see it: of what is configured, and of what was found. */
static void test_reasons(void **state)
{
	static const struct {
		const char *configured; /* NULL: auto */
		const char *found, *text;
	} cases[] = {
		{ NULL, NULL, "22 (auto)" },
		{ NULL, "", "22 (auto)" },
		{ NULL, "22 sshd", "22 (sshd)" },
		{ NULL, "22", "22 (an SSH server)" },
		{ NULL, "22 session, 2222 sshd, 2223 session",
			"22 (an SSH session), 2222 (sshd), 2223 (an SSH session)" },
		{ NULL, "22 sessions", "22 (sessions)" },
		{ NULL, "22 sshd ssh.socket, 2222 dropbear", "22 (sshd, ssh.socket), 2222 (dropbear)" },
		{ NULL, "2222  sshd,22 ssh.socket", "2222 (sshd), 22 (ssh.socket)" },
		{ NULL, "2222 sshd, 2223", "2222 (sshd), 2223 (an SSH server), 22 (auto)" },
		{ NULL, "x y, 70000 sshd, , 22 sshd", "22 (sshd)" },
		{ "22", "2222 sshd", "22 (configured), udp/53 (configured)" },
		{ "", "2222 sshd", "udp/53 (configured)" },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct arena a = { 0 };
		struct keep_open k = { .automatic = !cases[i].configured };
		struct open_reasons r;
		struct entry e = { .protocols = PROTO_UDP };

		if (cases[i].configured && *cases[i].configured)
			*vec_push(&a, &k.ports) = (struct open_port){ PROTO_TCP, 22 };
		if (cases[i].configured)
			*vec_push(&a, &k.ports) = (struct open_port){ PROTO_UDP, 53 };
		open_ports_explain(&a, &k, cases[i].found, &r);
		assert_string_equal(open_reasons_text(&a, &r, NULL), cases[i].text);
		assert_string_equal(open_reasons_text(&a, &r, &e), cases[i].text);
		*vec_push(&a, &e.ports) = (struct port_range){ 50, 60 };
		assert_string_equal(open_reasons_text(&a, &r, &e), cases[i].configured ? "udp/53 (configured)" : "");
		e.protocols = PROTO_TCP;
		assert_string_equal(open_reasons_text(&a, &r, &e), "");
		arena_free(&a);
	}
}

/* A section with ports 20-30 and 2222, both protocols, and a [quota] over it that may act. */
static size_t warnings(void (*change)(struct entry *entry, struct entry *quota), const char **ret_text)
{
	static struct arena a;
	struct config *c = arena_new(&a, struct config);
	struct watch w = { 0 };
	struct entry *e = vec_push(&a, &c->entries), *q = vec_push(&a, &c->quotas);
	static const struct open_port open[] = { { PROTO_TCP, 22 }, { PROTO_TCP, 2222 }, { PROTO_UDP, 51820 } };

	e->kind = ENTRY_PORT;
	e->name = "web";
	e->protocols = PROTO_TCP | PROTO_UDP;
	*vec_push(&a, &e->ports) = (struct port_range){ 20, 30 };
	*vec_push(&a, &e->ports) = (struct port_range){ 2222, 2222 };
	q->kind = ENTRY_QUOTA;
	q->name = "both";
	*vec_push(&a, &q->member_at) = 0;
	change(e, q);
	open_ports_warn(&a, c, open, N(open), &w);
	*ret_text = w.warnings.n ? w.warnings.at[0].text : "";
	return w.warnings.n;
}

static void counts_only(struct entry *e, struct entry *q)
{
	e->quota.present = q->quota.present = true; /* told, nothing else */
}
static void limits(struct entry *e, struct entry *q)
{
	(void)q;
	e->limit[DIR_OUT].present = true;
}
static void blocks(struct entry *e, struct entry *q)
{
	(void)q;
	e->quota.present = true;
	e->quota_action.kind = ACTION_BLOCK;
}
static void expires(struct entry *e, struct entry *q)
{
	(void)q;
	e->expires.present = true;
}
static void bursts(struct entry *e, struct entry *q)
{
	(void)q;
	e->burst.rate.present = true;
}
static void shares(struct entry *e, struct entry *q)
{
	(void)e;
	q->quota.present = true;
	q->quota_action.kind = ACTION_THROTTLE;
}
static void udp_alone(struct entry *e, struct entry *q)
{
	limits(e, q);
	e->protocols = PROTO_UDP;
}
static void elsewhere(struct entry *e, struct entry *q)
{
	limits(e, q);
	e->ports.at[0].lo = 23;
	e->ports.n = 1;
}
static void address_of_all(struct entry *e, struct entry *q)
{
	limits(e, q);
	e->kind = ENTRY_ADDRESS;
	e->protocols = 0;
	e->ports.n = 0;
}
static void edge(struct entry *e, struct entry *q)
{
	limits(e, q);
	e->ports.at[0] = (struct port_range){ 22, 22 };
	e->ports.n = 1;
}

static void test_warning(void **state)
{
	static const struct {
		void (*change)(struct entry *, struct entry *);
		size_t n;
		const char *ports;
	} cases[] = { { counts_only, 0, "" }, { limits, 1, "ports 22, 2222 of" }, { blocks, 1, "ports 22, 2222 of" },
		{ expires, 1, "[port web]" }, { bursts, 1, "[port web]" }, { shares, 1, "[port web]" },
		{ udp_alone, 0, "" }, { elsewhere, 0, "" }, { address_of_all, 0, "" }, { edge, 1, "port 22 of" } };

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		const char *text;
		size_t n = warnings(cases[i].change, &text);

		if (n != cases[i].n || !strstr(text, cases[i].ports))
			fail_msg("case %zu: %zu warnings, %s", i, n, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_socket_line),
		cmocka_unit_test(test_ssh_connection),
		cmocka_unit_test(test_socket_unit),
		cmocka_unit_test(test_kept_text),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_warning),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
