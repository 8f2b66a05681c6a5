/* Runs a command and kills one of its processes, the program itself or the Kth that it forks, before its Nth system call; or lets all live
 * and says how much memory each had. strace cannot do the first: it counts in each process apart and has no way to choose one.
 * A killed process never makes that call; its threads count with it.
 * tests/system/ runs it: fell [-l] [-k PROCESS:CALL] [-o FILE] COMMAND...
 * -l counts the program's own calls from the moment at which it has closed the last file that it had locked with flock(2).
 * FILE: "killed PROCESS CALL system call NUMBER", or "lived" if there was no such call; "ended" once all processes have; "process K from MS to MS
 * peak KB file KB" of each. Exit: the command's, 137 if it was killed. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/ptrace.h> /* behind the other: it has what glibc calls by another name */

#define TASKS_MAX 256 /* alive at one time */
#define LOCKS_MAX 16
#define UNKNOWN (-1)

struct task {
	pid_t tid;
	int process; /* UNKNOWN: not seen yet */
	int64_t began_ms;
	bool leader;
};

static struct task tasks[TASKS_MAX];
static size_t n_tasks;
static int processes = 1, victim = UNKNOWN;
static long victim_call, calls;
static bool counting, from_unlock, done;
static int locks[LOCKS_MAX], n_locks;
static FILE *out;

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "fell: %s: %s\n", what, strerror(errno));
	exit(125);
}

/* -- who is alive ------------------------------------------------------------------------------------------------------ */

static struct task *task_of(pid_t tid)
{
	for (size_t i = 0; i < n_tasks; i++)
		if (tasks[i].tid == tid)
			return &tasks[i];
	if (n_tasks == TASKS_MAX) {
		errno = ENOMEM;
		fail("more processes than it can follow");
	}
	tasks[n_tasks] = (struct task){ .tid = tid, .process = UNKNOWN, .began_ms = now_ms() };
	return &tasks[n_tasks++];
}

static unsigned long proc_number(pid_t tid, const char *name)
{
	char path[64], line[256];
	unsigned long number = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", tid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, name, strlen(name)) == 0)
			number = strtoul(line + strlen(name), NULL, 10);
	if (f)
		fclose(f);
	return number;
}

static void forget(const struct task *t)
{
	tasks[t - tasks] = tasks[--n_tasks];
}

static void go_on(const struct task *t, int signal)
{
	const bool watched = t->process == victim && !done;

	/* ESRCH: killed meanwhile */
	if (ptrace(watched ? PTRACE_SYSCALL : PTRACE_CONT, t->tid, NULL, (void *)(intptr_t)signal) && errno != ESRCH)
		fail("ptrace");
}

/* Whichever is seen first, its parent's stop or its own: one of them may never come, when somebody is killed. A program cannot fork
 * again before its stop is over, so that numbers are in the order of forks. */
static void adopt(struct task *t)
{
	const pid_t group = (pid_t)proc_number(t->tid, "Tgid:");

	t->leader = group == t->tid || group == 0;
	t->process = t->leader ? processes++ : task_of(group)->process;
	counting = counting || (t->process == victim && victim > 0);
}

static void born(const struct task *parent)
{
	unsigned long tid;
	struct task *t;

	if (ptrace(PTRACE_GETEVENTMSG, parent->tid, NULL, &tid))
		return;
	t = task_of((pid_t)tid);
	if (t->process == UNKNOWN)
		adopt(t);
}

/* -- calls ------------------------------------------------------------------------------------------------------------- */

static void follow_locks(const struct ptrace_syscall_info *info)
{
	const int fd = (int)info->entry.args[0];

	if (info->entry.nr == SYS_flock && info->entry.args[1] & LOCK_EX) {
		for (int i = 0; i < n_locks; i++)
			if (locks[i] == fd)
				return;
		if (n_locks < LOCKS_MAX)
			locks[n_locks++] = fd;
	}
	if (info->entry.nr != SYS_close || counting)
		return;
	for (int i = 0; i < n_locks; i++)
		if (locks[i] == fd) {
			locks[i] = locks[--n_locks];
			counting = n_locks == 0;
			return;
		}
}

static void at_call(struct task *t)
{
	struct ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, (void *)sizeof info, &info) <= 0 ||
		info.op != PTRACE_SYSCALL_INFO_ENTRY || done)
		return;
	if (counting && ++calls == victim_call) {
		done = true;
		fprintf(out, "killed %d %ld system call %llu\n", victim, calls, (unsigned long long)info.entry.nr);
		fflush(out);
		kill(t->tid, SIGKILL);
		return;
	}
	if (from_unlock)
		follow_locks(&info);
}

/* -- memory ------------------------------------------------------------------------------------------------------------ */

static void tell_memory(const struct task *t)
{
	if (t->leader)
		fprintf(out, "process %d from %lld to %lld peak %lu file %lu\n", t->process, (long long)t->began_ms,
			(long long)now_ms(), proc_number(t->tid, "VmHWM:"), proc_number(t->tid, "RssFile:"));
}

/* -- all of it --------------------------------------------------------------------------------------------------------- */

static void stopped(struct task *t, int status)
{
	const int signal = WSTOPSIG(status), event = status >> 16;

	if (signal == (SIGTRAP | 0x80)) {
		at_call(t);
		go_on(t, 0);
		return;
	}
	if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE)
		born(t);
	else if (event == PTRACE_EVENT_EXEC && t->process == 0)
		counting = counting || (victim == 0 && !from_unlock);
	else if (event == PTRACE_EVENT_EXIT)
		tell_memory(t);
	go_on(t, event ? 0 : signal);
}

static int follow(pid_t root)
{
	int code = 125;

	for (;;) {
		int status;
		pid_t tid = waitpid(-1, &status, __WALL);
		struct task *t;

		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0)
			break;
		t = task_of(tid);
		if (WIFSTOPPED(status)) {
			if (t->process == UNKNOWN)
				adopt(t);
			stopped(t, status);
			continue;
		}
		if (tid == root)
			code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		forget(t);
	}
	if (victim >= 0)
		fputs(done ? "ended\n" : "lived\n", out);
	return code;
}

static pid_t start(char **argv)
{
	int gate[2];
	char byte;
	pid_t pid;

	if (pipe2(gate, O_CLOEXEC))
		fail("pipe");
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		close(gate[1]);
		if (read(gate[0], &byte, 1) != 0)
			_exit(125);
		execvp(argv[0], argv);
		fail(argv[0]);
	}
	if (ptrace(PTRACE_SEIZE, pid, NULL,
		    (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			    PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT)))
		fail("ptrace");
	*task_of(pid) = (struct task){ .tid = pid, .process = 0, .began_ms = now_ms(), .leader = true };
	/* from here on its calls are seen: it is interrupted, and goes on as one that is watched */
	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL))
		fail("ptrace");
	close(gate[0]);
	close(gate[1]);
	return pid;
}

int main(int argc, char **argv)
{
	int c;
	char *rest;

	out = stderr;
	while ((c = getopt(argc, argv, "+lk:o:")) != -1) {
		if (c == 'l') {
			from_unlock = true;
		} else if (c == 'k') {
			victim = (int)strtol(optarg, &rest, 10);
			victim_call = *rest == ':' ? strtol(rest + 1, NULL, 10) : 0;
		} else if (c == 'o') {
			out = fopen(optarg, "we");
		} else {
			return 125;
		}
	}
	if (!out || optind == argc)
		fail("usage");
	return follow(start(argv + optind));
}
