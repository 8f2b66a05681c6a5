/* Values of [notify NAME] sections, and the routes that lead to them. See values.h.
 * A secret is kept as where it comes from; printing one that stands in the file gives "(hidden)", which is read as such again.
 * config/ and docgen.c call. */
#include <string.h>

#include "config/config.h"
#include "config/values.h"
#include "model/notice.h"
#include "model/target.h"
#include "util/mail_address.h"

static const char hidden[] = "(hidden)";

static void print_text(const void *field, struct str *out)
{
	const char *text = *(const char *const *)field;

	str_puts(out, text ? text : "");
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

/* -- words ----------------------------------------------------------------------------------------------------------- */

static int parse_target_type(const struct value *v, void *field)
{
	const char *words[TARGET_TYPES];
	int i;

	if (value_is(v, "mail") || value_is(v, "smtp"))
		return value_bad(v, "write email", "no such type");
	for (size_t k = 0; k < TARGET_TYPES; k++)
		words[k] = target_word((enum target_type)k);
	i = value_word(v, words, TARGET_TYPES);
	if (i < 0)
		return -1;
	*(enum target_type *)field = (enum target_type)i;
	return 0;
}

static void print_target_type(const void *field, struct str *out)
{
	str_puts(out, target_word(*(const enum target_type *)field));
}

const struct value_type type_target_type = {
	.name = "service", .parse = parse_target_type, .print = print_target_type
};

static int parse_language(const struct value *v, void *field)
{
	const char *words[LANGUAGES];
	int i;

	for (size_t k = 0; k < LANGUAGES; k++)
		words[k] = language_word(k);
	i = value_word(v, words, LANGUAGES);
	if (i < 0)
		return -1;
	*(enum language *)field = (enum language)i;
	return 0;
}

static void print_language(const void *field, struct str *out)
{
	str_puts(out, language_word(*(const enum language *)field));
}

const struct value_type type_language = { .name = "en or zh", .parse = parse_language, .print = print_language };

static const char *const statement_words[] = {
	[STATEMENT_NONE] = "none",
	[STATEMENT_DAILY] = "daily",
	[STATEMENT_WEEKLY] = "weekly",
	[STATEMENT_MONTHLY] = "monthly",
	[STATEMENT_CYCLE] = "cycle",
};

static int parse_statement(const struct value *v, void *field)
{
	int i = value_word(v, statement_words, sizeof statement_words / sizeof *statement_words);

	if (i < 0)
		return -1;
	*(enum statement *)field = (enum statement)i;
	return 0;
}

static void print_statement(const void *field, struct str *out)
{
	str_puts(out, statement_words[*(const enum statement *)field]);
}

const struct value_type type_statement = {
	.name = "none, daily, weekly, monthly or cycle", .parse = parse_statement, .print = print_statement
};

static int take_group(const struct value *v, void *field)
{
	const char *words[8];
	unsigned *events = field;
	size_t n = 0;
	int i;

	if (value_is(v, "all")) {
		*events = NOTICE_ALL;
		return 0;
	}
	for (; notice_group_word(n); n++)
		words[n] = notice_group_word(n);
	words[n++] = "all";
	i = value_word(v, words, n);
	if (i < 0)
		return -1;
	*events |= 1U << i;
	return 0;
}

static int parse_groups(const struct value *v, void *field)
{
	return value_items(v, take_group, field);
}

static void clear_groups(void *field)
{
	*(unsigned *)field = 0;
}

static void print_groups(const void *field, struct str *out)
{
	const unsigned events = *(const unsigned *)field;
	bool any = false;

	if (events == NOTICE_ALL) {
		str_puts(out, "all");
		return;
	}
	for (size_t i = 0; notice_group_word(i); i++) {
		if (!(events & 1U << i))
			continue;
		str_putf(out, "%s%s", any ? ", " : "", notice_group_word(i));
		any = true;
	}
}

const struct value_type type_groups = {
	.name = "list of kinds of events",
	.list = true,
	.parse = parse_groups,
	.print = print_groups,
	.clear = clear_groups,
};

static int parse_tls(const struct value *v, void *field)
{
	static const char *const words[] = { "required", "off" };
	int i = value_is(v, "yes") ? 0 : value_word(v, words, 2);

	if (i < 0)
		return -1;
	*(bool *)field = i == 1;
	return 0;
}

static void print_tls(const void *field, struct str *out)
{
	str_puts(out, *(const bool *)field ? "off" : "required");
}

const struct value_type type_tls = { .name = "required or off", .parse = parse_tls, .print = print_tls };

/* -- secrets --------------------------------------------------------------------------------------------------------- */

static int parse_secret(const struct value *v, void *field)
{
	struct secret *s = field;

	if (has_control(v->text))
		return value_error(v, 0, 1, NULL, "a control character in a secret");
	*s = (struct secret){ .from = value_is(v, hidden) ? SECRET_HIDDEN : SECRET_TEXT, .text = v->text };
	return 0;
}

static void print_secret(const void *field, struct str *out)
{
	const struct secret *s = field;

	if (s->from == SECRET_TEXT || s->from == SECRET_HIDDEN)
		str_puts(out, hidden);
}

const struct value_type type_secret = {
	.name = "secret", .free_text = true, .parse = parse_secret, .print = print_secret
};

/* "https://" of "https://host/path"; 0 where there is none. */
static size_t scheme_length(const char *url)
{
	const char *colon = strstr(url, "://");

	return colon ? (size_t)(colon - url) + 3 : 0;
}

static int parse_url(const struct value *v, void *field)
{
	struct secret *s = field;
	size_t scheme = scheme_length(v->text), host = scheme ? strcspn(v->text + scheme, "/?#") : 0;

	if (!scheme || !host)
		return value_error(v, 0, 1, "as https://example.com/hook or smtp://mail.example.com:587",
			"a url begins with a scheme and a host");
	if (has_control(v->text) || strpbrk(v->text, " \"<>\\"))
		return value_error(v, 0, 1, "copy it as the service prints it", "a url has no blanks and no quotes");
	if (memchr(v->text + scheme, '@', host))
		return value_error(
			v, 0, 1, "write \"user\" and \"password\", or a \"token\"", "a login does not belong in a url");
	*s = (struct secret){ .from = strstr(v->text, hidden) ? SECRET_HIDDEN : SECRET_TEXT, .text = v->text };
	return 0;
}

/* Of a url the scheme and the host are told, so that people know which one it is. */
static void print_url(const void *field, struct str *out)
{
	const struct secret *s = field;
	size_t scheme, host;

	if (s->from == SECRET_HIDDEN || (s->from == SECRET_TEXT && s->plain)) {
		str_puts(out, s->text);
	} else if (s->from == SECRET_TEXT) {
		scheme = scheme_length(s->text);
		host = strcspn(s->text + scheme, "/?#");
		str_put(out, s->text, scheme + host);
		str_putf(out, "/%s", hidden);
	}
}

const struct value_type type_url = { .name = "url", .free_text = true, .parse = parse_url, .print = print_url };

/* A file beside the INI that names it. */
static const char *beside(const struct value *v)
{
	const char *file = v->at.where.file, *slash = file ? strrchr(file, '/') : NULL;

	if (v->text[0] == '/' || !slash)
		return v->text;
	return arena_printf(v->d->arena, "%.*s/%s", (int)(slash - file), file, v->text);
}

static int parse_secret_file(const struct value *v, void *field)
{
	struct secret *s = field;

	/* people write the secret itself */
	if (strchr(v->text, ':'))
		return value_error(v, 0, 1, "name the file that holds it, as ops.token", "a path has no colon here");
	if (v->text[v->len - 1] == '/')
		return value_error(v, 0, 1, "name the file in it", "that is a folder");
	*s = (struct secret){ .from = SECRET_FILE, .text = beside(v) };
	return 0;
}

static void print_secret_file(const void *field, struct str *out)
{
	const struct secret *s = field;

	if (s->from == SECRET_FILE)
		str_puts(out, s->text);
}

const struct value_type type_secret_file = { .name = "path", .parse = parse_secret_file, .print = print_secret_file };

static int parse_file(const struct value *v, void *field)
{
	if (v->text[v->len - 1] == '/')
		return value_bad(v, "name the file in it", "that is a folder");
	*(const char **)field = beside(v);
	return 0;
}

const struct value_type type_file = { .name = "path", .parse = parse_file, .print = print_text };

/* -- who, and by which way ------------------------------------------------------------------------------------------- */

static int parse_proxy(const struct value *v, void *field)
{
	size_t scheme = scheme_length(v->text);
	const char *host = v->text + scheme;

	if (strncmp(v->text, "http://", 7) != 0 && strncmp(v->text, "socks5h://", 10) != 0)
		return value_error(
			v, 0, 1, "as http://127.0.0.1:3128 or socks5h://127.0.0.1:1080", "no such kind of proxy");
	if (!*host || strpbrk(host, "/?#@ \t") || has_control(host))
		return value_error(v, 0, 1, "as socks5h://127.0.0.1:1080", "a proxy is a scheme, a host and a port");
	*(const char **)field = v->text;
	return 0;
}

const struct value_type type_proxy = { .name = "url", .parse = parse_proxy, .print = print_text };

/* A number, negative of groups, or the @name of a channel. */
static bool chat_valid(const char *chat)
{
	static const char digits[] = "0123456789";
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
	size_t len;

	if (*chat == '@')
		return strlen(chat) > 1 && strlen(chat) < 64 && strspn(chat + 1, letters) == strlen(chat) - 1;
	chat += *chat == '-';
	len = strlen(chat);
	return len > 0 && len < 20 && strspn(chat, digits) == len;
}

static int parse_chat(const struct value *v, void *field)
{
	if (!chat_valid(v->text))
		return value_error(v, 0, 1, "as 123456, -1001234567890 or @channel", "it is no chat of Telegram");
	*(const char **)field = v->text;
	return 0;
}

const struct value_type type_chat = { .name = "chat", .parse = parse_chat, .print = print_text };

/* "!opaque:server", or "!opaque" of newer rooms; "#alias:server" names none. */
static bool room_valid(const char *room)
{
	return *room == '!' && room[1] && strlen(room) < 256 && !has_control(room) && !strpbrk(room, " \t,");
}

static int parse_room(const struct value *v, void *field)
{
	if (v->text[0] == '#')
		return value_bad(v, "as !abc:example.com: the room's settings show it", "an alias is no room's id");
	if (!room_valid(v->text))
		return value_bad(v, "as !abc:example.com", "it is no room's id");
	*(const char **)field = v->text;
	return 0;
}

const struct value_type type_room = { .name = "room", .parse = parse_room, .print = print_text };

static int address(const struct value *v)
{
	if (strchr(v->text, '<') || strchr(v->text, ' '))
		return value_bad(v, "the bare address, as ops@example.com", "no name and no brackets");
	if (!mail_address_valid(v->text))
		return value_bad(v, "as ops@example.com", "it is no address of mail");
	return 0;
}

static int parse_address(const struct value *v, void *field)
{
	if (address(v))
		return -1;
	*(const char **)field = v->text;
	return 0;
}

const struct value_type type_address = { .name = "address of mail", .parse = parse_address, .print = print_text };

static int take_address(const struct value *v, void *field)
{
	struct name_list *list = field;
	const char **added;

	if (address(v))
		return -1;
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->at[i], v->text) == 0)
			return value_bad(v, "delete one of them", "the address is in the list twice");
	added = vec_push(v->d->arena, list);
	*added = v->text;
	return 0;
}

static int parse_addresses(const struct value *v, void *field)
{
	return value_items(v, take_address, field);
}

static void print_addresses(const void *field, struct str *out)
{
	const struct name_list *list = field;

	for (size_t i = 0; i < list->n; i++)
		str_putf(out, "%s%s", i ? ", " : "", list->at[i]);
}

const struct value_type type_addresses = {
	.name = "list of addresses of mail",
	.list = true,
	.parse = parse_addresses,
	.print = print_addresses,
};

static int parse_login(const struct value *v, void *field)
{
	if (has_control(v->text))
		return value_bad(v, NULL, "a control character in a login");
	*(const char **)field = v->text;
	return 0;
}

const struct value_type type_login = { .name = "login", .free_text = true, .parse = parse_login, .print = print_text };

/* Words between blanks: what needs quotes belongs in a script. */
static int parse_command(const struct value *v, void *field)
{
	struct name_list argv = { 0 };

	if (v->text[0] != '/')
		return value_error(v, 0, 1, "as /usr/local/bin/tell --now", "a command begins with its absolute path");
	if (strpbrk(v->text, "\"'`|<>&$"))
		return value_error(v, 0, 1, "put it into a script and name that",
			"no shell reads this: quotes and pipes mean nothing");
	for (const char *p = v->text; *p;) {
		size_t len = strcspn(p, " \t");

		*vec_push(v->d->arena, &argv) = arena_strndup(v->d->arena, p, len);
		p += len;
		p += strspn(p, " \t");
	}
	*(struct name_list *)field = argv;
	return 0;
}

static void print_command(const void *field, struct str *out)
{
	const struct name_list *argv = field;

	for (size_t i = 0; i < argv->n; i++)
		str_putf(out, "%s%s", i ? " " : "", argv->at[i]);
}

const struct value_type type_command = { .name = "command", .parse = parse_command, .print = print_command };

/* -- routes ---------------------------------------------------------------------------------------------------------- */

static int take_route(const struct value *v, void *field)
{
	struct route_list *list = field;
	const char *colon = strchr(v->text, ':');
	size_t len = colon ? (size_t)(colon - v->text) : v->len;
	struct route r = { .target = arena_strndup(v->d->arena, v->text, len),
		.recipient = colon ? colon + 1 : "",
		.where = v->at.where };

	if (strpbrk(v->text, " \t;"))
		return value_bad(v, "write commas between targets, as ops, mail:alice@example.com",
			"targets are separated by commas");
	if (colon && !*r.recipient)
		return value_bad(v, "as mail:alice@example.com, or the target alone", "no recipient behind the colon");
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->at[i].target, r.target) == 0 && strcmp(list->at[i].recipient, r.recipient) == 0)
			return value_bad(v, "delete one of them", "it is in the list twice");
	*vec_push(v->d->arena, list) = r;
	return 0;
}

static int parse_routes(const struct value *v, void *field)
{
	if (value_is(v, "none"))
		return 0;
	return value_items(v, take_route, field);
}

static void clear_routes(void *field)
{
	*(struct route_list *)field = (struct route_list){ 0 };
}

static void print_routes(const void *field, struct str *out)
{
	const struct route_list *list = field;

	if (!list->n)
		str_puts(out, "none");
	for (size_t i = 0; i < list->n; i++)
		str_putf(out, "%s%s%s%s", i ? ", " : "", list->at[i].target, *list->at[i].recipient ? ":" : "",
			list->at[i].recipient);
}

const struct value_type type_routes = {
	.name = "list of targets",
	.list = true,
	.parse = parse_routes,
	.print = print_routes,
	.clear = clear_routes,
};

const struct target *config_target(const struct config *c, const char *name, size_t len)
{
	for (size_t i = 0; i < c->targets.n; i++)
		if (strlen(c->targets.at[i].name) == len && memcmp(c->targets.at[i].name, name, len) == 0)
			return &c->targets.at[i];
	return NULL;
}

bool config_recipient(const struct target *t, const char *recipient)
{
	switch (target_recipient(t->type)) {
	case RECIPIENT_MAIL:
		return mail_address_valid(recipient);
	case RECIPIENT_CHAT:
		return chat_valid(recipient);
	case RECIPIENT_ROOM:
		return room_valid(recipient);
	case RECIPIENT_NONE:
		return false;
	case RECIPIENT_TEXT:
		break;
	}
	return *recipient && !has_control(recipient);
}
