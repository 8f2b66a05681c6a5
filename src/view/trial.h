/* A configuration on trial, or rolled back, as JSON: one object wherever it is told, so that programs read it once.
 * Pure.
 * plan and status call. */
#ifndef VIEW_TRIAL_H
#define VIEW_TRIAL_H

#include "model/trial.h"
#include "view/json.h"

/* "trial": {"state":"pending"|"rolled_back","began":…,"until":…,"ended":…,"who":…}, or null where there is nothing to tell. */
void trial_json(struct json *j, const char *zone, const struct trial *t);

#endif
