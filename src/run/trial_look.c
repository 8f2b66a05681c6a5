/* What those who only look are told of a trial: see trial_look.h.
 * What of this machine cannot be read is taken for what it was.
 * cmd/ and run/ call. */
#include "run/trial_look.h"

#include <string.h>

#include "nl/talk.h"
#include "run/facts.h"

bool trial_is_over(const struct app *app, const struct trial *t)
{
	char boot_id[UUID_TEXT];
	struct talk *talk = NULL;
	struct err unheard;
	uint64_t netns = 0;

	if (facts_boot_id(boot_id, &unheard) < 0)
		memcpy(boot_id, t->boot_id, sizeof boot_id);
	if (talk_open(&talk, &unheard) < 0 || talk_netns(talk, &netns, &unheard) < 0)
		netns = 0;
	talk_close(talk);
	return trial_over(t, boot_id, netns, app->up_ms);
}

int trial_load(struct store *s, struct arena *a, struct trial *ret_trial, struct err *err)
{
	const char *text = NULL;

	*ret_trial = (struct trial){ 0 };
	if (store_meta_get(s, a, TRIAL_FACT, &text, err) < 0)
		return -1;
	if (text)
		trial_parse(text, ret_trial);
	return 0;
}

void trial_look(struct app *app, struct store *s, const char *zone, uint64_t files, struct trial_look *ret_look)
{
	struct trial_look l = { 0 };
	struct err unheard;
	bool held;

	*ret_look = l;
	if (trial_load(s, &app->arena, &l.trial, &unheard) < 0)
		return;
	held = l.trial.state == TRIAL_ROLLED_BACK && l.trial.files == files;
	l.over = l.trial.state == TRIAL_PENDING && trial_is_over(app, &l.trial);
	l.says = trial_says(&app->arena, &l.trial, zone, app->now, l.over, held);
	l.applied_holds = held || l.trial.state == TRIAL_PENDING;
	if (l.says)
		*ret_look = l;
}
