/* The kernel's features, by trying each: a version number says nothing about how a kernel was built. A child does it in a network
 * namespace of its own, which ends with it.
 * doctor.c calls. */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nft/probe.h"
#include "run/doctor.h"
#include "run/host.h"
#include "tc/probe.h"

#define TRY_MS 20000 /* loading a dozen modules from a slow disk */

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* What the child sends. Smaller than a pipe's atomic write (4 KiB), so it comes whole or not at all. */
struct tried {
	int errnum; /* no namespace could be had, or nobody answered in it */
	char text[160];
	bool cookie; /* the namespace has a number of its own (Linux 5.14) */
	struct probe_answer nft[NFT_PROBES], tc[TC_PROBES];
};
_Static_assert(sizeof(struct tried) <= 4096, "one write of a pipe");

static void fail(struct tried *t, const struct err *e)
{
	t->errnum = e->errnum ? e->errnum : EIO;
	snprintf(t->text, sizeof t->text, "%.150s", e->text);
}

static void try_all(struct tried *t, bool spare_ifb)
{
	struct err err = { 0 };
	uint64_t cookie;
	socklen_t len = sizeof cookie;
	int fd;

	/* without root: a user namespace gives the right to have a network namespace, where the machine allows that */
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
		t->errnum = errno;
		return;
	}
	if (nft_probe(t->nft, &err) < 0 || tc_probe(spare_ifb, t->tc, &err) < 0) {
		fail(t, &err);
		return;
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	t->cookie = fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) == 0;
	if (fd >= 0)
		close(fd);
}

/* Waits for the answer, then for the child; a child that hangs in the kernel is killed. */
static void collect(pid_t pid, int fd, struct tried *ret)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	do
		n = poll(&p, 1, TRY_MS);
	while (n < 0 && errno == EINTR);
	if (n <= 0 || read(fd, ret, sizeof *ret) != (ssize_t)sizeof *ret)
		*ret = (struct tried){ .errnum = n == 0 ? ETIMEDOUT : EIO };
	if (n == 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void try_apart(bool spare_ifb, struct tried *ret)
{
	int fd[2];
	pid_t pid;

	if (pipe(fd) < 0 || (pid = fork()) < 0) {
		*ret = (struct tried){ .errnum = errno };
		return;
	}
	if (pid == 0) {
		struct tried t = { 0 };
		try_all(&t, spare_ifb);
		_exit(write(fd[1], &t, sizeof t) == (ssize_t)sizeof t ? 0 : 1);
	}
	close(fd[1]);
	collect(pid, fd[0], ret);
	close(fd[0]);
}

/* Does a list of /lib/modules (modules.dep, modules.builtin) name the module? */
static bool listed(struct doctor *d, const char *release, const char *list, const char *module)
{
	const char *path = arena_printf(d->arena, "/lib/modules/%s/%s", release, list);
	const char *plain = arena_printf(d->arena, "/%s.ko", module);
	char line[4096];
	bool found = false;
	FILE *f = fopen(path, "re");

	/* a long line may be cut, but its own module stands at its beginning */
	while (f && !found && fgets(line, sizeof line, f)) {
		line[strcspn(line, ":")] = '\0';
		found = strstr(line, plain) != NULL;
	}
	if (f)
		fclose(f);
	return found;
}

static bool ifb_would_load(struct doctor *d, const char *release)
{
	return access("/proc/modules", F_OK) == 0 && access("/sys/module/ifb", F_OK) != 0 &&
		!listed(d, release, "modules.builtin", "ifb");
}

static const char *consequence(const struct probe *p)
{
	if (p->without)
		return p->without;
	switch (p->need) {
	case PROBE_COUNT:
		return "portflow cannot count without it";
	case PROBE_ENFORCE:
		return "counting works; quotas and limits will not";
	case PROBE_SHAPE:
		return "limits can be policed, not shaped";
	default:
		return "outgoing traffic of a flowtable cannot be counted";
	}
}

static void judge(struct doctor *d, const char *release, const struct probe *p, const struct probe_answer *a)
{
	enum finding_level level = p->need == PROBE_COUNT ? FINDING_FAIL
		: p->need == PROBE_FALLBACK               ? FINDING_OK
							  : FINDING_WARN;
	const char *cure;

	if (a->errnum == 0) {
		doctor_say(d, FINDING_OK, p->id, NULL, "%s", p->what);
		return;
	}
	if (a->errnum == ENOPKG) {
		doctor_say(d, FINDING_OK, p->id, NULL,
			"%s: the module is not loaded, and loading it makes devices, so not tried", p->what);
		return;
	}
	cure = p->module && listed(d, release, "modules.dep", p->module)
		? arena_printf(d->arena, "modprobe %s", p->module)
		: arena_printf(d->arena, "a kernel built with CONFIG_%s (on Debian: apt-get install linux-image-amd64)",
			  p->option);
	doctor_say(d, level, p->id, level == FINDING_OK ? NULL : cure, "no %s%s%s%s; %s", p->what, *a->text ? " (" : "",
		a->text, *a->text ? ")" : "", consequence(p));
}

static void judge_version(struct doctor *d, const struct utsname *u)
{
	unsigned major = 0, minor = 0;

	if (sscanf(u->release, "%u.%u", &major, &minor) == 2 && (major < 5 || (major == 5 && minor < 10)))
		doctor_say(d, FINDING_WARN, "kernel", "a kernel of 5.10 or later",
			"Linux %s is older than what portflow is tested with", u->release);
	else
		doctor_say(d, FINDING_OK, "kernel", NULL, "Linux %s on %s", u->release, u->machine);
}

void doctor_kernel(struct doctor *d)
{
	struct utsname u = { 0 };
	struct tried t;

	uname(&u);
	judge_version(d, &u);
	try_apart(ifb_would_load(d, u.release), &t);
	if (t.errnum != 0) {
		doctor_say(d, FINDING_WARN, "features", t.errnum == EPERM && !d->root ? "sudo portflow doctor" : NULL,
			"the kernel's features could not be tried in a network namespace of their own: %s",
			*t.text ? t.text : strerror(t.errnum));
		return;
	}
	for (size_t i = 0; i < NFT_PROBES; i++)
		judge(d, u.release, &nft_probes[i], &t.nft[i]);
	for (size_t i = 0; i < TC_PROBES; i++)
		judge(d, u.release, &tc_probes[i], &t.tc[i]);
	doctor_say(d, FINDING_OK, "netns", NULL, "%s",
		t.cookie ? "the network namespace has a number of its own (SO_NETNS_COOKIE)"
			 : "no SO_NETNS_COOKIE (Linux 5.14); the namespace is told by its inode");
}
