/* What an admin at the keyboard does, for tests against the real kernel: a command of the shell.
 * In the network namespace that the test has made itself.
 * Tests include, behind cmocka.h. */
#ifndef SHELL_HELP_H
#define SHELL_HELP_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* true: it ended well. What it says goes nowhere: some of what is tried is meant to be refused. */
static inline bool shell(const char *command)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
			_exit(127);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static inline void must(const char *command)
{
	if (!shell(command))
		fail_msg("%s", command);
}

#endif
