/* A message as each service is asked, for the tests of notify/.
 * Bodies are read back by jansson.
 * tests/unit/notify_test.c and notify_limits_test.c include. */
#ifndef TEST_NOTIFY_HELP_H
#define TEST_NOTIFY_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "notify/notifier.h"
#include "notify/statement.h"

static const struct notice blocked = {
	.kind = "quota_blocked",
	.text = "the quota of 100 GB is used up",
	.time = 1796040000,
	.subject = "web",
	.section = "port",
	.covers = "80",
	.remark = "\"></b><script>\r\nBcc: x@example.com & 小艾",
	.zone = "UTC",
	.used = 80000000000,
	.limit = 100000000000,
};

struct fixture {
	struct arena a;
	struct message m;
	struct letter l;
	struct request q;
};

static inline void build(struct fixture *f, const struct target *t, const char *recipient, size_t events)
{
	const struct notice **list = arena_array(&f->a, events, sizeof *list);

	for (size_t i = 0; i < events; i++)
		list[i] = &blocked;
	message_of(&f->a, LANG_EN, "hk1", list, events, &f->m);
	f->l = (struct letter){ .message = &f->m, .recipient = recipient, .key = "k-17", .time = 1796040007 };
	notifier_of(t->type)->build(&f->a, t, &f->l, &f->q);
}

static inline json_t *body(const struct fixture *f)
{
	json_error_t e;
	json_t *j = json_loadb(f->q.body.p, f->q.body.len, JSON_REJECT_DUPLICATES, &e);

	if (!j)
		fail_msg("%s at %d", e.text, e.position);
	return j;
}

static inline const char *text_at(json_t *j, const char *path)
{
	char name[32];

	while (*path) {
		size_t len = strcspn(path, "/");

		memcpy(name, path, len);
		name[len] = '\0';
		j = json_object_get(j, name);
		path += len + (path[len] == '/');
	}
	return json_string_value(j);
}

/* UTF-16 units after the entities are parsed, as Telegram counts them. */
static inline size_t shown(const char *text)
{
	size_t units = 0;

	while (*text) {
		if (*text == '<') {
			text = strchr(text, '>') + 1;
		} else if (*text == '&') {
			text = strchr(text, ';') + 1;
			units++;
		} else {
			size_t plain = strcspn(text, "<&");

			units += message_units(text, plain);
			text += plain;
		}
	}
	return units;
}

#endif
