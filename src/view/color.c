/* Colours: see color.h.
 * Only the 16 colours that every terminal has and every theme chooses for itself.
 * table and whatever prints for people call. */
#include "view/color.h"

static const char *const sequence[PAINTS] = {
	[PAINT_STRONG] = "\033[1m",
	[PAINT_DIM] = "\033[2m",
	[PAINT_GOOD] = "\033[32m",
	[PAINT_WARN] = "\033[33m",
	[PAINT_BAD] = "\033[31m",
};

void color_begin(struct str *out, bool on, enum paint paint)
{
	if (on && sequence[paint])
		str_puts(out, sequence[paint]);
}

void color_end(struct str *out, bool on, enum paint paint)
{
	if (on && sequence[paint])
		str_puts(out, "\033[0m");
}

void color_puts(struct str *out, bool on, enum paint paint, const char *text)
{
	color_begin(out, on, paint);
	str_puts(out, text);
	color_end(out, on, paint);
}
