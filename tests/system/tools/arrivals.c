/* Looks at what arrives for a port and says how much of it came at once: in the window behind each pause, and in the densest window of all.
 * The burst of a limit is a promise about the receiver; only the receiver's own time stamps of each packet tell whether it is kept.
 * tests/system/ runs it: arrivals [-n NETNS] [-P udp|tcp] -f 4|6 -p PORT -w MS [-m MTU] [-g MS] [-q MS]
 *   -n  file of the network namespace of the receiver  -P  protocol, default udp
 *   -f  family                                          -p  port, as source or destination
 *   -w  the window                                      -m  MTU, default 1500: a joined packet is counted as its segments on the wire
 *   -g  what makes a pause, default 500                 -q  ends when nothing arrived for so long, default 1500
 * Prints "ready" once it looks, waits up to 20 s for a first packet, then
 * "pauses=N first=BYTES first_joined=BYTES most=BYTES bytes=BYTES joined=BYTES packets=N": windows behind pauses, the largest in IP bytes on the
 * wire, and as joined packets have them; the densest window; all. Exits with 1 where the kernel lost something on the way to it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ARRIVALS_MAX 4000000
#define BATCH 64
#define HEAD_BYTES 128 /* IPv4 with options, TCP with options */
#define BUFFER_BYTES (256 << 20)
#define FIRST_MS 20000

struct arrival {
	int64_t ns;
	uint32_t wire, joined; /* IP bytes: as segments, as one packet */
};

struct plan {
	int family, protocol, window_ms, pause_ms, quiet_ms;
	uint32_t mtu;
	uint16_t port;
};

struct seen {
	struct arrival *at;
	size_t n;
};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "arrivals: %s (%s)\n", what, strerror(errno));
	exit(1);
}

static long number(const char *text, long least, long most)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end || end == text || n < least || n > most)
		fail(text);
	return n;
}

static void enter(const char *netns)
{
	int fd = open(netns, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		fail(netns);
	close(fd);
}

/* A raw socket gets a copy of each packet that is delivered here, behind every filter and queue. */
static int look(const struct plan *p)
{
	int fd = socket(p->family, SOCK_RAW | SOCK_CLOEXEC, p->protocol);
	int on = 1, buffer = BUFFER_BYTES;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) ||
		setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) ||
		setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on))
		fail("socket");
	return fd;
}

/* What stands behind a packet: when, and how many were lost so far. */
static int64_t stamp(struct msghdr *m, uint32_t *ret_lost)
{
	int64_t ns = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct timespec ts;

		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&ts, CMSG_DATA(c), sizeof ts);
			ns = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
		} else if (c->cmsg_type == SO_RXQ_OVFL) {
			memcpy(ret_lost, CMSG_DATA(c), sizeof *ret_lost);
		}
	}
	return ns;
}

/* IPv6 hides its header from raw sockets. */
static bool measure(const struct plan *p, const unsigned char *head, uint32_t length, struct arrival *ret)
{
	uint32_t ip = p->family == AF_INET ? (head[0] & 15U) * 4U : 0, hidden = p->family == AF_INET ? 0 : 40;
	const unsigned char *t = head + ip;
	uint32_t headers = ip + hidden + (p->protocol == IPPROTO_TCP ? (uint32_t)(t[12] >> 4) * 4U : 8U);
	uint32_t source = (uint32_t)t[0] << 8 | t[1], target = (uint32_t)t[2] << 8 | t[3];
	uint32_t all = length + hidden, payload, segments;

	if ((source != p->port && target != p->port) || all < headers || p->mtu <= headers)
		return false;
	payload = all - headers;
	segments = payload ? (payload + p->mtu - headers - 1) / (p->mtu - headers) : 1;
	ret->joined = all;
	ret->wire = all + (segments - 1) * headers;
	return true;
}

static void read_some(int fd, const struct plan *p, struct seen *seen)
{
	static unsigned char heads[BATCH][HEAD_BYTES];
	static char controls[BATCH][128];
	struct mmsghdr m[BATCH] = { 0 };
	struct iovec iov[BATCH];
	uint32_t lost = 0;

	for (int i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ heads[i], HEAD_BYTES };
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
		m[i].msg_hdr.msg_control = controls[i];
		m[i].msg_hdr.msg_controllen = sizeof controls[i];
	}
	int n = recvmmsg(fd, m, BATCH, MSG_TRUNC | MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		struct arrival a = { .ns = stamp(&m[i].msg_hdr, &lost) };

		if (lost || seen->n == ARRIVALS_MAX)
			fail("more than can be looked at");
		if (measure(p, heads[i], m[i].msg_len, &a))
			seen->at[seen->n++] = a;
	}
}

static void watch(int fd, const struct plan *p, struct seen *seen)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	struct timespec now;
	int64_t last = 0, ns;
	size_t had;

	for (;;) {
		poll(&wait, 1, 100);
		had = seen->n;
		read_some(fd, p, seen);
		clock_gettime(CLOCK_MONOTONIC, &now);
		ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
		if (!last || seen->n > had)
			last = ns;
		else if ((ns - last) / 1000000 > (seen->n ? p->quiet_ms : FIRST_MS))
			return;
	}
}

static int by_time(const void *x, const void *y)
{
	const struct arrival *p = x, *q = y;

	return (p->ns > q->ns) - (p->ns < q->ns);
}

static void tell(const struct plan *p, struct seen *seen)
{
	uint64_t sum = 0, sum_joined = 0, first = 0, first_joined = 0, most = 0, all = 0, all_joined = 0;
	size_t end = 0;
	int pauses = 0;

	qsort(seen->at, seen->n, sizeof *seen->at, by_time); /* two processors deliver */
	for (size_t i = 0; i < seen->n; i++) {
		const struct arrival *a = &seen->at[i];

		for (; end < seen->n && seen->at[end].ns - a->ns < (int64_t)p->window_ms * 1000000; end++) {
			sum += seen->at[end].wire;
			sum_joined += seen->at[end].joined;
		}
		if (i == 0 || a->ns - seen->at[i - 1].ns >= (int64_t)p->pause_ms * 1000000) {
			pauses++;
			first = sum > first ? sum : first;
			first_joined = sum_joined > first_joined ? sum_joined : first_joined;
		}
		most = sum > most ? sum : most;
		all += a->wire;
		all_joined += a->joined;
		sum -= a->wire;
		sum_joined -= a->joined;
	}
	printf("pauses=%d first=%llu first_joined=%llu most=%llu bytes=%llu joined=%llu packets=%zu\n", pauses,
		(unsigned long long)first, (unsigned long long)first_joined, (unsigned long long)most,
		(unsigned long long)all, (unsigned long long)all_joined, seen->n);
}

static void parse(int argc, char **argv, struct plan *p)
{
	int opt;

	while ((opt = getopt(argc, argv, "n:P:f:p:w:m:g:q:")) != -1) {
		switch (opt) {
		case 'n':
			enter(optarg);
			break;
		case 'P':
			p->protocol = strcmp(optarg, "tcp") ? IPPROTO_UDP : IPPROTO_TCP;
			break;
		case 'f':
			p->family = strcmp(optarg, "6") ? AF_INET : AF_INET6;
			break;
		case 'p':
			p->port = (uint16_t)number(optarg, 1, 65535);
			break;
		case 'w':
			p->window_ms = (int)number(optarg, 1, 60000);
			break;
		case 'm':
			p->mtu = (uint32_t)number(optarg, 256, 65535);
			break;
		case 'g':
			p->pause_ms = (int)number(optarg, 1, 60000);
			break;
		case 'q':
			p->quiet_ms = (int)number(optarg, 1, 60000);
			break;
		default:
			exit(64);
		}
	}
	if (!p->port || !p->window_ms || optind != argc)
		fail("-p and -w are needed");
}

int main(int argc, char **argv)
{
	struct plan p = { .family = AF_INET, .protocol = IPPROTO_UDP, .mtu = 1500, .pause_ms = 500, .quiet_ms = 1500 };
	struct seen seen = { .at = calloc(ARRIVALS_MAX, sizeof *seen.at) };
	int fd;

	if (!seen.at)
		fail("memory");
	parse(argc, argv, &p);
	fd = look(&p);
	puts("ready");
	fflush(stdout);
	watch(fd, &p, &seen);
	tell(&p, &seen);
	return 0;
}
