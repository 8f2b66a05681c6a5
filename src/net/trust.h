/* Whom TLS trusts: the system's authorities, and those of a file that a target names beside them.
 * libcurl takes one bundle or the other, so both are joined in memory.
 * net/transfer.c calls. */
#ifndef NET_TRUST_H
#define NET_TRUST_H

#include "model/request.h"
#include "util/arena.h"
#include "util/err.h"
#include "util/vec.h"

/* Bundles made so far: a quarter of a megabyte each, and many targets name the same file. */
struct trust {
	const char *ca_file;
	struct request_bytes bundle;
};
struct trusts {
	struct trust *at;
	size_t n, cap;
};

/* ret: certificates in PEM, which live as long as a. -1 with a sentence when the file cannot be read or holds none. */
int trust_bundle(
	struct trusts *known, struct arena *a, const char *ca_file, struct request_bytes *ret, struct err *err);

#endif
