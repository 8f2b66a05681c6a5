/* The program itself: what it may do here, and the libraries it runs with (not those it was built with).
 * Names of the loaded files say it for all libraries alike; most have no call that tells their version.
 * doctor.c calls. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/doctor.h"

#define CAP_NET_ADMIN_BIT 12

static bool effective(unsigned bit)
{
	char line[128];
	unsigned long long set = 0;
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, "CapEff:", 7) == 0)
			set = strtoull(line + 7, NULL, 16);
	if (f)
		fclose(f);
	return (set >> bit & 1) != 0;
}

static void privileges(struct doctor *d)
{
	d->root = geteuid() == 0;
	d->admin = effective(CAP_NET_ADMIN_BIT);
	if (d->admin)
		doctor_say(d, FINDING_OK, "privileges", NULL, "CAP_NET_ADMIN is there");
	else if (d->root)
		doctor_say(d, FINDING_FAIL, "privileges",
			"give the container CAP_NET_ADMIN (docker run --cap-add NET_ADMIN)",
			"root without CAP_NET_ADMIN: the kernel will refuse every change");
	else
		doctor_say(d, FINDING_WARN, "privileges", "sudo portflow doctor", "not root: some checks see less");
}

/* "libsqlite3.so.0.8.6" of a line of /proc/self/maps, NULL if it maps none of our libraries. */
static const char *library(char *line)
{
	static const char *const names[] = { "libnftnl.", "libmnl.", "libnl-3.", "libnl-route-3.", "libinih.",
		"libsqlite3." };
	char *slash = strrchr(line, '/');

	if (!slash)
		return NULL;
	slash[strcspn(slash, "\n")] = '\0';
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strncmp(slash + 1, names[i], strlen(names[i])) == 0)
			return slash + 1;
	return NULL;
}

static void libraries(struct doctor *d)
{
	const char *all = "", *last = "";
	char line[4096];
	FILE *f = fopen("/proc/self/maps", "re");

	while (f && fgets(line, sizeof line, f)) {
		const char *name = library(line);
		if (!name || strcmp(name, last) == 0)
			continue;
		last = arena_strdup(d->arena, name);
		all = arena_printf(d->arena, "%s%s%s", all, *all ? ", " : "", name);
	}
	if (f)
		fclose(f);
	doctor_say(d, FINDING_OK, "libraries", NULL, "%s", *all ? all : "linked into the program");
}

void doctor_program(struct doctor *d)
{
	privileges(d);
	libraries(d);
}
