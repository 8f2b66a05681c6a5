/* A table of nftables as plain structs: see ruleset.h.
 * Chains and sets are few (tens): a walk finds them.
 * Pure; model/ and nft/ call. */
#include "model/ruleset.h"

#include <stdlib.h>
#include <string.h>

/* Numbers of nft's datatypes (its include/datatype.h); a concatenation is (first << 6) | second, and so on. */
enum { NFT_TYPE_IPADDR = 7, NFT_TYPE_IP6ADDR = 8, NFT_TYPE_SERVICE = 13, NFT_TYPE_FIB_ADDR = 38, NFT_TYPE_IFNAME = 41 };
enum { NFT_HOST_ENDIAN = 1, NFT_BIG_ENDIAN = 2 };

const struct set_key_type *set_key_type(enum set_key key)
{
	static const struct set_key_type types[SET_KEYS] = {
		[KEY_SERVICE] = { 2, NFT_TYPE_SERVICE, NFT_BIG_ENDIAN, "inet_service" },
		[KEY_IFNAME] = { 16, NFT_TYPE_IFNAME, NFT_HOST_ENDIAN, "ifname" },
		[KEY_ADDR4] = { 4, NFT_TYPE_IPADDR, NFT_BIG_ENDIAN, "ipv4_addr" },
		[KEY_ADDR6] = { 16, NFT_TYPE_IP6ADDR, NFT_BIG_ENDIAN, "ipv6_addr" },
		[KEY_ADDR4_SERVICE] = { 8, NFT_TYPE_IPADDR << 6 | NFT_TYPE_SERVICE, NFT_BIG_ENDIAN,
			"ipv4_addr . inet_service" },
		[KEY_ADDR6_SERVICE] = { 20, NFT_TYPE_IP6ADDR << 6 | NFT_TYPE_SERVICE, NFT_BIG_ENDIAN,
			"ipv6_addr . inet_service" },
		[KEY_ADDR4_SERVICES] = { 12, NFT_TYPE_IPADDR << 12 | NFT_TYPE_SERVICE << 6 | NFT_TYPE_SERVICE,
			NFT_BIG_ENDIAN, "ipv4_addr . inet_service . inet_service" },
		[KEY_ADDR6_SERVICES] = { 24, NFT_TYPE_IP6ADDR << 12 | NFT_TYPE_SERVICE << 6 | NFT_TYPE_SERVICE,
			NFT_BIG_ENDIAN, "ipv6_addr . inet_service . inet_service" },
		[KEY_ADDRTYPE] = { 4, NFT_TYPE_FIB_ADDR, NFT_HOST_ENDIAN, "fib_addrtype" },
	};

	return &types[key];
}

bool expr_names_set(const struct rule_expr *e)
{
	switch (e->op) {
	case OP_LOOKUP:
	case OP_VMAP:
	case OP_COUNTER_MAP:
	case OP_QUOTA_MAP:
	case OP_LIMIT_MAP:
	case OP_DATA_MAP:
	case OP_UPDATE:
		return true;
	case OP_META:
	case OP_PAYLOAD:
	case OP_FIB:
	case OP_NUMGEN:
	case OP_HTON:
	case OP_BITWISE:
	case OP_CMP:
	case OP_COUNTER:
	case OP_META_SET:
	case OP_DATA:
	case OP_FWD:
	case OP_TPROXY:
	case OP_VERDICT:
	case OP_FOREIGN:
		break;
	}
	return false;
}

const struct ruleset_chain *ruleset_chain(const struct ruleset *r, const char *name)
{
	for (size_t i = 0; i < r->chains.n; i++)
		if (strcmp(r->chains.at[i].name, name) == 0)
			return &r->chains.at[i];
	return NULL;
}

struct ruleset_set *ruleset_set(const struct ruleset *r, const char *name)
{
	for (size_t i = 0; i < r->sets.n; i++)
		if (strcmp(r->sets.at[i].name, name) == 0)
			return &r->sets.at[i];
	return NULL;
}

static int by_from(const void *x, const void *y)
{
	const struct ruleset_elem *a = x, *b = y;

	return memcmp(a->from, b->from, SET_KEY_MAX);
}

void ruleset_sort(struct ruleset_set *s)
{
	if (s->sorted)
		return;
	if (s->elems.n > 1) /* none: there is no array */
		qsort(s->elems.at, s->elems.n, sizeof *s->elems.at, by_from);
	s->sorted = true;
}

void ruleset_step_key(const uint8_t from[SET_KEY_MAX], size_t len, int step, uint8_t ret_key[SET_KEY_MAX])
{
	memcpy(ret_key, from, SET_KEY_MAX);
	for (size_t i = len; i-- > 0;) {
		ret_key[i] = (uint8_t)(ret_key[i] + step);
		if (ret_key[i] != (step > 0 ? 0 : 0xff))
			return;
	}
}
