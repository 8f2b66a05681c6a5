/* How much of a quota will be used when its cycle ends, if the last days go on.
 * Nothing is said while there is too little to say it from.
 * Pure; time is an argument. cmd/ calls. */
#ifndef MODEL_FORECAST_H
#define MODEL_FORECAST_H

#include "model/policy.h"

#define FORECAST_WINDOW_S (7 * INT64_C(86400))
#define FORECAST_DATA_S INT64_C(86400) /* so much must be known */
#define FORECAST_PERCENT 10            /* of the cycle must be over */

struct forecast_input {
	const struct entry *subject;
	const struct usage *usage; /* of the cycle that runs, as of now */
	int64_t now;
	int64_t since;         /* when counting began */
	struct figures lately; /* what moved in the last FORECAST_WINDOW_S, or since counting began */
	uint64_t link_bps;     /* most that the devices carry in each direction; 0: not known */
};

/* false: too early, or the cycle never ends. */
bool forecast(const struct forecast_input *in, uint64_t *ret_bytes);

#endif
