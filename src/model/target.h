/* Who is told: the [notify NAME] sections as total structs.
 * A secret says where it comes from; its text is known only while a message is built.
 * All memory belongs to the arena of the configuration. config/, notify/ and run/ include. */
#ifndef MODEL_TARGET_H
#define MODEL_TARGET_H

#include "model/entry.h"
#include "util/arena.h"
#include "util/str.h"

enum target_type {
#define NOTIFIER(type, must, may, who, example) TARGET_##type,
#include "model/notifiers.def"
#undef NOTIFIER
	TARGET_TYPES
};

enum secret_from {
	SECRET_NONE,
	SECRET_TEXT,       /* text is the secret itself */
	SECRET_FILE,       /* text is the path of its file */
	SECRET_CREDENTIAL, /* of the service; text is its name, "ops.token" */
	SECRET_HIDDEN      /* text is what `config show` printed in its place */
};
struct secret {
	enum secret_from from;
	bool plain; /* the url of a mail server is none, and is printed */
	const char *text;
	const char *value; /* as run/ found it out, for the time of a delivery; NULL: not known */
};

enum recipient_kind { RECIPIENT_NONE, RECIPIENT_TEXT, RECIPIENT_MAIL, RECIPIENT_CHAT, RECIPIENT_ROOM };

enum statement { STATEMENT_NONE, STATEMENT_DAILY, STATEMENT_WEEKLY, STATEMENT_MONTHLY, STATEMENT_CYCLE };

struct target {
	const char *name;
	struct location where;
	enum target_type type;
	enum language language;
	enum statement statement;
	unsigned events; /* NOTICE_ bits */
	bool tls_off, attach_csv;
	bool broken;                 /* its section has an error; config/ alone */
	const char *proxy, *ca_file; /* NULL: none */
	struct secret token, url, secret, password;
	const char *chat_id, *room, *from, *user; /* NULL: none */
	struct name_list to;                      /* addresses */
	struct name_list command;                 /* argv */
};

/* "telegram"; NULL behind the last. */
const char *target_word(enum target_type type);
enum recipient_kind target_recipient(enum target_type type);

/* The i-th of those whom a route to t means: the recipient that it names, else t's own, a message each; "": who is no matter of the
 * message. NULL behind the last. */
const char *target_whom(const struct target *t, const char *named, size_t i);
/* The i-th secret, and its key, which has a twin that ends in _file; NULL behind the last. */
struct secret *target_secret(struct target *t, size_t i, const char **ret_key);
/* Without a recipient, by its own section. */
bool target_reaches(const struct target *t);
/* Do messages of any target go over the network, by portflow-net? */
bool targets_use_network(const struct config *c);
/* "127.0.0.1": where a program of this machine takes its messages, proxy or mail server, to send them on; NULL: none, or not known. */
const char *target_local_host(struct arena *a, const struct target *t);
/* An example of its url; "" it has none. */
const char *target_url(enum target_type type);

/* May a section of this type have the key? */
bool target_takes(enum target_type type, const char *key);
enum target_needs { TARGET_MAY, TARGET_OR_RECIPIENT, TARGET_MUST };
enum target_needs target_needs(enum target_type type, const char *key);
/* All that it takes, for a message. */
const char *target_keys(struct arena *a, enum target_type type);

#endif
