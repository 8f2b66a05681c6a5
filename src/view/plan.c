/* What a run changes: see plan.h.
 * Columns are as wide as their widest subject; the last line names the next command.
 * Pure; cmd/ calls. */
#include "view/plan.h"

#include <string.h>

#include "view/color.h"
#include "view/json.h"
#include "view/trial.h"

#define TEXT_WIDTH 48

static enum paint paint_of(char sign)
{
	switch (sign) {
	case '+':
		return PAINT_GOOD;
	case '-':
		return PAINT_BAD;
	case '!':
		return PAINT_WARN;
	default:
		return PAINT_STRONG;
	}
}

static void put_line(struct str *out, const struct plan_line *l, size_t width, bool color)
{
	char sign[] = { l->sign, '\0' };
	size_t len = strlen(l->text);

	str_puts(out, "  ");
	color_puts(out, color, paint_of(l->sign), sign);
	str_putf(out, " %-*s  %s", (int)width, l->subject, l->text);
	if (*l->effect) {
		str_fill(out, ' ', len < TEXT_WIDTH ? TEXT_WIDTH - len + 2 : 2);
		color_puts(out, color, PAINT_DIM, l->effect);
	}
	str_putc(out, '\n');
}

void plan_text(struct str *out, const struct plan *p, bool color)
{
	size_t width = 0;

	for (size_t i = 0; i < p->n; i++)
		if (strlen(p->lines[i].subject) > width)
			width = strlen(p->lines[i].subject);
	if (p->n == 0 && p->changes == 0) {
		str_putf(out, "Nothing to do: %zu %s on %s.\n", p->entries, p->entries == 1 ? "entry" : "entries",
			*p->interfaces ? p->interfaces : "no device yet");
		return;
	}
	if (p->n)
		str_putf(out, "%zu %s%s\n", p->n, p->n == 1 ? "change" : "changes", p->done ? " made" : "");
	else
		str_puts(out, p->done ? "The table was put right.\n" : "The table differs from what it should be.\n");
	for (size_t i = 0; i < p->n; i++)
		put_line(out, &p->lines[i], width, color);
	str_putf(out, "%s: portflow%s%s %s\n", p->done ? "See what counts" : "Apply with", p->file ? " -c " : "",
		p->file ? p->file : "", p->done ? "status" : "apply");
}

void plan_json(struct str *out, const struct plan *p)
{
	struct json j = JSON_INTO(out);

	json_open_object(&j);
	json_key(&j, "version");
	json_put_u64(&j, 1);
	json_key(&j, "changes");
	json_put_u64(&j, p->changes);
	json_key(&j, "interfaces");
	json_open_array(&j);
	for (const char *at = p->interfaces; *at;) {
		size_t n = strcspn(at, " ");

		json_put_bytes(&j, at, n);
		at += n + (at[n] == ' ');
	}
	json_close_array(&j);
	json_key(&j, "lines");
	json_open_array(&j);
	for (size_t i = 0; i < p->n; i++) {
		json_open_object(&j);
		json_key(&j, "sign");
		json_put_bytes(&j, &p->lines[i].sign, 1);
		json_key(&j, "subject");
		json_put_text(&j, p->lines[i].subject);
		json_key(&j, "text");
		json_put_text(&j, p->lines[i].text);
		json_key(&j, "effect");
		json_put_text(&j, p->lines[i].effect);
		json_close_object(&j);
	}
	json_close_array(&j);
	trial_json(&j, p->zone, p->trial);
	json_close_object(&j);
	json_end(&j);
}
