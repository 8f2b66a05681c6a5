/* Watched devices: which, what their offloads mean for the figures, and what bridges do to them.
 * Warnings are those that `apply` gives too.
 * doctor.c calls. */
#include "run/doctor.h"
#include "run/facts.h"
#include "run/host.h"
#include "tc/link.h"
#include "tc/offload.h"

static const char *offload_text(struct arena *a, const struct offload *o)
{
	const char *text = arena_printf(a, "%s%s%s%s", o->gro ? ", gro" : "", o->lro ? ", lro" : "",
		o->gso ? ", gso" : "", o->tso ? ", tso" : "");

	return *text ? text + 2 : "none";
}

static bool default_route(const struct links *l, int ifindex)
{
	for (size_t i = 0; i < l->default_routes.n; i++)
		if (l->default_routes.at[i].ifindex == ifindex)
			return true;
	return false;
}

static void describe(struct doctor *d, const struct watched *w)
{
	const struct link_device *link = links_find(&d->links, w->name);

	if (!link) {
		/* the warning about it comes from watch */
		return;
	}
	doctor_say(d, link->up ? FINDING_OK : FINDING_WARN, "device",
		link->up ? NULL : arena_printf(d->arena, "ip link set %s up", w->name), "%s: %s%sMTU %u, %s%s%s%s%s",
		w->name, link->kind, *link->kind ? ", " : "", link->mtu, link->up ? "up" : "down",
		default_route(&d->links, w->ifindex) ? ", default route" : "", w->over ? ", a tunnel over " : "",
		w->over ? w->over : "", w->over ? ": not in the total" : "");
}

/* GSO alone is enough for TCP to hand over merged packets (Linux 4.17), so there is always a correction for what goes out. */
static void describe_offload(struct doctor *d, const struct watched *w)
{
	struct offload o = offload_read(w->name);

	if (!w->present || !o.known)
		return;
	if (o.gro || o.lro || o.gso || o.tso)
		doctor_say(d, FINDING_OK, "offload", NULL,
			"%s: %s: netfilter sees TCP in merged packets, 3 to 5 %% of the bytes short; portflow adds the headers that were "
			"on the wire, so its bytes are the provider's and its packets an estimate",
			w->name, offload_text(d->arena, &o));
	else
		doctor_say(d, FINDING_OK, "offload", NULL,
			"%s: none: packets that come in are seen as they were on the wire; TCP going out is merged even so, and corrected",
			w->name);
}

static void describe_bridge(struct doctor *d, const struct watched *w)
{
	const struct link_device *link = links_find(&d->links, w->name);
	uint64_t v4 = 0, v6 = 0;

	if (!link || strcmp(link->kind, "bridge") != 0)
		return;
	host_sysctl(d->arena, "net/bridge/bridge-nf-call-iptables", &v4);
	host_sysctl(d->arena, "net/bridge/bridge-nf-call-ip6tables", &v6);
	if (v4 || v6)
		doctor_say(d, FINDING_WARN, "bridge",
			"sysctl -w net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0 (not where docker or "
			"kubernetes rely on them)",
			"%s is a bridge and br_netfilter is on: frames between its ports pass the hooks too, and count in its total",
			w->name);
	else
		doctor_say(d, FINDING_OK, "bridge", NULL,
			"%s is a bridge; frames between its ports do not pass the hooks", w->name);
}

void doctor_devices(struct doctor *d)
{
	struct err err = { 0 };
	struct local_ports ports;

	if (links_read(d->arena, &d->links, &err) < 0) {
		doctor_say(d, FINDING_FAIL, "devices", NULL, "%s", err.text);
		return;
	}
	facts_local_ports(d->arena, &ports);
	watch_devices(d->arena, &d->config, &d->links, d->remembered, &ports, &d->watch);
	if (d->watch.conflict.text)
		doctor_say(d, FINDING_FAIL, "devices", "portflow check; then mend `interface` as it says", "%s",
			d->watch.conflict.text);
	for (size_t i = 0; i < d->watch.warnings.n; i++)
		doctor_say(d, FINDING_WARN, "configuration", NULL, "%s", d->watch.warnings.at[i].text);
	for (size_t i = 0; i < d->watch.devices.n; i++)
		describe(d, &d->watch.devices.at[i]);
	for (size_t i = 0; i < d->watch.devices.n; i++)
		describe_offload(d, &d->watch.devices.at[i]);
	for (size_t i = 0; i < d->watch.devices.n; i++)
		describe_bridge(d, &d->watch.devices.at[i]);
}
