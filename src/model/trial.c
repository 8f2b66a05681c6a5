/* A configuration on trial: see trial.h.
 * The line that is stored: the format, and the fields in the order of the struct's use, blanks between, "-" for an empty name.
 * run/, cmd/ and view/ call. */
#include "model/trial.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "1"

static const char *name_or_dash(const char *name)
{
	return *name ? name : "-";
}

const char *trial_print(struct arena *a, const struct trial *t)
{
	return arena_printf(a,
		FORMAT " %d %d %s %s %016" PRIx64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %016" PRIx64
		       " %s %s",
		(int)t->state, (int)t->before, name_or_dash(t->id), name_or_dash(t->boot_id), t->netns, t->began,
		t->until, t->until_up_ms, t->ended, t->files, name_or_dash(t->who), name_or_dash(t->by));
}

void trial_name(const char *name, char ret_name[TRIAL_WHO])
{
	size_t n = 0;

	for (; n < TRIAL_WHO - 1 && name[n]; n++)
		ret_name[n] = (char)(name[n] < '!' || name[n] > '~' ? '-' : name[n]);
	ret_name[n] = '\0';
}

/* -- reading --------------------------------------------------------------------------------------------------------- */

struct words {
	const char *at;
	bool bad;
};

/* The next word; its length in *ret_len. */
static const char *next(struct words *w, size_t *ret_len)
{
	const char *word = w->at;

	*ret_len = strcspn(word, " ");
	w->bad |= *ret_len == 0;
	w->at += *ret_len + (word[*ret_len] == ' ');
	return word;
}

static int64_t number(struct words *w, int64_t least, int64_t most)
{
	size_t len;
	char *end;
	const char *word = next(w, &len);
	long long v;

	errno = 0;
	v = strtoll(word, &end, 10);
	w->bad |= errno || end != word + len || v < least || v > most;
	return v;
}

static uint64_t bits(struct words *w)
{
	size_t len;
	char *end;
	const char *word = next(w, &len);
	uint64_t v = strtoull(word, &end, 16);

	w->bad |= len != 16 || end != word + len;
	return v;
}

static void name(struct words *w, char *into, size_t size)
{
	size_t len;
	const char *word = next(w, &len);

	for (size_t i = 0; i < len; i++)
		w->bad |= word[i] < '!' || word[i] > '~';
	w->bad |= len >= size;
	if (w->bad || (len == 1 && *word == '-'))
		len = 0;
	memcpy(into, word, len);
	into[len] = '\0';
}

void trial_parse(const char *text, struct trial *ret_trial)
{
	struct words w = { .at = text };
	struct trial t = { 0 };
	size_t len;
	const char *format = next(&w, &len);

	w.bad |= len != strlen(FORMAT) || memcmp(format, FORMAT, len) != 0;
	t.state = (enum trial_state)number(&w, TRIAL_NONE, TRIAL_STATES - 1);
	t.before = (enum trial_before)number(&w, TRIAL_BEFORE_NOTHING, TRIAL_BEFORES - 1);
	name(&w, t.id, sizeof t.id);
	name(&w, t.boot_id, sizeof t.boot_id);
	t.netns = bits(&w);
	t.began = number(&w, CALENDAR_MIN, CALENDAR_MAX);
	t.until = number(&w, CALENDAR_MIN, CALENDAR_MAX);
	t.until_up_ms = number(&w, 0, INT64_MAX);
	t.ended = number(&w, CALENDAR_MIN, CALENDAR_MAX);
	t.files = bits(&w);
	name(&w, t.who, sizeof t.who);
	name(&w, t.by, sizeof t.by);
	if (w.bad || *w.at)
		t = (struct trial){ 0 };
	*ret_trial = t;
}

/* -------------------------------------------------------------------------------------------------------------------- */

bool trial_restarted(const struct trial *t, const char *boot_id, uint64_t netns)
{
	return strcmp(t->boot_id, boot_id) != 0 || (netns && t->netns && netns != t->netns);
}

bool trial_over(const struct trial *t, const char *boot_id, uint64_t netns, int64_t up_ms)
{
	return t->state == TRIAL_PENDING && (trial_restarted(t, boot_id, netns) || up_ms >= t->until_up_ms);
}

const char *trial_clock(struct arena *a, const char *zone, int64_t t, int64_t now)
{
	const struct calendar_time at = calendar_local(zone, t), today = calendar_local(zone, now);
	const char *clock = arena_printf(a, "%02d:%02d:%02d", at.hour, at.minute, at.second);

	if (calendar_days(at.date) == calendar_days(today.date))
		return clock;
	return arena_printf(a, "%04d-%02d-%02d %s", at.date.year, at.date.month, at.date.day, clock);
}

static const char *rolled_back(struct arena *a, const struct trial *t, const char *when)
{
	static const char *const now_holds[] = {
		[TRIAL_BEFORE_NOTHING] = "as before, nothing is counted",
		[TRIAL_BEFORE_APPLIED] = "the one applied before it holds",
		[TRIAL_BEFORE_DOWN] = "as before, counting is down",
	};

	return arena_printf(a, "the configuration was rolled back at %s: %s until %sit is taken up by: portflow apply",
		when, now_holds[t->before], t->before == TRIAL_BEFORE_DOWN ? "" : "the file changes, or ");
}

const char *trial_says(struct arena *a, const struct trial *t, const char *zone, int64_t now, bool over, bool held)
{
	if (t->state == TRIAL_ROLLED_BACK && held)
		return rolled_back(a, t, trial_clock(a, zone, t->ended, now));
	if (t->state != TRIAL_PENDING)
		return NULL;
	if (over)
		return arena_printf(a,
			"the configuration was on trial until %s and was not confirmed: the next run rolls it back, as does: portflow sample",
			trial_clock(a, zone, t->until, now));
	return arena_printf(a,
		"the configuration is on trial until %s, and then rolled back unless it is kept by: portflow confirm",
		trial_clock(a, zone, t->until, now));
}
