/* portflow-net: all that portflow has to do with the network. Requests come by standard input until its end, run all at once, and
 * each one's response is written as soon as it is known; after the budget it ends, whatever is still on its way.
 * Apart from portflow since libcurl costs every run time and memory, and since what parses foreign bytes may hold no capability.
 * child/ starts it: portflow-net MILLISECONDS. Nobody else. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "net/guard.h"
#include "net/outcome.h"
#include "net/transfer.h"
#include "util/record.h"
#include "util/vec.h"

#define BUDGET_MAX_MS 15000
#define INPUT_MAX ((size_t)64 << 20)
/* Less is no time to begin one more mail in: cut off at the end, nobody knows whether it was taken. */
#define LEAST_MS 1500
/* To one server at a time: providers refuse many, and a kept connection saves a handshake. */
#define CONNECTIONS_A_HOST 4L

enum { EXIT_USAGE = 64, EXIT_DATA = 65, EXIT_OUTPUT = 74, EXIT_RIGHTS = 77 };

/* Of a login. */
struct refusal {
	const struct request *request;
	struct response response;
};

struct work {
	struct arena arena;
	VEC_OF(struct transfer *) transfers;
	VEC_OF(struct refusal) refusals;
	struct trusts trusts;
	CURLM *multi;
	int64_t deadline_ms;
	size_t running, next;
	uint32_t budget_ms;
	bool mails;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* No clean-up: it would wait for name servers, and the process ends anyway. */
static _Noreturn void end(int code, const char *why)
{
	if (why)
		dprintf(STDERR_FILENO, "portflow-net: %s\n", why);
	_exit(code);
}

static void read_all(struct str *to)
{
	char chunk[16384];
	ssize_t n;

	while ((n = read(STDIN_FILENO, chunk, sizeof chunk)) != 0) {
		if (n < 0 && errno != EINTR)
			end(EXIT_DATA, "the requests could not be read");
		if (n > 0)
			str_put(to, chunk, (size_t)n);
	}
	if (to->full)
		end(EXIT_DATA, "the requests are too large");
}

static void write_all(const char *p, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, p, len);

		if (n < 0 && errno != EINTR)
			end(EXIT_OUTPUT, "nobody reads the responses");
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
}

static void respond(struct transfer *t, const struct response *r)
{
	cleanup_str struct str out = STR_CEILING(RECORD_MAX);

	t->finished = true;
	if (response_put(&out, t->id, r))
		write_all(out.p, out.len);
}

static void read_requests(struct work *w, const struct str *input)
{
	for (size_t at = 0; at < input->len;) {
		long len = record_whole(input->p + at, input->len - at, RECORD_MAX);
		/* libcurl knows its address, so it does not lie in the list */
		struct transfer *t = arena_new(&w->arena, struct transfer);

		if (len <= 0 || !request_get(&w->arena, input->p + at, (size_t)len, &t->id, &t->request) ||
			t->request.kind == REQUEST_EXEC)
			end(EXIT_DATA, "the requests are damaged");
		*vec_push(&w->arena, &w->transfers) = t;
		w->mails = w->mails || t->request.kind == REQUEST_MAIL;
		at += (size_t)len;
	}
}

/* Was its login refused? Servers lock out who tries a wrong one again and again, so nobody tries it twice here. */
static const struct refusal *refused(const struct work *w, const struct transfer *t)
{
	for (size_t i = 0; i < w->refusals.n; i++)
		if (request_same_login(w->refusals.at[i].request, &t->request))
			return &w->refusals.at[i];
	return NULL;
}

static void start(struct work *w, struct transfer *t)
{
	const int64_t left = w->deadline_ms - now_ms();
	const struct refusal *before = refused(w, t);
	struct err err = { .kind = ERR_NONE };
	struct response r;

	if (before) {
		r = outcome_held(&before->response);
		respond(t, &r);
		return;
	}
	if (left <= 0)
		return;
	if (transfer_prepare(t, &w->trusts, &w->arena, (uint32_t)left, &err) == 0 &&
		curl_multi_add_handle(w->multi, t->easy) == CURLM_OK) {
		w->running++;
		return;
	}
	r = outcome_impossible(t, &w->arena, &err);
	respond(t, &r);
}

/* All of HTTP at once. Mails one after the other: libcurl waits for the end of each without looking at the rest, and one login
 * does for all; the parent starts a process a server. */
static void start_more(struct work *w)
{
	while (w->next < w->transfers.n && !(w->mails && w->running)) {
		if (w->mails && w->next && w->deadline_ms - now_ms() < LEAST_MS)
			return;
		start(w, w->transfers.at[w->next++]);
	}
}

static void collect(struct work *w)
{
	struct transfer *t;
	struct response r;
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(w->multi, &left))) {
		if (m->msg != CURLMSG_DONE || curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t))
			continue;
		r = outcome_ended(t, &w->arena, m->data.result);
		if (outcome_refuses_login(t, &r))
			*vec_push(&w->arena, &w->refusals) = (struct refusal){ &t->request, r };
		respond(t, &r);
		w->running--;
	}
	start_more(w);
}

static void run(struct work *w)
{
	for (;;) {
		int64_t left;
		int still;

		if (curl_multi_perform(w->multi, &still) != CURLM_OK)
			end(EXIT_FAILURE, "libcurl fails");
		collect(w);
		left = w->deadline_ms - now_ms();
		if (!w->running || left <= 0)
			return;
		curl_multi_poll(w->multi, NULL, 0, left < 1000 ? (int)left : 1000, NULL);
	}
}

static uint32_t read_budget(int argc, char **argv)
{
	char *rest;
	unsigned long ms;

	if (argc != 2 || argv[1][0] < '0' || argv[1][0] > '9')
		return 0;
	ms = strtoul(argv[1], &rest, 10);
	return *rest || ms > BUDGET_MAX_MS ? 0 : (uint32_t)ms;
}

int main(int argc, char **argv)
{
	struct str input = STR_CEILING(INPUT_MAX);
	const char *unsafe = guard_self();
	struct work w = { .budget_ms = read_budget(argc, argv) };

	w.deadline_ms = now_ms() + w.budget_ms;
	if (unsafe)
		end(EXIT_RIGHTS, unsafe);
	if (!w.budget_ms)
		end(EXIT_USAGE, "portflow starts this; it is of no use by hand");
	signal(SIGPIPE,
		SIG_IGN); /* libcurl leaves it to us; a server that goes away must not end the others' transfers */
	read_all(&input);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) || !(w.multi = curl_multi_init()))
		end(EXIT_FAILURE, "libcurl does not start");
	curl_multi_setopt(w.multi, CURLMOPT_MAX_HOST_CONNECTIONS, CONNECTIONS_A_HOST);
	read_requests(&w, &input);
	start_more(&w);
	run(&w);
	for (size_t i = 0; i < w.transfers.n; i++)
		if (!w.transfers.at[i]->finished) {
			struct response r = outcome_late(w.transfers.at[i], &w.arena, w.budget_ms);

			respond(w.transfers.at[i], &r);
		}
	end(EXIT_SUCCESS, NULL);
}
