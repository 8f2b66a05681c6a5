/* Who else is on the hooks: rulesets that may drop or flush, flowtables that carry packets past everybody, and whether fragments are
 * put together.
 * doctor.c calls. */
#include <string.h>

#include "model/desired.h"
#include "run/doctor.h"
#include "run/host.h"

#define NAMED 6 /* of many, this many by name */

static bool on_our_hooks(const struct neighbour_chain *c)
{
	static const char *const hooks[] = { "prerouting", "postrouting", "ingress", "egress" };

	if (strncmp(c->table, "bridge ", 7) == 0)
		return false;
	for (size_t i = 0; i < sizeof hooks / sizeof *hooks; i++)
		if (c->hook && strcmp(c->hook, hooks[i]) == 0)
			return true;
	return false;
}

/* Where it should be and is not, the next run makes it again; what passed meanwhile is lost. */
static void describe_table(struct doctor *d)
{
	if (d->neighbours.ours)
		doctor_say(d, FINDING_OK, "table", NULL, "table inet portflow is in the kernel");
	else if (d->sampled != 0 && !d->down)
		doctor_say(d, FINDING_WARN, "table", "portflow apply",
			"table inet portflow is gone from the kernel: somebody flushed it; the next run makes it again");
}

static void describe_hooks(struct doctor *d)
{
	const struct neighbours *n = &d->neighbours;
	const char *names = "";
	size_t count = 0;

	for (size_t i = 0; i < n->chains.n; i++) {
		const struct neighbour_chain *c = &n->chains.at[i];
		if (!on_our_hooks(c))
			continue;
		if (++count <= NAMED)
			names = arena_printf(d->arena, "%s%s%s %s (%s %d)", names, count > 1 ? ", " : "", c->table,
				c->name, c->hook, c->priority);
	}
	if (count == 0)
		doctor_say(d, FINDING_OK, "neighbours", NULL, "no other ruleset on the hooks that count");
	else
		doctor_say(d, FINDING_OK, "neighbours", NULL, "on the same hooks: %s%s; each keeps its own tables",
			names, count > NAMED ? arena_printf(d->arena, " and %zu more", count - NAMED) : "");
}

static void describe_legacy(struct doctor *d)
{
	const char *v4 = host_text(d->arena, "/proc/net/ip_tables_names");
	const char *v6 = host_text(d->arena, "/proc/net/ip6_tables_names");

	if ((v4 && *v4) || (v6 && *v6))
		doctor_say(d, FINDING_OK, "neighbours", NULL,
			"iptables-legacy has tables here; they do not disturb each other");
}

/* Packets that a flowtable carries pass below prerouting and postrouting: kernel-facts of every version. */
static void describe_flowtables(struct doctor *d)
{
	const struct neighbours *n = &d->neighbours;

	for (size_t i = 0; i < n->flowtables.n; i++) {
		const struct flowtable *f = &n->flowtables.at[i];
		struct bypass b;

		if (bypass_judge(d->arena, &d->config, &d->watch, f, &b))
			doctor_say(d, FINDING_WARN, "flowtable", b.cure, "%s", b.text);
		else
			doctor_say(
				d, FINDING_OK, "flowtable", NULL, "%s %s holds no watched device", f->table, f->name);
	}
	if (n->flowtables.n == 0)
		doctor_say(d, FINDING_OK, "flowtable", NULL, "none: every packet passes the hooks");
}

static void describe_fragments(struct doctor *d)
{
	uint64_t entries;
	bool tracking = d->neighbours.tracking ||
		(host_sysctl(d->arena, "net/netfilter/nf_conntrack_count", &entries) && entries > 0);

	if (!tracking && !d->neighbours.joins && d->neighbours.ours && desired_joins(&d->config))
		doctor_say(d, FINDING_WARN, "fragments",
			"let connection tracking put them together, by a rule of yours with `ct state`",
			"this kernel cannot put fragments together for portflow (nft_tproxy): of an incoming packet that arrives in "
			"fragments only the first is held to the quota and limit of its port");
	else
		doctor_say(d, FINDING_OK, "fragments", NULL, "%s",
			tracking ? "connection tracking puts fragments together before they are counted"
				: d->neighbours.joins
				? "portflow lets the kernel put fragments together before they are counted"
				: "no connection tracking here: of an incoming packet that arrives in fragments only the first counts for its port "
				  "(all count for addresses and the total)");
}

static void describe_flush(struct doctor *d)
{
	const char *text = host_text(d->arena, "/etc/nftables.conf");

	if (!text)
		return;
	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += strspn(p, " \t\n");
		if (strncmp(p, "flush ruleset", 13) == 0) {
			doctor_say(d, FINDING_OK, "flush", NULL,
				"/etc/nftables.conf flushes every table, portflow's too: with its units installed a reload mends it at once, "
				"`nft -f` by hand at the next sample");
			return;
		}
	}
}

void doctor_neighbours(struct doctor *d)
{
	struct err err = { 0 };

	if (neighbours_read(d->arena, &d->neighbours, &err) < 0) {
		doctor_say(d, err.kind == ERR_PERM ? FINDING_WARN : FINDING_FAIL, "neighbours",
			err.kind == ERR_PERM ? "sudo portflow doctor" : NULL,
			"the rules in the kernel could not be read: %s", err.text);
		return;
	}
	describe_table(d);
	describe_hooks(d);
	describe_legacy(d);
	describe_flush(d);
	describe_flowtables(d);
	describe_fragments(d);
}
