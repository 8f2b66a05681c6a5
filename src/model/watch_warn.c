/* Warnings: a device that is missing, an address that is not ours, ports that the kernel hands out, a name that misleads.
 * Each names its cure. Nothing here stops a run.
 * watch.c calls, and run/ where it says so. */
#include "model/watch_warn.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "util/units.h"

static void warn(struct arena *a, struct watch *w, struct location where, const char *text)
{
	*vec_push(a, &w->warnings) = (struct watch_warning){ where, text };
}

static void warn_list(struct arena *a, const struct config *c, struct watch *w)
{
	struct location where = c->settings.where;

	if (w->remembered && w->devices.n > 0)
		warn(a, w, where,
			arena_printf(a, "no default route yet: watching %s as in the last run", watch_names(a, w)));
	else if (w->remembered)
		warn(a, w, where,
			"no default route yet and no device known from an earlier run: no device is watched; the next run looks "
			"again, or name one with `interface =` in [portflow]");
	for (size_t i = 0; i < w->devices.n; i++) {
		const struct watched *d = &w->devices.at[i];
		if (!d->present)
			warn(a, w, where,
				arena_printf(a, "interface %s does not exist now; it counts as soon as it appears",
					d->name));
		if (d->over != NULL && !w->automatic)
			warn(a, w, where,
				arena_printf(a,
					"%s is a tunnel over %s: its packets pass both, so the total leaves %s out",
					d->name, d->over, d->name));
	}
	for (size_t i = 0; i < w->others.n; i++)
		if (!w->others.at[i].present)
			warn(a, w, where,
				arena_printf(a, "interface %s does not exist now; it counts as soon as it appears",
					w->others.at[i].name));
}

static bool inside(const struct prefix *outer, const struct prefix *inner)
{
	if (outer->family != inner->family || outer->len > inner->len)
		return false;
	size_t whole = outer->len / 8;
	unsigned rest = outer->len % 8;
	if (memcmp(outer->addr, inner->addr, whole) != 0)
		return false;
	return rest == 0 || ((outer->addr[whole] ^ inner->addr[whole]) >> (8 - rest)) == 0;
}

static bool answers_for(const struct config *c, const struct links *l, const struct prefix *p)
{
	for (size_t i = 0; i < l->addresses.n; i++)
		if (inside(p, &l->addresses.at[i].addr))
			return true;
	for (size_t i = 0; i < c->settings.own.n; i++)
		if (inside(&c->settings.own.at[i], p) || inside(p, &c->settings.own.at[i]))
			return true;
	return false;
}

static const char *prefix_text(struct arena *a, const struct prefix *p)
{
	char text[INET6_ADDRSTRLEN] = "?";

	inet_ntop(p->family == 4 ? AF_INET : AF_INET6, p->addr, text, sizeof text);
	return p->len == (p->family == 4 ? 32 : 128) ? arena_strdup(a, text) : arena_printf(a, "%s/%u", text, p->len);
}

static void warn_addresses(
	struct arena *a, const struct config *c, const struct links *l, const struct entry *e, struct watch *w)
{
	for (size_t i = 0; i < e->addresses.n; i++)
		if (!answers_for(c, l, &e->addresses.at[i]))
			warn(a, w, e->where,
				arena_printf(a,
					"[address %s]: this machine does not have %s now, so nothing counts for it; behind a cloud's NAT "
					"write the address that `ip addr` shows",
					e->name, prefix_text(a, &e->addresses.at[i])));
}

/* An entry called as one device that watches another reads wrong in every report. */
static void warn_name(struct arena *a, const struct links *l, const struct entry *e, struct watch *w)
{
	const struct link_device *named = links_find(l, e->name);

	if (named == NULL)
		return;
	if (e->devices.n == 0) {
		for (size_t i = 0; i < w->devices.n; i++)
			if (strcmp(w->devices.at[i].name, e->name) == 0)
				return;
	}
	for (size_t i = 0; i < e->devices.n; i++)
		if (strcmp(e->devices.at[i], e->name) == 0)
			return;
	const char *watches = e->devices.n > 0 ? e->devices.at[0] : w->devices.n > 0 ? watch_names(a, w) : "no device";
	warn(a, w, e->where,
		arena_printf(a,
			"[interface %s] watches %s, not the device %s: the name is only a label; write "
			"`interface = %s` in the section if you mean it",
			e->name, watches, e->name, e->name));
}

struct ranges {
	VEC_OF(struct port_range) list;
};

/* Adds the part of r that the kernel may hand out: inside the range, outside what is reserved. */
static void add_exposed(struct arena *a, const struct local_ports *ports, struct port_range r, struct ranges *to)
{
	uint32_t lo = r.lo > ports->range.lo ? r.lo : ports->range.lo;
	uint32_t hi = r.hi < ports->range.hi ? r.hi : ports->range.hi;

	for (size_t i = 0; i < ports->n_reserved && lo <= hi; i++) {
		const struct port_range *out = &ports->reserved[i];
		if (out->hi < lo || out->lo > hi)
			continue;
		if (out->lo > lo)
			*vec_push(a, &to->list) = (struct port_range){ (uint16_t)lo, (uint16_t)(out->lo - 1) };
		lo = (uint32_t)out->hi + 1;
	}
	if (lo <= hi)
		*vec_push(a, &to->list) = (struct port_range){ (uint16_t)lo, (uint16_t)hi };
}

static int by_start(const void *a, const void *b)
{
	const struct port_range *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/* Sorts and joins what touches. */
static void tidy(struct ranges *r)
{
	size_t kept = 0;

	if (r->list.n > 1)
		qsort(r->list.at, r->list.n, sizeof *r->list.at, by_start);
	for (size_t i = 0; i < r->list.n; i++) {
		struct port_range *last = kept > 0 ? &r->list.at[kept - 1] : NULL;
		if (last != NULL && r->list.at[i].lo <= (uint32_t)last->hi + 1)
			last->hi = r->list.at[i].hi > last->hi ? r->list.at[i].hi : last->hi;
		else
			r->list.at[kept++] = r->list.at[i];
	}
	r->list.n = kept;
}

/* Above 16 ranges: one that spans them all, so that message and command stay readable. */
static const char *ranges_text(struct arena *a, struct ranges *r)
{
	const char *text = "";

	tidy(r);
	if (r->list.n > 16) {
		r->list.at[0].hi = r->list.at[r->list.n - 1].hi;
		r->list.n = 1;
	}
	for (size_t i = 0; i < r->list.n; i++) {
		const struct port_range *x = &r->list.at[i];
		const char *comma = i > 0 ? "," : "";
		text = x->lo == x->hi ? arena_printf(a, "%s%s%u", text, comma, x->lo)
				      : arena_printf(a, "%s%s%u-%u", text, comma, x->lo, x->hi);
	}
	return text;
}

/* One warning for all entries, since the cure is one value of one sysctl: what is reserved already and what should be. */
static void warn_ports(struct arena *a, const struct config *c, const struct local_ports *ports, struct watch *w)
{
	struct ranges exposed = { { 0 } }, reserve = { { 0 } };
	const char *names = "";
	struct location where = { 0 };
	size_t n_names = 0;

	for (size_t i = 0; i < c->entries.n; i++) {
		const struct entry *e = &c->entries.at[i];
		size_t before = exposed.list.n;
		for (size_t k = 0; k < e->ports.n; k++)
			add_exposed(a, ports, e->ports.at[k], &exposed);
		if (exposed.list.n == before)
			continue;
		if (n_names == 0)
			where = e->where;
		if (++n_names <= 5)
			names = arena_printf(a, "%s%s%s", names, n_names > 1 ? ", " : "", e->name);
	}
	if (exposed.list.n == 0)
		return;
	if (n_names > 5)
		names = arena_printf(a, "%s and %zu more", names, n_names - 5);
	const char *text = ranges_text(a, &exposed);
	for (size_t i = 0; i < exposed.list.n; i++)
		*vec_push(a, &reserve.list) = exposed.list.at[i];
	for (size_t i = 0; i < ports->n_reserved; i++)
		*vec_push(a, &reserve.list) = ports->reserved[i];
	warn(a, w, where,
		arena_printf(a,
			"ports %s of %s lie in the range (%u-%u) that the kernel gives to this machine's own outgoing connections, which "
			"would count; keep them out of it: sysctl -w net.ipv4.ip_local_reserved_ports=%s",
			text, names, ports->range.lo, ports->range.hi, ranges_text(a, &reserve)));
}

void watch_warn(struct arena *a, const struct config *c, const struct links *l, const struct local_ports *ports,
	struct watch *w)
{
	warn_list(a, c, w);
	for (size_t i = 0; i < c->entries.n; i++) {
		const struct entry *e = &c->entries.at[i];
		if (e->kind == ENTRY_ADDRESS)
			warn_addresses(a, c, l, e, w);
		if (e->kind == ENTRY_INTERFACE)
			warn_name(a, l, e, w);
	}
	if (ports != NULL && ports->range.lo != 0)
		warn_ports(a, c, ports, w);
}

#define MINUTE_TIMER "systemctl enable --now portflow-minute.timer"
/* Runs that are further apart than this do not tell in time. */
#define PROMPT_S 1800

void watch_warn_interval(struct arena *a, const struct config *c, int64_t seconds, struct watch *w)
{
	const uint64_t apart = seconds < 120 ? (uint64_t)seconds : ((uint64_t)seconds + 30) / 60 * 60;
	const struct entry *late = NULL;
	char span[UNITS_TEXT], window[UNITS_TEXT];

	if (seconds <= 0)
		return;
	units_span(apart, span);
	for (size_t i = 0; i < c->entries.n + c->quotas.n; i++) {
		const struct entry *e = i < c->entries.n ? &c->entries.at[i] : &c->quotas.at[i - c->entries.n];
		bool blind = e->burst.rate.present && e->burst.window_s < 2 * apart;

		if (blind)
			warn(a, w, e->where,
				arena_printf(a,
					"%s: burst_window = %s is less than two runs, which lately were %s apart, so bursts go unseen: "
					"make it longer, or let it run every minute: " MINUTE_TIMER,
					e->name, units_span(e->burst.window_s, window), span));
		if (!late && ((e->burst.rate.present && !blind) || (e->quota.present && e->quota_alerts.n > 0)))
			late = e;
	}
	if (late && apart >= PROMPT_S)
		warn(a, w, late->where,
			arena_printf(a,
				"runs lately were %s apart: alerts of quotas and bursts come up to that much late; "
				"every minute: " MINUTE_TIMER,
				span));
}
