/* Reading netlink attributes: see attr.h.
 * Lengths are checked here once, so that no caller can forget.
 * nl/ and nft/ call. */
#include "nl/attr.h"

#include <endian.h>
#include <string.h>

uint32_t attr_be32(const struct nlattr *a)
{
	uint32_t v;

	if (mnl_attr_get_payload_len(a) < sizeof v)
		return 0;
	memcpy(&v, mnl_attr_get_payload(a), sizeof v);
	return be32toh(v);
}

uint64_t attr_be64(const struct nlattr *a)
{
	uint64_t v;

	if (mnl_attr_get_payload_len(a) < sizeof v)
		return 0;
	memcpy(&v, mnl_attr_get_payload(a), sizeof v);
	return be64toh(v);
}

const char *attr_text(const struct nlattr *a)
{
	size_t len = mnl_attr_get_payload_len(a);
	const char *p = mnl_attr_get_payload(a);

	return len > 0 && memchr(p, '\0', len) ? p : "";
}
