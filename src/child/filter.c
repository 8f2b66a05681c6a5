/* A filter for system calls: see filter.h.
 * What it names is refused (EPERM) and all else allowed: libraries change, and a message that is not sent is worse than a call
 * that somebody could make anyhow. So socketcall(2) of i386 and ppc64le stays: its arguments lie in memory, where no filter sees them, and
 * libc of i386 makes every socket by it.
 * child/spawn.c calls. */
#include "child/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__x86_64__) && defined(__LP64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCH AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCH AUDIT_ARCH_PPC64LE
#endif

#ifdef ARCH

/* Younger than some headers; the same on every machine. */
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

static const uint32_t refused[] = { SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_getfd, SYS_kcmp,
	SYS_unshare, SYS_setns, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_open_by_handle_at, SYS_bpf,
	SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup, SYS_add_key, SYS_request_key, SYS_keyctl };
#define REFUSED (sizeof refused / sizeof *refused)

/* 32 bits of an argument: all that matters here. */
#define ARGUMENT(n) ((uint32_t)offsetof(struct seccomp_data, args[n]))
#define SAY(verdict) BPF_STMT(BPF_RET | BPF_K, (verdict))
#define LOAD(at) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(at))
/* Equal: goes on; else skips n. */
#define UNLESS(value, n) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, (n))
#define IF_THEN(value, verdict) UNLESS(value, 1), SAY(verdict)
#define NO (SECCOMP_RET_ERRNO | EPERM)
#define NAMESPACES \
	((uint32_t)(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | \
		CLONE_NEWCGROUP))

static const struct sock_filter begin[] = {
	LOAD(offsetof(struct seccomp_data, arch)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
	SAY(SECCOMP_RET_KILL_PROCESS),
	LOAD(offsetof(struct seccomp_data, nr)),
#ifdef __x86_64__
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000U, 0, 1), /* the same calls by other numbers */
	SAY(NO),
#endif
	/* its flags lie in memory; libc takes clone() then */
	IF_THEN(SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS),
	UNLESS(SYS_clone, 4),
	LOAD(ARGUMENT(0)),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 0, 1),
	SAY(NO),
	SAY(SECCOMP_RET_ALLOW),
	UNLESS(SYS_socket, 12),
	LOAD(ARGUMENT(0)),
	IF_THEN(AF_UNIX, SECCOMP_RET_ALLOW),
	IF_THEN(AF_INET, SECCOMP_RET_ALLOW),
	IF_THEN(AF_INET6, SECCOMP_RET_ALLOW),
	/* addresses of this machine, which the resolver asks for: NETLINK_ROUTE */
	UNLESS(AF_NETLINK, 3),
	LOAD(ARGUMENT(2)),
	IF_THEN(0, SECCOMP_RET_ALLOW),
	SAY(NO),
};
#define BEGIN (sizeof begin / sizeof *begin)

bool filter_self(void)
{
	struct sock_filter code[BEGIN + 2 * REFUSED + 1];
	struct sock_fprog program = { .filter = code };
	unsigned short n = 0;

	for (size_t i = 0; i < BEGIN; i++)
		code[n++] = begin[i];
	for (size_t i = 0; i < REFUSED; i++) {
		code[n++] = (struct sock_filter)UNLESS(refused[i], 1);
		code[n++] = (struct sock_filter)SAY(NO);
	}
	code[n++] = (struct sock_filter)SAY(SECCOMP_RET_ALLOW);
	program.len = n;
	return prctl(PR_SET_SECCOMP, (unsigned long)SECCOMP_MODE_FILTER, &program, 0L, 0L) == 0;
}

#else
bool filter_self(void)
{
	return false;
}
#endif
