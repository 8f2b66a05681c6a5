/* Who is told: the [notify NAME] sections as total structs, and the routes that lead to them.
 * A secret says where it comes from; its text is known only while a message is built.
 * All memory belongs to the arena of the configuration. config/, notify/ and run/ include. */
#ifndef MODEL_TARGET_H
#define MODEL_TARGET_H

#include "model/entry.h"

enum target_type {
#define NOTIFIER(type, must, may) TARGET_##type,
#include "model/notifiers.def"
#undef NOTIFIER
	TARGET_TYPES
};

enum secret_from {
	SECRET_NONE,
	SECRET_TEXT,      /* text is the secret itself */
	SECRET_FILE,      /* text is the path of its file */
	SECRET_CREDENTIAL /* of the service; text is its name, "ops.token" */
};
struct secret {
	enum secret_from from;
	const char *text;
	const char *value; /* as run/ found it out, for the time of a delivery; NULL: not known */
};

enum statement { STATEMENT_NONE, STATEMENT_DAILY, STATEMENT_WEEKLY, STATEMENT_MONTHLY, STATEMENT_CYCLE };

struct target {
	const char *name;
	struct location where;
	enum target_type type;
	unsigned events;   /* NOTICE_ bits */
	unsigned language; /* enum language */
	enum statement statement;
	bool attach_csv, tls_off;
	const char *proxy, *ca_file; /* NULL: none */
	struct secret token, url, secret, password;
	const char *chat_id, *from, *user; /* NULL: none */
	struct name_list to;               /* addresses */
	struct name_list command;          /* argv */
};

/* `notify = ops, mail:a@example.com` */
struct route {
	const char *target;
	const char *recipient; /* "": the target's own */
	struct location where;
};
struct route_list {
	struct route *at;
	size_t n, cap;
};

#endif
