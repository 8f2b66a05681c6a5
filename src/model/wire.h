/* From the kernel's figures to those of the wire. The hooks see TCP before segmentation offload cuts it and after receive
 * offload joins it: one header for many segments. From what is longer than the MTU:
 *   H = 40 (IPv4) or 60 (IPv6), + 12 for the share of packets with TCP timestamps; mss = MTU - H
 *   segments = (big_bytes - big_packets * H) / mss
 *   wire bytes = bytes + (segments - big_packets) * H, wire packets = packets + segments - big_packets
 * Measured (kernel-facts.md sections 1, 10): within 0.01 % where the peer's MSS is the device's; -0.27 % with a peer of MTU 1400.
 * Pure. */
#ifndef MODEL_WIRE_H
#define MODEL_WIRE_H

#include <stdbool.h>
#include <stdint.h>

/* The segments that `packets` aggregates of `bytes` bytes in all became beyond one each. timestamps: the share of
 * packets with the option, 0 to 1. ret_bytes: their headers. */
void wire_extra(uint64_t packets, uint64_t bytes, uint32_t mtu, bool ipv6, double timestamps, uint64_t *ret_packets,
	uint64_t *ret_bytes);

#endif
