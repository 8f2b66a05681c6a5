/* A configuration on trial, as JSON: see trial.h.
 * What was confirmed or ended otherwise is no news: the configuration simply holds.
 * plan and status call. */
#include "view/trial.h"

void trial_json(struct json *j, const char *zone, const struct trial *t)
{
	json_key(j, "trial");
	if (!t || (t->state != TRIAL_PENDING && t->state != TRIAL_ROLLED_BACK)) {
		json_put_null(j);
		return;
	}
	json_open_object(j);
	json_key(j, "state");
	json_put_text(j, t->state == TRIAL_PENDING ? "pending" : "rolled_back");
	json_key(j, "who");
	json_put_text(j, t->who);
	json_key(j, "began");
	json_put_time(j, zone, t->began);
	json_key(j, "until");
	json_put_time(j, zone, t->until);
	json_key(j, "ended");
	if (t->ended)
		json_put_time(j, zone, t->ended);
	else
		json_put_null(j);
	json_close_object(j);
}
