/* Secrets: see secrets.h.
 * A file of a secret holds the secret and nothing else; blanks and line ends around it are not part of it.
 * run/ and cmd/notify.c call. */
#include "run/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/str.h"

#define SECRET_MAX 4096

/* The whole of a small file; NULL and errno. */
static const char *read_file(struct arena *a, const char *path, size_t *ret_len)
{
	char buf[SECRET_MAX + 1];
	ssize_t n;
	size_t len = 0;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), error = 0;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		error = errno = EINVAL;
	else if (st.st_mode & S_IWOTH)
		error = EPERM;
	while (!error && (n = read(fd, buf + len, sizeof buf - len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || (len += (size_t)n) > SECRET_MAX)
			error = n < 0 ? errno : EFBIG;
	}
	close(fd);
	if (error) {
		errno = error;
		return NULL;
	}
	*ret_len = len;
	return arena_strndup(a, buf, len);
}

/* Without blanks and line ends around it, and without the mark that some editors put first. */
static void trim(const char **io_text, size_t *io_len)
{
	static const char around[] = " \t\r\n", mark[] = "\xef\xbb\xbf";
	const char *text = *io_text;
	size_t len = *io_len;

	if (len >= sizeof mark - 1 && memcmp(text, mark, sizeof mark - 1) == 0) {
		text += sizeof mark - 1;
		len -= sizeof mark - 1;
	}
	while (len && memchr(around, text[0], sizeof around - 1)) {
		text++;
		len--;
	}
	while (len && memchr(around, text[len - 1], sizeof around - 1))
		len--;
	*io_text = text;
	*io_len = len;
}

/* What no secret has; NULL: nothing of it. */
static const char *not_secret(struct arena *a, const char *text, size_t len)
{
	if (!len)
		return "nothing";
	if (memchr(text, '\n', len) || memchr(text, '\r', len))
		return "more than one line";
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return arena_printf(a, "a control character (byte %zu of it is %02x)", i + 1,
				(unsigned)(unsigned char)text[i]);
	return NULL;
}

static const char *failed(struct arena *a, const struct target *t, const char *key, const char *path)
{
	const char *why = errno == EPERM ? "everybody can write it"
		: errno == EINVAL        ? "it is no plain file"
					 : strerror(errno);

	return arena_printf(a, "the %s of [notify %s]: %s: %s", key, t->name, path, why);
}

static const char *from_file(
	struct arena *a, const struct target *t, const char *key, struct secret *s, const char *path)
{
	size_t len;
	const char *text = read_file(a, path, &len), *wrong;

	s->value = NULL;
	if (!text)
		return failed(a, t, key, path);
	trim(&text, &len);
	wrong = not_secret(a, text, len);
	if (wrong)
		return arena_printf(a, "the %s of [notify %s]: %s holds %s", key, t->name, path, wrong);
	s->value = arena_strndup(a, text, len);
	return NULL;
}

static const char *reveal(struct arena *a, const struct target *t, const char *key, struct secret *s)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");

	switch (s->from) {
	case SECRET_NONE:
		break;
	case SECRET_TEXT:
		s->value = s->text;
		break;
	case SECRET_FILE:
		return from_file(a, t, key, s, s->text);
	case SECRET_CREDENTIAL:
		if (!folder)
			return arena_printf(a,
				"[notify %s] has no \"%s\" and no \"%s_file\", and there is no service credential %s",
				t->name, key, key, s->text);
		return from_file(a, t, key, s, arena_printf(a, "%s/%s", folder, s->text));
	case SECRET_HIDDEN:
		return arena_printf(a,
			"the %s of [notify %s] is not known: it stands in the INI, where this section has an error now, is not "
			"applied yet, or was copied from config show",
			key, t->name);
	}
	return NULL;
}

const char *secrets_reveal(struct arena *a, struct target *t)
{
	const char *key;
	struct secret *s;

	for (size_t i = 0; (s = target_secret(t, i, &key)); i++) {
		const char *why = reveal(a, t, key, s);

		if (why)
			return why;
	}
	return NULL;
}

void secrets_warn(const struct app *app, const struct config *c)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	cleanup_arena struct arena a = { 0 };

	for (size_t t = 0; t < c->targets.n; t++) {
		struct target target = c->targets.at[t];
		const struct secret *s;
		const char *key;

		for (size_t i = 0; (s = target_secret(&target, i, &key)); i++)
			if (s->from == SECRET_CREDENTIAL &&
				(!folder || access(arena_printf(&a, "%s/%s", folder, s->text), F_OK)))
				app_warn(app, "[notify %s] has no \"%s\": it must come as the service's credential %s",
					target.name, key, s->text);
	}
}
