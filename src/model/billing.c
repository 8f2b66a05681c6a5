/* Billing modes: see billing.h.
 * A table of names and one sum a mode.
 * Anybody may call. */
#include "model/billing.h"

#include <string.h>

#include "util/saturate.h"

const char *const billing_names[] = {
	[BILLING_OUT] = "out",
	[BILLING_IN] = "in",
	[BILLING_BOTH] = "both",
	[BILLING_MAX] = "max",
	[BILLING_RELAY] = "relay",
};
const size_t billing_count = sizeof billing_names / sizeof *billing_names;

uint64_t billing_figure(enum billing mode, uint64_t in, uint64_t out)
{
	switch (mode) {
	case BILLING_OUT:
		return out;
	case BILLING_IN:
		return in;
	case BILLING_BOTH:
		return saturate_add(in, out);
	case BILLING_MAX:
		return in > out ? in : out;
	case BILLING_RELAY: /* each byte passes the device on both legs */
		return saturate_mul(2, saturate_add(in, out));
	}
	return 0;
}

const char *billing_name(enum billing mode)
{
	return billing_names[mode];
}

bool billing_parse(const char *text, size_t len, enum billing *ret_mode)
{
	for (size_t i = 0; i < billing_count; i++)
		if (strlen(billing_names[i]) == len && memcmp(billing_names[i], text, len) == 0) {
			*ret_mode = (enum billing)i;
			return true;
		}
	return false;
}
