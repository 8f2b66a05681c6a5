/* email: text, and the same as HTML with bars of table cells, since mail programs show no SVG.
 * The envelope, MIME and TLS are portflow-net's.
 * notify/notifier.c has it in its table. */
#include <inttypes.h>
#include <string.h>

#include "model/calendar.h"
#include "notify/notifier.h"
#include "util/saturate.h"
#include "util/units.h"
#include "view/figure.h"
#include "view/html.h"
#include "view/mail_header.h"

#define BAR_PIXELS 200
#define DAY_PIXELS 100 /* so that a row fits a phone */
#define PLAIN_TABLE " role=\"presentation\" cellspacing=\"0\" cellpadding=\"0\" border=\"0\""

/* RFC 5322 section 3.3: "Mon, 30 Nov 2026 14:00:00 +0000" */
static const char *date_header(struct arena *a, int64_t t)
{
	static const char days[] = "MonTueWedThuFriSatSun", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct calendar_time c = calendar_local("UTC", t);

	return arena_printf(a, "Date: %.3s, %u %.3s %04" PRId32 " %02u:%02u:%02u +0000", days + 3 * (c.weekday - 1),
		c.date.day, months + 3 * (c.date.month - 1), c.date.year, c.hour, c.minute, c.second);
}

static void put(struct str *out, const char *text)
{
	html_put(out, text, strlen(text));
}

static void put_cell(struct str *out, unsigned width, const char *color)
{
	if (width)
		str_putf(out, "<td width=\"%u\" height=\"10\" bgcolor=\"%s\"></td>", width, color);
}

/* Mail programs show neither SVG nor, some of them, styles: cells with a width and a background. The text stands beside them. */
static void put_bar(struct str *out, const struct message_line *line)
{
	unsigned full = (unsigned)((uint64_t)line->permille * BAR_PIXELS / 1000);

	if (line->permille && !full)
		full = 1;
	str_putf(out, "<table" PLAIN_TABLE "><tr><td><table" PLAIN_TABLE " width=\"%d\"><tr>", BAR_PIXELS);
	put_cell(out, full, line->permille >= 1000 ? "#b35900" : "#0072b2");
	put_cell(out, BAR_PIXELS - full, "#d1d9e0");
	str_puts(out, "</tr></table></td><td>&nbsp; ");
	put(out, line->text);
	str_puts(out, "</td></tr></table>\n");
}

/* In is blue and left, out orange and right of it; so are the swatches at the heads of their columns. */
static const char *const colors[DIRS] = { [DIR_IN] = "#0072b2", [DIR_OUT] = "#d55e00" };

static void put_days_bar(struct str *out, const struct message_day *d, uint64_t most)
{
	str_puts(out, "<table" PLAIN_TABLE "><tr>");
	for (int k = 0; k < DIRS; k++) {
		unsigned width = (unsigned)saturate_scale(d->bytes[k], DAY_PIXELS, most);

		put_cell(out, !width && d->bytes[k] ? 1 : width, colors[k]);
	}
	str_puts(out, "</tr></table>");
}

/* A day a row: figures, and a bar of in and out against the busiest day. */
static void put_days(struct str *out, enum language l, const struct message_item *item)
{
	uint64_t most = 1;

	for (size_t i = 0; i < item->days.n; i++)
		if (figure_both(item->days.at[i].bytes) > most)
			most = figure_both(item->days.at[i].bytes);
	str_putf(out,
		"<table cellspacing=\"0\" cellpadding=\"3\" border=\"0\"><tr><th></th>"
		"<th align=\"right\" nowrap><font color=\"%s\">&#9632;</font> %s</th><th align=\"right\" nowrap><font color=\"%s\">&#9632;</font> %s</th><th></th></tr>\n",
		colors[DIR_IN], i18n_word(l, WORD_IN), colors[DIR_OUT], i18n_word(l, WORD_OUT));
	for (size_t i = 0; i < item->days.n; i++) {
		const struct message_day *d = &item->days.at[i];
		char in[UNITS_TEXT], out_text[UNITS_TEXT];

		str_puts(out, "<tr><td nowrap>");
		put(out, d->label);
		str_putf(out, "</td><td align=\"right\" nowrap>%s</td><td align=\"right\" nowrap>%s</td><td>",
			units_size(UNITS_SI, d->bytes[DIR_IN], in), units_size(UNITS_SI, d->bytes[DIR_OUT], out_text));
		put_days_bar(out, d, most);
		str_puts(out, "</td></tr>\n");
	}
	str_puts(out, "</table>\n");
}

static void put_item(struct str *out, enum language l, const struct message_item *item)
{
	str_puts(out, "<div><b>");
	put(out, item->head);
	str_puts(out, "</b></div>\n");
	for (size_t i = 0; i < item->lines.n; i++) {
		if (item->lines.at[i].bar) {
			put_bar(out, &item->lines.at[i]);
			continue;
		}
		str_puts(out, "<div>");
		put(out, item->lines.at[i].text);
		str_puts(out, "</div>\n");
	}
	if (item->days.n)
		put_days(out, l, item);
	str_puts(out, "<br>\n");
}

/* NULL: it would be too large, the text is enough. */
static const char *html(struct arena *a, const struct message *m)
{
	cleanup_str struct str out = STR_CEILING((size_t)4 << 20);

	str_putf(&out, "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"><title>",
		language_word(m->language));
	put(&out, m->title);
	str_puts(&out, "</title></head>\n<body>\n");
	for (size_t i = 0; i < m->items.n; i++)
		put_item(&out, m->language, &m->items.at[i]);
	if (m->cut) {
		str_puts(&out, "<div>");
		put(&out, message_more(m));
		str_puts(&out, "</div>\n");
	}
	str_puts(&out, "</body></html>\n");
	return out.full ? NULL : arena_strndup(a, out.p, out.len);
}

static const char *header(struct arena *a, void (*put_header)(struct str *, const char *, const char *),
	const char *name, const char *text)
{
	cleanup_str struct str out = STR_CEILING((size_t)16 << 10);

	put_header(&out, name, text);
	return arena_strndup(a, out.p, out.len);
}

static void put_address(struct str *out, const char *name, const char *address)
{
	mail_header_address(out, name, NULL, address);
}

static void build(struct arena *a, const struct target *t, const struct letter *l, struct request *ret_request)
{
	cleanup_str struct str text = STR_CEILING((size_t)1 << 20);
	struct markup how = markup_plain;
	const char *to = *l->recipient ? l->recipient : t->to.n ? t->to.at[0] : "", *at = strrchr(t->from, '@');
	struct request q = { .kind = REQUEST_MAIL,
		.url = t->url.value ? t->url.value : "",
		.proxy = t->proxy,
		.ca_file = t->ca_file,
		.mail = { .from = t->from,
			.to = to,
			.user = t->user,
			.password = t->password.value,
			.html = html(a, l->message),
			.tls_off = t->tls_off } };

	how.title = false;
	how.most = MESSAGE_LONGEST;
	message_put(l->message, &how, &text);
	q.mail.text = arena_strndup(a, text.p, text.len);
	if (l->message->csv) {
		q.mail.attachment_name = "traffic.csv";
		q.mail.attachment_type = "text/csv; charset=utf-8";
		q.mail.attachment = (struct request_bytes){ l->message->csv, strlen(l->message->csv) };
	}
	*vec_push(a, &q.headers) = header(a, put_address, "From", t->from);
	*vec_push(a, &q.headers) = header(a, put_address, "To", to);
	*vec_push(a, &q.headers) = header(a, mail_header_text, "Subject", l->message->title);
	*vec_push(a, &q.headers) = date_header(a, l->time);
	*vec_push(a, &q.headers) = arena_printf(a, "Message-ID: <%s@%s>", l->key, at ? at + 1 : "portflow.invalid");
	*vec_push(a, &q.headers) = "Auto-Submitted: auto-generated"; /* RFC 3834: no vacation reply to it */
	*ret_request = q;
}

const struct notifier notifier_email = { .type = "email", .build = build };
