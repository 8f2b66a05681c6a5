/* Who did it: see who.h.
 * The kernel keeps the login's number through sudo and su (/proc/self/loginuid); where nobody set it, as in containers, the environment
 * is asked.
 * cmd/ calls. */
#include "run/who.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/host.h"

#define NAME_BYTES 64
#define NO_LOGIN UINT64_C(4294967295)

static bool printable(const char *name)
{
	const size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@+\\$");

	return n && n <= NAME_BYTES && !name[n];
}

static const char *account(struct arena *a, uint64_t uid)
{
	struct passwd p, *found = NULL;
	char buf[4096];

	if (uid < NO_LOGIN && getpwuid_r((uid_t)uid, &p, buf, sizeof buf, &found) == 0 && found &&
		printable(found->pw_name))
		return arena_strdup(a, found->pw_name);
	return arena_printf(a, "user %" PRIu64, uid);
}

const char *who(struct arena *a)
{
	const char *login = host_text(a, "/proc/self/loginuid"), *sudo = getenv("SUDO_USER");
	char *end = NULL;
	const uint64_t uid = login ? strtoull(login, &end, 10) : NO_LOGIN;

	if (login && *login && !*end && uid < NO_LOGIN)
		return account(a, uid);
	if (sudo && printable(sudo))
		return arena_strdup(a, sudo);
	return account(a, getuid());
}
