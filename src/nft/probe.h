/* Which parts of nf_tables this kernel has, found by creating one of each. It changes the network namespace that it runs in: call it in
 * one that is thrown away.
 * run/doctor_kernel.c calls. */
#ifndef NFT_PROBE_H
#define NFT_PROBE_H

#include <stddef.h>

#include "model/probe.h"
#include "util/err.h"

#define NFT_PROBES 16
extern const struct probe nft_probes[NFT_PROBES];

/* One answer a probe. An error only where nothing could be tried at all. */
int nft_probe(struct probe_answer ret_answers[NFT_PROBES], struct err *err);

#endif
