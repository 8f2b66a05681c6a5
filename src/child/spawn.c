/* One child: see spawn.h.
 * Its end is seen by a pidfd, not by the end of its output: a child of its own may hold that open for ever.
 * child/child.c calls. */
#include "child/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child/filter.h"

/* Where the program's own descriptor lies in the child. */
#define FD_PROGRAM 3
#define EXIT_NOT_RUN 127

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* -- in the child ------------------------------------------------------------------------------------------------------ */

static _Noreturn void give_up(const char *path, const char *why)
{
	dprintf(STDERR_FILENO, "%s: %s\n", path, why);
	_exit(EXIT_NOT_RUN);
}

static void default_signals(void)
{
	sigset_t none;

	for (int n = 1; n < NSIG; n++)
		signal(n, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The pipes become 0, 1 and 2; they lie above, since main.c keeps those three open. */
static bool take_pipes(const struct program *what, int in, int out, int err)
{
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
		dup2(what->one_output ? out : err, STDERR_FILENO) < 0)
		return false;
	if (what->fd >= 0 && what->fd != FD_PROGRAM && dup3(what->fd, FD_PROGRAM, O_CLOEXEC) < 0)
		return false;
	return close_range(what->fd >= 0 ? FD_PROGRAM + 1 : FD_PROGRAM, ~0U, 0) == 0;
}

static _Noreturn void become_program(const struct program *what, const struct account *as, pid_t parent)
{
	static const char *const environment[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"LANG=C.UTF-8", NULL };
	char *const *argv = (char *const *)(uintptr_t)what->argv, *const *envp = (char *const *)(uintptr_t)environment;
	struct err err;

	default_signals();
	setsid();
	umask(077);
	if (chdir("/"))
		give_up(what->path, strerror(errno));
	if (what->confine)
		confine_walls(what->confine);
	if (rights_drop(as, &err))
		give_up(what->path, err.text);
	if (what->confine) {
		confine_self(what->confine, FD_PROGRAM);
		filter_self();
	}
	/* after the change of user, which clears it */
	prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0L, 0L, 0L);
	if (getppid() != parent)
		_exit(EXIT_NOT_RUN);
	if (what->fd >= 0)
		execveat(FD_PROGRAM, "", argv, envp, AT_EMPTY_PATH);
	else
		execve(what->path, argv, envp);
	give_up(what->path, strerror(errno));
}

/* -- in the parent ----------------------------------------------------------------------------------------------------- */

static int make_pipe(int *ret_read, int *ret_write, int ours_is_write)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return -1;
	*ret_read = fds[0];
	*ret_write = fds[1];
	return fcntl(fds[ours_is_write], F_SETFL, O_NONBLOCK);
}

int spawn(struct proc *p, const struct program *what, const struct account *as, struct err *err)
{
	int in = -1, out = -1, errors = -1;
	const pid_t self = getpid();

	p->pidfd = p->in = p->out = p->err = -1;
	p->ended = p->fed = p->output_cut = false;
	p->pid = -1;
	if (make_pipe(&in, &p->in, 1) == 0 && make_pipe(&p->out, &out, 0) == 0 && make_pipe(&p->err, &errors, 0) == 0)
		p->pid = fork();
	if (p->pid == 0) {
		if (!take_pipes(what, in, out, errors))
			_exit(EXIT_NOT_RUN);
		become_program(what, as, self);
	}
	if (p->pid < 0)
		err_sys(err, ERR_FAIL, errno, "%s cannot be started", what->path);
	shut(&in);
	shut(&out);
	shut(&errors);
	if (p->pid > 0) {
		p->pidfd = pidfd_open(p->pid, 0);
		if (p->pidfd >= 0)
			return 0;
		err_sys(err, ERR_FAIL, errno, "%s cannot be watched", what->path);
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	proc_free(p);
	return -1;
}

nfds_t proc_wants(const struct proc *p, struct pollfd *fds)
{
	nfds_t n = 0;

	if (p->ended)
		return 0;
	fds[n++] = (struct pollfd){ .fd = p->pidfd, .events = POLLIN };
	if (p->in >= 0)
		fds[n++] = (struct pollfd){ .fd = p->in, .events = POLLOUT };
	if (p->out >= 0)
		fds[n++] = (struct pollfd){ .fd = p->out, .events = POLLIN };
	if (p->err >= 0)
		fds[n++] = (struct pollfd){ .fd = p->err, .events = POLLIN };
	return n;
}

static bool again(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK;
}

static void feed(struct proc *p)
{
	while (p->in >= 0 && p->feed.len) {
		ssize_t n = write(p->in, p->feed.p, p->feed.len);

		if (n >= 0) {
			p->feed.p += n;
			p->feed.len -= (size_t)n;
		} else if (again()) {
			return;
		} else if (errno != EINTR) {
			shut(&p->in); /* it does not want to know */
		}
	}
	if (p->in >= 0) {
		shut(&p->in);
		p->fed = true;
	}
}

/* One chunk a time: what fills the text beyond its ceiling is read and let go, so that the child is not held up. False when there
 * is no more for now. */
static bool read_chunk(int *fd, struct str *to, bool *cut)
{
	char chunk[16384];
	size_t room = to->ceiling - to->len;
	ssize_t n;

	if (*fd < 0)
		return false;
	n = read(*fd, chunk, sizeof chunk);
	if (n < 0 && errno == EINTR)
		return true;
	if (n < 0 && again())
		return false;
	if (n <= 0) {
		shut(fd);
		return false;
	}
	if ((size_t)n > room)
		*cut = true;
	str_put(to, chunk, (size_t)n < room ? (size_t)n : room);
	return true;
}

/* What it left behind in its group goes before it is reaped: as long as it is a zombie nobody else can have that number. */
static void reap(struct proc *p)
{
	siginfo_t info = { .si_pid = 0 };

	if (waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid == 0)
		return;
	kill(-p->pid, SIGKILL);
	while (waitpid(p->pid, &p->wait_status, 0) < 0 && errno == EINTR)
		continue;
	p->ended = true;
}

/* An output that never ends must not hold up the others: as much as a pipe holds, then they have their turn. */
#define CHUNKS 8

static void drain(struct proc *p)
{
	bool cut = false;

	for (int i = 0; i < CHUNKS && read_chunk(&p->out, &p->output, &p->output_cut); i++)
		continue;
	for (int i = 0; i < CHUNKS && read_chunk(&p->err, &p->errors, &cut); i++)
		continue;
}

void proc_work(struct proc *p)
{
	if (p->ended)
		return;
	feed(p);
	reap(p);
	drain(p); /* behind the look for its end: what it wrote before is still in the pipe */
}

/* A process that hangs in the kernel, on a dead file server, dies when that lets it: nobody waits for it. */
#define DEATH_MS 1000

void proc_kill(struct proc *p)
{
	struct pollfd end = { .fd = p->pidfd, .events = POLLIN };

	if (p->ended)
		return;
	kill(-p->pid, SIGKILL);
	kill(p->pid, SIGKILL); /* it may not have its group yet */
	poll(&end, 1, DEATH_MS);
	reap(p);
	if (!p->ended)
		p->wait_status = SIGKILL;
	p->ended = true;
	drain(p);
}

void proc_free(struct proc *p)
{
	shut(&p->pidfd);
	shut(&p->in);
	shut(&p->out);
	shut(&p->err);
	str_free(&p->output);
	str_free(&p->errors);
}
