/* Which of a device's offloads merge packets before the hooks see them, or cut them after.
 * Read by ethtool's ioctl; changes nothing.
 * run/doctor_devices.c calls. */
#ifndef TC_OFFLOAD_H
#define TC_OFFLOAD_H

#include <stdbool.h>

struct offload {
	bool known; /* the device answered; else the rest is false */
	bool gro, lro;
	bool gso, tso;
};

struct offload offload_read(const char *device);

#endif
