/* A service that carries messages: how a message becomes a request, and what its answer means.
 * One const struct a service, in a file of its own, and a row in model/notifiers.def; transport, retry, routing and the outbox know
 * none of them by name.
 * Pure. notify/ and run/ include. */
#ifndef NOTIFY_NOTIFIER_H
#define NOTIFY_NOTIFIER_H

#include "model/request.h"
#include "model/target.h"
#include "notify/message.h"

/* One message to one recipient. */
struct letter {
	const struct message *message;
	const char *recipient; /* "": the target's own */
	const char *key;       /* the same at every try: for services that know a message again */
	int64_t time;          /* when it was first made, Unix seconds */
	int64_t now;           /* of this try: signatures grow old */
};

enum outcome_kind {
	OUTCOME_DONE,
	OUTCOME_LATER, /* try again, not before after_s are over */
	OUTCOME_NEVER  /* as it is written it never succeeds */
};
struct outcome {
	enum outcome_kind kind;
	uint32_t after_s; /* 0: as the outbox thinks best */
	bool untried;     /* LATER: there was no time, or nobody to send it */
	bool no_time;     /* untried: and nothing is wrong */
	bool refused;     /* LATER: its login, and so that of every message of its target */
	bool reached;     /* LATER: the service, or its machine, was there */
	const char *why;  /* one line, no secrets, no control characters; "" when done */
};

struct notifier {
	const char *type;
	/* Secrets of t that are known have a value. Everything in a. */
	void (*build)(struct arena *a, const struct target *t, const struct letter *l, struct request *ret_request);
	/* NULL: by the status alone. Called for answers only. */
	void (*judge)(struct arena *a, const struct response *r, struct outcome *ret_outcome);
};

const struct notifier *notifier_of(enum target_type type);
/* "telegram": the i-th; NULL behind the last. */
const char *notifier_word(size_t i);

/* What a response means to this service. */
struct outcome outcome_of(struct arena *a, enum target_type type, const struct request *q, const struct response *r);

#endif
