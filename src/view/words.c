/* Words: see words.h.
 * inet_ntop only formats: it opens nothing.
 * The views call. */
#include "view/words.h"

#include <arpa/inet.h>
#include <sys/socket.h>

const char *kind_word(enum entry_kind kind)
{
	static const char *const word[ENTRY_KINDS] = {
		[ENTRY_PORT] = "port",
		[ENTRY_ADDRESS] = "address",
		[ENTRY_INTERFACE] = "interface",
		[ENTRY_FORWARDED] = "forwarded",
		[ENTRY_TOTAL] = "total",
		[ENTRY_QUOTA] = "quota",
	};

	return word[kind];
}

const char *protocol_word(uint8_t protocols, size_t i)
{
	static const struct {
		uint8_t bit;
		const char *word;
	} all[] = { { PROTO_TCP, "tcp" }, { PROTO_UDP, "udp" }, { PROTO_SCTP, "sctp" } };

	for (size_t k = 0; k < sizeof all / sizeof *all; k++)
		if (protocols & all[k].bit && !i--)
			return all[k].word;
	return NULL;
}

char *port_text(struct port_range r, char buf[PORT_TEXT])
{
	if (r.lo == r.hi)
		snprintf(buf, PORT_TEXT, "%u", r.lo);
	else
		snprintf(buf, PORT_TEXT, "%u-%u", r.lo, r.hi);
	return buf;
}

char *prefix_text(const struct prefix *p, char buf[PREFIX_TEXT])
{
	char address[INET6_ADDRSTRLEN];
	unsigned whole = p->family == 4 ? 32 : 128;

	inet_ntop(p->family == 4 ? AF_INET : AF_INET6, p->addr, address, sizeof address);
	if (p->len == whole)
		snprintf(buf, PREFIX_TEXT, "%s", address);
	else
		snprintf(buf, PREFIX_TEXT, "%s/%u", address, p->len);
	return buf;
}

static void put_item(struct str *out, const char *item)
{
	if (out->len)
		str_putc(out, ',');
	str_puts(out, item);
}

const char *covers_text(struct arena *a, const struct entry *e)
{
	cleanup_str struct str out = STR_CEILING(1 << 20);
	char buf[PREFIX_TEXT], port[PORT_TEXT];
	const char *word;

	for (size_t i = 0; i < e->addresses.n; i++)
		put_item(&out, prefix_text(&e->addresses.at[i], buf));
	if (e->addresses.n && e->ports.n)
		str_putc(&out, ' ');
	for (size_t i = 0; i < e->ports.n; i++) {
		if (i)
			str_putc(&out, ',');
		str_puts(&out, port_text(e->ports.at[i], port));
	}
	for (size_t i = 0; i < e->devices.n; i++)
		put_item(&out, e->devices.at[i]);
	/* tcp and udp go without saying */
	if (e->ports.n && e->protocols != (PROTO_TCP | PROTO_UDP))
		for (size_t i = 0; (word = protocol_word(e->protocols, i)); i++) {
			str_puts(&out, i ? "," : " ");
			str_puts(&out, word);
		}
	return out.p ? arena_strdup(a, out.p) : "";
}
