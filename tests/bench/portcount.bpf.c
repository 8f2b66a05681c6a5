/* The physical limit of counting by port: one slot of a per-CPU array for each destination port, nothing asked but the port.
 * Needs no header of libbpf: the two things taken from there are written out.
 * tests/bench/packet.sh builds it (clang -target bpf) and hangs it into tc. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>

#define SECTION(name) __attribute__((section(name), used))
#define BIG16(v) __builtin_bswap16(v)

static void *(*lookup)(const void *map, const void *key) = (void *)BPF_FUNC_map_lookup_elem;

struct count {
	__u64 packets, bytes;
};

struct {
	int (*type)[BPF_MAP_TYPE_PERCPU_ARRAY];
	int (*max_entries)[65536];
	__u32 *key;
	struct count *value;
} ports SECTION(".maps");

SECTION("tc") int count_port(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct count *c;
	__u16 *port;
	__u32 key;

	if ((void *)(ip + 1) > end || eth->h_proto != BIG16(ETH_P_IP))
		return TC_ACT_UNSPEC;
	if ((ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP) || (ip->frag_off & BIG16(0x1fff)))
		return TC_ACT_UNSPEC;
	port = (void *)((char *)ip + ip->ihl * 4);
	if ((void *)(port + 2) > end)
		return TC_ACT_UNSPEC;
	key = BIG16(port[1]);
	c = lookup(&ports, &key);
	if (c) {
		c->packets++;
		c->bytes += skb->len - sizeof *eth;
	}
	return TC_ACT_UNSPEC;
}

char terms[] SECTION("license") = "GPL";
