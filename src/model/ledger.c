/* The ledger as a list: see ledger.h.
 * A dump lists objects in the order of their birth, which is that of the rows but for what was made anew.
 * Pure; run/ calls. */
#include "model/ledger.h"

void ledger_places(const struct ledger *l, struct arena *a, struct places *ret_places)
{
	places_init(
		ret_places, a, l->counters.n ? &l->counters.at[0].object : NULL, sizeof *l->counters.at, l->counters.n);
	ret_places->stranger = LEDGER_CANARY;
}
