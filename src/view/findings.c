/* See findings.h.
 * The verdict is a word before it is a colour.
 * cmd/doctor.c calls. */
#include "view/findings.h"

#include <string.h>

#include "view/json.h"

static const struct {
	const char *word, *color;
} levels[] = {
	[FINDING_OK] = { "ok", "\033[32m" },
	[FINDING_WARN] = { "warn", "\033[33m" },
	[FINDING_FAIL] = { "fail", "\033[31m" },
};

enum finding_level findings_worst(const struct findings *f)
{
	enum finding_level worst = FINDING_OK;

	for (size_t i = 0; i < f->list.n; i++)
		if (f->list.at[i].level > worst)
			worst = f->list.at[i].level;
	return worst;
}

static size_t count(const struct findings *f, enum finding_level level)
{
	size_t n = 0;

	for (size_t i = 0; i < f->list.n; i++)
		n += f->list.at[i].level == level;
	return n;
}

/* Names of devices and files come from outside: control characters would reach the terminal. */
static void put_clean(struct str *out, const char *text)
{
	for (; *text; text++)
		str_putc(out, (unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text);
}

void findings_text(const struct findings *f, bool color, struct str *out)
{
	size_t width = 0;

	for (size_t i = 0; i < f->list.n; i++)
		if (strlen(f->list.at[i].check) > width)
			width = strlen(f->list.at[i].check);
	for (size_t i = 0; i < f->list.n; i++) {
		const struct finding *x = &f->list.at[i];

		str_puts(out, color ? levels[x->level].color : "");
		str_puts(out, levels[x->level].word);
		str_puts(out, color ? "\033[0m" : "");
		str_fill(out, ' ', 6 - strlen(levels[x->level].word));
		str_puts(out, x->check);
		str_fill(out, ' ', width + 2 - strlen(x->check));
		put_clean(out, x->seen);
		str_putc(out, '\n');
		if (!x->cure)
			continue;
		str_fill(out, ' ', 6 + width + 2);
		str_puts(out, "cure: ");
		put_clean(out, x->cure);
		str_putc(out, '\n');
	}
	str_putf(out, "%zu ok, %zu warn, %zu fail\n", count(f, FINDING_OK), count(f, FINDING_WARN),
		count(f, FINDING_FAIL));
}

void findings_json(const struct findings *f, struct str *out)
{
	struct json j = JSON_INTO(out);

	json_open_object(&j);
	json_key(&j, "version");
	json_put_u64(&j, 1);
	json_key(&j, "result");
	json_put_text(&j, levels[findings_worst(f)].word);
	json_key(&j, "checks");
	json_open_array(&j);
	for (size_t i = 0; i < f->list.n; i++) {
		const struct finding *x = &f->list.at[i];

		json_open_object(&j);
		json_key(&j, "check");
		json_put_text(&j, x->check);
		json_key(&j, "level");
		json_put_text(&j, levels[x->level].word);
		json_key(&j, "seen");
		json_put_text(&j, x->seen);
		if (x->cure) {
			json_key(&j, "cure");
			json_put_text(&j, x->cure);
		}
		json_close_object(&j);
	}
	json_close_array(&j);
	json_close_object(&j);
	json_end(&j);
}
