/* Sends UDP datagrams as fast as the socket takes them and prints what one cost, in CPU time of the sending thread. Over a veth pair that
 * holds the receiver's work too, as far as the packet gets, so that the cost of rules can be seen.
 * tests/bench/ runs it: blast [-n NETNS] -d ADDR -p PORT [-s STEP] [-k PORTS] [-c COUNT]
 *   -n  file of the network namespace to send from   -p  first destination port
 *   -k  how many ports are visited in turn (10)      -s  from one to the next (1)
 *   -c  packets (200000)
 * stdout: nanoseconds a packet. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define PAYLOAD 64

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(1);
}

struct plan {
	struct sockaddr_in to;
	long port, step, ports, count;
};

static double blast(int fd, const struct plan *p)
{
	static char payload[PAYLOAD];
	struct iovec iov = { payload, sizeof payload };
	struct sockaddr_in to[BATCH];
	struct mmsghdr msg[BATCH] = { 0 };
	long sent = 0;
	double began = cpu_ns();

	for (int i = 0; i < BATCH; i++) {
		to[i] = p->to;
		msg[i].msg_hdr = (struct msghdr){ &to[i], sizeof to[i], &iov, 1, NULL, 0, 0 };
	}
	while (sent < p->count) {
		int n = BATCH < p->count - sent ? BATCH : (int)(p->count - sent);

		for (int i = 0; i < n; i++)
			to[i].sin_port = htons((uint16_t)(p->port + (sent + i) % p->ports * p->step));
		n = sendmmsg(fd, msg, (unsigned)n, 0);
		if (n < 0 && errno != EINTR && errno != ENOBUFS)
			fail("sendmmsg");
		sent += n > 0 ? n : 0;
	}
	return (cpu_ns() - began) / (double)sent;
}

int main(int argc, char **argv)
{
	struct plan p = { .to.sin_family = AF_INET, .step = 1, .ports = 10, .count = 200000 };
	const char *netns = NULL;
	int option, fd;

	while ((option = getopt(argc, argv, "n:d:p:s:k:c:")) != -1) {
		long v = optarg ? strtol(optarg, NULL, 10) : 0;
		switch (option) {
		case 'n':
			netns = optarg;
			break;
		case 'd':
			if (inet_pton(AF_INET, optarg, &p.to.sin_addr) != 1)
				return 64;
			break;
		case 'p':
			p.port = v;
			break;
		case 's':
			p.step = v;
			break;
		case 'k':
			p.ports = v;
			break;
		case 'c':
			p.count = v;
			break;
		default:
			return 64;
		}
	}
	if (p.ports < 1 || p.count < 1 || p.port < 1)
		return 64;
	if (netns && ((fd = open(netns, O_RDONLY | O_CLOEXEC)) < 0 || setns(fd, CLONE_NEWNET) < 0))
		fail(netns);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fail("socket");
	printf("%.1f\n", blast(fd, &p));
	return 0;
}
