/* A run that fails: see trouble.h.
 * What was told is remembered where no disk can be full; where it cannot be, nothing is sent, since each run would.
 * run/run.c calls. */
#include "run/trouble.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/notice.h"
#include "model/target.h"
#include "notify/notifier.h"
#include "run/deliver.h"
#include "run/facts.h"
#include "run/host.h"
#include "run/lock.h"
#include "run/secrets.h"
#include "util/vec.h"

#define STAMP LOCK_DIR "/failing"
#define AGAIN_S 86400
#define BUSY_S 7200

/* Unix seconds; 0: never. */
struct stamp {
	int64_t since, told;
};

static struct stamp read_stamp(struct app *app)
{
	const char *text = host_text(&app->arena, STAMP);
	struct stamp s = { 0 };

	if (!text || sscanf(text, "%" SCNd64 " %" SCNd64, &s.since, &s.told) != 2 || s.since > app->now ||
		s.told > app->now)
		s = (struct stamp){ 0 };
	if (!s.since)
		s.since = app->now;
	return s;
}

/* Made anew, since it may be another user's. */
static bool write_stamp(const struct stamp *s)
{
	bool written;
	int fd;

	mkdir(LOCK_DIR, 0750);
	unlink(STAMP);
	fd = open(STAMP, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return false;
	written = dprintf(fd, "%" PRId64 " %" PRId64 "\n", s->since, s->told) > 0;
	close(fd);
	return written;
}

struct call {
	struct target target;
	const char *recipient;
};
struct call_list {
	struct call *at;
	size_t n, cap;
};

static void add_calls(struct app *app, const struct config *c, struct call_list *to)
{
	for (size_t i = 0; i < c->settings.notify.n; i++) {
		const struct route *r = &c->settings.notify.at[i];
		const struct target *t = config_target(c, r->target, strlen(r->target));
		const char *whom;

		if (!t || !(t->events & NOTICE_HEALTH))
			continue;
		for (size_t k = 0; (whom = target_whom(t, r->recipient, k)); k++)
			*vec_push(&app->arena, to) = (struct call){ *t, whom };
	}
}

static bool tell_all(struct app *app, const struct config *c, const struct notice *n)
{
	struct arena *a = &app->arena;
	const char *node = c->settings.node ? c->settings.node : facts_node(a);
	struct call_list calls = { 0 };
	struct sending *list;
	size_t sent = 0;
	bool any = false;

	add_calls(app, c, &calls);
	list = arena_array(a, calls.n + 1, sizeof *list);
	for (size_t i = 0; i < calls.n; i++) {
		struct target *t = &calls.at[i].target;
		struct message m;
		const struct letter letter = { .message = &m,
			.recipient = calls.at[i].recipient,
			.key = arena_printf(a, "%s.failed.%" PRIu64 ".%zu", node, n->time, i),
			.time = app->now,
			.now = app->now };

		if (secrets_reveal(a, t))
			continue;
		message_of(a, t->language, node, &n, 1, &m);
		list[sent].target = t;
		notifier_of(t->type)->build(a, t, &letter, &list[sent++].request);
	}
	deliver_send(app, list, sent);
	for (size_t i = 0; i < sent; i++)
		any |= list[i].outcome.kind == OUTCOME_DONE;
	return any;
}

void trouble(struct app *app, const struct config *c, const struct err *err)
{
	struct notice n = { .kind = "run_failed", NOTICE_PLAIN };
	struct stamp s;

	if (!err) {
		unlink(STAMP);
		return;
	}
	if (!c || !c->settings.notify.n)
		return;
	s = read_stamp(app);
	n.text = err->text;
	n.time = (uint64_t)app->now;
	n.zone = c->settings.timezone;
	if (s.told && app->now - s.told < AGAIN_S)
		return;
	if (err->kind == ERR_BUSY && app->now - s.since < BUSY_S) {
		write_stamp(&s);
		return;
	}
	s.told = app->now;
	if (!write_stamp(&s) || tell_all(app, c, &n))
		return;
	s.told = 0; /* nobody was reached: the next run tries again */
	write_stamp(&s);
}
