/* Which entries count on the devices of a flowtable. Only forwarded packets pass it: of [interface] entries that is whatever they
 * forward; of [port] and [address] entries what destination NAT publishes, which nothing in the configuration tells apart.
 * run/ calls through bypass.h. */
#include "model/bypass.h"

#include <string.h>

#define NAMED 5 /* of many, this many by name */

struct names {
	const char *text;
	size_t n;
};

static bool holds(const struct flowtable *f, const char *device)
{
	for (size_t i = 0; i < f->devices.n; i++)
		if (strcmp(f->devices.at[i], device) == 0)
			return true;
	return false;
}

static bool holds_listed(const struct flowtable *f, const struct watch *w)
{
	for (size_t i = 0; i < w->devices.n; i++)
		if (holds(f, w->devices.at[i].name))
			return true;
	return false;
}

static bool falls_short(const struct entry *e, const struct flowtable *f, bool listed)
{
	if (e->devices.n == 0)
		return listed;
	for (size_t i = 0; i < e->devices.n; i++)
		if (holds(f, e->devices.at[i]))
			return true;
	return false;
}

static void add(struct arena *a, struct names *to, const char *name)
{
	if (++to->n <= NAMED)
		to->text = arena_printf(a, "%s, %s", to->text, name);
}

static const char *more(struct arena *a, const struct names *of)
{
	return of->n > NAMED ? arena_printf(a, " and %zu more", of->n - NAMED) : "";
}

static const char *device_names(struct arena *a, const struct flowtable *f)
{
	const char *text = "";

	for (size_t i = 0; i < f->devices.n; i++)
		text = arena_printf(a, "%s%s%s", text, i > 0 ? ", " : "", f->devices.at[i]);
	return text;
}

bool bypass_judge(struct arena *a, const struct config *c, const struct watch *w, const struct flowtable *f,
	struct bypass *ret_bypass)
{
	struct names whole = { .text = "" }, published = { .text = "" };
	bool listed = holds_listed(f, w);

	if (listed) {
		add(a, &whole, "forwarded");
		add(a, &whole, "the total");
	}
	for (size_t i = 0; i < c->entries.n; i++) {
		const struct entry *e = &c->entries.at[i];

		if (falls_short(e, f, listed))
			add(a, e->kind == ENTRY_INTERFACE ? &whole : &published, e->name);
	}
	if (whole.n == 0 && published.n == 0)
		return false;
	ret_bypass->text = arena_printf(a,
		"flowtable %s of table %s carries forwarded packets of %s past the hooks%s: nearly all of them are missing in %s%s%s%s%s",
		f->name, f->table, device_names(a, f), f->hardware ? ", in the card itself" : "", whole.text + 2,
		more(a, &whole), published.n ? "; and what destination NAT publishes (docker, podman), in " : "",
		published.n ? published.text + 2 : "", more(a, &published));
	ret_bypass->cure = arena_printf(a,
		"take the devices out of `flowtable %s` of table %s, and delete its `flow add` rules", f->name,
		f->table);
	return true;
}
