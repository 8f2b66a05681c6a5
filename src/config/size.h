/* A size as the INI has it, for commands that take one: the same words, the same cures.
 * Pure.
 * cmd/ calls. */
#ifndef CONFIG_SIZE_H
#define CONFIG_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/str.h"

/* NULL, or what is wrong with the text, with its cure. */
const char *size_read(struct arena *a, const char *text, uint64_t *ret_bytes);

/* So that it is read as the same number; binary: in the family of KiB. */
void size_put(struct str *out, uint64_t bytes, bool binary);

#endif
