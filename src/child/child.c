/* All the children of one delivery, side by side: see child.h.
 * One loop of poll(2); whatever a child does, the loop ends at the budget, and each request is told what became of it.
 * run/ and cmd/ call. */
#include "child/child.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child/confine.h"
#include "child/program.h"
#include "child/spawn.h"
#include "util/record.h"
#include "util/utf8.h"
#include "util/vec.h"

/* portflow-net ends by itself this long before it would be killed, so that each request gets its own words. */
#define MARGIN_MS 800
#define HELPER_MAX_MS 15000
/* One for all of HTTP, and those of mails: a server has up to SERVER_HELPERS. */
#define HELPERS 8
#define SERVER_HELPERS 3
#define EXEC_MAX_MS 10000
#define EXEC_AT_ONCE 8
#define FEED_MAX ((size_t)60 << 20)
#define RESPONSE_MAX (RESPONSE_BODY_MAX + ((size_t)16 << 10))
/* A response of the size allowed, and what is read at once behind it. */
#define OUTPUT_MAX (RESPONSE_MAX + ((size_t)256 << 10))
#define ERRORS_MAX ((size_t)2 << 10)
/* Of what a program says, as much as a line of ours bears. */
#define WORDS_MAX ((size_t)200)

struct job {
	struct proc proc;
	size_t request; /* of exec; n for portflow-net */
	unsigned lane;  /* of portflow-net */
	int64_t deadline_ms;
	struct str feed;
};

struct batch {
	const struct child_plan *plan;
	struct arena *arena;
	const struct request *requests;
	size_t n;
	bool *done;
	unsigned char *lane; /* which helper does it; exec: none */
	struct account account;
	int64_t deadline_ms;
	VEC_OF(struct job *) jobs;
	size_t next_exec;
};

static void respond(struct batch *b, size_t i, const struct response *r)
{
	if (b->done[i])
		return;
	b->done[i] = true;
	b->plan->done(b->plan->with, i, r);
}

static void respond_text(struct batch *b, size_t i, enum response_end end, const char *text)
{
	respond(b, i, &(struct response){ .end = end, .error = text });
}

#define NO_LANE 255

static void respond_lane(struct batch *b, unsigned lane, enum response_end end, const char *text)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->lane[i] == lane)
			respond_text(b, i, end, text);
}

/* What a program said on its way out, as part of one line. */
static const char *last_words(struct batch *b, const struct str *said)
{
	cleanup_str struct str line = STR_CEILING(3 * WORDS_MAX + 2);
	size_t len = said->len < WORDS_MAX ? said->len : WORDS_MAX;

	if (!len)
		return "";
	str_puts(&line, ": ");
	utf8_put_line(&line, said->p, len);
	while (line.p[line.len - 1] == ' ')
		line.len--;
	return line.p[line.len - 1] == ':' ? "" : arena_strndup(b->arena, line.p, line.len);
}

static const char *how_it_ended(struct batch *b, int status)
{
	if (WIFSIGNALED(status))
		return arena_printf(b->arena, "was ended by signal %d (SIG%s)", WTERMSIG(status),
			sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status)) : "?");
	return arena_printf(b->arena, "ended with exit code %d", WEXITSTATUS(status));
}

/* -- portflow-net ------------------------------------------------------------------------------------------------------- */

static bool same_server(const struct request *x, const struct request *y)
{
	return x->kind == REQUEST_MAIL && y->kind == REQUEST_MAIL && x->url && y->url && strcmp(x->url, y->url) == 0;
}

/* Lane 0 is HTTP's, where all go at once. libcurl holds up everything else in a process while it waits for the end of a mail, so
 * each mail server has a process of its own, and one with many mails has more. */
static void choose_lanes(struct batch *b)
{
	unsigned char *slot = arena_alloc(b->arena, b->n);
	unsigned mail_lanes = 0;

	for (size_t i = 0; i < b->n; i++) {
		size_t before = 0, k;

		b->lane[i] = b->requests[i].kind == REQUEST_EXEC ? NO_LANE : 0;
		if (b->requests[i].kind != REQUEST_MAIL)
			continue;
		for (k = 0; k < i; k++)
			before += same_server(&b->requests[k], &b->requests[i]);
		slot[i] = (unsigned char)((before < 2 * SERVER_HELPERS ? before / 2 : before) % SERVER_HELPERS);
		for (k = 0; k < i; k++)
			if (slot[k] == slot[i] && same_server(&b->requests[k], &b->requests[i]))
				break;
		b->lane[i] = k < i ? b->lane[k] : (unsigned char)(1 + mail_lanes++ % (HELPERS - 1));
	}
}

/* The requests of a lane as records; what does not fit has its response. */
static void write_feed(struct batch *b, unsigned lane, struct str *feed)
{
	*feed = STR_CEILING(FEED_MAX);
	for (size_t i = 0; i < b->n; i++) {
		size_t before = feed->len;

		if (b->lane[i] != lane || request_put(feed, (uint32_t)i, &b->requests[i]))
			continue;
		feed->len = before;
		feed->full = false;
		respond_text(b, i, RESPONSE_IMPOSSIBLE, "the message is too large");
	}
}

/* Of a lane: what its targets name. */
static struct confine ca_files(struct batch *b, unsigned lane)
{
	const char **files = arena_array(b->arena, b->n, sizeof *files);
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		if (b->lane[i] == lane && b->requests[i].ca_file)
			files[n++] = b->requests[i].ca_file;
	return (struct confine){ files, n };
}

static void start_helper(struct batch *b, unsigned lane, struct program what)
{
	struct job *job = arena_new(b->arena, struct job);
	const struct confine confine = ca_files(b, lane);
	struct err err;

	what.confine = &confine;
	job->request = b->n;
	job->lane = lane;
	job->deadline_ms = b->deadline_ms;
	write_feed(b, lane, &job->feed);
	job->proc.feed = (struct request_bytes){ job->feed.p, job->feed.len };
	job->proc.output = STR_CEILING(OUTPUT_MAX);
	job->proc.errors = STR_CEILING(ERRORS_MAX);
	if (job->feed.len == 0)
		return;
	if (spawn(&job->proc, &what, &b->account, &err) == 0) {
		*vec_push(b->arena, &b->jobs) = job;
		return;
	}
	respond_lane(b, lane, RESPONSE_NOT_RUN, arena_strdup(b->arena, err.text));
	str_free(&job->feed);
}

static bool uses_network(const struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->lane[i] != NO_LANE)
			return true;
	return false;
}

static void start_helpers(struct batch *b)
{
	const uint32_t budget = b->plan->budget_ms > MARGIN_MS ? b->plan->budget_ms - MARGIN_MS : 1;
	const char *argv[] = { "portflow-net",
		arena_printf(b->arena, "%u", budget < HELPER_MAX_MS ? budget : HELPER_MAX_MS), NULL };
	struct program what = { .path = b->plan->helper, .argv = argv, .fd = -1 };
	const char *why = "portflow-net is missing: the package portflow-net brings it (make install does too)";

	if (!uses_network(b))
		return;
	if (what.path) {
		what.fd = open(what.path, O_RDONLY | O_CLOEXEC);
		why = arena_printf(b->arena, "%s: %s", what.path, strerror(errno));
	}
	for (unsigned lane = 0; lane < HELPERS; lane++)
		if (what.fd < 0)
			respond_lane(b, lane, RESPONSE_NOT_RUN, why);
		else
			start_helper(b, lane, what);
	if (what.fd >= 0)
		close(what.fd);
}

/* Hands on the whole records at the beginning of the output. False when what is there can be none. */
static bool take_records(struct batch *b, unsigned lane, struct str *output)
{
	struct response r;
	uint32_t id;
	long len;

	while ((len = record_whole(output->p, output->len, RESPONSE_MAX)) > 0) {
		if (!response_get(b->arena, output->p, (size_t)len, &id, &r) || id >= b->n || b->lane[id] != lane ||
			b->done[id])
			return false; /* also a second one: they could go on for ever, and each is kept */
		respond(b, id, &r);
		output->len -= (size_t)len;
		memmove(output->p, output->p + len, output->len);
		output->full = false;
	}
	return len == 0;
}

static void judge_helper(struct batch *b, struct job *job, const char *why)
{
	const struct proc *p = &job->proc;
	const bool at_work = p->fed && (WIFSIGNALED(p->wait_status) || WEXITSTATUS(p->wait_status) == 0);

	respond_lane(b, job->lane, at_work ? RESPONSE_UNSURE : RESPONSE_NOT_RUN,
		arena_printf(b->arena, "portflow-net %s%s", why ? why : how_it_ended(b, p->wait_status),
			last_words(b, &p->errors)));
}

/* -- exec --------------------------------------------------------------------------------------------------------------- */

static void start_exec(struct batch *b, size_t i)
{
	const struct request *q = &b->requests[i];
	struct program what = { .fd = -1, .one_output = true };
	const char **argv = arena_array(b->arena, q->argv.n + 1, sizeof *argv);
	struct job *job;
	struct err err;

	if (q->argv.n == 0) {
		respond_text(b, i, RESPONSE_IMPOSSIBLE, "no program is named");
		return;
	}
	if (program_check(b->arena, q->argv.at[0], &what.path, &err)) {
		respond_text(b, i, RESPONSE_IMPOSSIBLE, arena_strdup(b->arena, err.text));
		return;
	}
	memcpy(argv, q->argv.at, q->argv.n * sizeof *argv);
	what.argv = argv;
	job = arena_new(b->arena, struct job);
	*job = (struct job){ .request = i, .deadline_ms = b->plan->now_ms() + EXEC_MAX_MS };
	if (job->deadline_ms > b->deadline_ms)
		job->deadline_ms = b->deadline_ms;
	job->proc.feed = q->body;
	job->proc.output = STR_CEILING(RESPONSE_BODY_MAX);
	job->proc.errors = STR_CEILING(ERRORS_MAX);
	if (spawn(&job->proc, &what, &b->account, &err))
		respond_text(b, i, RESPONSE_NOT_RUN, arena_strdup(b->arena, err.text));
	else
		*vec_push(b->arena, &b->jobs) = job;
}

static size_t execs_running(const struct batch *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->jobs.n; i++)
		n += b->jobs.at[i]->request < b->n;
	return n;
}

static void start_execs(struct batch *b)
{
	for (; b->next_exec < b->n && execs_running(b) < EXEC_AT_ONCE; b->next_exec++)
		if (b->lane[b->next_exec] == NO_LANE)
			start_exec(b, b->next_exec);
}

static void judge_exec(struct batch *b, struct job *job, bool late)
{
	const struct proc *p = &job->proc;
	const char *name = b->requests[job->request].argv.at[0];
	struct response r = { .end = RESPONSE_ANSWERED, .timed_out = late, .body_cut = p->output_cut };

	r.body = (struct request_bytes){ arena_strndup(b->arena, p->output.p ? p->output.p : "", p->output.len),
		p->output.len };
	if (late) {
		r.end = RESPONSE_UNSURE;
		r.error = arena_printf(b->arena, "%s had not ended after its time and was killed", name);
	} else if (WIFSIGNALED(p->wait_status)) {
		r.end = RESPONSE_UNSURE;
		r.error = arena_printf(b->arena, "%s %s", name, how_it_ended(b, p->wait_status));
	} else if (WEXITSTATUS(p->wait_status)) {
		r.status = (uint32_t)WEXITSTATUS(p->wait_status);
		r.error = arena_printf(
			b->arena, "%s %s%s", name, how_it_ended(b, p->wait_status), last_words(b, &p->output));
	}
	respond(b, job->request, &r);
}

/* -- all of them -------------------------------------------------------------------------------------------------------- */

static void finish(struct batch *b, struct job *job, bool late, const char *why)
{
	if (!job->proc.ended)
		proc_kill(&job->proc);
	if (job->request < b->n) {
		judge_exec(b, job, late);
	} else {
		bool sane = take_records(b, job->lane, &job->proc.output);

		if (late)
			why = "had not ended after its time and was killed";
		judge_helper(b, job, why ? why : sane ? NULL : "answered in a way that is none");
	}
	proc_free(&job->proc);
	str_free(&job->feed);
}

/* True as long as it goes on. */
static bool attend(struct batch *b, struct job *job)
{
	proc_work(&job->proc);
	if (job->request == b->n && !job->proc.ended && !take_records(b, job->lane, &job->proc.output)) {
		finish(b, job, false, "answered in a way that is none");
		return false;
	}
	if (!job->proc.ended && b->plan->now_ms() < job->deadline_ms)
		return true;
	finish(b, job, !job->proc.ended, NULL);
	return false;
}

static void wait_for_work(struct batch *b)
{
	struct pollfd fds[(EXEC_AT_ONCE + HELPERS) * PROC_FDS];
	const int64_t wish = b->plan->idle ? b->plan->idle(b->plan->with) : -1;
	int64_t now = b->plan->now_ms(), left = b->deadline_ms - now;
	nfds_t n = 0;

	if (wish >= 0 && wish < left)
		left = wish;
	for (size_t i = 0; i < b->jobs.n; i++) {
		struct job *job = b->jobs.at[i];

		n += proc_wants(&job->proc, fds + n);
		if (job->deadline_ms - now < left)
			left = job->deadline_ms - now;
	}
	poll(fds, n, left < 0 ? 0 : left < 60000 ? (int)left : 60000); /* EINTR: looked at again */
}

static void run_all(struct batch *b)
{
	while (b->jobs.n) {
		size_t still = 0;

		wait_for_work(b);
		for (size_t i = 0; i < b->jobs.n; i++)
			if (attend(b, b->jobs.at[i]))
				b->jobs.at[still++] = b->jobs.at[i];
		b->jobs.n = still;
		if (b->plan->now_ms() < b->deadline_ms)
			start_execs(b);
	}
}

static struct passwd *service_user(struct arena *a, const char *name, struct passwd *entry)
{
	struct passwd *found = NULL;
	size_t size = (size_t)16 << 10;

	return getpwnam_r(name, entry, arena_alloc(a, size), size, &found) ? NULL : found;
}

/* Whom the children are: the service user when we are root, else ourselves. */
static bool find_account(struct batch *b)
{
	struct passwd entry, *found;

	if (geteuid() != 0)
		return true;
	found = service_user(b->arena, b->plan->user, &entry);
	if (found)
		b->account = (struct account){ b->plan->user, found->pw_uid, found->pw_gid };
	return found;
}

uid_t child_uid(struct arena *a, const char *user)
{
	struct passwd entry, *found = geteuid() == 0 ? service_user(a, user, &entry) : NULL;

	return found ? found->pw_uid : geteuid();
}

void child_run(const struct child_plan *plan, struct arena *a, const struct request *requests, size_t n)
{
	struct batch b = { .plan = plan, .arena = a, .requests = requests, .n = n };
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;

	if (!n)
		return;
	b.done = arena_array(a, n, sizeof *b.done);
	b.lane = arena_alloc(a, n);
	b.deadline_ms = plan->now_ms() + plan->budget_ms;
	sigaction(SIGPIPE, &ignore, &before);
	if (find_account(&b)) {
		choose_lanes(&b);
		start_helpers(&b);
		start_execs(&b);
		run_all(&b);
	}
	sigaction(SIGPIPE, &before, NULL);
	for (size_t i = 0; i < n; i++)
		if (!b.done[i] && geteuid() == 0 && !b.account.name)
			respond_text(&b, i, RESPONSE_NOT_RUN,
				arena_printf(
					a, "there is no user %s to run it as: systemd-sysusers makes it", plan->user));
		else
			respond(&b, i,
				&(struct response){ .end = RESPONSE_NOT_RUN,
					.timed_out = true,
					.error = "no time was left for it" });
}
