/* Messages for people, on stderr: see app.h.
 * Control characters never reach the terminal: a message may quote a file, or what the kernel said.
 * main.c and the commands call. */
#include "run/app.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "util/str.h"

enum level { LEVEL_ERROR = 3, LEVEL_WARNING = 4, LEVEL_NOTE = 6 };

static void put_line(
	struct str *s, const struct app *app, enum level level, const char *begin, const char *text, size_t len)
{
	if (app->journal)
		str_putf(s, "<%d>", (int)level);
	str_puts(s, begin);
	for (size_t i = 0; i < len; i++)
		str_putc(s, ((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f ? '?' : text[i]);
	str_putc(s, '\n');
}

/* One write for the whole message, so that messages of two runs do not mix. */
static void message(const struct app *app, enum level level, const char *text)
{
	cleanup_str struct str s = STR_CEILING((size_t)64 << 10);
	const char *begin = "portflow: ";
	size_t len;

	do {
		len = strcspn(text, "\n");
		put_line(&s, app, level, begin, text, len);
		begin = "";
		text += len;
		if (*text == '\n')
			text++;
	} while (*text);
	fwrite(s.p, 1, s.len, stderr);
}

static void __attribute__((format(printf, 3, 0)))
format(const struct app *app, enum level level, const char *fmt, va_list ap)
{
	char text[2048];

	if (vsnprintf(text, sizeof text, fmt, ap) >= 0)
		message(app, level, text);
}

void app_error(const struct app *app, const char *text)
{
	message(app, LEVEL_ERROR, text);
}

void app_diagnostics(const struct app *app, const char *text)
{
	cleanup_str struct str s = STR_CEILING((size_t)4 << 20);

	while (*text) {
		const size_t len = strcspn(text, "\n");

		if (app->journal)
			str_putf(&s, "<%d>", (int)LEVEL_ERROR);
		str_put(&s, text, len);
		str_putc(&s, '\n');
		text += len;
		text += *text == '\n';
	}
	if (s.len)
		fwrite(s.p, 1, s.len, stderr);
}

void app_note(const struct app *app, const char *fmt, ...)
{
	va_list ap;

	if (app->quiet)
		return;
	va_start(ap, fmt);
	format(app, LEVEL_NOTE, fmt, ap);
	va_end(ap);
}

void app_warn(const struct app *app, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	format(app, LEVEL_WARNING, fmt, ap);
	va_end(ap);
}

static bool env_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

bool app_color(const struct app *app, FILE *stream)
{
	const char *term;

	if (app->color != COLOR_AUTO)
		return app->color == COLOR_ALWAYS;
	if (env_set("NO_COLOR"))
		return false;
	if (env_set("CLICOLOR_FORCE"))
		return true;
	term = getenv("TERM");
	return isatty(fileno(stream)) && term && strcmp(term, "dumb") != 0;
}

bool app_stderr_is_journal(void)
{
	const char *text = getenv("JOURNAL_STREAM");
	uintmax_t device, inode;
	struct stat st;
	char *end;

	if (!text || fstat(STDERR_FILENO, &st))
		return false;
	device = strtoumax(text, &end, 10);
	if (*end != ':')
		return false;
	inode = strtoumax(end + 1, &end, 10);
	return *end == '\0' && device == st.st_dev && inode == st.st_ino;
}

void app_clock(struct app *app)
{
	struct timespec now, up;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	app->now = now.tv_sec;
	app->boot_time = now.tv_sec - up.tv_sec;
	app->up_ms = (int64_t)up.tv_sec * 1000 + up.tv_nsec / 1000000;
}
