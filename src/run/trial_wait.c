/* Waiting for the end of a trial: see trial_wait.h.
 * The lock is not held meanwhile. Each run of anybody opens its file for writing and closes it at the end, which wakes us: so `confirm` is
 * heard of at once, without a signal, a process id or a socket. cmd/ calls. */
#include "run/trial_wait.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "run/facts.h"
#include "run/lock.h"
#include "store/store.h"

#define LOOK_MS 5000       /* how often is looked all the same */
#define LOOK_BLIND_MS 1000 /* ... when nothing would wake us */
#define STUCK_S 5          /* longer than that no reader of our output holds us up */
#define TRIES 120          /* to roll back, a second apart, while others or a full disk are in the way */

/* -- signals --------------------------------------------------------------------------------------------------------- */

/* A write to a terminal that takes nothing any more is interrupted, which stdio takes for an error of that file. */
static void wake(int number)
{
	(void)number;
}

int trial_guard(int *ret_signals, struct err *err)
{
	static const int ignored[] = { SIGHUP, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU };
	const struct sigaction ignore = { .sa_handler = SIG_IGN }, alarm = { .sa_handler = wake };
	const struct itimerval often = { { STUCK_S, 0 }, { STUCK_S, 0 } };
	sigset_t asking;

	sigemptyset(&asking);
	sigaddset(&asking, SIGINT);
	sigaddset(&asking, SIGTERM);
	sigaddset(&asking, SIGQUIT);
	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		if (sigaction(ignored[i], &ignore, NULL) < 0)
			return err_sys(err, ERR_FAIL, errno, "ignoring signals");
	if (sigaction(SIGALRM, &alarm, NULL) < 0 || setitimer(ITIMER_REAL, &often, NULL) < 0)
		return err_sys(err, ERR_FAIL, errno, "setting a timer");
	if (sigprocmask(SIG_BLOCK, &asking, NULL) < 0 ||
		(*ret_signals = signalfd(-1, &asking, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
		return err_sys(err, ERR_FAIL, errno, "waiting for signals");
	return 0;
}

static bool asked_to_end(int signals)
{
	struct signalfd_siginfo s;

	return read(signals, &s, sizeof s) == (ssize_t)sizeof s;
}

/* -- waiting --------------------------------------------------------------------------------------------------------- */

/* CLOCK_BOOTTIME goes on while the machine sleeps, and nobody sets it. */
static int deadline(const struct trial *t, struct err *err)
{
	const struct itimerspec at = { .it_value = { t->until_up_ms / 1000, t->until_up_ms % 1000 * 1000000 } };
	int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd >= 0 && timerfd_settime(fd, TFD_TIMER_ABSTIME, &at, NULL) == 0)
		return fd;
	err_sys(err, ERR_FAIL, errno, "setting the timer of the trial");
	if (fd >= 0)
		close(fd);
	return -1;
}

/* -1: then it is looked at often. */
static int watch_runs(struct app *app, const char *database)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd >= 0 && inotify_add_watch(fd, arena_printf(&app->arena, "%s.lock", database), IN_CLOSE_WRITE) >= 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static void drain(int fd)
{
	char events[4096];

	while (read(fd, events, sizeof events) > 0)
		;
}

/* What the database says of it now. When it cannot be read there is another look later, and the roll-back says why. */
static void look(const char *database, struct trial *t)
{
	cleanup_store struct store *s = NULL;
	cleanup_arena struct arena a = { 0 };
	struct err unheard;
	const char *text = NULL;
	struct trial now = { 0 };

	if (store_open(database, STORE_READ, &s, &unheard) < 0 ||
		store_meta_get(s, &a, TRIAL_FACT, &text, &unheard) < 0)
		return;
	if (text)
		trial_parse(text, &now);
	if (!text || strcmp(now.id, t->id) != 0)
		t->state = TRIAL_ENDED;
	else
		*t = now;
}

enum woken { WOKEN_ENDED, WOKEN_TIME, WOKEN_SIGNAL };

static enum woken wait_for_end(const char *database, int signals, int timer, int runs, struct trial *t)
{
	struct pollfd fds[] = { { .fd = signals, .events = POLLIN }, { .fd = timer, .events = POLLIN },
		{ .fd = runs, .events = POLLIN } };

	for (;;) {
		look(database, t);
		if (t->state != TRIAL_PENDING)
			return WOKEN_ENDED;
		fds[0].revents = fds[1].revents = fds[2].revents = 0;
		if (poll(fds, sizeof fds / sizeof *fds, runs >= 0 ? LOOK_MS : LOOK_BLIND_MS) < 0)
			continue; /* interrupted */
		if (fds[0].revents && asked_to_end(signals))
			return WOKEN_SIGNAL;
		if (fds[1].revents)
			return WOKEN_TIME;
		if (fds[2].revents)
			drain(runs);
	}
}

/* -- the end --------------------------------------------------------------------------------------------------------- */

int trial_back(struct app *app, const char *why, struct run_report *r, struct err *err)
{
	static const struct timespec pause = { 1, 0 };
	const struct trial before = r->trial;
	const char *database = r->database;
	int tries = 0;

	while (app_clock(app), run_roll_back(app, database, before.id, why, r, err) < 0) {
		if (tries == 0)
			app_warn(app, "rolling back: %s; trying again", err->text);
		if (++tries == TRIES) {
			r->trial = before;
			return err_wrap(err, "NOT rolled back yet, the next run tries again, as does: portflow sample");
		}
		nanosleep(&pause, NULL);
	}
	return 0;
}

/* It ended by somebody else's doing. */
static int ended(struct app *app, const struct trial *t, const char *zone, struct err *err)
{
	switch (t->state) {
	case TRIAL_CONFIRMED:
		return 0;
	case TRIAL_ROLLED_BACK:
		return err_set(err, ERR_FAIL, "not confirmed: rolled back at %s",
			trial_clock(&app->arena, zone, t->ended, app->now));
	case TRIAL_NONE:
	case TRIAL_PENDING:
	case TRIAL_ENDED:
	case TRIAL_STATES:
		break;
	}
	return err_set(err, ERR_FAIL,
		"the trial was ended by another run of portflow, and not rolled back: see portflow events");
}

static int roll_back(struct app *app, enum woken woken, struct run_report *r, struct err *err)
{
	const char *why = woken == WOKEN_TIME ? NULL : "was ended by a signal, before its time was over";

	if (trial_back(app, why, r, err) < 0)
		return -1;
	if (r->trial.state != TRIAL_ROLLED_BACK || !r->rolled_back)
		return ended(app, &r->trial, r->zone, err);
	return err_set(err, ERR_FAIL, "%s", r->rolled_back);
}

int trial_wait(struct app *app, int signals, struct run_report *r, struct err *err)
{
	int timer = deadline(&r->trial, err);
	int runs = watch_runs(app, r->database), rc;
	enum woken woken = timer < 0 ? WOKEN_SIGNAL : wait_for_end(r->database, signals, timer, runs, &r->trial);

	app_clock(app);
	rc = woken == WOKEN_ENDED ? ended(app, &r->trial, r->zone, err) : roll_back(app, woken, r, err);
	if (timer >= 0)
		close(timer);
	if (runs >= 0)
		close(runs);
	return rc;
}
