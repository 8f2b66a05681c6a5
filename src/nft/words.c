/* Changes as `nft` commands: see words.h.
 * A rule is printed by walking its expressions with the last thing loaded in mind, the way nft itself lists it.
 * run/ calls. */
#include "nft/words.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

#include "model/shape.h"

#define ELEMENTS_A_LINE 100

static const char *address_type(uint32_t type)
{
	static const char *const names[] = { [RTN_UNSPEC] = "unspec",
		[RTN_UNICAST] = "unicast",
		[RTN_LOCAL] = "local",
		[RTN_BROADCAST] = "broadcast",
		[RTN_ANYCAST] = "anycast",
		[RTN_MULTICAST] = "multicast" };

	return type < sizeof names / sizeof names[0] ? names[type] : "unknown";
}

static void put_address(struct str *out, int family, const uint8_t *key)
{
	char text[INET6_ADDRSTRLEN];

	str_puts(out, inet_ntop(family, key, text, sizeof text) ? text : "?");
}

static void put_key(struct str *out, enum set_key type, const uint8_t *key)
{
	uint32_t number;

	switch (type) {
	case KEY_SERVICE:
		str_putf(out, "%d", key[0] << 8 | key[1]);
		break;
	case KEY_IFNAME:
		str_putf(out, "\"%.16s\"", (const char *)key);
		break;
	case KEY_ADDR4:
		put_address(out, AF_INET, key);
		break;
	case KEY_ADDR6:
		put_address(out, AF_INET6, key);
		break;
	case KEY_ADDR4_SERVICE:
		put_address(out, AF_INET, key);
		str_putf(out, " . %d", key[4] << 8 | key[5]);
		break;
	case KEY_ADDR6_SERVICE:
		put_address(out, AF_INET6, key);
		str_putf(out, " . %d", key[16] << 8 | key[17]);
		break;
	case KEY_ADDR4_SERVICES: /* of sets whose elements only packets write */
	case KEY_ADDR6_SERVICES:
		break;
	case KEY_ADDRTYPE:
		memcpy(&number, key, sizeof number);
		str_puts(out, address_type(number));
		break;
	case SET_KEYS:
		break;
	}
}

static void put_verdict(struct str *out, uint32_t code, const char *chain)
{
	str_puts(out,
		code == (uint32_t)NFT_JUMP           ? "jump"
			: code == (uint32_t)NFT_GOTO ? "goto"
			: code == NF_DROP            ? "drop"
			: code == NF_ACCEPT          ? "accept"
						     : "return");
	if (chain)
		str_putf(out, " %s", chain);
}

static void put_data(struct str *out, enum set_data data, const struct ruleset_elem *e)
{
	switch (data) {
	case DATA_COUNTER:
	case DATA_QUOTA:
	case DATA_LIMIT:
		str_putf(out, " : \"%s\"", e->name);
		break;
	case DATA_VERDICT:
		str_puts(out, " : ");
		put_verdict(out, e->verdict, e->name);
		break;
	case DATA_CLASS:
		str_putf(out, " : %x:%x", e->verdict >> 16, e->verdict & 0xffff);
		break;
	case DATA_NONE:
	case SET_DATA:
		break;
	}
}

static void put_timeout(struct str *out, uint64_t ms)
{
	str_puts(out, " timeout ");
	if (ms >= 1000)
		str_putf(out, "%llus", (unsigned long long)ms / 1000);
	if (ms % 1000)
		str_putf(out, "%ums", (unsigned int)(ms % 1000));
}

static void put_elem(struct str *out, const struct ruleset_set *s, const struct ruleset_elem *e, bool add)
{
	put_key(out, s->key, e->from);
	if (memcmp(e->from, e->to, sizeof e->from) != 0) {
		str_putc(out, '-');
		put_key(out, s->key, e->to);
	}
	if (!add)
		return;
	if (e->deadline)
		put_timeout(out, e->deadline);
	put_data(out, s->data, e);
}

static void put_elems(struct str *out, const char *table, const struct change *c, size_t n, const char *verb)
{
	for (size_t i = 0; i < n;) {
		const struct ruleset_set *s = c[i].set;

		str_putf(out, "nft %s element %s %s '{ ", verb, table, s->name);
		for (size_t line = 0; i < n && c[i].set == s && line < ELEMENTS_A_LINE; line++, i++) {
			if (line)
				str_puts(out, ", ");
			put_elem(out, s, c[i].elem, *verb == 'a');
		}
		str_puts(out, " }'\n");
	}
}

static const char *set_word(const struct ruleset_set *s)
{
	return s->data == DATA_NONE ? "set" : "map";
}

static void put_set(struct str *out, const char *table, const struct ruleset_set *s)
{
	static const char *const data[SET_DATA] = { "", " : counter", " : verdict", " : quota", " : limit",
		" : classid" };

	str_putf(out, "nft add %s %s %s '{ type %s%s;", set_word(s), table, s->name, set_key_type(s->key)->text,
		data[s->data]);
	if (s->dynamic)
		str_putf(out, " size %u; flags dynamic,timeout; timeout %us;", RULESET_DYNAMIC_MAX, RULESET_DYNAMIC_S);
	else if (s->interval || s->timed)
		str_putf(out, " flags %s%s%s;", s->interval ? "interval" : "", s->interval && s->timed ? "," : "",
			s->timed ? "timeout" : "");
	str_puts(out, " }'\n");
}

static const char *object_word(const struct ruleset_object *o)
{
	static const char *const names[] = { [NFT_OBJECT_COUNTER] = "counter",
		[NFT_OBJECT_QUOTA] = "quota",
		[NFT_OBJECT_CT_HELPER] = "ct helper",
		[NFT_OBJECT_LIMIT] = "limit",
		[NFT_OBJECT_TUNNEL] = "tunnel",
		[NFT_OBJECT_CT_TIMEOUT] = "ct timeout",
		[NFT_OBJECT_SECMARK] = "secmark",
		[NFT_OBJECT_CT_EXPECT] = "ct expectation",
		[NFT_OBJECT_SYNPROXY] = "synproxy" };
	const char *name = o->type < sizeof names / sizeof names[0] ? names[o->type] : NULL;

	return name ? name : "object";
}

static void put_object(struct str *out, const char *table, const struct ruleset_object *o)
{
	if (o->kind == OBJECT_QUOTA)
		str_putf(out, "nft add quota %s %s '{ over %llu bytes used %llu bytes; }'\n", table, o->name,
			(unsigned long long)o->limit, (unsigned long long)(o->bytes < o->limit ? o->bytes : o->limit));
	else if (o->kind == OBJECT_LIMIT)
		str_putf(out, "nft add limit %s %s '{ rate over %llu bytes/second burst %u bytes; }'\n", table, o->name,
			(unsigned long long)o->limit, o->burst);
	else
		str_putf(out, "nft add counter %s %s\n", table, o->name);
}

static void put_chain(struct str *out, const char *table, const struct ruleset_chain *c)
{
	str_putf(out, "nft add chain %s %s", table, c->name);
	if (c->base && c->device)
		str_putf(out, " '{ type filter hook ingress device \"%s\" priority %d; policy accept; }'", c->device,
			c->priority);
	else if (c->base)
		str_putf(out, " '{ type filter hook %s priority %d; policy accept; }'",
			c->hook == NF_INET_PRE_ROUTING ? "prerouting" : "postrouting", c->priority);
	str_putc(out, '\n');
}

/* A protocol of IP, as nft writes it; NULL: none of ours. */
static const char *protocol_word(uint32_t protocol)
{
	switch (protocol) {
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMPV6:
		return "ipv6-icmp";
	case IPPROTO_SCTP:
		return "sctp";
	default:
		return NULL;
	}
}

/* What a register was loaded with, as nft writes it. */
static void put_load(struct str *out, const struct rule_expr *e, uint32_t family, uint32_t protocol)
{
	static const char *const meta[] = { [NFT_META_PROTOCOL] = "meta protocol",
		[NFT_META_IIFNAME] = "iifname",
		[NFT_META_OIFNAME] = "oifname",
		[NFT_META_IIFTYPE] = "meta iiftype",
		[NFT_META_SKUID] = "meta skuid",
		[NFT_META_NFPROTO] = "meta nfproto",
		[NFT_META_L4PROTO] = "meta l4proto" };
	const char *transport = protocol_word(protocol);

	if (e->op == OP_NUMGEN)
		str_putf(out, "numgen inc mod %u", e->offset);
	else if (e->op == OP_FIB)
		str_puts(out, e->key & NFTA_FIB_F_DADDR ? "fib daddr type" : "fib saddr type");
	else if (e->op == OP_META)
		str_puts(out, e->key < sizeof meta / sizeof *meta && meta[e->key] ? meta[e->key] : "meta length");
	else if (e->key == NFT_PAYLOAD_LL_HEADER)
		str_puts(out, "ether type");
	else if (e->key == NFT_PAYLOAD_NETWORK_HEADER)
		str_putf(out, "%s %s", family == NFPROTO_IPV6 ? "ip6" : "ip",
			e->offset == (family == NFPROTO_IPV6 ? 8 : 12) ? "saddr" : "daddr");
	else
		str_putf(out, "%s %s", transport ? transport : "th",
			e->len == 1              ? "doff"
				: e->offset == 0 ? "sport"
						 : "dport");
}

struct walk {
	const struct rule_expr *load[3]; /* loaded since the last use: address and ports go together */
	size_t n;
	uint32_t family, protocol;
	const char *map; /* of the data that OP_META_SET writes */
	uint32_t class;  /* ... or the data itself */
};

static void put_loads(struct str *out, struct walk *w)
{
	for (size_t i = 0; i < w->n; i++) {
		if (i)
			str_puts(out, " . ");
		put_load(out, w->load[i], w->family, w->protocol);
	}
	w->n = 0;
}

static void put_cmp(struct str *out, const struct rule_expr *e, struct walk *w)
{
	const struct rule_expr *load = w->n ? w->load[0] : e;
	bool meta = load->op == OP_META;
	uint32_t number = e->data[0];

	put_loads(out, w);
	if (meta && load->key == NFT_META_LEN) {
		memcpy(&number, e->data, sizeof number);
		str_putf(out, " %s %u", e->key == NFT_CMP_GT ? ">" : "<=", ntohl(number));
	} else if (load->op == OP_NUMGEN) {
		str_puts(out, " 0");
	} else if (meta && load->key == NFT_META_NFPROTO) {
		w->family = number;
		str_puts(out, number == NFPROTO_IPV6 ? " ipv6" : " ipv4");
	} else if (meta && load->key == NFT_META_PROTOCOL) {
		number = number << 8 | e->data[1];
		w->family = number == ETH_P_IPV6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
		str_puts(out, number == ETH_P_IPV6 ? " ip6" : " ip");
	} else if (meta && load->key == NFT_META_SKUID) {
		memcpy(&number, e->data, sizeof number);
		str_putf(out, " %u", number);
	} else if (meta && load->key == NFT_META_IIFTYPE) {
		str_puts(out, " ether");
	} else if (meta && (load->key == NFT_META_IIFNAME || load->key == NFT_META_OIFNAME)) {
		str_putf(out, "%s \"%.16s\"", e->key == NFT_CMP_NEQ ? " !=" : "", (const char *)e->data);
	} else if (load->op == OP_FIB) {
		memcpy(&number, e->data, sizeof number);
		str_putf(out, "%s %s", e->key == NFT_CMP_NEQ ? " !=" : "", address_type(number));
	} else if (meta) {
		w->protocol = number;
		if (e->key == NFT_CMP_NEQ)
			str_puts(out, " !=");
		if (protocol_word(number))
			str_putf(out, " %s", protocol_word(number));
		else
			str_putf(out, " %u", number);
	} else if (load->op == OP_PAYLOAD && load->key == NFT_PAYLOAD_LL_HEADER) {
		str_puts(out, (number << 8 | e->data[1]) == ETH_P_8021AD ? " 8021ad" : " 8021q");
	} else if (e->len == 2) {
		str_putf(out, "%s %u", e->key == NFT_CMP_NEQ ? " !=" : "", number << 8 | e->data[1]);
	} else {
		str_putf(out, " >= %u", number >> 4); /* the data offset is the high half of its byte */
	}
}

static void put_priority(struct str *out, struct walk *w)
{
	str_puts(out, " meta priority set ");
	put_loads(out, w);
	if (w->map)
		str_putf(out, " map @%s", w->map);
	else
		str_putf(out, "%x:%x", w->class >> 16, w->class & 0xffff);
}

static void put_object_map(struct str *out, const struct rule_expr *e, struct walk *w)
{
	str_puts(out,
		e->op == OP_COUNTER_MAP         ? " counter name "
			: e->op == OP_QUOTA_MAP ? " quota name "
						: " limit name ");
	put_loads(out, w);
	str_putf(out, " map @%s", e->name);
}

static void put_expr(struct str *out, const struct rule_expr *e, struct walk *w)
{
	switch (e->op) {
	case OP_META:
	case OP_PAYLOAD:
	case OP_FIB:
	case OP_NUMGEN:
		if (w->n < sizeof w->load / sizeof *w->load)
			w->load[w->n++] = e;
		return;
	case OP_HTON:
	case OP_BITWISE:
	case OP_FOREIGN:
		return;
	case OP_FWD:
	case OP_TPROXY:
		str_puts(out, e->op == OP_FWD ? " fwd to \"" SHAPE_IFB "\"" : " tproxy to :1");
		return;
	case OP_CMP:
		str_putc(out, ' ');
		put_cmp(out, e, w);
		return;
	case OP_LOOKUP:
	case OP_VMAP:
		str_putc(out, ' ');
		put_loads(out, w);
		str_putf(out, "%s @%s", e->op == OP_VMAP ? " vmap" : e->key ? " !=" : "", e->name);
		return;
	case OP_COUNTER_MAP:
	case OP_QUOTA_MAP:
	case OP_LIMIT_MAP:
		put_object_map(out, e, w);
		return;
	case OP_DATA_MAP:
		w->map = e->name;
		return;
	case OP_DATA:
		memcpy(&w->class, e->data, sizeof w->class);
		return;
	case OP_META_SET:
		put_priority(out, w);
		return;
	case OP_UPDATE:
		str_putf(out, " update @%s { ", e->name);
		put_loads(out, w);
		str_puts(out, " }");
		return;
	case OP_COUNTER:
		str_putf(out, " counter name \"%s\"", e->name);
		return;
	case OP_VERDICT:
		str_putc(out, ' ');
		put_verdict(out, e->key, e->name);
		return;
	}
}

static void put_rule(struct str *out, const char *table, const char *chain, const struct ruleset_rule *r)
{
	struct str text = STR_CEILING((size_t)64 << 10);
	struct walk w = { 0 };

	for (size_t i = 0; i < r->exprs.n; i++)
		put_expr(&text, &r->exprs.at[i], &w);
	/* each expression begins with a blank */
	str_putf(out, "nft add rule %s %s '%s'\n", table, chain, text.len ? text.p + 1 : "");
	str_free(&text);
}

static void put_change(struct str *out, const char *table, const struct change *c, const char *comment)
{
	switch (c->kind) {
	case CHANGE_TABLE_ADD:
		str_putf(out, "nft add table %s '{ comment \"%s\"; }'\n", table, comment);
		break;
	case CHANGE_TABLE_FLAGS:
		str_putf(out, "nft add table %s\n", table);
		break;
	case CHANGE_CHAIN_FLUSH:
		str_putf(out, "nft flush chain %s %s\n", table, c->name);
		break;
	case CHANGE_CHAIN_DEL:
		str_putf(out, "nft delete chain %s %s\n", table, c->name);
		break;
	case CHANGE_SET_FLUSH:
		str_putf(out, "nft flush %s %s %s\n", set_word(c->set), table, c->name);
		break;
	case CHANGE_SET_DEL:
		str_putf(out, "nft delete set %s %s\n", table, c->name);
		break;
	case CHANGE_FLOWTABLE_DEL:
		str_putf(out, "nft delete flowtable %s %s\n", table, c->name);
		break;
	case CHANGE_OBJECT_DEL:
		str_putf(out, "nft delete %s %s %s\n", object_word(c->object), table, c->name);
		break;
	case CHANGE_CHAIN_ADD:
		put_chain(out, table, c->chain);
		break;
	case CHANGE_OBJECT_ADD:
	case CHANGE_OBJECT_SET: /* the same words */
		put_object(out, table, c->object);
		break;
	case CHANGE_SET_ADD:
		put_set(out, table, c->set);
		break;
	case CHANGE_RULE_ADD:
		put_rule(out, table, c->chain->name, c->rule);
		break;
	case CHANGE_ELEM_ADD:
	case CHANGE_ELEM_DEL:
	case CHANGE_KINDS:
		break;
	}
}

void nft_words(const struct change_list *changes, const char *comment, struct str *out)
{
	const char *table = changes->family == RULESET_NETDEV ? "netdev " RULESET_TABLE : "inet " RULESET_TABLE;

	for (enum change_kind kind = 0; kind < CHANGE_KINDS; kind++) {
		const struct change *at = changes->of[kind].at;
		size_t n = changes->of[kind].n;

		if (kind == CHANGE_ELEM_ADD || kind == CHANGE_ELEM_DEL)
			put_elems(out, table, at, n, kind == CHANGE_ELEM_ADD ? "add" : "delete");
		for (size_t i = 0; i < n; i++)
			put_change(out, table, &at[i], comment);
	}
}
