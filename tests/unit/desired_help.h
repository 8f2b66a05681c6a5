/* What the tests of the wanted table share: configurations from their text, watched devices, random configurations.
 * Through the real parser, so that what is tested can be written.
 * Tests of model/desired and of nft/ include. */
#ifndef DESIRED_HELP_H
#define DESIRED_HELP_H

#include "ruleset_help.h"

#include "config/config.h"
#include "model/desired.h"

/* Zone and all else as in a file that says nothing. */
static inline struct config *config_of(struct arena *a, const char *text)
{
	struct config_sources sources = { 0 };
	struct diags d = { .arena = a };
	struct config *c;

	*vec_push(a, &sources.files) = (struct config_source){ "test.ini", text, strlen(text) };
	c = config_parse(a, &sources, &d);
	if (!c)
		fail_msg("%s: %s", d.list.at[0].text, text);
	return c;
}

/* "eth0:1500 gone:- wg0:1420!": name:MTU, "-" = absent, "!" = not in the total, "+" = named by entries alone. */
static inline struct watch watch_of(struct arena *a, const char *text)
{
	struct watch w = { 0 };
	char name[DEVICE_NAME_MAX + 1], mtu[16];
	int used;

	for (; sscanf(text, " %15[^:]:%15s%n", name, mtu, &used) == 2; text += used) {
		struct watched *x = strchr(mtu, '+') ? vec_push(a, &w.others) : vec_push(a, &w.devices);

		snprintf(x->name, sizeof x->name, "%s", name);
		x->present = x->up = mtu[0] != '-';
		sscanf(mtu, "%u", &x->mtu);
		x->total = !strchr(mtu, '!') && !strchr(mtu, '+');
		x->ifindex = (int)(w.devices.n + w.others.n);
	}
	return w;
}

static inline struct desired desired_of(struct arena *a, const char *config, const char *devices)
{
	struct watch w = watch_of(a, devices);
	struct desired d;

	desired_build(a, config_of(a, config), &w, NULL, &d);
	return d;
}

/* A configuration that the checks let pass: ports and prefixes are dealt out from below, so that entries of a kind do not
 * overlap; ranges often touch, and the last may end at the highest port. */
static inline const char *random_config(struct arena *a, uint64_t *seed)
{
	static const char *const protocols[] = { "tcp", "udp", "sctp", "tcp, udp", "udp, sctp", "tcp, udp, sctp" };
	const char *text = "[portflow]\nauto_apply = yes\n";
	uint32_t port = (uint32_t)(1 + next_random(seed) % 3), block = 0, v6 = 0;
	size_t n = next_random(seed) % 8;

	if (next_random(seed) % 2)
		text = arena_printf(a, "%sown = 203.0.113.%u\n", text, (unsigned int)(next_random(seed) % 256));
	if (next_random(seed) % 3 == 0)
		text = arena_printf(
			a, "%sown = 2001:db8:ffff::/%u\n", text, (unsigned int)(48 + next_random(seed) % 17));
	for (size_t i = 0; i < n; i++) {
		text = arena_printf(a, "%s[port p%zu]\nprotocols = %s\n", text, i, protocols[next_random(seed) % 6]);
		for (size_t k = 0; k < 1 + next_random(seed) % 3 && port < 65535; k++) {
			uint32_t lengths[] = { 1, 2, 255, 256, 257, 1000, 20000 };
			uint32_t len = lengths[next_random(seed) % 7], to = port + len - 1;

			if (to > 65535 || next_random(seed) % 20 == 0)
				to = 65535;
			text = arena_printf(a, "%sports = %u-%u\n", text, port, to);
			port = to + 1 + (uint32_t)(next_random(seed) % 2 ? 0 : next_random(seed) % 300);
		}
		if (port >= 65535)
			break;
	}
	n = next_random(seed) % 6;
	for (size_t i = 0; i < n; i++) {
		text = arena_printf(a, "%s[address a%zu]\n", text, i);
		for (size_t k = 0; k < 1 + next_random(seed) % 3; k++) {
			if (next_random(seed) % 2)
				text = arena_printf(a, "%saddresses = 2001:db8:%x::%s\n", text, ++v6,
					next_random(seed) % 2 ? "1" : "/48");
			else
				text = arena_printf(a, "%saddresses = 10.0.%u.0/%u\n", text, block++,
					next_random(seed) % 2 ? 32 : 24);
		}
	}
	n = next_random(seed) % 3;
	for (size_t i = 0; i < n; i++)
		text = arena_printf(a,
			"%s[address s%zu]\naddresses = 10.1.%zu.0/30, 2001:db8:1000::%zu\nports = %u, %u-%u\nprotocols = %s\n",
			text, i, i, i, 80, 100, 100 + (unsigned int)(next_random(seed) % 20),
			protocols[next_random(seed) % 6]);
	if (next_random(seed) % 3 == 0)
		text = arena_printf(a, "%s[interface all]\nremark = x\n", text);
	else if (next_random(seed) % 2)
		text = arena_printf(
			a, "%s[interface one]\ninterface = eth0\n[interface two]\ninterface = side0\n", text);
	return text;
}

static inline const char *random_devices(struct arena *a, uint64_t *seed)
{
	static const char *const texts[] = { "eth0:1500", "eth0:1500 eth1:1500", "eth0:1500 eth1:9000",
		"eth0:1500 wg0:1420!", "eth0:1500 side0:1280+", "eth0:-", "eth0:1500 gone0:-", "", "eth0:65536" };

	return arena_strdup(a, texts[next_random(seed) % (sizeof texts / sizeof *texts)]);
}

#endif
