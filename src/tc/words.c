/* Steps as `tc` commands: see words.h.
 * tc takes bursts in bytes and computes the kernel's ticks from them by itself, in microseconds: a little more than ours.
 * run/ calls. */
#include "tc/words.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>

static void put_rate(struct str *out, const char *word, uint64_t rate_bytes)
{
	str_putf(out, " %s %llubit", word, (unsigned long long)rate_bytes * 8);
}

/* Bytes that pass in so many ticks. */
static void put_burst(struct str *out, const char *word, uint32_t ticks, uint64_t rate_bytes)
{
	const double bytes = (double)ticks * SHAPE_TICK_NS / 1e9 * (double)rate_bytes;

	str_putf(out, " %s %llu", word, (unsigned long long)(bytes + 0.5));
}

static void put_class(struct str *out, const struct shape_step *s)
{
	const struct shape_device *d = s->device;
	const struct shape_class *c = s->to;

	str_putf(
		out, "tc class %s dev %s parent %x:", s->kind == SHAPE_CLASS_ADD ? "add" : "change", d->name, d->major);
	if (c->parent)
		str_putf(out, "%x", c->parent);
	str_putf(out, " classid %x:%x htb", d->major, c->minor);
	put_rate(out, "rate", c->rate_bytes);
	put_rate(out, "ceil", c->ceil_bytes);
	put_burst(out, "burst", c->burst_ticks, c->rate_bytes);
	put_burst(out, "cburst", c->cburst_ticks, c->ceil_bytes);
	str_putf(out, " quantum %u\n", c->quantum_bytes);
}

static void put_filter(struct str *out, const struct shape_step *s)
{
	const struct shape_filter *f = s->filter;

	str_putf(out, "tc filter del dev %s parent %x:", s->device->name, s->device->major);
	if (f->minor)
		str_putf(out, "%x", f->minor);
	if (f->chain)
		str_putf(out, " chain %u", f->chain);
	if (f->protocol == htons(ETH_P_IP) || f->protocol == htons(ETH_P_IPV6) || f->protocol == htons(ETH_P_ALL))
		str_putf(out, " protocol %s",
			f->protocol == htons(ETH_P_IP)             ? "ip"
				: f->protocol == htons(ETH_P_IPV6) ? "ipv6"
								   : "all");
	else
		str_putf(out, " protocol 0x%x", ntohs(f->protocol));
	str_putf(out, " pref %u\n", f->pref);
}

static void put_leaf(struct str *out, const struct shape_step *s)
{
	const struct shape_leaf *l = &s->to->leaf;

	str_putf(out, "tc qdisc replace dev %s parent %x:%x ", s->device->name, s->device->major, s->to->minor);
	if (l->kind == SHAPE_LEAF_CODEL)
		str_putf(out, "fq_codel limit %u target %uus interval %uus\n", l->limit, l->target_us, l->interval_us);
	else
		str_putf(out, "bfifo limit %u\n", l->limit);
}

void tc_words(const struct shape_step *steps, size_t n, struct str *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct shape_step *s = &steps[i];
		const struct shape_device *d = s->device;

		switch (s->kind) {
		case SHAPE_ROOT_ADD:
			str_putf(out, "tc qdisc %s dev %s root handle %x: htb default %x direct_qlen %u\n",
				s->replace ? "replace" : "add", d->name, d->major, d->rest, d->direct_packets);
			break;
		case SHAPE_ROOT_DEL:
			str_putf(out, "tc qdisc del dev %s root\n", d->name);
			break;
		case SHAPE_CLASS_ADD:
		case SHAPE_CLASS_SET:
			put_class(out, s);
			break;
		case SHAPE_CLASS_DEL:
			str_putf(out, "tc class del dev %s classid %x:%x\n", d->name, d->major, s->from->minor);
			break;
		case SHAPE_LEAF_SET:
			put_leaf(out, s);
			break;
		case SHAPE_FILTER_DEL:
			put_filter(out, s);
			break;
		case SHAPE_DRAIN:
			break;
		}
	}
}
