/* The straight line of the last days to the cycle's end: see forecast.h.
 * By direction, so that what the billing makes of both holds for the future too.
 * cmd/ calls. */
#include "model/forecast.h"

#include "util/saturate.h"

bool forecast(const struct forecast_input *in, uint64_t *ret_bytes)
{
	const struct cycle_span *c = &in->usage->cycle;
	const int64_t window = in->now - in->since < FORECAST_WINDOW_S ? in->now - in->since : FORECAST_WINDOW_S;
	struct usage then = *in->usage;
	uint64_t rest;

	if (c->start <= CALENDAR_MIN || c->end >= CALENDAR_MAX || in->now < c->start || in->now >= c->end ||
		window < FORECAST_DATA_S ||
		product_less((uint64_t)(in->now - c->start), 100, (uint64_t)(c->end - c->start), FORECAST_PERCENT))
		return false;
	rest = (uint64_t)(c->end - in->now);
	for (int d = 0; d < DIRS; d++) {
		uint64_t more = saturate_scale(in->lately.bytes[d], rest, (uint64_t)window);

		if (in->link_bps && more > saturate_scale(in->link_bps, rest, 8))
			more = saturate_scale(in->link_bps, rest, 8);
		then.figures.bytes[d] = saturate_add(then.figures.bytes[d], more);
	}
	*ret_bytes = policy_used(in->subject, &then);
	return true;
}
