/* Sends an exact number of UDP datagrams (or SCTP-shaped packets), each of an exact size, and prints what that is on the wire.
 * System tests need traffic whose bytes are known beforehand; no usual tool promises a count over many ports and addresses.
 * tests/system/ runs it: datagram [-n NETNS] [-P udp|sctp] -d ADDR[,ADDR] -p PORTS [-s PORTS] [-b ADDR] [-l LEN] [-c COUNT] [-r PPS]
 *            [-g SEGMENT] [-e] [-w]
 *   -n  file of the network namespace to send from   -P  protocol, default udp
 *   -d  destinations, one family                      -p  destination ports, as 53,8000-8100
 *   -s  source ports, default: the kernel's choice    -b  source address
 *   -l  payload bytes, default 100                    -c  packets for each source port, address and port, default 1
 *   -r  packets a second, default 20000, so that no backlog overflows
 *   -g  each send of LEN bytes is for the kernel or the card to cut into datagrams of SEGMENT (UDP_SEGMENT, as QUIC servers do)
 *   -w  the socket never waits for a queue, as it does behind some 300 packets: those of many senders together do not either
 *   -e  a send that the machine's own rules refuse (EPERM) is sent all the same, as far as the sender is concerned
 * stdout: "packets=N ip_bytes=N" (headers of IP and UDP or SCTP included; a datagram above the MTU counted as if whole; with -g
 * sends, and the bytes of all their segments). */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORTS_MAX 65536
#define ADDRS_MAX 64

struct ports {
	int n;
	uint16_t at[PORTS_MAX];
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct plan {
	int protocol;
	union address to[ADDRS_MAX], from;
	int n_to;
	struct ports *dst, *src;
	size_t length;
	int segment;  /* 0 none */
	bool refused; /* a refused send is none of our business */
	bool many;    /* does not wait for a queue */
	long count, rate;
	int64_t began_ns, sent;
};

static _Noreturn __attribute__((format(printf, 1, 2))) void fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static long number(const char *text, long max)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end || end == text || n < 0 || n > max)
		fail("datagram: bad number '%s'", text);
	return n;
}

static void parse_ports(const char *text, struct ports *ret)
{
	while (*text) {
		char *end;
		long lo = strtol(text, &end, 10), hi = lo;

		if (*end == '-')
			hi = strtol(end + 1, &end, 10);
		if (lo < 1 || hi < lo || hi > 65535 || (*end && *end != ','))
			fail("datagram: bad ports '%s'", text);
		for (long p = lo; p <= hi && ret->n < PORTS_MAX; p++)
			ret->at[ret->n++] = (uint16_t)p;
		text = *end ? end + 1 : end;
	}
}

static union address parse_address(const char *text)
{
	union address a = { 0 };

	if (inet_pton(AF_INET, text, &a.v4.sin_addr) == 1)
		a.any.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &a.v6.sin6_addr) == 1)
		a.any.sa_family = AF_INET6;
	else
		fail("datagram: bad address '%s'", text);
	return a;
}

static void parse_addresses(char *text, struct plan *p)
{
	p->n_to = 0; /* the last -d holds */
	for (char *save = NULL, *one = strtok_r(text, ",", &save); one; one = strtok_r(NULL, ",", &save)) {
		if (p->n_to == ADDRS_MAX)
			fail("datagram: too many addresses");
		p->to[p->n_to++] = parse_address(one);
	}
}

static void set_port(union address *a, uint16_t port)
{
	if (a->any.sa_family == AF_INET)
		a->v4.sin_port = htons(port);
	else
		a->v6.sin6_port = htons(port);
}

static socklen_t size_of(const union address *a)
{
	return a->any.sa_family == AF_INET ? sizeof a->v4 : sizeof a->v6;
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Holds the sender back to the rate; looks at the clock every few milliseconds' worth of packets, 16 at most: a slow sender is no
 * sender of bursts. */
static void pace(struct plan *p)
{
	long together = p->rate < 250 ? 1 : p->rate < 4000 ? p->rate / 250 : 16;

	if (++p->sent % together)
		return;
	int64_t ahead = p->began_ns + p->sent * 1000000000 / p->rate - now_ns();
	struct timespec ts = { ahead / 1000000000, ahead % 1000000000 };
	if (ahead > 0)
		nanosleep(&ts, NULL);
}

static int open_socket(const struct plan *p, uint16_t source)
{
	union address from = p->from;
	int type = p->protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_RAW;
	int fd = socket(p->to[0].any.sa_family, type | SOCK_CLOEXEC, p->protocol);
	int one = 1, much = 256 << 20;

	if (fd < 0)
		fail("datagram: socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (!from.any.sa_family)
		from.any.sa_family = p->to[0].any.sa_family;
	if (p->protocol == IPPROTO_UDP)
		set_port(&from, source);
	if (p->many && setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &much, sizeof much))
		fail("datagram: SO_SNDBUFFORCE: %s", strerror(errno));
	if (bind(fd, &from.any, size_of(&from)))
		fail("datagram: bind: %s", strerror(errno));
	if (p->segment && setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &p->segment, sizeof p->segment))
		fail("datagram: UDP_SEGMENT: %s", strerror(errno));
	return fd;
}

static void send_all(struct plan *p, uint16_t source)
{
	static unsigned char packet[65536];
	int fd = open_socket(p, source);

	for (long i = 0; i < p->count; i++) {
		for (int a = 0; a < p->n_to; a++) {
			for (int d = 0; d < p->dst->n; d++) {
				union address to = p->to[a];

				if (p->protocol == IPPROTO_UDP) {
					set_port(&to, p->dst->at[d]);
				} else {
					uint16_t head[2] = { htons(source), htons(p->dst->at[d]) };
					memcpy(packet, head, sizeof head);
				}
				if (sendto(fd, packet, p->length, 0, &to.any, size_of(&to)) < 0 &&
					!(p->refused && errno == EPERM))
					fail("datagram: send to port %u: %s", p->dst->at[d], strerror(errno));
				pace(p);
			}
		}
	}
	close(fd);
}

static void enter(const char *netns)
{
	int fd = open(netns, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		fail("datagram: %s: %s", netns, strerror(errno));
	close(fd);
}

static void parse(int argc, char **argv, struct plan *p)
{
	int opt;

	while ((opt = getopt(argc, argv, "n:P:d:p:s:b:l:c:r:g:ew")) != -1) {
		switch (opt) {
		case 'n':
			enter(optarg);
			break;
		case 'P':
			p->protocol = strcmp(optarg, "sctp") ? IPPROTO_UDP : IPPROTO_SCTP;
			break;
		case 'd':
			parse_addresses(optarg, p);
			break;
		case 'p':
			parse_ports(optarg, p->dst);
			break;
		case 's':
			parse_ports(optarg, p->src);
			break;
		case 'b':
			p->from = parse_address(optarg);
			break;
		case 'l':
			p->length = (size_t)number(optarg, 65000);
			break;
		case 'c':
			p->count = number(optarg, 100000000);
			break;
		case 'r':
			p->rate = number(optarg, 10000000);
			break;
		case 'g':
			p->segment = (int)number(optarg, 65000);
			break;
		case 'e':
			p->refused = true;
			break;
		case 'w':
			p->many = true;
			break;
		default:
			exit(64);
		}
	}
	if (!p->n_to || !p->dst->n || !p->rate || optind != argc)
		fail("datagram: -d and -p are needed");
	if (p->protocol == IPPROTO_SCTP)
		p->length += 12;
}

int main(int argc, char **argv)
{
	static struct ports dst, src;
	struct plan p = { .protocol = IPPROTO_UDP, .dst = &dst, .src = &src, .length = 100, .count = 1, .rate = 20000 };

	parse(argc, argv, &p);
	if (!src.n)
		src.at[src.n++] = p.protocol == IPPROTO_SCTP ? 9 : 0;
	p.began_ns = now_ns();
	for (int s = 0; s < src.n; s++)
		send_all(&p, src.at[s]);
	size_t headers = (p.to[0].any.sa_family == AF_INET ? 20U : 40U) + (p.protocol == IPPROTO_UDP ? 8U : 0U);
	size_t segments = p.segment ? (p.length + (size_t)p.segment - 1) / (size_t)p.segment : 1;
	printf("packets=%lld ip_bytes=%lld\n", (long long)p.sent,
		(long long)p.sent * (long long)(p.length + segments * headers));
	return 0;
}
