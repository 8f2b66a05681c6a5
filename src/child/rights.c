/* Rights given up: see rights.h.
 * Root loses all by changing its user. Where a service already is that user, with one ambient capability, a sandbox may forbid
 * capset(2): then clearing the ambient set is what takes it away at exec.
 * child/spawn.c calls. */
#include "child/rights.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int become(const struct account *as, struct err *err)
{
	if (!as->name)
		return 0;
	if (initgroups(as->name, as->gid) || setresgid(as->gid, as->gid, as->gid) ||
		setresuid(as->uid, as->uid, as->uid))
		return err_sys(err, ERR_FAIL, errno, "the user %s cannot be taken on", as->name);
	if (as->uid == 0 || getuid() != as->uid || geteuid() != as->uid || setuid(0) == 0)
		return err_set(err, ERR_FAIL, "root's rights cannot be given up");
	return 0;
}

int rights_drop(const struct account *as, struct err *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };
	const struct rlimit no_core = { 0, 0 };

	/* the bounding set needs CAP_SETPCAP; without it no_new_privs alone bars the way */
	for (unsigned long cap = 0; prctl(PR_CAPBSET_DROP, cap, 0L, 0L, 0L) == 0; cap++)
		continue;
	if (prctl(PR_CAP_AMBIENT, (unsigned long)PR_CAP_AMBIENT_CLEAR_ALL, 0L, 0L, 0L))
		return err_sys(err, ERR_FAIL, errno, "ambient capabilities cannot be given up");
	if (become(as, err))
		return -1;
	if (syscall(SYS_capset, &head, none) && errno != EPERM)
		return err_sys(err, ERR_FAIL, errno, "capabilities cannot be given up");
	if (getuid() == 0 || geteuid() == 0)
		return err_set(err, ERR_FAIL, "nothing runs as root here");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L))
		return err_sys(err, ERR_FAIL, errno, "no_new_privs cannot be set");
	setrlimit(RLIMIT_CORE, &no_core); /* a sandbox may forbid it */
	return 0;
}
