/* What each service's section takes: see target.h.
 * The rows of notifiers.def, asked by key.
 * config/ and cmd/ call. */
#include "model/target.h"

#include <string.h>
#include <strings.h>

static const struct {
	const char *type, *must, *may, *url;
	enum recipient_kind who;
} rows[TARGET_TYPES] = {
#define NOTIFIER(type, must, may, who, example) { #type, must, may, example, RECIPIENT_##who },
#include "model/notifiers.def"
#undef NOTIFIER
};

static const char everybody[] = "type events language statement";

const char *target_word(enum target_type type)
{
	return type < TARGET_TYPES ? rows[type].type : NULL;
}

enum recipient_kind target_recipient(enum target_type type)
{
	return rows[type].who;
}

struct secret *target_secret(struct target *t, size_t i, const char **ret_key)
{
	static const char *const keys[] = { "token", "url", "secret", "password" };
	struct secret *const all[] = { &t->token, &t->url, &t->secret, &t->password };

	if (i == sizeof all / sizeof *all)
		return NULL;
	*ret_key = keys[i];
	return all[i];
}

const char *target_url(enum target_type type)
{
	return rows[type].url;
}

bool targets_use_network(const struct config *c)
{
	for (size_t i = 0; i < c->targets.n; i++)
		if (c->targets.at[i].type != TARGET_exec)
			return true;
	return false;
}

const char *target_local_host(struct arena *a, const struct target *t)
{
	const char *url = t->proxy ? t->proxy : t->url.from == SECRET_TEXT ? t->url.text : t->url.value;
	const char *host = url ? strstr(url, "://") : NULL, *at;
	size_t len;

	if (!host)
		return NULL;
	host += 3;
	len = strcspn(host, "/?#");
	at = memrchr(host, '@', len); /* behind a login */
	len -= at ? (size_t)(at + 1 - host) : 0;
	host = at ? at + 1 : host;
	if (len >= 5 && strncmp(host, "[::1]", 5) == 0)
		return "::1";
	host = arena_strndup(a, host, len);
	host = arena_strndup(a, host, strcspn(host, ":"));
	return strcasecmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ? host : NULL;
}

const char *target_whom(const struct target *t, const char *named, size_t i)
{
	if (*named || !t->to.n)
		return i ? NULL : named;
	return i < t->to.n ? t->to.at[i] : NULL;
}

bool target_reaches(const struct target *t)
{
	switch (rows[t->type].who) {
	case RECIPIENT_MAIL:
		return t->to.n > 0;
	case RECIPIENT_CHAT:
		return t->chat_id;
	case RECIPIENT_ROOM:
		return t->room;
	case RECIPIENT_TEXT:
	case RECIPIENT_NONE:
		break;
	}
	return true;
}

/* Is the key among these words, with or without "?" behind it? NULL: no. */
static const char *among(const char *words, const char *key)
{
	size_t len = strlen(key);

	while (*words) {
		size_t n = strcspn(words, " ?");

		if (n == len && strncmp(words, key, n) == 0)
			return words + n;
		words += strcspn(words, " ");
		words += *words == ' ';
	}
	return NULL;
}

/* "token" of "token_file". */
static bool is_file_of(const char *key, char *ret_secret, size_t size)
{
	static const char end[] = "_file";
	size_t len = strlen(key);

	if (len < sizeof end || len >= size || strcmp(key + len - (sizeof end - 1), end) != 0)
		return false;
	memcpy(ret_secret, key, len - (sizeof end - 1));
	ret_secret[len - (sizeof end - 1)] = '\0';
	return true;
}

bool target_takes(enum target_type type, const char *key)
{
	char secret[32];

	if (among(everybody, key) || among(rows[type].must, key) || among(rows[type].may, key))
		return true;
	return is_file_of(key, secret, sizeof secret) &&
		(among(rows[type].must, secret) || among(rows[type].may, secret));
}

enum target_needs target_needs(enum target_type type, const char *key)
{
	const char *end = among(rows[type].must, key);

	return !end ? TARGET_MAY : *end == '?' ? TARGET_OR_RECIPIENT : TARGET_MUST;
}

const char *target_keys(struct arena *a, enum target_type type)
{
	cleanup_str struct str out = STR_CEILING(512);

	for (const char *p = rows[type].must; *p; p++)
		if (*p != '?')
			str_putc(&out, *p);
	str_putf(&out, "%s%s %s", *rows[type].may ? " " : "", rows[type].may, everybody);
	return arena_strdup(a, out.p);
}
