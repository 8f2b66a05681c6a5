/* Elements of a set and objects: see elems.h.
 * An interval map answers with points, starts and ends in any order; they are sorted and paired.
 * nft/ only. */
#include "nft/elems.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "nft/family.h"
#include "nft/read_internal.h"
#include "nl/attr.h"
#include "util/saturate.h"

static const char *intern(struct nft_elems *x, const char *name)
{
	if (!x->last_name || strcmp(x->last_name, name) != 0)
		x->last_name = arena_strdup(x->arena, name);
	return x->last_name;
}

static bool read_key(const struct nlattr *key, size_t len, uint8_t ret_key[SET_KEY_MAX])
{
	const struct nlattr *a;

	attr_each_nested (a, key)
		if (mnl_attr_get_type(a) == NFTA_DATA_VALUE && mnl_attr_get_payload_len(a) == len) {
			memcpy(ret_key, mnl_attr_get_payload(a), len);
			return true;
		}
	return false;
}

static void read_data(struct nft_elems *x, const struct nlattr *data, struct ruleset_elem *e)
{
	const struct nlattr *v, *a;

	attr_each_nested (v, data) {
		if (mnl_attr_get_type(v) == NFTA_DATA_VALUE && mnl_attr_get_payload_len(v) == RULESET_CLASS_LEN)
			memcpy(&e->verdict, mnl_attr_get_payload(v), RULESET_CLASS_LEN);
		if (mnl_attr_get_type(v) != NFTA_DATA_VERDICT)
			continue;
		attr_each_nested (a, v) {
			if (mnl_attr_get_type(a) == NFTA_VERDICT_CODE)
				e->verdict = attr_be32(a);
			else if (mnl_attr_get_type(a) == NFTA_VERDICT_CHAIN)
				e->name = intern(x, attr_text(a));
		}
	}
}

static void read_elem(struct nft_elems *x, const struct nlattr *nest)
{
	struct nft_point p = { 0 };
	const struct nlattr *a;
	bool key = false;

	attr_each_nested (a, nest) {
		switch (mnl_attr_get_type(a)) {
		case NFTA_SET_ELEM_KEY:
			key = read_key(a, set_key_type(x->set->key)->len, p.elem.from);
			break;
		case NFTA_SET_ELEM_FLAGS:
			p.end = attr_be32(a) & NFT_SET_ELEM_INTERVAL_END;
			break;
		case NFTA_SET_ELEM_OBJREF:
			p.elem.name = intern(x, attr_text(a));
			break;
		case NFTA_SET_ELEM_DATA:
			read_data(x, a, &p.elem);
			break;
		case NFTA_SET_ELEM_EXPIRATION: /* none: no timeout. 0: this very moment */
			p.elem.deadline = saturate_add(x->late_ms, attr_be64(a) ? attr_be64(a) : 1);
			break;
		case NFTA_SET_ELEM_KEY_END:
			x->set->odd = true;
			break;
		default:
			break;
		}
	}
	if (!key) { /* a catch-all element has none */
		x->set->odd = true;
		return;
	}
	if (x->set->interval) {
		*vec_push(x->arena, &x->points) = p;
		return;
	}
	memcpy(p.elem.to, p.elem.from, SET_KEY_MAX);
	*vec_push(x->arena, &x->set->elems) = p.elem;
}

int nft_elems_reply(const struct nlmsghdr *nlh, void *arg, struct err *err)
{
	const struct nlattr *list, *nest;

	(void)err;
	attr_each (list, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(list) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		attr_each_nested (nest, list)
			read_elem(arg, nest);
	}
	return 0;
}

/* An end sorts before a start at the same key: it closes the range before. */
static int by_key(const void *x, const void *y)
{
	const struct nft_point *a = x, *b = y;
	int order = memcmp(a->elem.from, b->elem.from, SET_KEY_MAX);

	return order ? order : (int)b->end - (int)a->end;
}

static void key_before(const uint8_t key[SET_KEY_MAX], size_t len, uint8_t ret_key[SET_KEY_MAX])
{
	memcpy(ret_key, key, SET_KEY_MAX);
	for (size_t i = len; i-- > 0;)
		if (ret_key[i]-- != 0)
			return;
}

void nft_elems_end(struct nft_elems *x)
{
	size_t len = set_key_type(x->set->key)->len;

	if (x->points.n)
		qsort(x->points.at, x->points.n, sizeof *x->points.at, by_key);
	for (size_t i = 0; i < x->points.n; i++) {
		struct nft_point *p = &x->points.at[i];

		if (p->end)
			continue;
		if (i + 1 < x->points.n)
			key_before(p[1].elem.from, len, p->elem.to);
		else
			memset(p->elem.to, 0xff, len);
		*vec_push(x->arena, &x->set->elems) = p->elem;
	}
}

int nft_read_elems(struct talk *t, struct arena *a, enum ruleset_family family, int64_t now_ms, struct ruleset_set *s,
	struct err *err)
{
	int64_t late = talk_clock() - now_ms;
	struct nft_elems x = { .arena = a, .set = s, .late_ms = late > 0 ? (uint64_t)late : 0 };
	struct nlmsghdr *nlh = talk_request(t, NFT_MSG_GETSETELEM, NLM_F_DUMP, nft_family(family));

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, RULESET_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, s->name);
	if (talk_dump(t, nlh, nft_elems_reply, &x, err) < 0)
		return -1;
	nft_elems_end(&x);
	return 0;
}

static void read_counter(const struct nlattr *data, struct ruleset_object *o)
{
	const struct nlattr *a;

	attr_each_nested (a, data) {
		if (mnl_attr_get_type(a) == NFTA_COUNTER_BYTES)
			o->bytes = attr_be64(a);
		else if (mnl_attr_get_type(a) == NFTA_COUNTER_PACKETS)
			o->packets = attr_be64(a);
	}
}

static void read_quota(const struct nlattr *data, struct ruleset_object *o)
{
	const struct nlattr *a;
	uint32_t flags = 0;

	attr_each_nested (a, data) {
		if (mnl_attr_get_type(a) == NFTA_QUOTA_BYTES)
			o->limit = attr_be64(a);
		else if (mnl_attr_get_type(a) == NFTA_QUOTA_CONSUMED)
			o->bytes = attr_be64(a);
		else if (mnl_attr_get_type(a) == NFTA_QUOTA_FLAGS)
			flags = attr_be32(a);
	}
	/* the kernel marks what is used up */
	o->odd = (flags & ~(uint32_t)NFT_QUOTA_F_DEPLETED) != NFT_QUOTA_F_INV;
}

static void read_limit(const struct nlattr *data, struct ruleset_object *o)
{
	const struct nlattr *a;
	uint32_t flags = 0, type = NFT_LIMIT_PKTS;
	uint64_t unit = 0;

	attr_each_nested (a, data) {
		switch (mnl_attr_get_type(a)) {
		case NFTA_LIMIT_RATE:
			o->limit = attr_be64(a);
			break;
		case NFTA_LIMIT_UNIT:
			unit = attr_be64(a);
			break;
		case NFTA_LIMIT_BURST:
			o->burst = attr_be32(a);
			break;
		case NFTA_LIMIT_TYPE:
			type = attr_be32(a);
			break;
		case NFTA_LIMIT_FLAGS:
			flags = attr_be32(a);
			break;
		default:
			break;
		}
	}
	o->odd = flags != NFT_LIMIT_F_INV || type != NFT_LIMIT_PKT_BYTES || unit != 1;
}

static enum object_kind kind_of(uint32_t type)
{
	return type == NFT_OBJECT_COUNTER  ? OBJECT_COUNTER
		: type == NFT_OBJECT_QUOTA ? OBJECT_QUOTA
		: type == NFT_OBJECT_LIMIT ? OBJECT_LIMIT
					   : OBJECT_OTHER;
}

static void read_values(const struct nlattr *data, struct ruleset_object *o)
{
	if (o->kind == OBJECT_COUNTER)
		read_counter(data, o);
	else if (o->kind == OBJECT_QUOTA)
		read_quota(data, o);
	else if (o->kind == OBJECT_LIMIT)
		read_limit(data, o);
}

void nft_object_read(struct arena *a, const struct nlmsghdr *nlh, struct ruleset_object *ret_object)
{
	const struct nlattr *x, *data = NULL;
	struct ruleset_object o = { .name = "", .kind = OBJECT_OTHER };

	attr_each (x, nlh, sizeof(struct nfgenmsg)) {
		switch (mnl_attr_get_type(x)) {
		case NFTA_OBJ_NAME:
			o.name = arena_strdup(a, attr_text(x));
			break;
		case NFTA_OBJ_TYPE:
			o.type = attr_be32(x);
			break;
		case NFTA_OBJ_HANDLE:
			o.handle = attr_be64(x);
			break;
		case NFTA_OBJ_USE:
			o.use = attr_be32(x);
			break;
		case NFTA_OBJ_DATA:
			data = x;
			break;
		default:
			break;
		}
	}
	o.kind = kind_of(o.type);
	if (data)
		read_values(data, &o);
	*ret_object = o;
}

const char *nft_counter_read(const struct nlmsghdr *nlh, struct counter_value *ret_value)
{
	const struct nlattr *x;
	struct ruleset_object o = { .name = "" };

	attr_each (x, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(x) == NFTA_OBJ_NAME)
			o.name = attr_text(x);
		else if (mnl_attr_get_type(x) == NFTA_OBJ_HANDLE)
			o.handle = attr_be64(x);
		else if (mnl_attr_get_type(x) == NFTA_OBJ_DATA)
			read_counter(x, &o);
	}
	*ret_value = (struct counter_value){ true, o.handle, o.packets, o.bytes };
	return o.name;
}
