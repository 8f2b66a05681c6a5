/* Stands in for portflow-net and does what an intruder would: opens, writes, runs, attaches, asks the kernel. Prints what came of it,
 * as the error's name or "done", in the response that the parent waits for.
 * tests/system/confine.sh puts it in portflow-net's place. The body of each request: lines "ACTION ARGUMENT". */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libmnl/libmnl.h>
#include <linux/capability.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netdb.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model/request.h"
#include "util/record.h"
#include "util/str.h"

static int read_file(const char *path)
{
	char byte;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : read(fd, &byte, 1) < 0 ? -1 : 0;
}

static int write_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? -1 : write(fd, "x", 1) < 0 ? -1 : 0;
}

static int run(const char *path)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execl(path, path, (char *)NULL);
		_exit(errno);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -1;
	errno = WEXITSTATUS(status);
	return errno ? -1 : 0;
}

static pid_t process(const char *pid)
{
	return strcmp(pid, "parent") == 0 ? getppid() : (pid_t)strtol(pid, NULL, 10);
}

static int memory_of(const char *pid)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/mem", process(pid));
	return read_file(path);
}

static int attach(const char *pid)
{
	return (int)ptrace(PTRACE_SEIZE, process(pid), NULL, NULL);
}

static int hit(const char *pid)
{
	return kill(process(pid), 0);
}

static int bind_tcp(const char *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10)) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -1 : bind(fd, (struct sockaddr *)&at, sizeof at);
}

static int abstract(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(at.sun_path + 1, name, strlen(name));
	return connect(
		fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name)));
}

/* "FAMILY" or "FAMILY PROTOCOL", as numbers */
static int any_socket(const char *numbers)
{
	char *rest;
	int family = (int)strtol(numbers, &rest, 10);

	return socket(family, SOCK_RAW | SOCK_CLOEXEC, (int)strtol(rest, NULL, 10));
}

static void put(char *to, size_t *len, uint16_t type, uint16_t flags, uint8_t family, uint16_t res, const char *name)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(to + *len);
	struct nfgenmsg *g;

	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	h->nlmsg_seq = (uint32_t)*len;
	g = mnl_nlmsg_put_extra_header(h, sizeof *g);
	g->nfgen_family = family;
	g->res_id = htons(res);
	if (name)
		mnl_attr_put_strz(h, NFTA_TABLE_NAME, name);
	*len += h->nlmsg_len;
}

/* A new table, in one batch. */
static int new_table(const char *name)
{
	char batch[1024] = { 0 }, answer[4096];
	size_t len = 0;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	ssize_t n;

	put(batch, &len, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, NULL);
	put(batch, &len, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_ACK, 1, 0, name);
	put(batch, &len, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, NULL);
	if (fd < 0 || send(fd, batch, len, 0) < 0)
		return -1;
	n = recv(fd, answer, sizeof answer, 0);
	if (n < (ssize_t)(NLMSG_HDRLEN + sizeof(int)))
		return -1;
	errno = -((const struct nlmsgerr *)NLMSG_DATA((const struct nlmsghdr *)(const void *)answer))->error;
	return errno ? -1 : 0;
}

static int new_namespace(const char *what)
{
	return unshare(strcmp(what, "user") == 0 ? CLONE_NEWUSER : CLONE_NEWNS);
}

static int resolve(const char *name)
{
	struct addrinfo *found = NULL;

	errno = ENOENT;
	return getaddrinfo(name, "https", NULL, &found) ? -1 : 0;
}

static int ring(const char *unused)
{
	char room[256] = { 0 };

	(void)unused;
	return (int)syscall(SYS_io_uring_setup, 1, room);
}

static int act(const char *action, const char *argument)
{
	static const struct {
		const char *name;
		int (*does)(const char *argument);
	} actions[] = { { "read", read_file }, { "write", write_file }, { "run", run }, { "memory", memory_of },
		{ "attach", attach }, { "hit", hit }, { "bind", bind_tcp }, { "abstract", abstract },
		{ "socket", any_socket }, { "table", new_table }, { "namespace", new_namespace },
		{ "resolve", resolve }, { "remove", unlink }, { "root", chroot }, { "ring", ring } };

	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
		if (strcmp(actions[i].name, action) == 0)
			return actions[i].does(argument);
	errno = ENOTSUP;
	return -1;
}

static void rights(struct str *said)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &head, caps))
		str_puts(said, "capget fails\n");
	str_putf(said, "rights: %x%x %x%x, no_new_privs %d, uid %u\n", caps[1].effective, caps[0].effective,
		caps[1].permitted, caps[0].permitted, prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L), getuid());
}

static void probe(char *lines, struct str *said)
{
	char *rest = NULL;

	for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *argument = strchr(line, ' ');

		if (strcmp(line, "rights") == 0) {
			rights(said);
			continue;
		}
		if (argument)
			*argument++ = '\0';
		errno = 0;
		str_putf(said, "%s %s: %s\n", line, argument ? argument : "-",
			act(line, argument) < 0 ? strerrorname_np(errno) : "done");
	}
}

int main(void)
{
	struct arena arena = { 0 };
	struct str input = STR_CEILING((size_t)1 << 20), output = STR_CEILING((size_t)1 << 20);
	char chunk[4096];
	ssize_t n;

	signal(SIGPIPE, SIG_IGN);
	while ((n = read(STDIN_FILENO, chunk, sizeof chunk)) > 0)
		str_put(&input, chunk, (size_t)n);
	for (size_t at = 0; at < input.len;) {
		long len = record_whole(input.p + at, input.len - at, RECORD_MAX);
		struct str said = STR_CEILING(RESPONSE_BODY_MAX);
		struct request q;
		uint32_t id;

		if (len <= 0 || !request_get(&arena, input.p + at, (size_t)len, &id, &q))
			return 65;
		while (q.body.len == 5 && memcmp(q.body.p, "flood", 5) == 0) { /* the same response for ever */
			output.len = 0;
			response_put(&output, id, &(struct response){ .end = RESPONSE_ANSWERED, .status = 200 });
			if (write(STDOUT_FILENO, output.p, output.len) < 0)
				return 74;
		}
		probe(arena_strndup(&arena, q.body.p ? q.body.p : "", q.body.len), &said);
		response_put(&output, id,
			&(struct response){ .end = RESPONSE_ANSWERED, .status = 200, .body = { said.p, said.len } });
		str_free(&said);
		at += (size_t)len;
	}
	if (write(STDOUT_FILENO, output.p, output.len) < 0)
		return 74;
	str_free(&input);
	str_free(&output);
	arena_free(&arena);
	return 0;
}
