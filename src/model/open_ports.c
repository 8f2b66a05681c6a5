/* Where SSH servers listen, and who is told about it: see open_ports.h.
 * Every text comes from outside and is read to its length, whatever it holds.
 * run/ calls. */
#include "model/open_ports.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "model/socket_row.h"

/* -- sets of ports --------------------------------------------------------------------------------------------------- */

void tcp_ports_add(struct arena *a, struct tcp_ports *to, uint16_t port)
{
	size_t at = 0;

	while (at < to->n && to->at[at] < port)
		at++;
	if (at < to->n && to->at[at] == port)
		return;
	vec_push(a, to);
	memmove(to->at + at + 1, to->at + at, (to->n - 1 - at) * sizeof *to->at);
	to->at[at] = port;
}

bool tcp_ports_have(const struct tcp_ports *p, uint16_t port)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->at[i] == port)
			return true;
	return false;
}

void tcp_ports_put(const struct tcp_ports *p, struct str *out)
{
	for (size_t i = 0; i < p->n; i++)
		str_putf(out, "%s%u", i ? ", " : "", p->at[i]);
}

/* The whole text is one number from 1 to 65535; else 0. */
static uint16_t port_of(const char *text, size_t len)
{
	unsigned int v = 0;

	if (len == 0 || len > 5)
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)text[i]))
			return 0;
		v = v * 10 + (unsigned int)(text[i] - '0');
	}
	return v <= UINT16_MAX ? (uint16_t)v : 0;
}

void tcp_ports_read(struct arena *a, const char *text, struct tcp_ports *to)
{
	while (*text) {
		const size_t len = strcspn(text, ", ");
		const uint16_t port = port_of(text, len);

		if (port)
			tcp_ports_add(a, to, port);
		text += len;
		text += strspn(text, ", ");
	}
}

/* -- /proc/net/tcp --------------------------------------------------------------------------------------------------- */

enum { STATE_ESTABLISHED = 1, STATE_LISTEN = 10 };

enum socket_line socket_line(const char *line, size_t len, uint16_t *ret_port, uint64_t *ret_inode)
{
	struct socket_row r;
	bool local;

	if (!socket_row(line, len, &r) || (r.state != STATE_LISTEN && r.state != STATE_ESTABLISHED))
		return SOCKET_PASS;
	local = address_loopback(r.family, r.address);
	if (r.uid != 0 || r.port == 0 || (local && r.state == STATE_LISTEN))
		return SOCKET_PASS;
	*ret_port = local ? 0 : r.port;
	*ret_inode = r.inode;
	return r.state == STATE_LISTEN ? SOCKET_LISTENS : SOCKET_TALKS;
}

/* -- SSH_CONNECTION -------------------------------------------------------------------------------------------------- */

/* An address as getnameinfo() writes it, fe80::1%eth0 too, and what is behind it; NULL: it is none. */
static const char *past_address(const char *text, uint8_t *ret_family, bool *ret_loopback)
{
	char copy[INET6_ADDRSTRLEN];
	const size_t whole = strcspn(text, " "), len = strcspn(text, "% ");
	uint8_t address[16];

	if (len >= sizeof copy || whole - len == 1)
		return NULL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (len == whole && inet_pton(AF_INET, copy, address) == 1)
		*ret_family = 4;
	else if (inet_pton(AF_INET6, copy, address) == 1)
		*ret_family = 6;
	else
		return NULL;
	*ret_loopback = address_loopback(*ret_family, address);
	return text + whole;
}

static uint16_t port_behind_blank(const char **io)
{
	const char *text = *io;
	size_t len;

	if (*text != ' ')
		return 0;
	len = strcspn(text + 1, " ");
	*io = text + 1 + len;
	return len && text[1] != '0' ? port_of(text + 1, len) : 0;
}

uint16_t ssh_connection(const char *text)
{
	uint8_t from, to;
	bool loopback_from, loopback_to;
	uint16_t port;

	if (!(text = past_address(text, &from, &loopback_from)) || !port_behind_blank(&text) || *text++ != ' ' ||
		!(text = past_address(text, &to, &loopback_to)) || from != to)
		return 0;
	port = port_behind_blank(&text);
	return *text || loopback_to ? 0 : port;
}

/* -- socket units ---------------------------------------------------------------------------------------------------- */

struct words {
	const char *at, *end;
};

static struct words trim(const char *text, size_t len)
{
	struct words w = { text, text + len };

	while (w.at < w.end && isspace((unsigned char)*w.at))
		w.at++;
	while (w.at < w.end && isspace((unsigned char)w.end[-1]))
		w.end--;
	return w;
}

static bool is(const struct words *w, const char *text)
{
	const size_t len = strlen(text);

	return (size_t)(w->end - w->at) == len && memcmp(w->at, text, len) == 0;
}

static bool begins(const struct words *w, const char *text)
{
	const size_t len = strlen(text);

	return (size_t)(w->end - w->at) >= len && memcmp(w->at, text, len) == 0;
}

/* 22, 192.0.2.1:22, [2001:db8::1]:22; paths, abstract names and vsock:... have no port. */
static void listen_stream(struct arena *a, const struct words *value, struct tcp_ports *io)
{
	const size_t len = (size_t)(value->end - value->at);
	const char *colon = memrchr(value->at, ':', len), *digits = colon ? colon + 1 : value->at;
	uint16_t port;

	if (begins(value, "/") || begins(value, "@") || begins(value, "vsock:") || begins(value, "127.") ||
		begins(value, "[::1]"))
		return;
	port = port_of(digits, (size_t)(value->end - digits));
	if (port)
		tcp_ports_add(a, io, port);
}

void socket_unit(struct arena *a, const char *text, size_t len, struct tcp_ports *io)
{
	const char *end = text + len;
	bool socket = false;

	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text)), *stop = eol ? eol : end;
		const struct words line = trim(text, (size_t)(stop - text));
		const char *equals = memchr(line.at, '=', (size_t)(line.end - line.at));

		text = eol ? eol + 1 : end;
		if (begins(&line, "["))
			socket = is(&line, "[Socket]");
		if (!socket || !equals || begins(&line, "#") || begins(&line, ";") || begins(&line, "["))
			continue;
		const struct words key = trim(line.at, (size_t)(equals - line.at));
		const struct words value = trim(equals + 1, (size_t)(line.end - equals - 1));

		if (!is(&key, "ListenStream"))
			continue;
		if (value.at == value.end)
			io->n = 0;
		else
			listen_stream(a, &value, io);
	}
}

/* -- sections that cover them ------------------------------------------------------------------------------------------ */

static bool acts_itself(const struct entry *e)
{
	return e->limit[DIR_IN].present || e->limit[DIR_OUT].present || e->expires.present || e->burst.rate.present ||
		(e->quota.present && e->quota_action.kind != ACTION_ALERT);
}

static bool acts(const struct config *c, size_t entry)
{
	if (acts_itself(&c->entries.at[entry]))
		return true;
	for (size_t q = 0; q < c->quotas.n; q++)
		for (size_t m = 0; acts_itself(&c->quotas.at[q]) && m < c->quotas.at[q].member_at.n; m++)
			if (c->quotas.at[q].member_at.at[m] == entry)
				return true;
	return false;
}

static bool covers(const struct entry *e, const struct open_port *open)
{
	for (size_t i = 0; (e->protocols & open->protocol) && i < e->ports.n; i++)
		if (e->ports.at[i].lo <= open->port && open->port <= e->ports.at[i].hi)
			return true;
	return false;
}

void open_ports_warn(struct arena *a, const struct config *c, const struct open_port *open, size_t n, struct watch *w)
{
	for (size_t i = 0; i < c->entries.n; i++) {
		const struct entry *e = &c->entries.at[i];
		const char *text = "";
		size_t covered = 0;

		for (size_t k = 0; k < n; k++)
			if (covers(e, &open[k]))
				text = arena_printf(a, "%s%s%s%u", text, covered++ ? ", " : "",
					open[k].protocol == PROTO_UDP ? "udp/" : "", open[k].port);
		if (!covered || !acts(c, i))
			continue;
		*vec_push(a, &w->warnings) = (struct watch_warning){ e->where,
			arena_printf(a,
				"[%s %s] covers port%s %s of keep_open: what passes there counts, and is never limited or blocked; "
				"`keep_open =` in [portflow] names other ports",
				e->kind == ENTRY_PORT ? "port" : "address", e->name, covered > 1 ? "s" : "", text) };
	}
}

/* -- why a port is open ------------------------------------------------------------------------------------------------ */

static void explain(struct arena *a, struct open_reasons *to, uint8_t protocol, uint16_t port, const char *why)
{
	for (size_t i = 0; i < to->n; i++)
		if (to->at[i].port.protocol == protocol && to->at[i].port.port == port) {
			to->at[i].why = arena_printf(a, "%s, %s", to->at[i].why, why);
			return;
		}
	*vec_push(a, to) = (struct open_reason){ { protocol, port }, why };
}

/* "2222 sshd ssh.socket" */
static void explain_item(struct arena *a, struct open_reasons *to, const char *item, size_t len)
{
	const size_t digits = strcspn(item, ", ");
	const uint16_t port = port_of(item, digits < len ? digits : len);
	bool said = false;

	for (size_t at = digits; port && at < len;) {
		size_t word;

		at += strspn(item + at, " ");
		word = strcspn(item + at, ", ");
		if (at >= len || !word)
			break;
		explain(a, to, PROTO_TCP, port,
			word == strlen(OPEN_BY_SESSION) && memcmp(item + at, OPEN_BY_SESSION, word) == 0
				? "an SSH session"
				: arena_strndup(a, item + at, word));
		said = true;
		at += word;
	}
	if (port && !said)
		explain(a, to, PROTO_TCP, port, "an SSH server");
}

void open_ports_explain(struct arena *a, const struct keep_open *k, const char *found, struct open_reasons *ret)
{
	*ret = (struct open_reasons){ 0 };
	for (size_t i = 0; i < k->ports.n; i++)
		explain(a, ret, k->ports.at[i].protocol, k->ports.at[i].port, "configured");
	if (!k->automatic)
		return;
	for (const char *p = found ? found : ""; *p;) {
		const size_t len = strcspn(p, ",");

		explain_item(a, ret, p, len);
		p += len;
		p += strspn(p, ", ");
	}
	for (size_t i = 0; i < ret->n; i++)
		if (ret->at[i].port.protocol == PROTO_TCP && ret->at[i].port.port == 22)
			return;
	explain(a, ret, PROTO_TCP, 22, "auto");
}

const char *open_reasons_text(struct arena *a, const struct open_reasons *r, const struct entry *covered_by)
{
	const char *text = "";

	for (size_t i = 0; i < r->n; i++)
		if (!covered_by || !covered_by->ports.n || covers(covered_by, &r->at[i].port))
			text = arena_printf(a, "%s%s%s%u (%s)", text, *text ? ", " : "",
				r->at[i].port.protocol == PROTO_UDP ? "udp/" : "", r->at[i].port.port, r->at[i].why);
	return text;
}
