/* The four questions of ethtool's old interface, which every kernel still answers: no string tables, no netlink family.
 * Any socket will do; the ioctl looks the device up in the socket's namespace.
 * run/doctor_devices.c calls. */
#include "tc/offload.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static bool ask(int fd, const char *device, uint32_t command, uint32_t *ret_value)
{
	struct ethtool_value value = { .cmd = command };
	struct ifreq request = { .ifr_data = (void *)&value };

	if (strlen(device) >= sizeof request.ifr_name)
		return false;
	memcpy(request.ifr_name, device, strlen(device) + 1);
	if (ioctl(fd, SIOCETHTOOL, &request) < 0)
		return false;
	*ret_value = value.data;
	return true;
}

struct offload offload_read(const char *device)
{
	struct offload o = { 0 };
	uint32_t gro, gso, tso = 0, flags = 0;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return o;
	if (ask(fd, device, ETHTOOL_GGRO, &gro) && ask(fd, device, ETHTOOL_GGSO, &gso)) {
		/* what a device lacks it may refuse to name */
		ask(fd, device, ETHTOOL_GTSO, &tso);
		ask(fd, device, ETHTOOL_GFLAGS, &flags);
		o = (struct offload){ true, gro != 0, (flags & ETH_FLAG_LRO) != 0, gso != 0, tso != 0 };
	}
	close(fd);
	return o;
}
