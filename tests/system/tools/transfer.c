/* One TCP connection that moves an exact number of bytes each way, server and client in one process pair.
 * System tests need TCP that has ended, with all its bytes acknowledged, when the tool returns, across two namespaces.
 * tests/system/ runs it: transfer [-S NETNS] [-C NETNS] -a ADDR -p PORT [-l ADDR] [-q PORT] [-b ADDR] [-s PORT] [-u N] [-d N] [-w N]
 *   -S -C  namespace files of server and client      -a -p  what the client connects to
 *   -l -q  what the server listens on, default -a -p -b -s  what the client binds
 *   -u     bytes from client to server               -d     bytes from server to client
 *   -w     bytes a write, default 65536             -g     ms of a pause in the middle of each way, once all before it arrived
 *   -r     bytes a second at most, default 50000000: a cable between namespaces has a queue of a thousand segments and nobody who slows
 *          the sender down; 0: as fast as it goes
 * stdout: "up=N down=N", the bytes of payload that arrived, each of which is looked at: a byte tells its place. Gives up after 120 s. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct plan {
	const char *server_ns, *client_ns;
	union address connect, listen, from;
	long long up, down;
	size_t chunk;
	int rate, pause_ms;
};

#define PERIOD 251 /* of what is sent: no segment is a multiple of it, so that a byte in the wrong place is seen */

static char buffer[1 << 20], sent[sizeof buffer + PERIOD];

static _Noreturn __attribute__((format(printf, 1, 2))) void fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("transfer: ", stderr);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " (%s)\n", strerror(errno));
	_exit(1);
}

static long long number(const char *text)
{
	char *end;
	long long n = strtoll(text, &end, 10);

	if (*end || end == text || n < 0)
		fail("bad number '%s'", text);
	return n;
}

static void parse_address(const char *text, union address *ret)
{
	in_port_t port = ret->v4.sin_port; /* the same place in both families */

	if (inet_pton(AF_INET, text, &ret->v4.sin_addr) == 1)
		ret->any.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &ret->v6.sin6_addr) == 1)
		ret->any.sa_family = AF_INET6;
	else
		fail("bad address '%s'", text);
	ret->v4.sin_port = port;
}

static socklen_t size_of(const union address *a)
{
	return a->any.sa_family == AF_INET ? sizeof a->v4 : sizeof a->v6;
}

static int socket_in(const char *netns, const union address *bound, int rate)
{
	int fd, one = 1;

	if (netns) {
		int ns = open(netns, O_RDONLY | O_CLOEXEC);
		if (ns < 0 || setns(ns, CLONE_NEWNET))
			fail("%s", netns);
		close(ns);
	}
	fd = socket(bound->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) ||
		(rate && setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof rate)) ||
		bind(fd, &bound->any, size_of(bound)))
		fail("bind");
	return fd;
}

static void push_from(int fd, long long from, long long to, size_t chunk)
{
	while (from < to) {
		ssize_t put = send(fd, sent + from % PERIOD, to - from < (long long)chunk ? (size_t)(to - from) : chunk,
			MSG_NOSIGNAL);
		if (put < 0)
			fail("send");
		from += put;
	}
}

/* Until the other end has acknowledged all. */
static void wait_empty(int fd)
{
	struct timespec often = { .tv_nsec = 1000000 };
	int left;

	while (ioctl(fd, TIOCOUTQ, &left) == 0 && left)
		nanosleep(&often, NULL);
}

static void push(int fd, long long n, const struct plan *p)
{
	struct timespec pause = { p->pause_ms / 1000, p->pause_ms % 1000 * 1000000L };
	long long half = p->pause_ms ? n / 2 : 0;

	push_from(fd, 0, half, p->chunk);
	if (half) {
		wait_empty(fd);
		nanosleep(&pause, NULL);
	}
	push_from(fd, half, n, p->chunk);
}

/* Reads n bytes, not one more. */
static long long pull(int fd, long long n)
{
	long long had = 0;

	while (had < n) {
		ssize_t got = recv(
			fd, buffer, n - had < (long long)sizeof buffer ? (size_t)(n - had) : sizeof buffer, 0);
		if (got <= 0)
			fail("recv: %lld of %lld bytes missing", n - had, n);
		if (memcmp(buffer, sent + had % PERIOD, (size_t)got) != 0)
			fail("other bytes than were sent, between %lld and %lld", had, had + got);
		had += got;
	}
	return n;
}

static void expect_end(int fd)
{
	if (recv(fd, buffer, 1, 0) != 0)
		fail("the other end did not close");
}

static int run_client(const struct plan *p)
{
	union address from = p->from;

	if (!from.any.sa_family)
		from.any.sa_family = p->connect.any.sa_family;
	int fd = socket_in(p->client_ns, &from, p->rate);
	if (connect(fd, &p->connect.any, size_of(&p->connect)))
		fail("connect");
	push(fd, p->up, p);
	pull(fd, p->down);
	expect_end(fd);
	close(fd);
	return 0;
}

/* A client that failed ends the wait. */
static int accept_from(pid_t client, int door)
{
	struct pollfd p = { .fd = door, .events = POLLIN };
	int status;

	while (poll(&p, 1, 50) == 0)
		if (waitpid(client, &status, WNOHANG) != 0)
			fail("no connection");
	int fd = accept4(door, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		fail("accept");
	return fd;
}

static void parse(int argc, char **argv, struct plan *p)
{
	int opt, have_listen = 0, listen_port = 0;

	while ((opt = getopt(argc, argv, "S:C:a:p:l:q:b:s:u:d:w:g:r:")) != -1) {
		switch (opt) {
		case 'S':
			p->server_ns = optarg;
			break;
		case 'C':
			p->client_ns = optarg;
			break;
		case 'a':
			parse_address(optarg, &p->connect);
			break;
		case 'p':
			p->connect.v4.sin_port = htons((uint16_t)number(optarg));
			break;
		case 'l':
			parse_address(optarg, &p->listen);
			have_listen = 1;
			break;
		case 'q':
			p->listen.v4.sin_port = htons((uint16_t)number(optarg));
			listen_port = 1;
			break;
		case 'b':
			parse_address(optarg, &p->from);
			break;
		case 's':
			p->from.v4.sin_port = htons((uint16_t)number(optarg));
			break;
		case 'u':
			p->up = number(optarg);
			break;
		case 'd':
			p->down = number(optarg);
			break;
		case 'w':
			p->chunk = (size_t)number(optarg);
			break;
		case 'g':
			p->pause_ms = (int)number(optarg);
			break;
		case 'r':
			p->rate = (int)number(optarg);
			break;
		default:
			exit(64);
		}
	}
	if (!p->connect.any.sa_family || p->chunk < 1 || p->chunk > sizeof buffer || optind != argc)
		fail("-a and -p are needed");
	in_port_t port = listen_port ? p->listen.v4.sin_port : p->connect.v4.sin_port;
	if (!have_listen)
		p->listen = p->connect;
	p->listen.v4.sin_port = port;
}

int main(int argc, char **argv)
{
	struct plan p = { .chunk = 65536, .rate = 50000000 };
	int status;

	parse(argc, argv, &p);
	for (size_t i = 0; i < sizeof sent; i++)
		sent[i] = (char)(i % PERIOD);
	alarm(120);
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int door = socket_in(p.server_ns, &p.listen, p.rate);
	if (listen(door, 1) || home < 0 || setns(home, CLONE_NEWNET))
		fail("listen");
	pid_t client = fork();
	if (client < 0)
		fail("fork");
	if (client == 0) {
		alarm(120);
		_exit(run_client(&p));
	}
	int fd = accept_from(client, door);
	long long up = pull(fd, p.up);
	push(fd, p.down, &p);
	shutdown(fd, SHUT_WR);
	expect_end(fd);
	close(fd);
	if (waitpid(client, &status, 0) != client || status)
		return 1;
	printf("up=%lld down=%lld\n", up, p.down);
	return 0;
}
