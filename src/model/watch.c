/* The rules of watch.h: the list, the total, the conflicts. Warnings about entries are in watch_warn.c.
 * Pure: no socket, no clock.
 * run/ and cmd/ call. */
#include "model/watch.h"

#include <string.h>

#include "model/watch_warn.h"
#include "util/hash.h"

/* Kinds whose packets leave in packets of their own. veth is none: its IFLA_LINK is the peer. */
static bool is_tunnel(const struct link_device *d)
{
	static const char *const kinds[] = { "wireguard", "amneziawg", "tun", "ipip", "sit", "gre", "gretap", "erspan",
		"ip6gre", "ip6gretap", "ip6erspan", "ip6tnl", "vti", "vti6", "xfrm", "vxlan", "geneve", "bareudp",
		"gtp", "amt", "ovpn", "ovpn-dco" };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(d->kind, kinds[i]) == 0)
			return true;
	return false;
}

static bool has_default_route(const struct links *l, int ifindex)
{
	for (size_t i = 0; i < l->default_routes.n; i++)
		if (l->default_routes.at[i].ifindex == ifindex)
			return true;
	return false;
}

static const struct watched *find_in(const struct watched *at, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(at[i].name) == len && memcmp(at[i].name, name, len) == 0)
			return &at[i];
	return NULL;
}

const struct watched *watch_find(const struct watch *w, const char *name)
{
	const struct watched *d = find_in(w->devices.at, w->devices.n, name, strlen(name));

	return d != NULL ? d : find_in(w->others.at, w->others.n, name, strlen(name));
}

static struct watched describe(const struct links *l, const char *name, size_t len)
{
	struct watched w = { .total = true };

	memcpy(w.name, name, len < DEVICE_NAME_MAX ? len : DEVICE_NAME_MAX);
	const struct link_device *d = links_find(l, w.name);
	if (d != NULL) {
		w.present = true;
		w.ifindex = d->ifindex;
		w.mtu = d->mtu;
		w.up = d->up;
	}
	return w;
}

static void list(struct arena *a, const struct links *l, struct watch *w, const char *name, size_t len)
{
	if (len > 0 && find_in(w->devices.at, w->devices.n, name, len) == NULL)
		*vec_push(a, &w->devices) = describe(l, name, len);
}

static void list_automatic(struct arena *a, const struct links *l, const char *remembered, struct watch *w)
{
	for (size_t i = 0; i < l->default_routes.n; i++) {
		const struct link_device *d = links_at(l, l->default_routes.at[i].ifindex);
		if (d != NULL && !d->loopback)
			list(a, l, w, d->name, strlen(d->name));
	}
	/* by name: the order of a dump is the kernel's affair */
	for (size_t i = 1; i < w->devices.n; i++)
		for (size_t j = i; j > 0 && strcmp(w->devices.at[j - 1].name, w->devices.at[j].name) > 0; j--) {
			struct watched x = w->devices.at[j];
			w->devices.at[j] = w->devices.at[j - 1];
			w->devices.at[j - 1] = x;
		}
	if (w->devices.n > 0)
		return;
	w->remembered = true;
	for (const char *p = remembered != NULL ? remembered : ""; *p != '\0';) {
		size_t len = strcspn(p, " ");
		list(a, l, w, p, len);
		p += len;
		p += strspn(p, " ");
	}
}

/* The listed device that carries d; NULL if d is no tunnel or its carrier is not listed. */
static const struct watched *carrier(const struct watch *w, const struct links *l, const struct link_device *d)
{
	if (!is_tunnel(d) || d->lower_elsewhere)
		return NULL;
	for (size_t i = 0; i < w->devices.n; i++) {
		const struct watched *x = &w->devices.at[i];
		const struct link_device *under = x->present ? links_at(l, x->ifindex) : NULL;
		if (under == NULL || under == d)
			continue;
		if (d->lower != 0 ? under->ifindex == d->lower
				  : !is_tunnel(under) && (w->remembered || has_default_route(l, under->ifindex)))
			return x;
	}
	return NULL;
}

static void leave_out(struct watch *w, const struct links *l)
{
	for (size_t i = 0; i < w->devices.n; i++) {
		struct watched *x = &w->devices.at[i];
		const struct link_device *d = x->present ? links_at(l, x->ifindex) : NULL;
		const struct watched *under = d != NULL ? carrier(w, l, d) : NULL;
		if (under != NULL) {
			x->total = false;
			x->over = under->name;
		}
	}
}

static void conflict(struct watch *w, struct location where, const char *text)
{
	if (w->conflict.text == NULL)
		w->conflict = (struct watch_warning){ where, text };
}

/* Takes out of at[0..n) what may not stand there; returns how many stay. section: as the file has it, for the message. */
static size_t settle(struct arena *a, const struct links *l, struct watch *w, struct watched *at, size_t n,
	struct location where, const char *section)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		const struct link_device *d = at[i].present ? links_at(l, at[i].ifindex) : NULL;
		const struct link_device *master = d != NULL && d->master != 0 ? links_at(l, d->master) : NULL;
		if (d != NULL && d->loopback)
			conflict(w, where,
				arena_printf(a, "%s: loopback (%s) is never counted: take it out of `interface`",
					section, d->name));
		else if (master != NULL && find_in(at, n, master->name, strlen(master->name)) != NULL)
			conflict(w, where,
				arena_printf(a,
					"%s: `interface` names %s and its %s %s: the same packets would be listed under both; "
					"leave %s out, its traffic is in %s",
					section, d->name, *master->kind != '\0' ? master->kind : "master", master->name,
					d->name, master->name));
		else
			at[kept++] = at[i];
	}
	return kept;
}

static void list_others(struct arena *a, const struct config *c, const struct links *l, struct watch *w)
{
	for (size_t i = 0; i < c->entries.n; i++) {
		const struct entry *e = &c->entries.at[i];
		if (e->kind != ENTRY_INTERFACE || e->devices.n == 0)
			continue;
		struct watched *own = arena_array(a, e->devices.n, sizeof *own);
		for (size_t k = 0; k < e->devices.n; k++) {
			own[k] = describe(l, e->devices.at[k], strlen(e->devices.at[k]));
			own[k].total = false;
		}
		size_t n = settle(a, l, w, own, e->devices.n, e->where, arena_printf(a, "[interface %s]", e->name));
		for (size_t k = 0; k < n; k++)
			if (watch_find(w, own[k].name) == NULL)
				*vec_push(a, &w->others) = own[k];
	}
}

void watch_devices(struct arena *a, const struct config *c, const struct links *l, const char *remembered,
	const struct local_ports *ports, struct watch *ret_watch)
{
	const struct settings *s = &c->settings;
	struct watch w = { .automatic = s->devices.n == 0 };

	if (w.automatic)
		list_automatic(a, l, remembered, &w);
	for (size_t i = 0; i < s->devices.n; i++)
		list(a, l, &w, s->devices.at[i], strlen(s->devices.at[i]));
	if (!w.automatic)
		w.devices.n = settle(a, l, &w, w.devices.at, w.devices.n, s->where, "[portflow]");
	leave_out(&w, l);
	list_others(a, c, l, &w);
	watch_warn(a, c, l, ports, &w);
	*ret_watch = w;
}

const char *watch_names(struct arena *a, const struct watch *w)
{
	const char *text = "";

	for (size_t i = 0; i < w->devices.n; i++)
		text = arena_printf(a, "%s%s%s", text, i > 0 ? " " : "", w->devices.at[i].name);
	return text;
}

static uint64_t hash_devices(uint64_t h, const struct watched *at, size_t n)
{
	h = hash_u64(h, n);
	for (size_t i = 0; i < n; i++) {
		h = hash_text(h, at[i].name);
		h = hash_u64(h, (uint64_t)at[i].present | (uint64_t)at[i].up << 1 | (uint64_t)at[i].total << 2);
		h = hash_u64(h, (uint64_t)(unsigned)at[i].ifindex << 32 | at[i].mtu);
	}
	return h;
}

uint64_t watch_hash(uint64_t h, const struct watch *w)
{
	return hash_devices(hash_devices(h, w->devices.at, w->devices.n), w->others.at, w->others.n);
}
