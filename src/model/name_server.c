/* Whom this machine asks for names: see name_server.h.
 * What resolv.conf(5) does not know is passed over, as the C library does.
 * run/ calls. */
#include "model/name_server.h"

#include <arpa/inet.h>
#include <string.h>

#define SERVERS_MAX 3 /* MAXNS */
#define DNS_PORT 53

static bool is_here(const struct name_server *s, const struct links *l)
{
	bool here = address_loopback(s->family, s->address);

	for (size_t i = 0; i < l->addresses.n && !here; i++) {
		const struct prefix *own = &l->addresses.at[i].addr;

		here = own->family == s->family && memcmp(own->addr, s->address, sizeof s->address) == 0;
	}
	return here;
}

static void add(struct arena *a, const char *address, const struct links *l, struct name_servers *to)
{
	struct name_server s = { .text = address };

	if (inet_pton(AF_INET, address, s.address) == 1)
		s.family = 4;
	else if (inet_pton(AF_INET6, address, s.address) == 1)
		s.family = 6;
	if (!s.family)
		return;
	s.here = is_here(&s, l);
	*vec_push(a, &to->of) = s;
}

/* Is "resolve" a word of the line "hosts:"? */
static bool asks_resolved(const char *text)
{
	for (const char *line = text; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *end = line + strcspn(line, "#\n"), *at = line + strspn(line, " \t");

		if (end - at < 6 || strncmp(at, "hosts:", 6) != 0)
			continue;
		for (at += 6; at < end; at += strcspn(at, " \t\n")) {
			at += strspn(at, " \t");
			if (end - at >= 7 && strncmp(at, "resolve", 7) == 0 && (at + 7 == end || strchr(" \t[", at[7])))
				return true;
		}
	}
	return false;
}

void name_servers_read(
	struct arena *a, const char *resolv, const char *nsswitch, const struct links *l, struct name_servers *ret)
{
	static const char word[] = "nameserver", blank[] = " \t";
	const char *text = resolv;

	*ret = (struct name_servers){ 0 };
	while (text && *text) {
		const size_t line = strcspn(text, "\n");
		const char *at = text + sizeof word - 1;
		size_t len;

		if (line > sizeof word - 1 && strncmp(text, word, sizeof word - 1) == 0 && strspn(at, blank)) {
			at += strspn(at, blank);
			len = strcspn(at, " \t\r\n");
			if (len && ret->of.n < SERVERS_MAX)
				add(a, arena_strndup(a, at, len), l, ret);
		}
		text += line;
		text += *text == '\n';
	}
	if (!ret->of.n)
		add(a, "127.0.0.1", l, ret);
	if (asks_resolved(nsswitch))
		add(a, "127.0.0.53", l, ret);
}

bool name_server_is(const struct name_server *s, const struct socket_row *r)
{
	static const uint8_t any[16], mapped[12] = { [10] = 0xff, 0xff };

	if (r->port != DNS_PORT)
		return false;
	if (memcmp(r->address, any, sizeof any) == 0)
		return s->here && (s->family == 4 || r->family == 6);
	if (s->family == 4 && r->family == 6)
		return memcmp(r->address, mapped, sizeof mapped) == 0 && memcmp(r->address + 12, s->address, 4) == 0;
	return s->family == r->family && memcmp(s->address, r->address, sizeof any) == 0;
}
