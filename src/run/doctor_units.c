/* Whether somebody calls `portflow sample`: the units, looked up as systemd keeps them (an enabled unit is a link in a *.wants
 * folder), and the time of the last sample, which also holds where something else than systemd does it.
 * doctor.c calls. */
#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "run/doctor.h"

#define LATE_S (2 * 3600)

static bool there(struct doctor *d, const char *folder, const char *unit)
{
	return access(arena_printf(d->arena, "%s/%s", folder, unit), F_OK) == 0;
}

/* A link may dangle, and still enables: so the folders are read. */
static bool wanted_in(struct doctor *d, const char *folder, const char *unit)
{
	DIR *dir = opendir(folder);
	bool found = false;

	for (struct dirent *e; dir && !found && (e = readdir(dir));) {
		const char *suffix = strrchr(e->d_name, '.');
		char target[8];

		if (!suffix || (strcmp(suffix, ".wants") != 0 && strcmp(suffix, ".requires") != 0))
			continue;
		found = readlink(arena_printf(d->arena, "%s/%s/%s", folder, e->d_name, unit), target, sizeof target) >
			0;
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool enabled(struct doctor *d, const char *unit)
{
	return wanted_in(d, "/etc/systemd/system", unit) || wanted_in(d, "/run/systemd/system", unit) ||
		wanted_in(d, "/usr/lib/systemd/system", unit) || wanted_in(d, "/lib/systemd/system", unit);
}

static bool installed(struct doctor *d, const char *unit)
{
	static const char *const folders[] = { "/etc/systemd/system", "/run/systemd/system",
		"/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system" };

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if (there(d, folders[i], unit))
			return true;
	return false;
}

static const char *ago(struct doctor *d, int64_t seconds)
{
	if (seconds < 120)
		return arena_printf(d->arena, "%lld s ago", (long long)seconds);
	if (seconds < 7200)
		return arena_printf(d->arena, "%lld min ago", (long long)seconds / 60);
	if (seconds < 172800)
		return arena_printf(d->arena, "%lld h ago", (long long)seconds / 3600);
	return arena_printf(d->arena, "%lld days ago", (long long)seconds / 86400);
}

static void last_sample(struct doctor *d, bool hourly)
{
	int64_t age = d->app->now - d->sampled;

	if (d->down)
		doctor_say(d, FINDING_WARN, "sample", "portflow apply",
			"`portflow down` was the last word: nothing is counted until `apply`");
	else if (d->sampled == 0)
		doctor_say(d, FINDING_WARN, "sample", "portflow apply", "nothing was sampled yet");
	else if (age < 0)
		doctor_say(d, FINDING_WARN, "sample", "timedatectl",
			"the last sample lies in the future: the clock was ahead then, or is behind now");
	else if (age > LATE_S)
		doctor_say(d, FINDING_WARN, "sample",
			hourly ? "systemctl status portflow-sample.timer portflow-sample.service" : NULL,
			"the last sample was %s; an hourly one is expected", ago(d, age));
	else
		doctor_say(d, FINDING_OK, "sample", NULL, "the last sample was %s", ago(d, age));
}

/* Devices that come and go: ppp, WireGuard, VLANs. */
static void hotplug(struct doctor *d)
{
	static const char *const folders[] = { "/etc/udev/rules.d", "/run/udev/rules.d", "/usr/local/lib/udev/rules.d",
		"/usr/lib/udev/rules.d", "/lib/udev/rules.d" };
	bool rule = false;

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		rule |= there(d, folders[i], "90-portflow.rules");
	if (access("/run/udev/control", F_OK) < 0)
		doctor_say(d, FINDING_OK, "hotplug", NULL,
			"udev does not run here: the next sample takes up a device that appears");
	else if (rule && installed(d, "portflow-device.service") && installed(d, "portflow-mend.service"))
		doctor_say(d, FINDING_OK, "hotplug", NULL, "a device that appears is taken up within seconds");
	else
		doctor_say(d, FINDING_WARN, "hotplug", "make install",
			"90-portflow.rules or what it starts is not installed: a device that appears is taken up by the next sample");
}

static bool timers(struct doctor *d)
{
	bool hourly = enabled(d, "portflow-sample.timer"), minute = enabled(d, "portflow-minute.timer");

	if (!installed(d, "portflow-sample.timer"))
		doctor_say(d, FINDING_WARN, "timer",
			"make install, then systemctl enable --now portflow-apply.service portflow-sample.timer",
			"portflow's units are not installed: nothing samples by itself");
	else if (!hourly && !minute)
		doctor_say(d, FINDING_WARN, "timer", "systemctl enable --now portflow-sample.timer",
			"portflow-sample.timer is not enabled: nothing samples by itself");
	else
		doctor_say(d, FINDING_OK, "timer", NULL, "enabled:%s%s", hourly ? " hourly" : "",
			minute ? " every minute" : "");
	if (installed(d, "portflow-apply.service"))
		doctor_say(d, enabled(d, "portflow-apply.service") ? FINDING_OK : FINDING_WARN, "boot",
			enabled(d, "portflow-apply.service") ? NULL : "systemctl enable portflow-apply.service", "%s",
			enabled(d, "portflow-apply.service")
				? "counting begins at boot, and the last bytes are stored at shutdown"
				: "portflow-apply.service is not enabled: after a boot nothing is counted before the first sample, and an orderly "
				  "shutdown loses what came since the last one");
	if (installed(d, "portflow-apply.service"))
		hotplug(d);
	return hourly || minute;
}

void doctor_units(struct doctor *d)
{
	bool hourly = false;

	if (access("/run/systemd/system", F_OK) == 0)
		hourly = timers(d);
	else
		doctor_say(d, d->sampled != 0 && d->app->now - d->sampled <= LATE_S ? FINDING_OK : FINDING_WARN,
			"timer",
			d->sampled != 0 && d->app->now - d->sampled <= LATE_S
				? NULL
				: "a line for cron: 0 * * * * root portflow sample",
			"systemd does not run here: something else must call `portflow sample` every hour, at boot and at shutdown");
	last_sample(d, hourly);
}
