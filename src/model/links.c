/* Look-ups in what rtnetlink told. Linear: a machine has few devices, and a run asks for fewer.
 * Kept here and not in tc/ so that pure code may ask.
 * Anybody may call. */
#include "model/links.h"

#include <string.h>

const struct link_device *links_find(const struct links *l, const char *name)
{
	for (size_t i = 0; i < l->devices.n; i++)
		if (strcmp(l->devices.at[i].name, name) == 0)
			return &l->devices.at[i];
	return NULL;
}

const struct link_device *links_at(const struct links *l, int ifindex)
{
	for (size_t i = 0; i < l->devices.n; i++)
		if (l->devices.at[i].ifindex == ifindex)
			return &l->devices.at[i];
	return NULL;
}
