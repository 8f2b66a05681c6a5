/* Whether messages can go out: the helper is there, secrets are readable by who needs them and by nobody else, nothing is stuck.
 * No message is sent: `portflow notify test` does that.
 * doctor.c calls. */
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "child/child.h"
#include "model/desired_enforce.h"
#include "model/target.h"
#include "run/doctor.h"
#include "run/resolver.h"
#include "run/secrets.h"
#include "store/outbox.h"

/* What an intruder in portflow-net could read. */
static void check_fence(struct doctor *d)
{
	static const char cure[] = "boot Linux 5.13 or newer with landlock in lsm= (cat /sys/kernel/security/lsm)";

	switch (child_confined()) {
	case CHILD_CONFINED_LANDLOCK:
		doctor_say(d, FINDING_OK, "fence", NULL,
			"portflow-net can open neither the database nor the configuration (Landlock)");
		break;
	case CHILD_CONFINED_WALLS:
		doctor_say(d, FINDING_WARN, "fence", cure,
			"no Landlock here: portflow-net is kept from the database by a mount namespace, which the services may not make");
		break;
	case CHILD_CONFINED_NOT:
		doctor_say(d, FINDING_WARN, "fence", cure,
			"no Landlock here: portflow-net runs as the user %s and could open the database and the configuration",
			SERVICE_USER);
		break;
	}
}

static void check_helper(struct doctor *d)
{
	if (!targets_use_network(&d->config))
		return;
	if (!child_helper(d->arena))
		doctor_say(d, FINDING_FAIL, "notify", "install the package portflow-net, or make install",
			"portflow-net is missing: no message can be sent");
	else
		check_fence(d);
}

static void check_secret_file(struct doctor *d, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & S_IROTH))
		doctor_say(d, FINDING_WARN, "secret",
			arena_printf(d->arena, "chown root:%s %s; chmod 0640 %s", SERVICE_USER, path, path),
			"everybody can read %s", path);
}

/* Of a secret that stands in the INI. */
static void check_ini(struct doctor *d, const struct target *t)
{
	struct stat st;

	if (t->where.file && stat(t->where.file, &st) == 0 && (st.st_mode & S_IROTH))
		doctor_say(d, FINDING_WARN, "secret",
			arena_printf(d->arena, "chown root:%s %s; chmod 0640 %s", SERVICE_USER, t->where.file,
				t->where.file),
			"everybody can read %s, and a secret of [notify %s] is in it", t->where.file, t->name);
}

/* Of one secret alone, so that each says what is wrong with it; NULL: nothing. */
static const char *problem_of(struct doctor *d, const struct target *target, size_t which)
{
	struct target t = *target;
	struct secret *s;
	const char *key;

	for (size_t i = 0; (s = target_secret(&t, i, &key)); i++)
		if (i != which || s->from == SECRET_CREDENTIAL) /* of the service, not of this process */
			s->from = SECRET_NONE;
	return d->root ? secrets_reveal(d->arena, &t) : NULL;
}

static void check_target(struct doctor *d, const struct target *target)
{
	struct target t = *target;
	const struct secret *s;
	const char *key;
	bool in_ini = false;

	for (size_t i = 0; (s = target_secret(&t, i, &key)); i++) {
		const char *problem = problem_of(d, target, i);

		if (s->from == SECRET_FILE)
			check_secret_file(d, s->text);
		in_ini |= s->from == SECRET_TEXT && !s->plain;
		if (problem)
			doctor_say(d, FINDING_FAIL, "secret", arena_printf(d->arena, "portflow notify test %s", t.name),
				"%s", problem);
	}
	if (in_ini)
		check_ini(d, &t);
}

/* Whoever takes them here sends them on as a user of his own. */
static void check_relay(struct doctor *d, const struct target *t)
{
	const char *host = target_local_host(d->arena, t);

	if (host && t->type != TARGET_exec)
		doctor_say(d, FINDING_WARN, "messages",
			arena_printf(d->arena, "name a server elsewhere in [notify %s]", t->name),
			"messages of [notify %s] are sent on by a program of this machine (%s): blocks and limits hold for it",
			t->name, host);
}

static void check_outbox(struct doctor *d)
{
	cleanup_store struct store *s = NULL;
	struct err err = { 0 };
	size_t waiting, parked, stuck;
	const char *why;

	if (!d->config.settings.database || store_open(d->config.settings.database, STORE_READ, &s, &err) ||
		store_outbox_count(s, &waiting, &parked, &err) ||
		store_outbox_stuck(s, d->arena, d->app->now - OUTBOX_STUCK_S, &stuck, &why, &err))
		return; /* the database's own check says it */
	if (stuck)
		doctor_say(d, FINDING_WARN, "outbox", "portflow notify list; then: portflow notify test, and flush",
			"%zu message%s for more than an hour%s%s", stuck, stuck == 1 ? " waits" : "s wait",
			*why ? ": " : "", why);
	if (parked)
		doctor_say(d, FINDING_WARN, "outbox",
			"portflow notify list; then: portflow notify flush ID or TARGET, or drop",
			"%zu message%s given up", parked, parked == 1 ? " was" : "s were");
	else if (d->config.targets.n && !stuck)
		doctor_say(d, FINDING_OK, "outbox", NULL, "%zu message%s waiting", waiting, waiting == 1 ? "" : "s");
}

/* Does the message about a block get out? As the rules of an apply at this moment would have it. */
static void check_way_out(struct doctor *d)
{
	struct resolver r;

	if (!desired_enforces(&d->config) || !targets_use_network(&d->config) ||
		(d->root && !child_uid(d->arena, SERVICE_USER)))
		return; /* that there is no such user is said elsewhere */
	resolver_find(d->arena, &d->links, &r);
	resolver_find_user(&r);
	if (r.here && !r.address)
		doctor_say(d, FINDING_WARN, "messages",
			"start it, or name servers elsewhere in /etc/resolv.conf; then: portflow apply",
			"names are to be resolved by a server of this machine, and no service listens there: what another program "
			"asks is blocked and limited like all else, and messages wait for it");
	else if (r.address && r.sure && !r.uid)
		doctor_say(d, FINDING_WARN, "messages",
			"let it run as a user of its own, or name servers elsewhere in /etc/resolv.conf; then: portflow apply",
			"names are resolved by %s, which runs as root: its questions are blocked and limited like all else, and "
			"messages wait for them",
			r.address);
	else if (r.address && !r.sure)
		doctor_say(d, FINDING_WARN, "messages", "sudo portflow doctor",
			"names are resolved by %s, and only root sees as which user", r.address);
	else
		doctor_say(d, FINDING_OK, "messages", NULL,
			"what portflow-net sends as user %s passes every block and limit%s", SERVICE_USER,
			r.address ? arena_printf(d->arena, ", and so do questions for names of user %" PRIu32 " (%s)",
					    r.uid, r.address)
				  : "");
}

void doctor_notify(struct doctor *d)
{
	check_helper(d);
	for (size_t i = 0; i < d->config.targets.n; i++)
		check_target(d, &d->config.targets.at[i]);
	check_way_out(d);
	if (desired_enforces(&d->config))
		for (size_t i = 0; i < d->config.targets.n; i++)
			check_relay(d, &d->config.targets.at[i]);
	check_outbox(d);
}
