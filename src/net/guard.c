/* Nothing worth taking: see guard.h.
 * The kernel is asked by system calls, not by /proc, which may be hidden.
 * net/main.c calls. */
#include "net/guard.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *guard_self(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = { 0 };
	const struct rlimit none = { 0, 0 };

	if (close_range(3, ~0U, 0))
		return "inherited files could not be closed";
	/* neither a core file nor a debugger of the same user sees passwords */
	if (prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L))
		return "memory could not be hidden";
	setrlimit(RLIMIT_CORE, &none); /* a sandbox may forbid the call; the line above does the same */
	umask(077);
	if (getuid() == 0 || geteuid() == 0)
		return "it refuses to run as root";
	if (syscall(SYS_capget, &head, caps) || caps[0].effective || caps[1].effective || caps[0].permitted ||
		caps[1].permitted)
		return "it refuses to run with a capability";
	if (prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) != 1)
		return "it refuses to run without no_new_privs";
	return NULL;
}
