/* The answer of `doctor` as text and as JSON (docs/schema/doctor.schema.json).
 * Pure: findings in, text out.
 * cmd/doctor.c calls. */
#ifndef VIEW_FINDINGS_H
#define VIEW_FINDINGS_H

#include <stdbool.h>

#include "model/finding.h"
#include "util/str.h"

enum finding_level findings_worst(const struct findings *f);

/* A line a check, its cure on a line below, a sum at the end. */
void findings_text(const struct findings *f, bool color, struct str *out);
void findings_json(const struct findings *f, struct str *out);

#endif
