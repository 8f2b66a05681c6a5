/* The terminal: see term.h.
 * COLUMNS goes first, so that a script can ask for a width and a test can fix one.
 * status, report, events and plan call. */
#include "cmd/term.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>

/* Narrower is a mistake, not a terminal. */
#define WIDTH_MIN 20
#define WIDTH_MAX 10000

size_t term_width(FILE *out)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	unsigned long n;
	char *end;

	if (columns && *columns >= '0' && *columns <= '9') {
		n = strtoul(columns, &end, 10);
		if (!*end && n >= WIDTH_MIN && n <= WIDTH_MAX)
			return n;
	}
	if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col >= WIDTH_MIN)
		return size.ws_col;
	return 0;
}

bool term_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value = getenv(names[i]);

		/* the first that is set decides, as in setlocale(3) */
		if (value && *value)
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

int term_units(bool bytes, bool iec, enum unit_style *ret, struct err *err)
{
	if (bytes && iec)
		return err_set(
			err, ERR_USAGE, "--bytes and --iec exclude each other: exact numbers have no family of units");
	*ret = bytes ? UNITS_EXACT : iec ? UNITS_IEC : UNITS_SI;
	return 0;
}

const char *term_program(struct app *app)
{
	return app->config_given ? arena_printf(&app->arena, "portflow -c %s", app->config_path) : "portflow";
}

int term_print(FILE *out, const struct str *text, struct err *err)
{
	if (text->full)
		return err_set(err, ERR_FAIL, "the output is larger than %zu MB: ask for less, by name or by time",
			text->ceiling >> 20);
	if (text->len)
		fwrite(text->p, 1, text->len, out);
	return 0;
}
