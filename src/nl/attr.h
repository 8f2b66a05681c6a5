/* Walking netlink attributes.
 * libmnl's own macros do not survive -Wconversion.
 * nl/ and nft/ include. */
#ifndef NL_ATTR_H
#define NL_ATTR_H

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

static inline size_t attr_align(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

static inline int attr_room(const void *a, const void *end)
{
	return (int)((const char *)end - (const char *)a);
}

/* Attributes of a message behind `skip` bytes of its payload (already aligned). */
#define attr_each(a, nlh, skip) \
	for ((a) = mnl_nlmsg_get_payload_offset((nlh), (skip)); \
		mnl_attr_ok((a), attr_room((a), mnl_nlmsg_get_payload_tail(nlh))); (a) = mnl_attr_next(a))

#define attr_each_nested(a, nest) \
	for ((a) = mnl_attr_get_payload(nest); mnl_attr_ok( \
		     (a), attr_room((a), (const char *)mnl_attr_get_payload(nest) + mnl_attr_get_payload_len(nest))); \
		(a) = mnl_attr_next(a))

/* Big-endian numbers of nf_tables; 0 when the attribute is too short. */
uint32_t attr_be32(const struct nlattr *a);
uint64_t attr_be64(const struct nlattr *a);
/* The text, "" unless it is NUL-terminated. */
const char *attr_text(const struct nlattr *a);

#endif
