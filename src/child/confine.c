/* No files but those: see confine.h.
 * Landlock is asked by its system calls and numbers of our own: the headers that a build finds may be older than the kernel it
 * will run on, which tells how much it can do (its "ABI").
 * child/spawn.c calls. */
#include "child/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child/child.h"
#include "child/places.h"

/* The same on every machine that portflow is built for. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif
#define CREATE_VERSION 1U
#define RULE_PATH_BENEATH 1

enum { EXECUTE = 1U << 0, READ_FILE = 1U << 2, READ_DIR = 1U << 3 };

/* Kernels that know less take it as long as the rest is 0. */
struct ruleset {
	uint64_t files, net, scoped;
};
struct beneath {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

/* -- Landlock ---------------------------------------------------------------------------------------------------------- */

static int landlock_abi(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, CREATE_VERSION);
}

/* Everything that this kernel can forbid, but connecting. */
static struct ruleset all_of(int abi)
{
	/* 13 rights; from 2 on to link elsewhere, 3 to truncate, 5 to control devices */
	const unsigned rights = 13U + (abi >= 2) + (abi >= 3) + (abi >= 5);

	return (struct ruleset){ .files = (UINT64_C(1) << rights) - 1,
		.net = abi >= 4 ? 1 : 0,      /* to bind */
		.scoped = abi >= 6 ? 3 : 0 }; /* abstract sockets and signals of others */
}

static void allow(int rules, int fd, uint64_t rights)
{
	struct beneath rule = { .parent = fd };
	struct stat st;

	if (fstat(fd, &st))
		return;
	rule.allowed = S_ISDIR(st.st_mode) ? rights : rights & ~(uint64_t)READ_DIR;
	syscall(SYS_landlock_add_rule, rules, RULE_PATH_BENEATH, &rule, 0U);
}

/* What is not there, or not for us, will be found so by who wants it. */
static void allow_path(int rules, const char *path, uint64_t rights)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return;
	allow(rules, fd, rights);
	close(fd);
}

bool confine_self(const struct confine *what, int program)
{
	const int abi = landlock_abi();
	const struct ruleset all = all_of(abi);
	const char *path;
	bool done;
	int rules;

	if (abi < 1)
		return false;
	rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0U);
	if (rules < 0)
		return false;
	for (size_t i = 0; (path = places_at(what, i)); i++)
		allow_path(rules, path, READ_FILE | READ_DIR);
	path = places_loader();
	if (path)
		allow_path(rules, path, READ_FILE | EXECUTE);
	allow(rules, program, READ_FILE | EXECUTE);
	done = syscall(SYS_landlock_restrict_self, rules, 0U) == 0;
	close(rules);
	return done;
}

/* -- which of them ----------------------------------------------------------------------------------------------------- */

void confine_walls(const struct confine *what)
{
	if (landlock_abi() < 1)
		walls_raise(what);
}

static enum child_confined try_here(void)
{
	const struct confine what = { 0 };

	if (landlock_abi() < 1)
		return walls_raise(&what) ? CHILD_CONFINED_WALLS : CHILD_CONFINED_NOT;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) || !confine_self(&what, -1))
		return CHILD_CONFINED_NOT;
	return CHILD_CONFINED_LANDLOCK;
}

enum child_confined child_confined(void)
{
	const pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit((int)try_here());
	if (pid < 0)
		return CHILD_CONFINED_NOT;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? (enum child_confined)WEXITSTATUS(status) : CHILD_CONFINED_NOT;
}
