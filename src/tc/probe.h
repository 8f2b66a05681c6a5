/* Which parts of traffic control this kernel has, found by creating one of each. It changes the network namespace that it runs in:
 * call it in one that is thrown away.
 * run/doctor_kernel.c calls. */
#ifndef TC_PROBE_H
#define TC_PROBE_H

#include <stdbool.h>

#include "model/probe.h"
#include "util/err.h"

#define TC_PROBES 3
extern const struct probe tc_probes[TC_PROBES];

/* One answer a probe. An error only where nothing could be tried at all. spare_ifb: do not try that one (ENOPKG), since loading
 * its module makes ifb0 and ifb1 in the host's own namespace. */
int tc_probe(bool spare_ifb, struct probe_answer ret_answers[TC_PROBES], struct err *err);

#endif
