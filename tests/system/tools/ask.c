/* Hands requests to child_run() as a run would, and prints each response as it comes: the network part and the children alone,
 * without a database or a configuration around them.
 * tests/system/ runs it: [PORTFLOW_NET=HELPER] ask [-u USER] [-b BUDGET_MS] <REQUESTS
 * stdin: a line KEY=VALUE for a field of a request (model/request.c has the keys), a blank line between two requests; in values \n and
 * \r are what they look like, and =@FILE reads the file.
 * stdout, a line each: NUMBER END STATUS [retry=S] [curl=N] [late] [cut] ms=N error="..." cure="..." body="..." */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "child/child.h"
#include "util/record.h"
#include "util/vec.h"

static struct arena arena;
static int64_t began;

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "ask: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void quoted(const char *name, const char *p, size_t len)
{
	if (!p || !len)
		return;
	printf(" %s=\"", name);
	for (size_t i = 0; i < len; i++)
		if (p[i] >= ' ' && p[i] != 0x7f)
			putchar(p[i]);
		else
			printf("\\x%02x", (unsigned char)p[i]);
	putchar('"');
}

static void on_done(void *with, size_t i, const struct response *r)
{
	static const char *const ends[] = { "not_run", "impossible", "not_sent", "unsure", "answered", "held" };

	(void)with;
	printf("%zu %s %" PRIu32, i, ends[r->end], r->status);
	if (r->retry_after_s)
		printf(" retry=%" PRIu32, r->retry_after_s);
	if (r->curl_code)
		printf(" curl=%" PRIu32, r->curl_code);
	printf("%s%s ms=%" PRId64, r->timed_out ? " late" : "", r->body_cut ? " cut" : "", now_ms() - began);
	quoted("error", r->error, r->error ? strlen(r->error) : 0);
	quoted("cure", r->cure, r->cure ? strlen(r->cure) : 0);
	quoted("body", r->body.p, r->body.len);
	putchar('\n');
	fflush(stdout);
}

static void add_file(struct str *to, const char *path)
{
	FILE *f = fopen(path, "rb");
	char chunk[4096];
	size_t n;

	if (!f)
		fail(path);
	while ((n = fread(chunk, 1, sizeof chunk, f)))
		str_put(to, chunk, n);
	fclose(f);
}

static void add_value(struct str *to, const char *v)
{
	if (*v == '@') {
		add_file(to, v + 1);
		return;
	}
	for (; *v; v++)
		if (v[0] == '\\' && (v[1] == 'n' || v[1] == 'r'))
			str_putc(to, *++v == 'n' ? '\n' : '\r');
		else
			str_putc(to, *v);
}

static void add_field(struct str *record, const char *key, const char *value)
{
	struct str v = STR_CEILING((size_t)32 << 20);

	add_value(&v, value);
	record_put(record, key, v.p ? v.p : "", v.len);
	str_free(&v);
}

struct request_list {
	struct request *at;
	size_t n, cap;
};

static void end_request(struct str *record, struct request_list *to)
{
	uint32_t id;

	if (!record->len)
		return;
	record_end(record);
	if (!request_get(&arena, record->p, record->len, &id, vec_push(&arena, to)))
		fail("this is no request");
	record->len = 0;
}

int main(int argc, char **argv)
{
	struct child_plan plan = { .now_ms = now_ms, .budget_ms = 15000, .user = "portflow", .done = on_done };
	struct request_list requests = { 0 };
	struct str record = STR_CEILING((size_t)32 << 20);
	char *line = NULL, *value;
	size_t size = 0;
	int c;

	plan.helper = getenv("PORTFLOW_NET");
	if (plan.helper && !*plan.helper)
		plan.helper = NULL;
	while ((c = getopt(argc, argv, "u:b:")) != -1)
		if (c == 'u')
			plan.user = optarg;
		else if (c == 'b')
			plan.budget_ms = (uint32_t)strtoul(optarg, NULL, 10);
		else
			return 64;
	while (getline(&line, &size, stdin) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		value = strchr(line, '=');
		if (value) {
			*value++ = '\0';
			add_field(&record, line, value);
		} else {
			end_request(&record, &requests);
		}
	}
	end_request(&record, &requests);
	began = now_ms();
	child_run(&plan, &arena, requests.at, requests.n);
	printf("end ms=%" PRId64 "\n", now_ms() - began);
	free(line);
	str_free(&record);
	arena_free(&arena);
	return 0;
}
