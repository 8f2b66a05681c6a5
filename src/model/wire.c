/* From the kernel's figures to those of the wire: see wire.h.
 * Doubles hold every interval exactly (below 2^53 bytes); the estimate is rounded once.
 * Pure; model/delta.c calls. */
#include "model/wire.h"

#define HEADERS_V4 40.0 /* IPv4 and TCP without options */
#define HEADERS_V6 60.0
#define TIMESTAMPS 12.0 /* the option of RFC 7323 with its padding */

void wire_extra(uint64_t packets, uint64_t bytes, uint32_t mtu, bool ipv6, double timestamps, uint64_t *ret_packets,
	uint64_t *ret_bytes)
{
	double header = (ipv6 ? HEADERS_V6 : HEADERS_V4) + TIMESTAMPS * timestamps;
	double extra = 0;

	if ((double)mtu > header)
		extra = ((double)bytes - (double)packets * header) / ((double)mtu - header) - (double)packets;
	if (extra < 0)
		extra = 0;
	*ret_packets = (uint64_t)(extra + 0.5);
	*ret_bytes = (uint64_t)(extra * header + 0.5);
}
