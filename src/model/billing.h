/* What a cycle's figure counts: the modes by name, and the figure itself.
 * Which modes exist is `enum billing` in entry.h.
 * Anybody may call. */
#ifndef MODEL_BILLING_H
#define MODEL_BILLING_H

#include "model/entry.h"

/* The figure of a cycle that moved `in` and `out` bytes. Saturates. */
uint64_t billing_figure(enum billing mode, uint64_t in, uint64_t out);

/* "out", "in", "both", "max", "relay". */
const char *billing_name(enum billing mode);

/* false, and *ret_mode untouched, if text[0..len) names no mode. */
bool billing_parse(const char *text, size_t len, enum billing *ret_mode);

/* The names in the order of the enum, for messages and the nearest word. */
extern const char *const billing_names[];
extern const size_t billing_count;

#endif
